from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.briefs import Brief, BriefOption, answer_of, find_brief

GSTACK = """\
I read the design document. One thing must be decided before the review goes on.

**D3 — Where do the lists live?**

ELI10: two people edit one list. Somebody has to decide whose change wins.

Recommendation: B because it needs no server of our own.

A) **One file on a server** (human: 2 days / agent: 20 min)
  ✅ simple to reason about
  ❌ we have to run a server
B) **A shared folder** (recommended)
  ✅ no server
  ❌ conflicts show up late
C) **A database** — more than we need

Net: choose between running something and merging something. <gstack-qid:store>
"""
NUMBERED = """\
There are two ways to do it:

1. **Keep it small.** Ship a list, nothing else.
2. **Do it right.** Accounts, sharing, offline.

Which one do you want?
"""
SCOPE = """\
D1 — Which scope mode for this review?
Project/branch/task: todo-app on main, CEO review.
ELI10: The plan can grow, stay, or shrink. We have to say
which before the sections start.
Stakes if we pick wrong: we review the wrong plan.
Recommendation: C because the plan is small already.
Completeness: A=9/10, B=7/10, C=8/10
Pros / cons:
A) SCOPE EXPANSION
  ✅ finds the ten times better product
  ❌ takes two more weeks
B) SELECTIVE EXPANSION — the base, and cherries
  ✅ keeps the base
  ❌ more questions
C) HOLD SCOPE
  ✅ fastest
D) SCOPE REDUCTION
  ✅ smallest
Net: C unless you want to dream.
"""
BULLETS = """\
Who is this for?

- **Just the two of us**: no accounts needed
- **Families** – a handful of people
- **Everyone**

Take your time.
"""
parts = st.sampled_from(
    [
        "A) one",
        "B) two",
        "1. one",
        "2. two",
        "- **x**",
        "Why?",
        "\n",
        "\n\n",
        "```",
        "> ",
        "| a |",
        "  ",
        "Recommendation: B",
    ]
)
texts = st.one_of(st.text(), st.lists(parts, max_size=20).map("\n".join), st.lists(parts, max_size=20).map("".join))


def keys(text: str) -> str:
    """Give the keys of the brief in a text, empty when there is none."""
    brief = find_brief(text)
    return "".join(option.key for option in brief.options) if brief else ""


def test_a_brief_of_gstack() -> None:
    """Letters with pros and cons below them, an id, a recommendation: each option with its words."""
    assert find_brief(GSTACK) == Brief(
        (
            BriefOption("A", "One file on a server", "(human: 2 days / agent: 20 min)"),
            BriefOption("B", "A shared folder"),
            BriefOption("C", "A database", "more than we need"),
        ),
        recommended="B",
        question="Where do the lists live?",
    )


def test_a_brief_without_markup() -> None:
    """The same as gstack writes it in plain lines; the scores are no options."""
    brief = find_brief(SCOPE)
    assert brief is not None
    assert [(option.key, option.label) for option in brief.options] == [
        ("A", "SCOPE EXPANSION"),
        ("B", "SELECTIVE EXPANSION"),
        ("C", "HOLD SCOPE"),
        ("D", "SCOPE REDUCTION"),
    ]
    assert brief.options[1].description == "the base, and cherries"
    assert brief.recommended == "C"


def test_numbers_with_a_question_below() -> None:
    """A numbered list is a brief when the text asks which."""
    assert find_brief(NUMBERED) == Brief(
        (
            BriefOption("1", "Keep it small", "Ship a list, nothing else."),
            BriefOption("2", "Do it right", "Accounts, sharing, offline."),
        ),
        question="Which one do you want?",
    )


