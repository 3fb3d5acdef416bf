"""Brings the files of a message into the plan's workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from echo_core.adapter import Channel
from echo_core.agent.pictures import LARGEST as LARGEST_PICTURE
from echo_core.agent.pictures import MOST as MOST_PICTURES
from echo_core.agent.pictures import picture_type
from echo_core.artifacts import size_text
from echo_core.attachments.names import safe_name
from echo_core.attachments.store import Store, key_of
from echo_core.attachments.taken import Taken, TakenFile
from echo_core.attachments.transcription import Transcriber
from echo_core.config import AttachmentSettings
from echo_core.errors import ChannelError, ChannelGoneError, ChannelUnavailableError, RetryLaterError
from echo_core.messages import Attachment
from echo_core.texts import say

PATIENCE = 60.0
FETCH_LIMIT = 150.0
MOST_NAMES = 10
_growing = wait_exponential(multiplier=0.5, max=10)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Tray:
    """Where the files of one message come from and go to, and what was taken so far."""

    store: Store
    channel: Channel[Any]
    message_id: str
    deadline: float
    files: list[TakenFile] = field(default_factory=list)
    images: list[Path] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


class Intake:
    """Takes files in, within the limits of the settings. `sleep` pauses between two tries."""

    def __init__(
        self, settings: AttachmentSettings, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._settings = settings
        self._sleep = sleep

    async def take(
        self, attachments: Sequence[Attachment], *, channel: Channel[Any], workspace: Path, message_id: str
    ) -> Taken:
        """Fetch files into `attachments` of the workspace; `message_id` is the message's that they came with.

        It raises nothing: what could not be taken is told in a line. The same message again gives the same files,
        without fetching those that are there. Trouble of the platform is waited out for about a minute in all. When it
        is cancelled, files that are complete stay, and nothing else.
        """
        chosen, left = attachments[: self._settings.most], attachments[self._settings.most :]
        deadline = asyncio.get_running_loop().time() + PATIENCE
        tray = _Tray(Store(workspace), channel, message_id, deadline)
        try:
            await asyncio.to_thread(tray.store.prepare)
        except OSError as error:
            return Taken(lines=(_unstorable(_names(attachments), error),))
        for attachment in chosen:
            if refused := self._refused(attachment):
                tray.lines.append(refused)
            else:
                await self._take_one(attachment, tray)
        if left:
            most = self._settings.most
            tray.lines.append(say("attachments-too-many", count=len(left), most=most, names=_names(left)))
        return Taken(tuple(tray.files), tuple(tray.images), tuple(tray.lines))

    def _refused(self, attachment: Attachment) -> str:
        """Say why a file is not even fetched; empty when it is to be."""
        if attachment.size > self._settings.largest:
            size, limit = size_text(attachment.size), size_text(self._settings.largest)
            return say("attachments-too-large", name=shown_name(attachment), size=size, limit=limit)
        if attachment.kind == "voice" and not self._settings.transcribe:
            return say("attachments-voice")
        return ""

    async def _take_one(self, attachment: Attachment, tray: _Tray) -> None:
        name = shown_name(attachment)
        try:
            path = await self._stored(attachment, tray)
            size, picture = await asyncio.to_thread(_look, path) if path is not None else (0, None)
        except ChannelGoneError:
            tray.lines.append(say("attachments-gone", name=name, limit=size_text(self._settings.largest)))
        except ChannelError:
            tray.lines.append(say("attachments-unreachable", name=name))
        except OSError as error:
            tray.lines.append(_unstorable(f"`{name}`", error))
        else:
            if path is None:
                tray.lines.append(say("attachments-empty", name=name))
            elif attachment.kind == "voice":
                await self._hear(TakenFile(path, name, size, "voice"), tray)
            else:
                _look_at(TakenFile(path, name, size, "image" if picture else "file"), tray)

    async def _stored(self, attachment: Attachment, tray: _Tray) -> Path | None:
        """Give the file in the workspace; None for an empty one, of which nothing is kept."""
        store, key = tray.store, key_of(tray.message_id, attachment.ref)
        known = await asyncio.to_thread(store.known, key)
        if known is not None:
            return known
        try:
            part = await asyncio.to_thread(store.begin, key)
            await self._fetch(attachment, part, tray)
            size = (await asyncio.to_thread(part.stat)).st_size
            if size > self._settings.largest:
                raise ChannelGoneError(key=attachment.name, reason="it is larger than was asked for")
            return await asyncio.to_thread(store.keep, key, shown_name(attachment)) if size else None
        finally:
            store.drop(key)

    async def _fetch(self, attachment: Attachment, part: Path, tray: _Tray) -> None:
        """Fetch, again while the platform is in trouble, as long as there is time."""
        loop = asyncio.get_running_loop()

        async def act() -> None:
            await asyncio.to_thread(part.unlink, missing_ok=True)
            try:
                async with asyncio.timeout(FETCH_LIMIT):
                    await tray.channel.fetch(attachment, part, limit=self._settings.largest)
            except TimeoutError as error:
                raise ChannelUnavailableError(key=attachment.name, reason="the platform does not answer") from error

        def over(state: RetryCallState) -> bool:
            return loop.time() + state.upcoming_sleep > tray.deadline

        retrying = AsyncRetrying(
            retry=retry_if_exception_type((RetryLaterError, ChannelUnavailableError)),
            wait=_pause, stop=over, sleep=self._sleep, reraise=True,
        )  # fmt: skip
        await retrying(act)

    async def _hear(self, recording: TakenFile, tray: _Tray) -> None:
        transcriber = Transcriber(self._settings.transcribe, timeout=self._settings.transcribe_timeout)
        words = await transcriber.words(recording.path)
        if not words:
            tray.lines.append(say("attachments-not-transcribed", name=recording.name))
        tray.files.append(TakenFile(recording.path, recording.name, recording.size, "voice", words))


def shown_name(attachment: Attachment) -> str:
    """Give a file's name as it may be shown and stored."""
    return safe_name(attachment.name)


def _look_at(file: TakenFile, tray: _Tray) -> None:
    tray.files.append(file)
    if file.kind != "image":
        return
    if file.size > LARGEST_PICTURE:
        limit = size_text(LARGEST_PICTURE)
        tray.lines.append(say("attachments-large-picture", name=file.name, limit=limit))
    elif len(tray.images) == MOST_PICTURES:
        tray.lines.append(say("attachments-many-pictures", name=file.name, most=MOST_PICTURES))
    else:
        tray.images.append(file.path)


def _look(path: Path) -> tuple[int, str | None]:
    with path.open("rb") as file:
        return path.stat().st_size, picture_type(file.read(16))


def _names(attachments: Sequence[Attachment]) -> str:
    names = ", ".join(f"`{shown_name(one)}`" for one in attachments[:MOST_NAMES])
    return names + ("…" if len(attachments) > MOST_NAMES else "")


def _unstorable(names: str, error: OSError) -> str:
    log.warning("attachments_not_stored", reason=str(error))
    return say("attachments-not-stored", names=names)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.seconds if isinstance(error, RetryLaterError) else float(_growing(state))
