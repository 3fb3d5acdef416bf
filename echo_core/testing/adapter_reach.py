"""The part of the adapter suite about what only some platforms can do: files, signs, pins, drafts, threads."""

from __future__ import annotations

from pathlib import Path

import pytest

from echo_core.adapter import Channel
from echo_core.errors import ChannelGoneError
from echo_core.intents import Document, Files, Mark, PhaseReady, Reply
from echo_core.messages import Attachment, Deleted, Edited, Said
from echo_core.testing.harness import Harness, everything, offered, send, until, where_possible

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
NOTES = b"Milk\nBread\n" * 50


class ReachSuite:
    """Each test applies where the channel's capabilities say so, or the harness does not say otherwise."""

    async def test_a_file_of_a_person_arrives(self, harness: Harness, tmp_path: Path) -> None:
        """`attachments`: a file comes with its message, under its name, and `fetch` brings its bytes, also again."""
        channel = harness.adapter.channel(harness.channel_id)
        if not channel.capabilities.attachments:
            return
        await harness.attach("My notes", {"notes.txt": NOTES})
        inbound = await harness.core.next(1)
        assert isinstance(inbound.body, Said)
        assert inbound.body.text == "My notes"
        (attachment,) = inbound.body.attachments
        assert (attachment.name, attachment.kind) == ("notes.txt", "file")
        assert attachment.size in {0, len(NOTES)}
        for name in ("first", "second"):
            await channel.fetch(attachment, tmp_path / name, limit=len(NOTES))
            assert (tmp_path / name).read_bytes() == NOTES

    async def test_a_file_without_words_arrives(self, harness: Harness) -> None:
        """`attachments`: a picture alone is a message, too, and known as a picture."""
        if not harness.adapter.channel(harness.channel_id).capabilities.attachments:
            return
        await harness.attach("", {"sketch.png": PICTURE})
        inbound = await harness.core.next(1)
        assert isinstance(inbound.body, Said)
        assert not inbound.body.text
        assert [attachment.kind for attachment in inbound.body.attachments] == ["image"]

    async def test_several_files_arrive(self, harness: Harness, tmp_path: Path) -> None:
        """`attachments`: files that were sent together all arrive; where they come one by one, more is announced."""
        channel = harness.adapter.channel(harness.channel_id)
        if not channel.capabilities.attachments:
            return
        files = {"first.txt": b"one", "second.txt": b"two", "third.txt": b"three"}
        await harness.attach("Three files", files)
        await until(lambda: len(_attachments(harness)) == len(files))
        for place, attachment in enumerate(_attachments(harness)):
            await channel.fetch(attachment, tmp_path / str(place), limit=1000)
        assert sorted(_contents(tmp_path)) == sorted(files.values())
        first, *others = [inbound.body for inbound in harness.core.received if isinstance(inbound.body, Said)]
        assert first.continues or not others
        assert sorted(body.text for body in (first, *others) if body.text) == ["Three files"]

    async def test_a_file_that_is_too_large_is_not_kept(self, harness: Harness, tmp_path: Path) -> None:
        """`attachments`: a file of more than the limit is refused, and nothing of it is left."""
        channel = harness.adapter.channel(harness.channel_id)
        if not channel.capabilities.attachments:
            return
        await harness.attach("My notes", {"notes.txt": NOTES})
        await harness.core.next(1)
        with pytest.raises(ChannelGoneError):
            await channel.fetch(_attachments(harness)[0], tmp_path / "notes.txt", limit=len(NOTES) - 1)
        assert _contents(tmp_path) == []

    @where_possible
    async def test_a_voice_message_arrives(self, harness: Harness) -> None:
        """A recording made in the chat is known as one."""
        await harness.record(b"OggS" + bytes(300))
        await until(lambda: len(_attachments(harness)) == 1)
        assert _attachments(harness)[0].kind == "voice"

    @where_possible
    async def test_a_changed_message_is_told(self, harness: Harness) -> None:
        """Whoever changes a message: its new words arrive with the id that the message had, and an id of their own."""
        await harness.say("a todo list for two")
        first = await harness.core.next(1)
        await harness.rewrite("a todo list for three")
        second = await harness.core.next(2)
        assert second.body == Edited(first.id, "a todo list for three")
        assert second.id != first.id
        assert second.author.id == first.author.id

    @where_possible
    async def test_a_deleted_message_is_told(self, harness: Harness) -> None:
        """Whoever deletes a message: that arrives with the id that the message had, and an id of its own."""
        await harness.say("a todo list for two")
        first = await harness.core.next(1)
        await harness.take_back()
        second = await harness.core.next(2)
        assert second.body == Deleted(first.id)
        assert second.id != first.id

    async def test_the_language_is_told(self, harness: Harness) -> None:
        """Where the platform tells a person's language, it arrives with a command."""
        await harness.command("plan", "todo-app A todo list for two")
        inbound = await harness.core.next(1)
        assert inbound.author.language == harness.language

    @where_possible
    async def test_a_refused_file_holds_up_nothing(self, harness: Harness) -> None:
        """A file that the platform will not take is named with its words instead, and what comes after it is sent."""
        path = Path(__file__).with_name("harness.py")
        harness.refuse_files()
        await send(harness, Files("Here is what there is:", (path,)))
        await send(harness, Document("It begins.", "reply-7.md", "It begins and ends."))
        await send(harness, PhaseReady("The plan is ready.", "Go on", "token"))
        await until(lambda: offered(harness.seen(), ("Go on",)))
        assert not any(seen.files for seen in harness.seen())
        said = everything(harness)
        for words in ("Here is what there is:", path.name, "It begins.", "reply-7.md"):
            assert words in said

    async def test_a_sign_is_put_on_a_message(self, harness: Harness) -> None:
        """`reactions`: one sign at a time stands on a person's message, and goes; twice does no harm."""
        channel = harness.adapter.channel(harness.channel_id)
        if not channel.capabilities.reactions:
            return
        await harness.say("a todo list for two")
        inbound = await harness.core.next(1)
        signs: list[str] = []
        for mark in (Mark.WAITING, Mark.SEEN, Mark.DONE):
            for _ in range(2):
                await channel.react(inbound.id, mark)
            await until(lambda: bool(harness.sign()) and harness.sign() not in signs[-1:])
            signs.append(harness.sign())
        for _ in range(2):
            await channel.react(inbound.id, None)
        await until(lambda: not harness.sign())

    async def test_a_sign_on_what_is_no_message_does_nothing(self, harness: Harness) -> None:
        """`reactions`: a press or a slash command carries no sign, and that is no error."""
        channel = harness.adapter.channel(harness.channel_id)
        if not channel.capabilities.reactions:
            return
        await harness.command("plan", "todo-app A todo list for two")
        inbound = await harness.core.next(1)
        await channel.react(inbound.id, Mark.SEEN)
        await channel.react("no message at all", Mark.SEEN)

    async def test_a_message_is_pinned(self, harness: Harness) -> None:
        """`pins`: a message of the bot's can be pinned; twice does no harm."""
        channel = harness.adapter.channel(harness.channel_id)
        if not channel.capabilities.pins:
            return
        (part,) = channel.parts(Reply("Where the plan stands"))
        message_id = await channel.post(part, dedup="pin/0")
        await channel.pin(message_id)
        await channel.pin(message_id)
        await until(lambda: ["Where the plan stands" in seen.text for seen in harness.pinned()] == [True])

    async def test_a_draft_grows_and_is_no_message(self, harness: Harness) -> None:
        """`draft_interval`: a draft shows what is being written, grows in place, and leaves no message behind."""
        channel = harness.adapter.channel(harness.channel_id)
        if channel.capabilities.draft_interval is None:
            return
        for text in ("It begins", "It begins and grows"):
            (part,) = channel.parts(Reply(text))
            await channel.draft(part, turn="turn-1")
            await until(lambda text=text: harness.draft().strip() == text)  # type: ignore[misc]
        assert not harness.seen()
        (part,) = channel.parts(Reply("It begins, grows and ends."))
        await channel.post(part, dedup="draft/0")
        await until(lambda: [seen.text.strip() for seen in harness.seen()] == ["It begins, grows and ends."])

    async def test_a_thread_is_opened(self, harness: Harness) -> None:
        """`threads`: a thread of its own has the title, and is a channel like any other."""
        channel = harness.adapter.channel(harness.channel_id)
        if not channel.capabilities.threads:
            return
        channel_id = await channel.open_thread("todo-app")
        assert channel_id != harness.channel_id
        await _post(harness.adapter.channel(channel_id), "Welcome to the thread.")
        await until(lambda: any(opened.messages for opened in harness.opened()))
        (opened,) = harness.opened()
        assert opened.channel_id == channel_id
        assert "todo-app" in opened.title
        assert any("Welcome to the thread." in seen.text for seen in opened.messages)
        assert "Welcome to the thread." not in everything(harness)

    async def test_a_long_title_is_cut(self, harness: Harness) -> None:
        """`threads`: a title that is too long for the platform still opens a thread."""
        channel = harness.adapter.channel(harness.channel_id)
        if not channel.capabilities.threads:
            return
        await channel.open_thread("A todo list for two " * 30)
        (opened,) = harness.opened()
        assert opened.title.startswith("A todo list for two")

    async def test_a_whisper_reaches_one_person(self, harness: Harness) -> None:
        """`whispers`: a person who has spoken here can be told something alone."""
        channel = harness.adapter.channel(harness.channel_id)
        if not channel.capabilities.whispers:
            return
        await harness.say("a todo list for two")
        inbound = await harness.core.next(1)
        for part in channel.parts(Reply("The plan so far")):
            await channel.whisper(inbound.author.id, part)
        await until(lambda: any("The plan so far" in seen.text for seen in harness.whispered()))


async def _post(channel: Channel[object], text: str) -> None:
    (part,) = channel.parts(Reply(text))
    await channel.post(part, dedup="thread/0")


def _attachments(harness: Harness) -> list[Attachment]:
    bodies = [inbound.body for inbound in harness.core.received]
    return [attachment for body in bodies if isinstance(body, Said) for attachment in body.attachments]


def _contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]
