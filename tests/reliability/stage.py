"""One network for many runs in this process: in each something goes wrong, and the devices are put back after it."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from driftline import workflow
from driftline.cli.exit_status import ExitStatus, of_run
from driftline.devices import session as session_module
from driftline.devices.session import DeviceSession
from driftline.engine.results import UnitOutcome
from driftline.reading import load_for
from driftline.reports import run_report
from driftline.runs.journal import Journal, Kind
from driftline.runs.journal.journal import FILE
from driftline.runs.standing import Stand, Standing, standings

from .network import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pytest

    from driftline.applied import Applied
    from driftline.engine import Plan
    from driftline.engine.results import UnitResult
    from driftline.lab import Fault, ManualClock
    from driftline.lab.tree import Config
    from driftline.settings import Settings

    State = tuple[str, str]
    """What a device runs, and what it would start with."""

OPEN = ("pending", "pendingCommitTimer")
STANDS = {
    UnitOutcome.APPLIED: {Stand.APPLIED},
    UnitOutcome.ROLLED_BACK: {Stand.OVER},
    UnitOutcome.ROLLBACK_FAILED: {Stand.GOING_BACK},
    UnitOutcome.NOT_REACHED: {Stand.OVER},
    UnitOutcome.SKIPPED: {Stand.UNTOUCHED},
}
"""Where a device that ended so stands, as far as the journal tells."""


@dataclass(slots=True)
class Stage:
    """A network, what its devices were, and what they become."""

    network: Network
    plan: Plan
    before: dict[str, State]
    _kept: dict[str, tuple[Config, Config]]
    after: dict[str, State] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=count)

    @classmethod
    def boot(cls, folder: Path, devices: int) -> Stage:
        """Start the devices, and find out what they become when nothing goes wrong."""
        network = Network.boot(folder, devices, 16, {})
        kept = {name: (network.lab[name].running, network.lab[name].startup) for name in network.lab}
        made = cls(network, network.plan, network.state(), kept)
        try:
            assert made.run("unit").status is ExitStatus.OK
            made.after = network.state()
            assert all(made.after[name] != made.before[name] for name in network.devices)
        except BaseException:
            network.lab.stop()
            raise
        made.put_back()
        return made

    def settings(self, scope: str) -> Settings:
        """Return the settings of one run; it has a journal of its own."""
        found = self.network.settings
        return found.model_copy(
            update={
                "state_dir": self.network.folder / f"state-{next(self._numbers)}",
                "apply": found.apply.model_copy(update={"scope": scope}),
                "connection": found.connection.model_copy(update={"timeout": 5}),
            }
        )

    def run(
        self,
        scope: str,
        faults: Mapping[str, tuple[Fault, ...]] | None = None,
        *,
        around: Callable[[Settings], AbstractContextManager[object]] = nullcontext,
    ) -> Run:
        """Apply the plan; the faults, and whatever is put around it, strike after the devices were read."""
        settings = self.settings(scope)
        actual = load_for(self.plan, settings)
        assert actual.failures == {}, "it was read before anything went wrong"
        self.network.lab.reset_log()
        try:
            for name, each in (faults or {}).items():
                self.network.lab[name].inject(*each)
            with around(settings):
                return Run(self, settings, workflow.apply(self.plan, actual, settings))
        finally:
            self.network.lab.clear_faults()
            actual.close()

    def put_back(self) -> None:
        """Make the devices what they were, as if nothing had ever happened."""
        for name, kept in self._kept.items():
            device = self.network.lab[name]
            device.clear_faults()
            with device.lock:
                device._sessions.clear()
                device._timed = None
                device.install(kept[1])
                device.write_memory()
                device.install(kept[0])
        assert self.network.state() == self.before
        self.network.lab.reset_log()

    def group(self, scope: str, device: str) -> set[str]:
        """Return the devices that change together with one."""
        devices = self.network.devices
        if scope == "unit":
            return {device}
        return {name for name in devices if scope == "run" or devices[name] == devices[device]}


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended."""

    stage: Stage
    settings: Settings
    applied: Applied

    @property
    def status(self) -> ExitStatus:
        """The exit status that a user would get."""
        return of_run(run_report(self.applied.result, self.applied.failures))

    @property
    def units(self) -> dict[str, UnitResult]:
        return {unit.unit: unit for unit in self.applied.result.units}

    def named(self, *outcomes: UnitOutcome) -> set[str]:
        """Return the devices that ended so."""
        return {name for name, unit in self.units.items() if unit.outcome in outcomes}

    def journal(self) -> tuple[dict[str, Standing], int]:
        """Return where each device stands as the journal tells, and the longest timer that was armed."""
        with Journal.open(self.settings.state_dir) as journal:
            entries = journal.entries(self.applied.run)
            assert journal.verify().holds
            assert journal.run(self.applied.run).ended
        timers = [entry.data["revert_in"] or 0 for entry in entries if entry.kind is Kind.COMMIT]
        return standings(entries), max(timers, default=0)

    def wrong(self, *, away: frozenset[str] = frozenset()) -> list[str]:
        """Return everything that is not as it must be after any run, when all timers have run out.

        Args:
            away: devices that could not be reached to the end.
        """
        stands, timer = self.journal()
        lab, stage = self.stage.network.lab, self.stage
        found = [
            f"{name}: a session is left: {lab[name].sessions}"
            for name in stage.before.keys() - away
            if any(state in OPEN for state in lab[name].sessions.values())
        ]
        stage.network.clock.advance(timer + 1)
        state = stage.network.state()
        for name, unit in self.units.items():
            found += self._wrong_unit(unit, state[name], stands.get(name, Standing()).stand)
        with closing(sqlite3.connect(self.settings.state_dir / FILE)) as file:
            found += [f"{unit}: a lease is left" for (unit,) in file.execute("SELECT unit FROM leases")]
        in_doubt = self.named(UnitOutcome.ROLLBACK_FAILED)
        if (self.status is ExitStatus.ROLLBACK_FAILED) != bool(in_doubt):
            found.append(f"exit status {self.status} with {sorted(in_doubt)} in doubt")
        return found

    def _wrong_unit(self, unit: UnitResult, state: State, stand: Stand) -> list[str]:
        name, found = unit.unit, list[str]()
        whole = {"before": self.stage.before[name], "after": self.stage.after[name]}
        is_there = next((word for word, each in whole.items() if each == state), "something else")
        if stand not in STANDS[unit.outcome]:
            found.append(f"{name}: {unit.outcome.value}, and on record it is {stand.value}")
        if unit.outcome is UnitOutcome.ROLLBACK_FAILED:
            told = unit.error is not None and unit.error.rollback_error is not None
            if not told or not all(step.message for step in unit.steps):
                found.append(f"{name}: its failed rollback has no reason")
        elif is_there != ("after" if unit.outcome is UnitOutcome.APPLIED else "before"):
            found.append(f"{name}: {unit.outcome.value}, and it is as {is_there}: {unit.error}")
        return found

    def wrong_group(self, group: set[str]) -> list[str]:
        """Return what is wrong with devices that change together: all or none, unless one is in doubt."""
        outcomes = {self.units[name].outcome is UnitOutcome.APPLIED for name in group}
        if len(outcomes) == 1 or self.named(UnitOutcome.ROLLBACK_FAILED) & group:
            return []
        return [f"neither all nor none: {sorted(self.named(UnitOutcome.APPLIED))} of {sorted(group)}"]


@contextmanager
def hurried(monkeypatch: pytest.MonkeyPatch, clock: ManualClock) -> Iterator[None]:
    """Let sessions wait in their own time: it flies for one that takes a change back, and the lab's with it."""
    mine = threading.local()
    rollback = DeviceSession.rollback

    class Time:
        @staticmethod
        def monotonic() -> float:
            return getattr(mine, "now", 0.0)

        @staticmethod
        def sleep(seconds: float) -> None:
            time.sleep(0.01)
            mine.now = getattr(mine, "now", 0.0) + seconds
            if getattr(mine, "back", False):
                clock.advance(seconds)

    def flying(session: DeviceSession) -> None:
        mine.back = True
        try:
            rollback(session)
        finally:
            mine.back = False

    with monkeypatch.context() as patch:
        patch.setattr(session_module, "time", Time)
        patch.setattr(session_module, "_POLL", 10)
        patch.setattr(DeviceSession, "rollback", flying)
        yield
