"""Reading NetBox: REST with only the fields that are needed; GraphQL where it is much faster."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from driftline.adapters.ipam import scoping
from driftline.adapters.ipam.kinds import Change, Kind, Selection
from driftline.adapters.ipam.rows import common, device_row, interface_row
from driftline.adapters.ipam.values import choice, reference, references

from .glancing import glances

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from driftline.adapters.ipam.client import Client
    from driftline.adapters.ipam.glancing import Glance
    from driftline.adapters.ipam.kinds import Params, Told
    from driftline.adapters.ipam.options import IpamOptions, Writing
    from driftline.adapters.ipam.records import Values
    from driftline.adapters.ipam.tables import Tables

    Plain = Callable[[Mapping[str, Any], Writing], Values]

_IDS: Final = 150
"""How many ids go into the query of one request."""
_MAC: Final = "dcim.macaddress"
_RANGES: Final = 2
"""Into how many parts each connection's share of the interfaces is cut, so that none waits long for the others."""


def _term(row: Mapping[str, Any], options: Writing) -> Values:
    return {**common(row, options), "name": row["name"]}


def _device_type(row: Mapping[str, Any], options: Writing) -> Values:
    maker = reference(row["manufacturer"])
    return {**common(row, options), "name": row["model"], "manufacturer": maker}


def _platform(row: Mapping[str, Any], options: Writing) -> Values:
    return {**_term(row, options), "driver": row["slug"]}


def _site(row: Mapping[str, Any], options: Writing) -> Values:
    return {**_term(row, options), "status": choice(row["status"])}


def _group(row: Mapping[str, Any], options: Writing) -> Values:
    of_site = row["scope_type"] == "dcim.site"
    return {**_term(row, options), "site": str(row["scope_id"]) if of_site else None}


def _vlan(row: Mapping[str, Any], options: Writing) -> Values:
    return {
        **common(row, options),
        "sites": [site] if (site := reference(row["site"])) else [],
        "group": reference(row["group"]),
        "vid": row["vid"],
        "name": row["name"],
        "status": choice(row["status"]),
    }


def _prefix(row: Mapping[str, Any], options: Writing) -> Values:
    of_site = row["scope_type"] == "dcim.site"
    return {
        **common(row, options),
        "vrf": reference(row["vrf"]),
        "prefix": row["prefix"],
        "status": choice(row["status"]),
        "site": str(row["scope_id"]) if of_site else None,
    }


def _address(row: Mapping[str, Any], options: Writing) -> Values:
    of_interface = row["assigned_object_type"] == "dcim.interface"
    return {
        **common(row, options),
        "vrf": reference(row["vrf"]),
        "address": row["address"],
        "status": choice(row["status"]),
        "role": choice(row["role"]),
        "interfaces": [str(row["assigned_object_id"])] if of_interface else [],
        "foreign": row["assigned_object_id"] is not None and not of_interface,
    }


def _tagged(row: Mapping[str, Any], _options: Writing) -> Values:
    return {"pk": str(row["id"]), "tagged": references(row["tagged_vlans"])}


_COMMON: Final = "id,last_updated"
_REST: Final[Mapping[str, tuple[str, Plain]]] = {
    "manufacturer": (f"{_COMMON},name", _term),
    "device_type": (f"{_COMMON},model,manufacturer", _device_type),
    "role": (f"{_COMMON},name", _term),
    "platform": (f"{_COMMON},name,slug", _platform),
    "vrf": (f"{_COMMON},name", _term),
    "site": (f"{_COMMON},name,status,tags,custom_fields", _site),
    "vlan_group": (f"{_COMMON},name,scope_type,scope_id", _group),
    "vlan": (f"{_COMMON},site,group,vid,name,status,tags,custom_fields", _vlan),
    "prefix": (f"{_COMMON},vrf,prefix,status,scope_type,scope_id,tags,custom_fields", _prefix),
    "ip_address": (
        f"{_COMMON},vrf,address,status,role,assigned_object_type,assigned_object_id,tags,custom_fields",
        _address,
    ),
    "tagged": ("id,tagged_vlans", _tagged),
}
"""What is asked for by REST, and how a row of ours is made of the answer."""

