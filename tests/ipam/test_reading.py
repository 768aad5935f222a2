"""What is read of real servers is what they hold: all of it, in our words, or nothing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from driftline.engine import DiffSyncModelFlags
from driftline.engine.exceptions import LoadError, TargetError
from driftline.network.names import vlan_ranges
from tests.ipam.loading import change, close_all, create, dataset, facts, loaded
from tests.ipam.servers import EMPTY, LARGE, SMALL, Server, network

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from driftline.adapters.ipam.adapter import IpamAdapter

DEVICE = "site001-sw01"
SEEDED = network(SMALL)


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def small(server: Server) -> Server:
    """A server with the small network."""
    server.reset(SMALL)
    return server


def test_devices_sites_vlans_and_prefixes_are_as_seeded(small: Server) -> None:
    """What a site has is read with all its fields."""
    ipam = loaded(small)
    assert {site.name: site.status for site in ipam.get_all("site")} == {
        site.name: "active" for site in SEEDED.sites
    }
    assert {(vlan.site, vlan.group, vlan.vid): vlan.name for vlan in ipam.get_all("vlan")} == {
        (vlan.site, "", vlan.vid): vlan.name for vlan in SEEDED.vlans
    }
    assert {(each.vrf, each.prefix, each.site) for each in ipam.get_all("prefix")} == {
        ("", each.prefix, each.site) for each in SEEDED.prefixes
    }
    model = f"{SEEDED.manufacturer}/{SEEDED.device_type}"
    assert {
        device.name: (device.site, device.role, device.serial, device.device_type, device.platform, device.primary_ip4)
        for device in ipam.get_all("device")
    } == {
        device.name: (device.site, device.role, device.serial, model, SEEDED.platform, device.primary_address)
        for device in SEEDED.devices
    }  # fmt: skip


def test_interfaces_are_as_seeded(small: Server) -> None:
    """Types, modes, VLANs and LAGs are read, in the words that both systems have."""
    ipam = loaded(small)
    read = {(each.device, each.name): each for each in ipam.get_all("interface")}
    assert read.keys() == {(each.device, each.name) for each in SEEDED.interfaces}
    for each in SEEDED.interfaces:
        ours = read[each.device, each.name]
        assert (ours.type, ours.enabled, ours.mtu, ours.description, ours.mode) == (
            each.type,
            each.enabled,
            each.mtu,
            each.description,
            each.mode or None,
        )
        assert (ours.untagged_vlan, ours.tagged_vlans, ours.lag) == (
            each.untagged_vlan,
            vlan_ranges(each.tagged_vlans),
            each.lag,
        )
    assert len(ipam.get("device", DEVICE).interfaces) == 20
    assert ipam.check() == []


def test_addresses_are_as_seeded(small: Server) -> None:
    """Each is on its interface, and those that devices are reached by are primary."""
    ipam = loaded(small)
    primary = {device.primary_address for device in SEEDED.devices}
    assert {
        (each.device, each.interface, each.address, each.primary) for each in ipam.get_all("ip_address")
    } == {(each.device, each.interface, each.address, each.address in primary) for each in SEEDED.addresses}


def test_terms_tell_the_driver_of_a_platform(small: Server) -> None:
    """A platform's driver is what NAPALM calls it."""
    terms = {(term.kind, term.name): term for term in loaded(small).get_all("term")}
    assert terms["platform", SEEDED.platform].driver == "eos"
    assert ("device_type", f"{SEEDED.manufacturer}/{SEEDED.device_type}") in terms
    assert {name for kind, name in terms if kind == "role"} >= {device.role for device in SEEDED.devices}


