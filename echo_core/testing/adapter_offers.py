"""The part of the adapter suite about what is offered: choices, presses, answers in own words, and their end."""

from __future__ import annotations

from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Button,
    Closed,
    Intent,
    Option,
    PhaseReady,
    buttons,
)
from echo_core.messages import Action, Press, Pressed, Receipt, Said, Wrote
from echo_core.testing.harness import Harness, everything, offered, send, until, where_possible

READY = PhaseReady("This phase is ready.", "Continue to CEO review", "tok12345")
QUESTION = AskQuestion(
    "Who may use it?",
    "Users",
    (Option("Only us two", "Ready in days"), Option("Anyone with a link", "Needs limits")),
    "tok12345",
    index=1,
    total=3,
)
OFFERS: tuple[AskQuestion | AskPermission | AskRecovery | PhaseReady, ...] = (
    READY,
    QUESTION,
    AskPermission("Run this command: `ls`", "the command `ls`", "tok12345"),
    AskRecovery("The turn was cut off.", "tok12345"),
)


class OfferSuite:
    """What is offered can be chosen, once, and says what became of it."""

    async def test_parts_of_offers_are_the_same_each_time(self, harness: Harness) -> None:
        """The parts of an offer, open or over, can be made again after a restart, and are the same."""
        channel = harness.adapter.channel(harness.channel_id)
        for offer in OFFERS:
            for intent in (offer, Closed(offer, "The choice", "Ada"), Closed(offer, "")):
                assert list(channel.parts(intent)) == list(channel.parts(intent))
                assert channel.parts(intent)

    async def test_every_offer_shows_its_choices(self, harness: Harness) -> None:
        """Each kind of offer shows its text and what can be chosen; "Other…" may go without saying."""
        for intent in OFFERS:
            await send(harness, intent)
            wanted = [button.label for button in _answers(intent)]
            await until(lambda wanted=wanted: offered(harness.seen(), wanted))  # type: ignore[misc]

    async def test_every_choice_comes_back_as_its_press(self, harness: Harness) -> None:
        """Choosing gives the press that the core made, and is answered on the spot."""
        harness.core.answer = lambda inbound: Receipt(accepted=True, label=f"chosen in {inbound.key.adapter}")
        count = 0
        for intent in OFFERS:
            for button in _answers(intent):
                await send(harness, intent)
                await harness.choose(button.label)
                count += 1
                inbound = await harness.core.next(count)
                assert isinstance(inbound.body, Pressed)
                assert Press.decode(inbound.body.data) == button.press

    async def test_an_accepted_choice_takes_its_buttons_away(self, harness: Harness) -> None:
        """After a choice was accepted, what was chosen stands where the choices were."""
        harness.core.answer = lambda _inbound: Receipt(accepted=True, label="Going on")
        await send(harness, READY)
        await harness.choose("Continue to CEO review")
        await until(lambda: not any(seen.choices for seen in harness.seen()))
        await until(lambda: "Going on" in everything(harness))

    async def test_an_outdated_choice_says_so(self, harness: Harness) -> None:
        """A press that the core does not accept is answered with its notice."""
        harness.core.answer = lambda _inbound: Receipt(accepted=False, notice="That button is out of date.")
        await send(harness, READY)
        await harness.choose("Continue to CEO review")
        await until(lambda: any("That button is out of date." in seen.text for seen in harness.seen()))

    async def test_an_offer_that_is_over_shows_what_was_chosen(self, harness: Harness) -> None:
        """Where edits are possible, the same message loses its choices, and names the choice and who made it."""
        channel = harness.adapter.channel(harness.channel_id)
        if channel.capabilities.edit_interval is None:
            return
        for offer, words in zip(OFFERS, ("ready", "Who may use it?", "Run this", "cut off"), strict=True):
            message_id = await send(harness, offer)
            await until(lambda: bool(harness.seen()) and bool(harness.seen()[-1].choices))
            (part,) = channel.parts(Closed(offer, "The seventh way", "Ada Lovelace"))
            for _ in range(2):
                await channel.edit(message_id, part)
            await until(lambda: not any(seen.choices for seen in harness.seen()))
            shown = harness.seen()[-1].text
            assert words in shown
            assert "The seventh way" in shown
            assert "Ada Lovelace" in shown

    async def test_an_offer_can_be_over_without_a_choice(self, harness: Harness) -> None:
        """Where edits are possible, an offer that nobody took loses its choices, and keeps its text."""
        channel = harness.adapter.channel(harness.channel_id)
        if channel.capabilities.edit_interval is None:
            return
        message_id = await send(harness, QUESTION)
        await until(lambda: bool(harness.seen()) and bool(harness.seen()[-1].choices))
        (part,) = channel.parts(Closed(QUESTION, ""))
        await channel.edit(message_id, part)
        await until(lambda: not any(seen.choices for seen in harness.seen()))
        assert "Who may use it?" in everything(harness)

    async def test_several_options_can_be_chosen(self, harness: Harness) -> None:
        """Where several options may be chosen, they come back as one press."""
        options = tuple(Option(name, f"about {name}") for name in ("Red", "Green", "Blue"))
        question = AskQuestion("Which colours?", "Colours", options, "tok12345", multiple=True)
        await send(harness, question)
        await harness.choose("Red", "Blue")
        inbound = await harness.core.next(1)
        assert isinstance(inbound.body, Pressed)
        assert Press.decode(inbound.body.data).chosen() == (0, 2)

    async def test_option_descriptions_are_shown(self, harness: Harness) -> None:
        """A person can read what each option means."""
        await send(harness, QUESTION)
        await until(lambda: bool(harness.seen()))
        assert "Ready in days" in everything(harness)
        assert "Needs limits" in everything(harness)

    async def test_a_recommended_option_is_marked(self, harness: Harness) -> None:
        """What is recommended looks otherwise than what is not, and can be chosen like any other option."""
        plain = (Option("Fast", "in a week"), Option("Safe", "in a month"))
        marked = (plain[0], Option("Safe", "in a month", recommended=True))
        for options in (plain, marked):
            await send(harness, AskQuestion("Which?", "Pace", options, "tok12345"))
        await until(lambda: len([seen for seen in harness.seen() if seen.choices or "Which?" in seen.text]) >= 2)
        shown = [(seen.text, seen.choices) for seen in harness.seen()]
        assert shown[0] != shown[-1]
        await harness.choose("Safe")
        inbound = await harness.core.next(1)
        assert inbound.body == Pressed(Press(Action.ANSWER, "tok12345", 0, 0b10).encode())

    @where_possible
    async def test_an_answer_in_own_words_arrives(self, harness: Harness) -> None:
        """Whoever chooses "Other…" is asked for words; they come with the press, or as a message like any other."""
        harness.core.answer = lambda _inbound: Receipt(accepted=True, keep=True, notice="Write your answer.")
        (other,) = (button for button in buttons(QUESTION) if button.press.action is Action.OTHER)
        await send(harness, QUESTION)
        await harness.answer(other.label, "Only my aunt")
        await until(lambda: any(isinstance(one.body, (Said, Wrote)) for one in harness.core.received))
        *before, last = [inbound.body for inbound in harness.core.received]
        assert last in {Wrote(other.press.encode(), "Only my aunt"), Said("Only my aunt")}
        assert before in ([], [Pressed(other.press.encode())])


def _answers(intent: Intent) -> tuple[Button, ...]:
    return tuple(button for button in buttons(intent) if button.press.action is not Action.OTHER)