def test_bold_bullets_below_a_question() -> None:
    """Bullets have no keys of their own and get letters."""
    assert find_brief(BULLETS) == Brief(
        (
            BriefOption("A", "Just the two of us", "no accounts needed"),
            BriefOption("B", "Families", "a handful of people"),
            BriefOption("C", "Everyone"),
        ),
        question="Who is this for?",
    )


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (SCOPE, "Which scope mode for this review?"),
        ("Hello?\n\nWhich **one**?\n\nA) x\nB) y\n\nReally?", "Which one?"),
        ("Some words.\n\nA) x\nB) y\n\nWhich of the two?", "Which of the two?"),
        ("## D4: Scope\n\nLong words.\n\nShort?\n\nA) x\nB) y", "Scope"),
        ("D5\n\nA) x\nB) y", "D5"),
        ("Your choice:\n\nA) x\nB) y", "Your choice:"),
        ("A) x (recommended)\nB) y", ""),
        ("Which?\n" + "\nAnd much more.\n" * 30 + "\nChoose:\n\nA) x\nB) y", "Choose:"),
        ("Which " + "very " * 60 + "long one?\n\nA) x\nB) y", ("Which " + "very " * 60)[:199] + "…"),
    ],
)
def test_what_is_asked(text: str, question: str) -> None:
    """The line with an id, else the nearest one that asks, above before below; without the id, which is not ours."""
    brief = find_brief(text)
    assert brief is not None
    assert brief.question == question


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A) x\nB) y\n\nWhich?", "AB"),
        ("D1\n\nA) x\n\nB) y\n\nC) z\n\nD) w", "ABCD"),
        ("Your choice:\n\n- A) x\n- B) y", "AB"),
        ("Choose:\n\n**A)** x\n**B)** y", "AB"),
        ("**A**) x\n**B**) y\n\nPick one.", "AB"),
        ("(A) x\n(B) y\n\nI recommend A.", "AB"),
        ("## D2: Scope\n### A) x\ntext\n### B) y\ntext", "AB"),
        ("**Option A: x**\ntext\n\n**Option B: y** (recommended)\ntext", "AB"),
        ("What now?\n\nOption A — x\nOption B — y", "AB"),
        ("Which?\nA. x\nB. y", "AB"),
        ("Which?\n\n1. x\n2. y\n3. z", "123"),
        ("Which?\n1) x\n2) y", "12"),
        ("1. x\n2. y\n\nReply with a number.", "12"),
        ("1. x\n2. y\n\n**Recommendation:** option 2, it is smaller.", "12"),
        ("1. x\n2. y\n\nWhat is it to be, 1 or 2?", "12"),
        ("I see two ways. Which one do you prefer?\n\nThey are:\n\n1. x\n2. y", "12"),
        ("Was ist wichtiger?\n\n1. x\n2. y", "12"),
        ("Was ist wichtiger?\n\nBeides geht.\n\nA) x\nB) y", "AB"),
        ("D4: Scope\n\nSome words on it.\n\n1. x\n2. y", "12"),
        ("## D4 — Scope?\n\n1. x\n2. y", "12"),
        ("A) x\nB) y\n\nThen, which?\n\nA) p\nB) q\nC) r", "ABC"),
        ("A) x\n   1. first\n   2. second\nB) y\n\nWhich?", "AB"),
        ("1. done\n2. done too\n\nNow:\n\nWhich?\n- **p**\n- **q**", "AB"),
        ("Which?\n" + "\n".join(f"{key}) x" for key in "ABCDEFGH"), "ABCDEFGH"),
    ],
)
def test_what_is_a_brief(text: str, found: str) -> None:
    """The ways in which options are written; of several briefs the last counts."""
    assert keys(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "What do you think?",
        "A) only one",
        "I wrote:\n\n1. the design\n2. the tests\n\nNext comes the review.",
        "Done:\n\n1. Install\n2. Configure\n\nThis is the plan, which I will write down.",
        "Steps:\n\n1. Build\n2. Ship\n\nI recommend running the tests first.",
        "## What happens next?\n\n1. I write the plan\n2. You read it",
        "Tell me more?\n\n1. Who is it for?\n2. What is the budget?\n3. By when?",
        "Which?\n\n```\nA) x\nB) y\n1. z\n2. w\n```",
        "Which?\n\n| A) x |\n|---|\n| B) y |",
        "> A) x\n> B) y",
        "Which?\n\n" + "\n".join(f"{place}. step" for place in range(1, 13)),
        "Which?\n\n" + "\n".join(f"{key}) step" for key in "ABCDEFGHIJ"),
        "A. Smith wrote it.\nB. Jones read it.",
        "A) x\nB) y",
        "What I changed:\n\nA) the summary is shorter\nB) the risks have owners\n\nThe document is final.",
        "**Option A: x**\ntext\n\n**Option B: y**\ntext",
        "A) Who is it for?\nB) What do they do today?\nC) How many are they?",
        "Agreed:\n\n1) lists\n2) sharing\n\nShall I write it down?",
        "The plan so far:\n\n1. Lists are shared.\n2. No accounts.\n\nAny changes before we go on?",
        "I look at:\n\n1. Architecture\n2. Tests\n\nFirst the architecture. Where do the data live?",
        "Sounds good?\n\nThen I will:\n\n1. write the plan\n2. send it",
        "Next steps:\n1. I write the plan\n2. You review it\nReady?",
        "Decisions:\n\n- **Storage**: a file\n- **Sync**: none\n\nIs something missing?",
        "Which file?\n\n    A) this\n    B) that",
        "Which?\nA) x\nB) y\n" + "\n" * 600 + "The end.",
        "B) y\nA) x",
        "Ready?\n\n- plain\n- bullets",
        "- **Goal**: lists\n- **Users**: two\n\nSounds right?",
        "Which?\n1. x\n2. y\n" + "\nAnd much more text.\n" * 20,
        "A) x\n" + "text\n" * 30 + "B) y",
        "I ate 2. Then 3. Why?",
    ],
)
def test_what_is_no_brief(text: str) -> None:
    """Ordinary lists, lists of questions, lists in code, tables and quotes, lists too short or too long."""
    assert find_brief(text) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A) x (recommended)\nB) y", "A"),
        ("A) x\nB) **y** [Recommended]", "B"),
        ("A) x\nB) y\n\nRECOMMENDATION: Choose later.\n\nI recommend **B**.", "B"),
        ("My recommendation is option A.\n\nA) x\nB) y", "A"),
        ("A) x\nB) y\n\nI recommend C.", None),
        ("A) x\nB) y\n\nI recommend A/B tests.", None),
        ("A) x\nB) y\n\nWhich?", None),
    ],
)
def test_which_option_is_recommended(text: str, key: str | None) -> None:
    """Marked on its own line, or named above or below the list."""
    brief = find_brief(text)
    assert brief is not None
    assert brief.recommended == key
    assert not any("ecommended" in option.label for option in brief.options)


