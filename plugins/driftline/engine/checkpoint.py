"""What a long synchronisation has done, kept in a file, so that it can go on after it was cut off."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

    def __init__(self, path: Path, done: dict[str, StepResult], steps: Sequence[Step]) -> None:
        self._path = path
        self._steps = steps
        self.done = done
        """The results of the steps that need not be tried again."""
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    @classmethod
    def open(cls, path: str | Path, steps: Sequence[Step], target: Dataset) -> Checkpoint:
        """Open a new file, or go on with one; raises CheckpointError when it belongs to something else."""
        path = Path(path)
        if not path.exists():
            checkpoint = cls(path, {}, steps)
            checkpoint._write({"format": _FORMAT, "version": _VERSION, "steps": _digest(steps)})
            return checkpoint
        known = _read(path, _digest(steps))
        done = {
            step.id: StepResult(step, DiffSyncStatus.SUCCESS, "done before the synchronisation was cut off")
            for step in steps
            if step.id in known or _is_done(step, target)
        }
        return cls(path, done, steps)

    def note(self, unit: UnitResult) -> None:
        """Write down a unit that was changed."""
        if unit.outcome is UnitOutcome.APPLIED:
            self._write({"done": [each.step.id for each in unit.steps]})

    def closed(self, run: RunResult) -> RunResult:
        """Close the file, remove it when nothing is left to do, and return the run with what was done before."""
        os.close(self._file)
        if run.succeeded:
            self._path.unlink(missing_ok=True)
        before = tuple(
            UnitResult(each.step.unit, UnitOutcome.APPLIED, (each,)) for each in self.done.values()
        )
        return RunResult(before + run.units, interrupted=run.interrupted)

    def _write(self, line: dict[str, Any]) -> None:
        os.write(self._file, (json.dumps(line, separators=(",", ":")) + "\n").encode())


def _digest(steps: Sequence[Step]) -> str:
    return hashlib.sha256("\n".join(step.id for step in steps).encode()).hexdigest()


def _read(path: Path, digest: str) -> set[str]:
    """Return the ids of the steps that were done."""
    lines = path.read_text(encoding="utf-8").splitlines()
    header = _line(lines[0]) if lines else None
    if header is None or header.get("format") != _FORMAT or header.get("version") != _VERSION:
        raise CheckpointError(
            f"{path} is no checkpoint of this version", hint="name another file, or remove this one"
        )
    if header.get("steps") != digest:
        raise CheckpointError(
            f"{path} belongs to another synchronisation: the changes are not the same",
            code="CHECKPOINT-OTHER",
            hint="go on with the diff of that synchronisation, or remove the file to begin anew",
        )
    # A last line that was cut short says nothing; the step is looked up in the target.
    return {step_id for line in map(_line, lines[1:]) if line is not None for step_id in line.get("done", ())}


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
        name in values and canonical(values[name]) == canonical(value) for name, value in after.items()
    )
