from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from echo_core.journal.names import message_name, parse_message_name, quote, unquote
from echo_core.messages import ChannelKey

ADAPTERS = st.text(min_size=1, max_size=10).filter(lambda text: ":" not in text)
CHANNELS = st.text(st.characters(), min_size=1)
KEYS = st.builds(ChannelKey, ADAPTERS, CHANNELS)


def test_a_name_people_can_read() -> None:
    """An ordinary key can be recognised in a listing of the folder."""
    assert quote(ChannelKey("discord", "123")) == "discord%3a123"
    assert quote(ChannelKey("telegram", "-100123/7")) == "telegram%3a-100123%2f7"


@given(KEYS)
def test_a_name_is_safe_on_any_file_system(key: ChannelKey) -> None:
    """No separator, no dot, no upper case, room for an ending within 255 bytes."""
    name = quote(key)
    assert len(name) <= 180
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_%~")


@given(KEYS)
def test_a_name_is_read_back(key: ChannelKey) -> None:
    """A name that is not shortened gives its key back; a shortened one gives nothing rather than something else."""
    name = quote(key)
    assert unquote(name) == (None if "~" in name else key)


@given(KEYS, KEYS)
def test_different_keys_have_different_names(one: ChannelKey, other: ChannelKey) -> None:
    """Two names are the same only for the same key, also where upper and lower case are."""
    assert (quote(one).lower() == quote(other).lower()) == (one == other)


def test_keys_that_differ_at_the_end_of_a_long_text() -> None:
    """Shortening keeps long keys apart."""
    names = {quote(ChannelKey("web", "x" * 1_000 + end)) for end in ("", "a", "A")}
    assert len(names) == 3
    assert {unquote(name) for name in names} == {None}


@given(st.text())
def test_foreign_names_are_no_keys(name: str) -> None:
    """Whatever lies in the folder: a name that `quote` did not make is nobody's."""
    key = unquote(name)
    assert key is None or quote(key) == name


@given(st.integers(min_value=1), st.booleans())
def test_a_message_name_is_read_back(seq: int, urgent: bool) -> None:
    """Place and urgency stand in the name."""
    assert parse_message_name(message_name(seq=seq, urgent=urgent)) == (seq, urgent)


def test_other_files_are_no_messages() -> None:
    """A temporary file or a stranger's file is not taken for a message."""
    for name in ("000000000001.json.tmp", "1.json", "readme.txt", "000000000001-late.json", ".DS_Store"):
        assert parse_message_name(name) is None