def test_unusual_values_are_read_in_our_units(small: Server) -> None:
    """Speed in Mbit/s, no MTU, any MAC, `tagged-all`, a parent, a VRF, a type that GraphQL mangles."""
    ipam = loaded(small)
    device = ipam.get("device", DEVICE)
    vrf = create(ipam.client, "ipam/vrfs/", **_new(small, name="red"))
    if small.kind == "nautobot":
        create(ipam.client, "ipam/vrf-device-assignments/", vrf=vrf, device=device.pk)
    parent = create(
        ipam.client,
        "dcim/interfaces/",
        **_new(
            small,
            device=device.pk,
            name="Ethernet50/1",
            type="25gbase-x-sfp28",
            speed=25_000_000,
            mac_address="00-1c-73-aa-bb-cc",
            mode="tagged-all",
        ),
    )
    above = "parent" if small.kind == "netbox" else "parent_interface"
    create(
        ipam.client,
        "dcim/interfaces/",
        **_new(small, device=device.pk, name="Ethernet50/1.7", type="virtual", vrf=vrf, **{above: parent}),
    )
    ipam.reload()
    port = ipam.get("interface", {"device": DEVICE, "name": "Ethernet50/1"})
    assert (port.type, port.speed, port.mtu) == ("25gbase-x-sfp28", 25000, None)
    assert (port.mac, port.mode, port.tagged_vlans) == ("00:1C:73:AA:BB:CC", "tagged-all", "none")
    below = ipam.get("interface", {"device": DEVICE, "name": "Ethernet50/1.7"})
    assert (below.parent, below.vrf, below.type) == ("Ethernet50/1", "red", "virtual")


def test_shared_and_unassigned_addresses(small: Server) -> None:
    """An anycast address is there once for each device; fe80 is nowhere; a free one is on no device."""
    ipam = loaded(small)
    for name in (DEVICE, "site001-sw02"):
        interface = ipam.get("interface", {"device": name, "name": "Vlan10"})
        _assign(ipam, small, "10.0.10.254/24", interface.pk)
    _address(ipam, small, "10.0.10.99/24")
    ipam.reload()
    shared = [each for each in ipam.get_all("ip_address") if each.address == "10.0.10.254/24"]
    assert {(each.device, each.holder, each.role) for each in shared} == {
        (DEVICE, DEVICE, "anycast"),
        ("site001-sw02", "site001-sw02", "anycast"),
    }
    free = ipam.get("ip_address", {"vrf": "", "address": "10.0.10.99/24", "holder": ""})
    assert (free.device, free.interface) == (None, None)


def test_a_site_of_the_scope_is_all_that_is_read(small: Server) -> None:
    """The server filters: what is on other sites is not even asked for."""
    whole, part = loaded(small), loaded(small, scope={"sites": ["site002"]})
    assert {device.name for device in part.get_all("device")} == {
        device.name for device in SEEDED.devices if device.site == "site002"
    }
    for model in ("device", "interface", "ip_address", "vlan", "prefix"):
        assert {
            uid: row
            for uid, row in facts(whole)[model].items()
            if "site002" in str(row) or "10.1." in str(row)
        } == facts(part)[model]


@pytest.mark.parametrize(
    ("scope", "devices"),
    [
        ({"roles": ["core"]}, {"site001-sw01", "site002-sw01"}),
        ({"sites": ["site001"], "roles": ["distribution"]}, {"site001-sw02"}),
        ({"statuses": ["active"]}, {device.name for device in SEEDED.devices}),
        ({"statuses": ["planned"]}, set()),
    ],
)
def test_scopes(small: Server, scope: dict[str, Any], devices: set[str]) -> None:
    """Each part of a scope narrows what is read."""
    ipam = loaded(small, scope=scope)
    assert {device.name for device in ipam.get_all("device")} == devices
    assert ipam.count("interface") == 20 * len(devices)
    assert {each.device for each in ipam.get_all("ip_address")} == devices


def test_a_name_in_the_scope_that_is_not_there(small: Server) -> None:
    """A typing error does not read as an empty network."""
    with pytest.raises(LoadError, match=r"no 'site999' among its sites") as caught:
        loaded(small, scope={"sites": ["site001", "site999"]})
    assert caught.value.code == "IPAM-SCOPE"


def test_two_devices_of_one_name(small: Server) -> None:
    """It is said which they are, and a narrower scope can be read."""
    ipam = loaded(small)
    _device(ipam, small, DEVICE, "site002")
    with pytest.raises(LoadError, match="site001-sw01 of site") as caught:
        ipam.reload()
    assert caught.value.code == "IPAM-TWICE"
    assert ipam.count() == 0
    assert loaded(small, scope={"sites": ["site001"]}).count("device") == 2


