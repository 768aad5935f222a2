"""After a run: going on with one that was cut off, and taking one back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from driftline import workflow
from driftline.engine.enum import DiffSyncStatus
from driftline.engine.exceptions import DriftlineError, Problem, StalePlan
from driftline.engine.executor import execute
from driftline.engine.plan import Plan, key_of, make_plan
from driftline.engine.policy import Policy
from driftline.engine.results import RunResult, StepResult, UnitOutcome, UnitResult, skipped
from driftline.network import change_order
from driftline.rollout import Watch, roll_out
from driftline.runs.journal import JournalError, Kind
from driftline.runs.recorded import Recorder
from driftline.runs.standing import Stand, Standing, decisions, standings
from driftline.settings import ApplySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from driftline.devices import DeviceAdapter
    from driftline.engine import Step
    from driftline.runs.journal import Journal, RunRecord
    from driftline.settings import Settings


# Going on -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class CutOff:
    """A run whose process has died, and where its units stand; looking at the devices settles what is in doubt."""

    made: Plan
    how: ApplySettings
    groups: dict[str, str]
    recorder: Recorder
    stands: dict[str, Standing]
    confirmed: dict[str, bool]
    """The last decision on each group: whether it is to be confirmed."""
    applied: set[str] = field(default_factory=set)
    """Units whose change is there for good."""

    @classmethod
    def of(cls, record: RunRecord, journal: Journal, settings: Settings) -> CutOff:
        """Return a run from its record."""
        entries = journal.entries(record.id)
        return cls(
            Plan.from_json(journal.plan(record.id)),
            ApplySettings.model_validate(record.settings["apply"]),
            dict(record.settings["groups"]),
            Recorder(journal, record.id, lease_seconds=settings.lease),
            standings(entries),
            decisions(entries),
        )

    @property
    def order(self) -> list[str]:
        """The units in the order of change."""
        return list(self.groups or self.made.units)

    def goes_back(self, unit: str) -> bool:
        """Return whether a unit is to be brought back: nothing is permanent before its group was decided on."""
        return bool(self.groups) and not self.confirmed.get(self.groups[unit], False)

    def is_over(self, unit: str) -> bool:
        """Return whether a unit has failed, by itself or with its group, and is not to be tried again."""
        aborted = bool(self.groups) and self.confirmed.get(self.groups[unit]) is False
        return aborted or (unit in self.stands and self.stands[unit].stand is Stand.TAKEN_BACK)

    def left(self) -> list[str]:
        """Return the units that are still to be changed."""
        if self.how.stops_on_failure and any(self.is_over(unit) for unit in self.order):
            return []
        return [unit for unit in self.order if unit not in self.applied and not self.is_over(unit)]

    def settle(self, actual: DeviceAdapter, back: Callable[[str], bool]) -> None:
        """Look at every unit that something was begun on, and bring back those that `back` says.

        Raises JournalError: some could not be looked at, or brought back.
        """
        actual.fence = self.recorder.fence
        failures: dict[str, DriftlineError] = {}
        stand = {unit: one.stand for unit, one in self.stands.items()}
        self.applied |= {unit for unit in stand if stand[unit] is Stand.APPLIED and not back(unit)}
        doubtful = [
            unit
            for unit in stand
            if stand[unit] is Stand.IN_DOUBT or (stand[unit] is Stand.APPLIED and back(unit))
        ]

        def look(unit: str) -> None:
            try:
                if self._settle_unit(unit, actual, back=back(unit)):
                    self.applied.add(unit)
            except DriftlineError as error:  # the other units are looked at all the same
                failures[unit] = error

        actual.fleet.run(look, doubtful)
        if failures:
            raise _not_settled(failures)

    def _settle_unit(self, unit: str, actual: DeviceAdapter, *, back: bool) -> bool:
        """Return whether a change is there for good; if it is not, or is not to be, it is taken back."""
        standing, recorder = self.stands[unit], self.recorder
        recorder.claim(unit)
        try:
            session = actual.revive(
                unit,
                self.made.units[unit],
                before=kept_text(recorder.journal, recorder.run, unit, standing.kept),
                candidate=standing.candidate,
                revert_in=standing.revert_in,
            )
            if not back and session.is_applied():
                recorder.note(Kind.CONFIRMED, unit, found=True)
                return True
            recorder.note(Kind.ROLLBACK, unit)
            session.rollback()
            recorder.note(Kind.ROLLED_BACK, unit, again=not self.is_over(unit))
        finally:
            recorder.release(unit)
        return False

    def outcome(self, unit: str) -> UnitResult:
        """Return the result of a unit that is not carried out any more."""
        steps = self.made.units[unit]
        if unit not in self.applied and not self.is_over(unit):
            return skipped(unit, steps, "the run stopped after a failure")
        applied = unit in self.applied
        status = DiffSyncStatus.SUCCESS if applied else DiffSyncStatus.FAILURE
        message = f"{'applied' if applied else 'taken back'} before the run was resumed"
        outcome = UnitOutcome.APPLIED if applied else UnitOutcome.ROLLED_BACK
        return UnitResult(unit, outcome, tuple(StepResult(step, status, message) for step in steps))


def resume(prefix: str, settings: Settings, *, watch: Watch | None = None) -> workflow.Applied:
    """Go on with a run whose process has died, so that it ends as if it had not.

    What was begun and has no outcome on record is looked at on the device first, and never blindly repeated.

    Raises:
        JournalError: there is no such run, it has ended, its process still works on it, or a device that is in
            doubt can't be looked at.
        StalePlan, GuardBreach: what is left of the plan can't be applied as things are now.
    """
    with workflow.open_journal(settings) as journal:
        record = _cut_off(journal, prefix)
        run = CutOff.of(record, journal, settings)
        settings = settings.model_copy(update={"apply": run.how})
        run.recorder.note(Kind.RUN_RESUMED)
        _looked_at(run, settings, run.goes_back)
        left = run.left()
        result, failures = _go_on(run, run.made.restricted_to(left), settings, watch)
        failed = {run.groups[unit.unit] for unit in result.units if unit.error} if run.groups else set()
        if failed:  # what was confirmed before goes back with the rest of its group
            run.stands = standings(journal.entries(record.id))
            _looked_at(run, settings, lambda unit: run.groups[unit] in failed)
            run.confirmed.update(dict.fromkeys(failed, False))
            run.applied -= {unit for unit in run.applied if run.groups[unit] in failed}
        done = tuple(run.outcome(unit) for unit in run.order if unit not in left)
        whole = RunResult((*done, *result.units), interrupted=result.interrupted)
        if not whole.interrupted:
            run.recorder.end(whole)
    return workflow.Applied(record.id, whole, failures)


def _cut_off(journal: Journal, prefix: str) -> RunRecord:
    record = journal.run(prefix)
    if record.ended:
        raise JournalError(
            f"run {record.id} has ended: {record.outcome}",
            code="RUN-ENDED",
            hint="there is nothing to resume",
        )
    if record.is_under_way:
        raise JournalError(
            f"run {record.id} is under way: {record.process}",
            code="RUN-UNDER-WAY",
            hint="wait for it, or stop it",
        )
    return record


def _looked_at(run: CutOff, settings: Settings, back: Callable[[str], bool]) -> None:
    actual = workflow.devices_of(run.made, settings)
    try:
        run.settle(actual, back)
    finally:
        actual.close()


def _go_on(
    run: CutOff, left: Plan, settings: Settings, watch: Watch | None
) -> tuple[RunResult, Mapping[str, DriftlineError]]:
    """Apply what is left of a plan; return also the devices that could not be read."""
    if not left.steps:
        return RunResult(), {}
    actual = workflow.load_for(left, settings, watch=watch)
    try:
        fresh = workflow.ready(left, actual, settings)
        rules = workflow.validation(fresh.plan, actual, settings)
        rules.check_before()
        result = roll_out(fresh.plan, actual, run.how, run.groups, run.recorder, watch or Watch(), rules)
        return result, actual.failures
    finally:
        actual.close()


def _not_settled(failures: Mapping[str, DriftlineError]) -> JournalError:
    first = next(iter(failures.values()))
    more = f" (and {len(failures) - 1} more devices)" if len(failures) > 1 else ""
    return JournalError(
        f"it is not known what became of the run: {first.message}{more}",
        code="RUN-IN-DOUBT",
        hint="make the device reachable and resume again",
    )


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
        made = Plan.from_json(journal.plan(record.id))
        stands = standings(journal.entries(record.id))
        done = [unit for unit in made.units if unit in stands and stands[unit].stand is Stand.APPLIED]
        texts = {unit: kept_text(journal, record.id, unit, stands[unit].first) for unit in done}
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
    sites = {unit: facts.get("site", "") for unit, facts in run.identities.items()}
    recalled = actual.recall(readable, sites)
    touched = {key_of(step, actual) for step in run.steps}
    diff = actual.diff_from(recalled).filter(
        lambda element: (element.type, actual.model_class(element.type).unique_id_of(element.keys)) in touched
    )
    return workflow.previewed(make_plan(diff, recalled, actual, order=change_order), actual)


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
    watch = watch or Watch()
    with workflow.open_journal(settings) as journal:
        run = journal.run(prefix)
        made = Plan.from_json(journal.plan(run.id)).restricted_to([device])
        actual = workflow.devices_of(made, settings)
        actual.replacing[device] = backup(journal, run.id, device)
        own = journal.begin(
            about.kind,
            ticket=about.ticket,
            comment=about.comment,
            of=run.id,
            settings={"apply": settings.apply.model_dump(mode="json"), "groups": {}},
        )
        recorder = Recorder(journal, own.id, lease_seconds=settings.lease)
        actual.fence = recorder.fence
        policy = Policy(revert_in=settings.apply.revert_in, around=recorder.around)
        try:
            result = execute({device: []}, actual, policy=policy, on_unit=watch.on_unit, halt=watch.halt)
        finally:
            actual.close()
        recorder.end(result)
    return workflow.Applied(own.id, result, {})
