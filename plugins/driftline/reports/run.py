"""The run report: what became of every planned change."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from driftline.engine.conflicts import ConflictResolutionStrategy
from driftline.engine.results import UnitOutcome

from .drift import Failure, Row, drift_rows, failure_list, record_rows, row_dict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from driftline.engine import Diff
    from driftline.engine.conflicts import Conflict
    from driftline.engine.exceptions import DriftlineError
    from driftline.engine.results import RunResult, StepResult, UnitResult

_OUTCOMES = {
    UnitOutcome.APPLIED: "applied and read back",
    UnitOutcome.ROLLED_BACK: "rolled back",
    UnitOutcome.ROLLBACK_FAILED: "ROLLBACK FAILED",
    UnitOutcome.NOT_REACHED: "not reached",
    UnitOutcome.SKIPPED: "skipped",
}


@dataclass(frozen=True, slots=True)
class Left:
    """An object that is not as intended after a run, and why it was left so."""

    row: Row
    why: str


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended, device by device."""

    result: RunResult
    failures: tuple[Failure, ...]
    run: str = ""
    """Its id in the journal."""
    notes: tuple[str, ...] = ()
    """What a person should know of the whole run."""
    kind: str = "apply"
    of: str = ""
    """The run that is taken back by it."""
    ticket: str = ""
    comment: str = ""
    scope: str = "unit"
    groups: Mapping[str, str] = field(default_factory=dict)
    """What each device changed with, all or none; empty: each was for itself."""
    converged: bool | None = None
    """Whether all devices are as intended by now; None: not judged."""
    left: tuple[Left, ...] = ()
    """What is not."""
    reverted: RunReport | None = None
    """The run by which this one was taken back."""
    what: str = "devices"
    """What its units are: `devices`, or the `objects` of a source of truth."""

    @property
    def summary(self) -> str:
        """The whole report on one line."""
        parts = [
            f"{count} {_OUTCOMES[outcome]}"
            for outcome, count in sorted(self.result.counts.items(), key=_rank)
        ]
        if self.failures:
            parts.append(f"{len(self.failures)} not read")
        if self.result.interrupted:
            parts.append("interrupted")
        return f"{self.what}: {', '.join(parts)}" if parts else "nothing to do"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "run": self.run,
            "kind": self.kind,
            "of": self.of,
            "ticket": self.ticket,
            "comment": self.comment,
            "scope": self.scope,
            "notes": list(self.notes),
            "summary": self.summary,
            "interrupted": self.result.interrupted,
            "devices": [
                {**_unit_dict(unit), "group": self.groups.get(unit.unit, "")} for unit in self.result.units
            ],
            "failures": [asdict(failure) for failure in self.failures],
            "converged": self.converged,
            "left": [{**row_dict(left.row), "why": left.why} for left in self.left],
            "reverted": None if self.reverted is None else self.reverted.to_dict(),
        }


def run_report(
    result: RunResult,
    failures: Mapping[str, DriftlineError],
    *,
    left: Diff | None = None,
    conflicts: Iterable[Conflict] = (),
    notes: Iterable[str] = (),
    **about: Any,
) -> RunReport:
    """Return the report on a run.

    Args:
        left: what is not as intended after it; None: not judged.
        conflicts: those of its plan.
        about: the other fields of the report.
    """
    rows_of = drift_rows if about.get("what", "devices") == "devices" else record_rows
    rows = () if left is None else rows_of(left)
    found = tuple(Left(row, _why_left(row, result, conflicts)) for row in rows)
    return RunReport(result, failure_list(failures), notes=tuple(notes), left=found, **about)


def _why_left(row: Row, result: RunResult, conflicts: Iterable[Conflict]) -> str:
    """Return why an object was left as it is."""
    unit = next((unit for unit in result.units if unit.unit == row.device), None)
    if unit is not None and unit.outcome is not UnitOutcome.APPLIED:
        return _OUTCOMES[unit.outcome]
    planned = [] if unit is None else [(each.step.model, each.step.name) for each in unit.steps]
    winners = {each.winner for each in conflicts if (each.unit, each.model, each.name) == _place(row)}
    if ConflictResolutionStrategy.MERGE in winners:
        return "what both sides changed was merged"
    if ConflictResolutionStrategy.DEST_WINS in winners:
        return "the device keeps what it has"
    if (row.model, row.name) in planned:
        return "changed again meanwhile"
    return "not in the plan"


def _place(row: Row) -> tuple[str, str, str]:
    return row.device, row.model, row.name


def outcome_words(outcome: UnitOutcome) -> str:
    """Return how a unit ended, in words."""
    return _OUTCOMES[outcome]


def _rank(item: tuple[UnitOutcome, int]) -> int:
    return list(_OUTCOMES).index(item[0])


def _unit_dict(unit: UnitResult) -> dict[str, Any]:
    return {
        "device": unit.unit,
        "outcome": unit.outcome.value,
        "guarantee": unit.guarantee,
        "warnings": list(unit.warnings),
        "seconds": round(unit.seconds, 3),
        "error": None if unit.error is None else _error_dict(unit.error),
        "native_diff": unit.native_diff,
        "operations": [_step_dict(step) for step in unit.steps],
    }


def _error_dict(error: DriftlineError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "problems": [str(problem) for problem in getattr(error, "problems", ())],
        "rollback": None if error.rollback_error is None else error.rollback_error.message,
    }


def _step_dict(result: StepResult) -> dict[str, Any]:
    step = result.step
    return {
        "id": step.id,
        "action": step.action,
        "model": step.model,
        "identity": step.identity,
        "status": result.status.value,
        "message": result.message,
    }
