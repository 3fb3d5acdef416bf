"""The prompts as the real CLI and the daemon find them: the plugin's skills, the workflow and the system prompt."""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, SystemMessage, query

from echo_core.rehearsal.model import ModelRequest, Step, ToolCall
from echo_core.rehearsal.server import RehearsalServer, environment
from echo_core.workflow import load_workflow

PROMPTS = Path(__file__).parents[2] / "prompts"
SKILLS = PROMPTS / "skills"
WORKFLOW: dict[str, Any] = tomllib.loads((PROMPTS / "workflows" / "planning.toml").read_text(encoding="utf-8"))
PHASES: list[dict[str, Any]] = WORKFLOW["phases"]
NAMES = [phase["skill"].removeprefix("/") for phase in PHASES]
SYSTEM_PROMPT = (PROMPTS / "planning_agent.md").read_text(encoding="utf-8")

PROMPT_FIELDS = {"slug", "description", "phase", "workspace", "document", "review", "earlier"}
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
HEADINGS = ("## Before you speak", "## How to talk", "## Ready when", "## Don't", "## This run")


def front_matter(text: str) -> dict[str, str]:
    """Read the flat `key: value` lines between the first two `---`."""
    opening, block, _ = text.split("---\n", maxsplit=2)
    assert opening == ""
    return {key: value for key, _, value in (line.partition(": ") for line in block.splitlines())}


def body(text: str) -> str:
    """Give the skill's text behind its front matter, without what follows `$ARGUMENTS`."""
    return text.split("---\n", maxsplit=2)[2].split("$ARGUMENTS", maxsplit=1)[0].strip()


def words(text: str) -> str:
    """Write a text as keywords are compared: lower case, no accents, one space between words and around."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(char for char in bare if not unicodedata.combining(char))
    return " ".join(["", *re.findall(r"\w+", letters), ""])


def skill_text(name: str) -> str:
    """Read a skill."""
    return (SKILLS / name / "SKILL.md").read_text(encoding="utf-8")


def options(url: str, folder: Path, **more: Any) -> ClaudeAgentOptions:
    """Run the CLI in an empty folder with our plugin and no settings of anybody's."""
    workspace, config = folder / "workspace", folder / "config"
    workspace.mkdir()
    config.mkdir()
    return ClaudeAgentOptions(
        plugins=[{"type": "local", "path": str(SKILLS)}],
        setting_sources=[],
        cwd=workspace,
        env=environment(url, config),
        **more,
    )


async def converse(prompt: str, settings: ClaudeAgentOptions) -> dict[str, Any]:
    """Run one turn and give what the CLI said of itself in the beginning."""
    init: dict[str, Any] = {}
    finished = False
    async for message in query(prompt=prompt, options=settings):
        if isinstance(message, SystemMessage) and message.subtype == "init":
            init = message.data
        finished = finished or isinstance(message, ResultMessage)
    assert finished
    return init


@pytest.mark.parametrize("name", NAMES)
async def test_cli_runs_the_skill(name: str, tmp_path: Path) -> None:
    """The CLI lists the plugin's skill, and its invocation brings the whole skill and our lines to the model."""
    lines = f"A todo list for two\nWorkspace: {tmp_path}\nWrite this phase's document to: {tmp_path}/x.md"
    async with RehearsalServer(lambda _: Step(text=("Noted.",))) as server:
        init = await converse(f"/echo-core:{name} {lines}", options(server.url, tmp_path))
        asked = "\n".join(server.requests[0].user_texts)
    assert {f"echo-core:{each}" for each in NAMES} <= set(init["slash_commands"])
    assert not init.get("plugin_errors")
    assert f"{body(skill_text(name))}\n\n{lines}" in asked


async def test_only_the_daemon_starts_a_phase(tmp_path: Path) -> None:
    """A model that calls another phase's skill by itself is refused, and is not told of the skills."""
    call = ToolCall(name="Skill", input={"skill": "echo-core:plan-ceo-review", "args": "now"})

    def script(request: ModelRequest) -> Step:
        return Step(text=("Done.",)) if request.replies else Step(calls=(call,))

    async with RehearsalServer(script) as server:
        settings = options(server.url, tmp_path, allowed_tools=["Skill"])
        await converse("/echo-core:office-hours A todo list for two", settings)
        first, last = server.requests[0], server.requests[-1]
    assert front_matter(skill_text("office-hours"))["description"] not in json.dumps(first.body)
    assert len(last.messages) > len(first.messages)
    assert "# CEO review" not in json.dumps(last.body)
    errors = [
        block["content"]
        for message in last.messages
        for block in message["content"]
        if isinstance(block, dict) and block.get("type") == "tool_result" and block.get("is_error")
    ]
    assert len(errors) == 1
    assert "disable-model-invocation" in errors[0]


@pytest.mark.parametrize("name", NAMES)
def test_front_matter(name: str) -> None:
    """A skill is named as its folder, describes itself on one line and can be started by people only."""
    fields = front_matter(skill_text(name))
    assert fields["name"] == name
    assert 40 <= len(fields["description"]) <= 250
    assert ": " not in fields["description"]
    assert fields["disable-model-invocation"] == "true"


