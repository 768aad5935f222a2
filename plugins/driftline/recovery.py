"""After a run: going on with one that was cut off, and taking one back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from driftline import workflow
from driftline.engine.enum import DiffSyncStatus
from driftline.engine.exceptions import (
    DriftlineError,
    GuardBreach,
    PlanError,
    Problem,
    StalePlan,
    TargetError,
    TransactionError,
)
from driftline.engine.executor import execute
from driftline.engine.plan import Plan, key_of, make_plan, renewed
from driftline.engine.policy import Policy
from driftline.engine.results import RunResult, StepResult, UnitOutcome, UnitResult, skipped
from driftline.network import change_order
from driftline.rollout import Watch, roll_out
from driftline.runs.journal import JournalError, Kind, Process
from driftline.runs.recorded import Recorder
from driftline.runs.standing import Stand, Standing, decisions, standings
from driftline.settings import ApplySettings

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from driftline.devices import DeviceAdapter
    from driftline.engine import Step
    from driftline.engine.transaction import Transaction
    from driftline.runs.journal import Journal, RunRecord
    from driftline.settings import Settings

RESTORE = "restore"
"""The kind of run that replaces whole configurations; it has no steps."""


# Going on -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class CutOff:
    """A run whose process has died, and where its units stand; looking at the devices settles what is in doubt."""

    record: RunRecord
    made: Plan
    how: ApplySettings
    groups: dict[str, str]
    recorder: Recorder
    stands: dict[str, Standing] = field(init=False)
    confirmed: dict[str, bool] = field(init=False)
    """The last decision on each group: whether it is to be confirmed."""
    steps: dict[str, list[Step]] = field(init=False)
    """The steps of each unit, in the order of change."""
    applied: set[str] = field(default_factory=set)
    """Units whose change is there for good."""

    @classmethod
    def of(cls, record: RunRecord, journal: Journal, settings: Settings) -> CutOff:
        """Return a run from its record."""
        run = cls(
            record,
            Plan.from_json(journal.plan(record.id)),
            ApplySettings.model_validate(record.settings["apply"]),
            dict(record.settings["groups"]),
            Recorder(journal, record.id, lease_seconds=settings.lease),
        )
        run.steps = {unit: [] for unit in run.made.identities} if record.kind == RESTORE else run.made.units
        run.read_again()
        return run

    def read_again(self) -> None:
        """Read from the record where the units stand."""
        entries = self.recorder.journal.entries(self.record.id)
        self.stands, self.confirmed = standings(entries), decisions(entries)

    def recall(self, actual: DeviceAdapter) -> None:
        """Let the devices know what they are to be again, when that is what the run is for."""
        if self.record.kind == "rollback":
            texts = _texts_before(self.recorder.journal, self.record.of, self.steps)
            actual.recall(texts, _sites(self.made))
        elif self.record.kind == RESTORE:
            actual.replacing.update(_texts_before(self.recorder.journal, self.record.of, self.steps))

    def units_of(self, group: str) -> list[str]:
        """Return the units of a group."""
        return [unit for unit in self.order if self.groups[unit] == group]

    @property
    def order(self) -> list[str]:
        """The units in the order of change."""
        return list(self.groups or self.steps)

    def goes_back(self, unit: str) -> bool:
        """Return whether a unit is to be brought back: nothing is permanent before its group was decided on."""
        if not self.groups:
            return self.stand(unit) is Stand.GOING_BACK
        return self.is_over(unit) or not self.confirmed.get(self.groups[unit], False)

    def is_over(self, unit: str) -> bool:
        """Return whether a unit has failed, by itself or with its group, and is not to be tried again."""
        if not self.groups:
            return self.stand(unit) in _FAILED
        group = self.groups[unit]
        return self.confirmed.get(group) is False or any(
            self.stand(other) in _FAILED for other in self.units_of(group)
        )

    def stand(self, unit: str) -> Stand:
        """Return where a unit stands, as far as is on record."""
        return self.stands.get(unit, Standing()).stand

    def left(self) -> list[str]:
        """Return the units that are still to be changed."""
        over = {unit for unit in self.order if self.is_over(unit)}
        if over and self.how.stops_on_failure:
            return []
        lost: set[str] = set()
        for step in self.made.steps:  # in the order of change: what others need comes before them
            if step.unit in over or not lost.isdisjoint(step.depends_on):
                over.add(step.unit)
                lost.add(step.id)
        return [unit for unit in self.order if unit not in self.applied and unit not in over]

    def settle(self, actual: DeviceAdapter, units: Iterable[str]) -> None:
        """Look at units on which something was begun, and bring back those that are to go back.

        Raises JournalError: some could not be looked at, or brought back.
        """
        actual.fence = self.recorder.fence
        failures: dict[str, DriftlineError] = {}
        for_good = {unit for unit in units if self.stand(unit) is Stand.APPLIED and not self.goes_back(unit)}
        self.applied |= for_good
        doubtful = [unit for unit in units if self.stand(unit) in _DOUBTFUL and unit not in for_good]

        def look(unit: str) -> None:
            try:
                if self._settled(unit, actual):
                    self.applied.add(unit)
                else:
                    self.applied.discard(unit)
            except DriftlineError as error:  # the other units are looked at all the same
                failures[unit] = error

        if doubtful:
            actual.fleet.run(look, doubtful)
        if failures:
            raise _not_settled(failures)

    def _settled(self, unit: str, actual: DeviceAdapter) -> bool:
        """Return whether a change is there for good; if it is not, or is not to be, it is taken back."""
        self.recorder.claim(unit)
        try:
            if self.stand(unit) is Stand.STAGED:
                with suppress(
                    TargetError
                ):  # nothing was written; who can't be reached now is not changed later
                    actual.transaction(unit).drop(self.stands[unit].left)
                return False
            return self._settled_session(unit, actual)
        finally:
            self.recorder.release(unit)

    def _settled_session(self, unit: str, actual: DeviceAdapter) -> bool:
        standing, recorder, again = self.stands[unit], self.recorder, not self.is_over(unit)
        left = [name for name in standing.left if name != standing.candidate]
        if left:
            actual.transaction(unit).drop(left)
        session = actual.revive(
            unit,
            self.steps[unit],
            before=kept_text(recorder.journal, recorder.run, unit, standing.kept),
            candidate=standing.candidate,
            revert_in=standing.revert_in,
        )
        session.naming = partial(recorder.candidate, unit)
        if not self.goes_back(unit):
            if session.is_applied():
                recorder.note(Kind.CONFIRMED, unit, found=True)
                return True
            if session.is_gone():  # what others have changed since must not be taken back with it
                recorder.note(Kind.ROLLED_BACK, unit, again=again, found=True)
                return False
        recorder.note(Kind.ROLLBACK, unit, again=again)
        session.rollback()
        recorder.note(Kind.ROLLED_BACK, unit, again=again)
        return False

    def halves(self, left: Iterable[str], result: RunResult) -> set[str]:
        """Return the groups that were decided on, and of which not all could be applied in the end."""
        if not self.groups or result.interrupted:
            return set()
        done = {unit.unit for unit in result.units if unit.outcome is UnitOutcome.APPLIED}
        short = {self.groups[unit] for unit in left if unit not in done}
        return short & {self.groups[unit] for unit in (*self.applied, *done)}

    def whole(self, result: RunResult, halves: Container[str]) -> RunResult:
        """Return the result of the whole run, from that of what was left of it."""
        tried = {
            unit.unit: unit
            for unit in result.units
            if unit.outcome is not UnitOutcome.APPLIED or self.groups.get(unit.unit) not in halves
        }
        units = (tried[unit] if unit in tried else self.outcome(unit) for unit in self.order)
        return RunResult(tuple(units), interrupted=result.interrupted)

    def outcome(self, unit: str) -> UnitResult:
        """Return the result of a unit that is not carried out any more."""
        steps, standing = self.steps[unit], self.stands.get(unit, Standing())
        if unit in self.applied:
            return _result(unit, steps, UnitOutcome.APPLIED, "applied before the run was resumed")
        if standing.kept is not None:
            return _result(unit, steps, UnitOutcome.ROLLED_BACK, "taken back: the run had failed")
        if standing.stand is Stand.OVER:
            return _result(unit, steps, UnitOutcome.NOT_REACHED, "it had failed before the run was resumed")
        return skipped(unit, steps, "the run had failed before it was resumed")


_DOUBTFUL = (Stand.STAGED, Stand.IN_DOUBT, Stand.GOING_BACK, Stand.APPLIED)
_FAILED = (Stand.GOING_BACK, Stand.OVER)


def _result(
    unit: str, steps: Iterable[Step], outcome: UnitOutcome, message: str, error: DriftlineError | None = None
) -> UnitResult:
    good = outcome is UnitOutcome.APPLIED
    status = DiffSyncStatus.SUCCESS if good else DiffSyncStatus.FAILURE
    if not good and error is None:
        error = TransactionError(f"{unit}: {message}", code="RUN-RESUMED")
    return UnitResult(unit, outcome, tuple(StepResult(step, status, message) for step in steps), error)


def resume(prefix: str, settings: Settings, *, watch: Watch | None = None) -> workflow.Applied:
    """Go on with a run whose process has died, so that it ends as if it had not.

    What was begun and has no outcome on record is looked at on the device first, and never blindly repeated.

    Raises:
        JournalError: there is no such run, it has ended, its process still works on it, or a device that is in
            doubt can't be looked at.
        StalePlan: what is left of the plan does not fit any more; the run has ended.
        GuardBreach: what is left of the plan is not allowed as things are now.
    """
    with workflow.open_journal(settings) as journal:
        record = _cut_off(journal, prefix)
        run = CutOff.of(record, journal, settings)
        settings = settings.model_copy(update={"apply": run.how})
        _take_over(journal, record)
        _look_at(run, run.order, settings)
        left = run.left()
        about = _about(record)
        result, refused = _tried(run, left, settings, about, watch)
        halves = run.halves(left, result)
        if halves:
            _take_back(run, halves, settings)
        whole = run.whole(result, halves)
        if not whole.interrupted and (refused is None or isinstance(refused, StalePlan)):
            run.recorder.end(whole)
    if refused is not None:
        raise refused
    return workflow.Applied(record.id, whole, {}, plan=run.made, about=about, how=run.how, groups=run.groups)


def _about(record: RunRecord) -> workflow.About:
    """Return what a run is for, as it was begun."""
    return workflow.About(
        record.kind,
        record.ticket,
        record.comment,
        record.of,
        override_windows=bool(record.settings.get("override_windows")),
    )


def _cut_off(journal: Journal, prefix: str) -> RunRecord:
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


def _take_over(journal: Journal, record: RunRecord) -> None:
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
    actual = workflow.devices_of(run.made, settings)
    try:
        run.recall(actual)
        run.settle(actual, units)
    finally:
        actual.close()


def _tried(
    run: CutOff, left: Sequence[str], settings: Settings, about: workflow.About, watch: Watch | None
) -> tuple[RunResult, DriftlineError | None]:
    """Apply what is left of a plan; return what came of it, and why it may not be applied as things are now."""
    if not left:
        return RunResult(), None
    if run.record.kind == RESTORE:
        return _replace(run, left, settings, watch or Watch()), None
    made = run.made.restricted_to(left)
    actual = workflow.load_for(made, settings, watch=watch)
    try:
        run.recall(actual)
        fresh = workflow.ready(made, actual, settings, about)
        rules = workflow.validation(fresh.plan, actual, settings)
        rules.check_before()
        admit = workflow.admission(settings, about, actual.known())
        result = roll_out(
            fresh.plan, actual, run.how, run.groups, run.recorder, watch or Watch(), rules, admit=admit
        )
    except (PlanError, GuardBreach, StalePlan) as refused:
        return RunResult(tuple(_not_reached(unit, run, refused) for unit in left)), refused
    finally:
        actual.close()
    tried = {unit.unit for unit in result.units}
    unread = [unit for unit in left if unit not in tried and unit in actual.failures]
    missing = (_not_reached(unit, run, actual.failures[unit]) for unit in unread)
    return RunResult((*result.units, *missing), interrupted=result.interrupted), None


def _not_reached(unit: str, run: CutOff, error: DriftlineError) -> UnitResult:
    return _result(unit, run.steps[unit], UnitOutcome.NOT_REACHED, f"not applied: {error.message}", error)


def _take_back(run: CutOff, groups: set[str], settings: Settings) -> None:
    """Bring back all of some groups: they were to be confirmed, and not all of them could be."""
    cause = TransactionError("not all that change together could be changed in the end", code="TOGETHER")
    for group in sorted(groups):
        run.recorder.decided(group, run.units_of(group), cause)
    run.read_again()
    _look_at(run, [unit for unit in run.order if run.groups[unit] in groups], settings)


def _not_settled(failures: Mapping[str, DriftlineError]) -> JournalError:
    first = next(iter(failures.values()))
    more = f" (and {len(failures) - 1} more devices)" if len(failures) > 1 else ""
    return JournalError(
        f"it is not known what became of the run: {first.message}{more}",
        code="RUN-IN-DOUBT",
        hint="make the device reachable and resume again",
    )


def _texts_before(journal: Journal, run: str, units: Iterable[str]) -> dict[str, str]:
    """Return the configurations of units as they were before a run."""
    stands = standings(journal.entries(run))
    return {unit: kept_text(journal, run, unit, stands.get(unit, Standing()).first) for unit in units}


def _sites(made: Plan) -> dict[str, str]:
    return {unit: facts.get("site", "") for unit, facts in made.identities.items()}


def kept_text(journal: Journal, run: str, unit: str, kept: Mapping[str, str] | None) -> str:
    """Return the configuration that was kept of a unit before it was written."""
    purpose, digest = next(
        (item for item in (kept or {}).items() if item[0].partition(".")[0] == "before"), ("before", "")
    )
    return journal.kept(run, unit, purpose, digest)


# Taking back ----------------------------------------------------------------------------------------------


def plan_rollback(
    prefix: str, settings: Settings, *, watch: Watch | None = None, overwrite: bool = False
) -> tuple[RunRecord, Plan, DeviceAdapter]:
    """Return a plan that takes a run back, and the devices as they are now; nothing is written.

    It brings the objects that the run has changed back to what they were, and nothing else.

    Args:
        overwrite: whether objects that were changed again since the run are brought back too.

    Raises:
        JournalError: there is no such run, it is under way, or it was cut off and has to be resumed first.
        StalePlan: objects were changed again since the run.
    """
    with workflow.open_journal(settings) as journal:
        record = journal.run(prefix)
        if not record.ended:
            raise JournalError(
                f"run {record.id} has not ended", code="RUN-NOT-ENDED", hint=f"driftline resume {record.id}"
            )
        if record.kind == RESTORE:
            raise JournalError(
                f"run {record.id} replaced a whole configuration; it has no steps to take back",
                code="RUN-RESTORE",
                hint=f"driftline backup restore {record.id} DEVICE brings back what was there before it",
            )
        made = Plan.from_json(journal.plan(record.id))
        stands = standings(journal.entries(record.id))
        done = [unit for unit in made.units if unit in stands and stands[unit].stand is Stand.APPLIED]
        texts = _texts_before(journal, record.id, done)
    run = made.restricted_to(done)
    actual = workflow.load_for(run, settings, watch=watch)
    try:
        return record, _back(run, actual, texts, overwrite=overwrite), actual
    except BaseException:
        actual.close()
        raise


def _back(run: Plan, actual: DeviceAdapter, texts: Mapping[str, str], *, overwrite: bool) -> Plan:
    readable = {unit: text for unit, text in texts.items() if unit not in actual.failures}
    problems = [] if overwrite else changed_since(run, actual)
    if problems:
        raise StalePlan("not everything is as the run left it", problems=problems)
    recalled = actual.recall(readable, _sites(run))
    touched = {key_of(step, actual) for step in run.steps}
    diff = actual.diff_from(recalled).filter(
        lambda element: (element.type, actual.model_class(element.type).unique_id_of(element.keys)) in touched
    )
    made = make_plan(diff, recalled, actual, order=change_order)
    ours = {key_of(step, actual): step.after or {} for step in run.steps if step.action == "update"}
    narrowed = {step.id: _narrowed(step, ours.get(key_of(step, actual))) for step in made.steps}
    ids = {old: step.id for old, step in narrowed.items() if step is not None}
    steps = (
        replace(step, depends_on=tuple(ids[needed] for needed in step.depends_on if needed in ids))
        for step in narrowed.values()
        if step is not None
    )
    made = made.with_steps(steps, draft=True)
    return workflow.previewed(made, actual, draft=True)


def _narrowed(step: Step, ours: Container[str] | None) -> Step | None:
    """Return what of a step is about values that the run has set; the others were changed by somebody else."""
    if step.action != "update" or ours is None:
        return step
    before, after = (
        {name: value for name, value in (values or {}).items() if name in ours}
        for values in (step.before, step.after)
    )
    return renewed(step, before=before, after=after) if after else None


def changed_since(run: Plan, actual: DeviceAdapter) -> list[Problem]:
    """Return where devices are no longer as a run left them, as far as it changed them."""
    return [
        problem
        for step in run.steps
        if step.unit not in actual.failures
        for problem in _changed(step, actual)
    ]


def _changed(step: Step, actual: DeviceAdapter) -> list[Problem]:
    found = actual.get_or_none(step.model, step.identity)
    hint = "look who changed it; --overwrite takes the run back all the same"

    def problem(message: str) -> Problem:
        return Problem(f"{step.unit} {step.model} {step.name}", "ROLLBACK-STALE", message, hint)

    if step.action == "delete":
        gone = found is None or getattr(found, "pristine", False)
        return [] if gone else [problem("the run deleted it, and it is there again")]
    if found is None:
        return [problem("it is gone since the run")]
    return [
        problem(f"{name} was {value!r} after the run and is {getattr(found, name)!r} now")
        for name, value in (step.after or {}).items()
        if not found.same(name, value, getattr(found, name))
    ]


# Backups --------------------------------------------------------------------------------------------------


def backup(journal: Journal, prefix: str, device: str) -> str:
    """Return a device's configuration as it was before a run; raises JournalError when none was kept."""
    run = journal.run(prefix)
    standing = standings(journal.entries(run.id)).get(device, Standing())
    return kept_text(journal, run.id, device, standing.first)


