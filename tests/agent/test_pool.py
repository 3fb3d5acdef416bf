"""Processes that are kept between turns, with the real CLI: what they save, and what must not change by them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from claude_agent_sdk import ClaudeSDKClient

from echo_core.agent import process, worker
from echo_core.agent.base import (
    DeferredPermission,
    DeferredQuestion,
    Event,
    Failed,
    FailureKind,
    Finished,
    Resolution,
    Spoken,
    TextDelta,
    ToolStarted,
)
from echo_core.agent.claude import ClaudeAgent
from echo_core.agent.pool import Limits
from echo_core.agent.process import Launcher
from echo_core.agent.transcript import open_call, read_entries
from echo_core.config import AgentSettings
from echo_core.rehearsal import ModelRequest, RehearsalServer, Script, Step, ToolCall, environment
from echo_core.texts import speaking
from tests.agent.conftest import Desk, plain, say

QUESTION = {
    "questions": [
        {
            "question": "Which colour?",
            "header": "Colour",
            "multiSelect": False,
            "options": [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}],
        }
    ]
}
BLUE = {**QUESTION, "answers": {"Which colour?": "Blue"}}
ASK = ToolCall("AskUserQuestion", QUESTION)

DAEMON = """
import asyncio, sys
from pathlib import Path
from uuid import uuid4
from echo_core.agent.base import Scope, TurnRequest
from echo_core.agent.claude import ClaudeAgent
from echo_core.rehearsal import environment

async def main(url, root):
    agent = ClaudeAgent(state_dir=root / "state", environ=environment(url, root / "config"))
    for prompt in ("one", "two"):
        request = TurnRequest(session_id=str(uuid4()), resume=False, cwd=root, system_prompt="", prompt=prompt,
                              scope=Scope(readable=(), writable=()))
        await agent.run_turn(request, stop=asyncio.Event(), emit=lambda _: None)
    agent.prepare(TurnRequest(session_id=str(uuid4()), resume=False, cwd=root, system_prompt="",
                              scope=Scope(readable=(), writable=())))
    while len(agent.pool.idle) < 3:
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    await asyncio.sleep(60)

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""


@asynccontextmanager
async def limited(desk: Desk, *, environ: dict[str, str] | None = None, **limits: Any) -> AsyncIterator[ClaudeAgent]:
    """Give the desk an agent with limits of its own."""
    client, patience = limits.pop("client", ClaudeSDKClient), limits.pop("patience", 10.0)
    plugins = limits.pop("plugins", ())
    variables = {**environment(desk.server.url, desk.config), **(environ or {})}
    desk.agent = ClaudeAgent(
        state_dir=desk.root / "state",
        environ=variables,
        limits=Limits(**limits),
        client=client,
        patience=patience,
        plugins=plugins,
    )
    try:
        yield desk.agent
    finally:
        await desk.agent.close()


