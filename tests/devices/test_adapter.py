"""The device adapter: the intent is fitted to what each device is, and the plan shows the lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driftline.engine import DiffSyncModelFlags
from driftline.engine.exceptions import PlanError

from .leaf import Intent, adapter_of, create, delete, intent_after, plan_of, port, update

if TYPE_CHECKING:
    from driftline.devices import DeviceAdapter, Fleet
    from driftline.lab import Lab


@pytest.fixture
def adapter(fleet: Fleet) -> DeviceAdapter:
    """The actual state of the lab."""
    return adapter_of(fleet)


def interface(intent: Intent, name: str) -> Any:
    """An intended interface."""
    return intent.get("interface", {"device": "leaf1", "name": name})


def test_as_it_is_there_is_no_drift(adapter: DeviceAdapter) -> None:
    """A fleet that is intended as it is, has no drift, before and after fitting."""
    intent = intent_after(adapter)
    assert not adapter.diff_from(intent).has_diffs()
    adapter.fit(intent)
    assert not adapter.diff_from(intent).has_diffs()
    assert adapter.failures == {}


def test_what_must_be_empty_means_the_default(adapter: DeviceAdapter) -> None:
    """An explicit null is the platform's default for that kind of interface."""
    intent = intent_after(adapter)
    for name in ("Ethernet6", "Loopback0"):
        for attribute in ("mtu", "mode", "access_vlan", "trunk_vlans", "native_vlan"):
            setattr(interface(intent, name), attribute, None)
    adapter.fit(intent)
    assert not adapter.diff_from(intent).has_diffs()


@pytest.mark.parametrize(("given", "fitted"), [("  to b ", "to b"), ("", None), ("  ", None)])
def test_descriptions_as_a_device_spells_them(adapter: DeviceAdapter, given: str, fitted: str | None) -> None:
    """Space around a description can't be configured, and an empty one is none."""
    intent = intent_after(adapter)
    interface(intent, "Ethernet6").description = given
    adapter.fit(intent)
    assert interface(intent, "Ethernet6").description == fitted


@pytest.mark.parametrize(("vid", "name"), [(20, "VLAN0020"), (1, "default"), (21, "")])
def test_default_vlan_names(adapter: DeviceAdapter, vid: int, name: str) -> None:
    """The name that a VLAN has anyway is no drift: the device never shows it."""
    intent = intent_after(adapter)
    intent.get("vlan", {"device": "leaf1", "vid": vid}).name = name
    adapter.fit(intent)
    assert not adapter.diff_from(intent).has_diffs()


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("Ethernet99", {}, "PLAN-NO-SUCH-PORT"),
        ("Ethernet99.7", {}, "PLAN-NO-SUCH-PORT"),
        ("Loopback9", {"mode": "trunk"}, "PLAN-UNSUPPORTED"),
        ("Vlan30", {"lag": "Port-Channel1"}, "PLAN-UNSUPPORTED"),
        ("Port-Channel9", {"lag": "Port-Channel1"}, "PLAN-UNSUPPORTED"),
        ("Ethernet6", {"encapsulation_vlan": 7}, "PLAN-UNSUPPORTED"),
    ],
)
def test_what_a_device_can_not_do(
    adapter: DeviceAdapter, name: str, values: dict[str, Any], code: str
) -> None:
    """A device of which too much is intended takes no part, and the object is named."""
    intent = intent_after(adapter, *([] if name == "Ethernet6" else [create("interface", {}, name=name)]))
    for attribute, value in values.items():
        setattr(interface(intent, name), attribute, value)
    adapter.fit(intent)
    assert set(adapter.failures) == {"leaf1"}
    failure = adapter.failures["leaf1"]
    assert isinstance(failure, PlanError)
    assert {problem.code for problem in failure.problems} == {code}
    assert f"leaf1 {name}" in str(failure)
    assert adapter.get("device", {"name": "leaf1"}).model_flags & DiffSyncModelFlags.IGNORE
    assert not adapter.diff_from(intent).has_diffs()


@pytest.mark.parametrize("name", ["Port-Channel9", "Port-Channel9.7", "Loopback9", "Vlan30", "Ethernet6.7"])
def test_what_comes_by_configuration(adapter: DeviceAdapter, name: str) -> None:
    """Logical interfaces need not be there."""
    adapter.fit(intent_after(adapter, create("interface", {}, name=name)))
    assert adapter.failures == {}


