"""Whatever changes on a real server is seen by the next load, which asks only for what has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.ipam.loading import change, close_all, create, facts, loaded
from tests.ipam.servers import SMALL, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from driftline.adapters.ipam.adapter import IpamAdapter

DEVICE = "site001-sw01"
ADDRESSES, VLANS, PREFIXES = "ipam/ip-addresses/", "ipam/vlans/", "ipam/prefixes/"
ASSIGNMENTS = "ipam/ip-address-to-interface/"


class Reloaded:
    """A server, and what is known of it in a folder of its own."""

    def __init__(self, server: Server, state: Path) -> None:
        self.server = server
        self.state = state
        self.ipam = loaded(server, state)
        self.api = self.ipam.client
        self.seen = facts(self.ipam)

    def sees(self, what: str, *, whole: bool = False) -> IpamAdapter:
        """Load again: something must have changed, and nothing is read whole for it unless that is said."""
        before, self.ipam = self.seen, loaded(self.server, self.state)
        self.seen = facts(self.ipam)
        assert self.seen != before, what
        assert whole or self.ipam.requests < 40, (what, self.ipam.requests)
        return self.ipam

    def is_all(self, what: str) -> None:
        """Compare what is known with what the server holds, read from the beginning."""
        assert self.seen == facts(loaded(self.server)), what

    def new(self, path: str, **fields: Any) -> Any:
        """Make an object, with the status that Nautobot wants of some."""
        if self.server.kind == "nautobot" and path in _WITH_STATUS:
            fields = {"status": "Active", **fields}
        return create(self.api, path, **fields)

    def set(self, path: str, pk: Any, **fields: Any) -> None:
        change(self.api, path, pk, **fields)

    def delete(self, path: str, pk: Any) -> None:
        assert self.api.delete(path, [pk]) == [None]


@pytest.fixture
def net(server: Server, tmp_path: Path) -> Iterator[Reloaded]:
    """The small network, loaded once."""
    server.reset(SMALL)
    yield Reloaded(server, tmp_path)
    close_all()


def test_every_kind_made_changed_and_deleted(net: Reloaded) -> None:
    """One after the other, each followed by a load; all of them, by one of everything."""
    made: list[tuple[str, Any]] = []
    for path, fields in _objects(net):
        made.append((path, net.new(path, **{**fields, **_references(made, path, net.server.kind)})))
        if path not in _UNSEEN:
            net.sees(f"{path} made")
    net.is_all("made")
    for path, pk in made:
        net.set(path, pk, **_change(path, net.server.kind))
        net.sees(f"{path} changed", whole=True)
    net.is_all("changed")
    for path, pk in reversed(made):
        net.delete(path, pk)
        if path not in _UNSEEN:
            net.sees(f"{path} deleted", whole=True)
    net.is_all("deleted")


def test_an_address_that_moves_to_another_interface(net: Reloaded) -> None:
    """As many addresses and assignments as before, and in Nautobot no trace of it in the change log."""
    there = _address_on(net, "Vlan10")
    for name in ("Ethernet3", "Vlan10"):
        _move(net, there.pk, _port(net, name))
        moved = net.sees("moved").get("ip_address", there.get_unique_id())
        assert (moved.device, moved.interface) == (DEVICE, name)
    net.is_all("moved")


def test_two_addresses_that_change_places(net: Reloaded) -> None:
    """Nothing is more or less than before, anywhere."""
    one, other = _address_on(net, "Vlan10"), _address_on(net, "Loopback0")
    _move(net, one.pk, _port(net, "Loopback0"))
    _move(net, other.pk, _port(net, "Vlan10"))
    again = net.sees("swapped")
    now = [again.get("ip_address", each.get_unique_id()).interface for each in (one, other)]
    assert now == ["Loopback0", "Vlan10"]
    net.is_all("swapped")


def test_assignments_that_nautobot_does_not_log(nautobot: Server, tmp_path: Path) -> None:
    """Of a VLAN, a prefix and an address; made, and deleted again."""
    nautobot.reset(SMALL)
    net = Reloaded(nautobot, tmp_path)
    vlan = next(each for each in net.ipam.get_all("vlan") if each.site == "site001")
    prefix = next(each for each in net.ipam.get_all("prefix") if each.site == "site001")
    address = next(each for each in net.ipam.get_all("ip_address") if each.device == DEVICE)
    place = net.ipam.get("site", "site002").pk
    port = net.ipam.get("interface", {"device": "site002-sw01", "name": "Ethernet3"}).pk
    vrf = net.new("ipam/vrfs/", name="red", namespace="Global")
    net.sees("a VRF")
    for path, fields in (
        ("ipam/vlan-location-assignments/", {"vlan": vlan.pk, "location": place}),
        ("ipam/prefix-location-assignments/", {"prefix": prefix.pk, "location": place}),
        ("ipam/vrf-prefix-assignments/", {"prefix": prefix.pk, "vrf": vrf}),
        (ASSIGNMENTS, {"ip_address": address.pk, "interface": port}),
    ):
        made = net.new(path, **fields)
        net.sees(f"{path} made")
        net.is_all(path)
        net.delete(path, made)
        net.sees(f"{path} deleted")
    net.is_all("deleted")
    close_all()


@pytest.mark.parametrize(
    "table", ["dcim_device", "dcim_interface", "dcim_manufacturer", "ipam_ipaddress", "ipam_vlan"]
)
def test_what_is_changed_past_the_change_log(net: Reloaded, table: str) -> None:
    """The time of the change tells, of large lists and of small ones."""
    one = f"select id from {table} order by id limit 1"  # noqa: S608 - no foreign text
    net.server.sql(f"update {table} set last_updated = now() where id = ({one})")  # noqa: S608
    net.sees(table, whole=True)
    net.is_all(table)


def _port(net: Reloaded, name: str) -> Any:
    return net.ipam.get("interface", {"device": DEVICE, "name": name}).pk


def _address_on(net: Reloaded, name: str) -> Any:
    found = net.ipam.get_all("ip_address")
    return next(each for each in found if (each.device, each.interface) == (DEVICE, name))


def _move(net: Reloaded, address: Any, interface: Any) -> None:
    """Assign an address to another interface, in place of the one that it has."""
    if net.server.kind == "netbox":
        net.set(ADDRESSES, address, assigned_object_type="dcim.interface", assigned_object_id=interface)
        return
    (there,) = net.api.listed(ASSIGNMENTS, {"ip_address": address})
    net.set(ASSIGNMENTS, there["id"], interface=interface)


_WITH_STATUS = {
    "dcim/locations/", "dcim/devices/", "dcim/interfaces/", VLANS, PREFIXES, ADDRESSES, "ipam/vrfs/",
}  # fmt: skip
_UNSEEN = {"ipam/vlan-groups/"}
"""What is no object of ours by itself."""


def _objects(net: Reloaded) -> list[tuple[str, dict[str, Any]]]:
    """Return what an object of each kind is made of, but for what it refers to."""
    if net.server.kind == "netbox":
        return [
            ("dcim/manufacturers/", {"name": "Acme", "slug": "acme"}),
            ("dcim/device-types/", {"model": "A1", "slug": "a1"}),
            ("dcim/device-roles/", {"name": "edge", "slug": "edge"}),
            ("dcim/platforms/", {"name": "JunOS", "slug": "junos"}),
            ("ipam/vrfs/", {"name": "red"}),
            ("dcim/sites/", {"name": "site900", "slug": "site900"}),
            ("ipam/vlan-groups/", {"name": "group", "slug": "group"}),
            (VLANS, {"vid": 900, "name": "v900"}),
            (PREFIXES, {"prefix": "10.90.0.0/24"}),
            ("dcim/devices/", {"name": "new"}),
            ("dcim/interfaces/", {"name": "Ethernet1", "type": "10gbase-t"}),
            (ADDRESSES, {"address": "10.90.0.1/24"}),
        ]
    kind = net.api.listed("dcim/location-types/", {"name": "Site"})[0]["id"]
    return [
        ("dcim/manufacturers/", {"name": "Acme"}),
        ("dcim/device-types/", {"model": "A1"}),
        ("extras/roles/", {"name": "edge", "content_types": ["dcim.device"]}),
        ("dcim/platforms/", {"name": "JunOS"}),
        ("ipam/vrfs/", {"name": "red", "namespace": "Global"}),
        ("dcim/locations/", {"name": "site900", "location_type": kind}),
        ("ipam/vlan-groups/", {"name": "group"}),
        (VLANS, {"vid": 900, "name": "v900"}),
        (PREFIXES, {"prefix": "10.90.0.0/24", "namespace": "Global"}),
        ("dcim/devices/", {"name": "new"}),
        ("dcim/interfaces/", {"name": "Ethernet1", "type": "10gbase-t"}),
        (ADDRESSES, {"address": "10.90.0.1/24", "namespace": "Global"}),
    ]


def _references(made: list[tuple[str, Any]], path: str, kind: str) -> dict[str, Any]:
    """Return what an object refers to of those that were made before."""
    pks = dict(made)
    place = pks.get("dcim/sites/", pks.get("dcim/locations/"))
    site, group = ("site", "group") if kind == "netbox" else ("location", "vlan_group")
    references: dict[str, dict[str, Any]] = {
        "dcim/device-types/": {"manufacturer": pks.get("dcim/manufacturers/")},
        VLANS: {site: place, group: pks.get("ipam/vlan-groups/")},
        "dcim/devices/": {
            "device_type": pks.get("dcim/device-types/"),
            "role": pks.get("dcim/device-roles/", pks.get("extras/roles/")),
            "platform": pks.get("dcim/platforms/"),
            site: place,
        },
        "dcim/interfaces/": {"device": pks.get("dcim/devices/")},
    }
    return references.get(path, {})


def _change(path: str, kind: str) -> dict[str, Any]:
    """Return what is changed of an object so that it shows."""
    status = "reserved" if kind == "netbox" else "Reserved"
    changes: dict[str, dict[str, Any]] = {
        "dcim/device-types/": {"model": "A2"},
        VLANS: {"name": "v901"},
        PREFIXES: {"status": status},
        ADDRESSES: {"status": status},
        "dcim/interfaces/": {"enabled": False},
    }
    return changes.get(path, {"name": "renamed"})
