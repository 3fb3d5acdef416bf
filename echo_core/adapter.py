"""The two protocols of an adapter: what it implements, and what it is given.

An adapter translates and decides nothing: no phase logic, no state. `docs/write-an-adapter.md` builds one in a page;
`echo_core.testing.adapter_conformance` checks any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

from echo_core.config import AdapterSettings
from echo_core.desk import Desk
from echo_core.errors import ChannelGoneError
from echo_core.intents import Intent, Mark
from echo_core.messages import Attachment, Author, ChannelKey, Inbound, Receipt

PartT = TypeVar("PartT")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` messages and edits in any `seconds`."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do. Everything defaults to "no", so that a minimal adapter says nothing.

    `edit_interval` is the least number of seconds between two edits of a live message; None means that nothing is
    edited. `dedup_seconds` is for how long the platform drops a second `post` with the same `dedup`; 0 where it does
    not. `typing_interval` is how often `Channel.typing` has to be called for the indicator to stay, in seconds;
    None means that there is no indicator. `rate` is what the platform lets through, None where it does not matter.
    `draft_interval` is the least number of seconds between two drafts; None means that there are none. `desk` says that
    people look at the desk here, and so see what stands open as soon as it is stored. The others say that `react`,
    `pin`, `open_thread`, `whisper` and `fetch` do something.
    """

    edit_interval: float | None = None
    dedup_seconds: float = 0.0
    typing_interval: float | None = None
    draft_interval: float | None = None
    rate: Rate | None = None
    reactions: bool = False
    pins: bool = False
    threads: bool = False
    whispers: bool = False
    attachments: bool = False
    desk: bool = False


class Channel(Protocol[PartT]):
    """The outgoing side of one channel; made for any channel id, at any time, without asking the platform.

    `parts` is pure: the same intent gives the same parts in the same language (`echo_core.texts`), none over the
    platform's limits, at least one. A part is one platform message. The other methods talk to the platform, end within
    60 seconds (`fetch` within 120), and raise no error of the platform's library but one of these:

    - `RetryLaterError`: not done; the platform says when to try again.
    - `ChannelUnreachedError`: not done, since the platform was not reached (no connection); try again.
    - `ChannelUnavailableError`: trouble that passes; it may have been done all the same (a lost answer). When in
      doubt, this one: what may stand there twice then says so.
    - `ChannelGoneError`: not done, and will not be: the channel or the message is gone, or the bot may not write there
      at all. Replies wait, since the bot may be let in again, so one such error holds up the whole channel.

    What the platform refuses in one part is therefore no error of `post`, `edit` and `whisper`: the part is sent again
    without it. Formatting gives way to plain text, and files, buttons and at last the words to a line that says what
    was refused and why. Only where that line is refused as well is the channel gone. `SimpleChannel` has all that a
    channel may leave out.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this channel can do."""
        ...

    def parts(self, intent: Intent) -> Sequence[PartT]:
        """Give the messages that say `intent`, in order. Buttons stand on the last. A `PlanCard` is one message."""
        ...

    async def post(self, part: PartT, *, dedup: str) -> str:
        """Send a part and give the platform's id of the message.

        `dedup` is the same when the same part is sent again after an error or a crash; a platform that can drop the
        second by it does. It is empty for what may be lost, such as the answer to `/status`.
        """
        ...

    async def edit(self, message_id: str, part: PartT) -> None:
        """Put `part` in the place of a message sent before. Called only where `edit_interval` is set.

        Nothing changed counts as done. Raises `ChannelGoneError` when that message does not exist any more.
        """
        ...

    async def delete(self, message_id: str) -> None:
        """Take a message away; one that is gone counts as done. Called only where `edit_interval` is set."""
        ...

    async def typing(self) -> None:
        """Show that something is being written, for about `typing_interval`."""
        ...

    async def draft(self, part: PartT, *, turn: str) -> None:
        """Show a text that is being written, without a message; the same `turn` takes the place of its earlier draft.

        It goes by itself, at the latest when a message is posted.
        """
        ...

    async def react(self, inbound_id: str, mark: Mark | None) -> None:
        """Put a small sign on a person's message, in the place of an earlier one; None takes it away.

        An id that is no message (a press, a slash command) and a message that is gone count as done.
        """
        ...

    async def pin(self, message_id: str) -> None:
        """Pin one of our messages, quietly. Not being allowed to counts as done."""
        ...

    async def open_thread(self, title: str) -> str:
        """Open a thread or topic next to here for one plan, and give the id of its channel.

        The reason of a `ChannelGoneError` is shown to people: it comes from the catalogue.
        """
        ...

    async def whisper(self, author_id: str, part: PartT) -> None:
        """Send a part to one person alone. Raises `ChannelGoneError` where they cannot be reached so."""
        ...

    async def fetch(self, attachment: Attachment, path: Path, *, limit: int) -> None:
        """Bring a file to `path`, which does not exist yet.

        Raises `ChannelGoneError` when it is gone or has more than `limit` bytes; nothing is left at `path` then.
        """
        ...