def test_bold_text_is_the_label() -> None:
    """Bold text at the front is an option's words, also where the key is bold as well; elsewhere it is not."""
    brief = find_brief("Which?\n**A) Ship: all of it** — now\nB) **Wait** for it\nC) use **x** - or y")
    assert brief is not None
    assert [(option.label, option.description) for option in brief.options] == [
        ("Ship: all of it", "now"),
        ("Wait", "for it"),
        ("use x", "or y"),
    ]


def test_words_of_an_option_are_plain_and_short() -> None:
    """A button shows no markup; long words are cut; an option without words shows its key."""
    brief = find_brief("Which?\nA) `x` and **y** <b>z</b>\nB) " + "long " * 40 + "\nC) **")
    assert brief is not None
    assert [option.label for option in brief.options] == ["x and y z", ("long " * 12)[:59] + "…", "C"]


@given(texts)
def test_any_text_can_be_looked_at(text: str) -> None:
    """It never raises, and a brief has two to eight options with different keys and words."""
    brief = find_brief(text)
    if brief is not None:
        assert 2 <= len(brief.options) <= 8
        assert len({option.key for option in brief.options}) == len(brief.options)
        assert all(option.label and len(option.label) <= 60 for option in brief.options)
        assert len(brief.question) <= 200
        assert "\n" not in brief.question
        assert brief.recommended is None or brief.recommended in {option.key for option in brief.options}


@pytest.mark.parametrize("fence", ["```", "~~~~", "```py"])
@pytest.mark.parametrize("size", [100, 50_000])
def test_a_long_code_block_hides_what_is_in_it_alone(fence: str, size: int) -> None:
    """However long it is, options inside it are none, and those behind it are some."""
    sign = fence.rstrip("py")
    code = f"{fence}\n" + "x = 1\n" * (size // 6) + "Which one?\nA) in code\nB) in code\n"
    assert find_brief(f"{code}{sign}\n") is None
    brief = find_brief(f"{sign}\nbefore\n{sign}\n{code}{sign}\n\nWhich one do you want?\n\nA) this\nB) that\n")
    assert brief is not None
    assert [option.label for option in brief.options] == ["this", "that"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "part",
    ["A) x\n", "Why?\n", " x?\n", "Why?\n- **a**\n- **b**\n", "1. x\n2. y\n", "recommend ", "**", " ", "?", "- ", "(A"],
)
def test_a_huge_text_takes_time_that_grows_with_it(part: str) -> None:
    """Whatever an agent was made to write, looking for a brief does not hold up the others."""
    find_brief(part * (200_000 // len(part)))
    find_brief(part * (200_000 // len(part)) + "\nA) x\nB) y")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("b", "B) shared folder"),
        ("B)", "B) shared folder"),
        ("(b)", "B) shared folder"),
        (" B. ", "B) shared folder"),
        ("option b", "B) shared folder"),
        ("option 2", "B) shared folder"),
        ("2", "B) shared folder"),
        ("Shared  Folder", "B) shared folder"),
        ("b) shared folder", "B) shared folder"),
        ("C", None),
        ("8", None),
        ("b, but with a lock", None),
        ("I like it", None),
        ("", None),
    ],
)
def test_what_is_typed_answers_a_brief(typed: str, answer: str | None) -> None:
    """A letter, a number or an option's words name it; anything else is an answer of its own."""
    assert answer_of(["A) one file", "B) shared folder"], typed) == answer


def test_a_number_names_the_option_with_that_number() -> None:
    """Options with numbers are named by them, options without keys by their place."""
    assert answer_of(["1) small", "2) large"], "2") == "2) large"
    assert answer_of(["Small", "Large"], "B") == "Large"


@given(st.lists(st.text(), max_size=4), st.text())
def test_any_answer_can_be_looked_at(labels: list[str], typed: str) -> None:
    """It never raises, and gives one of the labels or none."""
    assert answer_of(labels, typed) in {None, *labels}


def test_a_decision_that_is_no_question() -> None:
    """A decision with lettered options and the one that the agent would take is a brief, though nothing is asked."""
    text = (
        "So the first decision is how big this should be:\n\n"
        "A) **Hold the scope.** Two weekends.\nB) **Reduce it.** An hour first.\nC) **Expand it.** Four weekends.\n\n"
        "I would take **B**: it costs an hour and can save two weekends."
    )
    brief = find_brief(text)
    assert brief is not None
    assert [option.key for option in brief.options] == ["A", "B", "C"]
