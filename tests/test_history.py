from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from echo_core.agent.base import Spoken
from echo_core.fences import Contribution, fence, fence_all
from echo_core.history import Said, history, history_text
from echo_core.markers import MARKER_INPUT, MARKER_READY
from echo_core.plan import PhaseRun, Plan
from echo_core.texts import speaking
from tests.plans import NOON, a_plan

ADA = Contribution("1", "Ada", "A list for two")
BOB = Contribution("2", "Bob", "And for the cat")


class Transcripts:
    """Transcripts by session; `asked` holds the sessions and folders that were asked for."""

    def __init__(self, sessions: Mapping[str, Sequence[Spoken]]) -> None:
        self.sessions = sessions
        self.asked: list[tuple[str, Path]] = []

    async def __call__(self, *, session_id: str, cwd: Path) -> Sequence[Spoken]:
        """See `echo_core.history.Transcript`."""
        self.asked.append((session_id, cwd))
        return self.sessions.get(session_id, ())


def with_runs(workspace: Path, **sessions: str) -> Plan:
    """Make a plan that was in these phases, each with its session."""
    runs = [
        PhaseRun(phase=f"/{phase}", session_id=session, cwd=workspace / phase, started_at=NOON)
        for phase, session in sessions.items()
    ]
    return a_plan(workspace, runs=tuple(runs), last_text_excerpt="The last reply")


def asked(*said: Contribution) -> Spoken:
    """Make the prompt in which members said something."""
    return Spoken("user", fence_all(said, nonce="5f1c09ab5f1c09ab"))


async def test_what_was_said_is_read_phase_by_phase(tmp_path: Path) -> None:
    """Members by their names, the agent without one, in order; each session is looked for in its own folder."""
    plan = with_runs(tmp_path, think="s1", build="s2")
    transcripts = Transcripts(
        {
            "s1": [Spoken("assistant", "What is it for?"), asked(ADA, BOB), Spoken("assistant", "I see.")],
            "s2": [Spoken("assistant", "Let us build.")],
        }
    )
    assert await history(plan, transcripts) == [
        Said("/think", "", "What is it for?"),
        Said("/think", "Ada", "A list for two"),
        Said("/think", "Bob", "And for the cat"),
        Said("/think", "", "I see."),
        Said("/build", "", "Let us build."),
    ]
    assert transcripts.asked == [("s1", tmp_path / "think"), ("s2", tmp_path / "build")]


async def test_prompts_of_the_daemon_and_markers_are_left_out(tmp_path: Path) -> None:
    """People see neither the prompt that starts a phase, nor a marker, nor a reply that is nothing else."""
    transcripts = Transcripts(
        {
            "s1": [
                Spoken("user", "/think A todo list\nWorkspace: /somewhere"),
                Spoken("assistant", f"Which one?\n\n{MARKER_INPUT}"),
                asked(ADA),
                Spoken("assistant", MARKER_READY),
            ]
        }
    )
    assert await history(with_runs(tmp_path, think="s1"), transcripts) == [
        Said("/think", "", "Which one?"),
        Said("/think", "Ada", "A list for two"),
    ]


async def test_text_around_fences_is_the_daemons(tmp_path: Path) -> None:
    """Of a prompt that holds more than contributions, only they were said."""
    text = f"A member did not allow this, and wrote:\n{fence(ADA, nonce='ab12')}\nGo on."
    transcripts = Transcripts({"s1": [Spoken("user", text)]})
    assert await history(with_runs(tmp_path, think="s1"), transcripts) == [Said("/think", "Ada", "A list for two")]


async def test_without_a_transcript_the_last_reply_is_left(tmp_path: Path) -> None:
    """The excerpt in the state stands in for transcripts that are gone, and only for all of them."""
    plan = with_runs(tmp_path, think="s1", build="s2")
    assert await history(plan, Transcripts({})) == [Said("/office-hours", "", "The last reply")]
    kept = Transcripts({"s2": [Spoken("assistant", "Let us build.")]})
    assert await history(plan, kept) == [Said("/build", "", "Let us build.")]


async def test_nothing_was_said_yet(tmp_path: Path) -> None:
    """A plan without a session has no history."""
    assert await history(a_plan(tmp_path), Transcripts({})) == []
    assert history_text([], agent="Agent", limit=6000) == ""


def test_a_short_history_is_shown_whole() -> None:
    """Each message under the name of who said it."""
    said = [Said("/think", "Ada", "Hello"), Said("/think", "", "**Hi**\n\n- one")]
    assert history_text(said, agent="Agent", limit=6000) == "**Ada**\nHello\n\n**Agent**\n**Hi**\n\n- one"


