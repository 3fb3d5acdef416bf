"""The library's client: where it connects, which events it takes, and how it hands them to the core."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import discord
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from echo_core.adapter import CommandSpec, Core, Parameter
from echo_core.errors import ChannelError, JournalError
from echo_core.messages import Command, Inbound, Receipt
from echo_core.texts import say, speaking
from echo_core.written import Written
from echo_discord.callbacks import Callbacks
from echo_discord.catchup import CatchUp
from echo_discord.components import Component
from echo_discord.config import DiscordSettings
from echo_discord.forms import asks_for_words, read_form
from echo_discord.inbound import (
    read_answer,
    read_command,
    read_deletion,
    read_edit,
    read_message,
    read_press,
    read_typing,
    read_writer,
)
from echo_discord.inbox import Inbox
from echo_discord.interactions import acknowledge, ask_for_words, finish_command, finish_form, finish_press, refuse
from echo_discord.library import proxy_for
from echo_discord.openers import Openers
from echo_discord.signs import Signs
from echo_discord.slash import Translations, Values, slash_commands
from echo_discord.tree import EchoTree
from echo_discord.trouble import LIBRARY_ERRORS, reaching, told
from echo_discord.words import clip

COMPLETE_LIMIT = 2.5
TURN_LIMIT = 20.0

# A form has to be opened within three seconds of the press; whether the press is out of date is known sooner, or not.
ASK_LIMIT = 1.5

# The library sleeps through the waits that the platform asks for; from this on (the least it can be told) the caller
# hears of them instead.
LONGEST_LIBRARY_WAIT = 30.0

log = structlog.get_logger(__name__)

Interaction = discord.Interaction[Any]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take, in seconds.

    `ready` is how long after a connection no further guild is expected, `identify` the pause that the platform wants
    before a session that could not be resumed is begun anew, `patience` how long the library may try to reconnect
    before a new client takes its place, `first_wait` and `longest_wait` the pause before that, `steady` how long a
    client has to live for the pauses to begin from the start, `close` the limit for ending.
    """

    ready: float = 2.0
    identify: float = 5.0
    patience: float = 60.0
    first_wait: float = 1.0
    longest_wait: float = 30.0
    steady: float = 60.0
    close: float = 1.5


