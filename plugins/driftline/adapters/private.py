"""Files that adapters keep for themselves: readable by their owner alone, written whole or not at all.

They stand for what was read of a source, so one that somebody else could have written is not believed.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from driftline.engine.exceptions import DriftlineError


def read_private(file: Path, version: int) -> bytes | None:
    """Return what was written to a file in this version of its format; None: nothing that can be believed."""
    try:
        header, __, body = _own_content(file).partition(b"\n")
        return body if json.loads(header) == _header(body, version) else None
    except (OSError, ValueError):
        return None


def write_private(file: Path, body: bytes, version: int) -> None:
    """Write a file beside its place and then rename it; raises OSError."""
    _make_private(file.parent)
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(json.dumps(_header(body, version)).encode() + b"\n" + body)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_own(path: Path, text: str) -> None:
    """Write a text for people into a file that only its owner can read: it tells what a network looks like."""
    try:
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DriftlineError(
            f"{path} can't be written: {error.strerror}", code="OUT-FILE", hint="name another file"
        ) from error


def _own_content(file: Path) -> bytes:
    """Return the content of a regular file that only we can write."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        foreign = status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        return b"" if foreign or not stat.S_ISREG(status.st_mode) else stream.read()


def _make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone: mkdir does so with the last one only."""
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _header(body: bytes, version: int) -> dict[str, Any]:
    return {"version": version, "digest": hashlib.sha256(body).hexdigest()}