def test_a_device_without_a_name_is_left_out_and_told(small: Server) -> None:
    """It is named by its id."""
    ipam = loaded(small)
    pk = _device(ipam, small, None, "site002")
    ipam.reload()
    assert [f"devices without a name: id {pk}"] == ipam.skipped
    assert ipam.count("device") == len(SEEDED.devices)


def test_what_is_not_ours_is_held(small: Server) -> None:
    """Only what has our tag may be deleted; the others say so in a diff."""
    ipam = loaded(small)
    tag = create(ipam.client, "extras/tags/", **_tag(small))
    mine = ipam.get("interface", {"device": DEVICE, "name": "Ethernet1"})
    address = next(each for each in ipam.get_all("ip_address") if each.device == DEVICE)
    change(ipam.client, "dcim/interfaces/", mine.pk, tags=[tag])
    change(ipam.client, "ipam/ip-addresses/", address.pk, tags=[tag])
    ipam.reload()
    ours = {
        row.get_unique_id()
        for model in ("interface", "ip_address", "device", "vlan")
        for row in ipam.get_all(model)
        if row.model_flags != DiffSyncModelFlags.NO_DELETE
    }
    assert ours == {mine.get_unique_id(), address.get_unique_id()}
    assert ipam.get("interface", mine.get_unique_id()).tags == ("driftline",)


# Only what has changed ---------------------------------------------------------------------------------------


def test_an_unchanged_reload_reads_nothing_again(small: Server, tmp_path: Path) -> None:
    """What was read is kept, for its owner alone."""
    first = loaded(small, tmp_path)
    again = loaded(small, tmp_path)
    assert facts(again) == facts(first)
    (file,) = (tmp_path / "cache").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert again.requests < first.requests


def test_what_was_changed_made_and_deleted_is_read(small: Server, tmp_path: Path) -> None:
    """A load from the cache equals one of everything, after each change, without reading everything."""
    ipam = loaded(small, tmp_path)
    api = ipam.client
    port = ipam.get("interface", {"device": DEVICE, "name": "Ethernet2"})
    change(api, "dcim/interfaces/", port.pk, description="other desk", enabled=False)
    _same(small, tmp_path)
    new = create(
        api,
        "dcim/interfaces/",
        **_new(small, device=ipam.get("device", DEVICE).pk, name="Ethernet17", type="10gbase-t"),
    )
    _same(small, tmp_path)
    address = _assign(ipam, small, "10.0.10.200/24", new)
    _same(small, tmp_path)
    change(api, "dcim/devices/", ipam.get("device", DEVICE).pk, name="renamed")
    change(
        api,
        "ipam/vlans/",
        ipam.get("vlan", {"site": "site001", "group": "", "vid": 10}).pk,
        name="staff",
        vid=11,
    )
    _same(small, tmp_path)
    api.delete("ipam/ip-addresses/", [address])
    api.delete("dcim/interfaces/", [new])
    _same(small, tmp_path)
    change(api, "dcim/interfaces/", port.pk, mode="tagged", tagged_vlans=[_vlan(ipam, 20), _vlan(ipam, 30)])
    _same(small, tmp_path)
    api.delete("dcim/devices/", [ipam.get("device", "site002-sw02").pk])
    _same(small, tmp_path, whole=None)


def test_a_changed_mac_address_is_read(small: Server, tmp_path: Path) -> None:
    """In NetBox it is an object of its own."""
    ipam = loaded(small, tmp_path)
    port = ipam.get("interface", {"device": DEVICE, "name": "Ethernet2"})
    change(ipam.client, "dcim/interfaces/", port.pk, mac_address="00:1c:73:00:00:01")
    assert _same(small, tmp_path).get("interface", port.get_unique_id()).mac == "00:1C:73:00:00:01"


def test_changes_past_the_change_log_are_read(small: Server, tmp_path: Path) -> None:
    """Who changes the database without the log is noticed by the time of the change or by the count."""
    loaded(small, tmp_path)
    small.sql(
        "update dcim_interface set description = 'by hand', last_updated = now() where name = 'Ethernet3'"
    )
    ipam = _same(small, tmp_path, whole=True)
    assert ipam.get("interface", {"device": DEVICE, "name": "Ethernet3"}).description == "by hand"


