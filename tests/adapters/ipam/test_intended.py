"""What an IPAM intends on devices: what its words mean there, and what it has no opinion on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.adapters.ipam.held import Held, empty, intended_of

from driftline.adapters.ipam.hardware import napalm_name
from driftline.adapters.ipam.models import Device, Interface, IPAddress, Row, Site, Term, Vlan
from driftline.engine import DiffSyncModelFlags
from driftline.network import Interface as NetworkInterface


def ipam(*rows: Row, **device: Any) -> Held:
    """Return an IPAM with one switch, and these rows."""
    held = empty()
    held.add(Site(name="ams"))
    held.add(Term(kind="platform", name="EOS", driver="eos"))
    values = {"site": "ams", "role": "leaf", "device_type": "Arista/x", "platform": "EOS", **device}
    box = Device(name="leaf1", **values)
    held.add(box)
    for row in rows:
        held.add(row)
        if isinstance(row, Interface):
            box.add_child(row)
    return held


def port(name: str = "Ethernet1", **values: Any) -> Interface:
    """Return an interface of the switch."""
    return Interface(device="leaf1", name=name, **values)


def address(text: str, interface: str = "Ethernet1", **values: Any) -> IPAddress:
    """Return an address of the switch."""
    return IPAddress(address=text, device="leaf1", interface=interface, **values)


def vlan(vid: int, **values: Any) -> Vlan:
    """Return a VLAN of the site."""
    return Vlan(**{"site": "ams", "vid": vid, "name": f"v{vid}", **values})


def told(held: Held, name: str = "Ethernet1", **intention: Any) -> dict[str, Any]:
    """Return what is intended of an interface."""
    found = intended_of(held, **intention).get(NetworkInterface, {"device": "leaf1", "name": name})
    return {attribute: getattr(found, attribute) for attribute in found.get_managed()}


UP = {"enabled": True}


@pytest.mark.parametrize(
    ("interface", "meaning"),
    [
        (port(), UP),
        (
            port(description="desk", mtu=9000, enabled=False),
            {"description": "desk", "mtu": 9000, "enabled": False},
        ),
        (port(mode="access", untagged_vlan=10), {**UP, "mode": "access", "access_vlan": 10}),
        (port(mode="access"), {**UP, "mode": "access"}),
        (port(mode="tagged", tagged_vlans="10-12"), {**UP, "mode": "trunk", "trunk_vlans": "10-12"}),
        (
            port(mode="tagged-all", untagged_vlan=1),
            {**UP, "mode": "trunk", "trunk_vlans": "all", "native_vlan": 1},
        ),
        (port(vrf="red"), {**UP, "vrf": "red", "mode": "routed"}),
        (port(lag="Po1", mode="access", untagged_vlan=10), {**UP, "lag": "Po1"}),
        (port("Ethernet1.5", mode="tagged", tagged_vlans="5"), {**UP, "encapsulation_vlan": 5}),
        (port("Ethernet1.5", mode="access", untagged_vlan=5), {**UP, "encapsulation_vlan": 5}),
        (port("Vlan10", mode="access", untagged_vlan=10), UP),
        (port(mgmt_only=True, vrf="mgmt"), {**UP, "vrf": "mgmt"}),
    ],
    ids=str,
)
def test_what_an_interface_means(interface: Interface, meaning: dict[str, Any]) -> None:
    """What is not filled in is no opinion."""
    assert told(ipam(interface), interface.name) == meaning


def test_a_complete_ipam_means_what_is_empty() -> None:
    """Then an empty field is a value: none."""
    assert told(ipam(port(mode="tagged")), empty="empty") == {
        **UP,
        "description": None,
        "mtu": None,
        "vrf": None,
        "lag": None,
        "mode": "trunk",
        "trunk_vlans": "none",
        "native_vlan": None,
    }


def test_only_chosen_attributes_are_managed() -> None:
    """The others are not compared."""
    assert told(ipam(port(description="desk")), attributes=("description",)) == {"description": "desk"}


def addresses(held: Held, **intention: Any) -> dict[str, tuple[bool, tuple[str, ...]]]:
    """Return by address whether it is secondary, and what is managed of it."""
    found = intended_of(held, **intention).get_all("ip_address")
    return {one.address: (one.secondary, one.get_managed()) for one in found}


def test_which_address_is_primary_is_told_by_the_role_of_the_others() -> None:
    """Without a role nobody knows, unless there is but one and it is all that there may be."""
    one, other = address("10.0.0.1/24"), address("10.0.1.1/24")
    assert addresses(ipam(port(), one)) == {"10.0.0.1/24": (False, ("interface",))}
    assert addresses(ipam(port(), one, other))["10.0.1.1/24"] == (True, ("interface",))
    assert addresses(ipam(port(), one), manage="exclusive")["10.0.0.1/24"][1] == ("interface", "secondary")
    marked = address("10.0.1.1/24", role="secondary")
    both = ("interface", "secondary")
    assert addresses(ipam(port(), marked, one)) == {"10.0.0.1/24": (False, both), "10.0.1.1/24": (True, both)}


@pytest.mark.parametrize(
    "values",
    [{"status": "reserved"}, {"status": "dhcp"}, {"role": "vrrp"}, {"device": None, "interface": None}],
)
def test_what_is_not_configured_on_an_interface(values: dict[str, Any]) -> None:
    """A status or a role tells that it is not."""
    assert addresses(ipam(port(), address("10.0.0.1/24").model_copy(update=values))) == {}


def vids(held: Held, **intention: Any) -> set[int]:
    return {one.vid for one in intended_of(held, **intention).get_all("vlan")}


def test_which_vlans_a_device_must_have() -> None:
    """Those that its ports use and that are active at its site; VLAN 1 is there by itself."""
    ports = port(mode="tagged", tagged_vlans="10-12", untagged_vlan=1), port("Vlan30")
    held = ipam(
        *ports, vlan(1), vlan(10), vlan(11, status="reserved"), vlan(20), vlan(30), vlan(12, site="rot")
    )
    assert vids(held) == {10, 30}
    assert vids(held, vlans="site") == {10, 20, 30}
    assert vids(held, vlans="none") == set()
    assert vids(ipam(port(), vlan(10)), vlans="site") == set()  # it is no switch


def test_exclusive_spares_what_the_site_has() -> None:
    """A VLAN that no port of the device uses is neither made nor deleted."""
    held = ipam(port(mode="access", untagged_vlan=10), vlan(10), vlan(11, status="reserved"), vlan(20))
    flags = {one.vid: one.model_flags for one in intended_of(held, manage="exclusive").get_all("vlan")}
    spared = DiffSyncModelFlags.SKIP_UNMATCHED_SRC
    assert flags == {10: DiffSyncModelFlags.NONE, 11: spared, 20: spared}


@pytest.mark.parametrize(
    ("device", "why"),
    [
        ({"status": "offline"}, "its status is offline"),
        ({"platform": None}, "NAPALM knows no driver for no platform"),
        ({"platform": "PDU"}, "NAPALM knows no driver for the platform 'PDU'"),
    ],
)
def test_what_is_no_network_device_is_left_out(device: dict[str, Any], why: str) -> None:
    """It is told, and the others take part."""
    state = intended_of(ipam(Term(kind="platform", name="PDU", driver="pdu"), port(), **device))
    assert state.count() == 0
    assert why in state.notes[0]


@pytest.mark.parametrize(
    ("name", "driver", "napalm"),
    [
        ("EOS", None, "eos"),
        ("Arista EOS", "arista-eos", "eos"),
        ("Cisco IOS", "cisco-ios", "ios"),
        ("IOS-XR", "ios-xr", "iosxr"),
        ("Whatever", "cisco_xr", "iosxr"),
        ("FRR", "frr", "frr"),
        ("Raritan PX", "raritan-px", None),
        ("Odd", "odd", "eos"),
    ],
)
def test_the_driver_of_a_platform(name: str, driver: str | None, napalm: str | None) -> None:
    """By what NetBox calls a slug, by Nautobot's driver, by its name, or as it is set."""
    term = Term(kind="platform", name=name, driver=driver)
    assert napalm_name(term, {"Odd": "arista_eos"}) == napalm
