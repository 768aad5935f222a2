"""How a plan is carried out: batch by batch, together as far as was asked, watched over and on record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from driftline.engine.exceptions import VerifyError
from driftline.engine.executor import execute
from driftline.engine.policy import Policy, Together
from driftline.engine.transaction import WrappedTransaction
from driftline.health import Health
from driftline.runs import cut, dependencies, pairs_from

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from driftline.devices import DeviceAdapter, Fleet
    from driftline.devices.session import DeviceSession
    from driftline.engine import Plan, Step
    from driftline.engine.results import RunResult, UnitResult
    from driftline.engine.transaction import Transaction
    from driftline.runs import Batches
    from driftline.runs.recorded import Recorder
    from driftline.runs.validation import Validation
    from driftline.settings import ApplySettings


class Admitted(WrappedTransaction):
    """A transaction that asks whether its unit may be changed before it is begun."""

    def __init__(self, inner: Transaction, unit: str, admit: Callable[[str], object]) -> None:
        super().__init__(inner)
        self._unit = unit
        self._admit = admit

    def begin(self, steps: Sequence[str]) -> None:
        """Ask, then open the unit; raises what the one who is asked raises."""
        self._admit(self._unit)
        self._inner.begin(steps)


class Judged(WrappedTransaction):
    """A transaction that is verified only when the device obeys all rules as it was read back."""

    def __init__(self, inner: Transaction, unit: str, rules: Validation, session: DeviceSession) -> None:
        super().__init__(inner)
        self._unit = unit
        self._rules = rules
        self._session = session

    def verify(self) -> None:
        """Read the device back, and judge it; raises VerifyError."""
        self._inner.verify()
        problems = self._rules.check_after(self._unit, self._session.found)
        if problems:
            raise VerifyError(
                f"{self._unit}: against the rules as it is now: {'; '.join(map(str, problems))}",
                code=problems[0].code,
                hint=problems[0].hint,
            )


class Connected(WrappedTransaction):
    """A transaction whose device stays connected while it waits for those that it changes together with."""

    def __init__(self, inner: Transaction, unit: str, fleet: Fleet) -> None:
        super().__init__(inner)
        self._unit = unit
        self._sessions = fleet.sessions

    def begin(self, steps: Sequence[str]) -> None:
        """Open the unit; raises Unreachable when it would have to wait for ever for a session."""
        self._sessions.hold(self._unit)
        self._inner.begin(steps)

    def close(self) -> None:
        """Release what the unit holds."""
        try:
            self._inner.close()
        finally:
            self._sessions.release(self._unit)


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom to tell about the progress of a run, and how it is stopped."""

    on_total: Callable[[int], object] | None = None
    on_device: Callable[[str], object] | None = None
    on_unit: Callable[[UnitResult], object] | None = None
    on_rows: Callable[[str, int], object] | None = None
    """Called with what is read of a source of truth (`interfaces`) and how many more of it there are by now."""
    halt: threading.Event | None = None


def roll_out(
    made: Plan,
    actual: DeviceAdapter,
    how: ApplySettings,
    groups: Mapping[str, str],
    recorder: Recorder,
    watch: Watch,
    rules: Validation,
    *,
    admit: Callable[[str], object] | None = None,
) -> RunResult:
    """Carry out a plan that is ready, exactly it, and report on every step of it.

    Args:
        groups: the group that each unit changes with, in the order of change; empty: each is for itself.
        rules: what a device must obey as it is read back, before it is confirmed.
        admit: called with a unit's name when its turn comes; what it raises keeps it from being begun.
    """
    actual.planned = made.native
    actual.fence = recorder.fence
    health = Health(how.batches.health, actual.fleet) if how.batches is not None else None

    def around(unit: str, steps: Sequence[Step], transaction: Transaction) -> Transaction:
        session = actual.session(unit)
        session.naming = partial(recorder.candidate, unit)
        transaction = Judged(Connected(transaction, unit, actual.fleet), unit, rules, session)
        if health is not None:
            transaction = health.around(actual.get("device", {"name": unit}), transaction)
        transaction = recorder.around(unit, steps, transaction)
        return transaction if admit is None else Admitted(transaction, unit, admit)

    units = made.units
    policy = Policy(
        revert_in=how.revert_in,
        stop_on_failure=how.stops_on_failure,
        around=around,
        together=Together(
            groups.__getitem__, recorder.decided, patience=0 if health is None else health.patience
        )
        if groups
        else None,
    )
    return execute(
        {unit: units[unit] for unit in groups if unit in units} or units,
        actual,
        policy=policy,
        dispatch=actual.fleet.dispatch,
        on_unit=telling(recorder, watch),
        halt=watch.halt,
    )


def telling(recorder: Recorder, watch: Watch) -> Callable[[UnitResult], None]:
    """Return what is called with each unit's result: it goes on record, then to who watches."""

    def ended(result: UnitResult) -> None:
        recorder.ended(result)
        if watch.on_unit is not None:
            watch.on_unit(result)

    return ended


def groups_of(made: Plan, actual: DeviceAdapter, how: ApplySettings) -> dict[str, str]:
    """Return the group that each unit of a plan changes with, in the order of change; empty: each is for itself.

    Raises:
        PlanError: there may not be as many sessions as one of the groups needs at once.
    """
    if how.batches is None:
        groups = planned_together(made, how)
    else:
        batches = _cut(made, actual, how.batches)
        groups = {unit: f"batch {number}" for number, batch in enumerate(batches, 1) for unit in batch}
    actual.fleet.expect_room(groups)
    return groups


def planned_together(made: Plan, how: ApplySettings) -> dict[str, str]:
    """Return the group of each unit, as far as the plan alone says it: batches are cut from what can be read."""
    if how.scope == "run":
        return dict.fromkeys(made.units, "the run")
    if how.scope == "site":
        return {unit: f"site {made.identities.get(unit, {}).get('site', '')}" for unit in made.units}
    return {}


def _cut(made: Plan, actual: DeviceAdapter, batches: Batches) -> list[list[str]]:
    def kind(unit: str) -> str:
        return made.identities.get(unit, {}).get(batches.by or "", "")

    return cut(
        made.units,
        batches.sizes,
        group_of=kind if batches.by else None,
        order=batches.order,
        apart=[*pairs_from(batches.pairs, made.units), *actual.pairs()],
        after=dependencies(made),
    )
