"""Which devices a run is about, and reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftline.adapters.inventory.options import NO_SITE
from driftline.devices import DeviceAdapter, Expected, Fleet
from driftline.engine import DiffSyncModelFlags
from driftline.engine.exceptions import LoadError
from driftline.network import Device, Site, select
from driftline.rollout import Watch

if TYPE_CHECKING:
    from driftline.engine import Plan
    from driftline.network import IntendedState
    from driftline.settings import Settings


def load_chosen(
    intended: IntendedState,
    chosen: set[str],
    settings: Settings,
    watch: Watch | None,
    *,
    fleet: Fleet | None = None,
) -> DeviceAdapter:
    """Load the actual state of the chosen devices of the intent.

    Args:
        fleet: how they are reached; None: as the settings say.
    """
    expected = [
        Expected(device.name, device.site, device.serial, device.role)
        for device in intended.get_all("device")
        if device.name in chosen
    ]
    return _read(fleet or _fleet(settings), expected, watch)


def load_for(
    made: Plan, settings: Settings, *, watch: Watch | None = None, fleet: Fleet | None = None
) -> DeviceAdapter:
    """Load the actual state of the devices that a saved plan is for, and nothing else."""
    return _read(fleet or _fleet(settings), _expected(made), watch)


def load_all(settings: Settings, *, watch: Watch | None = None) -> DeviceAdapter:
    """Load the actual state of all devices of the inventory, whether anything is intended for them or not.

    Site and role are those of the inventory's data.
    """
    fleet = _fleet(settings)
    hosts = {name: fleet.host(name) for name in fleet.names}
    expected = [
        Expected(name, str(host.get("site") or NO_SITE), role=host.get("role"))
        for name, host in hosts.items()
    ]
    return _read(fleet, expected, watch)


def devices_of(made: Plan, settings: Settings) -> DeviceAdapter:
    """Return the devices of a plan without asking them anything."""
    return DeviceAdapter(_fleet(settings), _expected(made))


def choose(intended: IntendedState, limit: str | None) -> set[str]:
    """Return the names of the devices to compare; the others are flagged to take no part."""
    devices = intended.get_all("device")
    if limit is None:
        return {device.name for device in devices}
    chosen = select(devices, limit)
    if not chosen:
        raise _nothing_chosen(limit)
    keep_only(intended, chosen)
    return chosen


def keep_only(intended: IntendedState, names: set[str]) -> None:
    """Flag all devices but these, and the sites without any of them, to take no part."""
    for device in intended.get_all("device"):
        if device.name not in names:
            device.model_flags |= DiffSyncModelFlags.IGNORE
    for site in intended.get_all(Site):
        if names.isdisjoint(site.devices):
            site.model_flags |= DiffSyncModelFlags.IGNORE


def limited(made: Plan, pattern: str) -> Plan:
    """Return the part of a plan for the devices that a pattern chooses, by name, site or role."""
    devices = [
        Device(name=unit, site=facts.get("site", ""), role=facts.get("role"))
        for unit, facts in made.identities.items()
    ]
    chosen = select(devices, pattern)
    if not chosen:
        raise _nothing_chosen(pattern)
    return made.restricted_to(chosen)


def _nothing_chosen(pattern: str) -> LoadError:
    return LoadError(
        f"--limit {pattern!r} chooses no device",
        code="LIMIT-EMPTY",
        hint="name devices, sites or roles, or use * and ?",
    )


def _expected(made: Plan) -> list[Expected]:
    return [
        Expected(unit, facts.get("site", ""), facts.get("serial"), facts.get("role"))
        for unit, facts in sorted(made.identities.items())
    ]


def _read(fleet: Fleet, expected: list[Expected], watch: Watch | None) -> DeviceAdapter:
    watch = watch or Watch()
    if watch.on_total is not None:
        watch.on_total(len(expected))
    actual = DeviceAdapter(fleet, expected)
    actual.load(watch.on_device, watch.halt)
    if watch.halt is not None and watch.halt.is_set():
        actual.close()
        raise KeyboardInterrupt
    return actual


def _fleet(settings: Settings) -> Fleet:
    credentials = settings.credentials.resolved(settings.folder)
    return Fleet.from_inventory(settings.nornir_inventory, settings.device_connection, credentials)
