"""Units that change together: all of them, or none."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from driftline.engine import together as together_module
from driftline.engine.exceptions import CommitError, RollbackError, VerifyError
from driftline.engine.executor import execute, in_turn
from driftline.engine.plan import by_unit, make_steps
from driftline.engine.policy import Policy, Together
from driftline.engine.results import UnitOutcome
from driftline.engine.transaction import MemoryTransaction

from .inventory import Device, Inventory, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from driftline.engine.results import RunResult, UnitResult

UNITS = ("leaf1", "leaf2", "leaf3", "leaf4")
PHASES = ("begin", "prepare", "commit", "verify", "confirm")
APPLIED, BACK = UnitOutcome.APPLIED, UnitOutcome.ROLLED_BACK


class Noted(MemoryTransaction):
    """A transaction that notes its calls, and does what it is told to in a phase."""

    def __init__(self, unit: str, group: Group) -> None:
        super().__init__()
        self._unit, self._group = unit, group

    def _enter(self, phase: str) -> None:
        self._group.calls.append((self._unit, phase))
        self._group.at.get((self._unit, phase), lambda: None)()

    def begin(self, steps: Sequence[str]) -> None:
        self._enter("begin")

    def prepare(self) -> str:
        self._enter("prepare")
        return ""

    def commit(self, revert_in: int | None) -> None:
        self._group.timers.append(revert_in)
        self._enter("commit")

    def verify(self) -> None:
        self._enter("verify")

    def confirm(self) -> None:
        self._enter("confirm")

    def rollback(self) -> None:
        self._enter("rollback")

    def close(self) -> None:
        self._enter("close")


class Leaves(Inventory):
    """Leaves, each of them a unit."""

    def __init__(self, name: str, role: str, group: Group) -> None:
        super().__init__(name)
        site = self.put(Site(name="ams"))
        for unit in UNITS:
            self.put(Device(name=unit, role=role), site)
        self.group = group

    def unit_of(self, modelname: str, identity: Mapping[str, Any]) -> str:
        return str(identity["name"])

    def transaction(self, unit: str) -> Any:
        return Noted(unit, self.group)


@dataclass
class Group:
    """A run of four units, and what was noted of it."""

    at: dict[tuple[str, str], Callable[[], object]] = field(default_factory=dict)
    """What happens to a unit in a phase."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    timers: list[int | None] = field(default_factory=list)
    decisions: list[tuple[str, bool]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    halt: threading.Event = field(default_factory=threading.Event)

    def run(
        self,
        *,
        group_of: Callable[[str], str] = lambda _: "the run",
        dispatch: Callable[..., Iterable[Any]] = in_turn,
        on_unit: Callable[[UnitResult], object] | None = None,
        **policy: Any,
    ) -> RunResult:
        self.actual = Leaves("actual", "leaf", self)
        steps = make_steps(self.actual.diff_from(Leaves("intended", "spine", self)), self.actual)
        together = Together(group_of, policy.pop("decided", self.decided), **policy.pop("together", {}))
        return execute(
            by_unit(steps),
            self.actual,
            policy=Policy(together=together, **policy),
            dispatch=dispatch,
            on_unit=on_unit,
            halt=self.halt,
        )

    def decided(self, group: str, units: Sequence[str], cause: BaseException | None) -> None:
        self.decisions.append((group, cause is None))
        self.codes.append(getattr(cause, "code", ""))

    def phases(self, phase: str) -> list[str]:
        return [unit for unit, entered in self.calls if entered == phase]

    @property
    def roles(self) -> set[str]:
        return {device.role for device in self.actual.get_all("device")}


def failing(error: BaseException) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail


def at_once(work: Callable[[Any], Any], units: Sequence[Any]) -> Iterable[Any]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(work, units))


DISPATCHES = pytest.mark.parametrize("dispatch", [in_turn, at_once], ids=["in turn", "at once"])


@DISPATCHES
def test_each_phase_waits_for_all(dispatch: Any) -> None:
    """Nobody commits before all are prepared, and nobody confirms before all are read back and it is decided."""
    group = Group()

    result = group.run(dispatch=dispatch)

    assert {APPLIED} == set(result.counts)
    phases = [phase for _, phase in group.calls]
    assert [*["begin", "prepare"] * 4] == phases[:8] or dispatch is at_once
    for number, phase in enumerate(("commit", "verify", "confirm", "close")):
        assert {phase} == set(phases[8 + 4 * number : 12 + 4 * number])
    assert group.decisions == [("the run", True)]
    assert {"spine"} == group.roles


@DISPATCHES
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("unit", [UNITS[0], UNITS[2], UNITS[3]])
def test_one_fails(unit: str, phase: str, dispatch: Any) -> None:
    """Wherever one fails, all that have begun are taken back, and every one is told because of whom."""
    group = Group({(unit, phase): failing(VerifyError(f"{unit}: wrong"))})

    result = group.run(dispatch=dispatch)

    assert APPLIED not in result.counts
    assert UnitOutcome.ROLLBACK_FAILED not in result.counts
    begun = set(group.phases("begin")) - ({unit} if phase == "begin" else set())
    assert sorted(begun) == sorted(group.phases("rollback"))
    assert sorted(group.phases("begin")) == sorted(group.phases("close"))
    assert {"leaf"} == group.roles
    assert all(f"{unit}" in step.message for each in result.units for step in each.steps)
    if phase == "confirm":
        assert group.decisions == [("the run", True), ("the run", False)]
    else:
        assert ("the run", True) not in group.decisions


