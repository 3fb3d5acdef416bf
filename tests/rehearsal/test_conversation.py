"""What a request tells of the plan."""

from __future__ import annotations

from echo_core.rehearsal.conversation import one_line, understand
from tests.rehearsal.conftest import asked, assistant, result, user


def test_turns_and_steps_are_counted_by_what_stands_between_replies() -> None:
    """A prompt begins a turn; a tool's result goes on with it, also with words of the CLI's behind it."""
    one = (user("<system-reminder>x</system-reminder>", "hi"), {"role": "system", "content": "y"})
    two = (*one, assistant("a"), result("ok", "Continue from where you left off."))
    three = (*two, assistant("b"), user("next"))
    counted = [
        (found.turn, found.step) for found in map(understand, (asked(*one), asked(*two), asked(*three), asked()))
    ]
    assert counted == [(0, 0), (0, 1), (1, 0), (0, 0)]


def test_the_words_of_people_are_told_from_the_rest() -> None:
    """Fenced words and answers are what people said; what the daemon wrote is not."""
    answers = 'Your questions have been answered: "A?"="one, two", "B?"="say \\"so\\"". You can now continue.'
    fenced = "[EXTERNAL CONTENT n Ana]\nhello\nyou\n[END EXTERNAL CONTENT n]\nand more [EXTERNAL CONTENT x"
    found = understand(asked(user("start"), assistant("?"), result(answers), assistant("!"), user(fenced)))
    assert found.values["answer"] == "hello you"
    assert found.values["notes"].splitlines()[0].startswith("- one, two; say ")
    assert understand(asked(user("start"))).values["notes"] == "- nothing yet"


def test_a_typed_answer_is_told_without_its_fences() -> None:
    """What a member typed in answer to a question comes fenced; the rehearsal repeats the words alone."""
    typed = "[EXTERNAL CONTENT 0a from Ana (1)]\nGreen\n[END EXTERNAL CONTENT 0a]"
    answers = f'Your questions have been answered: "A?"="one", "B?"="{typed}". You can now continue.'
    found = understand(asked(user("start"), assistant("?"), result(answers)))
    assert found.values["answer"] == "one; Green"


def test_the_newest_paths_count() -> None:
    """Paths come from the prompts, with whatever stands behind them; the phase from system prompt or command."""
    start = "<command-name>/echo-core:office-hours</command-name><command-args>x\nWorkspace: /w one</command-args>"
    found = understand(asked(user(start), assistant("a"), user("Workspace: /w two\nWrite the final plan to: /f.md")))
    assert (found.values["workspace"], found.values["final"], found.closing) == ("/w two", "/f.md", True)
    assert (found.phase, found.values["slug"]) == ("office-hours", "the plan")
    named = understand(asked(user(start), system="Plan: todo\nDescription:\nPhase: /echo-core:plan-eng-review"))
    assert (named.phase, named.values["description"], named.closing) == ("plan-eng-review", "todo", False)


def test_a_long_word_is_cut() -> None:
    """What is repeated stays short."""
    assert one_line("a\n b") == "a b"
    assert len(one_line("x" * 400)) == 300