async def until(condition: Callable[[], object], *, seconds: float = 15.0) -> None:
    """Wait until a condition holds."""
    for _ in range(round(seconds / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def running(desk: Desk) -> list[int]:
    """Give the desk's processes, as the system knows them."""
    return [pid for pid, _ in process._marked(desk.agent._launcher._owner)]


def pid(desk: Desk) -> int:
    """Give the one process of the desk's agent."""
    (found,) = desk.agent.pool.processes
    return found


def asking(*calls: ToolCall) -> Script:
    """Make calls at first, and say afterwards what came of them."""

    def script(request: ModelRequest) -> Step:
        return Step(calls=calls) if request.replies == 0 else say(" / ".join(request.last_message.splitlines()))

    return script


def finished(outcome: object) -> Finished:
    """Give an outcome that is a good one."""
    assert isinstance(outcome, Finished), outcome
    return outcome


def in_file(desk: Desk) -> Any:
    """Give the call that waits, by the session's file."""
    return open_call(read_entries(desk.config, desk.session_id))


# -- one process for many turns


async def test_turns_of_a_session_share_a_process(desk: Desk) -> None:
    """Three turns, one process; each has its own events, tokens and tip, and the cost goes on counting."""
    outcomes = []
    for number in range(3):
        outcomes.append(finished(await desk.turn(f"turn {number}")))
        assert [delta.text for delta in desk.of(TextDelta)] == [f"reply {number}"]
    assert len(running(desk)) == 1
    assert [outcome.texts for outcome in outcomes] == [("reply 0",), ("reply 1",), ("reply 2",)]
    assert [outcome.usage.tokens_in for outcome in outcomes] == [100, 100, 100]
    costs = [outcome.usage.cost_counter_usd for outcome in outcomes]
    assert costs == pytest.approx([costs[0], 2 * costs[0], 3 * costs[0]])
    assert len({outcome.tip for outcome in outcomes}) == 3
    looked = await desk.agent.lookup(session_id=desk.session_id, cwd=desk.work, anchor="")
    assert looked.tip == outcomes[-1].tip
    await desk.agent.close()
    assert running(desk) == []


async def test_what_is_closed_is_resumed_and_nobody_notices(desk: Desk) -> None:
    """An idle process is ended after its time; the next turn goes on in the same session."""
    async with limited(desk, seconds=0.1, pause=0.05) as agent:
        await desk.turn("hi")
        first = pid(desk)
        await until(lambda: not agent.pool.idle and not running(desk))
        assert finished(await desk.turn("more")).texts == ("reply 1",)
        assert pid(desk) != first


async def test_a_kept_process_needs_its_program_no_more(desk: Desk) -> None:
    """Where the program is taken away (an update), what runs goes on; only a new process misses it."""
    program = desk.root / "claude"
    program.symlink_to(process.find_cli())
    desk.agent = ClaudeAgent(
        state_dir=desk.root / "state", cli_path=program, environ=environment(desk.server.url, desk.config)
    )
    await desk.turn("hi")
    program.unlink()
    assert finished(await desk.turn("more")).texts == ("reply 1",)
    missed = await desk.turn("more", max_turns=30)
    assert isinstance(missed, Failed)
    assert missed.kind is FailureKind.AGENT_MISSING


async def test_without_warm_ones_each_turn_has_a_process_of_its_own(desk: Desk) -> None:
    """With `warm` 0 nothing is left after a turn, and nothing is prepared."""
    async with limited(desk, warm=0) as agent:
        await desk.turn("hi")
        agent.prepare(desk.request())
        assert (agent.pool.processes, running(desk)) == ((), [])
        assert finished(await desk.turn("more")).texts == ("reply 1",)


@pytest.mark.parametrize(
    "change",
    [{"system_prompt": "Another"}, {"max_turns": 30}, {"model": "claude-sonnet-4-5"}, {"add_dirs": True}],
    ids=lambda change: next(iter(change)),
)
async def test_a_process_with_other_settings_is_not_used(desk: Desk, change: dict[str, Any]) -> None:
    """What was fixed at a process's start must be what the turn wants; else it is exchanged, and one is left."""
    await desk.turn("hi")
    first = pid(desk)
    if "add_dirs" in change:
        change = {"add_dirs": (desk.config,)}
    assert finished(await desk.turn("more", **change)).texts == ("reply 1",)
    assert pid(desk) != first
    assert running(desk) == [pid(desk)]


@pytest.mark.parametrize("name", ["CLAUDE.md", "settings.json", "skills/plan/SKILL.md", "plugin/skills/plan/SKILL.md"])
async def test_a_process_that_read_something_else_is_not_used(desk: Desk, name: str) -> None:
    """Instructions, settings and skills count within seconds, those of a plugin too; so does their end."""
    plugin = desk.config / "plugin"
    (plugin / ".claude-plugin").mkdir(parents=True)
    (plugin / ".claude-plugin" / "plugin.json").write_text('{"name": "ours"}')
    path = desk.config / name
    path.parent.mkdir(parents=True, exist_ok=True)
    async with limited(desk, pause=0.05, plugins=[plugin]) as agent:
        for text in ("{}", "{ }", ""):
            await desk.turn("hi")
            await desk.turn("more")
            before = pid(desk)
            path.write_text(text) if text else path.unlink()
            await until(lambda: not agent.pool.idle)
            await until(lambda: not running(desk))
            await desk.turn("and more")
            assert pid(desk) != before


async def test_what_has_changed_is_read_by_what_is_got_ready(desk: Desk) -> None:
    """Whoever begins to write after a skill was changed finds a process that knows it."""
    await desk.turn("hi")
    before = pid(desk)
    (desk.config / "CLAUDE.md").write_text("Be brief.")
    desk.agent.prepare(desk.request())
    await until(lambda: not desk.agent.pool._tasks)
    prepared = pid(desk)
    assert prepared != before
    assert finished(await desk.turn("more")).texts == ("reply 1",)
    assert pid(desk) == prepared


async def test_another_environment_is_another_process(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential that changes in the daemon's environment reaches the agent with the next turn."""
    async with limited(desk):
        del desk.agent._environ["ANTHROPIC_API_KEY"]
        monkeypatch.setenv("ANTHROPIC_API_KEY", "the first one")
        await desk.turn("hi")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "the second one")
        await desk.turn("more")
    keys = [request.headers["x-api-key"] for request in desk.server.requests if request.tools]
    assert keys == ["the first one", "the second one"]


async def test_each_turn_has_its_own_scope_and_language(desk: Desk) -> None:
    """The process is the same; what it may do and in which words is the turn's."""
    target = desk.work / "a.md"
    target.write_text("a")
    read = ToolCall("Read", {"file_path": str(target)})
    desk.script(
        lambda request: (
            say("done") if request.messages[-1]["content"][0]["type"] == "tool_result" else Step(calls=(read,))
        )
    )
    with speaking("ro"):
        finished(await desk.turn("read"))
    assert [started.description for started in desk.of(ToolStarted)] == ["Citesc a.md"]
    before = pid(desk)
    finished(await desk.turn("read"))
    assert [started.description for started in desk.of(ToolStarted)] == ["Reading a.md"]
    request = desk.request("read")
    narrow = replace(request, scope=replace(request.scope, readable=(), writable=()))
    assert isinstance(finished(await desk.run(narrow)).deferred, DeferredPermission)
    assert pid(desk) == before


async def test_two_turns_of_one_session_follow_each_other(desk: Desk) -> None:
    """Whoever starts two turns at once in one session gets them one after the other, on one process."""
    other = Desk(desk.server, desk.root, desk.agent, session_id=desk.session_id)
    outcomes = await asyncio.gather(desk.turn("one"), other.turn("two"))
    assert sorted(finished(outcome).texts for outcome in outcomes) == [("reply 0",), ("reply 1",)]
    assert len(running(desk)) == 1


async def test_a_stop_while_another_turn_has_the_session_is_heard(desk: Desk) -> None:
    """A turn that waits for its session can be stopped; the one that runs goes on."""
    said = asyncio.Event()
    desk.script(lambda _: Step(text=("a", "b"), gates={1: said}))
    other = Desk(desk.server, desk.root, desk.agent, session_id=desk.session_id)
    first = asyncio.create_task(desk.turn("one"))
    await until(lambda: desk.server.requests)
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, stop.set)
    outcome = await other.turn("two", stop=stop)
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.STOPPED
    assert not first.done()
    said.set()
    finished(await first)


async def test_a_lost_transcript_is_not_hidden_by_a_warm_process(desk: Desk) -> None:
    """Somebody removed the session: it is said, as it would be without the process."""
    await desk.turn("hi")
    (path,) = (desk.config / "projects").glob(f"*/{desk.session_id}.jsonl")
    path.unlink()
    outcome = await desk.turn("more", resume=True)
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.SESSION_LOST
    assert running(desk) == []


async def test_what_was_said_elsewhere_is_known(desk: Desk) -> None:
    """Somebody went on with the session by another program: the process that has not heard it is exchanged, once."""
    await desk.turn("hi")
    before = pid(desk)
    environ = environment(desk.server.url, desk.config)
    other = ClaudeAgent(state_dir=desk.root / "elsewhere", environ=environ)
    try:
        finished(await Desk(desk.server, desk.root, other, session_id=desk.session_id).turn("The word is banana."))
    finally:
        await other.close()
    assert finished(await desk.turn("more")).texts == ("reply 2",)
    assert "The word is banana." in desk.said_to_model()
    after = pid(desk)
    assert after != before
    assert finished(await desk.turn("and more")).texts == ("reply 3",)
    assert pid(desk) == after


# -- processes that fail


async def test_a_process_that_died_while_idle_is_replaced(desk: Desk) -> None:
    """It is taken out at once when it dies, and the next turn does not notice."""
    await desk.turn("hi")
    os.kill(pid(desk), signal.SIGKILL)
    await until(lambda: not desk.agent.pool.idle)
    assert finished(await desk.turn("more")).texts == ("reply 1",)


async def test_a_process_that_dies_as_it_is_asked_is_replaced(desk: Desk) -> None:
    """It died before it read the prompt: the turn begins anew, once, and people notice nothing."""

    class Dying(ClaudeSDKClient):
        dead = False

        async def query(self, prompt: Any, session_id: str = "default") -> None:
            if desk.server.requests and not Dying.dead:
                Dying.dead = True
                os.kill(pid(desk), signal.SIGKILL)
            await super().query(prompt, session_id)

    async with limited(desk, client=Dying):
        await desk.turn("hi")
        assert finished(await desk.turn("more")).texts == ("reply 1",)
        assert Dying.dead
        assert len(desk.server.requests) == 2


async def test_a_process_that_hangs_is_replaced(desk: Desk) -> None:
    """It says nothing when it is spoken to: it is killed, and another one answers."""
    async with limited(desk, patience=0.5):
        await desk.turn("hi")
        os.kill(pid(desk), signal.SIGSTOP)
        before = pid(desk)
        assert finished(await desk.turn("more")).texts == ("reply 1",)
        assert pid(desk) != before
        assert running(desk) == [pid(desk)]


async def test_a_process_that_takes_no_more_is_replaced(desk: Desk) -> None:
    """It hangs, and the message is longer than what a pipe holds: the turn does not wait for it to be read."""
    async with limited(desk, patience=0.5), asyncio.timeout(120):
        await desk.turn("hi")
        before = pid(desk)
        os.kill(before, signal.SIGSTOP)
        assert finished(await desk.turn("ă" * 99_000)).texts == ("reply 1",)
        assert running(desk) == [pid(desk)] != [before]


async def test_a_stop_ends_a_process_that_hears_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not asked to leave, which it would not hear: it is dead when its connection is taken down."""
    monkeypatch.setattr(worker, "TERMINATED_AFTER", 600)
    monkeypatch.setattr(worker, "KILLED_AFTER", 600)
    monkeypatch.setattr(worker, "END_LIMIT", 600)

    asked: list[int] = []
    speaking_to = asyncio.Event()

    class Leaving(ClaudeSDKClient):
        async def query(self, prompt: Any, session_id: str = "default") -> None:
            if desk.server.requests:
                speaking_to.set()
            await super().query(prompt, session_id)

        async def disconnect(self) -> None:
            with suppress(TimeoutError):
                await until(lambda: not running(desk))
            asked.extend(running(desk))
            await super().disconnect()

    stop = asyncio.Event()
    async with limited(desk, patience=600.0, client=Leaving):
        await desk.turn("hi")
        os.kill(pid(desk), signal.SIGSTOP)
        outcome = asyncio.create_task(desk.turn("ă" * 99_000, stop=stop))
        await speaking_to.wait()
        stop.set()
        failed = await outcome
        assert isinstance(failed, Failed)
        assert failed.kind is FailureKind.STOPPED
        assert (asked, running(desk)) == ([], [])


@pytest.mark.parametrize("kind", ["prompt", "answer"])
async def test_what_people_have_begun_to_read_is_not_asked_for_again(desk: Desk, kind: str) -> None:
    """It died with the answer on its lips, and had not written down the question: people are asked, not the model."""
    never = asyncio.Event()
    replies = [
        Step(calls=(ASK,)) if kind == "answer" else say("hello"),
        Step(text=("Answer ", "more"), gates={1: never}),
        say("Answer anew"),
    ]
    desk.script(lambda _: replies.pop(0))
    first = finished(await desk.turn("hi"))
    request = desk.request("more")
    if first.deferred is not None:
        request = desk.request(resolution=Resolution(first.deferred.tool_use_id, allow=True, tool_input=BLUE))

    def watch(event: Event) -> None:
        if isinstance(event, TextDelta):
            for found in desk.agent.pool.processes:
                os.kill(found, signal.SIGKILL)

    outcome = await desk.run(request, watch=watch)
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.session_exists) == (FailureKind.OTHER, True)
    assert "ended unexpectedly" in outcome.detail
    assert [delta.text for delta in desk.of(TextDelta)] == ["Answer "]
    assert len(replies) == 1
    assert running(desk) == []
    anchor = first.deferred.tool_use_id if first.deferred else request.prompt_id
    left = await desk.agent.lookup(session_id=desk.session_id, cwd=desk.work, anchor=anchor)
    assert left.state != "answered"
    again = request if left.state == "unseen" else desk.request("Go on")
    assert finished(await desk.run(again)).texts == ("Answer anew",)


async def test_a_process_that_dies_in_a_later_turn_is_a_failure(desk: Desk) -> None:
    """The prompt was heard, so it is not said again by itself; the next turn has another process."""
    await desk.turn("hi")
    desk.script(lambda _: Step(text=("Some ", *["more "] * 400), delay=0.05))

    def watch(event: Event) -> None:
        if isinstance(event, TextDelta):
            for found in desk.agent.pool.processes:
                os.kill(found, signal.SIGKILL)

    outcome = await desk.run(desk.request("tell"), watch=watch)
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.session_exists) == (FailureKind.OTHER, True)
    assert running(desk) == []
    desk.script(plain)
    finished(await desk.turn("again"))


async def test_a_stopped_turn_leaves_no_process_and_the_next_one_goes_on(desk: Desk) -> None:
    """A stop on a warm process ends it; nothing of the stopped turn is taken for the next one's."""
    await desk.turn("hi")
    desk.script(lambda _: Step(text=("Some ", *["more "] * 400), delay=0.02))
    stop = asyncio.Event()
    outcome = await desk.run(
        desk.request("tell"), stop=stop, watch=lambda event: stop.set() if isinstance(event, TextDelta) else None
    )
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.STOPPED
    assert running(desk) == []
    desk.script(lambda _: say("Again."))
    assert finished(await desk.turn("again")).texts == ("Again.",)


async def test_a_cancelled_turn_leaves_no_process(desk: Desk) -> None:
    """Whoever cancels a turn on a warm process ends it with the turn."""
    await desk.turn("hi")
    desk.script(lambda _: Step(hang=True))
    turn = asyncio.create_task(desk.turn("more"))
    await until(lambda: len(desk.server.requests) == 2)
    turn.cancel()
    await asyncio.wait({turn})
    assert running(desk) == []


async def test_a_failed_turn_leaves_no_process(desk: Desk) -> None:
    """Only a process whose turn ended well is used again."""
    desk.script(lambda _: Step(text=("x",), calls=(ToolCall("Read", {"file_path": str(desk.work / "a")}),)))
    assert finished(await desk.turn("go", max_turns=1)).subtype == "error_max_turns"
    assert running(desk) == []


# -- limits


async def test_the_least_recently_used_give_way(desk: Desk) -> None:
    """No more than `warm` are kept; the longest unused go first, and their sessions go on."""
    async with limited(desk, warm=2) as agent:
        sessions = [str(uuid4()) for _ in range(3)]
        for session in (sessions[0], sessions[1], sessions[0], sessions[2]):
            desk.session_id = session
            finished(await desk.turn("hi"))
        assert agent.pool.idle == (sessions[0], sessions[2])
        await until(lambda: len(running(desk)) == 2)
        desk.session_id = sessions[1]
        assert finished(await desk.turn("more")).texts == ("reply 1",)
        assert agent.pool.idle == (sessions[2], sessions[1])


async def test_whoever_is_expected_is_not_given_up(desk: Desk) -> None:
    """Getting ready for a session whose process waits already counts as a use of it: others give way first."""
    async with limited(desk, warm=2) as agent:
        desks = [Desk(desk.server, desk.root, agent) for _ in range(3)]
        for one in desks[:2]:
            finished(await one.turn("hi"))
        expected = agent.pool._idle[desks[0].session_id]
        unused = expected.used_at
        agent.prepare(desks[0].request())
        await until(lambda: expected.used_at > unused)
        await until(lambda: not agent.pool._tasks)
        finished(await desks[2].turn("hi"))
        assert agent.pool.idle == (desks[0].session_id, desks[2].session_id)
        assert agent.pool._idle[desks[0].session_id] is expected


async def test_those_that_leave_are_counted_out(desk: Desk) -> None:
    """What is too much is ended once: while it leaves, nothing else has to go for it."""
    async with limited(desk) as agent:
        desks = [Desk(desk.server, desk.root, agent) for _ in range(3)]
        for one in desks:
            finished(await one.turn("hi"))
        whole = sum(worker.memory for worker in agent.pool._idle.values())
        object.__setattr__(agent.pool._limits, "memory", whole - 1)
        for _ in range(3):
            agent.pool._end_soon(agent.pool._beyond_memory(0))
        assert list(agent.pool.idle) == [desks[1].session_id, desks[2].session_id]
        await agent.pool.make_room()
        assert list(agent.pool.idle) == [desks[2].session_id]
        assert len(running(desk)) == 1


async def test_guesses_that_come_at_once_stay_within_the_limits(desk: Desk) -> None:
    """Each counts as soon as it is decided on, also while what gives way to it is still leaving."""
    async with limited(desk, warm=2) as agent:
        desks = [Desk(desk.server, desk.root, agent) for _ in range(5)]
        for one in desks[:2]:
            finished(await one.turn("hi"))
        for worker in agent.pool._idle.values():
            worker.used_at -= 100
        most = 0
        for one in desks[2:]:
            agent.prepare(one.request())
        while agent.pool._tasks:
            most = max(most, len(agent.pool.processes))
            await asyncio.sleep(0.01)
        assert most == 2
        assert len(agent.pool.idle) == 2
        assert set(agent.pool.idle) <= {one.session_id for one in desks[2:]}


async def test_a_turn_finds_room_and_a_guess_does_not(desk: Desk) -> None:
    """Where memory is short, a turn has an idle process ended for it before its own starts; a guess gets none."""
    async with limited(desk, memory=300 * 2**20) as agent:
        await desk.turn("hi")
        agent.prepare(desk.request(session_id=str(uuid4()), resume=False))
        await until(lambda: not agent.pool._tasks)
        assert agent.pool.idle == (desk.session_id,)
        most: list[int] = []
        other = Desk(desk.server, desk.root, agent)
        await other.run(other.request("hi"), watch=lambda _: most.append(len(running(desk))))
        assert max(most) == 1
        assert agent.pool.idle == (other.session_id,)


async def test_turns_run_also_where_there_is_no_memory_at_all(desk: Desk) -> None:
    """The limit of memory ends idle processes, never a turn."""
    async with limited(desk, memory=1) as agent:
        assert finished(await desk.turn("hi")).texts == ("reply 0",)
        assert agent.pool.idle == ()


async def test_what_processes_take_is_measured(desk: Desk) -> None:
    """The limit holds for what processes really take, children included."""
    async with limited(desk, pause=0.05) as agent:
        await desk.turn("hi")
        (worker,) = agent.pool._idle.values()
        worker.memory = 0
        await until(lambda: worker.memory > 50 * 2**20)
        object.__setattr__(agent.pool._limits, "memory", 10 * 2**20)
        await until(lambda: not agent.pool.processes)
        await until(lambda: not running(desk))


def test_limits_come_from_the_settings() -> None:
    """Each setting reaches the pool; without one, memory is a share of the machine's."""
    limits = Limits.of(AgentSettings(warm=3, warm_seconds=5, memory_mb=700))
    assert (limits.warm, limits.seconds, limits.memory) == (3, 5.0, 700 * 2**20)
    assert Limits.of(AgentSettings(concurrency=100)).memory > 100 * 2**20


# -- questions


async def test_an_answer_costs_no_process(desk: Desk) -> None:
    """The process that asked goes on with the answer; people read it in the history, and later turns resume well."""
    desk.script(asking(ASK))
    asked = finished(await desk.turn("hi"))
    assert isinstance(asked.deferred, DeferredQuestion)
    assert in_file(desk) is not None
    before = pid(desk)
    answered = finished(await desk.resolve(asked, tool_input=BLUE))
    assert pid(desk) == before
    assert answered.deferred is None
    assert answered.texts[0].startswith('Your questions have been answered: "Which colour?"="Blue".')
    assert len([request for request in desk.server.requests if request.tools]) == 2
    found = await desk.agent.lookup(session_id=desk.session_id, cwd=desk.work, anchor=asked.deferred.tool_use_id)
    assert (found.state, found.finished) == (
        "answered",
        replace(answered, usage=found.finished.usage) if found.finished else None,
    )
    spoken = await desk.agent.transcript(session_id=desk.session_id, cwd=desk.work)
    assert spoken[1:3] == (Spoken("assistant", "Which colour?"), Spoken("answer", "Blue"))
    await desk.agent.close()
    async with limited(desk):
        count = len(desk.server.requests)
        assert finished(await desk.turn("more")).texts[0].endswith("more")
        assert len(desk.server.requests) == count + 1


async def test_an_answer_after_the_process_is_gone_is_the_same(desk: Desk) -> None:
    """The call stands in the session's file when the turn ends, whatever becomes of the process."""
    desk.script(asking(ASK))
    asked = finished(await desk.turn("hi"))
    os.kill(pid(desk), signal.SIGKILL)
    await until(lambda: not desk.agent.pool.idle)
    assert in_file(desk) is not None
    assert "Blue" in finished(await desk.resolve(asked, tool_input=BLUE)).texts[0]


async def test_a_closed_process_leaves_its_question_open(desk: Desk) -> None:
    """Idle processes are closed while people think: nothing is answered by that."""
    desk.script(asking(ASK))
    asked = finished(await desk.turn("hi"))
    await desk.agent.close()
    assert in_file(desk) is not None
    async with limited(desk):
        desk.agent.prepare(desk.request())
        await until(lambda: not desk.agent.pool._tasks)
        assert (desk.agent.pool.idle, in_file(desk) is not None) == ((), True)
        assert "Blue" in finished(await desk.resolve(asked, tool_input=BLUE)).texts[0]


async def test_a_message_overtakes_a_question_on_the_same_process(desk: Desk) -> None:
    """The call is refused and the message answered, by one request to the model and without a start."""
    desk.script(asking(ASK))
    finished(await desk.turn("hi"))
    before, count = pid(desk), len(desk.server.requests)
    outcome = finished(await desk.turn("never mind"))
    assert (pid(desk), len(desk.server.requests)) == (before, count + 1)
    assert outcome.deferred is None
    assert "they have written a message instead" in outcome.texts[0]
    assert outcome.texts[0].endswith("never mind")
    assert in_file(desk) is None
    spoken = await desk.agent.transcript(session_id=desk.session_id, cwd=desk.work)
    assert [(line.role, line.text) for line in spoken][2] == ("user", "never mind")


@pytest.mark.parametrize("allow", [True, False], ids=["allowed", "refused"])
async def test_a_permission_is_settled_once(desk: Desk, allow: bool) -> None:
    """A command runs after a yes, once, and never after a no; only the yes needs a start."""
    made = desk.root / "made"
    desk.script(asking(ToolCall("Bash", {"command": f"echo x >> {made}", "description": "Write"})))
    asked = finished(await desk.turn("hi"))
    assert isinstance(asked.deferred, DeferredPermission)
    before = pid(desk)
    outcome = finished(await desk.resolve(asked, allow=allow, **({} if allow else {"reason": "Not today."})))
    assert outcome.deferred is None
    assert (made.read_text() if made.exists() else "") == ("x\n" if allow else "")
    assert ("Not today." in outcome.texts[0]) is not allow
    assert (pid(desk) == before) is not allow
    again = finished(await desk.run(desk.request(resolution=Resolution(asked.deferred.tool_use_id, allow=True))))
    assert again.texts == outcome.texts
    assert (made.read_text() if made.exists() else "") == ("x\n" if allow else "")


async def test_a_fork_of_an_open_question_waits_too(desk: Desk) -> None:
    """A session whose process lives on can be copied at its question; the copy's answer is its own."""
    desk.script(asking(ASK))
    asked = finished(await desk.turn("hi"))
    assert asked.deferred is not None
    copy = Desk(desk.server, desk.root, desk.agent)
    resolution = Resolution(asked.deferred.tool_use_id, allow=True, tool_input=BLUE)
    request = copy.request(resolution=resolution, resume=False, fork_from=desk.session_id, fork_at=asked.tip)
    assert "Blue" in finished(await copy.run(request)).texts[0]
    assert in_file(desk) is not None
    assert len(running(desk)) == 2
    red = {**QUESTION, "answers": {"Which colour?": "Red"}}
    assert "Red" in finished(await desk.resolve(asked, tool_input=red)).texts[0]


# -- getting ready


async def test_a_new_session_is_got_ready(desk: Desk) -> None:
    """The first turn of a session costs no start after `prepare`, and an unused one leaves nothing."""
    request = desk.request("hi")
    desk.agent.prepare(replace(request, prompt="", prompt_id=""))
    desk.agent.prepare(replace(request, prompt="", prompt_id=""))
    await until(lambda: desk.agent.pool.idle == (desk.session_id,))
    ready = pid(desk)
    assert finished(await desk.run(request)).texts == ("reply 0",)
    assert running(desk) == [ready] == list(desk.agent.pool.processes)
    unused = str(uuid4())
    desk.agent.prepare(desk.request(session_id=unused, resume=False))
    await until(lambda: unused in desk.agent.pool.idle)
    await desk.agent.close()
    assert list(desk.root.rglob(f"*{unused}*")) == []
    async with limited(desk):
        assert finished(await desk.turn("hi", session_id=unused, resume=False)).texts == ("reply 0",)


async def test_a_session_is_resumed_early(desk: Desk) -> None:
    """After a restart of the daemon a session can be got ready before anybody has said anything."""
    await desk.turn("hi")
    await desk.agent.close()
    async with limited(desk) as agent:
        agent.prepare(desk.request())
        await until(lambda: agent.pool.idle == (desk.session_id,))
        ready, count = pid(desk), len(desk.server.requests)
        assert finished(await desk.turn("more")).texts == ("reply 1",)
        assert (pid(desk), len(desk.server.requests)) == (ready, count + 1)


async def test_a_turn_waits_for_what_is_being_got_ready(desk: Desk) -> None:
    """The words come while the process starts: it is used, and no second one is started."""
    request = desk.request("hi")
    desk.agent.prepare(replace(request, prompt="", prompt_id=""))
    await asyncio.sleep(0)
    assert finished(await desk.run(request)).texts == ("reply 0",)
    assert len(running(desk)) == 1


async def test_a_process_that_serves_no_more_is_exchanged_early(desk: Desk) -> None:
    """Getting ready for a turn with other settings exchanges the process that waits, before the turn comes."""
    await desk.turn("hi")
    first = pid(desk)
    changed = desk.request("more", add_dirs=(desk.config,))
    desk.agent.prepare(changed)
    await until(lambda: not desk.agent.pool._tasks)
    prepared = pid(desk)
    assert prepared != first
    assert finished(await desk.run(changed)).texts == ("reply 1",)
    assert running(desk) == [pid(desk)] == [prepared]


async def test_a_wrong_guess_ends_by_itself(desk: Desk) -> None:
    """What was prepared and never used ends like any other idle process; a guess that cannot be started is no error."""
    async with limited(desk, seconds=0.2, pause=0.05) as agent:
        agent.prepare(desk.request())
        agent.prepare(desk.request(session_id=str(uuid4()), resume=True))
        agent.prepare(desk.request(session_id=str(uuid4()), cwd=desk.root / "gone"))
        agent.prepare(desk.request(session_id=str(uuid4()), fork_from=desk.session_id))
        await until(lambda: agent.pool.idle == (desk.session_id,))
        await until(lambda: not agent.pool.processes and not running(desk))


async def test_closing_ends_what_is_being_got_ready(desk: Desk) -> None:
    """No process is left when the agent closes in the middle of a start."""
    desk.agent.prepare(desk.request())
    await until(lambda: running(desk))
    await desk.agent.close()
    assert running(desk) == []
    desk.agent.prepare(desk.request())
    assert desk.agent.pool.processes == ()


@asynccontextmanager
async def hanging(desk: Desk, *, patience: float = 30.0) -> AsyncIterator[ClaudeAgent]:
    """Give the desk an agent whose program starts and then says and hears nothing, not even that it should leave."""
    program = desk.root / "program"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o700)
    desk.agent = ClaudeAgent(state_dir=desk.root / "state", cli_path=program, patience=patience)
    try:
        yield desk.agent
    finally:
        await desk.agent.close()


