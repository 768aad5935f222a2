"""The shared models: what they compare, and what they own."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from driftline.engine import Adapter
from driftline.network import Device, Interface, IPAddress, Ownership, Site, Vlan


class Network(Adapter):
    """All the shared models."""

    site = Site
    device = Device
    interface = Interface
    ip_address = IPAddress
    vlan = Vlan
    top_level = ("site",)


def port(name: str = "Ethernet1", **values: Any) -> Interface:
    return Interface(device="leaf1", name=name, **values)


def address(text: str = "10.0.0.1/24", **values: Any) -> IPAddress:
    return IPAddress(**{"device": "leaf1", "address": text, "interface": "Ethernet1", **values})


def owner(**ownership: Any) -> Device:
    return Device(name="leaf1", site="ams", ownership=Ownership(**ownership))


# Values ---------------------------------------------------------------------------------------------------


def test_spellings_of_an_interface() -> None:
    """An interface is the same one however it is spelled."""
    assert port("Et1").get_unique_id() == port("ethernet 1").get_unique_id()
    assert port("Et1").get_unique_id() != port("Et2").get_unique_id()


def test_vlan_lists() -> None:
    """VLAN lists are kept in their one canonical form."""
    values = ["12,10,11", [10, "11-12"], 10, "all", None]
    lists = [port(trunk_vlans=value).trunk_vlans for value in values]

    assert lists == ["10-12", "10-12", "10", "all", None]


@pytest.mark.parametrize("values", [{"trunk_vlans": "0"}, {"access_vlan": 4095}, {"mode": "hybrid"}])
def test_wrong_values(values: dict[str, Any]) -> None:
    """What can't be is refused."""
    with pytest.raises(ValidationError):
        port(**values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2001:DB8::1/64", "2001:db8::1/64"), ("10.0.0.1", "10.0.0.1/32"), ("10.0.0.1/24", "10.0.0.1/24")],
)
def test_addresses(text: str, expected: str) -> None:
    """Addresses are kept in their one canonical form, with a prefix length."""
    assert expected == address(text).address


def test_wrong_address() -> None:
    """What is no address is refused."""
    with pytest.raises(ValidationError):
        address("10.0.0.256/24")


@pytest.mark.parametrize(
    ("one", "other", "expected"), [("Po1", "Port-Channel1", True), ("Po1", None, False), (None, None, True)]
)
def test_same_lag(one: str | None, other: str | None, expected: bool) -> None:  # noqa: FBT001 - a parameter
    """A port-channel is compared by what it is, not by its spelling."""
    assert expected is Interface.same("lag", one, other)


def test_address_moves() -> None:
    """An address keeps its identity when it moves to another interface."""
    assert address().get_unique_id() == address(interface="Ethernet2").get_unique_id()
    assert address().get_unique_id() != address(vrf="blue").get_unique_id()


def test_primary_ipv4() -> None:
    """Only IPv4 has one primary address."""
    found = [one.primary_ipv4 for one in (address(), address(secondary=True), address("2001:db8::1/64"))]

    assert found == [True, False, False]


def test_delete_relies_on_the_whole_section() -> None:
    """Deleting an interface relies also on what driftline does not model of it."""
    assert port(section="abc").get_read_set()["section"] == "abc"
    assert "section" not in port(section="abc").get_attrs()


# Ownership ------------------------------------------------------------------------------------------------


def test_site_owns_no_devices() -> None:
    """No device comes or goes by configuration."""
    assert not Site(name="ams").owns(owner())


@pytest.mark.parametrize(
    ("policy", "vlan", "expected"),
    [
        ("exclusive", {"vid": 10}, True),
        ("listed", {"vid": 10}, False),
        ("absent", {"vid": 10}, False),
        ("exclusive", {"vid": 1}, False),
        ("exclusive", {"vid": 1002}, False),
        ("exclusive", {"vid": 4094, "protected": True}, False),
    ],
)
def test_owned_vlans(policy: Any, vlan: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a parameter
    """Unlisted VLANs go under exclusive ownership only, and never what exists by itself."""
    assert expected is owner(vlans=policy).owns(Vlan(device="leaf1", **vlan))


@pytest.mark.parametrize(
    ("ownership", "interface", "expected"),
    [
        ({"interfaces": "exclusive"}, port("Loopback1"), True),
        ({"interfaces": "listed"}, port("Loopback1"), False),
        ({"interfaces": "exclusive"}, port("Vlan10", protected=True), False),
        ({"interfaces": "exclusive"}, port("Ethernet1"), False),
        ({"interfaces": "exclusive", "reset_unlisted_ports": True}, port("Ethernet1"), True),
        ({"interfaces": "exclusive", "reset_unlisted_ports": True}, port("Ethernet1", pristine=True), False),
        ({"interfaces": "exclusive", "reset_unlisted_ports": True}, port("Management1"), False),
        ({"interfaces": "exclusive", "reset_unlisted_ports": True}, port("Tunnel1"), False),
    ],
)
def test_owned_interfaces(ownership: Any, interface: Interface, expected: bool) -> None:  # noqa: FBT001 - a parameter
    """Unlisted logical interfaces go under exclusive ownership; ports are reset only on request."""
    assert expected is owner(**ownership).owns(interface)


def test_owned_addresses() -> None:
    """Unlisted addresses go under exclusive ownership, and where the device drops them anyway."""
    assert port(owns_addresses="exclusive").owns(address())
    assert not port(owns_addresses="listed").owns(address())
    assert port(owns_addresses="listed", vrf="blue").owns(address())
    assert not port(owns_addresses="listed", vrf="blue").owns(address(vrf="blue"))


def test_unmanaged_vrf_drops_nothing() -> None:
    """An interface whose VRF is not managed does not change its VRF."""
    assert not port(owns_addresses="listed").manage({"mtu"}).owns(address(vrf="blue"))


def test_displaced_primary_address() -> None:
    """A listed primary IPv4 address displaces an unlisted one, and nothing else."""
    network = Network("intended")
    ethernet1, listed = port(owns_addresses="listed"), address("10.0.0.2/24")
    network.add(ethernet1)
    network.add(listed)
    ethernet1.add_child(listed)

    assert ethernet1.owns(address("10.0.0.1/24"))
    assert not ethernet1.owns(address("10.0.0.1/24", secondary=True))
    assert not ethernet1.owns(address("2001:db8::1/64"))


def test_same_address_in_another_vrf() -> None:
    """An interface that changes its VRF loses an address and gets the same one: both are in the diff."""
    datasets = []
    for name, vrf in (("actual", None), ("intended", "blue")):
        network = Network(name)
        site, device = Site(name="ams"), Device(name="leaf1", site="ams")
        ethernet1, only = port(vrf=vrf), address(vrf=vrf or "default")
        for child, parent in ((site, None), (device, site), (ethernet1, device), (only, ethernet1)):
            network.add(child)
            if parent is not None:
                parent.add_child(child)
        datasets.append(network)

    diff = datasets[0].diff_from(datasets[1])

    assert diff.summary() == {"create": 1, "update": 1, "delete": 1, "no-change": 2, "skip": 0}
