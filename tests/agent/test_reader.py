"""What of the SDK's messages people see while a turn runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from claude_agent_sdk import (
    AssistantMessage,
    Message,
    StreamEvent,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    UserMessage,
)

from echo_core.agent.base import Activity, Finished, TextDelta
from echo_core.agent.reader import Reader
from echo_core.rehearsal import ModelRequest, Step, ToolCall
from tests.agent.conftest import Desk, say


def streamed(kind: str, *, helper: str | None = None, **fields: Any) -> StreamEvent:
    """Make an event of the stream."""
    return StreamEvent(uuid="u", session_id="s", event={"type": kind, **fields}, parent_tool_use_id=helper)


def test_thinking_is_a_sign_of_life_and_no_text() -> None:
    """What the model thinks is neither shown as it comes nor part of the answer, and counts as no paragraph."""
    reader = Reader(cwd=Path("/w"), started=set())
    messages: list[Message] = [
        streamed("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""}),
        streamed("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm."}),
        streamed("content_block_start", index=1, content_block={"type": "text", "text": ""}),
        streamed("content_block_delta", index=1, delta={"type": "text_delta", "text": "Yes."}),
        AssistantMessage(content=[ThinkingBlock("Hm.", "sig"), TextBlock("Yes.")], model="claude"),
    ]
    events = [event for message in messages for event in reader.feed(message)]
    assert events == [Activity(), Activity(), Activity(), TextDelta("Yes.", 0), Activity()]
    assert reader.texts == ["Yes."]


def test_from_when_on_the_model_answers() -> None:
    """Its first sign counts, thoughts and helpers included; what the program says by itself does not."""
    signs: list[Message] = [
        streamed("message_start"),
        streamed("content_block_start", helper="t1", index=0, content_block={"type": "text", "text": ""}),
        AssistantMessage(content=[TextBlock("Yes.")], model="claude"),
    ]
    others: list[Message] = [
        SystemMessage(subtype="init", data={}),
        UserMessage(content=[ToolResultBlock("t1", "Blue")]),
        AssistantMessage(content=[TextBlock("API Error")], model="<synthetic>", error="server_error"),
    ]
    for sign in signs:
        reader = Reader(cwd=Path("/w"), started=set())
        for message in others:
            list(reader.feed(message))
        assert not reader.answered
        list(reader.feed(sign))
        list(reader.feed(others[0]))
        assert reader.answered


def test_a_helpers_words_are_a_sign_of_life_and_no_text() -> None:
    """What a helper of the agent's says is for the agent."""
    reader = Reader(cwd=Path("/w"), started=set())
    delta = streamed("content_block_delta", helper="t1", index=0, delta={"type": "text_delta", "text": "Found it."})
    said = AssistantMessage(content=[TextBlock("Found it.")], model="claude", parent_tool_use_id="t1")
    assert [event for message in (delta, said) for event in reader.feed(message)] == [Activity(), Activity()]
    assert reader.texts == []


async def test_only_the_main_conversation_is_live(desk: Desk) -> None:
    """With the real program: a helper's text reaches neither the live view, nor the answer, nor the history."""
    task = {"description": "look", "prompt": "HELPER, look around", "subagent_type": "general-purpose"}

    def script(request: ModelRequest) -> Step:
        if "HELPER" in request.user_texts[0]:
            return say("words of the helper")
        return Step(text=("Wait.",), calls=(ToolCall("Agent", task),)) if request.replies == 0 else say("Done.")

    desk.script(script)
    outcome = await desk.turn("go")
    assert isinstance(outcome, Finished)
    assert outcome.texts == ("Wait.", "Done.")
    assert [(delta.text, delta.block) for delta in desk.of(TextDelta)] == [("Wait.", 0), ("Done.", 1)]
    assert "words of the helper" in desk.said_to_model()
    said = await desk.agent.transcript(session_id=desk.session_id, cwd=desk.work)
    assert "words of the helper" not in str(said)
