from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from echo_core.errors import ChannelError, ChannelGoneError, ChannelUnavailableError
from echo_core.messages import Attachment, Said
from echo_core.texts import speaking
from echo_telegram.adapter import TelegramAdapter
from echo_telegram.files import UnsendableError, content
from tests.echo_telegram.recording import RecordingCore
from tests.loopback.telegram import Media, Place, TelegramServer

LARGE = b"0123456789" * 2 * 10**5


def left(folder: Path) -> list[str]:
    """Give what is in a folder."""
    return [path.name for path in folder.iterdir()]


async def attached(place: Place, heard: RecordingCore, media: Media) -> Attachment:
    """Send a file, and give it as it arrived."""
    place.share(media)
    inbound = await heard.next(len(heard.received) + 1)
    assert isinstance(inbound.body, Said)
    return inbound.body.attachments[0]


async def test_a_file_is_written_piece_by_piece(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, tmp_path: Path
) -> None:
    """Two megabytes arrive as they are; of a photo the large one."""
    channel = adapter.channel(chat.channel_id)
    for media in (Media("a.bin", LARGE), Media("x", b"large picture", "photo")):
        attachment = await attached(chat, heard, media)
        path = tmp_path / attachment.name
        await channel.fetch(attachment, path, limit=len(LARGE))
        assert path.read_bytes() == media.content


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        ({"status": 404}, ChannelGoneError),
        ({"status": 500}, ChannelUnavailableError),
        ({"status": 429}, ChannelUnavailableError),
        ({"drop": True}, ChannelUnavailableError),
    ],
)
async def test_a_download_that_fails_leaves_nothing(
    adapter: TelegramAdapter,
    chat: Place,
    heard: RecordingCore,
    server: TelegramServer,
    tmp_path: Path,
    trouble: dict[str, object],
    error: type[ChannelError],
) -> None:
    """Half a file is no file; the error is ours, without the token in it or in what led to it."""
    attachment = await attached(chat, heard, Media("a.bin", LARGE))
    server.fail("file", **trouble)
    with pytest.raises(ChannelError) as caught:
        await adapter.channel(chat.channel_id).fetch(attachment, tmp_path / "a.bin", limit=len(LARGE))
    assert type(caught.value) is error
    assert server.token not in str(caught.value)
    assert caught.value.__cause__ is None
    assert left(tmp_path) == []


async def test_a_file_that_grew_is_stopped(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, tmp_path: Path
) -> None:
    """What is told of a size is not trusted: more than the limit is not kept."""
    told = await attached(chat, heard, Media("a.bin", LARGE))
    lying = Attachment(told.ref, told.name, 0)
    with pytest.raises(ChannelGoneError, match="more than 1000 bytes"):
        await adapter.channel(chat.channel_id).fetch(lying, tmp_path / "a.bin", limit=1000)
    assert left(tmp_path) == []


async def test_telegrams_own_limit_is_named(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, tmp_path: Path
) -> None:
    """A file of more than 20 MB is known to be too large for bots."""
    attachment = await attached(chat, heard, Media("a.bin", bytes(21 * 2**20)))
    with pytest.raises(ChannelGoneError, match="up to 20 MB"):
        await adapter.channel(chat.channel_id).fetch(attachment, tmp_path / "a.bin", limit=10**9)


async def test_what_telegram_does_not_know_is_gone(
    adapter: TelegramAdapter, chat: Place, server: TelegramServer, tmp_path: Path
) -> None:
    """An unknown file, and one without an address."""
    channel = adapter.channel(chat.channel_id)
    with pytest.raises(ChannelGoneError, match="Wrong file_id"):
        await channel.fetch(Attachment("nonsense", "a"), tmp_path / "a", limit=10)
    sent = chat.document("a.bin", b"x")
    server.local_files = True
    with pytest.raises(ChannelGoneError, match="--local"):
        await channel.fetch(Attachment(sent.file_id, "a"), tmp_path / "a", limit=10)


async def test_giving_up_leaves_nothing(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, server: TelegramServer, tmp_path: Path
) -> None:
    """A download that is cancelled half way takes its file along."""
    attachment = await attached(chat, heard, Media("a.bin", LARGE))
    server.fail("file", status=200, delay=30)
    path = tmp_path / "a.bin"
    work = asyncio.create_task(adapter.channel(chat.channel_id).fetch(attachment, path, limit=len(LARGE)))
    await server.until(path.exists)
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    assert left(tmp_path) == []


async def test_a_disk_that_fails_says_so(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, tmp_path: Path
) -> None:
    """Trouble here is not taken for trouble there."""
    attachment = await attached(chat, heard, Media("a.bin", b"x"))
    with pytest.raises(FileNotFoundError):
        await adapter.channel(chat.channel_id).fetch(attachment, tmp_path / "no" / "folder", limit=10)


def test_what_cannot_be_sent_is_told_in_the_language(tmp_path: Path) -> None:
    """The words for people name the file, and no path."""
    with speaking("ro"), pytest.raises(UnsendableError) as caught:
        content(tmp_path / "lipsă.md")
    assert str(caught.value) == "lipsă.md nu a putut fi trimis: fișierul nu poate fi citit."
    assert caught.value.reason == "No such file or directory"
