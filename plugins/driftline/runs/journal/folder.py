"""The state directory and the files in it are their owner's alone."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from .errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_WRITTEN_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def private_folder(path: Path) -> Path:
    """Make a folder that only this user can look into, or see to it that nobody else can write in one.

    Others may go on reading a folder that exists, as the files in it are this user's alone.

    Raises JournalError (JOURNAL-FOLDER) when it can't be made, belongs to somebody else, or is one that users
    share, as /tmp is.
    """
    try:
        _make(path)
        found = path.stat()
    except OSError as error:
        raise _refused(path, error.strerror or "it can't be made") from error
    if not stat.S_ISDIR(found.st_mode):
        raise _refused(path, "it is no folder")
    _check_owner(path, found)
    if found.st_mode & _WRITTEN_BY_OTHERS:
        if found.st_mode & stat.S_ISVTX:
            raise _refused(path, "users share it")
        path.chmod(stat.S_IMODE(found.st_mode) & ~_WRITTEN_BY_OTHERS)
    return path


def private_file(path: Path) -> None:
    """Check a file and what SQLite puts beside it, where they exist, so that only this user can read them.

    Raises JournalError (JOURNAL-FOLDER) when one is no ordinary file (a symlink, say) or somebody else's.
    """
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        file = path.with_name(name)
        try:
            found = file.lstat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _refused(file, error.strerror or "it can't be read") from error
        if not stat.S_ISREG(found.st_mode):
            raise _refused(file, "it is no ordinary file")
        _check_owner(file, found)
        if found.st_mode & 0o077:
            file.chmod(_FILE_MODE)


def _make(path: Path) -> None:
    """Make a folder, and those above it that are missing: mkdir gives its mode to the last one only."""
    if not path.exists():
        _make(path.parent)
        path.mkdir(mode=_FOLDER_MODE, exist_ok=True)


def _check_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise _refused(path, f"it belongs to user {found.st_uid}, and this is user {os.geteuid()}")


def _refused(path: Path, reason: str) -> JournalError:
    return JournalError(
        f"{path} can't be used: {reason}",
        code="JOURNAL-FOLDER",
        hint="name a folder of your own as state_dir, with mode 0700",
    )
