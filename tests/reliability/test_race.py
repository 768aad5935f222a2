"""Two runs want the same device: one of them has it, and one that has lost it stops.

Twenty pairs of processes; with `DRIFTLINE_RELIABILITY_SECONDS` set, two hundred.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from driftline.engine.results import UnitOutcome
from driftline.runs.journal.journal import FILE
from driftline.runs.recorded import Recorder

from . import crash, rivals
from .stage import Stage, hurried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftline.settings import Settings

    from .conftest import Tally
    from .rivals import Told
    from .stage import Run

DEVICES = 3
LATENCY = 0.05
"""Seconds that each answer takes: a change lasts long enough for the other process to come in its middle."""
TOO_LATE = "PLAN-STALE"
"""The code of one that came when the other had done it all."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Three devices."""
    made = Stage.boot(tmp_path_factory.mktemp("race"), DEVICES)
    yield made
    made.network.lab.stop()


# Who holds it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["unit", "run"])
def test_two_processes_at_one_target(stage: Stage, scope: str, tally: Tally, *, thorough: bool) -> None:
    """One of them holds the device and changes it; the other one says who holds it, and writes nothing."""
    for _ in range(100 if thorough else 10):
        with slow(stage):
            told = race(stage, scope)
        wrong = [problem for name in stage.before for problem in wrong_device(stage, name, told, scope)]
        if scope == "run":
            wrong += wrong_runs(told)
        codes = {code for one in told for _, code in one.values()}
        if "LEASE-HELD" not in codes:
            tally.add(f"two processes at one target, {scope}: one came too late")
            wrong += [] if codes <= {"", TOO_LATE, "TOGETHER"} else [f"codes: {sorted(codes)}"]
        tally.add(f"two processes at one target, {scope}", str(wrong) if wrong else "")
        stage.put_back()

    tally.check()


@contextmanager
def slow(stage: Stage) -> Iterator[None]:
    """Let each answer take a while."""
    for latency in (LATENCY, 0.0):
        for device in stage.network.lab.devices:
            device.latency = latency
        if latency:
            yield


def race(stage: Stage, scope: str) -> list[Told]:
    """Let two processes apply the same plan at the same moment; return how it ended for each."""
    ready, results = crash._SPAWN.Barrier(2), crash._SPAWN.SimpleQueue()
    given = (str(stage.network.folder), scope, ready, results)
    processes = [crash._SPAWN.Process(target=rivals.apply, args=given) for _ in range(2)]
    for process in processes:
        process.start()
    told = []
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
        told.append(results.get())
        process.close()
    results.close()
    return told


def wrong_device(stage: Stage, name: str, told: list[Told], scope: str) -> list[str]:
    """Return what is wrong with a device: it is changed once, or not at all."""
    device, found = stage.network.lab[name], list[str]()
    counters, applied = device.counters, sum(one[name][0] == "applied" for one in told)
    if (scope == "unit" and applied != 1) or applied > 1:
        found.append(f"{name}: {applied} applied it: {told}")
    if (counters.timed_commits, counters.confirms) not in ((1, 1), (0, 0)) or counters.confirms != applied:
        found.append(f"{name}: {applied} applied it, and it counted {counters}")
    if counters.sessions_opened > 1 and scope == "unit":
        found.append(f"{name}: {counters.sessions_opened} staged something")
    state = device.running_config, device.startup_config
    if state != (stage.after if applied else stage.before)[name]:
        found.append(f"{name}: {applied} applied it, and it is not so")
    return found


def wrong_runs(told: list[Told]) -> list[str]:
    """Return which of two runs changed only a part of its devices."""
    outcomes = [{outcome == "applied" for outcome, _ in one.values()} for one in told]
    return [f"neither all nor none: {one}" for one, each in zip(told, outcomes, strict=True) if len(each) > 1]


# Who has lost it ---------------------------------------------------------------------------------------------

LOST = {
    "taken over": "UPDATE leases SET run = 'another', token = token + 1000000 WHERE unit = 'sw01'",
    "expired": "UPDATE leases SET expires = 1 WHERE unit = 'sw01'",
    "gone": "DELETE FROM leases WHERE unit = 'sw01'",
}


@dataclass(slots=True)
class Losing:
    """Has the lease on a device lost just before its driver is called for the so-manieth time."""

    stage: Stage
    call: int
    how: str
    requests: int | None = None
    """How many requests the device had seen then."""

    @contextmanager
    def __call__(self, settings: Settings) -> Iterator[None]:
        fence, calls = Recorder.fence, 0

        def lose(recorder: Recorder, unit: str) -> None:
            nonlocal calls
            calls += unit == "sw01"
            if unit == "sw01" and calls == self.call:
                with closing(sqlite3.connect(settings.state_dir / FILE)) as file, file:
                    file.execute(LOST[self.how])
                self.requests = self.stage.network.lab["sw01"].counters.requests
            fence(recorder, unit)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Recorder, "fence", lose)
            yield


@pytest.mark.parametrize("how", LOST)
@pytest.mark.parametrize("scope", ["unit", "run"])
def test_one_that_has_lost_its_lease(
    stage: Stage, scope: str, how: str, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    """Whenever it happens: nothing more is asked of the device, and the report does not claim that it is changed."""
    for call in range(1, 30):
        losing = Losing(stage, call, how)
        with hurried(monkeypatch, stage.network.clock):
            run = stage.run(scope, around=losing)
        if losing.requests is not None:
            wrong = wrong_loser(run, losing.requests, scope)
            tally.add(f"lease {how}, {scope}", f"call {call}: {wrong}" if wrong else "")
        stage.put_back()
        if losing.requests is None:
            break

    assert tally.tried.total() > 5
    tally.check()


def wrong_loser(run: Run, requests: int, scope: str) -> list[str]:
    """Return what is wrong with a run that has lost a device."""
    stage, unit, found = run.stage, run.units["sw01"], list[str]()
    device = stage.network.lab["sw01"]
    if device.counters.requests != requests:
        found.append(f"it was asked {device.counters.requests - requests} times more")
    told = f"{unit.error!r} {getattr(unit.error, '__notes__', '')}"
    if unit.outcome is UnitOutcome.APPLIED or "lost its lease" not in told:
        found.append(f"{unit.outcome.value}: {told}")
    _, timer = run.journal()
    stage.network.clock.advance(timer + 1)
    state = device.running_config, device.startup_config
    if unit.outcome is not UnitOutcome.ROLLBACK_FAILED and state != stage.before["sw01"]:
        found.append(f"{unit.outcome.value}, and it is not as before")
    if state not in (stage.before["sw01"], stage.after["sw01"]):
        found.append("it is neither as before nor as planned")
    others = {run.units[name].outcome for name in stage.before if name != "sw01"}
    if others != {UnitOutcome.APPLIED} if scope == "unit" else UnitOutcome.APPLIED in others:
        found.append(f"the others: {others}")
    return found
