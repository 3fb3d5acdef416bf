"""The outgoing side of one conversation in the browser: what the agent says is read from the desk by the page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from echo_core.adapter import Capabilities, SimpleChannel
from echo_core.errors import ChannelUnreachedError
from echo_core.intents import FileList, Files, Intent, Notice, Reply
from echo_core.messages import Attachment, ChannelKey
from echo_web.feed import Feed
from echo_web.uploads import Uploads

_numbers = count(1)


class WebChannel(SimpleChannel[Intent]):
    """See `echo_core.adapter.Channel`. Every intent is one part; pages that are open see it at once.

    `feed` gives where passing words go, None while the page is not served.
    """

    capabilities = Capabilities(attachments=True, desk=True)

    def __init__(self, key: ChannelKey, feed: Callable[[], Feed | None], uploads: Uploads) -> None:
        self._key = key
        self._feed = feed
        self._uploads = uploads

    def parts(self, intent: Intent) -> Sequence[Intent]:
        """Give the intent itself: a page has no limits."""
        return (intent,)

    async def post(self, part: Intent, *, dedup: str) -> str:
        """Show what was said in passing. The agent's replies and offers stand on the page already."""
        feed = self._feed()
        if feed is None:
            raise ChannelUnreachedError(key=str(self._key), reason="the page is not served")
        if isinstance(part, (Notice, Files, FileList)) or (isinstance(part, Reply) and not dedup):
            feed.add(self._key, part, kind="turn" if dedup else "said")
        return str(next(_numbers))

    async def fetch(self, attachment: Attachment, path: Path, *, limit: int) -> None:
        """Bring a file that was uploaded."""
        await asyncio.to_thread(self._uploads.bring, attachment, path, limit=limit)
