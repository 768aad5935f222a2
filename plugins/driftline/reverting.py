"""What becomes of the earlier batches when one fails: they are kept, or taken back as a run of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from driftline import recovery, workflow
from driftline.applied import About, Applied, applied_units
from driftline.engine.exceptions import DriftlineError
from driftline.engine.results import RunResult, UnitOutcome, UnitResult
from driftline.rollback import plan_rollback
from driftline.runs import Guards

if TYPE_CHECKING:
    from driftline.devices import DeviceAdapter, Fleet
    from driftline.engine import Plan
    from driftline.network import IntendedState
    from driftline.rollout import Watch
    from driftline.settings import Settings

_BAD = (UnitOutcome.ROLLED_BACK, UnitOutcome.ROLLBACK_FAILED, UnitOutcome.NOT_REACHED)


def apply(
    made: Plan,
    actual: DeviceAdapter,
    settings: Settings,
    *,
    about: About | None = None,
    watch: Watch | None = None,
    intended: IntendedState | None = None,
) -> Applied:
    """Apply a plan, and take the earlier batches back when one fails, where the settings say so."""
    applied = workflow.apply(made, actual, settings, about=about, watch=watch, intended=intended)
    return reverted(applied, settings, watch=watch, fleet=actual.fleet)


def resume(prefix: str, settings: Settings, *, watch: Watch | None = None) -> Applied:
    """Go on with a run whose process has died, to the same end."""
    return reverted(recovery.resume(prefix, settings, watch=watch), settings, watch=watch)


def reverted(
    applied: Applied, settings: Settings, *, watch: Watch | None = None, fleet: Fleet | None = None
) -> Applied:
    """Return a run with the one by which it was taken back, if it was to be.

    A device that can't be taken back has the outcome rollback-failed in it. The limits of the settings are not for
    it: it only brings back what was there before, device by device.
    """
    batches = applied.how.batches
    if batches is None or batches.on_failure == "keep" or not _has_failed_halfway(applied):
        return applied
    try:
        back = _take_back(applied, settings, watch, fleet)
    except DriftlineError as error:
        back = _not_taken_back(applied, error)
    return replace(applied, reverted=back)


def _not_taken_back(applied: Applied, error: DriftlineError) -> Applied:
    """Return a run that has changed nothing, by which the earlier batches were to be taken back."""
    kept = applied_units(applied.result)
    units = tuple(UnitResult(unit, UnitOutcome.ROLLBACK_FAILED, (), error) for unit in kept)
    return Applied("", RunResult(units), {}, about=_about(applied))


def _about(applied: Applied) -> About:
    return replace(applied.about, kind="rollback", of=applied.run, comment="a later batch failed")


def _has_failed_halfway(applied: Applied) -> bool:
    outcomes = applied.result.counts
    bad = any(outcomes[outcome] for outcome in _BAD)
    return bad and bool(outcomes[UnitOutcome.APPLIED]) and not applied.result.interrupted


def _take_back(applied: Applied, settings: Settings, watch: Watch | None, fleet: Fleet | None) -> Applied:
    each_for_itself = settings.apply.model_copy(update={"scope": "unit", "batches": None})
    unlimited = {"apply": each_for_itself, "guards": Guards(max_deletes=None, max_shrink=None), "windows": ()}
    settings = settings.model_copy(update={**unlimited, "rules": [], "validators": []})
    __, made, actual = plan_rollback(applied.run, settings, watch=watch, fleet=fleet)
    try:
        return workflow.apply(made, actual, settings, about=_about(applied), watch=watch)
    finally:
        actual.close()
