"""Writing files of the intent: all of them or none, and never over what somebody else wrote meanwhile."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from driftline.engine.exceptions import Problem, ProblemsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class IntentWriteError(ProblemsError):
    """The intent can't be written; its files are as they were."""

    default_code: ClassVar[str] = "INTENT-WRITE"
    default_hint: ClassVar[str] = "no file was changed; correct what it names and try again"


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A file that is to be written, and what it must hold until then."""

    path: Path
    before: bytes | None
    """None: there must be no such file."""
    after: bytes


def write_files(edits: Sequence[FileEdit]) -> list[Path]:
    """Write the files, each at once, and return their paths; on any failure all are put back.

    Raises:
        IntentWriteError: a file is not what it was, or can't be written.
    """
    made: list[Path] = []
    staged: dict[Path, Path] = {}
    done: list[FileEdit] = []
    try:
        for edit in edits:
            made.extend(_make_folder(edit.path.parent))
            staged[edit.path] = _stage(edit.path, edit.after)
        _check_unchanged(edits)
        for edit in edits:
            done.append(edit)
            staged[edit.path].replace(_target(edit.path))
        _sync_folders(edits)
    except BaseException as error:
        _undo(done, staged.values(), made)
        if isinstance(error, OSError):
            raise _unwritable(error) from error
        raise
    return [edit.path for edit in edits]


def _check_unchanged(edits: Sequence[FileEdit]) -> None:
    problems = [
        Problem(str(edit.path), "INTENT-FILE-CHANGED", "somebody else changed this file", "begin anew")
        for edit in edits
        if _content(edit.path) != edit.before
    ]
    if problems:
        raise IntentWriteError("The intent can't be written", problems=problems)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _target(path: Path) -> Path:
    """Return the file itself: where people keep a link, the link stays."""
    return path.resolve() if path.is_symlink() else path


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder with those above it, and return the ones that are new, the innermost first."""
    new = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return new


def _stage(path: Path, content: bytes) -> Path:
    """Return a finished file beside another one, safe on disk; its name begins with a dot, so no one reads it."""
    target = _target(path)
    staged = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        with staged.open("xb") as file:
            file.write(content)
            file.flush()
            with suppress(FileNotFoundError):
                os.fchmod(file.fileno(), target.stat().st_mode & 0o777)
            os.fsync(file.fileno())
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    return staged


def _sync_folders(edits: Sequence[FileEdit]) -> None:
    for folder in {_target(edit.path).parent for edit in edits}:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _undo(done: Iterable[FileEdit], staged: Iterable[Path], made: Iterable[Path]) -> None:
    """Put everything back as far as that is possible."""
    for edit in done:
        with suppress(OSError):
            if _content(edit.path) != edit.after:
                continue
            if edit.before is None:
                edit.path.unlink()
            else:
                _stage(edit.path, edit.before).replace(_target(edit.path))
    for path in staged:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    for folder in sorted(made, key=lambda one: len(one.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()


def _unwritable(error: OSError) -> IntentWriteError:
    problem = Problem(
        where=str(error.filename or ""),
        code="INTENT-UNWRITABLE",
        message=f"the file can't be written: {error.strerror or type(error).__name__}",
        hint="check its folder, the permissions and the space on the disk",
    )
    return IntentWriteError("The intent can't be written", problems=[problem])
