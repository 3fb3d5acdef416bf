"""Prompts as the CLI takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from echo_core.agent.base import Resolution, Scope, TurnRequest
from echo_core.agent.prompt import prompt_message, refusal_message, result_message
from echo_core.agent.transcript import OpenCall


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


def test_what_people_decided_becomes_a_result() -> None:
    """An answer and a refusal are results of the call, by which a turn begins; what has to be carried out is none."""
    question = OpenCall("t", "AskUserQuestion", {})
    answered = Resolution("t", allow=True, tool_input={"answers": {"Which?": "This"}})
    message = result_message(question, answered, uuid="u")
    assert message is not None
    assert message["uuid"] == "u"
    (block,) = message["message"]["content"]
    assert (block["type"], block["tool_use_id"], "is_error" in block) == ("tool_result", "t", False)
    assert '"Which?"="This"' in block["content"]
    refused = result_message(OpenCall("t", "Bash", {}), Resolution("t", allow=False, reason="No."), uuid="u")
    assert refused is not None
    assert refused["message"]["content"] == [
        {"type": "tool_result", "tool_use_id": "t", "content": "No.", "is_error": True}
    ]
    assert result_message(OpenCall("t", "Bash", {}), Resolution("t", allow=True), uuid="u") is None
    others: tuple[dict[str, Any] | None, ...] = (None, {}, {"answers": {}}, {"answers": {"Which?": 1}})
    for given in (*others, {"answers": {"Which?": "a"}, "annotations": {}}):
        assert result_message(question, Resolution("t", allow=True, tool_input=given), uuid="u") is None


def test_a_call_that_is_overtaken_asks_the_model_nothing() -> None:
    """The refusal is noted alone; the words that follow are what is asked."""
    message = refusal_message(OpenCall("t", "Bash", {}), "They wrote instead.")
    assert message["shouldQuery"] is False
    assert message["message"]["content"][0]["is_error"] is True
