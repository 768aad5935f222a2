"""How Nautobot is written: its endpoints and their fields, and what is different there.

References to statuses and roles are ids; an address is tied to its interfaces by rows of their own, and a VRF to
the devices that have it.
"""

from __future__ import annotations

import itertools
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from netutils.lib_mapper import NAPALM_LIB_MAPPER

from driftline.adapters.ipam.fields import (
    Endpoint,
    device,
    device_type,
    mode,
    nothing,
    plain,
    sibling,
    site,
    term,
    text,
    vlan,
    vlans,
)
from driftline.adapters.ipam.hardware import napalm_name
from driftline.adapters.ipam.models import Interface, IPAddress, Prefix, Row, Term
from driftline.engine.exceptions import DriftlineError, ObjectRefused, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from driftline.adapters.ipam.client import Client
    from driftline.adapters.ipam.fields import Item, Make, Surroundings
    from driftline.adapters.ipam.records import Values
    from driftline.adapters.ipam.system import Pk, Writer

    Pair = tuple[Pk, Pk]

_LINKS: Final = Endpoint(
    "ipam/ip-address-to-interface/", {}, {"ip_address": "ip_address", "interface": "interface"}
)
_VRFS_OF_DEVICES: Final = Endpoint("ipam/vrf-device-assignments/", {}, {"device": "device", "vrf": "vrf"})
_VRFS_OF_PREFIXES: Final = Endpoint("ipam/vrf-prefix-assignments/", {}, {"prefix": "prefix", "vrf": "vrf"})
_TAGGED: Final = (
    "dcim.location",
    "dcim.device",
    "dcim.interface",
    "ipam.vlan",
    "ipam.prefix",
    "ipam.ipaddress",
)
_PLACED: Final = ("dcim.device", "ipam.vlan", "ipam.prefix")
"""What can be at a location of the type that we make."""


def _status(of: str) -> Make:
    def made(item: Item, around: Surroundings) -> Values:
        status = getattr(item.wanted, "status", "active")
        return {"status": around.named("extras/statuses/", status, {"content_types": of})}

    return made


def _role(item: Item, around: Surroundings) -> Values:
    role = getattr(item.wanted, "role", None)
    where = {"content_types": "ipam.ipaddress"}
    return {"role": around.named("extras/roles/", role, where) if role else None}


def _namespace(_item: Item, around: Surroundings) -> Values:
    name = around.options.namespace
    return {"namespace": around.named("ipam/namespaces/", name, {"name": name})}


def _of_type(_item: Item, around: Surroundings) -> Values:
    name = around.options.location_type
    made = {"name": name, "content_types": list(_PLACED)}
    return {"location_type": around.named("dcim/location-types/", name, {"name": name}, make=made)}


def _typed(item: Item, around: Surroundings) -> Values:
    manufacturer, model = device_type(item, around)
    return {"manufacturer": manufacturer, "model": model}


def _driver(item: Item, _around: Surroundings) -> Values:
    """Return a platform's drivers, where its name is that of one."""
    name = napalm_name(item.wanted, {}) if isinstance(item.wanted, Term) else None
    told = {"napalm_driver": name, "network_driver": NAPALM_LIB_MAPPER.get(name or "")}
    return {field: driver for field, driver in told.items() if driver}


def _group(item: Item, around: Surroundings) -> Values:
    name = getattr(item.wanted, "group", "")
    return {"vlan_group": around.named("ipam/vlan-groups/", name, {"name": name}) if name else None}


def _always(**values: Any) -> Make:
    return lambda _item, _around: dict(values)


def _term(path: str, fixed: Make = nothing, name: Make | None = None) -> Endpoint:
    fields = {"kind": nothing, "name": name or plain("name")}
    return Endpoint(f"{path}/", fields, {"name": "name"}, fixed=fixed, marked=False)


