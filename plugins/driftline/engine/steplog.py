"""The log of a synchronisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .enum import DiffSyncStatus

if TYPE_CHECKING:
    from .plan import Step

_LEVELS = {DiffSyncStatus.FAILURE: "warning", DiffSyncStatus.ERROR: "error"}
_NUMBERS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class StepLog:
    """The events before and after every step, under the names that diffsync uses."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._heard = {level: log is not None and _hears(log, number) for level, number in _NUMBERS.items()}

    def attempt(self, step: Step, uid: str) -> None:
        """Tell that a step is about to be tried."""
        if self._heard["debug"]:
            self._tell("debug", step, uid, f"Attempting model {step.action}")

    def outcome(self, step: Step, uid: str, status: DiffSyncStatus, message: str, *, failed: bool) -> None:
        """Tell what became of a step."""
        level = _LEVELS.get(status, "info") if failed else "info"
        if self._heard[level]:
            self._tell(level, step, uid, message, status=status.value)
        if failed and self._heard["warning"]:
            self._tell("warning", step, uid, "No object resulted from sync, will not process child objects.")

    def _tell(self, level: str, step: Step, uid: str, event: str, **facts: str) -> None:
        sides = {"-": step.before, "+": step.after}
        diffs = {sign: values for sign, values in sides.items() if values is not None}
        tell = getattr(self._log, level)
        tell(event, action=step.action, model=step.model, unique_id=uid, diffs=diffs, **facts)


def _hears(log: Any, level: int) -> bool:
    """Return whether a logger does anything with events of a level; one that can't say does."""
    enabled = getattr(log, "is_enabled_for", None)
    return enabled is None or bool(enabled(level))
