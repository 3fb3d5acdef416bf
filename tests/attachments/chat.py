"""A channel from which files can be fetched, and which fails as a test tells it to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from echo_core.adapter import Capabilities, SimpleChannel
from echo_core.errors import ChannelGoneError
from echo_core.intents import Intent
from echo_core.messages import Attachment


class Chat(SimpleChannel[Intent]):
    """`contents` are the files by `ref`; the next fetches raise what stands in `failures` (None: nothing).

    `fetched` are the refs that were asked for. While `slow` is set, a fetch stops in the middle for ever.
    """

    capabilities = Capabilities(attachments=True)

    def __init__(self, contents: Mapping[str, bytes] | None = None) -> None:
        self.contents = dict(contents or {})
        self.failures: deque[Exception | None] = deque()
        self.fetched: list[str] = []
        self.slow = False
        self.halfway = asyncio.Event()

    def parts(self, intent: Intent) -> Sequence[Intent]:
        """Give the intent itself."""
        return (intent,)

    async def post(self, part: Intent, *, dedup: str) -> str:  # noqa: ARG002 - nothing is shown
        """Show nothing."""
        return dedup

    async def fetch(self, attachment: Attachment, path: Path, *, limit: int) -> None:
        """See `Channel.fetch`."""
        self.fetched.append(attachment.ref)
        content = self.contents.get(attachment.ref)
        if self.failures and (failure := self.failures.popleft()) is not None:
            raise failure
        if content is None or len(content) > limit:
            raise ChannelGoneError(key=attachment.name, reason="gone")
        with path.open("xb") as file:
            file.write(content)
        if self.slow:
            self.halfway.set()
            await asyncio.get_running_loop().create_future()