_DEVICE: Final = (
    "id last_updated name serial status site{id} role{id} device_type{id} platform{id} tenant{name} "
    "primary_ip4{id} primary_ip6{id} tags{name}"
)
_INTERFACE: Final = (
    "id last_updated name type enabled description mtu mode speed mgmt_only device{id} lag{id} parent{id} "
    "vrf{id} untagged_vlan{id} mac:primary_mac_address{mac_address}"
)
_INTERFACE_WHOLE: Final = f"{_INTERFACE} tags{{name}}"


class NetBoxSource:
    """How NetBox's lists are asked for."""

    kinds: tuple[Kind, ...] = (
        Kind("manufacturer", "dcim/manufacturers/", "dcim.manufacturer"),
        Kind("device_type", "dcim/device-types/", "dcim.devicetype"),
        Kind("role", "dcim/device-roles/", "dcim.devicerole"),
        Kind("platform", "dcim/platforms/", "dcim.platform"),
        Kind("vrf", "ipam/vrfs/", "ipam.vrf"),
        Kind("site", "dcim/sites/", "dcim.site", by="site"),
        Kind("vlan_group", "ipam/vlan-groups/", "ipam.vlangroup"),
        Kind("device", "dcim/devices/", "dcim.device", by="device"),
        Kind("interface", "dcim/interfaces/", "dcim.interface", by="interface"),
        Kind("tagged", "dcim/interfaces/", "", by="interface", part_of="interface", blank=(("tagged", ()),)),
        Kind("marked", "dcim/interfaces/", "", by="interface", part_of="interface", blank=(("tags", ()),)),
        Kind("vlan", "ipam/vlans/", "ipam.vlan", by="site"),
        Kind("prefix", "ipam/prefixes/", "ipam.prefix", by="site"),
        Kind("ip_address", "ipam/ip-addresses/", "ipam.ipaddress", by="address"),
    )
    log = "core/object-changes/"
    since = "time_after"
    sort = "ordering"
    brief: Params = {"fields": "id,last_updated"}  # noqa: RUF012 - never changed
    structural = frozenset({"extras.tag", "tenancy.tenant"})

    def select(self, client: Client, options: IpamOptions) -> Selection:
        """Return the scope in NetBox's ids; raises LoadError for a name that it does not have."""
        scope, shown = options.scope, {"fields": "id,name,slug"}
        find = partial(scoping.found, client, params=shown)
        sites = scoping.ids(find("sites", "dcim/sites/", scope.sites))
        filters: Params = {
            "site_id": sites,
            "role_id": scoping.ids(find("roles", "dcim/device-roles/", scope.roles)),
            "tenant_id": scoping.ids(find("tenants", "tenancy/tenants/", scope.tenants)),
            "tag": [
                row["slug"] for rows in find("tags", "extras/tags/", scope.tags).values() for row in rows
            ],
            "status": list(scope.statuses),
        }
        filters = {name: values for name, values in filters.items() if values}
        mark = options.write.owner_tag
        return Selection(
            options,
            sites=tuple(sites) if scope.sites else None,
            devices=filters or None,
            has_mark=bool(mark) and client.count("extras/tags/", {"name": mark}) > 0,
        )

    def where(self, client: Client, kind: Kind, selection: Selection, tables: Tables) -> list[Params]:
        """Return the filters that give a list's rows in the scope, in parts."""
        if kind.by == "site":
            return [self._of_sites(kind, selection)]
        if kind.by == "device":
            return [dict(selection.devices or {})]
        if kind.by == "interface" and selection.devices is not None:
            return [{"device_id": part} for part in scoping.in_parts(tables.of("device"), _IDS)]
        if kind.by == "interface":
            return self._ranges(client, selection)
        if kind.by == "address" and selection.devices is not None:
            parts = scoping.in_parts(tables.of("interface"), _IDS)
            return [*({"interface_id": part} for part in parts), {"assigned": "false"}]
        return [{}]

    def rows(
        self, client: Client, kind: Kind, selection: Selection, params: Params, told: Told
    ) -> list[Values]:
        """Return the rows that pass these filters; NetBox's own count is compared with each list."""
        write = selection.options.write
        if kind.name == "device":
            return self._devices(client, kind, selection, params, told)
        if kind.name == "interface":
            rows = _graphql(client, kind, _with_owner(_INTERFACE, write), params, told)
            return [interface_row(row, write, row["type"]) for row in rows]
        if kind.name == "marked":
            return self._marked(client, kind, selection, params)
        fields, plain = _REST[kind.name]
        more = {"mode": "tagged"} if kind.name == "tagged" else {}
        found = client.listed(kind.path, {**params, **more, "fields": fields}, progress=told)
        return [plain(row, write) for row in found]

    def complete(self, client: Client, kind: Kind, selection: Selection, pks: list[str]) -> list[Values]:
        """Return the rows with these ids as far as they are there, with the fields of all their parts."""
        write = selection.options.write
        if kind.name == "device":
            rows = _by_ids(client, kind, _with_owner(_DEVICE, write), pks)
            return [device_row(row, write) for row in rows]
        if kind.name == "interface":
            rows = _by_ids(client, kind, _with_owner(_INTERFACE_WHOLE, write), pks)
            made = {str(row["id"]): interface_row(row, write, row["type"]) for row in rows}
            for row in client.among(kind.path, "id", made, {"fields": "id,tagged_vlans"}):
                made[str(row["id"])]["tagged"] = references(row["tagged_vlans"])
            return list(made.values())
        fields, plain = _REST[kind.name]
        return [plain(row, write) for row in client.among(kind.path, "id", pks, {"fields": fields})]

    def changes(self, client: Client, since: str) -> list[Change]:
        """Return the change log since a time."""
        fields = "id,time,action,changed_object_type,changed_object_id"
        rows = client.listed(self.log, {self.since: since, "fields": fields})
        has_macs = any(row["changed_object_type"] == _MAC for row in rows)
        owners = self._owners_of_macs(client, since) if has_macs else {}
        return [
            Change(
                pk=str(row["id"]),
                time=row["time"],
                action=choice(row["action"]) or "",
                of=row["changed_object_type"],
                what=str(row["changed_object_id"]),
                also=owners.get(row["id"], ()),
            )
            for row in rows
        ]

    def glances(self, client: Client, selection: Selection, tables: Tables) -> list[Glance]:  # noqa: ARG002 - Nautobot needs it
        """Return how long the lists are, and what was changed in them last."""
        return glances([kind for kind in self.kinds if kind.logged and not kind.part_of], client, tables)

    def _owners_of_macs(self, client: Client, since: str) -> dict[int, tuple[tuple[str, str], ...]]:
        """Return what MAC addresses belonged to before and after each change: they are objects of their own here."""
        fields = "id,prechange_data,postchange_data"
        rows = client.listed(self.log, {self.since: since, "changed_object_type": _MAC, "fields": fields})
        return {row["id"]: tuple(_owners(row["prechange_data"], row["postchange_data"])) for row in rows}

    def places(self, tables: Tables, options: IpamOptions) -> dict[str, str | None]:  # noqa: ARG002 - Nautobot needs it
        """Return the sites, each its own place."""
        return {pk: pk for pk in tables.of("site")}

    def _of_sites(self, kind: Kind, selection: Selection) -> Params:
        """Return the filter for what is of the sites in the scope, or of none."""
        if selection.sites is None:
            return {}
        return {"id": [*selection.sites]} if kind.name == "site" else {"site_id": [*selection.sites, "null"]}

    def _ranges(self, client: Client, selection: Selection) -> list[Params]:
        """Return ranges of ids that together have all interfaces, whatever else is made meanwhile."""
        asked = {"limit": 1, "ordering": "-id", "fields": "id"}
        newest = client.get("dcim/interfaces/", asked)["results"]
        last = int(newest[0]["id"]) if newest else 0
        size = last // (_RANGES * selection.options.connections) + 1
        starts = range(0, last + 1, size)
        # The last one is open: what is made while we read must be in the count and in the list alike.
        return [
            {"id__gte": start, **({"id__lt": start + size} if start != starts[-1] else {})}
            for start in starts
        ]

    def _devices(
        self, client: Client, kind: Kind, selection: Selection, params: Params, told: Told
    ) -> list[Values]:
        """Return the devices: those of a scope are found by REST, which has all the filters."""
        write, fields = selection.options.write, _with_owner(_DEVICE, selection.options.write)
        if not params:
            return [device_row(row, write) for row in _graphql(client, kind, fields, {}, told)]
        pks = [str(row["id"]) for row in client.listed(kind.path, {**params, "fields": "id"})]
        parts = scoping.in_parts(pks, _IDS)
        return [
            device_row(row, write)
            for part in parts
            for row in _graphql(client, kind, fields, {"id": part}, told)
        ]

    def _marked(self, client: Client, kind: Kind, selection: Selection, params: Params) -> list[Values]:
        """Return the interfaces that have our tag: cheaper than the tags of every one."""
        if not selection.has_mark:
            return []
        tag = selection.options.write.owner_tag
        interfaces = next(other for other in self.kinds if other.name == kind.part_of)
        slugs = [row["slug"] for row in client.listed("extras/tags/", {"name": tag})]
        rows = _graphql(client, interfaces, "id", {**params, "tag": slugs}, _silent)
        return [{"pk": str(row["id"]), "tags": [tag]} for row in rows]


