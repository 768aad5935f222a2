"""What an IPAM should hold of a network, and what of it must not look deleted."""

from __future__ import annotations

from typing import Any

import pytest
from tests.adapters.actual_state import read, running
from tests.adapters.ipam.held import WRITING, Held, empty, holding, intended_of, left
from tests.adapters.test_discovering import network, port

from driftline.adapters.ipam.models import Device, Interface, IPAddress, Site, Term, Vlan
from driftline.adapters.ipam.observed import observed_state
from driftline.engine import DiffSyncModelFlags
from driftline.network import Device as NetworkDevice
from driftline.network import IntendedState, Ownership
from driftline.network import Interface as NetworkInterface
from driftline.network import IPAddress as NetworkAddress
from driftline.network import Vlan as NetworkVlan

pytestmark = pytest.mark.usefixtures("quiet")
BOTH = {"leaf1": "lab", "leaf2": "lab"}


def at(text: str, device: str = "leaf1", interface: str = "Ethernet1", **values: Any) -> NetworkAddress:
    """Return an address of a device."""
    return NetworkAddress(device=device, interface=interface, address=text, **values)


def routed(device: str = "leaf1", name: str = "Ethernet1", **values: Any) -> NetworkInterface:
    """Return a routed port."""
    return NetworkInterface(device=device, name=name, mode="routed", **values)


def gone(network: Any, held: Held) -> list[str]:
    """Return what would be deleted from an IPAM."""
    return [f"{one.type} {one.name}" for one in left(network, held).walk() if one.action == "delete"]


# Nothing looks deleted that was not seen ------------------------------------------------------------------


def test_what_failed_or_is_beside_does_not_look_deleted() -> None:
    """A device that could not be read, one that the source does not have, and addresses on no interface."""
    held = holding(read(running()))
    held.add(Device(name="pdu1", site="lab", role="power", device_type="Raritan/PX"))
    held.add(Interface(device="pdu1", name="eth0"))
    held.get("device", "pdu1").add_child(held.get("interface", {"device": "pdu1", "name": "eth0"}))
    held.add(IPAddress(address="192.0.2.99/24", device="pdu1", interface="eth0"))
    held.add(IPAddress(address="192.0.2.100/24", status="reserved"))
    held.add(Vlan(site="lab", vid=999, name="planned"))
    actual = read(running())
    actual.get("device", "leaf2").model_flags |= DiffSyncModelFlags.IGNORE
    assert left(actual, held).str() == "(no diffs)"


def test_what_a_device_lost_looks_deleted() -> None:
    """All of a device is seen, so also what it has no more."""
    held = holding(read(running()))
    actual = read(running({"leaf1": [["no interface Loopback0"], ["no vlan 30"]]}))
    assert gone(actual, held)[-2:] == ["interface Loopback0", "ip_address 10.0.0.1/32"]


def test_a_part_of_an_intent_deletes_nothing() -> None:
    """Listed: what is not listed is nobody's."""
    intent = IntendedState(name="intent")
    box = NetworkDevice(name="leaf1", site="lab", platform="eos", ownership=Ownership(interfaces="listed"))
    intent.add(box)
    assert gone(intent, holding(read(running()))) == []


def test_an_intent_that_owns_all_deletes_no_ports() -> None:
    """Physical ports don't go because nothing is said about them."""
    intent = IntendedState(name="intent")
    whole = Ownership(interfaces="exclusive", vlans="exclusive", addresses="exclusive")
    intent.add(NetworkDevice(name="leaf1", site="lab", platform="eos", ownership=whole))
    found = gone(intent, holding(read(running())))
    assert "interface Loopback0" in found
    assert "ip_address 10.0.0.1/32" in found
    assert not [name for name in found if "Ethernet1" in name or "192.0.2" in name or "vlan" in name]


# What is there already ------------------------------------------------------------------------------------


