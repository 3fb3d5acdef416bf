"""A channel for tests of the core: it records what is brought to it, and fails as a test tells it to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from echo_core.adapter import Capabilities, SimpleChannel
from echo_core.errors import ChannelError, ChannelGoneError
from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Closed,
    Document,
    FileList,
    Files,
    Intent,
    Mark,
    Notice,
    PhaseReady,
    PlanCard,
    Reply,
    buttons,
)
from echo_core.messages import Attachment, ChannelKey
from echo_core.render import split

QUICK = Capabilities(edit_interval=0.01, typing_interval=0.01)
PLAIN = Capabilities()
CARD = "── plan card ──"


@dataclass(frozen=True, slots=True)
class Call:
    """One call that succeeded: what was done, to which message, with which part."""

    doing: str
    message_id: str = ""
    part: str = ""
    dedup: str = ""
    at: float = 0.0


class RecordingChannel(SimpleChannel[str]):
    """Implements `Channel`; a part is a text.

    `messages` are those that stand in the channel now, by id; `calls` all calls that succeeded, typing and reactions
    left out. The next posts, edits, deletions, drafts and pins take their errors from `failures`, one each (None: no
    error); `down` fails every call. `lost` are errors that come after the message was posted all the same.
    `marks` are the signs on people's messages, `marked` all that were put, in order; `drafts` what is shown of turns;
    `whispers` what people were told alone; `threads` the titles of those opened; `files` the contents of attachments,
    which nobody gets before `delivering`; `awaited` says that one was asked for.
    """

    def __init__(self, key: ChannelKey, *, capabilities: Capabilities = QUICK, limit: int = 200) -> None:
        self.key = key
        self.capabilities = capabilities
        self.limit = limit
        self.messages: dict[str, str] = {}
        self.calls: list[Call] = []
        self.typed = 0
        self.failures: deque[ChannelError | None] = deque()
        self.lost: deque[ChannelError] = deque()
        self.down: ChannelError | None = None
        self.marks: dict[str, Mark] = {}
        self.marked: list[tuple[str, Mark | None]] = []
        self.drafts: dict[str, str] = {}
        self.pinned: list[str] = []
        self.whispers: list[tuple[str, str]] = []
        self.threads: list[str] = []
        self.files: dict[str, bytes] = {}
        self.delivering = asyncio.Event()
        self.delivering.set()
        self.awaited = asyncio.Event()
        self._changed = asyncio.Event()

    def parts(self, intent: Intent) -> Sequence[str]:
        """See `Channel.parts`: Markdown is split, and buttons stand as `[label]` on the last part."""
        labels = " ".join(f"[{button.label}]" for button in buttons(intent))
        text = f"{_text_of(intent)} {labels}".strip()
        return (text,) if isinstance(intent, PlanCard) else tuple(split(text, self.limit))

    async def post(self, part: str, *, dedup: str) -> str:
        """See `Channel.post`."""
        await self._trouble()
        message_id = f"m{len(self.calls)}"
        self.messages[message_id] = part
        self.drafts.clear()
        self._record(Call("post", message_id, part, dedup, asyncio.get_running_loop().time()))
        if self.lost:
            raise self.lost.popleft()
        return message_id

    async def edit(self, message_id: str, part: str) -> None:
        """See `Channel.edit`."""
        await self._trouble()
        if message_id not in self.messages:
            raise ChannelGoneError(key=str(self.key), reason="no such message")
        self.messages[message_id] = part
        self._record(Call("edit", message_id, part, at=asyncio.get_running_loop().time()))

    async def delete(self, message_id: str) -> None:
        """See `Channel.delete`."""
        await self._trouble()
        self.messages.pop(message_id, None)
        self._record(Call("delete", message_id, at=asyncio.get_running_loop().time()))

    async def typing(self) -> None:
        """See `Channel.typing`."""
        await self._reach()
        self.typed += 1

    async def draft(self, part: str, *, turn: str) -> None:
        """See `Channel.draft`."""
        await self._trouble()
        self.drafts[turn] = part
        self._record(Call("draft", turn, part, at=asyncio.get_running_loop().time()))

    async def pin(self, message_id: str) -> None:
        """See `Channel.pin`."""
        await self._trouble()
        self.pinned.append(message_id)
        self._record(Call("pin", message_id, at=asyncio.get_running_loop().time()))

    async def react(self, inbound_id: str, mark: Mark | None) -> None:
        """See `Channel.react`."""
        await self._reach()
        self.marked.append((inbound_id, mark))
        self.marks.pop(inbound_id, None)
        if mark is not None:
            self.marks[inbound_id] = mark
        self._changed.set()

    async def open_thread(self, title: str) -> str:
        """See `Channel.open_thread`."""
        await self._reach()
        self.threads.append(title)
        return f"{self.key.channel_id}/{len(self.threads)}"

    async def whisper(self, author_id: str, part: str) -> None:
        """See `Channel.whisper`."""
        await self._reach()
        self.whispers.append((author_id, part))
        self._changed.set()

    async def fetch(self, attachment: Attachment, path: Path, *, limit: int) -> None:
        """See `Channel.fetch`: `files` has what lies on the platform, by `ref`."""
        await self._reach()
        self.awaited.set()
        await self.delivering.wait()
        content = self.files.get(attachment.ref)
        if content is None or len(content) > limit:
            raise ChannelGoneError(key=str(self.key), reason="the file is gone or too large")
        await asyncio.to_thread(path.write_bytes, content)

    @property
    def text(self) -> str:
        """Everything that stands in the channel, plan cards left out."""
        return "\n".join(text for text in self.messages.values() if not text.startswith(CARD))

    @property
    def said(self) -> list[str]:
        """The messages that stand in the channel, plan cards left out."""
        return [text for text in self.messages.values() if not text.startswith(CARD)]

    @property
    def card(self) -> str:
        """The newest plan card; empty where there is none."""
        return next((text for text in reversed(self.messages.values()) if text.startswith(CARD)), "")

    def done(self, doing: str) -> list[Call]:
        """Give the calls of a kind."""
        return [call for call in self.calls if call.doing == doing]

    async def until(self, condition: Callable[[], bool], *, seconds: float = 15.0) -> None:
        """Wait until a condition holds, which is looked at after each call; fails the test with what stands here."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"it did not come about; here stands {list(self.messages.values())}") from None

    async def shows(self, words: str, *, times: int = 1) -> None:
        """Wait until words stand in the channel, so many times."""
        await self.until(lambda: self.text.count(words) >= times)

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.down is not None:
            raise self.down

    async def _trouble(self) -> None:
        await self._reach()
        error = self.failures.popleft() if self.failures else None
        if error is not None:
            raise error

    def _record(self, call: Call) -> None:
        self.calls.append(call)
        self._changed.set()


