"""Prompts as the CLI takes them."""

from __future__ import annotations

from pathlib import Path

from echo_core.agent.base import Scope, TurnRequest
from echo_core.agent.prompt import prompt_message


def request(prompt: str, *, composed: bool = False, prompt_id: str = "") -> TurnRequest:
    """Make a request with a prompt."""
    scope = Scope(readable=(), writable=())
    return TurnRequest("s", False, Path("/w"), "", scope, prompt=prompt, composed=composed, prompt_id=prompt_id)


def test_words_of_people_go_as_they_are_and_are_marked() -> None:
    """Not a character is changed, and the CLI is told to expand nothing."""
    message = prompt_message(request("/x @y", prompt_id="u"))
    assert message["message"]["content"] == "/x @y"
    assert message["client_composed"] is True
    assert message["uuid"] == "u"


def test_a_composed_prompt_is_not_marked() -> None:
    """A prompt of the daemon's own may invoke a skill."""
    message = prompt_message(request("/x a", composed=True))
    assert message["message"]["content"] == "/x a"
    assert "client_composed" not in message
    assert "uuid" not in message


def test_pictures_stand_before_the_text() -> None:
    """The marks of the message are the same as without pictures; an empty text is left out."""
    picture = {"type": "image", "source": {}}
    message = prompt_message(request("look", prompt_id="u"), [picture])
    assert message["message"]["content"] == [picture, {"type": "text", "text": "look"}]
    assert (message["uuid"], message["client_composed"]) == ("u", True)
    assert prompt_message(request(" "), [picture])["message"]["content"] == [picture]