def test_what_the_ipam_calls_it_stays() -> None:
    """Sites, roles, platforms, types and interface names in other spellings are the same."""
    held = empty()
    for row in (
        Site(name="Lab", status="planned"),
        Term(kind="platform", name="Arista EOS 4.30", driver="eos"),
        Term(kind="role", name="Leaf Switch"),
        Device(name="leaf1", site="Lab", role="Leaf Switch", device_type="A/B", platform="Arista EOS 4.30"),
        Interface(device="leaf1", name="Et1", type="10gbase-t", mode="access", untagged_vlan=10),
        Vlan(site="Lab", vid=10, name="users"),
    ):
        held.add(row)
    held.get("device", "leaf1").add_child(held.get("interface", {"device": "leaf1", "name": "Et1"}))
    dataset = network(port("Ethernet1", mtu=None))
    dataset.get("device", "leaf1").role = "leaf-switch"
    assert left(dataset, held).str() == "(no diffs)"


def test_a_subinterface_is_tagged_in_the_ipams_own_way() -> None:
    """An untagged VLAN on a subinterface is its tag, too."""
    sub = NetworkInterface(device="leaf1", name="Ethernet1.5", encapsulation_vlan=5)
    held = holding(network(port("Ethernet1"), sub))
    row = held.get("interface", {"device": "leaf1", "name": "Ethernet1.5"})
    assert (row.parent, row.type, row.tagged_vlans) == ("Ethernet1", "virtual", "5")
    row.mode, row.untagged_vlan, row.tagged_vlans = "access", 5, "none"
    assert left(network(port("Ethernet1"), sub), held).str() == "(no diffs)"


@pytest.mark.parametrize(
    ("attribute", "value", "drift"),
    [
        ("description", "desk", {"description": "desk"}),
        ("enabled", False, {"enabled": False}),
        ("mtu", 9000, {"mtu": 9000}),
        ("untagged_vlan", 20, {"access_vlan": 20}),
        ("mode", "tagged-all", {"mode": "trunk", "native_vlan": 10}),
        ("vrf", "red", {"vrf": "red"}),
        ("lag", "Port-Channel1", {"lag": "Port-Channel1"}),
    ],
)
def test_a_change_in_the_ipam_is_that_drift(attribute: str, value: Any, drift: dict[str, Any]) -> None:
    """Exactly it."""
    dataset = network(port("Ethernet1"))
    held = holding(dataset)
    setattr(held.get("interface", {"device": "leaf1", "name": "Ethernet1"}), attribute, value)
    (one,) = (one for one in dataset.diff_from(intended_of(held)).walk() if one.action)
    assert one.get_attrs_diffs()["+"] == drift


# VLANs ----------------------------------------------------------------------------------------------------


def test_a_vlan_with_several_names_takes_the_most_common_and_tells() -> None:
    """Unless the IPAM calls it as one of them."""
    vlans = [("a", "users"), ("b", "people"), ("c", "people"), ("d", None)]
    dataset = network(
        *(NetworkVlan(device=device, vid=10, name=name) for device, name in vlans),
        devices={device: "lab" for device, _ in vlans},
    )
    given = observed_state(dataset, WRITING, empty())
    assert [vlan.name for vlan in given.get_all(Vlan)] == ["people"]
    (note,) = given.notes
    assert note.startswith(
        "VLAN 10 of site lab is not called the same everywhere: 'people' on 2, 'users' on 1"
    )
    assert note.endswith("'no name' on 1 devices; 'people' is taken")
    held = empty()
    held.add(Vlan(site="lab", vid=10, name="users"))
    assert [vlan.name for vlan in observed_state(dataset, WRITING, held).get_all(Vlan)] == ["users"]