def test_vlans_where_there_can_be_none(adapter: DeviceAdapter) -> None:
    """It is said when the devices are compared, by the VLAN's number; one that is there by itself is no matter."""
    adapter._states["leaf1"].impossible = {"vlan": "it has no VLAN database"}
    intent = intent_after(adapter)
    adapter.fit(intent)
    assert adapter.failures == {}
    adapter.fit(intent_after(adapter, create("vlan", {"name": "new"}, vid=99)))
    failure = adapter.failures["leaf1"]
    assert isinstance(failure, PlanError)
    assert [(problem.where, problem.code) for problem in failure.problems] == [
        ("leaf1 vlan 99", "PLAN-UNSUPPORTED")
    ]
    assert "a VLAN is not possible on eos: it has no VLAN database" in str(failure)


def test_names_as_a_device_spells_them(adapter: DeviceAdapter) -> None:
    """Whatever the intent calls its ports, people are shown the device's own names; that is no drift."""
    intent = intent_after(adapter)
    interface(intent, "Ethernet1").name = "ethernet1"
    intent.get("ip_address", "leaf1__default__10.0.0.1/31").interface = "ethernet1"
    interface(intent, "Ethernet4").lag = "po1"
    adapter.fit(intent)
    assert not adapter.diff_from(intent).has_diffs()
    assert interface(intent, "Ethernet1").name == "Ethernet1"
    assert intent.get("ip_address", "leaf1__default__10.0.0.1/31").interface == "Ethernet1"
    assert interface(intent, "Ethernet4").lag == "Port-Channel1"


def test_a_subinterface_to_come_is_spelled_as_its_port(adapter: DeviceAdapter) -> None:
    """It has no name on the device yet, but its port has."""
    intent = intent_after(adapter, create("interface", {"encapsulation_vlan": 7}, name="ethernet1.7"))
    adapter.fit(intent)
    assert interface(intent, "Ethernet1.7").name == "Ethernet1.7"


def test_the_plan_shows_the_lines(adapter: DeviceAdapter, lab: Lab) -> None:
    """What would be sent is computed from what was read; no device is contacted."""
    lab.reset_log()
    made = plan_of(
        adapter, intent_after(adapter, port("Ethernet6", description="new"), delete("vlan", vid=21))
    )
    assert made.native == {"leaf1": ("interface Ethernet6", "  description new", "no vlan 21")}
    assert lab.counters.requests == 0


def test_a_moved_address_is_one_step(adapter: DeviceAdapter) -> None:
    """An address on another interface is a change of the address, not its deletion."""
    made = plan_of(
        adapter,
        intent_after(adapter, update("ip_address", {"interface": "Ethernet5"}, address="10.20.0.1/24")),
    )
    assert [(step.action, step.model) for step in made.steps] == [("update", "ip_address")]
    assert made.native["leaf1"] == (
        "interface Vlan20",
        "  no ip address",
        "interface Ethernet5",
        "  ip address 10.20.0.1/24",
    )


def test_an_impossible_plan_names_the_device(adapter: DeviceAdapter) -> None:
    """A device for which no lines exist is among the failures when the plan is made, and has no lines in it."""
    made = plan_of(adapter, intent_after(adapter, port("Ethernet5", vrf="GREEN")))
    assert dict(made.native) == {}
    error = adapter.failures["leaf1"]
    assert isinstance(error, PlanError)
    assert error.problems[0].code == "DEVICE-NO-VRF"
    assert error.problems[0].where == "leaf1"


def test_a_unit_is_a_device(adapter: DeviceAdapter) -> None:
    """Everything on a device changes together."""
    assert adapter.unit_of("device", {"name": "leaf1"}) == "leaf1"
    assert adapter.unit_of("vlan", {"device": "leaf1", "vid": 10}) == "leaf1"


def test_all_connections_are_closed(adapter: DeviceAdapter) -> None:
    """An adapter that is closed holds nothing open."""
    adapter.close()
    assert not any(host.connections for host in adapter.fleet.nornir.inventory.hosts.values())
