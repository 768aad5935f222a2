"""What is sent for a record, and what an answer is compared with; no server needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from driftline.adapters.ipam import hooks, preparing
from driftline.adapters.ipam.answers import difference, moment
from driftline.adapters.ipam.fields import Surroundings
from driftline.adapters.ipam.names import slug
from driftline.adapters.ipam.options import Writing
from driftline.adapters.ipam.refer import References
from driftline.adapters.nautobot.writing import WRITER as NAUTOBOT
from driftline.adapters.netbox.writing import WRITER as NETBOX
from driftline.engine import Adapter
from driftline.engine.exceptions import ObjectRefused

if TYPE_CHECKING:
    from driftline.adapters.ipam.system import Writer

WRITERS = {"netbox": NETBOX, "nautobot": NAUTOBOT}


class Ipam(Adapter):
    """A dataset with ids."""

    term = hooks.Term
    site = hooks.Site
    vlan = hooks.Vlan
    prefix = hooks.Prefix
    device = hooks.Device
    interface = hooks.Interface
    ip_address = hooks.IPAddress
    top_level = ("term", "site", "vlan", "prefix", "device", "ip_address")


@pytest.fixture
def there() -> Ipam:
    """Two sites, VLANs, and a device with two ports, each with an id."""
    made = Ipam("there")
    made.add_many(
        hooks.Term, [{"kind": "role", "name": "leaf", "pk": 1}, {"kind": "vrf", "name": "blue", "pk": 2}]
    )
    made.add_many(hooks.Term, [{"kind": "device_type", "name": "Arista/7050", "pk": "3"}])
    made.add_many(hooks.Term, [{"kind": "manufacturer", "name": "Arista", "pk": "4"}])
    made.add_many(hooks.Site, [{"name": "ams", "pk": 5}])
    vlans = [
        ("ams", "", 10, 6),
        ("ams", "", 20, 7),
        ("", "", 99, 8),
        ("ams", "a", 30, 9),
        ("ams", "b", 30, 10),
    ]
    made.add_many(
        hooks.Vlan,
        [{"site": at, "group": group, "vid": vid, "name": "x", "pk": pk} for at, group, vid, pk in vlans],
    )
    device = {"name": "leaf1", "site": "ams", "role": "leaf", "device_type": "Arista/7050", "pk": 11}
    (leaf,) = made.add_many(hooks.Device, [device])
    ports = [
        {"device": "leaf1", "name": name, "pk": pk} for name, pk in (("Ethernet1", 12), ("Port-Channel1", 13))
    ]
    made.add_many(hooks.Interface, ports, leaf)
    return made


def around(there: Adapter, **options: Any) -> Surroundings:
    def named(path: str, name: str, _where: object, **_more: object) -> str:
        return f"{path}{name}"

    made: Any = Surroundings(
        there,
        cast("Any", None),
        Writing(**options),
        "the IPAM",
        References(there, "the IPAM"),
        cast("Any", named),
    )
    return cast("Surroundings", made)


def created(writer: Writer, there: Adapter, cls: Any, /, **values: Any) -> dict[str, Any]:
    item = preparing.new(cls, values, {}, Writing())
    assert item.failure is None
    return preparing.payload(item, writer, around(there))


def patched(writer: Writer, there: Adapter, row: Any, /, **changes: Any) -> dict[str, Any]:
    item = preparing.changed(row, changes, "the IPAM")
    assert item.failure is None
    return preparing.payload(item, writer, around(there))


def test_what_is_made_has_only_what_it_has() -> None:
    """Nothing empty is sent; the slug is made of the name; what is made is marked as ours."""
    assert created(NETBOX, Ipam(), hooks.Site, name="Amsterdam Zuid") == {
        "name": "Amsterdam Zuid",
        "slug": "amsterdam-zuid",
        "status": "active",
        "tags": ["extras/tags/driftline"],
    }


def test_a_device_type_needs_its_manufacturer(there: Ipam) -> None:
    """The name of a device type is both of them; one whose manufacturer is not there is refused, and it is named."""
    name = "Arista/7060"
    assert created(NETBOX, there, hooks.Term, kind="device_type", name=name) == {
        "manufacturer": 4,
        "model": "7060",
        "slug": "7060",
    }
    with pytest.raises(ObjectRefused, match="has no term manufacturer Cisco"):
        created(NAUTOBOT, there, hooks.Term, kind="device_type", name="Cisco/9300")


@pytest.mark.parametrize("kind", WRITERS)
def test_a_patch_has_what_changes_and_nothing_else(there: Ipam, kind: str) -> None:
    """References are ids that are found in the dataset; a missing one is refused by its name."""
    port, writer = there.get("interface", {"device": "leaf1", "name": "Et1"}), WRITERS[kind]
    assert patched(writer, there, port, mtu=9000) == {"mtu": 9000}
    assert patched(writer, there, port, lag="port-channel1", vrf="blue") == {"lag": 13, "vrf": 2}
    assert patched(writer, there, port, lag=None) == {"lag": None}
    with pytest.raises(ObjectRefused, match="has no interface leaf1 Port-Channel7"):
        patched(writer, there, port, lag="Port-Channel7")
    with pytest.raises(ObjectRefused, match="has no VLAN 4000 of site ams"):
        patched(writer, there, port, mode="access", untagged_vlan=4000)
    with pytest.raises(ObjectRefused, match="2 VLANs 30 of ams: in the groups 'a' and 'b'"):
        patched(writer, there, port, mode="access", untagged_vlan=30)


@pytest.mark.parametrize("kind", WRITERS)
def test_vlans_go_with_their_mode(there: Ipam, kind: str) -> None:
    """In one request: a mode that VLANs do not go with is refused otherwise."""
    port, writer = there.get("interface", {"device": "leaf1", "name": "Et1"}), WRITERS[kind]
    assert patched(writer, there, port, mode="tagged", untagged_vlan=10, tagged_vlans="20,99") == {
        "mode": "tagged",
        "untagged_vlan": 6,
        "tagged_vlans": [7, 8],
    }
    assert patched(writer, there, port, mode="tagged-all") == {"mode": "tagged-all", "tagged_vlans": []}
    assert patched(writer, there, port, mode=None) == {"mode": "", "untagged_vlan": None, "tagged_vlans": []}


def test_an_address_is_on_an_interface_by_one_reference_or_by_none(there: Ipam) -> None:
    """NetBox has it in the row, whichever half of it changes; Nautobot in a row of its own."""
    ids = {"vrf": "", "address": "192.0.2.1/24", "device": "leaf1", "interface": "Ethernet1", "pk": 20}
    (row,) = there.add_many(hooks.IPAddress, [ids])
    moved = {"assigned_object_type": "dcim.interface", "assigned_object_id": 13}
    assert patched(NETBOX, there, row, interface="Port-Channel1") == moved
    off = {"assigned_object_type": None, "assigned_object_id": None}
    assert patched(NETBOX, there, row, device=None, interface=None) == off
    assert patched(NAUTOBOT, there, row, interface="Port-Channel1") == {}


def test_what_the_source_does_not_tell_is_as_the_settings_say(there: Ipam) -> None:
    """A device without a role, a status; one without a type is refused, since nobody can know it."""
    ids = {"name": "leaf2", "site": "ams"}
    there.add_many(hooks.Term, [{"kind": "role", "name": "network", "pk": 30}])
    item = preparing.new(
        hooks.Device, ids, {"device_type": "Arista/7050", "role": None}, Writing(status="planned")
    )
    assert preparing.payload(item, NETBOX, around(there))["role"] == 30
    assert item.payload == {}
    assert getattr(item.wanted, "status", "") == "planned"
    lacking = preparing.new(hooks.Device, ids, {}, Writing()).failure
    assert lacking is not None
    assert (lacking.code, "device_type" in lacking.message) == ("IPAM-INCOMPLETE", True)


@pytest.mark.parametrize(
    ("sent", "answered", "kept"),
    [
        ({"mtu": 9000}, {"mtu": 1500}, "mtu 1500 instead of 9000"),
        ({"status": "active"}, {"status": {"value": "active", "label": "Active"}}, ""),
        ({"lag": 5}, {"lag": {"id": 5, "name": "Po1"}}, ""),
        ({"lag": 5}, {"lag": None}, "lag None instead of 5"),
        ({"mode": ""}, {"mode": None}, ""),
        ({"tagged_vlans": [2, 1]}, {"tagged_vlans": [{"id": 1}, {"id": 2}]}, ""),
        ({"tagged_vlans": [1]}, {}, "tagged_vlans None instead of [1]"),
        ({"location": "x"}, {"locations": [{"id": "x"}]}, ""),
        ({"namespace": "x"}, {}, ""),
        ({"mac_address": "00:11:22:33:44:ff"}, {"mac_address": "00:11:22:33:44:FF"}, ""),
        ({"description": " a"}, {"description": "a"}, "description 'a' instead of ' a'"),
        ({"custom_fields": {"owner": "driftline"}}, {"custom_fields": {"owner": "driftline", "more": 1}}, ""),
    ],
)
def test_answers_show_what_was_sent_or_say_what_was_kept(
    sent: dict[str, Any], answered: dict[str, Any], kept: str
) -> None:
    """In the servers' own clothes: choices with labels, references with names, lists in any order."""
    assert difference(sent, answered, {"location": "locations", "namespace": None}) == kept


def test_moments_are_the_same_however_they_are_written() -> None:
    """REST and GraphQL write them differently."""
    assert moment("2026-11-21T10:00:00.5Z") == moment("2026-11-21T11:00:00.500000+01:00")


@pytest.mark.parametrize(
    ("name", "made"), [("Access Switch", "access-switch"), ("DCS-7050 (x)", "dcs-7050-x"), ("—", "")]
)
def test_slugs(name: str, made: str) -> None:
    """As NetBox's own pages make them."""
    assert slug(name) == made


def test_a_name_of_which_no_slug_can_be_made_is_refused() -> None:
    """NetBox would say no more than that the slug is missing."""
    with pytest.raises(ObjectRefused, match="none can be made of '—'"):
        created(NETBOX, Ipam(), hooks.Site, name="—")
