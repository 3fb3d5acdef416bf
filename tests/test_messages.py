from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.errors import InvalidKeyError, InvalidPressError
from echo_core.messages import Action, ChannelKey, Press

tokens = st.text("ABCabc019_-", min_size=1, max_size=12)
presses = st.builds(
    Press, st.sampled_from(Action), tokens, st.integers(min_value=0, max_value=9), st.integers(0, 2**20 - 1)
)


@given(st.text(min_size=1).filter(lambda text: ":" not in text), st.text(min_size=1))
def test_a_key_is_read_as_it_was_written(adapter: str, channel_id: str) -> None:
    """Any key, also one with colons and slashes in the channel, is the same after writing and reading."""
    key = ChannelKey(adapter, channel_id)
    assert ChannelKey.parse(str(key)) == key


@pytest.mark.parametrize("text", ["", ":", "discord", "discord:", ":123"])
def test_what_is_no_key_is_refused(text: str) -> None:
    """A text without both parts is not a key, and the error shows how to write one."""
    with pytest.raises(InvalidKeyError, match="adapter:channel_id"):
        ChannelKey.parse(text)


def test_an_adapter_has_no_colon() -> None:
    """A colon in the adapter's name would make two keys look alike."""
    with pytest.raises(InvalidKeyError):
        ChannelKey("a:b", "c")


def test_keys_have_an_order() -> None:
    """Keys sort by adapter, then by channel."""
    keys = [ChannelKey("telegram", "1"), ChannelKey("discord", "2"), ChannelKey("discord", "10")]
    assert [str(key) for key in sorted(keys)] == ["discord:10", "discord:2", "telegram:1"]


@given(presses)
def test_a_press_fits_a_button(press: Press) -> None:
    """A press survives its string, which fits into Telegram's 64 bytes and needs no escaping."""
    text = press.encode()
    assert Press.decode(text) == press
    assert len(text.encode("ascii")) <= 64


@given(st.text(max_size=80))
def test_foreign_strings_are_refused(text: str) -> None:
    """A string is read only if writing what was read gives the very same string."""
    with suppress(InvalidPressError):
        assert Press.decode(text).encode() == text


@pytest.mark.parametrize(
    "text", ["", "a", "a|t|0", "z|t|0|1", "q|t|x|1", "q|t|-1|1", "q|t|0|-1", "q||0|1", "q|t|+1|1", "q|t|01|1"]
)
def test_damaged_presses_are_refused(text: str) -> None:
    """Missing parts, unknown actions, signs and leading zeros make no press."""
    with pytest.raises(InvalidPressError):
        Press.decode(text)


@given(st.sets(st.integers(0, 19)))
def test_the_mask_holds_the_choices(places: set[int]) -> None:
    """The bit mask gives back the options that were chosen, ascending."""
    press = Press(Action.ANSWER, "t", 0, sum(1 << place for place in places))
    assert press.chosen() == tuple(sorted(places))