async def test_a_start_that_is_not_wanted_any_more_ends_at_once(desk: Desk) -> None:
    """A stop, and the end of the agent, do not wait for a program that is starting."""
    async with hanging(desk) as agent:
        stop = asyncio.Event()
        turn = asyncio.create_task(desk.turn("hi", stop=stop))
        await until(lambda: running(desk))
        stop.set()
        async with asyncio.timeout(2):
            outcome = await turn
        assert isinstance(outcome, Failed)
        assert outcome.kind is FailureKind.STOPPED
        assert running(desk) == []
        agent.prepare(desk.request())
        await until(lambda: running(desk))
        async with asyncio.timeout(2):
            await agent.close()
        assert running(desk) == []


async def test_a_guess_that_does_not_start_gives_its_place_back(desk: Desk) -> None:
    """It is given up after the time for which a process may be silent, so that no turn waits for it for long."""
    async with hanging(desk, patience=2.0) as agent:
        agent.prepare(desk.request())
        await until(lambda: running(desk))
        await until(lambda: not running(desk) and not agent.pool.held(desk.session_id))


async def test_a_program_that_does_not_answer_is_a_failure(desk: Desk) -> None:
    """The SDK says so with a plain exception: a guess comes to nothing, a turn says what is wrong."""

    class Silent(ClaudeSDKClient):
        async def connect(self, prompt: Any = None) -> None:  # noqa: ARG002 - the SDK's
            raise Exception("Control request timeout: initialize")  # noqa: TRY002 - the SDK's own

    async with limited(desk, client=Silent) as agent:
        agent.prepare(desk.request())
        await until(lambda: not agent.pool._tasks)
        outcome = await desk.turn("hi")
        assert isinstance(outcome, Failed)
        assert "Control request timeout" in outcome.detail
        assert agent.pool.processes == ()


