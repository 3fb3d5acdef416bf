"""The commands that change what is stored: they hold the lock of the state folder while they do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from echo_core.agent.environment import config_dir
from echo_core.agent.transcript import find_transcript
from echo_core.config import Settings
from echo_core.folders import Folders
from echo_core.journal.file import FileJournal
from echo_core.messages import ChannelKey
from echo_core.prompts import Prompts, shipped_prompts
from echo_core.seed_import import Adopted, read_seed, store_seed
from echo_core.snapshots import Snapshots


async def adopt(path: Path, *, settings: Settings, environ: Mapping[str, str], replace: bool) -> Sequence[Adopted]:
    """Import a file. Raises `ImportFileError`, `WorkflowError`, `AlreadyRunningError` or `JournalError`."""
    plugin = shipped_prompts() / "skills"
    folders = Folders.of(
        workspace_root=settings.workspace_root, state=settings.state_dir, plugin=plugin, environ=environ
    )
    workflow = Prompts(folders=folders, own=settings.prompts_dir).workflow("planning")
    transcripts = config_dir(environ)
    adopted = await asyncio.to_thread(
        read_seed,
        path,
        workflow=workflow,
        workspace_root=settings.workspace_root,
        find_cwd=lambda session_id: working_directory(transcripts, session_id),
    )
    async with FileJournal(settings.state_dir) as journal:
        await store_seed(adopted, journal, path=path, replace=replace)
    return adopted


def working_directory(config: Path, session_id: str) -> Path | None:
    """Give the working directory that a session's transcript names; None where one of the two is not there (any more).

    Blocks; run it off the loop.
    """
    path = find_transcript(config, session_id)
    if path is None:
        return None
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            with suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict) and isinstance(entry.get("cwd"), str):
                    cwd = Path(entry["cwd"])
                    return cwd if cwd.is_dir() else None
    return None


async def forget(keys: Iterable[ChannelKey], *, settings: Settings) -> None:
    """Remove conversations, and the snapshots of their plans. Raises `AlreadyRunningError` or `JournalError`."""
    snapshots = Snapshots(settings.state_dir.expanduser())
    async with FileJournal(settings.state_dir) as journal:
        for key in keys:
            plans = (await journal.read(key)).shelved()
            await journal.remove(key)
            for plan in plans:
                await asyncio.to_thread(snapshots.remove, plan)
