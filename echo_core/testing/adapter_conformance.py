"""What every adapter has to do, as tests that any adapter's author can run.

    from echo_core.testing.adapter_conformance import AdapterConformance, Harness, Seen

    class TestMyAdapter(AdapterConformance):
        @pytest.fixture
        async def harness(self): ...  # gives an object that implements `Harness`

The adapter runs against the real client library and a server of the platform on loopback; the core is a
`RecordingCore`. What a channel's capabilities do not claim is not asked for.
"""

from __future__ import annotations

from echo_core.messages import Command, Inbound, Receipt, Said
from echo_core.testing.adapter_offers import OfferSuite
from echo_core.testing.adapter_reach import ReachSuite
from echo_core.testing.adapter_showing import ShowingSuite
from echo_core.testing.harness import Harness, NotHereError, Opened, Seen, until

__all__ = ["AdapterConformance", "Harness", "NotHereError", "Opened", "Seen"]


class AdapterConformance(ShowingSuite, OfferSuite, ReachSuite):
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
        await until(lambda: any("You are not on the list." in seen.text for seen in harness.seen()))

    async def test_it_ends_when_told(self, harness: Harness) -> None:
        """Cancelling `run` ends it in good time."""
        await harness.end(seconds=5)


def _text(inbound: Inbound) -> str:
    return inbound.body.text if isinstance(inbound.body, Said) else ""
