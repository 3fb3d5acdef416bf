"""What every adapter has to do, as tests that any adapter's author can run.

    from echo_core.testing.adapter_conformance import AdapterConformance

    class TestMyAdapter(AdapterConformance):
        @pytest.fixture
        async def harness(self): ...  # gives an object that implements `Harness`

The adapter runs against the real client library and a server of the platform on loopback; the core is a
`RecordingCore`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from echo_core.adapter import Adapter
from echo_core.messages import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Command,
    Files,
    Inbound,
    Intent,
    Notice,
    Option,
    PhaseReady,
    Press,
    Pressed,
    Receipt,
    Reply,
    Said,
    buttons,
)
from echo_core.testing.recording import RecordingCore

LONG = "\n\n".join(f"Paragraph {number}: " + "a plain sentence about nothing. " * 12 for number in range(60))
HOSTILE = (
    "# [x](javascript:alert(1)) <b>*_`~|\n\n```\nopen fence with ``` inside\n\n"
    "| a | b |\n|--|--|\n| ``` | @everyone |\n\n"
    "\u202eright to left\u202c 👩‍👩‍👧‍👦 "
    + "x" * 3000
    + "\n\n- [ ] task\n> quote **bold _italic\n&lt;&amp; </pre> <@1> \\ \\_ __ **"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as a person sees it: its text, the words on its buttons and menus, the names of its files."""

    text: str
    choices: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Harness(Protocol):
    """An adapter that is running, and the person at the other end of the platform."""

    adapter: Adapter
    core: RecordingCore
    channel_id: str

    async def say(self, text: str) -> None:
        """Write a message that addresses the bot."""
        ...

    async def command(self, name: str, argument: str) -> None:
        """Use a command as the platform offers it; `argument` as a person would type it (`todo-app A list`)."""
        ...

    async def choose(self, *labels: str) -> None:
        """Choose what the newest message with choices offers: one label, or several where several may be chosen."""
        ...

    def seen(self) -> Sequence[Seen]:
        """Give what stands in the channel now, oldest first, with what was shown privately to the person."""
        ...

    async def end(self, *, seconds: float) -> None:
        """Cancel the adapter's `run`; raises `TimeoutError` when it takes longer."""
        ...


