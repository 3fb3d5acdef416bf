"""Server-sent events: partial updates for a page that is open, and what happens as JSON for programs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from markupsafe import Markup

from echo_core.desk import Changed, Desk, Doing, FileChanged, Grew, Missed, Sight, TurnBegan, TurnEnded
from echo_core.messages import ChannelKey
from echo_core.texts import spoken
from echo_web.live import Growing, Position
from echo_web.scenes import Scene, Scenes
from echo_web.views import CSRF, Draw, Stand

HEARTBEAT = 15.0
NAMES: dict[type[Sight], str] = {
    TurnBegan: "turn_began",
    Grew: "grew",
    Doing: "doing",
    FileChanged: "file_changed",
    TurnEnded: "turn_ended",
    Changed: "changed",
    Missed: "missed",
}


async def updates(
    scenes: Scenes, key: ChannelKey, *, stand: Stand | None, csrf: str, draw: Draw
) -> AsyncIterator[bytes]:
    """Bring a page up to date that stands at `stand`, and keep it so.

    The running turn is first sent whole, in the place of what the page shows of it, and then as it grows. Each event's
    id is where the page stands after it.
    """
    async with scenes.enter(key) as (scene, seat):
        await scene.ready()
        page = _Page(stand, draw)
        while not scene.over:
            seat.clear()
            markup = await page.news(scene)
            if markup:
                yield _event(markup, str(page.stand)).replace(CSRF.encode(), csrf.encode())
                continue
            try:
                async with asyncio.timeout(HEARTBEAT):
                    await seat.wait()
            except TimeoutError:
                yield KEEPALIVE_COMMENT


@lru_cache(maxsize=64)
def _event(markup: Markup, number: str) -> bytes:
    """Write partial updates as an event; many pages get the same."""
    return format_sse_event(data_str=str(markup), id=number)


class _Page:
    """One page that is open: where it stands, and how far it has seen the running turn."""

    def __init__(self, stand: Stand | None, draw: Draw) -> None:
        self.stand = stand
        self._draw = draw
        self._version = -1
        self._position: Position | None = None
        self._live = False

    async def news(self, scene: Scene) -> Markup:
        """Give what the page lacks; nothing where it lacks nothing."""
        markup = Markup("")
        if self._version != scene.version:
            version, drawn = await scene.drawn()
            whole = drawn.replaces(self.stand)
            markup = drawn.updates(self.stand)
            self._live = self._live and not whole
            self.stand, self._version = drawn.stand, version
        else:
            whole = False
        if not whole:
            markup += self._growth(scene.growing)
        return markup

    def _growth(self, growing: Growing | None) -> Markup:
        position = self._position
        turn = growing.turn if growing else ""
        if self._live and position is not None and position.turn == turn:
            if growing is None or growing.change == position.change:
                return Markup("")
            self._position = growing.here()
            return growing.since(position)
        self._live = True
        self._position = growing.here() if growing else Position("", 0, 0)
        return _whole(growing, self._draw)


def _whole(growing: Growing | None, draw: Draw) -> Markup:
    """Draw a running turn from its beginning, in the place of what a page shows of one."""
    swap = Markup('<hx-partial hx-target="#live" hx-swap="innerHTML">{}</hx-partial>')
    if growing is None:
        return swap.format("")
    if spoken() not in growing.whole:
        growing.whole[spoken()] = swap.format(draw("plan/live.html", growing=growing))
    return growing.whole[spoken()]


async def sights(scenes: Scenes, desk: Desk, key: ChannelKey, over: asyncio.Event) -> AsyncIterator[bytes]:
    """Tell what happens in a conversation as JSON; a turn that runs is told from its beginning."""
    async with AsyncExitStack() as stack:
        stack.enter_context(scenes.counted())
        seen = await stack.enter_async_context(desk.watch(key))
        following = aiter(seen)
        upcoming: asyncio.Future[Sight] | None = None
        ending = asyncio.ensure_future(over.wait())
        try:
            while not over.is_set():
                upcoming = upcoming or asyncio.ensure_future(anext(following))
                both: set[asyncio.Future[Any]] = {upcoming, ending}
                done, _ = await asyncio.wait(both, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
                if upcoming in done:
                    yield encoded(upcoming.result())
                    upcoming = None
                elif not done:
                    yield KEEPALIVE_COMMENT
        finally:
            for waiting in (upcoming, ending):
                if waiting is not None:
                    waiting.cancel()
            await asyncio.gather(*(one for one in (upcoming, ending) if one is not None), return_exceptions=True)


def encoded(sight: Sight) -> bytes:
    """Write what happened as an event of JSON."""
    values = {item.name: getattr(sight, item.name) for item in fields(sight) if item.name != "key"}
    data = json.dumps(values, ensure_ascii=False, default=datetime.isoformat)
    return format_sse_event(event=NAMES[type(sight)], data_str=data)
