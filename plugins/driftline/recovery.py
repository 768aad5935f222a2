"""Going on with a run that was cut off, so that it ends as if it had not been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftline.applied import About, Applied
from driftline.backups import RESTORE, replace_whole, texts_before
from driftline.cut_off import CutOff, unit_result
from driftline.engine.exceptions import DriftlineError, GuardBreach, PlanError, StalePlan, TransactionError
from driftline.engine.results import RunResult, UnitOutcome, UnitResult
from driftline.readiness import ready, validation
from driftline.reading import devices_of, load_for
from driftline.runs.journal import JournalError, Kind, Process
from driftline.state import open_journal, remember
from driftline.workflow import carry_out, not_whole

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from driftline.devices import DeviceAdapter
    from driftline.rollout import Watch
    from driftline.runs.journal import Journal, RunRecord
    from driftline.settings import Settings


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of the rest of a plan."""

    result: RunResult
    refused: DriftlineError | None = None
    """Why it may not be applied as things are now."""
    actual: DeviceAdapter | None = None
    """The devices as they were read back; None: nothing was applied step by step."""
    partly: Container[str] = ()
    """The devices of which only a part was to be applied."""


def resume(prefix: str, settings: Settings, *, watch: Watch | None = None) -> Applied:
    """Go on with a run whose process has died, so that it ends as if it had not.

    What was begun and has no outcome on record is looked at on the device first, and never blindly repeated.

    Raises:
        JournalError: there is no such run, it has ended, its process still works on it, or a device that is in
            doubt can't be looked at.
        StalePlan: what is left of the plan does not fit any more; the run has ended.
        GuardBreach: what is left of the plan is not allowed as things are now.
    """
    with open_journal(settings) as journal:
        record = expect_cut_off(journal, prefix)
        run = CutOff.of(record, journal, settings)
        settings = settings.model_copy(update={"apply": run.how})
        take_over(journal, record)
        _look_at(run, run.order, settings)
        left = run.left()
        about = _about(record)
        tried = _tried(run, left, settings, about, watch)
        halves = run.halves(left, tried.result)
        if halves:
            _take_back(run, halves, settings)
        whole = run.whole(tried.result, halves)
        if not whole.interrupted and (tried.refused is None or isinstance(tried.refused, StalePlan)):
            run.recorder.end(whole)
    if tried.actual is not None:
        result = run.lasting(tried.result, halves)
        remember(run.made, about, result, tried.partly, tried.actual, settings)
    if tried.refused is not None:
        raise tried.refused
    return Applied(record.id, whole, {}, plan=run.made, about=about, how=run.how, groups=run.groups)


def _about(record: RunRecord) -> About:
    """Return what a run is for, as it was begun."""
    return About(
        record.kind,
        record.ticket,
        record.comment,
        record.of,
        override_windows=bool(record.settings.get("override_windows")),
    )


def expect_cut_off(journal: Journal, prefix: str) -> RunRecord:
    """Return a run whose process has died before its end; raises JournalError when it is no such run."""
    record = journal.run(prefix)
    if record.ended:
        raise JournalError(
            f"run {record.id} has ended: {record.outcome}",
            code="RUN-ENDED",
            hint="there is nothing to resume",
        )
    if record.is_under_way:
        raise _under_way(record, record.process)
    _check_alone(journal, record)
    return record


def take_over(journal: Journal, record: RunRecord) -> None:
    """Write down that this process goes on with the run; of several that try so at once, the first one does."""
    entry = journal.note(record.id, Kind.RUN_RESUMED, process=Process.current().to_dict())
    _check_alone(journal, record, before=entry.seq)


def _check_alone(journal: Journal, record: RunRecord, before: int | None = None) -> None:
    """Raise JournalError when another process goes on with the run."""
    for entry in journal.entries(record.id):
        if entry.kind is Kind.RUN_RESUMED and (before is None or entry.seq < before):
            process = Process(**entry.data["process"])
            if process != Process.current() and not process.is_gone():
                raise _under_way(record, process)


def _under_way(record: RunRecord, process: Process) -> JournalError:
    return JournalError(
        f"run {record.id} is under way: {process}", code="RUN-UNDER-WAY", hint="wait for it, or stop it"
    )


def _look_at(run: CutOff, units: Iterable[str], settings: Settings) -> None:
    actual = devices_of(run.made, settings)
    try:
        run.recall(actual)
        run.settle(actual, units)
    finally:
        actual.close()


def _tried(run: CutOff, left: Sequence[str], settings: Settings, about: About, watch: Watch | None) -> _Tried:
    """Apply what is left of a plan, or replace what is left of a restore."""
    if not left:
        return _Tried(RunResult())
    if run.record.kind == RESTORE:
        texts = texts_before(run.recorder.journal, run.record.of, left)
        return _Tried(replace_whole(run.made, texts, settings, run.recorder, watch))
    made = run.made.restricted_to(left)
    actual = load_for(made, settings, watch=watch)
    try:
        run.recall(actual)
        fresh = ready(made, actual, settings, about).plan
        rules = validation(fresh, actual, settings)
        rules.check_before()
        result = carry_out(fresh, actual, settings, about, run.groups, run.recorder, watch, rules)
    except (PlanError, GuardBreach, StalePlan) as refused:
        return _Tried(RunResult(tuple(_not_reached(unit, run, refused) for unit in left)), refused)
    finally:
        actual.close()
    partly = run.partly | not_whole(made, fresh)
    return _Tried(_with_unread(result, left, run, actual), None, actual, partly)


def _with_unread(result: RunResult, left: Sequence[str], run: CutOff, actual: DeviceAdapter) -> RunResult:
    """Return the result of what is left, with the devices that could not be read."""
    tried = {unit.unit for unit in result.units}
    unread = [unit for unit in left if unit not in tried and unit in actual.failures]
    missing = (_not_reached(unit, run, actual.failures[unit]) for unit in unread)
    return RunResult((*result.units, *missing), interrupted=result.interrupted)


def _not_reached(unit: str, run: CutOff, error: DriftlineError) -> UnitResult:
    return unit_result(unit, run.steps[unit], UnitOutcome.NOT_REACHED, f"not applied: {error.message}", error)


def _take_back(run: CutOff, groups: set[str], settings: Settings) -> None:
    """Bring back all of some groups: they were to be confirmed, and not all of them could be."""
    cause = TransactionError("not all that change together could be changed in the end", code="TOGETHER")
    for group in sorted(groups):
        run.recorder.decided(group, run.units_of(group), cause)
    run.read_again()
    _look_at(run, [unit for unit in run.order if run.groups[unit] in groups], settings)
