"""From rows that refer by ids to records that refer by names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driftline.adapters.ipam.assembling import assembled
from driftline.adapters.ipam.consistency import dangling
from driftline.adapters.ipam.options import IpamOptions
from driftline.adapters.ipam.tables import Tables
from driftline.adapters.nautobot.reading import NautobotSource
from driftline.engine.exceptions import LoadError

if TYPE_CHECKING:
    from driftline.adapters.ipam.records import Records

_ANY: dict[str, Any] = {"changed": "2026-11-21T12:00:00Z", "tags": [], "owner": None}


def _tables(**kinds: dict[str, dict[str, Any]]) -> Tables:
    """Return a site with two switches, each with one port; and what the test adds."""
    rows: dict[str, dict[str, dict[str, Any]]] = {
        "manufacturer": {"1": {"name": "Arista"}},
        "device_type": {"1": {"name": "7050", "manufacturer": "1"}},
        "role": {"1": {"name": "leaf"}},
        "platform": {"1": {"name": "EOS", "driver": "eos"}},
        "site": {"1": {"name": "ams", "status": "active"}},
        "device": {"1": _device("sw1"), "2": _device("sw2")},
        "interface": {"1": _port("1"), "2": _port("2")},
    }
    for kind, more in kinds.items():
        rows[kind] = {**rows.get(kind, {}), **more}
    return Tables({kind: {pk: {**_ANY, **row} for pk, row in each.items()} for kind, each in rows.items()})


def _device(name: str | None, site: str = "1") -> dict[str, Any]:
    return {
        "name": name,
        "site": site,
        "role": "1",
        "device_type": "1",
        "platform": "1",
        "serial": "",
        "status": "active",
        "tenant": None,
        "primary_ip4": None,
        "primary_ip6": None,
    }


def _port(device: str | None, name: str = "Ethernet1", **fields: Any) -> dict[str, Any]:
    return {
        "device": device,
        "name": name,
        "type": "1000base-t",
        "enabled": True,
        "description": "",
        "mtu": None,
        "mac": None,
        "mode": None,
        "untagged": None,
        "tagged": [],
        "lag": None,
        "parent": None,
        "vrf": None,
        "speed": None,
        "mgmt_only": False,
        **fields,
    }


def _vlan(vid: int, *sites: str, group: str | None = None) -> dict[str, Any]:
    return {"vid": vid, "name": f"v{vid}", "status": "active", "sites": list(sites), "group": group}


def _address(address: str, *interfaces: str, **fields: Any) -> dict[str, Any]:
    return {
        "vrf": None,
        "address": address,
        "status": "active",
        "role": None,
        "interfaces": list(interfaces),
        "foreign": False,
        **fields,
    }


def _prefix(prefix: str, vrf: str | None = None) -> dict[str, Any]:
    return {"vrf": vrf, "prefix": prefix, "status": "active", "site": "1"}


def _read(tables: Tables) -> Records:
    return assembled(tables, {pk: pk for pk in tables.rows["site"]})


def _addresses(tables: Tables) -> set[tuple[str, str, str | None]]:
    return {(row["address"], row["holder"], row["device"]) for row in _read(tables).rows["ip_address"]}


def test_names_stand_for_ids() -> None:
    """A device's references are names, and its type is `manufacturer/model`."""
    (first, _) = _read(_tables()).rows["device"]
    assert (first["site"], first["role"], first["device_type"], first["platform"]) == (
        "ams",
        "leaf",
        "Arista/7050",
        "EOS",
    )
    assert (first["pk"], first["changed"]) == (1, "2026-11-21T12:00:00Z")


def test_vlans_of_ports_are_their_numbers() -> None:
    """Sorted and as ranges, whichever ids they have."""
    tables = _tables(
        vlan={str(pk): _vlan(vid, "1") for pk, vid in enumerate((30, 11, 10, 12))},
        interface={"1": _port("1", mode="tagged", untagged="0", tagged=["1", "2", "3"])},
    )
    port = _read(tables).rows["interface"][0]
    assert (port["untagged_vlan"], port["tagged_vlans"]) == (30, "10-12")


def test_an_address_of_one_device_has_no_holder() -> None:
    """Only shared ones need to say whose they are."""
    assert _addresses(_tables(ip_address={"1": _address("10.0.0.1/24", "1")})) == {("10.0.0.1/24", "", "sw1")}


@pytest.mark.parametrize(
    "rows",
    [
        {"1": _address("10.0.0.1/24", "1", "2")},
        {"1": _address("10.0.0.1/24", "1"), "2": _address("10.0.0.1/24", "2")},
    ],
)
def test_an_address_of_two_devices_is_held_by_each(rows: dict[str, dict[str, Any]]) -> None:
    """Nautobot has one object for both, NetBox one for each."""
    assert _addresses(_tables(ip_address=rows)) == {
        ("10.0.0.1/24", "sw1", "sw1"),
        ("10.0.0.1/24", "sw2", "sw2"),
    }


def test_an_address_with_a_shared_role_has_a_holder_from_the_first() -> None:
    """Else it would change its identity when the second device gets it."""
    tables = _tables(ip_address={"1": _address("10.0.0.1/24", "1", role="vrrp")})
    assert _addresses(tables) == {("10.0.0.1/24", "sw1", "sw1")}


def test_addresses_that_are_nobodys() -> None:
    """fe80 is left out without a word, one of a virtual machine is named, a free one is kept."""
    tables = _tables(
        ip_address={
            "1": _address("fe80::1/64", "1"),
            "2": _address("10.0.0.2/24", foreign=True),
            "3": _address("10.0.0.3/24"),
        }
    )
    assert _addresses(tables) == {("10.0.0.3/24", "", None)}
    assert _read(tables).skipped == ["addresses of virtual machines and groups: 10.0.0.2/24"]


