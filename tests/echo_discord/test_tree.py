"""Commands that cannot be carried out."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from echo_core.messages import Inbound, Receipt
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_server import DiscordServer, Place


async def test_command_of_an_older_version(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A command that this version does not know, still in somebody's Discord, is answered in words."""
    await bot.start()
    server.commands.append({"id": "1", "name": "ancient", "options": []})
    assert "Reload Discord" in await room.slash("ancient").answer()
    assert core.received == []


async def test_in_the_persons_language(bot: Bot, server: DiscordServer, room: Place) -> None:
    """Such a command is answered in the language of the person's Discord."""
    ioana = server.add_user("ioana", "Ioana", locale="ro")
    await bot.start()
    server.commands.append({"id": "1", "name": "ancient", "options": []})
    assert "Reîncarcă Discord" in await room.slash("ancient", user=ioana).answer()


async def test_completion_of_an_older_version(bot: Bot, server: DiscordServer, room: Place) -> None:
    """Values for an option that this version does not know are not offered, and nothing else happens."""
    await bot.start()
    server.commands.append({"id": "1", "name": "ancient", "options": [{"name": "a", "type": 3, "autocomplete": True}]})
    with pytest.raises(AssertionError, match="choices for /ancient"):
        await room.autocomplete("ancient", "a", timeout=0.1)
    assert await room.autocomplete("plan", "slug") == []


async def test_failure_of_the_core(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A defect in the core leaves nobody thinking, and is in the log."""

    def broken(_: Inbound) -> Receipt:
        raise KeyError("a defect")

    core.answer = broken
    await bot.start()
    with capture_logs() as logs:
        assert "went wrong" in await room.slash("status").answer()
    assert [line["command"] for line in logs if line["event"] == "command_failed"] == ["status"]