class RecordingPlatform:
    """Gives a channel for each key, always the same one."""

    def __init__(self, *, capabilities: Capabilities = QUICK, limit: int = 200) -> None:
        self._capabilities = capabilities
        self._limit = limit
        self.channels: dict[ChannelKey, RecordingChannel] = {}

    def __call__(self, key: ChannelKey) -> RecordingChannel:
        """Give a channel."""
        if key not in self.channels:
            self.channels[key] = RecordingChannel(key, capabilities=self._capabilities, limit=self._limit)
        return self.channels[key]


def _text_of(intent: Intent) -> str:
    """Give the words of an intent, without its buttons."""
    match intent:
        case Reply(markdown=text, note=note) | Document(markdown=text, note=note):
            file = f"<{intent.name}>" if isinstance(intent, Document) else ""
            return "\n\n".join(part for part in (note, text, file) if part)
        case Notice(markdown=text) | PhaseReady(markdown=text) | FileList(markdown=text):
            return text
        case AskQuestion(text=text) | AskRecovery(text=text):
            return text
        case AskPermission(text=text, always=always):
            return f"{text} ({always})"
        case Files(markdown=text, paths=paths):
            return " ".join((text, *(f"<{path.name}>" for path in paths)))
        case Closed(offer=offer, label=label, who=who):
            return f"{_text_of(offer)} → {label} ({who})"
        case PlanCard():
            phases = ", ".join(f"{step.title}: {step.state}" for step in intent.steps)
            lines = (CARD, intent.title, intent.description, phases, intent.move, intent.question, *intent.facts)
            return "\n".join(line for line in lines if line)
