"""A run as a value: what it is for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from driftline.engine.results import UnitOutcome
from driftline.reports import run_report
from driftline.settings import ApplySettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from driftline.engine import Diff, Plan
    from driftline.engine.exceptions import DriftlineError
    from driftline.engine.results import RunResult
    from driftline.reports import RunReport


@dataclass(frozen=True, slots=True)
class About:
    """What a run is for."""

    kind: str = "apply"
    ticket: str = ""
    comment: str = ""
    of: str = ""
    """The run that is taken back by it."""
    plan_time: datetime | None = None
    """When the plan was made; None: just now."""
    override_windows: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """A run on record."""

    run: str
    """Its id in the journal."""
    result: RunResult
    failures: Mapping[str, DriftlineError]
    """The devices of the plan that could not be read, and why; they were left alone."""
    notes: tuple[str, ...] = ()
    """What a person should know of the run though it is no failure."""
    plan: Plan | None = None
    """What was to be applied; None: nothing that is planned step by step."""
    about: About = About()
    how: ApplySettings = field(default_factory=ApplySettings)
    groups: Mapping[str, str] = field(default_factory=dict)
    """The site, batch or run that each device changed with, all or none; empty: each was for itself."""
    left: Diff | None = None
    """What still is not as intended, by what was read back; None: not judged, since the intent was not loaded."""
    reverted: Applied | None = None
    """The run by which this one was taken back, after a batch had failed."""

    @property
    def converged(self) -> bool | None:
        """Whether all devices are as intended by now; None: that can't be said."""
        if self.left is not None and self.left.has_diffs():
            return False
        return None if self.left is None or self.failures or self.result.interrupted else True


def applied_units(result: RunResult) -> list[str]:
    """Return the units of a run that are changed for good."""
    return [unit.unit for unit in result.units if unit.outcome is UnitOutcome.APPLIED]


def report_on(applied: Applied) -> RunReport:
    """Return the report on a run, and on the one by which it was taken back."""
    about = applied.about
    return run_report(
        applied.result,
        applied.failures,
        left=applied.left,
        conflicts=() if applied.plan is None else applied.plan.conflicts,
        notes=applied.notes,
        run=applied.run,
        kind=about.kind,
        of=about.of,
        ticket=about.ticket,
        comment=about.comment,
        scope=applied.how.scope,
        groups=applied.groups,
        converged=applied.converged,
        reverted=None if applied.reverted is None else report_on(applied.reverted),
        what="devices" if applied.plan is None or applied.plan.target.type == "devices" else "objects",
    )