def test_a_token_without_the_change_log_reads_all_and_says_so(small: Server, tmp_path: Path) -> None:
    """Reading still works; it is only slower."""
    allowed = ["dcim", "ipam", "extras", "tenancy"]
    token = small.limited_token(
        f"{app}.view_{model}" for app in allowed for model in _VIEWED[small.kind].get(app, ())
    )
    first = loaded(small, tmp_path, token=token)
    assert any("change log" in note for note in first.skipped)
    assert facts(first) == facts(loaded(small))
    assert loaded(small, tmp_path, token=token).requests == first.requests


# All or nothing ----------------------------------------------------------------------------------------------


def test_a_server_killed_while_it_is_read(server: Server, tmp_path: Path) -> None:
    """The load fails, nothing of it is there or kept, and the next one reads all."""
    server.reset(LARGE)
    ipam = dataset(server, tmp_path, retries=0)
    once = threading.Event()

    def killing(_what: str, _more: int) -> None:
        if not once.is_set():
            once.set()
            server.kill()

    with pytest.raises(TargetError) as caught:
        ipam.load(killing)
    assert caught.value.code in {"IPAM-UNREACHABLE", "IPAM-SERVER", "IPAM-ANSWER"}
    assert ipam.count() == 0
    assert not (tmp_path / "cache").exists()
    server.start()
    assert loaded(server, tmp_path).count("interface") == len(network(LARGE).interfaces)


