"""Posting one part, again and again until it stands there; what may stand there twice says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from echo_core.adapter import Channel
from echo_core.errors import ChannelError, ChannelGoneError, ChannelUnreachedError, RetryLaterError
from echo_core.intents import Notice
from echo_core.texts import say

NOT_DONE = (RetryLaterError, ChannelGoneError, ChannelUnreachedError)

Send = Callable[[Any, str], Awaitable[str]]


class Posting:
    """The posting of one part, to be tried until it succeeds: first `warn`, then `post`.

    `send` brings a part and its name to the channel and gives the message's id; the name is empty for what may be lost.
    `repeated` says that a process that died may have posted it. `sure` is False as long as the part may stand there
    and no line says so; a platform that drops a second one needs no line while it does. There is one line at most.
    """

    def __init__(
        self, channel: Channel[Any], part: object, send: Send, *, dedup: str = "", repeated: bool = False
    ) -> None:
        self._channel = channel
        self._part = part
        self._send = send
        self._dedup = dedup
        self._warned = False
        self._clock = asyncio.get_running_loop()
        self._tried_at = float("-inf") if repeated else float("inf")

    @property
    def sure(self) -> bool:
        """Whether nothing stands there that no line speaks of."""
        return self._warned or self._tried_at == float("inf")

    async def __call__(self) -> None:
        """Warn and post. Raises `ChannelError`."""
        await self.warn()
        await self.post()

    async def warn(self) -> None:
        """Say that the part may stand there twice, if that has not been said and may come true."""
        if self.sure or (
            self._dedup and self._clock.time() - self._tried_at < self._channel.capabilities.dedup_seconds
        ):
            return
        label = self._channel.parts(Notice(say("live-possibly-repeated")))[0]
        await self._send(label, f"{self._dedup}/again" if self._dedup else "")
        self._warned = True

    async def post(self) -> str:
        """Post the part and give the message's id. Raises `ChannelError`; whether it may stand there, `sure` knows."""
        began = self._clock.time()
        try:
            return await self._send(self._part, self._dedup)
        except NOT_DONE:
            raise
        except ChannelError:
            self._tried_at = min(self._tried_at, began)
            raise
