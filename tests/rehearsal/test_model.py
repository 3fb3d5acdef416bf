"""A request to the scripted model, opened up."""

from __future__ import annotations

from tests.rehearsal.conftest import asked, assistant, result, user


def test_a_request_tells_what_was_said() -> None:
    """Texts, results and the number of replies are read from the messages; words of the system don't count as last."""
    request = asked(user("one", "two"), assistant("a"), result("done", "go on"), system="Plan: x")
    assert request.system == "Plan: x"
    assert request.replies == 1
    assert request.user_texts == ("one\ntwo", "go on")
    assert request.results == ("done",)
    assert request.last_message == "done\ngo on"
    later = asked(*request.messages, {"role": "system", "content": "# Environment"})
    assert later.last_message == "done\ngo on"
    assert asked().last_message == ""


def test_a_request_shows_its_pictures() -> None:
    """The pictures of prompts come as bytes, oldest first; a broken one is empty, and texts are read without them."""
    source = {"type": "base64", "media_type": "image/png", "data": "UE5H"}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "look"}, {"type": "image", "source": {}}]
    request = asked({"role": "user", "content": content}, assistant("a"), user("b"))
    assert request.images == (b"PNG", b"")
    assert request.user_texts == ("look", "b")
    broken = {"type": "image", "source": {"data": "?"}}
    assert asked({"role": "user", "content": [broken, {"type": "image"}]}).images == (b"", b"")


def test_a_fingerprint_belongs_to_a_conversation() -> None:
    """The same messages have the same fingerprint, others another."""
    assert asked(user("a")).fingerprint() == asked(user("a")).fingerprint()
    assert asked(user("a")).fingerprint() != asked(user("b")).fingerprint()
