"""A run whose process has died: where its units stand, settled by looking at the devices."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from driftline.backups import RESTORE, kept_text, sites_of, texts_before
from driftline.engine.enum import DiffSyncStatus
from driftline.engine.exceptions import DriftlineError, TargetError, TransactionError
from driftline.engine.plan import Plan
from driftline.engine.results import RunResult, StepResult, UnitOutcome, UnitResult, skipped
from driftline.runs.journal import JournalError, Kind
from driftline.runs.recorded import Recorder
from driftline.runs.standing import Stand, Standing, decisions, standings
from driftline.settings import ApplySettings

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from driftline.devices import DeviceAdapter
    from driftline.engine import Step
    from driftline.runs.journal import Journal, RunRecord
    from driftline.settings import Settings


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
            texts = texts_before(self.recorder.journal, self.record.of, self.steps)
            actual.recall(texts, sites_of(self.made))
        elif self.record.kind == RESTORE:
            actual.replacing.update(texts_before(self.recorder.journal, self.record.of, self.steps))

    def units_of(self, group: str) -> list[str]:
        """Return the units of a group."""
        return [unit for unit in self.order if self.groups[unit] == group]

    @property
    def order(self) -> list[str]:
        """The units in the order of change."""
        return list(self.groups or self.steps)

    @property
    def partly(self) -> set[str]:
        """The units of which only a part was to be applied, as far as is on record."""
        return set(self.record.settings.get("partly", self.steps))

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
        tried = {unit.unit: unit for unit in self.lasting(result, halves).units}
        units = (tried[unit] if unit in tried else self.outcome(unit) for unit in self.order)
        return RunResult(tuple(units), interrupted=result.interrupted)

    def lasting(self, result: RunResult, halves: Container[str]) -> RunResult:
        """Return a result without what was applied and then taken back, since not all of its group could be."""
        units = (
            unit
            for unit in result.units
            if unit.outcome is not UnitOutcome.APPLIED or self.groups.get(unit.unit) not in halves
        )
        return RunResult(tuple(units), interrupted=result.interrupted)

    def outcome(self, unit: str) -> UnitResult:
        """Return the result of a unit that is not carried out any more."""
        steps, standing = self.steps[unit], self.stands.get(unit, Standing())
        if unit in self.applied:
            return unit_result(unit, steps, UnitOutcome.APPLIED, "applied before the run was resumed")
        if standing.kept is not None:
            return unit_result(unit, steps, UnitOutcome.ROLLED_BACK, "taken back: the run had failed")
        if standing.stand is Stand.OVER:
            return unit_result(
                unit, steps, UnitOutcome.NOT_REACHED, "it had failed before the run was resumed"
            )
        return skipped(unit, steps, "the run had failed before it was resumed")


_DOUBTFUL = (Stand.STAGED, Stand.IN_DOUBT, Stand.GOING_BACK, Stand.APPLIED)
_FAILED = (Stand.GOING_BACK, Stand.OVER)


def unit_result(
    unit: str, steps: Iterable[Step], outcome: UnitOutcome, message: str, error: DriftlineError | None = None
) -> UnitResult:
    """Return the result of a unit whose steps all ended the same way."""
    good = outcome is UnitOutcome.APPLIED
    status = DiffSyncStatus.SUCCESS if good else DiffSyncStatus.FAILURE
    if not good and error is None:
        error = TransactionError(f"{unit}: {message}", code="RUN-RESUMED")
    return UnitResult(unit, outcome, tuple(StepResult(step, status, message) for step in steps), error)


def _not_settled(failures: Mapping[str, DriftlineError]) -> JournalError:
    first = next(iter(failures.values()))
    more = f" (and {len(failures) - 1} more devices)" if len(failures) > 1 else ""
    return JournalError(
        f"it is not known what became of the run: {first.message}{more}",
        code="RUN-IN-DOUBT",
        hint="make the device reachable and resume again",
    )
