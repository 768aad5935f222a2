"""The work that the benchmarks measure: sites with devices with interfaces, as two datasets that differ a little.

Only the standard library is imported, so that a rival's interpreter can run this file too.
"""

# ruff: noqa: RUF012 - pydantic copies the defaults of fields

from __future__ import annotations

import importlib
import random
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Row = dict[str, Any]


class Device(NamedTuple):
    """A device's own values, and those of its interfaces."""

    row: Row
    interfaces: list[Row]


class Site(NamedTuple):
    """A site's own values, and its devices."""

    row: Row
    devices: list[Device]


@dataclass
class Fabric:
    """Both sides as plain values, and what has to change in the target to make it like the source."""

    source: list[Site] = field(default_factory=list)
    target: list[Site] = field(default_factory=list)
    expected: dict[str, int] = field(default_factory=lambda: {"create": 0, "update": 0, "delete": 0})


def generate(sites: int, devices: int, interfaces: int, change: float, seed: int = 7) -> Fabric:
    """Return two fabrics of `devices` per site and `interfaces` per device.

    The share `change` of the interfaces is updated, the same created, the same deleted, and that share of the
    devices is updated. The same arguments give the same values.
    """
    fabric, chance = Fabric(), random.Random(seed)  # noqa: S311 - repeatable, not secret
    for number in range(sites):
        site = _site(number)
        source, target = Site(site, []), Site(dict(site, tags=list(site["tags"])), [])
        for position in range(devices):
            ours, theirs = _devices(fabric, chance, number, position, interfaces, change)
            source.devices.append(ours)
            target.devices.append(theirs)
        fabric.source.append(source)
        fabric.target.append(target)
    return fabric


def _site(number: int) -> Row:
    return {
        "name": f"site{number:04d}",
        "region": f"r{number % 5}",
        "status": "active",
        "tenant": f"t{number % 3}",
        "asn": 65000 + number,
        "tags": ["prod", f"pop{number % 7}"],
    }


def _devices(
    fabric: Fabric, chance: random.Random, site: int, position: int, interfaces: int, change: float
) -> tuple[Device, Device]:
    """Return a device as both sides have it, and count what differs."""
    row = {
        "name": f"site{site:04d}-leaf{position:04d}",
        "role": "leaf" if position % 10 else "spine",
        "platform": "eos",
        "os_version": "4.30.1F",
        "serial": f"SN{site:04d}{position:04d}",
        "tags": ["dc", "fabric"],
    }
    source, target = Device(row, []), Device(dict(row, tags=list(row["tags"])), [])
    if change and chance.random() < change:
        target.row["os_version"] = "4.28.0F"
        fabric.expected["update"] += 1
    for number in range(interfaces):
        what = _fate(chance.random() if change else 1.0, change)
        ours = interface(row["name"], number)
        if what:
            fabric.expected[what] += 1
        if what != "delete":
            source.interfaces.append(ours)
        if what != "create":
            theirs = dict(ours, vlans=list(ours["vlans"]))
            target.interfaces.append(dict(theirs, mtu=1500) if what == "update" else theirs)
    return source, target


def _fate(drawn: float, change: float) -> str | None:
    if drawn < change:
        return "update"
    if drawn < 2 * change:
        return "create"
    return "delete" if drawn < 3 * change else None


def interface(device: str, number: int) -> Row:
    """Return the values of a device's interface."""
    return {
        "device_name": device,
        "name": f"Ethernet{number + 1}",
        "description": f"to {device} port {number}",
        "enabled": bool(number % 3),
        "mtu": 9214,
        "mode": "trunk" if number % 4 else "access",
        "vlans": [10, 20, 100 + number % 50],
    }


def size(side: list[Site]) -> int:
    """Return how many objects a side has."""
    return sum(1 + sum(1 + len(device.interfaces) for device in site.devices) for site in side)


def make_adapter(package: str) -> type[Any]:
    """Return an adapter class for this work, made from `Adapter` and `DiffSyncModel` of the package.

    The models are written as users write them.
    """
    engine = importlib.import_module(package)
    base: type[Any] = engine.DiffSyncModel

    class Interface(base):
        _modelname = "interface"
        _identifiers = ("device_name", "name")
        _shortname = ("name",)
        _attributes = ("description", "enabled", "mtu", "mode", "vlans")
        device_name: str
        name: str
        description: str | None = None
        enabled: bool = True
        mtu: int = 1500
        mode: str = "access"
        vlans: list[int] = []

    class Device(base):
        _modelname = "device"
        _identifiers = ("name",)
        _attributes = ("role", "platform", "os_version", "serial", "tags")
        _children = {"interface": "interfaces"}
        name: str
        role: str
        platform: str
        os_version: str
        serial: str
        tags: list[str] = []
        interfaces: list[str] = []

    class Site(base):
        _modelname = "site"
        _identifiers = ("name",)
        _attributes = ("region", "status", "tenant", "asn", "tags")
        _children = {"device": "devices"}
        name: str
        region: str
        status: str
        tenant: str
        asn: int
        tags: list[str] = []
        devices: list[str] = []

    class Net(engine.Adapter):
        site, device, interface = Site, Device, Interface
        top_level = ["site"]

    _importable(Site=Site, Device=Device, Interface=Interface)
    return Net


def _importable(**models: type[Any]) -> None:
    """Let a store that pickles find the classes by their names, below names that nothing else here has."""
    for name, model in models.items():
        model.__qualname__ = f"{name}Model"
        globals()[model.__qualname__] = model


def load(adapter: Any, side: list[Site], *, parents_last: bool = False) -> None:
    """Load one object after the other, as users write it: make it, `add` it, `add_child` it.

    With `parents_last` a parent is added when its children are known, for a store that keeps copies.
    """
    for site_row, devices in side:
        site = adapter.site(**site_row)
        if not parents_last:
            adapter.add(site)
        for device_row, interfaces in devices:
            device = adapter.device(**device_row)
            if not parents_last:
                adapter.add(device)
            for row in interfaces:
                port = adapter.interface(**row)
                adapter.add(port)
                device.add_child(port)
            if parents_last:
                adapter.add(device)
            site.add_child(device)
        if parents_last:
            adapter.add(site)


def load_bulk(adapter: Any, side: list[Site]) -> None:
    """Load many at a time, a list of rows below their parent."""
    with adapter.bulk():
        for site_row, devices in side:
            (site,) = adapter.add_many(adapter.site, [site_row])
            made = adapter.add_many(adapter.device, [device.row for device in devices], parent=site)
            for device, (_, interfaces) in zip(made, devices, strict=True):
                adapter.add_many(adapter.interface, interfaces, parent=device)
