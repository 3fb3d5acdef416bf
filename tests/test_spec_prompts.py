"""The workflow `spec`: its prompt in a file of its own, its system prompt, and plans in folders of projects."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import structlog.testing

from echo_core.errors import WorkflowError
from echo_core.folders import Folders
from echo_core.messages import ChannelKey
from echo_core.orchestrator import PlanRequest
from echo_core.plan import Conversation, ReadyOffer
from echo_core.projects import Projects
from echo_core.prompts import Prompts, shipped_prompts
from echo_core.rehearsal.scenario import load_scenario
from echo_core.workflow import load_workflow
from tests.house import open_house
from tests.plans import a_plan
from tests.stories.stage import INPUT, says
from tests.workshop import KEY, open_workshop, plan_of

SPEC = PlanRequest(slug="todo", description="A todo list", workflow="spec")
SMALL = """
name = "small"
title = "Small"
[[phases]]
skill = "/think"
title = "Think"
document = "notes/deep/think.md"
prompt_file = "think.md"
"""


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Give the folders of a home that is empty."""
    return Folders.of(
        workspace_root=tmp_path / "workspace",
        state=tmp_path / "state",
        plugin=tmp_path,
        environ={"HOME": str(tmp_path)},
    )


def small(tmp_path: Path, folders: Folders, text: str = SMALL) -> Prompts:
    """Put a workflow into a folder of one's own."""
    (tmp_path / "own" / "workflows").mkdir(parents=True)
    (tmp_path / "own" / "workflows" / "small.toml").write_text(text, encoding="utf-8")
    return Prompts(folders=folders, own=tmp_path / "own")


def test_the_shipped_workflow() -> None:
    """Spec creation has one phase, a prompt of its own, and works in projects."""
    spec = load_workflow("spec", [shipped_prompts() / "workflows"])
    (phase,) = spec.phases
    assert (phase.skill, phase.prompt_file, phase.document) == (
        "/create-spec",
        "create_spec.md",
        "prompts/app_spec.txt",
    )
    assert (spec.system, spec.projects, spec.closing) == ("spec_agent.md", True, None)
    planning = load_workflow("planning", [shipped_prompts() / "workflows"])
    assert (planning.system, planning.projects) == ("planning_agent.md", False)


def test_the_first_message_is_the_file_filled_in(folders: Folders, tmp_path: Path) -> None:
    """The interview's prompt names the project and its paths; nothing in it is expanded by the CLI."""
    plan = a_plan(tmp_path, workflow="spec", phase="/create-spec", slug="todo", description="read @/etc/passwd")
    text = Prompts(folders=folders).start(plan)
    assert text.startswith("# Create the specification")
    assert "\nProject: todo\n" in text
    assert f"\nWorkspace: {tmp_path}\n" in text
    assert f"\nWrite this phase's document to: {tmp_path}/prompts/app_spec.txt\n" in text
    assert "Earlier documents:" not in text
    assert "@" not in text
    assert "${" not in text
    assert not re.search(r"\{(slug|description|phase|workspace|document|review|earlier)\}", text)


def test_the_prompt_describes_the_status_file() -> None:
    """The example of the status file is JSON with the fields that programs read."""
    text = (shipped_prompts() / "create_spec.md").read_text(encoding="utf-8")
    found = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert found
    example = json.loads(found[1])
    assert example["status"] == "complete"
    assert set(example) >= {"status", "feature_count", "timestamp", "files_written"}
    assert all(f"`{name}`" in text for name in (*example["files_written"], "prompts/.spec_status.json"))


def test_the_system_prompt_is_the_workflows(folders: Folders, tmp_path: Path) -> None:
    """Spec creation has its own rules, with the same marker, fences and question tool; and is shorter."""
    plan = a_plan(tmp_path, workflow="spec", phase="/create-spec", slug="todo")
    prompts = Prompts(folders=folders)
    text = prompts.system(plan)
    assert text.startswith("# Writing a specification")
    assert "\nPlan: todo\n" in text
    assert "\nPhase: /create-spec\n" in text
    for words in (
        "PHASE_STATUS: needs_input", "PHASE_STATUS: ready_to_advance", "[EXTERNAL CONTENT …]", "AskUserQuestion",
        "(recommended)", "`A)`",
    ):  # fmt: skip
        assert words in text
    assert len(text) < len(prompts.system(a_plan(tmp_path))) / 2 * 1.1


def test_a_folder_of_ones_own_comes_first(folders: Folders, tmp_path: Path) -> None:
    """A team's own prompt file and system prompt take the place of ours."""
    prompts = small(tmp_path, folders)
    (tmp_path / "own" / "think.md").write_text(
        "Think about {slug} in {document}.\nEarlier:{earlier}\n", encoding="utf-8"
    )
    (tmp_path / "own" / "spec_agent.md").write_text("Own: {slug}", encoding="utf-8")
    plan = a_plan(tmp_path, workflow="small", phase="/think")
    assert prompts.start(plan) == f"Think about todo-app in {tmp_path}/notes/deep/think.md."
    assert prompts.system(a_plan(tmp_path, workflow="spec", phase="/create-spec")) == "Own: todo-app"


