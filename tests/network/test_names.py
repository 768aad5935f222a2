"""Interface names and VLAN lists."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftline.network import (
    InterfaceKind,
    canonical_name,
    expand_vlans,
    interface_kind,
    name_key,
    name_order,
    vlan_ranges,
)


@pytest.mark.parametrize(
    "names",
    [
        ("Et1", "ethernet1", "Ethernet 1", "ETHERNET1"),
        ("Gi0/1", "GigabitEthernet0/1", "gigabitethernet 0/1"),
        ("Po10", "Port-Channel10", "port-channel10"),
        ("Vl20", "Vlan20", "vlan 20"),
        ("Lo0", "Loopback0", "loopback 0"),
    ],
)
def test_spellings_of_one_interface(names: tuple[str, ...]) -> None:
    """Abbreviation, case and blanks make no difference."""
    assert len({name_key(name) for name in names}) == 1


def test_different_interfaces() -> None:
    """Numbers and kinds do."""
    names = ["Ethernet1", "Ethernet10", "Ethernet1/1", "Ethernet1.1", "Loopback1", "Vlan1"]

    assert len(names) == len({name_key(name) for name in names})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Et1", "Ethernet1"),
        ("Ethernet 1", "Ethernet1"),
        ("Port-Channel10", "Port-Channel10"),
        ("port-channel10", "port-channel10"),
        ("mgmt0", "mgmt0"),
        ("xe-0/0/0", "xe-0/0/0"),
        ("lo0.0", "lo0.0"),
        ("Lo0", "Loopback0"),
    ],
)
def test_canonical_name(name: str, expected: str) -> None:
    """An abbreviation is expanded; a name in full keeps its spelling."""
    assert expected == canonical_name(name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Ethernet1", InterfaceKind.PHYSICAL),
        ("Et1/1", InterfaceKind.PHYSICAL),
        ("TenGigabitEthernet1/0/1", InterfaceKind.PHYSICAL),
        ("HundredGigE0/0/0/1", InterfaceKind.PHYSICAL),
        ("xe-0/0/0", InterfaceKind.PHYSICAL),
        ("et-0/0/48:1", InterfaceKind.PHYSICAL),
        ("ge-0/0/0.0", InterfaceKind.SUBINTERFACE),
        ("ae0.100", InterfaceKind.SUBINTERFACE),
        ("fxp0.0", InterfaceKind.MANAGEMENT),
        ("em0", InterfaceKind.MANAGEMENT),
        ("me0.0", InterfaceKind.MANAGEMENT),
        ("vme.0", InterfaceKind.MANAGEMENT),
        ("vlan.103", InterfaceKind.SVI),
        ("Port-Channel10", InterfaceKind.LAG),
        ("Po10", InterfaceKind.LAG),
        ("Bundle-Ether1", InterfaceKind.LAG),
        ("ae0", InterfaceKind.LAG),
        ("Vlan10", InterfaceKind.SVI),
        ("irb.100", InterfaceKind.SVI),
        ("BVI1", InterfaceKind.SVI),
        ("Loopback0", InterfaceKind.LOOPBACK),
        ("lo0.0", InterfaceKind.LOOPBACK),
        ("Ethernet1.100", InterfaceKind.SUBINTERFACE),
        ("Port-Channel10.100", InterfaceKind.SUBINTERFACE),
        ("Management1", InterfaceKind.MANAGEMENT),
        ("mgmt0", InterfaceKind.MANAGEMENT),
        ("MgmtEth0/RP0/CPU0/0", InterfaceKind.MANAGEMENT),
        ("Tunnel1", InterfaceKind.OTHER),
        ("Vxlan1", InterfaceKind.OTHER),
        ("Null0", InterfaceKind.OTHER),
    ],
)
def test_kind(name: str, kind: InterfaceKind) -> None:
    """The name tells what an interface is."""
    assert kind is interface_kind(name)


def test_logical_kinds() -> None:
    """Logical interfaces come and go by configuration; ports, management and the rest do not."""
    logical = {kind for kind in InterfaceKind if kind.logical}

    assert logical == {
        InterfaceKind.LAG,
        InterfaceKind.SVI,
        InterfaceKind.LOOPBACK,
        InterfaceKind.SUBINTERFACE,
    }


def test_name_order() -> None:
    """Numbers are compared as numbers, and a parent comes before its subinterfaces."""
    expected = ["Ethernet1", "Ethernet1.10", "Ethernet2", "Et10", "Ethernet10/1", "Loopback0", "Vlan5"]
    shuffled = ["Vlan5", "Et10", "Loopback0", "Ethernet10/1", "Ethernet2", "Ethernet1.10", "Ethernet1"]

    assert expected == sorted(shuffled, key=name_order)


# VLAN lists -----------------------------------------------------------------------------------------------

VIDS = st.sets(st.integers(1, 4094), max_size=30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10-12,20", (10, 11, 12, 20)),
        ("20, 10 ,10", (10, 20)),
        ("none", ()),
        ("", ()),
        (" NONE ", ()),
        ("all", tuple(range(1, 4095))),
    ],
)
def test_expand_vlans(text: str, expected: tuple[int, ...]) -> None:
    """A list is expanded, sorted, without duplicates."""
    assert expected == expand_vlans(text)


@pytest.mark.parametrize("text", ["0", "4095", "12-10", "10-", "ten", "10,,20", "-5", "10 20", "1-4095"])
def test_no_vlan_list(text: str) -> None:
    """What is no VLAN list is refused, and named."""
    with pytest.raises(ValueError, match=r"neither a VLAN id|is not within"):
        expand_vlans(text)


@pytest.mark.parametrize(
    ("vlans", "expected"),
    [
        ("12,11,10,20", "10-12,20"),
        ([20, "10-12", 13], "10-13,20"),
        ([], "none"),
        ("1-4094", "all"),
        ("ALL", "all"),
        ([7], "7"),
        ("1,2", "1-2"),
    ],
)
def test_vlan_ranges(vlans: object, expected: str) -> None:
    """There is one way to write a list."""
    assert expected == vlan_ranges(vlans)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(VIDS)
def test_ranges_and_back(vids: set[int]) -> None:
    """Writing and reading a list loses nothing, and writing is idempotent."""
    text = vlan_ranges(vids)

    assert tuple(sorted(vids)) == expand_vlans(text)
    assert text == vlan_ranges(text)
