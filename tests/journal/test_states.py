"""Any sequence of calls, crashes included, against a model of a few lines."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from echo_core.intents import Reply
from echo_core.journal.base import Delivery, Entry, Running, Turn
from echo_core.journal.file import FileJournal
from echo_core.messages import ChannelKey, Inbound, Said
from echo_core.plan import Conversation
from echo_core.testing.journal_suite import message, state

ClaimT = TypeVar("ClaimT")
KEYS = [ChannelKey("discord", "a"), ChannelKey("discord", "A"), ChannelKey("telegram", "-1/2")]
ADAPTERS = ("discord", "telegram")
keys = st.sampled_from(KEYS)
ids = st.sampled_from([f"m{number}" for number in range(6)])


@dataclass
class Model:
    """What a conversation has to look like."""

    conversation: Conversation = field(default_factory=Conversation)
    waiting: list[tuple[bool, str]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    owed: list[tuple[str, int, bool]] = field(default_factory=list)
    begun: tuple[str, Running] | None = None
    stored: bool = False
    texts: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    remembered: dict[str, str] = field(default_factory=dict)

    def order(self) -> list[str]:
        """Give the ids of the unfinished messages in the order of their turns."""
        begun = self.begun[0] if self.begun else None
        return [name for _, name in sorted(self.waiting, key=lambda item: (item[1] != begun, not item[0]))]

    def open(self) -> list[str]:
        """Give the ids of those that nobody works on or has begun to work on."""
        begun = {self.begun[0], *self.begun[1].joined} if self.begun else set()
        return [name for name in self.order() if name not in begun | self.held]

    def says(self, inbounds: Sequence[Inbound]) -> list[tuple[str, str]]:
        """Give ids and texts as they have to be, of messages that were given."""
        return [(inbound.id, self.texts[inbound.id]) for inbound in inbounds]


class JournalMachine(RuleBasedStateMachine):
    """Drives a journal; a crash is a journal left in the middle of everything and opened again."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="journal-"))
        self.runner = asyncio.Runner()
        self.models = {key: Model() for key in KEYS}
        self.turns: dict[ChannelKey, Turn] = {}
        self.deliveries: dict[ChannelKey, Delivery] = {}
        self.count = 0

    @initialize()
    def open(self) -> None:
        """Open the journal, with room for one idle conversation in memory."""
        self.journal = FileJournal(self.place, cache=1)
        self.runner.run(self.journal.__aenter__())

    def teardown(self) -> None:
        """Close it and take the folder away."""
        self.runner.run(self.journal.__aexit__())
        self.runner.close()
        shutil.rmtree(self.place)

    @rule()
    def crash(self) -> None:
        """Leave everything as it is and open the journal again."""
        self.runner.run(self.journal.__aexit__())
        self.turns.clear()
        self.deliveries.clear()
        for model in self.models.values():
            model.held.clear()
        self.open()

    @rule(key=keys, name=ids, urgent=st.booleans())
    def accept(self, key: ChannelKey, name: str, urgent: bool) -> None:
        """Bring a message; one that was brought before is refused."""
        model = self.models[key]
        known = name in model.done or name in [each for _, each in model.waiting]
        assert self.runner.run(self.journal.accept(message(name, key), urgent=urgent)) is not known
        if not known:
            model.waiting.append((urgent, name))
            model.texts[name] = "hello"

    @rule(key=keys, name=ids)
    def amend(self, key: ChannelKey, name: str) -> None:
        """Change what a message says, if it waits."""
        self.count += 1
        model = self.models[key]
        waits = name in model.open()
        assert self.runner.run(self.journal.amend(key, name, Said(f"text {self.count}"))) is waits
        if waits:
            model.texts[name] = f"text {self.count}"

    @rule(key=keys, name=ids)
    def withdraw(self, key: ChannelKey, name: str) -> None:
        """Take a message back, if it waits."""
        model = self.models[key]
        waits = name in model.open()
        assert self.runner.run(self.journal.withdraw(key, name)) is waits
        if waits:
            model.waiting = [item for item in model.waiting if item[1] != name]
            model.done.append(name)
            model.stored = True

    @rule(key=keys, name=st.sampled_from(["card", "menu"]), message_id=st.sampled_from(["", "1", "2"]))
    def remember(self, key: ChannelKey, name: str, message_id: str) -> None:
        """Keep or forget the id of a message of ours."""
        self.runner.run(self.journal.remember(key, name, message_id))
        model = self.models[key]
        model.stored |= model.remembered.get(name, "") != message_id
        model.remembered = {**model.remembered, name: message_id}
        if not message_id:
            del model.remembered[name]

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), names=st.frozensets(ids, max_size=3))
    def join(self, data: st.DataObject, names: frozenset[str]) -> None:
        """Take waiting messages into a turn."""
        turn = self.turns[data.draw(st.sampled_from(sorted(self.turns)))]
        turn.join(names)
        model = self.models[turn.key]
        model.held |= names & set(model.order())

    @rule()
    def claim(self) -> None:
        """Claim a turn, if the model has one; it is what the model says."""
        claimable = [key for key, model in self.models.items() if model.waiting and key not in self.turns]
        turn = self.runner.run(self._at_once(self.journal.claim(), expected=bool(claimable)))
        if turn is None:
            return
        model = self.models[turn.key]
        assert turn.key in claimable
        assert [turn.inbound.id, *(each.id for each in turn.waiting)] == model.order()
        assert turn.conversation == model.conversation
        found = [turn.inbound, *turn.waiting]
        assert [(each.id, each.body) for each in found] == [(name, Said(text)) for name, text in model.says(found)]
        begun = model.begun[1] if model.begun and model.begun[0] == turn.inbound.id else None
        assert turn.interrupted == begun
        self.turns[turn.key] = turn
        model.held = {turn.inbound.id}

    @precondition(lambda self: self.turns)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Note what the agent does for a turn."""
        turn = self.turns[data.draw(st.sampled_from(sorted(self.turns)))]
        self.count += 1
        model = self.models[turn.key]
        running = Running(f"s{self.count}", "a", Path("/"), joined=tuple(sorted(model.held - {turn.inbound.id})))
        self.runner.run(turn.begin(running))
        model.begun, model.stored = (turn.inbound.id, running), True

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), replies=st.integers(0, 2), also=st.frozensets(ids, max_size=2))
    def commit(self, data: st.DataObject, replies: int, also: frozenset[str]) -> None:
        """Commit a turn."""
        turn = self.turns.pop(data.draw(st.sampled_from(sorted(self.turns))))
        model = self.models[turn.key]
        self.count += 1
        texts = [f"{self.count}/{place}" for place in range(replies)]
        conversation = state(f"x{self.count}", turn.key)
        self.runner.run(turn.commit(conversation, [Reply(text) for text in texts], also=also))
        finished = {turn.inbound.id, *also} & {name for _, name in model.waiting}
        model.waiting = [item for item in model.waiting if item[1] not in finished]
        model.done += finished
        model.owed += [(text, 0, False) for text in texts]
        model.conversation, model.begun, model.stored = conversation, None, True
        model.held.clear()

    @precondition(lambda self: self.turns)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """Give a turn back."""
        turn = self.turns.pop(data.draw(st.sampled_from(sorted(self.turns))))
        self.runner.run(turn.release())
        self.models[turn.key].held.clear()

    @rule(adapters=st.sampled_from([ADAPTERS, ("discord",), ("telegram",)]))
    def claim_delivery(self, adapters: tuple[str, ...]) -> None:
        """Claim a delivery, if the model has one."""
        claimable = [
            key
            for key, model in self.models.items()
            if model.owed and key not in self.deliveries and key.adapter in adapters
        ]
        delivery = self.runner.run(self._at_once(self.journal.claim_delivery(adapters), expected=bool(claimable)))
        if delivery is None:
            return
        assert delivery.key in claimable
        self.deliveries[delivery.key] = delivery
        self._check_owed(delivery)

    @precondition(lambda self: self.deliveries)
    @rule(data=st.data(), parts=st.integers(0, 3), in_flight=st.booleans())
    def progress(self, data: st.DataObject, parts: int, in_flight: bool) -> None:
        """Note how far a delivery is."""
        delivery = self.deliveries[data.draw(st.sampled_from(sorted(self.deliveries)))]
        self.runner.run(delivery.progress(parts_sent=parts, in_flight=in_flight))
        owed = self.models[delivery.key].owed
        owed[0] = (owed[0][0], parts, in_flight)
        self._check_owed(delivery)

    @precondition(lambda self: self.deliveries)
    @rule(data=st.data(), deliver=st.booleans())
    def end_delivery(self, data: st.DataObject, deliver: bool) -> None:
        """Mark a reply as delivered, or give it back."""
        delivery = self.deliveries.pop(data.draw(st.sampled_from(sorted(self.deliveries))))
        self.runner.run(delivery.done() if deliver else delivery.release())
        if deliver:
            del self.models[delivery.key].owed[0]

    @rule(key=keys)
    def put(self, key: ChannelKey) -> None:
        """Replace a state."""
        self.count += 1
        model = self.models[key]
        model.conversation, model.stored = state(f"p{self.count}", key), True
        self.runner.run(self.journal.put(key, model.conversation))

    @rule(key=keys)
    def remove(self, key: ChannelKey) -> None:
        """Forget a conversation; what is claimed of it comes to nothing."""
        model = self.models[key]
        assert self.runner.run(self.journal.remove(key)) is (model.stored or bool(model.waiting))
        self.models[key] = Model()
        turn, delivery = self.turns.pop(key, None), self.deliveries.pop(key, None)
        if turn is not None:
            self.runner.run(turn.commit(state("gone", key), [Reply("gone")]))
        if delivery is not None:
            self.runner.run(delivery.done())

    @invariant()
    def the_listing_is_right(self) -> None:
        """Compare the listing with the model."""
        if not hasattr(self, "journal"):
            return
        expected = [
            Entry(key, model.conversation, len(model.waiting), len(model.owed))
            for key, model in sorted(self.models.items())
            if model.stored or model.waiting
        ]
        assert self.runner.run(self._entries()) == expected

    @invariant()
    def what_waits_is_right(self) -> None:
        """Compare the open messages and the remembered ids with the model."""
        if not hasattr(self, "journal"):
            return
        for key, model in self.models.items():
            waiting = self.runner.run(self.journal.waiting(key))
            assert [each.id for each in waiting] == model.open()
            assert [(each.id, each.body) for each in waiting] == [(name, Said(t)) for name, t in model.says(waiting)]
            assert self.runner.run(self.journal.remembered(key)) == model.remembered

    def _check_owed(self, delivery: Delivery) -> None:
        owed = delivery.owed
        assert isinstance(owed.intent, Reply)
        assert (owed.intent.markdown, owed.parts_sent, owed.in_flight) == self.models[delivery.key].owed[0]

    async def _entries(self) -> list[Entry]:
        return [entry async for entry in self.journal.entries()]

    async def _at_once(self, claim: Coroutine[Any, Any, ClaimT], *, expected: bool) -> ClaimT | None:
        """Give what a claim finds: it waits for nothing, so a few turns of the loop show whether there is anything."""
        task = asyncio.create_task(claim)
        for _ in range(3):
            await asyncio.sleep(0)
        if expected:
            return await asyncio.wait_for(task, 5.0)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return None


JournalMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStates = JournalMachine.TestCase
