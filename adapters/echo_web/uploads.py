"""Files that came from the browser and wait for their turn: each in a file of its own, in a private folder."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from stat import S_IMODE, S_ISDIR

from echo_core.errors import AdapterError, ChannelGoneError
from echo_core.messages import Attachment
from echo_web.config import NAME

KEPT_SECONDS = 7 * 24 * 3600
_REF = re.compile(r"[a-f0-9]{32}")


class Uploads:
    """Keeps files for a week at most. Everything blocks, and ends soon."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder or Path(tempfile.gettempdir()) / f"echo-core-web-{_user()}"

    def prepare(self) -> None:
        """Make the folder, and forget what is old. Raises `AdapterError` for a folder that is not ours alone."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = self._folder.lstat()
        except OSError as error:
            raise AdapterError(adapter=NAME, reason=f"{self._folder} cannot be made ({error.strerror})") from error
        strange = hasattr(os, "getuid") and (status.st_uid != os.getuid() or S_IMODE(status.st_mode) & 0o022)
        if not S_ISDIR(status.st_mode) or strange:
            reason = f"{self._folder} belongs to somebody else, or others may write in it: take it away"
            raise AdapterError(adapter=NAME, reason=reason)
        for path in self._folder.iterdir():
            if _REF.fullmatch(path.name) and path.lstat().st_mtime < time.time() - KEPT_SECONDS:
                path.unlink(missing_ok=True)

    def keep(self, name: str, content: bytes, mime: str) -> Attachment:
        """Keep a file. Raises `OSError`."""
        ref = secrets.token_hex(16)
        descriptor = os.open(self._folder / ref, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        kind = "image" if mime.startswith("image/") and mime != "image/svg+xml" else "file"
        return Attachment(ref, name or "file", len(content), mime, "image" if kind == "image" else "file")

    def bring(self, attachment: Attachment, path: Path, *, limit: int) -> None:
        """Copy a file to `path`. Raises `ChannelGoneError` when it is gone or has more than `limit` bytes."""
        kept = self._folder / attachment.ref
        try:
            if not _REF.fullmatch(attachment.ref) or kept.stat().st_size > limit:
                raise ChannelGoneError(key=NAME, reason=f"the file {attachment.name!r} is gone or too large")
            shutil.copyfile(kept, path)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise ChannelGoneError(key=NAME, reason=f"the file {attachment.name!r} is gone") from error


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "user"
