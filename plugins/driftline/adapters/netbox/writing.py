"""How NetBox is written: its endpoints and their fields, and what is different there."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

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
from driftline.adapters.ipam.names import slug
from driftline.engine.exceptions import ObjectRefused

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from driftline.adapters.ipam.client import Client
    from driftline.adapters.ipam.fields import Item, Make, Surroundings
    from driftline.adapters.ipam.models import Row
    from driftline.adapters.ipam.records import Values
    from driftline.adapters.ipam.system import Pk, Writer


def _slugged(item: Item, _around: Surroundings) -> Values:
    name = getattr(item.wanted, "name", "")
    made = slug(name)
    if not made:
        raise ObjectRefused(
            f"NetBox needs a slug, and none can be made of {name!r}",
            code="IPAM-SLUG",
            hint="give it a name with a letter or a digit",
        )
    return {"slug": made}


def _typed(item: Item, around: Surroundings) -> Values:
    manufacturer, model = device_type(item, around)
    return {"manufacturer": manufacturer, "model": model, "slug": slug(model)}


def _group(item: Item, around: Surroundings) -> Values:
    name = getattr(item.wanted, "group", "")
    return {"group": around.named("ipam/vlan-groups/", name, {"name": name}) if name else None}


def _assigned(item: Item, around: Surroundings) -> Values:
    """Return the interface that an address is on: one reference, whatever of it changes."""
    on, name = getattr(item.wanted, "device", None), getattr(item.wanted, "interface", None)
    if on is None or name is None:
        return {"assigned_object_type": None, "assigned_object_id": None}
    return {
        "assigned_object_type": "dcim.interface",
        "assigned_object_id": around.refer("interface", device=on, name=name),
    }


def _term(path: str, **more: Make) -> Endpoint:
    return Endpoint(
        f"{path}/",
        {"kind": nothing, "name": plain("name"), **more},
        {"name": "name"},
        fixed=_slugged,
        marked=False,
    )


ENDPOINTS: Final[Mapping[str, Endpoint]] = MappingProxyType(
    {
        "term.manufacturer": _term("dcim/manufacturers"),
        "term.role": _term("dcim/device-roles"),
        "term.platform": _term("dcim/platforms"),
        "term.device_type": Endpoint(
            "dcim/device-types/",
            {"kind": nothing, "name": _typed},
            {"manufacturer": "manufacturer_id", "model": "model"},
            marked=False,
        ),
        "term.vrf": Endpoint(
            "ipam/vrfs/", {"kind": nothing, "name": plain("name")}, {"name": "name"}, marked=False
        ),
        "site": Endpoint(
            "dcim/sites/",
            {"name": plain("name"), "status": plain("status")},
            {"name": "name"},
            fixed=_slugged,
        ),
        "vlan": Endpoint(
            "ipam/vlans/",
            {
                "site": site("site"),
                "group": _group,
                "vid": plain("vid"),
                "name": plain("name"),
                "status": plain("status"),
            },
            {"site": "site_id", "group": "group_id", "vid": "vid"},
        ),
        "prefix": Endpoint(
            "ipam/prefixes/",
            {"vrf": term("vrf", "vrf", "vrf"), "prefix": plain("prefix"), "status": plain("status")},
            {"vrf": "vrf_id", "prefix": "prefix"},
        ),
        "device": Endpoint(
            "dcim/devices/",
            {
                "name": plain("name"),
                "site": site("site"),
                "role": term("role", "role", "role"),
                "device_type": term("device_type", "device_type", "device_type"),
                "platform": term("platform", "platform", "platform"),
                "serial": text("serial"),
                "status": plain("status"),
            },
            {"name": "name", "site": "site_id"},
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
                # Never as an object of its own: NetBox then has the same address twice.
                "mac": plain("mac", "mac_address"),
                "mode": mode,
                "untagged_vlan": vlan("untagged_vlan", "untagged_vlan"),
                "tagged_vlans": vlans("tagged_vlans", "tagged_vlans"),
                "lag": sibling("lag", "lag"),
                "parent": sibling("parent", "parent"),
                "vrf": term("vrf", "vrf", "vrf"),
            },
            {"device": "device_id", "name": "name"},
        ),
        "ip_address": Endpoint(
            "ipam/ip-addresses/",
            {
                "vrf": term("vrf", "vrf", "vrf"),
                "address": plain("address"),
                "holder": nothing,
                "device": _assigned,
                "interface": _assigned,
                "status": plain("status"),
                "role": text("role"),
                "primary": nothing,
            },
            {"vrf": "vrf_id", "address": "address", "assigned_object_id": ""},
        ),
    }
)


class NetBoxWriter:
    """Writes NetBox."""

    endpoints: Mapping[str, Endpoint] = ENDPOINTS

    def tag(self, name: str) -> Values:
        """Return what a new tag is made of."""
        return {"name": name, "slug": slug(name)}

    def last_changes(self, client: Client, path: str, pks: Sequence[Pk]) -> dict[Pk, str]:
        """Return when objects were changed last, of those that are still there."""
        rows = client.among(path, "id", pks, {"fields": "id,last_updated"})
        return {row["id"]: row["last_updated"] for row in rows}

    def shared_as(self, row: Row) -> Hashable:  # noqa: ARG002 - as the protocol has it
        """Return None: every row is an object of its own."""
        return None

    def used_by_others(self, items: Sequence[Item], around: Surroundings) -> set[Item]:  # noqa: ARG002
        """Return nothing: an address is on one interface."""
        return set()

    def before(self, items: Sequence[Item], around: Surroundings) -> None:
        """Do nothing: all that is needed is in the dataset."""

    def after(self, items: Sequence[Item], around: Surroundings) -> None:
        """Do nothing: all of an object is in its fields."""

    def detach(self, items: Sequence[Item], around: Surroundings) -> None:
        """Do nothing: nothing is shared."""


WRITER: Final[Writer] = NetBoxWriter()
