"""Devices as they would be read, without a network: running configurations made into a dataset."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.devices.leaf import EOS, fleet_of, host

from driftline.adapters.intent import IntentAdapter
from driftline.devices import DeviceAdapter, Expected
from driftline.devices.reading import Reading, parse
from driftline.lab import SimulatedDevice
from driftline.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftline.engine import Diff

FABRIC = Path(__file__).parents[1] / "fabric"
STARTUP = {file.stem: file.read_text() for file in sorted((FABRIC / "configs").glob("*.cfg"))}


def running(changes: Mapping[str, list[list[str]]] | None = None) -> dict[str, str]:
    """Return the fabric's running configurations after changes by hand, as far as a device takes them."""
    found = {}
    for name, text in STARTUP.items():
        device = SimulatedDevice(name, text)
        for lines in (changes or {}).get(name, []):
            with suppress(LabError):
                device.change(*lines)
        found[name] = device.running_config
    return found


def read(configs: Mapping[str, str]) -> DeviceAdapter:
    """Return the actual state of devices with these running configurations."""
    fleet = fleet_of({name: host(name, "127.0.0.1", 1) for name in configs})
    actual = DeviceAdapter(fleet, [Expected(name, "lab") for name in configs])
    for name, text in configs.items():
        facts = {"hostname": name, "serial_number": f"S-{name}", "os_version": "1"}
        actual._take(name, Reading(name, facts, {}, parse(text, name, EOS)))
    return actual


def load(folder: Path) -> IntentAdapter:
    """Return the intended state of a folder."""
    intended = IntentAdapter(folder)
    intended.load()
    return intended


def drift(actual: DeviceAdapter, intended: IntentAdapter) -> Diff:
    """Return what has to change on the devices to be as intended."""
    actual.fit(intended)
    assert actual.failures == {}
    return actual.diff_from(intended)