def test_two_vrfs_of_a_name_are_wrong_only_when_used() -> None:
    """Customers' VRFs that nobody uses do not stop a load."""
    vrfs = {"1": {"name": "red"}, "2": {"name": "red"}}
    assert len(_read(_tables(vrf=vrfs)).rows["term"]) == 5
    with pytest.raises(LoadError, match="vrf red") as caught:
        _read(_tables(vrf=vrfs, prefix={"1": _prefix("10.0.0.0/8", "2")}))
    assert caught.value.code == "IPAM-TWICE"


def test_two_devices_of_a_name() -> None:
    """Both ids are told, and what to do."""
    with pytest.raises(LoadError) as caught:
        _read(_tables(device={"3": _device("sw1")}))
    (problem,) = caught.value.problems
    assert problem.message == "it is there twice: ids 1 and 3"
    assert "narrow the scope" in problem.hint


def test_a_vlan_twice_in_one_site() -> None:
    """In groups of their own they are two."""
    groups = {"1": {"name": "a", "site": None}, "2": {"name": "b", "site": None}}
    two = {"1": _vlan(10, "1", group="1"), "2": _vlan(10, "1", group="2")}
    assert len(_read(_tables(vlan=two, vlan_group=groups)).rows["vlan"]) == 2
    with pytest.raises(LoadError, match="VLAN 10 of ams"):
        _read(_tables(vlan={"1": _vlan(10, "1"), "2": _vlan(10, "1")}))


def test_a_vlan_of_several_sites_is_one_of_the_whole_network() -> None:
    """Nautobot has such VLANs; a record has one site or none."""
    tables = _tables(
        site={"2": {"name": "fra", "status": "active"}},
        vlan={"1": _vlan(10, "1", "2"), "2": _vlan(20), "3": _vlan(30, "9")},
    )
    assert {(row["site"], row["vid"]) for row in _read(tables).rows["vlan"]} == {("", 10), ("", 20)}


def test_a_vlan_in_a_sites_group_is_the_sites() -> None:
    """NetBox may say the site at the group alone."""
    tables = _tables(vlan_group={"1": {"name": "a", "site": "1"}}, vlan={"1": _vlan(10, group="1")})
    assert [(row["site"], row["group"]) for row in _read(tables).rows["vlan"]] == [("ams", "a")]


def test_what_can_not_be_modelled_is_left_out_and_named() -> None:
    """A device without a name, one without a site, a second spelling of an interface."""
    tables = _tables(
        device={"3": _device(None), "4": _device("lost", "9")},
        interface={"3": _port("1", "Eth1"), "4": _port("3"), "5": _port(None, "Ethernet9")},
    )
    records = _read(tables)
    assert records.skipped == [
        "devices without a name: id 3",
        "devices without a site that takes part: lost",
        "interfaces with two spellings of one name: sw1 Eth1",
        "interfaces of modules that are in no device: Ethernet9",
    ]
    assert len(records.rows["interface"]) == 2


def test_locations_below_a_site_count_to_it() -> None:
    """A device in a rack row of Nautobot belongs to the site above; one at a region belongs to none."""
    places: dict[str, dict[str, Any]] = {
        "r": {"name": "europe", "status": "active", "type": "Region", "parent": None},
        "s": {"name": "ams", "status": "active", "type": "Site", "parent": "r"},
        "f": {"name": "floor 1", "status": "active", "type": "Floor", "parent": "s"},
    }
    tables = _tables(device={"1": _device("sw1", "f"), "2": _device("sw2", "r")}, vlan={"1": _vlan(10, "r")})
    tables.rows["site"] = {pk: {**_ANY, **row} for pk, row in places.items()}
    options = IpamOptions(url="https://nautobot.example.org")
    records = assembled(tables, NautobotSource().places(tables, options))
    assert [(row["name"], row["site"]) for row in records.rows["device"]] == [("sw1", "ams")]
    assert [row["name"] for row in records.rows["site"]] == ["ams"]
    assert [(row["site"], row["vid"]) for row in records.rows["vlan"]] == [("", 10)]


def test_an_address_of_nautobot_is_in_its_interfaces_vrf() -> None:
    """It has none of its own; a free one is in that of its prefix."""
    tables = _tables(
        vrf={"1": {"name": "red"}},
        prefix={"1": _prefix("10.0.0.0/24", "1"), "2": _prefix("10.0.1.0/24")},
        interface={"1": _port("1", vrf="1")},
        ip_address={
            "1": _address("10.0.1.1/24", "1", parent="2"),
            "2": _address("10.0.0.9/24", parent="1"),
            "3": _address("10.0.1.9/24", parent="2"),
        },
    )
    assert {(row["address"], row["vrf"]) for row in _read(tables).rows["ip_address"]} == {
        ("10.0.1.1/24", "red"),
        ("10.0.0.9/24", "red"),
        ("10.0.1.9/24", ""),
    }


def test_a_reference_to_what_was_not_read() -> None:
    """Rows that were not read at one time are not taken for the truth."""
    tables = _tables(ip_address={"1": _address("10.0.0.1/24", "77")})
    assert dangling(_tables(), narrow=False) == ""
    assert dangling(tables, narrow=False) == "ip address 1 refers to interface 77, which was not read"
    assert dangling(tables, narrow=True) == ""
