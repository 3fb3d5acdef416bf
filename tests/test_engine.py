"""How a plan is put to the agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from echo_core.engine import first_session, made_id
from echo_core.plan import Branch, Pending
from echo_core.rehearsal.model import Step
from tests.plans import a_plan
from tests.workshop import Workshop, open_workshop


def _nothing(_request: object) -> Step:
    return Step()


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """Give a workshop in which nothing is said."""
    async with open_workshop(tmp_path, _nothing, max_turns=7, model="some-model") as shop:
        yield shop


async def test_a_request_has_what_the_plan_says(shop: Workshop) -> None:
    """Folders, prompt and limits; what is said, or people's decision about a call."""
    plan = shop.plan(allowed=("Bash(ls)",))
    request = shop.engine.request(plan, session_id="s", resume=True, said=Pending(prompt="hello"), prompt_id="p")
    assert (request.cwd, request.prompt, request.prompt_id, request.max_turns) == (plan.cwd, "hello", "p", 7)
    assert "Phase: /office-hours" in request.system_prompt
    assert request.scope.rules == {"Bash(ls)"}
    assert request.model == "some-model"
    settled = Pending(tool_use_id="call", allow=False, reason="no")
    request = shop.engine.request(plan, session_id="s", resume=True, said=settled, prompt_id="p", max_turns=9)
    assert request.resolution is not None
    assert (request.resolution.tool_use_id, request.resolution.reason) == ("call", "no")
    assert (request.prompt_id, request.max_turns) == ("", 9)


async def test_a_branch_counts_until_its_session_is_there(shop: Workshop) -> None:
    """A session that begins as a copy says of what; one that goes on does not."""
    plan = shop.plan(branch=Branch(session_id="original", at="tip", note="n"))
    request = shop.engine.request(plan, session_id="s", resume=False)
    assert (request.fork_from, request.fork_at, request.prompt) == ("original", "tip", "")
    assert shop.engine.request(plan, session_id="s", resume=True).fork_from == ""


def test_ids_are_the_same_whenever_they_are_made(tmp_path: Path) -> None:
    """They depend on the channel, on what they are made for, and on the phase where one begins."""
    plan = a_plan(tmp_path)
    assert made_id(plan, "message-1", "respond") == made_id(plan, "message-1", "respond")
    other = a_plan(tmp_path, channel_id="2")
    later = a_plan(tmp_path, phase="/plan-ceo-review")
    ids = {
        made_id(plan, "message-1", "respond"), made_id(plan, "message-2", "respond"),
        made_id(plan, "message-1", "start"), made_id(other, "message-1", "respond"),
        first_session(plan, "token"), first_session(later, "token"),
    }  # fmt: skip
    assert len(ids) == 6
