"""The objects of the loopback Discord: users, guilds, channels, messages, and their JSON as the platform writes it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.loopback.discord_files import Attachment

Json = dict[str, Any]

EPOCH_MS = 1_420_070_400_000
COMPONENTS_V2 = 1 << 15
VOICE = 1 << 13
EPHEMERAL = 1 << 6

GUILD_TEXT = 0
DM = 1
PUBLIC_THREAD = 11

PINNED, THREAD_CREATED = 6, 18

ACTION_ROW, BUTTON, SELECT, TEXT_INPUT, TEXT_DISPLAY, CONTAINER, LABEL = 1, 2, 3, 4, 10, 17, 18


class Snowflakes:
    """Ids that grow with time, never twice the same."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._count = itertools.count(1)
        self._last = 0

    def next(self) -> int:
        """Give the next id."""
        fresh = (int(self._now() * 1000) - EPOCH_MS << 22) + next(self._count) % 4096
        self._last = max(self._last + 1, fresh)
        return self._last


def moment(snowflake: int) -> str:
    """Give the time inside an id as the platform writes times."""
    return datetime.fromtimestamp(((snowflake >> 22) + EPOCH_MS) / 1000, UTC).isoformat()


@dataclass(slots=True, eq=False)
class User:
    """A person or the bot. `locale` is the language of their Discord; with `shut` nobody can write to them alone."""

    id: int
    username: str
    display: str | None = None
    bot: bool = False
    locale: str = "en-US"
    shut: bool = False

    @property
    def name(self) -> str:
        """The name that is shown."""
        return self.display or self.username

    def payload(self) -> Json:
        """Write the user."""
        return {
            "id": str(self.id),
            "username": self.username,
            "global_name": self.display,
            "discriminator": "0",
            "avatar": None,
            "public_flags": 0,
            "flags": 0,
            "primary_guild": None,
            "bot": self.bot,
        }


@dataclass(slots=True, eq=False)
class Role:
    """A role of a guild; one with `bot_id` is the managed role that a bot gets by itself."""

    id: int
    name: str
    bot_id: int | None = None

    def payload(self) -> Json:
        """Write the role."""
        role: Json = {
            "id": str(self.id),
            "name": self.name,
            "permissions": "8",
            "position": 1,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": self.bot_id is not None,
            "mentionable": True,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        if self.bot_id is not None:
            role["tags"] = {"bot_id": str(self.bot_id)}
        return role


@dataclass(slots=True, eq=False)
class Guild:
    """A server in the sense of Discord: roles, members with their roles, channels."""

    id: int
    name: str
    owner: User
    roles: list[Role] = field(default_factory=list)
    members: dict[int, tuple[User, set[int]]] = field(default_factory=dict)
    channels: list[Channel] = field(default_factory=list)

    def member(self, user: User, *, with_user: bool = True) -> Json:
        """Write a member, with the ids of the roles they hold."""
        _, roles = self.members[user.id]
        member: Json = {
            "avatar": None,
            "banner": None,
            "communication_disabled_until": None,
            "flags": 0,
            "joined_at": moment(self.id),
            "nick": None,
            "pending": False,
            "premium_since": None,
            "roles": [str(role) for role in sorted(roles)],
            "mute": False,
            "deaf": False,
        }
        return {**member, "user": user.payload()} if with_user else member

    def payload(self, bot: User) -> Json:
        """Write the guild as GUILD_CREATE has it; of the members only the bot, as without the members intent."""
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner.id),
            "member_count": len(self.members),
            "large": False,
            "unavailable": False,
            "features": [],
            "emojis": [],
            "stickers": [],
            "roles": [role.payload() for role in self.roles],
            "members": [self.member(bot)],
            "channels": [c.payload() for c in self.channels if c.type == GUILD_TEXT and not c.deleted],
            "threads": [c.payload() for c in self.channels if c.type == PUBLIC_THREAD and not c.deleted],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "joined_at": moment(self.id),
            "preferred_locale": "en-US",
        }