def test_what_a_trunk_may_carry_is_reserved_until_a_device_has_it() -> None:
    """So it is not intended to be there."""
    trunk = port("Ethernet1", mode="trunk", trunk_vlans="10-11", native_vlan=1)
    held = holding(network(trunk, NetworkVlan(device="leaf1", vid=10, name="a")))
    statuses = {vlan.vid: vlan.status for vlan in held.get_all(Vlan)}
    assert statuses == {1: "reserved", 10: "active", 11: "reserved"}
    held = holding(network(trunk, NetworkVlan(device="leaf1", vid=11, name="b")), held)
    assert held.get(Vlan, {"site": "lab", "group": "", "vid": 11}).status == "active"


def test_a_trunk_of_too_many_vlans_is_left_out_and_told() -> None:
    """Half of it would be read as a trunk of none."""
    dataset = network(port("Ethernet1", mode="trunk", trunk_vlans="2-4094"))
    given = observed_state(dataset, WRITING, empty())
    (row,) = given.get_all(Interface)
    assert not {"mode", "untagged_vlan", "tagged_vlans"} & set(row.get_managed())
    assert given.notes == ("leaf1 Ethernet1: what it carries is not taken over: too many VLANs to list",)
    assert dataset.diff_from(intended_of(holding(dataset))).str() == "(no diffs)"


# Addresses ------------------------------------------------------------------------------------------------


def test_an_address_of_several_devices_is_everybodys() -> None:
    """Anycast, with a row for each; when one of them is not seen, the other's row is still its own."""
    shared = [routed("leaf1"), routed("leaf2"), at("10.0.0.1/24"), at("10.0.0.1/24", "leaf2")]
    dataset = network(*shared, devices=BOTH)
    held = holding(dataset)
    rows = {(row.holder, row.role) for row in held.get_all(IPAddress)}
    assert rows == {("leaf1", "anycast"), ("leaf2", "anycast")}
    assert left(dataset, held).str() == "(no diffs)"
    dataset.get("device", "leaf2").model_flags |= DiffSyncModelFlags.IGNORE
    assert left(dataset, held).str() == "(no diffs)"


def test_an_address_that_becomes_shared_keeps_its_row() -> None:
    """It gets the role; the other device gets a row of its own."""
    held = holding(network(routed(), at("10.0.0.1/24")))
    given = observed_state(
        network(routed(), routed("leaf2"), at("10.0.0.1/24"), at("10.0.0.1/24", "leaf2"), devices=BOTH),
        WRITING,
        held,
    )
    assert [(row.holder, row.role) for row in given.get_all(IPAddress)] == [
        ("", "anycast"),
        ("leaf2", "anycast"),
    ]


def test_roles_that_the_network_does_not_know_stay() -> None:
    """Only whether an address is secondary is known there."""
    dataset = network(routed(), at("10.0.0.1/24"), at("10.0.1.1/24", secondary=True))
    held = holding(dataset)
    first, second = held.get_all(IPAddress)
    first.role, second.role = "loopback", "loopback"
    (one,) = left(dataset, held).walk()
    assert (one.keys["address"], one.get_attrs_diffs()["+"]) == ("10.0.1.1/24", {"role": "secondary"})


def test_prefixes_are_made_of_connected_networks() -> None:
    """Of a host only where an address must be in one; never of link-local ones."""
    dataset = network(routed(), at("10.0.0.1/24"), at("10.1.1.1/32"), at("fe80::1/64"))
    prefixes = {
        parents: [
            row.prefix for row in observed_state(dataset, WRITING, empty(), parents=parents).get_all("prefix")
        ]
        for parents in (False, True)
    }
    assert prefixes == {False: ["10.0.0.0/24"], True: ["10.0.0.0/24", "10.1.1.1/32"]}


@pytest.mark.parametrize("mac", [None, "", "Unspecified", "00:00:00:00:00:00"])
def test_what_is_no_mac_is_not_taken_over(mac: str | None) -> None:
    """Drivers have their ways to say that there is none."""
    given = observed_state(network(port("Ethernet1", mac=mac)), WRITING, empty())
    assert "mac" not in given.get_all(Interface)[0].get_managed()