def test_a_missing_prompt_file_is_an_error(folders: Folders, tmp_path: Path) -> None:
    """The error names the file; a missing system prompt of a workflow's own is a warning, as ever."""
    prompts = small(tmp_path, folders, SMALL.replace('title = "Small"', 'title = "Small"\nsystem = "none.md"'))
    plan = a_plan(tmp_path, workflow="small", phase="/think")
    with pytest.raises(WorkflowError, match=r"think\.md"):
        prompts.start(plan)
    with structlog.testing.capture_logs() as lines:
        assert prompts.system(plan) == ""
    assert lines[0]["path"].endswith("none.md")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('prompt_file = "think.md"', ""), "either a prompt or a prompt_file"),
        (('prompt_file = "think.md"', 'prompt = "x"\nprompt_file = "think.md"'), "either a prompt or a prompt_file"),
        (('prompt_file = "think.md"', 'prompt = "  "'), "either a prompt or a prompt_file"),
        (('"think.md"', '"../think.md"'), "phases.0.prompt_file"),
        (('"notes/deep/think.md"', '"notes/../think.md"'), "phases.0.document"),
        (('"notes/deep/think.md"', '"/think.md"'), "phases.0.document"),
        (('"notes/deep/think.md"', '"notes//think.md"'), "phases.0.document"),
        (('"notes/deep/think.md"', '"a/b/c/d/think.md"'), "phases.0.document"),
        (('"notes/deep/think.md"', '".hidden/think.md"'), "phases.0.document"),
        (('title = "Small"', 'title = "Small"\nsystem = "/etc/passwd"'), "system"),
    ],
)
def test_a_broken_workflow_says_what_is_wrong(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    """A phase has one prompt; documents and prompts lead nowhere else."""
    (tmp_path / "small.toml").write_text(SMALL.replace(*change), encoding="utf-8")
    with pytest.raises(WorkflowError) as caught:
        load_workflow("small", [tmp_path])
    assert told in caught.value.for_operators


async def test_a_plan_in_a_project(tmp_path: Path) -> None:
    """The plan's workspace is the project's folder, where the agent works; below the root nothing is made."""
    async with open_workshop(tmp_path, lambda _request: says(f"Hello.\n\n{INPUT}")) as shop:
        folder = tmp_path / "project"
        folder.mkdir()
        Projects(shop.folders.state).add("todo", folder)
        step = await shop.orchestrator.start(Conversation(), key=KEY, wanted=SPEC, line=shop.line())
        assert plan_of(step).workspace == plan_of(step).cwd == folder
        assert list((tmp_path / "workspace").iterdir()) == []
        assert f"Workspace: {folder}" in "".join(shop.asked[0].user_texts)
        assert shop.asked[0].system.count("# Writing a specification with people") == 1


async def test_who_may_work_in_a_project(tmp_path: Path) -> None:
    """An unknown project is said in words; one folder is worked on in one channel, and is not copied."""
    async with open_house(tmp_path, lambda _request: says(f"Hello.\n\n{INPUT}")) as house:
        folder = tmp_path / "project"
        folder.mkdir()
        house.open()
        await house.command("/plan todo --workflow spec")
        await house.channel.shows("There is no project `todo`")
        Projects(house.shop.folders.state).add("todo", folder)
        other = a_plan(folder, slug="other")
        await house.put(other, key=ChannelKey("discord", "7"))
        await house.command("/plan todo --workflow spec")
        await house.channel.shows("A plan named `other` is under way in another channel")
        await house.put(other.model_copy(update={"status": "complete"}), key=ChannelKey("discord", "7"))
        await house.command("/plan todo --workflow spec")
        await house.channel.shows("Hello.")
        await house.quiet()
        await house.command("/fork")
        await house.channel.shows("which is not copied")
        assert (await house.plan()).workspace == folder


async def test_a_rehearsal_comes_to_the_files(tmp_path: Path) -> None:
    """The scripted model of the demo asks, listens, writes the three files into the project, and is ready."""
    scenario = load_scenario(shipped_prompts() / "rehearsal" / "planning.toml", delay=0)
    async with open_house(tmp_path, scenario) as house:
        folder = tmp_path / "project"
        folder.mkdir()
        Projects(house.shop.folders.state).add("todo", folder)
        house.open()
        await house.command("/plan todo --workflow spec")
        await house.channel.shows("How shall we go about")
        await house.quiet()
        await house.say("Quick")
        await house.channel.shows("In two or three sentences")
        await house.quiet()
        await house.say("Two people in one kitchen.")
        await house.channel.shows("with 3 features")
        await house.quiet()
        assert isinstance((await house.plan()).offer, ReadyOffer)
        assert "Two people in one kitchen." in (folder / "prompts" / "app_spec.txt").read_text()
        assert json.loads((folder / "prompts" / ".spec_status.json").read_text())["feature_count"] == 3