class AdapterConformance:
    """The suite. A subclass gives the fixture `harness`."""

    async def test_a_message_is_received(self, harness: Harness) -> None:
        """A message arrives once, with its text, its author and its channel."""
        await harness.say("a todo list for two")
        inbound = await harness.core.next(1)
        assert inbound.body == Said("a todo list for two")
        assert inbound.key.channel_id == harness.channel_id
        assert inbound.id
        assert inbound.author.id
        assert inbound.author.name
        assert inbound.addressed

    async def test_messages_keep_their_order(self, harness: Harness) -> None:
        """Messages arrive in the order in which they were written, each with an id of its own."""
        for number in range(5):
            await harness.say(f"message {number}")
        await harness.core.next(5)
        assert [_text(inbound) for inbound in harness.core.received] == [f"message {number}" for number in range(5)]
        assert len({inbound.id for inbound in harness.core.received}) == 5

    async def test_a_command_is_received(self, harness: Harness) -> None:
        """A command arrives with its name, and with its arguments as a person would type them."""
        await harness.command("plan", "todo-app A todo list for two")
        inbound = await harness.core.next(1)
        assert isinstance(inbound.body, Command)
        assert inbound.body.name == "plan"
        assert inbound.body.argument.split() == ["todo-app", "A", "todo", "list", "for", "two"]
        assert inbound.addressed

    async def test_a_message_that_cannot_be_kept_comes_again(self, harness: Harness) -> None:
        """A message is not confirmed to the platform while the core cannot keep it."""
        harness.core.failing = 1
        await harness.say("keep me")
        inbound = await harness.core.next(1, seconds=20)
        assert _text(inbound) == "keep me"

    async def test_a_notice_reaches_the_person(self, harness: Harness) -> None:
        """What the core says about an inbound is shown to whoever sent it."""
        harness.core.answer = lambda _inbound: Receipt(accepted=False, notice="You are not on the list.")
        await harness.say("hello")
        await _until(lambda: any("You are not on the list." in seen.text for seen in harness.seen()))

    async def test_a_long_reply_arrives_whole(self, harness: Harness) -> None:
        """No text of a long reply is lost, and its parts stand in order."""
        await _send(harness, Reply(LONG))
        await _until(lambda: "Paragraph 59:" in _all(harness))
        words = _all(harness).split()
        assert words == LONG.split()

    async def test_hostile_text_arrives(self, harness: Harness) -> None:
        """Markup that a platform may refuse is still shown, within its limits."""
        await _send(harness, Reply(HOSTILE))
        await _until(lambda: "right to left" in _all(harness))

    async def test_parts_are_the_same_each_time(self, harness: Harness) -> None:
        """The parts of an intent can be made again after a restart, and are the same."""
        channel = harness.adapter.channel(harness.channel_id)
        for intent in (Reply(LONG), Reply(HOSTILE), *_offers()):
            assert list(channel.parts(intent)) == list(channel.parts(intent))
            assert channel.parts(intent)

    async def test_every_offer_shows_its_choices(self, harness: Harness) -> None:
        """Each kind of offer shows its text and what can be chosen."""
        for intent in _offers():
            await _send(harness, intent)
            wanted = [button.label for button in buttons(intent)]
            await _until(lambda wanted=wanted: _offered(harness.seen(), wanted))  # type: ignore[misc]

    async def test_every_choice_comes_back_as_its_press(self, harness: Harness) -> None:
        """Choosing gives the press that the core made, and is answered on the spot."""
        harness.core.answer = lambda inbound: Receipt(accepted=True, label=f"chosen in {inbound.key.adapter}")
        count = 0
        for intent in _offers():
            for button in buttons(intent):
                await _send(harness, intent)
                await harness.choose(button.label)
                count += 1
                inbound = await harness.core.next(count)
                assert isinstance(inbound.body, Pressed)
                assert Press.decode(inbound.body.data) == button.press

    async def test_an_accepted_choice_takes_its_buttons_away(self, harness: Harness) -> None:
        """After a choice was accepted, what was chosen stands where the choices were."""
        harness.core.answer = lambda _inbound: Receipt(accepted=True, label="Going on")
        await _send(harness, PhaseReady("This phase is ready.", "Continue to CEO review", "tok12345"))
        await harness.choose("Continue to CEO review")
        await _until(lambda: not any(seen.choices for seen in harness.seen()))
        assert "Going on" in _all(harness)

    async def test_an_outdated_choice_says_so(self, harness: Harness) -> None:
        """A press that the core does not accept is answered with its notice."""
        harness.core.answer = lambda _inbound: Receipt(accepted=False, notice="That button is out of date.")
        await _send(harness, PhaseReady("This phase is ready.", "Continue to CEO review", "tok12345"))
        await harness.choose("Continue to CEO review")
        await _until(lambda: any("That button is out of date." in seen.text for seen in harness.seen()))

    async def test_several_options_can_be_chosen(self, harness: Harness) -> None:
        """Where several options may be chosen, they come back as one press."""
        options = tuple(Option(name, f"about {name}") for name in ("Red", "Green", "Blue"))
        question = AskQuestion("Which colours?", "Colours", options, "tok12345", multiple=True)
        await _send(harness, question)
        await harness.choose("Red", "Blue")
        inbound = await harness.core.next(1)
        assert isinstance(inbound.body, Pressed)
        assert Press.decode(inbound.body.data).chosen() == (0, 2)

    async def test_option_descriptions_are_shown(self, harness: Harness) -> None:
        """A person can read what each option means."""
        options = (Option("Fast", "ready in a week"), Option("Safe", "ready in a month"))
        await _send(harness, AskQuestion("Which?", "Pace", options, "tok12345"))
        await _until(lambda: bool(harness.seen()))
        shown = harness.seen()[-1]
        everything = " ".join((shown.text, *shown.choices))
        assert "ready in a week" in everything
        assert "ready in a month" in everything

    async def test_files_are_sent(self, harness: Harness, tmp_path: Path) -> None:
        """Files arrive under their names, below their line."""
        path = tmp_path / "final-plan.md"
        path.write_text("# The plan\n", encoding="utf-8")
        await _send(harness, Files("The plan is complete.", (path,)))
        await _until(lambda: any(any("final-plan.md" in name for name in seen.files) for seen in harness.seen()))
        assert "The plan is complete." in _all(harness)

    async def test_a_live_message_grows_and_goes(self, harness: Harness) -> None:
        """Where edits are possible, a message can be replaced and taken away; twice does no harm."""
        channel = harness.adapter.channel(harness.channel_id)
        if channel.capabilities.edit_interval is None:
            return
        (first,), (second,) = channel.parts(Reply("It begins")), channel.parts(Reply("It begins and grows"))
        message_id = await channel.post(first, dedup="live/0")
        await channel.edit(message_id, second)
        await channel.edit(message_id, second)
        await _until(lambda: [seen.text.strip() for seen in harness.seen()] == ["It begins and grows"])
        await channel.delete(message_id)
        await channel.delete(message_id)
        await _until(lambda: not harness.seen())

    async def test_it_ends_when_told(self, harness: Harness) -> None:
        """Cancelling `run` ends it in good time."""
        await harness.end(seconds=5)


def _offers() -> tuple[Intent, ...]:
    options = (Option("Only us two", "Ready in days"), Option("Anyone with a link", "Needs limits"))
    return (
        PhaseReady("This phase is ready.", "Continue to CEO review", "tok12345"),
        AskQuestion("Who may use it?", "Users", options, "tok12345", index=1, total=3),
        AskPermission("Run this command: `ls`", "the command `ls`", "tok12345"),
        AskRecovery("The turn was cut off.", "tok12345"),
    )


async def _send(harness: Harness, intent: Intent | Notice) -> None:
    channel = harness.adapter.channel(harness.channel_id)
    for place, part in enumerate(channel.parts(intent)):
        await channel.post(part, dedup=f"{len(harness.seen())}/{place}")


def _text(inbound: Inbound) -> str:
    return inbound.body.text if isinstance(inbound.body, Said) else ""


def _all(harness: Harness) -> str:
    return "\n".join(seen.text for seen in harness.seen())


def _offered(seen: Sequence[Seen], labels: Sequence[str]) -> bool:
    """Say whether the newest message offers all of these; nothing may have arrived yet."""
    choices = seen[-1].choices if seen else ()
    return bool(seen) and all(any(label in choice for choice in choices) for label in labels)


async def _until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
