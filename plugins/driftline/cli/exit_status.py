"""Exit statuses, and which one counts when several hold."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from driftline.engine.results import UnitOutcome

if TYPE_CHECKING:
    from driftline.reports import DriftReport, RunReport


class ExitStatus(enum.IntEnum):
    """What a command's exit status says."""

    OK = 0
    """In sync, or applied."""
    ERROR = 1
    DRIFT = 2
    INCOMPLETE = 3
    """Some devices failed or could not be reached."""
    ROLLED_BACK = 4
    """Something failed and was rolled back."""
    ROLLBACK_FAILED = 5
    USAGE = 64
    INTERRUPTED = 130


def of_drift(report: DriftReport) -> ExitStatus:
    """Return the status of a search for drift: an incomplete one can't say that there is none."""
    if report.failures:
        return ExitStatus.INCOMPLETE
    return ExitStatus.DRIFT if report.rows else ExitStatus.OK


def of_run(report: RunReport) -> ExitStatus:
    """Return the status of a run."""
    counts = report.result.counts
    if report.reverted is not None and of_run(report.reverted) is not ExitStatus.OK:
        return ExitStatus.ROLLBACK_FAILED
    if counts[UnitOutcome.ROLLBACK_FAILED]:
        return ExitStatus.ROLLBACK_FAILED
    if report.result.interrupted:
        return ExitStatus.INTERRUPTED
    if counts[UnitOutcome.ROLLED_BACK]:
        return ExitStatus.ROLLED_BACK
    if report.failures or counts[UnitOutcome.NOT_REACHED] or counts[UnitOutcome.SKIPPED]:
        return ExitStatus.INCOMPLETE
    return ExitStatus.OK