class SimpleChannel(Generic[PartT]):
    """What a channel may leave out: a subclass gives `parts` and `post`, and overrides what its platform can do."""

    capabilities = Capabilities()

    async def edit(self, message_id: str, part: PartT) -> None:  # noqa: ARG002 - the protocol's
        """Refuse: without `edit_interval` nobody asks for it."""
        raise ChannelGoneError(key=message_id, reason="nothing can be changed here")

    async def delete(self, message_id: str) -> None:
        """Leave the message."""

    async def typing(self) -> None:
        """Show nothing."""

    async def draft(self, part: PartT, *, turn: str) -> None:
        """Show nothing."""

    async def react(self, inbound_id: str, mark: Mark | None) -> None:
        """Show nothing."""

    async def pin(self, message_id: str) -> None:
        """Leave the message where it is."""

    async def open_thread(self, title: str) -> str:
        """Refuse: without `threads` nobody asks for it."""
        raise ChannelGoneError(key=title, reason="there are no threads here")

    async def whisper(self, author_id: str, part: PartT) -> None:  # noqa: ARG002 - the protocol's
        """Refuse: without `whispers` nobody asks for it."""
        raise ChannelGoneError(key=author_id, reason="nobody can be told something alone here")

    async def fetch(self, attachment: Attachment, path: Path, *, limit: int) -> None:  # noqa: ARG002 - the protocol's
        """Refuse: without `attachments` nobody asks for it."""
        raise ChannelGoneError(key=attachment.name, reason="files cannot be fetched here")


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument of a command: `kind` "flag" is a yes or no that people type as `--name`, "rest" takes what is left.

    `complete` says that `Core.complete` knows values for it.
    """

    name: str
    description: str
    kind: Literal["word", "rest", "flag"] = "word"
    required: bool = False
    complete: bool = False


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command as a platform's menu shows it. `name` is `[a-z]{1,32}`, `description` at most 100 characters."""

    name: str
    description: str
    parameters: tuple[Parameter, ...] = ()


class Core(Protocol):
    """What an adapter is given."""

    @property
    def commands(self) -> Sequence[CommandSpec]:
        """The commands, in the order of a menu."""
        ...

    @property
    def desk(self) -> Desk:
        """All plans of all adapters, to be looked at: for a dashboard."""
        ...

    async def receive(self, inbound: Inbound) -> Receipt:
        """Take an inbound in. When this returns, what had to be kept is durable: now confirm it to the platform.

        Returns fast (it never waits for a turn). An id received before is accepted again and does nothing. Raises
        `JournalError` when it cannot be kept (a full disk): then do not confirm it, and try again later.
        """
        ...

    async def expect(self, key: ChannelKey, author: Author, chat_id: str) -> None:
        """Take notice of somebody who begins to write in a channel, so that the agent is ready. Nothing is kept."""
        ...

    async def complete(self, inbound: Inbound, parameter: str) -> Sequence[str]:
        """Give up to 25 values of a command's parameter; none for someone without access.

        The body of `inbound` is the `Command`, its argument what was typed of the parameter so far. Nothing is kept.
        """
        ...

    async def resume_points(self, adapter: str) -> Mapping[str, str]:
        """Give channel ids that have a plan, each with the id of the last inbound accepted there.

        For platforms that do not deliver again what was said while the daemon was away.
        """
        ...


class Adapter(Protocol):
    """A platform. One object for each run of the daemon."""

    async def run(self, core: Core) -> None:
        """Serve until cancelled. Trouble that passes is waited out inside; returning means nothing is left to serve.

        Raises `AdapterError` when people have to change something first (a rejected token): the daemon logs it and
        goes on with the other adapters.
        """
        ...

    def channel(self, channel_id: str) -> Channel[Any]:
        """Give the outgoing side of a channel; works for any id, also before `run` has connected.

        Sending before `run` has connected, or after it ended, raises `ChannelUnreachedError`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `echo-core doctor`: what was looked at, how it stands, and what to do about it."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


class Probe(Protocol):
    """A look at the real platform for `echo-core doctor`: is the token good, are the intents on."""

    async def __call__(self, settings: Any) -> Sequence[Check]:  # noqa: ANN401 - the adapter's own settings class
        """Look, within 15 seconds. Trouble is a failed check, never an exception."""
        ...


@dataclass(frozen=True, slots=True)
class Plugin:
    """What an entry point of the group `echo_core.adapters` names.

    `settings` is the class of the section `[name]` in echo.toml and of `ECHO_NAME__…`; importing it must not import
    the chat library. `build` and `probe` may: they are called only for an adapter that is used. `extra` is the name
    of the pip extra that brings the chat library.
    """

    name: str
    settings: type[AdapterSettings]
    build: Callable[[Any], Adapter]
    probe: Probe | None = None
    extra: str = ""
