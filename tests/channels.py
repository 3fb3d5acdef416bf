"""A channel for tests of the core: it records what is brought to it, and fails as a test tells it to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from echo_core.adapter import Capabilities
from echo_core.errors import ChannelError, ChannelGoneError
from echo_core.messages import AskPermission, AskQuestion, AskRecovery, ChannelKey, Files, Intent, PhaseReady, buttons
from echo_core.render import split

QUICK = Capabilities(edit_interval=0.01, typing_interval=0.01)
PLAIN = Capabilities()


@dataclass(frozen=True, slots=True)
class Call:
    """One call that succeeded: what was done, to which message, with which part."""

    doing: str
    message_id: str = ""
    part: str = ""
    dedup: str = ""
    at: float = 0.0


class RecordingChannel:
    """Implements `Channel`; a part is a text.

    `messages` are those that stand in the channel now, by id; `calls` all calls that succeeded, typing left out. The
    next calls but typing take their errors from `failures`, one each (None: no error); `down` fails every call.
    `lost` are errors that come after the message was posted all the same.
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
        self._changed = asyncio.Event()

    def parts(self, intent: Intent) -> Sequence[str]:
        """See `Channel.parts`: Markdown is split, and buttons stand as `[label]` on the last part."""
        labels = " ".join(f"[{button.label}]" for button in buttons(intent))
        match intent:
            case Files(markdown=text, paths=paths):
                text = " ".join((text, *(f"<{path.name}>" for path in paths)))
            case AskPermission(text=text, always=always):
                text = f"{text} ({always})"
            case AskQuestion(text=text) | AskRecovery(text=text) | PhaseReady(markdown=text):
                pass
            case _:
                text = intent.markdown
        return tuple(split(f"{text} {labels}".strip(), self.limit))

    async def post(self, part: str, *, dedup: str) -> str:
        """See `Channel.post`."""
        await self._trouble()
        message_id = f"m{len(self.calls)}"
        self.messages[message_id] = part
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
        await asyncio.sleep(0)
        if self.down is not None:
            raise self.down
        self.typed += 1

    @property
    def text(self) -> str:
        """Everything that stands in the channel."""
        return "\n".join(self.messages.values())

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

    async def _trouble(self) -> None:
        await asyncio.sleep(0)
        if self.down is not None:
            raise self.down
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