def _silent(_more: int) -> None:
    pass


def _owners(*versions: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    for version in versions:
        if version and version.get("assigned_object_id"):
            # The type is told by a number there, and no virtual machine's interface is among ours.
            yield "dcim.interface", str(version["assigned_object_id"])


def _graphql(client: Client, kind: Kind, fields: str, params: Params, told: Told) -> list[dict[str, Any]]:
    """Return a list of GraphQL: it cuts every answer at 1,000 rows without a word, so REST's count is asked too."""
    conditions = _conditions(params)

    def build(page: str) -> str:
        return f"{{{kind.name}_list({conditions}{page}){{{fields}}}}}"

    return client.graphql_listed(build, path=kind.path, params=params, progress=told)


def _by_ids(client: Client, kind: Kind, fields: str, pks: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for part in scoping.in_parts(pks, _IDS):
        rows += client.graphql(f"{{{kind.name}_list({_conditions({'id': part})}){{{fields}}}}}")[
            f"{kind.name}_list"
        ]
    return rows


def _conditions(params: Params) -> str:
    """Return filters of REST in the words of GraphQL."""
    words = {
        "id": lambda value: f"id:{{in_list:{_quoted(value)}}}",
        "device_id": lambda value: f"device:{{id:{{in_list:{_quoted(value)}}}}}",
        "tag": lambda value: f"tags:{{slug:{{in_list:{_quoted(value)}}}}}",
    }
    parts = [words[name](value) for name, value in params.items() if name in words]
    bounds = [f'{name[4:]}:"{value}"' for name, value in params.items() if name.startswith("id__")]
    if bounds:
        parts.append(f"id:{{{','.join(bounds)}}}")
    return f"filters:{{{','.join(parts)}}}," if parts else ""


def _quoted(values: list[str]) -> str:
    return "[" + ",".join(f'"{value}"' for value in values) + "]"


def _with_owner(fields: str, options: Writing) -> str:
    return f"{fields} custom_fields" if options.owner_field else fields
