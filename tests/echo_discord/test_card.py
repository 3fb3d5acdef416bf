"""The plan card: one message of components that is changed in place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo_core.errors import ChannelGoneError
from echo_core.intents import Button, CardStep, PlanCard, StepState
from echo_core.messages import Action, Press, Pressed, Receipt
from echo_core.texts import speaking
from echo_discord.card import CARD_LIMIT, sections
from echo_discord.channel import DiscordChannel
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_model import COMPONENTS_V2
from tests.loopback.discord_server import DiscordServer, Place

CARD = PlanCard(
    title="todo\\_app",
    description="A list for two",
    steps=(
        CardStep("Office hours", StepState.DONE),
        CardStep("CEO review", StepState.CURRENT),
        CardStep("Design review", StepState.SKIPPED),
        CardStep("Engineering review", StepState.TO_COME),
    ),
    move="It is your move.",
    question="Who may use it?",
    facts=("$0.42", "18 minutes", "`/plans/todo_app`"),
    buttons=(
        Button("Stop", Press(Action.STOP, "plan")),
        Button("Files", Press(Action.FILES, "plan")),
        Button("Leave", Press(Action.LEAVE, "plan")),
    ),
)
TEXTS = st.one_of(st.text(max_size=100), st.builds(lambda text: text * 100, st.text(max_size=60)))


@pytest.fixture
async def channel(bot: Bot, room: Place) -> DiscordChannel:
    """Give the outgoing side of the room, connected."""
    return (await bot.start()).channel(room.channel_id)


def test_texts() -> None:
    """The card says what is planned, how far the phases are, whose move it is, what is asked, and the facts."""
    assert sections(CARD) == (
        "### todo\\_app\nA list for two",
        "✓ Office hours\n▶ **CEO review**\n⤼ ~~Design review~~\n○ Engineering review",
        "It is your move.\n\n**Open question**\n> Who may use it?",
        "-# $0.42 · 18 minutes · `/plans/todo_app`",
    )
    ready = replace(CARD, steps=(CardStep("CEO review", StepState.READY),), question="", facts=(), description="")
    assert sections(ready) == ("### todo\\_app", "● **CEO review**", "It is your move.")
    with speaking("ro"):
        assert "**Întrebare deschisă**" in sections(CARD)[2]


@settings(deadline=None)
@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=30), TEXTS, TEXTS, st.lists(TEXTS, max_size=10))
def test_it_fits(title: str, description: str, steps: list[str], move: str, question: str, facts: list[str]) -> None:
    """However long its texts, a card stays within the limit, and says something in each of its places."""
    shown = [CardStep(step, StepState.SKIPPED) for step in steps]
    texts = sections(PlanCard(title, description, tuple(shown), move, question, tuple(facts), ()))
    assert 1 <= len(texts) <= 4
    assert all(text.strip() for text in texts)
    assert sum(len(text.encode("utf-16-le", "surrogatepass")) // 2 for text in texts) <= CARD_LIMIT


async def test_posted_and_changed(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """A card is a message of components with its buttons in a row, pings nobody, and is changed in place."""
    (part,) = channel.parts(replace(CARD, description="@everyone"))
    sent = await channel.post(part, dedup="1")
    (message,) = room.messages
    assert message.flags & COMPONENTS_V2
    assert (message.content, message.buttons) == ("", ["Stop", "Files", "Leave"])
    assert [inner["type"] for inner in message.components[0]["components"]] == [10, 14, 10, 14, 10, 14, 10, 1]
    (call,) = server.called("POST", "/messages$")
    assert call.body["allowed_mentions"]["parse"] == []
    (after,) = channel.parts(replace(CARD, move="The agent works.", question="", buttons=CARD.buttons[1:]))
    for _ in range(2):
        await channel.edit(sent, after)
    assert room.messages == [message]
    assert "The agent works." in message.text
    assert "Who may use it?" not in message.text
    assert message.buttons == ["Files", "Leave"]
    (bare,) = channel.parts(replace(CARD, buttons=()))
    await channel.edit(sent, bare)
    assert message.buttons == []
    assert server.guard.refused == []


async def test_press_after_a_restart(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """The card's buttons work in the next process, and stay where they are whatever the core says about a press."""
    channel = (await bot.start()).channel(room.channel_id)
    (part,) = channel.parts(CARD)
    await channel.post(part, dedup="1")
    await bot.start()
    for keep in (True, False):
        receipt = Receipt(accepted=True, keep=keep, notice="Here.", label="!")
        core.answer = lambda _, receipt=receipt: receipt  # type: ignore[misc]
        assert await room.press("Files").answer() == "Here."
    assert [one.body for one in core.received] == [Pressed(Press(Action.FILES, "plan").encode())] * 2
    assert room.messages[0].versions == []
    assert server.guard.refused == []


async def test_refused_buttons(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """Buttons that the platform refuses cost the buttons, not the card."""
    (part,) = channel.parts(CARD)
    refusal = {"status": 400, "body": {"code": 50035, "message": "Invalid Form Body"}}
    server.fail("POST", "/messages$", **refusal)
    sent = await channel.post(part, dedup="1")
    server.fail("PATCH", "/messages/", **refusal)
    await channel.edit(sent, part)
    (message,) = room.messages
    assert (message.buttons, "CEO review" in message.text) == ([], True)


async def test_deleted(channel: DiscordChannel, room: Place) -> None:
    """A card that somebody has deleted is known to be gone when it is changed."""
    (part,) = channel.parts(CARD)
    sent = await channel.post(part, dedup="1")
    room.delete(room.messages[0])
    with pytest.raises(ChannelGoneError):
        await channel.edit(sent, part)