ENDPOINTS: Final[Mapping[str, Endpoint]] = MappingProxyType(
    {
        "term.manufacturer": _term("dcim/manufacturers"),
        "term.role": _term("extras/roles", _always(content_types=["dcim.device"])),
        "term.platform": _term("dcim/platforms", _driver),
        "term.location_type": _term("dcim/location-types", _always(content_types=list(_PLACED))),
        "term.device_type": Endpoint(
            "dcim/device-types/",
            {"kind": nothing, "name": _typed},
            {"manufacturer": "manufacturer", "model": "model"},
            marked=False,
        ),
        "term.vrf": Endpoint(
            "ipam/vrfs/",
            {"kind": nothing, "name": plain("name")},
            {"name": "name", "namespace": "namespace"},
            fixed=_namespace,
            marked=False,
        ),
        "site": Endpoint(
            "dcim/locations/",
            {"name": plain("name"), "status": _status("dcim.location")},
            {"name": "name", "location_type": "location_type"},
            fixed=_of_type,
        ),
        "vlan": Endpoint(
            "ipam/vlans/",
            {
                "site": site("location"),
                "group": _group,
                "vid": plain("vid"),
                "name": plain("name"),
                "status": _status("ipam.vlan"),
            },
            {"location": "locations", "vlan_group": "vlan_group", "vid": "vid"},
            seen_as={"location": "locations"},
            shown={"exclude_m2m": "false"},
        ),
        "prefix": Endpoint(
            "ipam/prefixes/",
            {"vrf": nothing, "prefix": plain("prefix"), "status": _status("ipam.prefix")},
            {"prefix": "prefix", "namespace": "namespace"},
            fixed=_namespace,
        ),
        "device": Endpoint(
            "dcim/devices/",
            {
                "name": plain("name"),
                "site": site("location"),
                "role": term("role", "role", "role"),
                "device_type": term("device_type", "device_type", "device_type"),
                "platform": term("platform", "platform", "platform"),
                "serial": text("serial"),
                "status": _status("dcim.device"),
            },
            {"name": "name", "location": "location"},
        ),
        "interface": Endpoint(
            "dcim/interfaces/",
            {
                "device": device("device"),
                "name": plain("name"),
                "type": plain("type"),
                "enabled": plain("enabled"),
                "description": text("description"),
                "mtu": plain("mtu"),
                "mac": text("mac", "mac_address"),
                "mode": mode,
                "untagged_vlan": vlan("untagged_vlan", "untagged_vlan"),
                "tagged_vlans": vlans("tagged_vlans", "tagged_vlans"),
                "lag": sibling("lag", "lag"),
                "parent": sibling("parent", "parent_interface"),
                "vrf": term("vrf", "vrf", "vrf"),
            },
            {"device": "device", "name": "name"},
            fixed=lambda _item, around: {
                "status": around.named("extras/statuses/", "active", {"content_types": "dcim.interface"})
            },
            shown={"exclude_m2m": "false"},
        ),
        "ip_address": Endpoint(
            "ipam/ip-addresses/",
            {
                "vrf": nothing,
                "address": plain("address"),
                "holder": nothing,
                "device": nothing,
                "interface": nothing,
                "status": _status("ipam.ipaddress"),
                "role": _role,
                "primary": nothing,
            },
            {"address": "address", "namespace": "namespace"},
            fixed=_namespace,
            seen_as={"namespace": None},
        ),
    }
)


class NautobotWriter:
    """Writes Nautobot."""

    endpoints: Mapping[str, Endpoint] = ENDPOINTS

    def tag(self, name: str) -> Values:
        """Return what a new tag is made of."""
        return {"name": name, "content_types": list(_TAGGED)}

    def last_changes(self, client: Client, path: str, pks: Sequence[Pk]) -> dict[Pk, str]:
        """Return when objects were changed last, of those that are still there."""
        name = path.strip("/").split("/")[-1].replace("-", "_")
        query = f"query ($ids: [String]) {{ rows: {name}(id: $ids) {{ id last_updated }} }}"
        rows = client.graphql(query, {"ids": list(pks)})["rows"]
        return {row["id"]: row["last_updated"] for row in rows}

    def shared_as(self, row: Row) -> Hashable:
        """Return an address: Nautobot has it once in a namespace, whoever has it, in whichever VRF."""
        return row.address if isinstance(row, IPAddress) else None

    def used_by_others(self, items: Sequence[Item], around: Surroundings) -> set[Item]:
        """Return the addresses that are on more interfaces than those that we know of."""
        addresses = [item for item in items if isinstance(item.wanted, IPAddress)]
        known = _pairs(addresses, lambda item: _link(item, item.wanted, around))
        try:
            others = {
                pk
                for pk, on in _ties(_LINKS, [item.pk for item in addresses], around)
                if (pk, on) not in known
            }
        except TargetError as error:
            for item in addresses:
                item.failure = error
            return set()
        return {item for item in addresses if item.pk in others}

    def before(self, items: Sequence[Item], around: Surroundings) -> None:
        """Give devices the VRFs that their interfaces are to be in."""
        _tie(_VRFS_OF_DEVICES, _pairs(items, lambda item: _device_and_vrf(item, around)), around)

    def after(self, items: Sequence[Item], around: Surroundings) -> None:
        """Tie prefixes to their VRFs, and addresses to the interfaces that they are on."""
        _tie(_VRFS_OF_PREFIXES, _pairs(items, lambda item: _prefix_and_vrf(item, around)), around)
        moved = [item for item in items if _moves(item)]
        _tie(_LINKS, _pairs(moved, lambda item: _link(item, item.wanted, around)), around)
        _untie([item for item in moved if item.failure is None], around)

    def detach(self, items: Sequence[Item], around: Surroundings) -> None:
        """Take addresses off the interfaces of those that no longer have them."""
        _untie(items, around)


