"""What is asked of Nautobot's lists in GraphQL, and how rows of ours are made of the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from netutils.lib_mapper import NAPALM_LIB_MAPPER_REVERSE

from driftline.adapters.ipam.rows import common, device_row
from driftline.adapters.ipam.values import choice, name_of, reference, references

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from driftline.adapters.ipam.options import Writing
    from driftline.adapters.ipam.records import Values

    Plain = Callable[[Mapping[str, Any], Writing], Values]
    Link = tuple[str, Callable[[Mapping[str, Any]], Values]]


def _term(row: Mapping[str, Any], options: Writing) -> Values:
    return {**common(row, options), "name": row["name"]}


def _device_type(row: Mapping[str, Any], options: Writing) -> Values:
    return {**common(row, options), "name": row["model"], "manufacturer": reference(row["manufacturer"])}


def _platform(row: Mapping[str, Any], options: Writing) -> Values:
    network = row["network_driver"] or ""
    driver = row["napalm_driver"] or NAPALM_LIB_MAPPER_REVERSE.get(network) or network
    return {**_term(row, options), "driver": driver or None}


def _location(row: Mapping[str, Any], options: Writing) -> Values:
    return {
        **_term(row, options),
        "status": choice(row["status"]),
        "type": name_of(row["location_type"]),
        "parent": reference(row["parent"]),
    }


def _group(row: Mapping[str, Any], options: Writing) -> Values:
    return {**_term(row, options), "site": None}  # a VLAN names its locations itself


def _vlan(row: Mapping[str, Any], options: Writing) -> Values:
    return {
        **common(row, options),
        **_links_of_vlan(row),
        "group": reference(row["vlan_group"]),
        "vid": row["vid"],
        "name": row["name"],
        "status": choice(row["status"]),
    }


def _links_of_vlan(row: Mapping[str, Any]) -> Values:
    return {"sites": references(row["locations"])}


def _prefix(row: Mapping[str, Any], options: Writing) -> Values:
    return {
        **common(row, options),
        **_links_of_prefix(row),
        "prefix": row["prefix"],
        "status": choice(row["status"]),
    }


def _links_of_prefix(row: Mapping[str, Any]) -> Values:
    vrfs = [reference(each["vrf"]) for each in row["vrf_assignments"]]
    places = references(row["locations"])
    return {
        "vrf": vrfs[0] if len(vrfs) == 1 else None,
        "site": places[0] if len(places) == 1 else None,
    }


def _address(row: Mapping[str, Any], options: Writing) -> Values:
    return {
        **common(row, options),
        "vrf": None,
        "parent": reference(row["parent"]),
        "address": row["address"],
        "status": choice(row["status"]),
        "role": choice(row["role"]),
        "interfaces": references(row.get("interfaces")),
        "foreign": bool(row.get("vm_interfaces")),
    }


COMMON: Final = "id last_updated"
_DEEP: Final = "parent_module_bay{parent_device{id} parent_module{parent_module_bay{parent_device{id}}}}"
"""What a module sits in: interfaces of modules have no device of their own."""
_DEVICE: Final = (
    f"{COMMON} name serial status{{name}} site:location{{id}} role{{id}} device_type{{id}} platform{{id}} "
    "tenant{name} primary_ip4{id} primary_ip6{id} tags{name}"
)
INTERFACE: Final = (
    f"{COMMON} name type enabled description mtu mode speed mgmt_only mac:mac_address device{{id}} "
    f"module{{{_DEEP}}} lag{{id}} parent:parent_interface{{id}} vrf{{id}} untagged_vlan{{id}}"
)
ASSIGNMENT: Final = "ip_address{id} interface{id} vm_interface{id}"
_ADDRESS: Final = f"{COMMON} address role{{name}} status{{name}} parent{{id}}"

_PLACES: Final = "locations{id}"
_VRFS: Final = "vrf_assignments{vrf{id}}"

LISTS: Final[Mapping[str, tuple[str, str, Plain]]] = {
    "manufacturer": ("manufacturers", f"{COMMON} name", _term),
    "device_type": ("device_types", f"{COMMON} model manufacturer{{id}}", _device_type),
    "role": ("roles", f"{COMMON} name", _term),
    "platform": ("platforms", f"{COMMON} name network_driver napalm_driver", _platform),
    "location_type": ("location_types", f"{COMMON} name", _term),
    "vrf": ("vrfs", f"{COMMON} name", _term),
    "site": (
        "locations",
        f"{COMMON} name status{{name}} location_type{{name}} parent{{id}} tags{{name}}",
        _location,
    ),
    "vlan_group": ("vlan_groups", f"{COMMON} name", _group),
    "vlan": (
        "vlans",
        f"{COMMON} vid name status{{name}} vlan_group{{id}} {_PLACES} tags{{name}}",
        _vlan,
    ),
    "prefix": (
        "prefixes",
        f"{COMMON} prefix status{{name}} {_PLACES} {_VRFS} tags{{name}}",
        _prefix,
    ),
    "device": ("devices", _DEVICE, device_row),
    "ip_address": ("ip_addresses", _ADDRESS, _address),
}
"""The list in GraphQL, what is asked for, and how a row of ours is made of the answer."""

LINKS: Final[Mapping[str, Link]] = {
    "vlan": (_PLACES, _links_of_vlan),
    "prefix": (f"{_PLACES} {_VRFS}", _links_of_prefix),
}
"""What of a list changes and leaves no trace, and how it is in a row of ours."""


def links(name: str) -> Link:
    """Return what of a list has links, and how they are in a row of ours; of most there are none."""
    return LINKS.get(name, ("", lambda _row: {}))


def assigned(row: Values) -> tuple[list[str], bool]:
    """Return the interfaces that an address is assigned to, and whether it is to others than ours."""
    return sorted(row.get("interfaces", ())), row.get("foreign", False)


def by_address(assignments: list[dict[str, Any]]) -> list[Values]:
    """Return what each address is assigned to, of those that are assigned."""
    rows: dict[str, Values] = {}
    for each in assignments:
        if each["ip_address"] is None:
            continue
        pk = each["ip_address"]["id"]
        row = rows.setdefault(pk, {"pk": pk, "interfaces": [], "foreign": False})
        if each["interface"] is not None:
            row["interfaces"].append(each["interface"]["id"])
        row["foreign"] = row["foreign"] or each["vm_interface"] is not None
    return list(rows.values())
