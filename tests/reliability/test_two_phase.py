"""Fifty devices change together or not at all, whatever goes wrong in whichever phase, on one of them or on several.

A sample; with `DRIFTLINE_RELIABILITY_SECONDS` set, every fault in every phase.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import pytest

from driftline.cli.exit_status import ExitStatus
from driftline.engine.results import UnitOutcome
from driftline.lab import Fault, FaultKind

from .stage import Stage, hurried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Tally
    from .stage import Run

DEVICES = 50
ONCE = random.Random(50)  # noqa: S311 - repeatable, not secret
K = FaultKind
PHASES = {
    # What a device is asked in each phase: (a command, how often it was asked before).
    "begin": ("show running-config", 0),
    "lock": ("show configuration sessions$", 0),
    "load": (r"configure session \S+$", 0),
    "candidate": ("show session-config", 0),
    "commit": ("commit timer", 0),
    "verify": ("show running-config", 1),
    "before the confirm": ("show configuration sessions detail", 1),
    "confirm": ("commit$", 0),
    "save": ("write memory", 0),
    "after the confirm": ("show configuration sessions detail", 2),
    "read back": ("show running-config", 2),
}
BEFORE_THE_COMMIT = ("begin", "lock", "load", "candidate")
READING_BACK = ("after the confirm", "read back")
ONCE_ONLY = (K.TIMEOUT, K.LOST_REPLY, K.RESET_BEFORE, K.RESET_AFTER, K.COMMAND_ERROR, K.UNAUTHORIZED)
EXECUTED = (K.LOST_REPLY, K.RESET_AFTER)


@dataclass(frozen=True, slots=True)
class Case:
    """A fault in a phase, on so many devices."""

    phase: str
    kind: FaultKind
    devices: int

    @property
    def fault(self) -> Fault:
        command, skip = PHASES[self.phase]
        if self.kind in (K.LYING_OK, K.PARTIAL_COMMIT):
            return Fault(self.kind, skip=0 if self.phase == "commit" else 1, times=1)
        return Fault(self.kind, command=command, skip=skip, times=None if self.kind is K.REFUSED else 1)

    @property
    def expected(self) -> ExitStatus:
        """Everything is applied, or nothing; or a device that is gone is not known to be as it was."""
        if self.kind is K.REFUSED:
            return ExitStatus.ROLLED_BACK if self.phase in BEFORE_THE_COMMIT else ExitStatus.ROLLBACK_FAILED
        if self.phase in READING_BACK or (self.phase in ("confirm", "save") and self.kind in EXECUTED):
            return ExitStatus.OK
        return ExitStatus.ROLLED_BACK


CASES = [
    *(Case(*each) for each in product(PHASES, (*ONCE_ONLY, K.REFUSED), (1, 3))),
    *(Case(*each) for each in product(("commit", "confirm"), (K.LYING_OK,), (1, 3))),
    *(Case("commit", K.PARTIAL_COMMIT, devices) for devices in (1, 3)),
]
ALWAYS = [
    Case("commit", K.LYING_OK, 1),
    Case("commit", K.REFUSED, 1),
    Case("confirm", K.LYING_OK, 3),
    Case("confirm", K.COMMAND_ERROR, 1),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Fifty devices, and a plan of a thousand steps."""
    made = Stage.boot(tmp_path_factory.mktemp("two-phase"), DEVICES)
    yield made
    made.network.lab.stop()


def test_all_or_none(stage: Stage, monkeypatch: pytest.MonkeyPatch, tally: Tally, *, thorough: bool) -> None:
    """After the timers have run out each device is wholly as before or wholly as planned, as the journal says."""
    for case in CASES if thorough else (*ALWAYS, *ONCE.sample(CASES, 2)):
        bad = frozenset(ONCE.sample(sorted(stage.before), case.devices))
        with hurried(monkeypatch, stage.network.clock):
            run = stage.run("run", dict.fromkeys(bad, (case.fault,)))
        away = bad if case.kind is K.REFUSED else frozenset()
        wrong = [*run.wrong(away=away), *run.wrong_group(set(stage.before)), *wrong_end(run, case, bad)]
        tally.add(f"two phases, {DEVICES} devices: {case.kind.value}", f"{case}: {wrong}" if wrong else "")
        stage.put_back()

    tally.check()


def wrong_end(run: Run, case: Case, bad: frozenset[str]) -> list[str]:
    """Return what is wrong with how the whole run ended."""
    found = []
    if run.status is not case.expected:
        errors = {str(unit.error) for unit in run.units.values() if unit.error}
        found.append(f"exit status {run.status!r}, not {case.expected!r}: {sorted(errors)[:2]}")
    in_doubt = run.named(UnitOutcome.ROLLBACK_FAILED)
    if in_doubt - bad:
        found.append(f"in doubt without a fault of their own: {sorted(in_doubt - bad)}")
    return found


@pytest.mark.parametrize("scope", ["site", "unit"])
def test_others_are_not_held_up(
    stage: Stage, scope: str, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    """A smaller scope: the site, or the device, with the fault is as before, and all others are as planned."""
    with hurried(monkeypatch, stage.network.clock):
        run = stage.run(scope, {"sw07": (Case("verify", K.RESET_BEFORE, 1).fault,)})
    group = stage.group(scope, "sw07")
    wrong = [*run.wrong(), *run.wrong_group(group)]
    tally.add(f"two phases, scope {scope}", str(wrong) if wrong else "")
    assert run.named(UnitOutcome.APPLIED) == stage.before.keys() - group
    stage.put_back()

    tally.check()
