"""What a resume meets: a stopped run, devices that changed or are gone meanwhile, and others who resume, too."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from driftline import recovery, workflow
from driftline.engine.exceptions import StalePlan
from driftline.engine.results import UnitOutcome
from driftline.lab import Fault, FaultKind
from driftline.reading import load_for
from driftline.rollback import plan_rollback
from driftline.rollout import Watch
from driftline.runs.journal import JournalError, Kind, Process
from driftline.runs.recorded import Recorder
from driftline.state import agreed

from .crash import Story, attempt, booted, ended, is_over, journal_of
from .victim import Kill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from driftline.applied import Applied

    from .network import Network

APPLIED, BACK = UnitOutcome.APPLIED, UnitOutcome.ROLLED_BACK


@pytest.fixture
def network(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Network]:
    """Four devices, one after the other; how a plan is applied is the test's parameter, by default each for itself."""
    apply = getattr(request, "param", {"scope": "unit"})
    with booted(Story(apply, devices=4, workers=1), tmp_path) as network:
        yield network


def together(function: Callable[..., None]) -> Callable[..., None]:
    return pytest.mark.parametrize("network", [{"scope": "run"}], indirect=True)(function)


def cut_off(network: Network, kind: str, row: int = 1, *, after: bool = True) -> str:
    """Let a process apply the plan, and die; return the run."""
    assert attempt(network, Kill(row, after, kind)) != 0
    return journal_of(network).unfinished()[0].id


def outcomes(applied: Applied) -> set[UnitOutcome]:
    return {unit.outcome for unit in applied.result.units}


def lasting(network: Network) -> list[int]:
    return [times for _, times in sorted(ended(network).lasting.items())]


def halted_after(units: int) -> Watch:
    """Return a watch that stops the run when so many units have ended."""
    halt, told = threading.Event(), []

    def on_unit(result: Any) -> None:
        told.append(result)
        if len(told) == units:
            halt.set()

    return Watch(on_unit=on_unit, halt=halt)


def apply(network: Network, watch: Watch | None = None) -> Applied:
    actual = load_for(network.plan, network.settings)
    try:
        return workflow.apply(network.plan, actual, network.settings, watch=watch)
    finally:
        actual.close()


def as_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process that began the run be gone, though it is this one."""
    monkeypatch.setattr(Process, "is_gone", lambda _: True)


def test_nothing_to_resume(network: Network) -> None:
    """A run that has ended, and one that nobody knows, are refused."""
    run = apply(network).run
    with pytest.raises(JournalError, match="has ended: applied"):
        recovery.resume(run, network.settings)
    with pytest.raises(JournalError, match="no run"):
        recovery.resume("19990101", network.settings)


def test_a_stopped_run_goes_on(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not begun when somebody stopped the run is changed when it is resumed."""
    stopped = apply(network, halted_after(1))
    assert stopped.result.interrupted
    assert not is_over(network)
    as_another_process(monkeypatch)

    applied = recovery.resume(stopped.run, network.settings)

    assert outcomes(applied) == {APPLIED}
    assert lasting(network) == [1, 1, 1, 1]