def restore(
    prefix: str,
    device: str,
    settings: Settings,
    *,
    about: workflow.About,
    watch: Watch | None = None,
) -> workflow.Applied:
    """Replace a device's whole configuration by what it was before a run, as a run of its own.

    What others have changed since goes, too. Raises JournalError when nothing was kept.
    """
    with workflow.open_journal(settings) as journal:
        run = journal.run(prefix)
        backup(journal, run.id, device)  # there must be one before anything is begun
        made = Plan.from_json(journal.plan(run.id))
        own = journal.begin(
            RESTORE,
            plan=_replacing(made, device, run.id).to_json(),
            ticket=about.ticket,
            comment=about.comment,
            of=run.id,
            settings={"apply": settings.apply.model_dump(mode="json"), "groups": {}},
        )
        restoring = CutOff.of(own, journal, settings)
        result = _replace(restoring, [device], settings, watch or Watch())
        if not result.interrupted:  # else it stays open, to be resumed
            restoring.recorder.end(result)
    return workflow.Applied(own.id, result, {}, about=replace(about, of=run.id), how=settings.apply)


def _replacing(made: Plan, device: str, run: str) -> Plan:
    """Return a plan without steps: it says which device is replaced, and nothing of what that changes."""
    return Plan(
        source=f"backup of {device} before run {run}",
        target=made.target,
        inputs="",
        steps=(),
        identities={device: made.identities[device]},
    )


def _replace(run: CutOff, devices: Sequence[str], settings: Settings, watch: Watch) -> RunResult:
    """Replace the whole configuration of devices, each for itself."""
    actual, recorder = workflow.devices_of(run.made, settings), run.recorder
    run.recall(actual)
    actual.fence = recorder.fence

    def around(unit: str, steps: Sequence[Step], transaction: Transaction) -> Transaction:
        actual.session(unit).naming = partial(recorder.candidate, unit)
        return recorder.around(unit, steps, transaction)

    def ended(result: UnitResult) -> None:
        recorder.ended(result)
        if watch.on_unit is not None:
            watch.on_unit(result)

    policy = Policy(revert_in=run.how.revert_in, around=around)
    try:
        return execute(
            {device: [] for device in devices}, actual, policy=policy, on_unit=ended, halt=watch.halt
        )
    finally:
        actual.close()