@dataclass(slots=True, eq=False)
class Channel:
    """A guild channel, a thread or a DM, with everything that was said there.

    `denied` names what the bot has no permission for here: `react`, `pin`, `thread`.
    """

    id: int
    type: int
    name: str = ""
    guild: Guild | None = None
    parent: Channel | None = None
    recipient: User | None = None
    messages: list[Message] = field(default_factory=list)
    deleted: bool = False
    forbidden: bool = False
    typing: int = 0
    denied: set[str] = field(default_factory=set)
    joined: set[int] = field(default_factory=set)

    @property
    def where(self) -> Json:
        """The fields by which an event says where it happened."""
        ids: Json = {"channel_id": str(self.id)}
        return ids if self.guild is None else {**ids, "guild_id": str(self.guild.id)}

    def payload(self) -> Json:
        """Write the channel."""
        last = str(self.messages[-1].id) if self.messages else None
        channel: Json = {"id": str(self.id), "type": self.type, "flags": 0, "last_message_id": last}
        if self.guild is None:
            assert self.recipient is not None
            return {**channel, "recipients": [self.recipient.payload()]}
        channel |= {"guild_id": str(self.guild.id), "name": self.name, "rate_limit_per_user": 0}
        if self.type != PUBLIC_THREAD:
            return {
                **channel,
                "position": 0,
                "permission_overwrites": [],
                "parent_id": None,
                "nsfw": False,
                "topic": None,
            }
        assert self.parent is not None
        return channel | {
            "parent_id": str(self.parent.id),
            "owner_id": str(self.guild.owner.id),
            "message_count": len(self.messages),
            "member_count": len(self.joined),
            "total_message_sent": len(self.messages),
            "thread_metadata": {
                "archived": False,
                "archive_timestamp": moment(self.id),
                "auto_archive_duration": 1440,
                "locked": False,
            },
        }


@dataclass(slots=True, eq=False)
class Message:
    """One message as it stands now. `versions` holds the (content, components) it had before each edit."""

    id: int
    channel: Channel
    author: User
    content: str = ""
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    nonce: str | None = None
    reply_to: Message | None = None
    sticker: str | None = None
    type: int = 0
    edited: str | None = None
    deleted: bool = False
    pinned: bool = False
    reactions: dict[str, set[int]] = field(default_factory=dict)
    versions: list[tuple[str, list[Json]]] = field(default_factory=list)
    seen_by: User | None = None
    extra: Json = field(default_factory=dict)

    @property
    def ephemeral(self) -> bool:
        """Whether one person alone sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def text(self) -> str:
        """Everything that can be read: the content and the text displays."""
        shown = [part["content"] for part in walk(self.components) if part["type"] == TEXT_DISPLAY]
        return "\n".join([self.content, *shown]).strip()

    @property
    def buttons(self) -> list[str]:
        """The labels of the buttons, in order."""
        return [part.get("label", "") for part in walk(self.components) if part["type"] == BUTTON]

    @property
    def options(self) -> list[str]:
        """The labels of the selects' options, in order."""
        return [
            option["label"] for part in walk(self.components) if part["type"] == SELECT for option in part["options"]
        ]

    def payload(self, *, hide_content: bool = False) -> Json:
        """Write the message; with `hide_content` as it is for a bot without the message content intent."""
        guild = self.channel.guild
        data: Json = {
            "id": str(self.id),
            "type": self.type,
            "channel_id": str(self.channel.id),
            "author": self.author.payload(),
            "content": "" if hide_content else self.content,
            "timestamp": moment(self.id),
            "edited_timestamp": self.edited,
            "tts": False,
            "mention_everyone": False,
            "mentions": [user.payload() for user in mentioned_users(self.content, guild)],
            "mention_roles": sorted(set(re.findall(r"<@&(\d+)>", self.content))),
            "attachments": [] if hide_content else [item.payload() for item in self.attachments],
            "embeds": [],
            "components": [] if hide_content else self.components,
            "pinned": self.pinned,
            "flags": self.flags,
        }
        data |= {} if hide_content else self.extra
        if self.reactions:
            data["reactions"] = [_reaction(emoji, people) for emoji, people in self.reactions.items()]
        if self.nonce is not None:
            data["nonce"] = self.nonce
        if self.sticker is not None:
            data["sticker_items"] = [{"id": str(self.id + 1), "name": self.sticker, "format_type": 1}]
        if self.reply_to is not None:
            data["type"] = 19
            data["message_reference"] = {
                "type": 0,
                "channel_id": str(self.channel.id),
                "message_id": str(self.reply_to.id),
            }
            data["referenced_message"] = None if self.reply_to.deleted else self.reply_to.payload()
        return data


def _reaction(emoji: str, people: set[int]) -> Json:
    counts = {"burst": 0, "normal": len(people)}
    return {
        "emoji": {"id": None, "name": emoji},
        "count": len(people),
        "count_details": counts,
        "burst_colors": [],
        "me_burst": False,
        "burst_me": False,
        "me": True,
        "burst_count": 0,
    }


def mentioned_users(content: str, guild: Guild | None) -> list[User]:
    """Give the members of `guild` that a text mentions."""
    if guild is None:
        return []
    ids = {int(found) for found in re.findall(r"<@!?(\d+)>", content)}
    return [user for user, _ in guild.members.values() if user.id in ids]


def walk(components: list[Json]) -> Iterator[Json]:
    """Give every component, nested ones included, in the order they are shown."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        for inner in ("accessory", "component"):
            if found := component.get(inner):
                yield from walk([found])