def test_of_a_long_history_the_latest_is_shown() -> None:
    """How many are left out is said first, and where they are to be had."""
    said = [Said("/think", "Ada", f"message {number} {'x' * 80}") for number in range(10)]
    text = history_text(said, agent="Agent", limit=300)
    assert text.startswith("*7 earlier messages are left out here; `echo-core sessions export` writes all.*\n\n")
    assert [f"message {number} " in text for number in range(10)] == [False] * 7 + [True] * 3
    one = history_text(said[:4], agent="Agent", limit=300)
    assert one.startswith("*One earlier message is left out here")


def test_of_a_message_that_is_too_long_the_front_is_shown() -> None:
    """What is cut can be read by itself: an open code block is closed."""
    text = history_text([Said("/think", "", "```py\n" + "x = 1\n" * 500 + "```")], agent="Agent", limit=300)
    assert text.startswith("**Agent**\n```py\nx = 1\n")
    assert text.endswith("x = 1\n```\n\n…")
    assert len(text) < 400


def test_names_are_literal() -> None:
    """A name cannot change how the history looks."""
    text = history_text([Said("/think", "**Ada** `", "Hello")], agent="Agent", limit=300)
    inline = MarkdownIt("commonmark").parse(text)[1].children or []
    assert "".join(token.content for token in inline if token.type == "text").startswith("**Ada** `")


def test_what_a_message_leaves_open_ends_with_it() -> None:
    """A code block that somebody did not close does not swallow what was said after it."""
    text = history_text([Said("/think", "Ada", "```\nx"), Said("/think", "", "# Yes")], agent="Agent", limit=300)
    assert text == "**Ada**\n```\nx\n```\n\n**Agent**\n# Yes"


@given(st.lists(st.builds(Said, st.just("/think"), st.text(max_size=20), st.text(max_size=400)), min_size=1))
def test_a_history_keeps_about_to_its_limit(said: list[Said]) -> None:
    """Whatever was said, the text is at most the limit and a few lines, and the latest message is in it."""
    text = history_text(said, agent="Agent", limit=200)
    assert len(text) <= 200 + 200
    assert "**\n" in text


async def test_the_words_around_are_in_the_language_of_the_channel(tmp_path: Path) -> None:
    """Romanian has three forms for how many messages are left out, and its own word for an answer."""
    with speaking("ro"):
        transcripts = Transcripts({"s1": [Spoken("answer", "Da")]})
        assert await history(with_runs(tmp_path, think="s1"), transcripts) == [Said("/think", "Răspuns", "Da")]
        firsts = []
        for count in (2, 3, 21):
            said = [Said("/think", "Ada", "x" * 90)] * count
            firsts.append(history_text(said, agent="Agent", limit=100).partition(" nu ")[0])
    assert firsts == ["*Un mesaj mai vechi", "*2 mesaje mai vechi", "*20 de mesaje mai vechi"]


async def test_of_a_session_and_its_copy_the_copy_is_read(tmp_path: Path) -> None:
    """A turn that was taken back is not in the history, and what came before it stands there once."""
    first = Spoken("assistant", "What is it for?", "m1")
    transcripts = Transcripts(
        {
            "s1": [first, asked(ADA), Spoken("assistant", "I see.")],
            "s2": [first, asked(BOB), Spoken("assistant", "A cat!")],
            "s3": [Spoken("assistant", "Let us build.", "m9")],
        }
    )
    said = await history(with_runs(tmp_path, think="s1", again="s2", build="s3"), transcripts)
    assert [one.text for one in said] == ["What is it for?", "And for the cat", "A cat!", "Let us build."]


async def test_answers_are_shown(tmp_path: Path) -> None:
    """What was pressed stands as an answer, what was typed under its author's name."""
    typed = Spoken("answer", fence(ADA, nonce="5f1c09ab5f1c09ab"))
    transcripts = Transcripts({"s1": [Spoken("assistant", "Which?"), Spoken("answer", "Red, Blue"), typed]})
    said = await history(with_runs(tmp_path, think="s1"), transcripts)
    assert [(one.author, one.text) for one in said] == [
        ("", "Which?"),
        ("Answer", "Red, Blue"),
        ("Ada", "A list for two"),
    ]


async def test_when_it_was_said_and_how_long_it_took(tmp_path: Path) -> None:
    """The agent took the time since somebody else had spoken, also a prompt of the daemon's; never less than none."""
    times = [NOON + timedelta(seconds=seconds) for seconds in (0, 8, 60, 50)]
    lines = [
        Spoken("user", "/think A todo list", at=times[0]),
        Spoken("assistant", "Which one?", at=times[1]),
        Spoken("user", fence_all([ADA], nonce="5f1c09ab5f1c09ab"), at=times[2]),
        Spoken("assistant", "I see.", at=times[3]),
        Spoken("assistant", "And so on."),
    ]
    said = await history(with_runs(tmp_path, think="s1"), Transcripts({"s1": lines}))
    assert [(one.at, one.took) for one in said] == [(times[1], 8), (times[2], None), (times[3], 0), (None, None)]