def _device_and_vrf(item: Item, around: Surroundings) -> Pair | None:
    if not isinstance(item.wanted, Interface) or not item.payload.get("vrf"):
        return None
    return around.refer("device", name=item.wanted.device), item.payload["vrf"]


def _prefix_and_vrf(item: Item, around: Surroundings) -> Pair | None:
    if not isinstance(item.wanted, Prefix) or item.existing is not None or not item.wanted.vrf:
        return None
    return item.pk, around.refer("term", kind="vrf", name=item.wanted.vrf)


def _moves(item: Item) -> bool:
    """Return whether an item is an address that comes to be on another interface."""
    return isinstance(item.wanted, IPAddress) and (
        item.existing is None or not {"device", "interface"}.isdisjoint(item.changes)
    )


def _link(item: Item, row: Row | None, around: Surroundings) -> Pair | None:
    """Return an address and the interface that it is on, or is to be on."""
    if not isinstance(row, IPAddress) or row.device is None or row.interface is None:
        return None
    return item.pk, around.refer("interface", device=row.device, name=row.interface)


def _pairs(items: Sequence[Item], find: Callable[[Item], Pair | None]) -> dict[Pair, list[Item]]:
    """Return the pairs of objects that are to be tied, each with the items that need it."""
    pairs: dict[Pair, list[Item]] = {}
    for item in items:
        try:
            pair = find(item)
        except ObjectRefused as missing:
            item.failure = missing
            continue
        if pair is not None:
            pairs.setdefault(pair, []).append(item)
    return pairs


def _tie(endpoint: Endpoint, pairs: Mapping[Pair, Sequence[Item]], around: Surroundings) -> None:
    """Make the rows that tie two objects together, where they are not there yet."""
    one, other = endpoint.identity
    try:
        there = _ties(endpoint, [pair[0] for pair in pairs], around)
    except TargetError as error:
        for item in itertools.chain.from_iterable(pairs.values()):
            item.failure = error
        return
    missing = [pair for pair in pairs if pair not in there]
    answers = around.sure.create(endpoint, [{one: pair[0], other: pair[1]} for pair in missing])
    for pair, answer in zip(missing, answers, strict=True):
        if isinstance(answer, DriftlineError):
            for item in pairs[pair]:
                item.failure = answer


def _untie(items: Sequence[Item], around: Surroundings) -> None:
    """Take addresses off the interfaces that they were on."""
    was = _pairs(items, lambda item: _link(item, item.existing, around))
    try:
        there = _ties(_LINKS, [pair[0] for pair in was], around)
    except TargetError as error:
        for item in itertools.chain.from_iterable(was.values()):
            item.failure = error
        return
    leaving = {there[pair]: items for pair, items in was.items() if pair in there}
    for items_of, answer in zip(leaving.values(), around.sure.delete(_LINKS, list(leaving)), strict=True):
        for item in items_of:
            item.failure = answer


def _ties(endpoint: Endpoint, ones: Sequence[Pk], around: Surroundings) -> dict[tuple[Any, Any], Pk]:
    """Return the rows that tie these objects to others, by both their ids."""
    if not ones:
        return {}
    one, other = endpoint.identity
    rows = around.sure.when_back(
        lambda: around.sure.client.among(endpoint.path, one, list(dict.fromkeys(ones)))
    )
    return {(_id(row[one]), _id(row[other])): row["id"] for row in rows}


def _id(reference: Mapping[str, Any] | None) -> Pk | None:
    return None if reference is None else reference["id"]


WRITER: Final[Writer] = NautobotWriter()
