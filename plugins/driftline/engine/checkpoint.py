"""What a long synchronisation has done, kept in a file, so that it can go on after it was cut off."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .enum import DiffSyncStatus
from .exceptions import CheckpointError
from .results import RunResult, StepResult, UnitOutcome, UnitResult
from .values import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .plan import Step
    from .typing import Dataset

_FORMAT = "driftline-checkpoint"
_VERSION = 1


class Checkpoint:
    """A file of JSON lines: which synchronisation it belongs to, then the ids of the steps that succeeded.

    It is written after every unit, so a process that is killed loses at most what it was doing. Whether that
    was done is looked up in the target when the synchronisation goes on.
    """

    def __init__(self, path: Path, file: int, steps: Sequence[Step], done: dict[str, StepResult]) -> None:
        self._path = path
        self._file = file
        self._places = {step.id: place for place, step in enumerate(steps)}
        self.done = done
        """The results of the steps that need not be tried again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._file)

    @classmethod
    def open(cls, path: str | Path, steps: Sequence[Step], target: Dataset) -> Checkpoint:
        """Open a new file, or go on with one; raises CheckpointError when it belongs to something else."""
        path = Path(path)
        header = _text({"format": _FORMAT, "version": _VERSION, "steps": _digest(steps)})
        try:
            text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
            known = _known(path, text or "", header)
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise CheckpointError(f"the checkpoint {path} can't be used: {error.strerror}") from error
        if known is None:
            os.ftruncate(file, 0)
            os.write(file, header.encode())
        elif not (text or "").endswith("\n"):
            os.write(file, b"\n")
        done = {
            step.id: StepResult(step, DiffSyncStatus.SUCCESS, "done before the synchronisation was cut off")
            for step in (steps if text else ())
            if step.id in (known or ()) or _is_done(step, target)
        }
        return cls(path, file, steps, done)

    def note(self, unit: UnitResult) -> None:
        """Write down a unit that was changed."""
        if unit.outcome is UnitOutcome.APPLIED:
            os.write(self._file, _text({"done": [each.step.id for each in unit.steps]}).encode())

    def completed(self, run: RunResult) -> RunResult:
        """Return the run with what was done before, in order, and remove the file when nothing is left to do."""
        if run.succeeded:
            self._path.unlink(missing_ok=True)
        before = [UnitResult(each.step.unit, UnitOutcome.APPLIED, (each,)) for each in self.done.values()]
        units = sorted((*before, *run.units), key=lambda unit: self._places[unit.steps[0].step.id])
        return RunResult(tuple(units), interrupted=run.interrupted)


def _text(line: dict[str, Any]) -> str:
    return json.dumps(line, separators=(",", ":")) + "\n"


def _digest(steps: Sequence[Step]) -> str:
    return hashlib.sha256("\n".join(step.id for step in steps).encode()).hexdigest()


def _known(path: Path, text: str, header: str) -> set[str] | None:
    """Return the ids of the steps that were done; None when the file was not even begun."""
    if header.startswith(text) and text != header:
        return None
    first, *lines = text.splitlines()
    found = _line(first)
    if found is None or found.get("format") != _FORMAT or found.get("version") != _VERSION:
        raise CheckpointError(
            f"{path} is no checkpoint of this version", hint="name another file, or remove this one"
        )
    if found.get("steps") != _line(header)["steps"]:  # type: ignore[index] # it is ours
        raise CheckpointError(
            f"{path} belongs to another synchronisation: the changes are not the same",
            code="CHECKPOINT-OTHER",
            hint="go on with the diff of that synchronisation, or remove the file to begin anew",
        )
    # A last line that was cut short says nothing; the step is looked up in the target.
    return {step_id for line in map(_line, lines) if line is not None for step_id in line.get("done", ())}


def _line(text: str) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def _is_done(step: Step, target: Dataset) -> bool:
    """Return whether the target is as a step would make it."""
    found = target.get_or_none(step.model, step.identity)
    if found is None or step.action == "delete":
        return found is None and step.action == "delete"
    after = step.after or {}
    if step.parent is not None:
        parent = target.get_or_none(step.parent.model, step.parent.identity)
        if parent is None or parent.place_of(found) is None:
            return False
    values = found.get_attrs()
    return all(
        name in values
        and (found.same(name, value, values[name]) or canonical(values[name]) == canonical(value))
        for name, value in after.items()
    )
