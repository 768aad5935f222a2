"""The main job on IOS, NX-OS, IOS XR and Junos: read, compared, planned, applied, read back, and taken back.

NAPALM finds the driver; it is a model of theirs, since there is no such device to test with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driftline.engine.executor import Policy, execute
from driftline.engine.results import UnitOutcome

from .boxes import BOXES, Box
from .fake_driver import Driver, let_napalm_find
from .leaf import adapter_of, create, delete, fleet_of, host, intent_after, plan_of, port

if TYPE_CHECKING:
    from driftline.devices import DeviceAdapter
    from driftline.devices.state import Change
    from driftline.engine.results import RunResult


@pytest.fixture(params=BOXES.values(), ids=BOXES)
def box(request: pytest.FixtureRequest) -> Box:
    """Each platform."""
    return request.param


@pytest.fixture
def driver(box: Box, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """The one device, behind a driver that NAPALM finds by the platform's name."""
    one = Driver(box)
    let_napalm_find(one, monkeypatch)
    return one


@pytest.fixture
def adapter(box: Box, driver: Driver) -> DeviceAdapter:
    """The actual state, loaded."""
    adapter = adapter_of(fleet_of({"leaf1": host("leaf1", "192.0.2.1", 22, platform=box.name)}))
    assert adapter.failures == {}
    return adapter


def changes_of(box: Box) -> list[Change]:
    """What is intended otherwise than it is."""
    found = [
        port(box.ports[1], description="new", mtu=9000, enabled=True),
        delete("ip_address", address="10.10.2.1/24"),
        create("interface", {"description": "made"}, name=box.logical[-1 if box.name == "iosxr" else 4]),
    ]
    if box.name != "iosxr":
        found += [
            create("vlan", {"name": "new"}, vid=30),
            port(box.switched, mode="trunk", trunk_vlans="10,30"),
        ]
    return found


def run(adapter: DeviceAdapter, *changes: Change) -> RunResult:
    """Plan the changes and apply the plan."""
    made = plan_of(adapter, intent_after(adapter, *changes))
    adapter.planned = made.native
    return execute(made.units, adapter, policy=Policy(60), dispatch=adapter.fleet.dispatch)


def test_drift_is_repaired_and_then_there_is_none(box: Box, driver: Driver, adapter: DeviceAdapter) -> None:
    """One commit brings the device in line; a second run finds nothing."""
    changes = changes_of(box)
    intent = intent_after(adapter, *changes)
    (result,) = run(adapter, *changes).units
    assert result.outcome is UnitOutcome.APPLIED, result.error
    assert len(driver.timers) == 1
    assert driver.startup == driver.device.running_config
    again = adapter_of(adapter.fleet)
    assert not again.diff_from(intent).has_diffs()


def test_a_device_that_is_in_line_is_not_touched(driver: Driver, adapter: DeviceAdapter) -> None:
    """No difference, no unit, no commit."""
    assert run(adapter).units == ()
    assert driver.timers == []


def test_a_change_that_fails_leaves_nothing(box: Box, driver: Driver, adapter: DeviceAdapter) -> None:
    """The device refuses a line half-way: it is as it was, and the result says so."""
    before = driver.device.running_config
    commit = driver.commit_config

    def refusing(revert_in: int | None = None) -> None:
        driver.candidate = [*driver.candidate, "  no such line"]
        commit(revert_in)

    driver.commit_config = refusing  # type: ignore[method-assign]
    try:
        (result,) = run(adapter, port(box.ports[1], description="new")).units
    finally:
        driver.fire()
    assert result.outcome is not UnitOutcome.APPLIED
    assert "no such line" in str(result.error)
    assert driver.device.running_config == before


def test_the_driver_is_told_to_verify(box: Box, driver: Driver, adapter: DeviceAdapter) -> None:
    """What NAPALM hands to the driver are options that check keys and certificates."""
    options = driver.given["optional_args"]
    assert options.get("ssh_strict") is True or box.platform.driver == "junos_verified"
    assert options.get("ssl_verify", True)
