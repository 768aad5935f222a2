"""The run on one page: load → diff → plan → apply → report. Nothing flows back but results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from driftline.adapters.intent import IntentAdapter
from driftline.devices import DeviceAdapter, Expected, Fleet
from driftline.engine import Diff, DiffSyncModelFlags, Plan
from driftline.engine.exceptions import LoadError, StalePlan
from driftline.engine.executor import execute
from driftline.engine.policy import Policy
from driftline.engine.loading import bulk_load
from driftline.engine.plan import make_plan, stale
from driftline.network import Device, Site, change_order, select
from driftline.runs import check

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from driftline.engine.exceptions import DriftlineError
    from driftline.engine.results import RunResult, UnitResult
    from driftline.settings import Settings


@dataclass(frozen=True, slots=True)
class Loaded:
    """Both datasets, and the devices that are compared."""

    intended: IntentAdapter
    actual: DeviceAdapter
    chosen: frozenset[str]

    @property
    def failures(self) -> dict[str, DriftlineError]:
        """The devices that could not be read whole, and why; they take no part."""
        return self.actual.failures


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom to tell about the progress of a run, and how it is stopped."""

    on_total: Callable[[int], object] | None = None
    on_device: Callable[[str], object] | None = None
    on_unit: Callable[[UnitResult], object] | None = None
    halt: threading.Event | None = field(default=None)


def load_intended(settings: Settings) -> IntentAdapter:
    """Load the intended state; raises LoadError with every problem in it."""
    state = settings.path(settings.state_dir)
    intended = IntentAdapter(settings.path(settings.intended.path), cache_dir=state / "cache")
    intended.load()
    return intended


def load(settings: Settings, *, limit: str | None = None, watch: Watch | None = None) -> Loaded:
    """Load the intended state, and the actual state of the devices that it knows."""
    with bulk_load():
        intended = load_intended(settings)
        chosen = _choose(intended, limit)
        expected = [
            Expected(device.name, device.site, device.serial)
            for device in intended.get_all("device")
            if device.name in chosen
        ]
        actual = _read(settings, expected, watch)
        actual.fit(intended)
    return Loaded(intended, actual, frozenset(chosen))


def detect(loaded: Loaded) -> Diff:
    """Return the drift: what has to change on the devices to be as intended."""
    with bulk_load():
        return loaded.actual.diff_from(loaded.intended)


def plan(loaded: Loaded, diff: Diff) -> Plan:
    """Flatten the drift into a plan, in the order of change, with the lines that each device would get.

    A device that can't do what is planned is left out, and is in the failures afterwards.
    """
    made = make_plan(diff, loaded.intended, loaded.actual, order=change_order)
    native = loaded.actual.preview(made.units)
    return made.restricted_to(native).with_native(native)


def load_for(made: Plan, settings: Settings, *, watch: Watch | None = None) -> DeviceAdapter:
    """Load the actual state of the devices that a saved plan is for, and nothing else."""
    expected = [
        Expected(unit, facts.get("site", ""), facts.get("serial"))
        for unit, facts in sorted(made.identities.items())
    ]
    return _read(settings, expected, watch)


def limited(made: Plan, pattern: str) -> Plan:
    """Return the part of a plan for the devices that a pattern chooses, by name or site."""
    devices = [Device(name=unit, site=facts.get("site", "")) for unit, facts in made.identities.items()]
    chosen = select(devices, pattern)
    if not chosen:
        raise _nothing_chosen(pattern)
    return made.restricted_to(chosen)


def ready(made: Plan, actual: DeviceAdapter, settings: Settings) -> Plan:
    """Return the part of a plan that can be applied now: all of it but devices that could not be read.

    Raises:
        StalePlan: a value that the plan was computed from has changed.
        GuardBreach: the plan goes beyond a limit.
    """
    check(settings.guards, made, actual.count())
    readable = made.restricted_to(unit for unit in made.units if unit not in actual.failures)
    problems = stale(readable, actual)
    if problems:
        raise StalePlan("the devices are not as they were when the plan was made", problems=problems)
    return readable


def apply(made: Plan, actual: DeviceAdapter, settings: Settings, *, watch: Watch | None = None) -> RunResult:
    """Apply a plan, exactly it; it is checked first, and nothing is written when it is not `ready`."""
    watch = watch or Watch()
    readable = ready(made, actual, settings)
    actual.planned = readable.native
    policy = Policy(revert_in=settings.apply.revert_in, stop_on_failure=settings.apply.stop_on_failure)
    return execute(
        readable.units,
        actual,
        policy=policy,
        dispatch=actual.fleet.dispatch,
        on_unit=watch.on_unit,
        halt=watch.halt,
    )


def _choose(intended: IntentAdapter, limit: str | None) -> set[str]:
    """Return the names of the devices to compare; the others are flagged to take no part."""
    devices = intended.get_all("device")
    if limit is None:
        return {device.name for device in devices}
    chosen = select(devices, limit)
    if not chosen:
        raise _nothing_chosen(limit)
    for device in devices:
        if device.name not in chosen:
            device.model_flags |= DiffSyncModelFlags.IGNORE
    for site in intended.get_all(Site):
        if chosen.isdisjoint(site.devices):
            site.model_flags |= DiffSyncModelFlags.IGNORE
    return chosen


def _nothing_chosen(pattern: str) -> LoadError:
    return LoadError(
        f"--limit {pattern!r} chooses no device",
        code="LIMIT-EMPTY",
        hint="name devices, sites or roles, or use * and ?",
    )


def _read(settings: Settings, expected: list[Expected], watch: Watch | None) -> DeviceAdapter:
    watch = watch or Watch()
    if watch.on_total is not None:
        watch.on_total(len(expected))
    credentials = settings.credentials.resolved(settings.folder)
    fleet = Fleet.from_inventory(settings.nornir_inventory, settings.device_connection, credentials)
    actual = DeviceAdapter(fleet, expected)
    actual.load(watch.on_device, watch.halt)
    if watch.halt is not None and watch.halt.is_set():
        actual.close()
        raise KeyboardInterrupt
    return actual