# -- the end of processes, and of the daemon


async def test_an_idle_process_that_cannot_be_followed_is_ended(desk: Desk) -> None:
    """Whatever the SDK raises while nobody speaks to a process: it is not kept, and the next turn has another one."""

    class Odd(ClaudeSDKClient):
        readings = 0

        async def receive_messages(self) -> AsyncIterator[Any]:
            Odd.readings += 1
            if Odd.readings == 2:
                raise Exception("odd")  # noqa: TRY002 - the SDK has such
            async for message in super().receive_messages():
                yield message

    async with limited(desk, client=Odd) as agent:
        await desk.turn("hi")
        await until(lambda: not agent.pool.idle and not running(desk))
        assert finished(await desk.turn("more")).texts == ("reply 1",)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have processes pushed sooner when they do not leave."""
    monkeypatch.setattr(worker, "TERMINATED_AFTER", 0.2)
    monkeypatch.setattr(worker, "KILLED_AFTER", 0.6)


@pytest.mark.usefixtures("hurried")
async def test_a_process_that_hangs_does_not_hold_up_the_end(desk: Desk) -> None:
    """An idle process that hears nothing is killed when the agent closes."""
    await desk.turn("hi")
    os.kill(pid(desk), signal.SIGSTOP)
    async with asyncio.timeout(3):
        await desk.agent.close()
    assert running(desk) == []


@pytest.mark.usefixtures("hurried")
async def test_a_session_has_no_second_process_while_the_first_one_leaves(desk: Desk) -> None:
    """A turn that comes while the idle process is being ended waits until that has ended."""
    await desk.turn("hi")
    os.kill(pid(desk), signal.SIGSTOP)
    desk.agent.pool._end_soon(list(desk.agent.pool._idle.values()))
    most: list[int] = []
    await desk.run(desk.request("more"), watch=lambda _: most.append(len(running(desk))))
    assert max(most) == 1
    assert running(desk) == [pid(desk)]


async def test_a_turn_that_never_ran_has_an_outcome_too(desk: Desk) -> None:
    """The agent is closed as soon as a turn was asked for: whoever reads its events does not wait for ever."""
    turn = asyncio.create_task(desk.turn("hi"))
    await asyncio.sleep(0)
    assert desk.agent._turns
    await desk.agent.close()
    async with asyncio.timeout(5):
        outcome = await turn
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.STOPPED


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_idle_processes_end_with_a_killed_daemon(tmp_path: Path) -> None:
    """After kill -9 of the daemon no process is left, idle and prepared ones included, and questions are still open."""
    launcher = Launcher(state_dir=tmp_path / "state")
    asks = Step(calls=(ASK,))
    async with RehearsalServer(
        lambda request: asks if request.last_message.endswith("two") else plain(request)
    ) as server:
        daemon = await asyncio.create_subprocess_exec(
            sys.executable, "-c", DAEMON, server.url, str(tmp_path), stdout=subprocess.PIPE
        )
        assert daemon.stdout is not None
        async with asyncio.timeout(30):
            assert await daemon.stdout.readline() == b"ready\n"
        assert len(list(process._marked(launcher._owner))) == 3
        daemon.kill()
        await daemon.wait()
        await until(lambda: not list(process._marked(launcher._owner)), seconds=5)
    sessions = [path.stem for path in (tmp_path / "config" / "projects").glob("*/*.jsonl")]
    assert len(sessions) == 2
    assert sum(open_call(read_entries(tmp_path / "config", session)) is not None for session in sessions) == 1


async def test_a_call_that_no_turn_asked_for_is_refused(desk: Desk) -> None:
    """A process that does something while it is idle is refused every tool, and is not used again."""
    await desk.turn("hi")
    (worker,) = desk.agent.pool._idle.values()
    desk.script(asking(ToolCall("Write", {"file_path": str(desk.work / "x"), "content": "x"})))

    async def prompt() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "user", "message": {"role": "user", "content": "by itself"}, "parent_tool_use_id": None}

    await worker.client.query(prompt())
    await until(lambda: not desk.agent.pool.idle)
    await until(lambda: not running(desk))
    assert not (desk.work / "x").exists()
