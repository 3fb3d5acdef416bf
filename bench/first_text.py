"""From the model's first text to the first text in the channel.

The other side is a bare program of its own (`bench.bare_program`): a connected `ClaudeSDKClient` whose first piece of
text is sent at once by the platform's own library, python-telegram-bot or discord.py, to the same loopback server. Both
begin when the model writes its first text and end when the platform has a request with it, so the CLI's share is in
both. Pacing is aside: several chats take turns, so that none is at its platform's rate. Each program is started several
times: one and the same is some ten percent faster or slower from start to start, and stays so.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.bare import BareProgram
from bench.chats import Calls, Chat, DiscordChat, TelegramChat, discord_daemon, fresh_token, telegram_daemon
from bench.daemon import Daemon, surroundings
from bench.figures import Claim, Figure, Measured
from bench.model import Model
from tests.loopback.discord_server import DiscordServer
from tests.loopback.telegram import TelegramServer

WHAT = "first text from the model → first text in the channel, {0}"
STARTS, STARTS_SHORT = 6, 1
CHATS, CHATS_SHORT = 8, 6
ROUNDS, ROUNDS_SHORT = 24, 6
LIMIT = 30.0
PIECES = (" and so on,",) * 8
PAUSE = 0.05


async def take_turns(
    daemon: Daemon, chats: Sequence[Chat], *, model: Model, bare: BareProgram, rounds: int
) -> tuple[list[float], list[float]]:
    """Measure in turn; gives milliseconds of ours and of the bare program."""
    ours: list[float] = []
    theirs: list[float] = []
    for chat in chats:
        await chat.begin(model, daemon)
    await _bare(bare, chats[0].calls)
    for number in range(rounds):
        turn = await chats[number % len(chats)].turn(model, daemon)
        ours.append((turn.shown - turn.asked.first) * 1000)
        theirs.append(await _bare(bare, chats[0].calls))
    return ours, theirs


async def _bare(bare: BareProgram, calls: Calls) -> float:
    token = fresh_token()
    sent = calls.sent(f"first-{token}")
    asked = await bare.turn(token)
    async with asyncio.timeout(LIMIT):
        return (await sent - asked.first) * 1000


@dataclass(frozen=True, slots=True)
class Ground:
    """A platform with chats: how a daemon is started that serves them, and where the bare program finds its own."""

    chats: Sequence[Chat]
    daemon: Callable[[Path, Model], AbstractAsyncContextManager[Daemon]]
    url: str
    token: str
    other: int


async def on_telegram(stack: AsyncExitStack, count: int) -> Ground:
    """Open Telegram with so many private chats."""
    server = await stack.enter_async_context(TelegramServer())
    chats = [TelegramChat(server, f"Ada {number}") for number in range(count)]
    other = TelegramChat(server, "Bo").person.id
    return Ground(
        chats, lambda folder, model: telegram_daemon(folder, model, server, chats), server.url, server.token, other
    )


async def on_discord(stack: AsyncExitStack, count: int) -> Ground:
    """Open Discord with so many channels."""
    server = await stack.enter_async_context(DiscordServer())
    server.add_user("alice", "Alice")
    team = server.add_guild("team")
    chats = [DiscordChat(server, team.add_channel(f"plan-{number}")) for number in range(count)]
    other = team.add_channel("other").channel.id
    return Ground(
        chats, lambda folder, model: discord_daemon(folder, model, server), server.api_base, server.token, other
    )


class FirstText:
    """The measurement on the platform `title`; `library` is what the other side uses."""

    limit = 400.0

    def __init__(self, title: str, library: str, opened: Callable[[AsyncExitStack, int], Awaitable[Ground]]) -> None:
        self.name = title.lower()
        self.claims = (
            Claim(
                f"{self.name}.first", WHAT.format(title), f"a bare client and {library}", 1.3,
                promise="1.3 times or less, pacing aside",
            ),
        )  # fmt: skip
        self._opened = opened

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        starts = STARTS_SHORT if short else STARTS
        ours: list[float] = []
        theirs: list[float] = []
        for number in range(starts):
            say(f"start {number + 1} of {starts}")
            mine, others = await self._started(short=short)
            ours += mine
            theirs += others
        return Measured((Figure(self.claims[0], tuple(ours), tuple(theirs)),))

    async def _started(self, *, short: bool) -> tuple[list[float], list[float]]:
        """Start both, and measure in turn; gives milliseconds of ours and of the bare program."""
        count, rounds = (CHATS_SHORT, ROUNDS_SHORT) if short else (CHATS, ROUNDS)
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-bench-")))
            model = await stack.enter_async_context(Model(pieces=PIECES, pause=PAUSE))
            ground = await self._opened(stack, count)
            daemon = await stack.enter_async_context(ground.daemon(folder / "ours", model))
            around = surroundings(model.url, folder / "ours")
            whole = {"url": ground.url, "token": ground.token, "chat": str(ground.other)}
            bare = await stack.enter_async_context(BareProgram(self.name, model, folder / "bare", around, **whole))
            return await take_turns(daemon, ground.chats, model=model, bare=bare, rounds=rounds)


TELEGRAM = FirstText("Telegram", "python-telegram-bot", on_telegram)
DISCORD = FirstText("Discord", "discord.py", on_discord)