class EchoClient(discord.Client):
    """One login. When it ends, for whatever reason, the adapter makes a new one."""

    def __init__(self, core: Core, settings: DiscordSettings, *, pace: Pace, message_content: bool) -> None:
        intents = discord.Intents(
            guilds=True,
            guild_messages=True,
            dm_messages=True,
            guild_typing=True,
            dm_typing=True,
            message_content=message_content,
        )
        proxy = proxy_for(settings.api_base)
        super().__init__(
            intents=intents,
            proxy=proxy.address,
            proxy_auth=proxy.auth,
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=pace.ready,
            max_messages=None,
            max_ratelimit_timeout=LONGEST_LIBRARY_WAIT,
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        self._core = core
        self._pace = pace
        self._commands = frozenset(spec.name for spec in core.commands)
        self._callbacks = Callbacks()
        self._inbox = Inbox(core)
        self._catch_up = CatchUp(self, core, self._inbox, with_roles=bool(settings.allowed_roles))
        self._tree = EchoTree(self)
        self._given_up = asyncio.Event()
        self._patience: asyncio.TimerHandle | None = None
        self.usable = False
        self.signs = Signs()
        self.openers = Openers()
        self.written = Written()
        self.refused: set[tuple[str, str]] = set()

    async def serve(self, token: str) -> None:
        """Log in and stay until the connection is lost for good; raises what the library raises. Then `finish`."""
        work = asyncio.create_task(self.start(token))
        lost = asyncio.create_task(self._given_up.wait())
        try:
            await asyncio.wait({work, lost}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work
        finally:
            self.usable = False
            for task in (work, lost):
                task.cancel()
            await asyncio.gather(work, lost, return_exceptions=True)

    async def finish(self) -> None:
        """Let running callbacks end and close the connection, both within a limit."""
        self.usable = False
        if self._patience is not None:
            self._patience.cancel()
        await self._callbacks.finish(self._pace.close)
        try:
            async with asyncio.timeout(self._pace.close):
                await self.close()
        except LIBRARY_ERRORS as error:
            log.info("discord_not_closed", reason=told(error))

    # -- events of the library

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the library's signature
        """Start the callbacks of an event; none once the client is closed: timers of the library fire after that."""
        if not self.is_closed():
            super().dispatch(event, *args, **kwargs)

    async def setup_hook(self) -> None:
        """Prepare what is needed before the first event."""
        self.add_dynamic_items(Component)
        await self._tree.set_translator(Translations())
        for command in slash_commands(self._core, self._commanded, self._completed):
            self._tree.add_command(command)
        self.usable = True
        self._callbacks.start(self._register(), "register commands")

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002
        """Wait before a further session is begun, as the platform wants it."""
        if not initial:
            await asyncio.sleep(self._pace.identify)

    async def on_connect(self) -> None:
        """Look up first what was said before this session."""
        self._reached()
        self._inbox.shut()
        self._catch_up.expect()
        self._callbacks.start(self._catch_up.run(), "catch up")

    async def on_resumed(self) -> None:
        """Note that a session goes on; what was missed in it is delivered by the platform."""
        self._reached()

    async def on_ready(self) -> None:
        """Note that all guilds are known."""
        log.info("discord_connected", bot=str(self.user), guilds=len(self.guilds))
        self._catch_up.ready()

    async def on_disconnect(self) -> None:
        """Give the library some time to get the connection back."""
        if self._patience is None and not self.is_closed():
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(self._pace.patience, self._given_up.set)

    async def on_message(self, message: discord.Message) -> None:
        """Take in what somebody said."""
        with self._callbacks.running():
            if message.type is discord.MessageType.pins_add and message.author == self.user:
                await self._hide(message)
            elif (inbound := self.read(message)) is not None:
                self._note_opener(inbound)
                await self.tell(message, inbound, await self._inbox.deliver(inbound))

    async def on_raw_typing(self, payload: discord.RawTypingEvent) -> None:
        """Take notice of somebody who begins to write."""
        if payload.user_id != self.application_id:
            with self._callbacks.running():
                key, author, chat_id = read_writer(payload, self.get_channel(payload.channel_id))
                await self._core.expect(key, author, chat_id)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Take in that somebody changed what they had said."""
        inbound = None if self.user is None else read_edit(payload.message, self.user)
        if inbound is not None:
            with self._callbacks.running():
                await self._inbox.deliver(inbound)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Take in that a message is gone."""
        await self._gone(payload.channel_id, [payload.message_id])

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Take in that several messages are gone."""
        await self._gone(payload.channel_id, sorted(payload.message_ids))

    async def on_interaction(self, interaction: Interaction) -> None:
        """Take in a form that was sent off; the library sees to commands and components."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        with self._callbacks.running(), speaking(interaction.locale.value):
            found = read_form(cast("Mapping[str, Any]", interaction.data or {}))
            if found is not None and await acknowledge(interaction):
                data, text = found
                receipt = await self._receipt(read_answer(interaction, data, text))
                await finish_form(interaction, receipt, text, self.written)

    def read(self, message: discord.Message, author: discord.Member | None = None) -> Inbound | None:
        """Give a message as the core takes it; None for what is not for it."""
        return None if self.user is None else read_message(message, self.user, self._commands, author)

    async def tell(self, message: discord.Message, inbound: Inbound, receipt: Receipt) -> None:
        """Answer a message with the receipt's notice, where everybody sees it: the platform has no other way."""
        if not receipt.notice:
            return
        reference = message.to_reference(fail_if_not_exists=False)
        try:
            async with reaching(str(inbound.key)):
                await message.channel.send(clip(receipt.notice), reference=reference, nonce=f"n{inbound.id}")
        except ChannelError as error:
            log.warning("notice_not_sent", channel=str(inbound.key), reason=str(error))

    # -- commands and components

    async def pressed(self, interaction: Interaction, data: str) -> None:
        """Take in a press."""
        with self._callbacks.running(), speaking(interaction.locale.value):
            if asks_for_words(data):
                await self._asked_for_words(interaction, data)
            elif await acknowledge(interaction):
                await finish_press(interaction, await self._receipt(read_press(interaction, data)), self.written)

    async def _asked_for_words(self, interaction: Interaction, data: str) -> None:
        """Open the form, unless the core says in time that there is nothing to answer any more."""
        inbound = read_press(interaction, data)
        try:
            async with asyncio.timeout(ASK_LIMIT):
                receipt = await self._inbox.deliver_within(inbound, ASK_LIMIT) if inbound else _nowhere()
        except (JournalError, TimeoutError):
            receipt = Receipt(accepted=True)
        if receipt.accepted or not receipt.notice:
            await ask_for_words(interaction, data)
        else:
            await refuse(interaction, receipt.notice)

    async def _commanded(self, interaction: Interaction, spec: CommandSpec, values: Values) -> None:
        with self._callbacks.running(), speaking(interaction.locale.value):
            inbound = read_command(interaction, spec, values)
            self._note_opener(inbound)
            receipt = await self._receipt(inbound)
            await finish_command(interaction, receipt.notice)

    async def _receipt(self, inbound: Inbound | None) -> Receipt:
        if inbound is None:
            return _nowhere()
        self.signs.ignore(int(inbound.id))
        try:
            return await self._inbox.deliver_within(inbound, TURN_LIMIT)
        except (JournalError, TimeoutError) as error:
            log.warning("interaction_not_kept", channel=str(inbound.key), error=told(error))
            return Receipt(accepted=False, notice=say("discord-not-kept"))

    async def _completed(
        self, interaction: Interaction, spec: CommandSpec, parameter: Parameter, text: str
    ) -> Sequence[str]:
        inbound = read_typing(interaction, spec, text)
        if inbound is None:
            return ()
        with self._callbacks.running():
            try:
                async with asyncio.timeout(COMPLETE_LIMIT):
                    return await self._core.complete(inbound, parameter.name)
            except (JournalError, TimeoutError) as error:
                log.warning("no_completion", command=spec.name, error=told(error))
                return ()

    async def _register(self) -> None:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(LIBRARY_ERRORS),
            wait=wait_exponential(min=5, max=600),
            before_sleep=lambda state: log.warning(
                "commands_not_registered", error=told(state.outcome.exception() or OSError()) if state.outcome else ""
            ),
        )
        await retrying(self._tree.sync)

    async def _gone(self, channel_id: int, message_ids: Sequence[int]) -> None:
        with self._callbacks.running():
            for message_id in message_ids:
                await self._inbox.deliver(read_deletion(message_id, channel_id, self.get_channel(channel_id)))

    async def _hide(self, notice: discord.Message) -> None:
        """Take away the platform's own line that we have pinned something: pinning is to be quiet."""
        try:
            async with reaching(str(notice.channel.id)):
                await notice.delete()
        except ChannelError as error:
            log.info("pin_notice_stays", channel=str(notice.channel.id), reason=str(error))

    def _note_opener(self, inbound: Inbound | None) -> None:
        if inbound is not None and isinstance(inbound.body, Command):
            self.openers.note(inbound.key.channel_id, int(inbound.author.id))

    def _reached(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _nowhere() -> Receipt:
    return Receipt(accepted=False, notice=say("discord-no-channel"))
