"""From the model's first text to the first text in the channel.

The other side is a bare program of its own (`bench.bare_program`): a connected `ClaudeSDKClient` whose first piece of
text is sent at once by the platform's own library, python-telegram-bot or discord.py, to the same loopback server. Both
begin when the model writes its first text and end when the platform has a request with it, so the CLI's share is in
both. Pacing is aside: several chats take turns, so that none is at its platform's rate.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bench.bare import BareProgram
from bench.chats import Calls, Chat, DiscordChat, TelegramChat, discord_daemon, fresh_token, telegram_daemon
from bench.daemon import Daemon, surroundings
from bench.figures import Claim, Figure, Measured
from bench.model import Model
from tests.loopback.discord_server import DiscordServer
from tests.loopback.telegram import TelegramServer

WHAT = "first text from the model → first text in the channel, {0}"
CHATS = 5
LIMIT = 30.0
PIECES = (" and so on,",) * 8
PAUSE = 0.05


async def take_turns(
    daemon: Daemon, chats: Sequence[Chat], *, model: Model, bare: BareProgram, rounds: int, say: Callable[[str], None]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Measure in turn; gives milliseconds of ours and of the bare program."""
    ours, theirs = [], []
    for chat in chats:
        await chat.begin(model, daemon)
    await _bare(bare, chats[0].calls)
    for number in range(rounds):
        turn = await chats[number % len(chats)].turn(model, daemon)
        ours.append((turn.shown - turn.asked.first) * 1000)
        theirs.append(await _bare(bare, chats[0].calls))
        say(f"round {number + 1} of {rounds}")
    return tuple(ours), tuple(theirs)


async def _bare(bare: BareProgram, calls: Calls) -> float:
    token = fresh_token()
    sent = calls.sent(f"first-{token}")
    asked = await bare.turn(token)
    async with asyncio.timeout(LIMIT):
        return (await sent - asked.first) * 1000


class Telegram:
    """On Telegram."""

    name = "telegram"
    limit = 180.0
    first = Claim(
        "telegram.first", WHAT.format("Telegram"), "a bare client and python-telegram-bot", 1.3,
        promise="1.3 times or less, pacing aside",
    )  # fmt: skip
    claims = (first,)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-bench-")))
            model = await stack.enter_async_context(Model(pieces=PIECES, pause=PAUSE))
            server = await stack.enter_async_context(TelegramServer())
            chats = [TelegramChat(server, f"Ada {number}") for number in range(3 if short else CHATS)]
            other = TelegramChat(server, "Bo").person.id
            daemon = await stack.enter_async_context(telegram_daemon(folder / "ours", model, server, chats))
            around = surroundings(model.url, folder / "ours")
            bare = await stack.enter_async_context(
                BareProgram(
                    "telegram", model, folder / "bare", around, url=server.url, token=server.token, chat=str(other)
                )
            )
            rounds = 6 if short else 25
            ours, theirs = await take_turns(daemon, chats, model=model, bare=bare, rounds=rounds, say=say)
        return Measured((Figure(self.first, ours, theirs),))


class Discord:
    """On Discord."""

    name = "discord"
    limit = 180.0
    first = Claim(
        "discord.first", WHAT.format("Discord"), "a bare client and discord.py", 1.3,
        promise="1.3 times or less, pacing aside",
    )  # fmt: skip
    claims = (first,)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-bench-")))
            model = await stack.enter_async_context(Model(pieces=PIECES, pause=PAUSE))
            server = await stack.enter_async_context(DiscordServer())
            server.add_user("alice", "Alice")
            team = server.add_guild("team")
            chats = [DiscordChat(server, team.add_channel(f"plan-{number}")) for number in range(3 if short else CHATS)]
            other = team.add_channel("other").channel.id
            daemon = await stack.enter_async_context(discord_daemon(folder / "ours", model, server))
            around = surroundings(model.url, folder / "ours")
            bare = await stack.enter_async_context(
                BareProgram(
                    "discord", model, folder / "bare", around, url=server.api_base, token=server.token, chat=str(other)
                )
            )
            rounds = 6 if short else 25
            ours, theirs = await take_turns(daemon, chats, model=model, bare=bare, rounds=rounds, say=say)
        return Measured((Figure(self.first, ours, theirs),))


TELEGRAM = Telegram()
DISCORD = Discord()
