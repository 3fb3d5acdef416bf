"""The part of the adapter suite about what is shown: replies, documents, files, lists, the plan card, languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from echo_core.intents import (
    AskPermission,
    Button,
    CardStep,
    Document,
    FileEntry,
    FileList,
    Files,
    PlanCard,
    Reply,
    StepState,
    buttons,
)
from echo_core.messages import Action, Press, Pressed, Receipt
from echo_core.testing.harness import Harness, Seen, everything, offered, send, until
from echo_core.texts import say, speaking

LONG = "\n\n".join(f"Paragraph {number}: " + "a plain sentence about nothing. " * 12 for number in range(60))
HOSTILE = (
    "# [x](javascript:alert(1)) <b>*_`~|\n\n```\nopen fence with ``` inside\n\n"
    "| a | b |\n|--|--|\n| ``` | @everyone |\n\n"
    "\u202eright to left\u202c 👩‍👩‍👧‍👦 "
    + "x" * 3000
    + "\n\n- [ ] task\n> quote **bold _italic\n&lt;&amp; </pre> <@1> \\ \\_ __ **"
)
FILES = FileList(
    "Two files of the plan.", (FileEntry("plan.md", 1200, "file0001"), FileEntry("notes/first.md", 80, "file0002"))
)


class ShowingSuite:
    """What the core wants to be seen is seen."""

    async def test_a_long_reply_arrives_whole(self, harness: Harness) -> None:
        """No text of a long reply is lost, and its parts stand in order."""
        await send(harness, Reply(LONG))
        await until(lambda: "Paragraph 59:" in everything(harness))
        assert everything(harness).split() == LONG.split()

    async def test_hostile_text_arrives(self, harness: Harness) -> None:
        """Markup that a platform may refuse is still shown, within its limits."""
        await send(harness, Reply(HOSTILE))
        await until(lambda: "right to left" in everything(harness))

    async def test_a_note_is_shown(self, harness: Harness) -> None:
        """The line about a reply stands above it."""
        await send(harness, Reply("Here is the plan.", note="5 steps, 42 s"))
        await until(lambda: "Here is the plan." in everything(harness))
        text = everything(harness)
        assert text.index("5 steps, 42 s") < text.index("Here is the plan.")

    async def test_a_document_is_text_and_file(self, harness: Harness) -> None:
        """A reply that is too long for a chat arrives as its beginning, with the whole as a file; or whole."""
        document = Document("It begins. The rest is in the file.", "reply-7.md", LONG, note="5 steps, 42 s")
        await send(harness, document)
        await until(lambda: _sent(harness.seen(), "reply-7.md") or "Paragraph 59:" in everything(harness))
        whole = "Paragraph 59:" in everything(harness)
        assert ("It begins. The rest is in the file." in everything(harness)) is not whole
        assert "5 steps, 42 s" in everything(harness)

    async def test_files_are_sent(self, harness: Harness, tmp_path: Path) -> None:
        """Files arrive under their names, below their line."""
        path = tmp_path / "final-plan.md"
        path.write_text("# The plan\n", encoding="utf-8")
        await send(harness, Files("The plan is complete.", (path,)))
        await until(lambda: _sent(harness.seen(), "final-plan.md"))
        assert "The plan is complete." in everything(harness)

    async def test_a_list_of_files_stays(self, harness: Harness) -> None:
        """Each file of a list has a button; after a press the list is still there, for the next file."""
        harness.core.answer = lambda _inbound: Receipt(accepted=True, keep=True)
        await send(harness, FILES)
        wanted = [button.label for button in buttons(FILES)]
        await until(lambda: offered(harness.seen(), wanted))
        assert "Two files of the plan." in everything(harness)
        for count, button in enumerate(buttons(FILES), start=1):
            await harness.choose(button.label)
            inbound = await harness.core.next(count)
            assert inbound.body == Pressed(button.press.encode())
        await until(lambda: offered(harness.seen(), wanted))

    async def test_parts_are_the_same_each_time(self, harness: Harness) -> None:
        """The parts of an intent can be made again after a restart, and are the same; the card is one part."""
        channel = harness.adapter.channel(harness.channel_id)
        for intent in (Reply(LONG), Reply(HOSTILE), Document("It begins.", "reply.md", LONG), FILES, card("Yours.")):
            assert list(channel.parts(intent)) == list(channel.parts(intent))
            assert channel.parts(intent)
        assert len(channel.parts(card("Yours."))) == 1
        assert len(channel.parts(_crowded())) == 1

    async def test_a_live_message_grows_and_goes(self, harness: Harness) -> None:
        """Where edits are possible, a message can be replaced and taken away; twice does no harm."""
        channel = harness.adapter.channel(harness.channel_id)
        if channel.capabilities.edit_interval is None:
            return
        (first,), (second,) = channel.parts(Reply("It begins")), channel.parts(Reply("It begins and grows"))
        message_id = await channel.post(first, dedup="live/0")
        await channel.edit(message_id, second)
        await channel.edit(message_id, second)
        await until(lambda: [seen.text.strip() for seen in harness.seen()] == ["It begins and grows"])
        await channel.delete(message_id)
        await channel.delete(message_id)
        await until(lambda: not harness.seen())

    async def test_the_plan_card_is_changed_in_place(self, harness: Harness) -> None:
        """Where edits are possible, the card shows the plan with its phases and whose move it is, and stays one."""
        channel = harness.adapter.channel(harness.channel_id)
        if channel.capabilities.edit_interval is None:
            return
        before, after = card("It is your move."), card("The agent works.")
        message_id = await send(harness, before)
        await until(lambda: offered(harness.seen(), [button.label for button in before.buttons]))
        for words in (before.title, before.description, before.move, before.question, *before.facts):
            assert words in everything(harness)
        assert all(step.title in everything(harness) for step in before.steps)
        (part,) = channel.parts(after)
        for _ in range(2):
            await channel.edit(message_id, part)
        await until(lambda: "The agent works." in everything(harness))
        assert "It is your move." not in everything(harness)
        assert len(harness.seen()) == 1

    async def test_the_plan_cards_buttons_stay(self, harness: Harness) -> None:
        """Where edits are possible, every button of the card comes back as its press, and stands there afterwards."""
        if harness.adapter.channel(harness.channel_id).capabilities.edit_interval is None:
            return
        harness.core.answer = lambda _inbound: Receipt(accepted=True, keep=True)
        shown = card("It is your move.")
        labels = [button.label for button in shown.buttons]
        await send(harness, shown)
        for count, button in enumerate(shown.buttons, start=1):
            await until(lambda: offered(harness.seen(), labels))
            await harness.choose(button.label)
            inbound = await harness.core.next(count)
            assert inbound.body == Pressed(button.press.encode())
        await until(lambda: offered(harness.seen(), labels))

    async def test_the_words_are_those_of_the_language(self, harness: Harness) -> None:
        """What the adapter itself says is in the language that is spoken."""
        intent = AskPermission("Comanda: `ls`", "comanda `ls`", "tok12345")
        with speaking("ro"):
            labels = [say("button-allow-once"), say("button-allow-for-plan"), say("button-deny")]
            await send(harness, intent)
        await until(lambda: offered(harness.seen(), labels))
        english = [button.label for button in buttons(intent)]
        assert not any(label in everything(harness) for label in english)


def card(move: str) -> PlanCard:
    """Make a plan card of four phases."""
    titles = ("Office hours", "CEO review", "Design review", "Engineering review")
    states = (StepState.DONE, StepState.CURRENT, StepState.SKIPPED, StepState.TO_COME)
    return PlanCard(
        title="todo-app",
        description="A todo list for two",
        steps=tuple(CardStep(title, state) for title, state in zip(titles, states, strict=True)),
        move=move,
        question="Who may use it?",
        facts=("12 turns", "18 minutes"),
        buttons=(
            Button("Stop now", Press(Action.STOP, "plan0001")),
            Button("Show files", Press(Action.FILES, "plan0001")),
            Button("Leave plan", Press(Action.LEAVE, "plan0001")),
        ),
    )


def _crowded() -> PlanCard:
    """Make a card whose texts are far too long: it is still one message."""
    full = card("It is your move. " * 60)
    steps = tuple(CardStep(f"Phase {number} " + "with a long name " * 12, StepState.TO_COME) for number in range(12))
    return PlanCard(
        full.title * 20, "A list. " * 300, steps, full.move, "Which? " * 500, ("fact " * 60,) * 8, full.buttons
    )


def _sent(seen: Sequence[Seen], name: str) -> bool:
    return any(name in file for message in seen for file in message.files)
