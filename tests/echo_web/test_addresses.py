from __future__ import annotations

import pytest

from echo_core.messages import ChannelKey
from echo_web.addresses import is_own, key_of, new_key, project_key, project_of, segment


def test_a_new_conversation_is_our_own() -> None:
    """Its key cannot be guessed, and is never one twice."""
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(is_own(key) and project_of(key) is None for key in keys)


@pytest.mark.parametrize("project", ["todo", "A_b-3", "x" * 50, "k3v9x0q2m7ab"])
def test_a_project_has_a_conversation(project: str) -> None:
    """It is told apart from every other, and written as one segment."""
    key = project_key(project)
    assert is_own(key)
    assert project_of(key) == project
    assert key_of(segment(key)) == key


@pytest.mark.parametrize(
    "key",
    [
        ChannelKey("telegram", "spec-todo"), ChannelKey("web", "spec-"), ChannelKey("web", "spec-a b"),
        ChannelKey("web", "spec-" + "x" * 51), ChannelKey("web", "other"), ChannelKey("discord", "k3v9x0q2m7ab"),
    ],
)  # fmt: skip
def test_other_conversations_are_not_ours(key: ChannelKey) -> None:
    """Neither those of other platforms, nor those that nothing of ours could have named."""
    assert project_of(key) is None
    assert not is_own(key)