@together
def test_a_group_that_was_stopped_is_tried_again(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping before the decision takes all back; that is no failure, and the run is not over by it."""
    watch = Watch(halt=threading.Event())
    decided = Recorder.note

    def halting(self: Recorder, kind: Kind, unit: str = "", **data: object) -> None:
        decided(self, kind, unit, **data)
        if kind is Kind.VERIFIED and watch.halt is not None:
            watch.halt.set()

    monkeypatch.setattr(Recorder, "note", halting)
    stopped = apply(network, watch)
    assert stopped.result.interrupted
    assert outcomes(stopped) == {BACK}
    monkeypatch.undo()
    as_another_process(monkeypatch)

    applied = recovery.resume(stopped.run, network.settings)

    assert outcomes(applied) == {APPLIED}
    assert lasting(network) == [1, 1, 1, 1]


def test_only_one_process_resumes(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a process goes on with a run, others are told who it is, and write nothing."""
    run = cut_off(network, "committed")
    other = Process(**{**Process.current().to_dict(), "pid": os.getppid(), "started": ""})
    journal_of(network).note(run, Kind.RUN_RESUMED, process=other.to_dict())
    rows = len(journal_of(network).entries())

    with pytest.raises(JournalError, match=f"under way: pid {os.getppid()}"):
        recovery.resume(run, network.settings)

    assert len(journal_of(network).entries()) == rows
    as_another_process(monkeypatch)
    assert outcomes(recovery.resume(run, network.settings)) == {APPLIED}
    assert lasting(network) == [1, 1, 1, 1]


@pytest.mark.parametrize("network", [{"scope": "unit"}, {"scope": "run"}], indirect=True)
@pytest.mark.parametrize("kind", ["commit", "committed", "confirm"])
def test_timers_that_have_fired_meanwhile(network: Network, kind: str) -> None:
    """A device that has come back by itself is changed again."""
    run = cut_off(network, kind)
    network.clock.advance(7201)

    assert outcomes(recovery.resume(run, network.settings)) == {APPLIED}
    assert lasting(network) == [1, 1, 1, 1]


def test_a_device_in_doubt_that_is_gone(network: Network) -> None:
    """Nobody claims to know what became of it; the run is resumed when it is there again."""
    run = cut_off(network, "committed", 2)
    network.lab["sw01"].inject(Fault(FaultKind.REFUSED))

    with pytest.raises(JournalError, match="sw01") as caught:
        recovery.resume(run, network.settings)

    assert caught.value.code == "RUN-IN-DOUBT"
    assert not is_over(network)
    network.lab.clear_faults()
    assert outcomes(recovery.resume(run, network.settings)) == {APPLIED}
    assert lasting(network) == [1, 1, 1, 1]


def test_a_device_that_was_not_begun_is_gone(network: Network) -> None:
    """It is told, and the run ends without it."""
    run = cut_off(network, "confirmed")
    network.lab["sw03"].inject(Fault(FaultKind.REFUSED))

    result = recovery.resume(run, network.settings).result

    assert [unit.outcome for unit in result.units if unit.unit == "sw03"] == [UnitOutcome.NOT_REACHED]
    assert lasting(network) == [1, 1, 1, 0]
    assert journal_of(network).run(run).outcome == "failed"


def test_what_devices_and_intent_agree_on_is_kept(network: Network) -> None:
    """The next comparison has the same base as after a run that was not cut off."""
    recovery.resume(cut_off(network, "committed"), network.settings)

    base = agreed(network.settings, network.devices)
    assert base is not None
    assert base.devices == set(network.devices)


@together
@pytest.mark.parametrize("trouble", ["changed", "gone", "refused", "lying"])
def test_the_rest_of_a_group_can_not_be_changed_any_more(network: Network, trouble: str) -> None:
    """It was decided to confirm all, some are confirmed, and one can't be: all go back, never half of them."""
    before = network.state()
    run = cut_off(network, "confirmed", 2)
    network.clock.advance(7201)
    counters = {name: network.lab[name].counters.confirms for name in network.lab}
    assert sorted(counters.values()) == [0, 0, 1, 1]
    last = network.lab[next(name for name, times in counters.items() if not times)]
    spoil(network, last, trouble)

    if trouble == "changed":
        with pytest.raises(StalePlan):
            recovery.resume(run, network.settings)
    else:
        assert not outcomes(recovery.resume(run, network.settings)) & {APPLIED}

    network.lab.clear_faults()
    after = network.state()
    assert {name for name in before if after[name] != before[name]} <= {last.name}
    assert journal_of(network).run(run).outcome == "failed"
    assert set(lasting(network)) == {0}
    assert agreed(network.settings, network.devices) is None


def spoil(network: Network, device: Any, trouble: str) -> None:
    if trouble == "changed":
        device.change("interface Ethernet1", "description somebody's")
    elif trouble == "gone":
        # It still can be looked at, and is gone when it is to be changed.
        network.lab[device.name].inject(Fault(FaultKind.TIMEOUT, command="show startup-config", skip=0))
    elif trouble == "refused":
        device.inject(Fault(FaultKind.COMMAND_ERROR, command="^name users-21$"))
    else:
        device.inject(Fault(FaultKind.LYING_OK, command="commit timer"))


@pytest.mark.parametrize("kind", ["commit", "committed", "confirm", "confirmed"])
@pytest.mark.parametrize("after", [False, True])
def test_a_rollback_that_was_cut_off(network: Network, kind: str, *, after: bool) -> None:
    """A rollback is a run like any other: killed and resumed, it brings all back, to the byte."""
    before = network.state()
    run = apply(network).run
    assert network.state() != before
    assert attempt(network, Kill(2, after, kind), rollback=run) != 0

    applied = recovery.resume(journal_of(network).unfinished()[0].id, network.settings)

    assert outcomes(applied) == {APPLIED}
    assert network.state() == before


@pytest.mark.parametrize("kind", ["claimed", "commit", "committed", "confirm", "confirmed"])
def test_a_restore_that_was_cut_off(network: Network, kind: str) -> None:
    """So is the restoring of a whole configuration."""
    before = network.state()["sw02"]
    run = apply(network).run
    network.lab["sw02"].change("ntp server 192.0.2.99")
    assert attempt(network, Kill(1, after=True, kind=kind), restore=run) != 0

    applied = recovery.resume(journal_of(network).unfinished()[0].id, network.settings)

    assert outcomes(applied) == {APPLIED}
    assert network.state()["sw02"] == before
    with pytest.raises(JournalError, match="whole configuration"):
        plan_rollback(applied.run, network.settings)
