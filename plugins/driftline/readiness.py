"""What a plan has to pass before it is applied, and what it would change by the devices' own account."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from driftline.applied import About
from driftline.engine.exceptions import DriftlineError, GuardBreach, PlanError, StalePlan
from driftline.engine.freshness import Fresh, freshen
from driftline.health import expect_hooks
from driftline.network import Device
from driftline.rollout import planned_together
from driftline.runs import Facts, by_model, closed, enforce
from driftline.runs.conflicts import expect_decided
from driftline.runs.validation import Validation
from driftline.runs.validators import load_validators
from driftline.state import intended_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from driftline.devices import DeviceAdapter
    from driftline.engine import Plan
    from driftline.network import IntendedState
    from driftline.settings import Settings


def ready(
    made: Plan,
    actual: DeviceAdapter,
    settings: Settings,
    about: About | None = None,
    intended: IntendedState | None = None,
) -> Fresh:
    """Return what of a plan can be applied now: all of it but devices that could not be read.

    Args:
        intended: what is intended, where it was loaded: it knows all devices, their sites and roles.

    Raises:
        StalePlan: a value that the plan was computed from has changed.
        GuardBreach: the plan goes beyond a limit.
    """
    about = about or About()
    if settings.apply.batches is not None:
        expect_hooks(settings.apply.batches.health)
    readable = made.restricted_to(_readable(made, actual, settings))
    expect_decided(readable)
    fresh = freshen(readable, actual, settings.apply.freshness)
    if fresh.problems:
        raise StalePlan("the devices are not as they were when the plan was made", problems=fresh.problems)
    facts = _facts(made, actual, settings, about, intended)
    windows = () if about.override_windows else settings.windows
    enforce(settings.guards, fresh.plan, actual, facts, windows=windows)
    changed = [unit for unit in fresh.plan.units if unit not in fresh.plan.native]
    return fresh if not changed else replace(fresh, plan=previewed(fresh.plan, actual))


def _readable(made: Plan, actual: DeviceAdapter, settings: Settings) -> list[str]:
    """Return the units that can be changed: also none that changes together with a device that was not read."""
    together = planned_together(made, settings.apply)
    missing = {together[unit]: unit for unit in together if unit in actual.failures}
    for unit, group in together.items():
        if group in missing and unit not in actual.failures:
            actual.failures[unit] = PlanError(
                f"{unit}: not tried, since it changes together with {missing[group]}", code="TOGETHER"
            )
    return [unit for unit in made.units if unit not in actual.failures]


def _facts(
    made: Plan, actual: DeviceAdapter, settings: Settings, about: About, intended: IntendedState | None
) -> Facts:
    """Return what the limits are judged by."""
    return Facts(
        now=datetime.now(UTC),
        objects=_objects(made, actual),
        devices=actual.known() if intended is None else intended.get_all("device"),
        intended=made.intended or None,
        intended_before=intended_before(settings),
        source_time=None if intended is None else intended.touched,
        plan_time=about.plan_time,
        connected=actual.connected(),
    )


def _objects(made: Plan, actual: DeviceAdapter) -> dict[str, int]:
    """Return how many objects the network has: what was read, and what is intended where only a part was read."""
    intended = by_model(made.intended)
    names = actual.get_all_model_names()
    return {name: max(actual.count(name), intended.get(name, 0)) for name in names}


def previewed(made: Plan, actual: DeviceAdapter, *, draft: bool = False) -> Plan:
    """Return a plan with the lines that each device would get, less the devices that can't do it.

    Lines that are there were reviewed and stay: a session refuses to send others.

    Args:
        draft: whether nobody has seen the plan yet; else the smaller one says what it was made from.
    """
    missing = {unit: steps for unit, steps in made.units.items() if unit not in made.native}
    native = {**made.native, **actual.preview(missing)}
    return made.restricted_to(native, draft=draft).with_native(native)


def device_diffs(made: Plan, actual: DeviceAdapter) -> dict[str, str]:
    """Return what each device itself says that a plan would change.

    The change is staged as a candidate on the device and discarded; nothing is committed. A device that refuses
    it has no diff, and is in `failures` afterwards.
    """
    actual.planned = made.native
    units = made.units

    def diff(unit: str) -> str | DriftlineError:
        try:
            return actual.staged_diff(unit, units[unit])
        except DriftlineError as error:
            return error

    found = dict(zip(units, actual.fleet.run(diff, list(units)), strict=True))
    refused = {unit: outcome for unit, outcome in found.items() if isinstance(outcome, DriftlineError)}
    actual.failures.update(refused)
    return {unit: str(outcome) for unit, outcome in found.items() if unit not in refused}


def admission(settings: Settings, about: About, devices: Iterable[Device]) -> Callable[[str], None] | None:
    """Return what is asked before each device is begun: it raises GuardBreach where its change window is closed."""
    if about.override_windows or not settings.windows:
        return None
    known = {device.name: device for device in devices}

    def admit(unit: str) -> None:
        device = known.get(unit) or Device(name=unit, site="")
        for problem in closed(settings.windows, [device], [unit], datetime.now(UTC)):
            raise GuardBreach(f"{unit}: not begun: {problem.message}", code=problem.code, hint=problem.hint)

    return admit


def validation(made: Plan, actual: DeviceAdapter, settings: Settings) -> Validation:
    """Return the rules and validators that a plan has to obey, before it is applied and on every device after."""
    return Validation(settings.rules, load_validators(settings.validators), made, actual)
