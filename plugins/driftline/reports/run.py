"""The run report: what became of every planned change."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from driftline.engine.results import UnitOutcome

from .drift import Failure, failure_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
class RunReport:
    """How a run ended, device by device."""

    result: RunResult
    failures: tuple[Failure, ...]
    run: str = ""
    """Its id in the journal."""
    notes: tuple[str, ...] = ()
    """What a person should know of the whole run."""

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
        return f"devices: {', '.join(parts)}" if parts else "nothing to do"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "run": self.run,
            "notes": list(self.notes),
            "summary": self.summary,
            "interrupted": self.result.interrupted,
            "devices": [_unit_dict(unit) for unit in self.result.units],
            "failures": [asdict(failure) for failure in self.failures],
        }


def run_report(
    result: RunResult, failures: Mapping[str, DriftlineError], run: str = "", notes: Iterable[str] = ()
) -> RunReport:
    """Return the report on a run."""
    return RunReport(result, failure_list(failures), run, tuple(notes))


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
