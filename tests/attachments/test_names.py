from __future__ import annotations

import unicodedata
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.attachments.names import LONGEST, file_type, safe_name, variants


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.txt", "notes.txt"),
        ("Părerea mea.docx", "Părerea mea.docx"),
        ("a\u0306.txt", "ă.txt"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\temp\\x.txt", "C__temp_x.txt"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x00b\nc\td.txt", "abcd.txt"),
        ("nul", "_nul"),
        ("COM1.txt", "_COM1.txt"),
        ("console.txt", "console.txt"),
        ("claude.MD", "_claude.MD"),
        ("say `hi`.md", "say _hi_.md"),
        ("what? . ", "what_"),
        ("", "file"),
        ("...", "file"),
        ("\u200b\u202e", "file"),
        ("\ud800.txt", "txt"),
    ],
)
def test_what_a_name_becomes(name: str, safe: str) -> None:
    """Separators, hidden signs, leading dots and names with a meaning of their own are made harmless."""
    assert safe_name(name) == safe


@given(st.one_of(st.text(max_size=300), st.text("./\\ -\u202e\U0001f469ă`cCoOnN1", max_size=200)))
def test_every_name_is_harmless(name: str) -> None:
    """Whatever somebody calls a file: the name can be stored and shown, and is the same when made safe again."""
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= LONGEST
    assert safe[0] not in ".- "
    assert safe[-1] not in ". "
    assert not set(safe) & set("/\\`\0\n\u202e\u200b")
    assert unicodedata.is_normalized("NFC", safe)
    assert safe_name(safe) == safe


def test_a_long_name_keeps_its_suffix() -> None:
    """A name is cut between signs, before its suffix."""
    safe = safe_name("ă" * 200 + ".jpeg")
    assert safe == "ă" * 47 + ".jpeg"
    assert len(safe_name("x." + "y" * 200).encode()) == LONGEST


def test_variants_are_numbered_and_fit() -> None:
    """The same name again gets a number before its suffix, within the length."""
    assert list(islice(variants("notes.txt"), 3)) == ["notes.txt", "notes-2.txt", "notes-3.txt"]
    assert list(islice(variants("README"), 2)) == ["README", "README-2"]
    long = safe_name("x" * 200 + ".txt")
    assert [len(each) for each in islice(variants(long), 12)] == [LONGEST] * 12


@pytest.mark.parametrize(("name", "kind"), [("a.PNG", "png"), ("a.tar.gz", "gz"), ("README", "")])
def test_the_type_is_the_suffix(name: str, kind: str) -> None:
    """What kind of file it is, is told by its suffix."""
    assert file_type(name) == kind