@pytest.mark.parametrize("name", NAMES)
def test_skill_text(name: str) -> None:
    """A skill has the agreed parts, uses the daemon's paths, and holds nothing that the CLI would expand."""
    text = skill_text(name)
    for heading in HEADINGS:
        assert f"\n{heading}\n" in text
    assert "`Workspace:`" in text
    assert "`Write this phase's document to:`" in text
    assert ("`Review the plan at`" in text) == (name != NAMES[0])
    assert text.endswith("\n\n$ARGUMENTS\n")
    assert text.count("$") == 1
    assert "@" not in text
    assert "!`" not in text
    assert "PHASE_STATUS" not in text
    assert not PLACEHOLDER.findall(text)


def test_every_phase_has_its_skill() -> None:
    """The plugin holds the skills that the workflow names, and no other."""
    assert sorted(NAMES) == sorted(path.parent.name for path in SKILLS.glob("*/SKILL.md"))
    manifest = json.loads((SKILLS / ".claude-plugin" / "plugin.json").read_text(encoding="utf-8"))
    assert manifest["name"] == "echo-core"


def test_phase_order_and_titles() -> None:
    """The phases stand in the order that was agreed: design before engineering."""
    assert [phase["title"] for phase in PHASES] == ["Office hours", "CEO review", "Design review", "Engineering review"]
    assert [phase.get("when") for phase in PHASES] == [None, None, "ui", None]


def test_workflow_is_whole() -> None:
    """Documents differ, and what a phase refers to exists and comes before it."""
    documents = [phase["document"] for phase in PHASES] + [WORKFLOW["closing"]["document"]]
    assert len(set(documents)) == len(documents)
    assert all(Path(document).name == document for document in documents)
    for number, phase in enumerate(PHASES):
        assert phase.get("when", "ui") in WORKFLOW["conditions"]
        assert "reviews" not in phase or phase["reviews"] in [each["skill"] for each in PHASES[:number]]


def test_start_prompts() -> None:
    """Each first prompt begins with the skill and holds the lines that the skills look for."""
    for number, phase in enumerate(PHASES):
        lines = phase["prompt"].splitlines()
        assert lines[:3] == [
            "{phase} {description}",
            "Workspace: {workspace}",
            "Write this phase's document to: {document}",
        ]
        later = ["Review the plan at {review}", "Earlier documents:{earlier}"]
        assert lines[3:5] == (later if number else [])
    assert f"{{workspace}}/{WORKFLOW['closing']['document']}" in PHASES[-1]["prompt"]


def test_no_unknown_placeholder() -> None:
    """The texts of the workflow hold only placeholders that the daemon fills in."""
    for text in [*(phase["prompt"] for phase in PHASES), WORKFLOW["closing"]["prompt"]]:
        assert set(PLACEHOLDER.findall(text)) <= PROMPT_FIELDS
        assert text.count("{") == len(PLACEHOLDER.findall(text))
    assert {"workspace", "document", "earlier"} <= set(PLACEHOLDER.findall(WORKFLOW["closing"]["prompt"]))


def test_system_prompt_lines() -> None:
    """The three values have a line each, and both markers stand alone on theirs."""
    lines = SYSTEM_PROMPT.splitlines()
    for line in ("Plan: {slug}", "Description: {description}", "Phase: {phase}"):
        assert lines.count(line) == 1
    assert [line for line in lines if "PHASE_STATUS" in line] == [
        "PHASE_STATUS: needs_input",
        "PHASE_STATUS: ready_to_advance",
    ]


def test_system_prompt_braces() -> None:
    """Besides its three placeholders the prompt holds braces of its own, which only a replacement as text survives."""
    assert sorted(PLACEHOLDER.findall(SYSTEM_PROMPT)) == ["description", "phase", "slug"]
    example = SYSTEM_PROMPT.split("```json\n")[1].split("```")[0]
    question = json.loads(example)["questions"][0]
    assert 2 <= len(question["options"]) <= 4
    assert question["options"][0]["label"].endswith("(recommended)")
    with pytest.raises((KeyError, ValueError, IndexError)):
        SYSTEM_PROMPT.format(slug="s", description="d", phase="p")


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("A todo list for two", False),
        ("An app for shared shopping", True),
        ("A front-end for the archive", True),
        ("Web page with the opening hours", True),
        ("O listă de sarcini pentru doi", False),
        ("O aplicație pentru cumpărături", True),
        ("Site-ul asociației de locatari", True),
        ("Eine Einkaufsliste für zwei", False),
        ("Grafische Oberfläche für das Archiv", True),
        ("Auswertung in Form von Berichten", False),
        ("A command-line interface for backups", False),
        ("Nightly import in the form of a batch job, without a UI", False),
        ("A handy build script", False),
        ("WhatsApp messages into a database", False),
    ],
)
def test_interface_words(description: str, expected: bool) -> None:
    """Descriptions in three languages are told apart by whole words; capitals, accents, hyphens do not matter."""
    workflow = load_workflow("planning", [PROMPTS / "workflows"])
    assert (workflow.conditions_of(description, ()) == ("ui",)) is expected


def test_interface_words_are_distinct() -> None:
    """No keyword is listed twice once accents and hyphens are gone, and every ignored phrase hides a keyword."""
    condition = WORKFLOW["conditions"]["ui"]
    keywords = [words(keyword) for keyword in condition["keywords"]]
    assert len(set(keywords)) == len(keywords)
    for phrase in condition["ignore"]:
        assert any(keyword in words(phrase) for keyword in keywords), phrase