def test_a_rollback_fails() -> None:
    """It is told of the unit that it is about, and of no other."""
    group = Group(
        {
            ("leaf1", "verify"): failing(VerifyError("leaf1: wrong")),
            ("leaf2", "rollback"): failing(RollbackError("leaf2: no answer")),
        }
    )

    result = group.run()

    assert [unit.outcome for unit in result.units] == [BACK, UnitOutcome.ROLLBACK_FAILED, BACK, BACK]
    failed = [unit.unit for unit in result.units if unit.error and unit.error.rollback_error is not None]
    assert failed == ["leaf2"]


def test_groups_are_independent() -> None:
    """One group is taken back, the others are changed."""
    group = Group({("leaf2", "commit"): failing(CommitError("refused"))})

    result = group.run(group_of=lambda unit: "a" if unit in ("leaf1", "leaf2") else "b")

    assert [unit.outcome for unit in result.units] == [BACK, BACK, APPLIED, APPLIED]
    assert group.decisions == [("a", False), ("b", True)]


def test_groups_after_a_failed_one_are_not_begun() -> None:
    """When the run stops at the first failure."""
    group = Group({("leaf1", "commit"): failing(CommitError("refused"))})

    result = group.run(group_of=lambda unit: "a" if unit == "leaf1" else "b", stop_on_failure=True)

    assert dict(result.counts) == {BACK: 1, UnitOutcome.SKIPPED: 3}
    assert group.phases("begin") == ["leaf1"]


@DISPATCHES
@pytest.mark.parametrize("phase", PHASES)
def test_stopped(phase: str, dispatch: Any) -> None:
    """Stopped before the decision all goes back and may be tried again; after it, all is carried through."""
    group = Group()
    group.at = {("leaf2", phase): group.halt.set}

    result = group.run(dispatch=dispatch)

    assert result.interrupted
    if phase == "confirm":
        assert {APPLIED} == set(result.counts)
        assert group.decisions == [("the run", True)]
    else:
        assert result.counts.keys() <= {BACK, UnitOutcome.SKIPPED}
        assert group.decisions == [("the run", False)]
        assert group.codes == ["INTERRUPTED"]
        assert {"leaf"} == group.roles


@pytest.mark.parametrize("phase", PHASES)
def test_an_interruption_inside_a_phase(phase: str) -> None:
    """Whoever presses the keys in the middle of something, all goes back, and may be tried again."""
    group = Group({("leaf2", phase): failing(KeyboardInterrupt())})

    result = group.run()

    assert result.interrupted
    assert APPLIED not in result.counts
    assert group.codes[-1:] == ["INTERRUPTED"]
    assert {"leaf"} == group.roles


def test_the_timer_covers_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """All get the same timer: what was asked for, or more when preparing took long."""
    group = Group()
    group.run(revert_in=60)
    assert {60} == set(group.timers)

    monkeypatch.setattr(together_module, "_ROUNDS", 1e6)
    group = Group()
    result = group.run(revert_in=60)
    assert {APPLIED} == set(result.counts)
    assert [timer is not None and timer > 60 for timer in group.timers] == [True] * 4
    assert len(set(group.timers)) == 1


def test_no_timer_is_asked_for() -> None:
    group = Group()
    group.run(revert_in=None)
    assert {None} == set(group.timers)


def test_no_timer_is_long_enough() -> None:
    """Nothing is committed where the last would be read back after the first has reverted."""
    group = Group()

    result = group.run(revert_in=10, together={"longest_timer": 20, "patience": 15})

    assert group.phases("commit") == []
    assert {BACK} == set(result.counts)
    assert {"TIMER-SHORT"} == {unit.error.code for unit in result.units if unit.error}


def test_committing_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is confirmed when the first timers might run out before the last is confirmed."""
    now = 0.0
    monkeypatch.setattr(together_module.time, "monotonic", lambda: now)

    def slow() -> None:
        nonlocal now
        now += 40

    group = Group({("leaf4", "commit"): slow})

    result = group.run(revert_in=120)

    assert {BACK} == set(result.counts)
    assert group.phases("confirm") == []
    assert {"TIMER-SHORT"} == {unit.error.code for unit in result.units if unit.error}
    assert group.decisions == [("the run", False)]


def test_a_decision_that_can_not_be_kept() -> None:
    """What can't be written down is not done: all go back, each with a cause of its own."""
    group = Group({("leaf2", "rollback"): failing(RollbackError("no answer"))})

    def decided(*_: object) -> None:
        raise CommitError("the disk is full")

    result = group.run(decided=decided)

    assert group.phases("confirm") == []
    assert dict(result.counts) == {BACK: 3, UnitOutcome.ROLLBACK_FAILED: 1}
    assert sum(unit.error is not None and unit.error.rollback_error is not None for unit in result.units) == 1


@DISPATCHES
def test_nobody_can_be_told_of_a_success(dispatch: Any) -> None:
    """What is confirmed stays so for all when telling of one fails."""
    group, told = Group(), []

    def tell(result: UnitResult) -> None:
        told.append(result.unit)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        group.run(dispatch=dispatch, on_unit=tell)

    assert group.phases("rollback") == []
    assert set(UNITS) == set(group.phases("close")) == set(told)
    assert {"spine"} == group.roles


@DISPATCHES
@pytest.mark.parametrize("phase", PHASES)
def test_nobody_can_be_told_of_a_failure(phase: str, dispatch: Any) -> None:
    """All are taken back also when telling of the first failure fails."""
    group = Group({("leaf2", phase): failing(VerifyError("leaf2: wrong"))})

    def tell(_: UnitResult) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        group.run(dispatch=dispatch, on_unit=tell)

    assert sorted(group.phases("begin")) == sorted(group.phases("close"))
    assert {"leaf"} == group.roles