def test_a_row_that_goes_while_pages_are_read(nautobot: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows after it move up, so that one would be lost between two pages; the list is read once more."""
    nautobot.reset(SMALL)
    monkeypatch.setattr("driftline.adapters.nautobot.reading._PAGE", 7)
    first = loaded(nautobot)
    going = iter([first.get("interface", {"device": DEVICE, "name": "Ethernet2"}).pk])

    def deleting(what: str, _more: int) -> None:
        if what == "interfaces" and (pk := next(going, None)) is not None:
            assert first.client.delete("dcim/interfaces/", [pk]) == [None]

    ipam = dataset(nautobot, connections=1)
    ipam.load(deleting)
    assert ipam.count("interface") == len(SEEDED.interfaces) - 1
    assert facts(ipam) == facts(loaded(nautobot))


def test_an_empty_server(server: Server) -> None:
    """Nothing is an answer too."""
    server.reset(EMPTY)
    ipam = loaded(server)
    assert {name: ipam.count(name) for name in ("site", "device", "interface", "ip_address")} == {
        "site": 0,
        "device": 0,
        "interface": 0,
        "ip_address": 0,
    }


def test_more_than_a_thousand_of_every_kind(netbox: Server) -> None:
    """NetBox's GraphQL cuts lists at 1,000 without a word; none is lost."""
    netbox.reset(LARGE)
    netbox.shell(_MANY)
    ipam = loaded(netbox)
    seeded = network(LARGE)
    kinds = dict.fromkeys(("manufacturer", "device_type", "role", "platform", "vrf"), 0)
    for term in ipam.get_all("term"):
        kinds[term.kind] += 1
    assert all(count > 1000 for count in kinds.values()), kinds
    assert ipam.count("site") == len(seeded.sites) + 1100
    assert ipam.count("vlan") == len(seeded.vlans) + 1100
    assert ipam.count("prefix") == len(seeded.prefixes) + 1100
    assert ipam.count("device") == len(seeded.devices) + 1100
    assert ipam.count("interface") == len(seeded.interfaces)
    assert ipam.count("ip_address") == len(seeded.addresses)


def test_the_time_of_a_large_load(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A hundred sites with 26,000 objects; the times are for people to read."""
    server.reset(LARGE)
    first = loaded(server, tmp_path)
    again = loaded(server, tmp_path)
    with capsys.disabled():
        print(f"\n{server.kind}: {len(first)} objects in {first.seconds:.1f} s with {first.requests} requests; "
              f"unchanged reload {again.seconds:.2f} s with {again.requests} requests")  # fmt: skip
    assert facts(again) == facts(first)
    assert first.requests < 80
    assert again.requests < 12


# What tests make -------------------------------------------------------------------------------------------


def _same(server: Server, state: Path, *, whole: bool | None = False) -> IpamAdapter:
    """Load what has changed, and compare it with all; `whole`: whether it had to read everything, None: either."""
    again, fresh = loaded(server, state), loaded(server)
    assert facts(again) == facts(fresh)
    if whole is not None:
        assert (again.requests > fresh.requests) == whole, (again.requests, fresh.requests)
    return again


def _new(server: Server, **fields: Any) -> dict[str, Any]:
    """Return what to send for a new object: Nautobot wants a status too."""
    return fields if server.kind == "netbox" else {"status": "Active", **fields}


def _tag(server: Server) -> dict[str, Any]:
    if server.kind == "netbox":
        return {"name": "driftline", "slug": "driftline"}
    return {"name": "driftline", "content_types": ["dcim.interface", "ipam.ipaddress"]}


def _vlan(ipam: IpamAdapter, vid: int) -> Any:
    return ipam.get("vlan", {"site": "site001", "group": "", "vid": vid}).pk


def _device(ipam: IpamAdapter, server: Server, name: str | None, site: str) -> Any:
    like = ipam.get("device", "site002-sw01")
    terms = {(term.kind, term.name): term.pk for term in ipam.get_all("term")}
    place = "site" if server.kind == "netbox" else "location"
    fields = {
        "name": name,
        place: ipam.get("site", site).pk,
        "role": terms["role", like.role],
        "device_type": terms["device_type", like.device_type],
    }
    return create(ipam.client, "dcim/devices/", **_new(server, **fields))


def _address(ipam: IpamAdapter, server: Server, address: str, role: str | None = None) -> Any:
    if server.kind == "netbox":
        return create(ipam.client, "ipam/ip-addresses/", address=address, role=role or "")
    fields = {"address": address, "namespace": "Global", "role": None if role is None else role.title()}
    return create(ipam.client, "ipam/ip-addresses/", status="Active", **fields)


def _assign(ipam: IpamAdapter, server: Server, address: str, interface: Any) -> Any:
    """Give an interface an anycast address: an object of its own in NetBox, one that devices share in Nautobot."""
    if server.kind == "netbox":
        pk = _address(ipam, server, address, "anycast")
        change(
            ipam.client,
            "ipam/ip-addresses/",
            pk,
            assigned_object_type="dcim.interface",
            assigned_object_id=interface,
        )
        return pk
    there = ipam.client.listed("ipam/ip-addresses/", {"address": address})
    pk = there[0]["id"] if there else _address(ipam, server, address, "anycast")
    create(ipam.client, "ipam/ip-address-to-interface/", ip_address=pk, interface=interface)
    return pk


_VIEWED = {
    "netbox": {
        "dcim": ("manufacturer", "devicetype", "devicerole", "platform", "site", "device", "interface", "macaddress"),
        "ipam": ("vrf", "vlangroup", "vlan", "prefix", "ipaddress"),
        "extras": ("tag",),
        "tenancy": ("tenant",),
    },
    "nautobot": {
        "dcim": (
            "manufacturer", "devicetype", "platform", "locationtype", "location", "device", "interface", "module",
            "modulebay",
        ),
        "ipam": (
            "vrf", "vlangroup", "vlan", "prefix", "ipaddress", "ipaddresstointerface", "namespace",
            "vrfprefixassignment",
        ),
        "extras": ("tag", "role", "status"),
        "tenancy": ("tenant",),
    },
}  # fmt: skip
"""What a token must be allowed to view, by the application."""

_MANY = """
from dcim.models import *
from ipam.models import *
def make(model, fields):
    model.objects.bulk_create([model(**fields(number)) for number in range(1100)])
named = lambda number: dict(name=f"x{number}", slug=f"x{number}")
make(Manufacturer, named)
make(Site, named)
make(DeviceRole, named)
make(Platform, named)
make(VRF, lambda number: dict(name=f"x{number}"))
maker, role, site = Manufacturer.objects.first(), DeviceRole.objects.first(), Site.objects.first()
make(DeviceType, lambda number: dict(manufacturer=maker, model=f"x{number}", slug=f"x{number}"))
make(VLAN, lambda number: dict(vid=1000 + number, name=f"x{number}", site=site))
make(Prefix, lambda number: dict(prefix=f"172.16.{number // 256}.{number % 256}/32"))
kind = DeviceType.objects.first()
make(Device, lambda number: dict(name=f"x{number}", site=site, role=role, device_type=kind))
"""
