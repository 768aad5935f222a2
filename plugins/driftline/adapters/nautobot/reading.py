"""Reading Nautobot: flat lists in GraphQL, which takes the same filters as REST and is many times faster."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from driftline.adapters.ipam import scoping
from driftline.adapters.ipam.glancing import Glance, answers, are_as_read, glimpse
from driftline.adapters.ipam.kinds import Change, Kind, Selection
from driftline.adapters.ipam.names import slug
from driftline.adapters.ipam.rows import common, interface_row
from driftline.adapters.ipam.values import moment, references
from driftline.engine.exceptions import LoadError, UnusableAnswer

from .rows import ASSIGNMENT, COMMON, INTERFACE, LINKS, LISTS, assigned, by_address, links

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftline.adapters.ipam.client import Client
    from driftline.adapters.ipam.kinds import Params, Told
    from driftline.adapters.ipam.options import IpamOptions
    from driftline.adapters.ipam.records import Values
    from driftline.adapters.ipam.tables import Tables

_IDS: Final = 30
"""How many ids go into the query of one request; an id has 36 characters, and uWSGI takes 4 KB with it in twice."""
_IDS_OF_GRAPHQL: Final = 500
"""How many ids go into one query of GraphQL, which is no part of the address."""
_FEW: Final = 2000
"""Up to how many rows it is cheaper to ask for when each was changed than for the one that was changed last."""
_PAGE: Final = 2000
"""How many interfaces one request asks for."""
_INTERFACES, _ADDRESSES, _PREFIXES = "dcim/interfaces/", "ipam/ip-addresses/", "ipam/prefixes/"
_IN_NAMESPACES: Final = frozenset({_ADDRESSES, _PREFIXES})


class NautobotSource:
    """How Nautobot's lists are asked for."""

    kinds: tuple[Kind, ...] = (
        Kind("manufacturer", "dcim/manufacturers/", "dcim.manufacturer"),
        Kind("device_type", "dcim/device-types/", "dcim.devicetype"),
        Kind("role", "extras/roles/", "extras.role"),
        Kind("platform", "dcim/platforms/", "dcim.platform"),
        Kind("location_type", "dcim/location-types/", "dcim.locationtype"),
        Kind("vrf", "ipam/vrfs/", "ipam.vrf"),
        Kind("site", "dcim/locations/", "dcim.location"),
        Kind("vlan_group", "ipam/vlan-groups/", "ipam.vlangroup"),
        Kind("device", "dcim/devices/", "dcim.device", by="device"),
        Kind("interface", _INTERFACES, "dcim.interface", by="interface", proved=False),
        Kind("tagged", _INTERFACES, "", by="interface", part_of="interface", blank=(("tagged", ()),)),
        Kind("marked", _INTERFACES, "", by="interface", part_of="interface", blank=(("tags", ()),)),
        # Who assigns a VLAN, a prefix or an address through a list of assignments leaves no trace in the change log.
        Kind("vlan", "ipam/vlans/", "ipam.vlan", by="site", logged=False),
        Kind("prefix", _PREFIXES, "ipam.prefix", by="site", logged=False),
        Kind("ip_address", _ADDRESSES, "ipam.ipaddress", by="address"),
        Kind("marked_address", _ADDRESSES, "", by="address", part_of="ip_address", blank=(("tags", ()),)),
        Kind(
            "assignment",
            "ipam/ip-address-to-interface/",
            "",
            by="address",
            part_of="ip_address",
            blank=(("interfaces", ()), ("foreign", False)),
            logged=False,
        ),
    )
    log = "extras/object-changes/"
    since = "time__gte"
    sort = "sort"
    brief: Params = {}  # noqa: RUF012 - never changed
    structural = frozenset(
        {
            "extras.tag",
            "extras.status",
            "extras.role",
            "tenancy.tenant",
            "dcim.locationtype",
            "dcim.module",
            "dcim.modulebay",
            "ipam.namespace",
        }
    )

    def select(self, client: Client, options: IpamOptions) -> Selection:
        """Return the scope in Nautobot's ids; raises LoadError for a name that it does not have."""
        scope = options.scope
        of_type = {"location_type": options.write.location_type}
        sites = scoping.ids(scoping.found(client, "sites", "dcim/locations/", scope.sites, of_type))
        of_devices = {"content_types": "dcim.device"}
        filters: Params = {
            "location": sites,  # with all that is below them
            "role": scoping.ids(scoping.found(client, "roles", "extras/roles/", scope.roles, of_devices)),
            "tenant": scoping.ids(scoping.found(client, "tenants", "tenancy/tenants/", scope.tenants)),
            "tags": list(scoping.found(client, "tags", "extras/tags/", scope.tags)),
            "status": _statuses(client, scope.statuses),
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
        space = {"namespace": [selection.options.write.namespace]} if kind.path in _IN_NAMESPACES else {}
        if kind.by == "device":
            return [dict(selection.devices or {})]
        if kind.by == "site":
            chosen = selection.sites
            places = [{}] if chosen is None else [{"locations": [*chosen]}, {"locations": ["null"]}]
            return [{**space, **place} for place in places]
        if selection.devices is not None and kind.by:
            return [{**space, **part} for part in _on_devices(kind, tables)]
        if kind.name == "interface":
            # Each page begins with the last row of the one before: else a row that moves up would be lost.
            starts = range(0, client.count(kind.path) or 1, _PAGE)
            return [{"offset": start, "limit": _PAGE + 1} for start in starts]
        return [{**space, "content_types": ["dcim.device"]}] if kind.name == "role" else [space]

    def rows(
        self, client: Client, kind: Kind, selection: Selection, params: Params, told: Told
    ) -> list[Values]:
        """Return the rows that pass these filters; pages of interfaces are put together and counted by the caller."""
        if kind.name == "interface":
            fields = _fields(INTERFACE, selection)
            rows = client.graphql(f"{{interfaces{_arguments(params)}{{{fields}}}}}")["interfaces"]
            told(len(rows))
            return self._interfaces(client, selection, rows)
        if kind.name.startswith("marked"):
            return self._marked(client, kind, selection, params)
        if kind.name == "tagged":
            return self._tagged(client, kind, params)
        if kind.name == "assignment":
            if not params:
                fields = f"id {ASSIGNMENT}"
                return by_address(_listed(client, kind, "ip_address_assignments", fields, params, told))
            query = (
                f"{{ip_address_assignments{_arguments(params)}{{{ASSIGNMENT}}}}}"  # one answer, and never cut
            )
            return by_address(client.graphql(query)["ip_address_assignments"])
        name, fields, plain = LISTS[kind.name]
        found = _listed(client, kind, name, _fields(fields, selection), params, told)
        return [plain(row, selection.options.write) for row in found]

    def complete(self, client: Client, kind: Kind, selection: Selection, pks: list[str]) -> list[Values]:
        """Return the rows with these ids as far as they are there, with the fields of all their parts."""
        more = {
            "interface": " tags{name} tagged_vlans{id}",
            "ip_address": " tags{name} interfaces{id} vm_interfaces{id}",
        }
        name, fields, plain = LISTS.get(kind.name, ("interfaces", INTERFACE, common))
        fields = _fields(fields, selection) + more.get(kind.name, "")
        rows: list[dict[str, Any]] = []
        for part in scoping.in_parts(pks, _IDS_OF_GRAPHQL):
            rows += client.graphql(f"{{{name}{_arguments({'id': part})}{{{fields}}}}}")[name]
        if kind.name == "interface":
            return self._interfaces(client, selection, rows)
        return [plain(row, selection.options.write) for row in rows]

    def glances(self, client: Client, selection: Selection, tables: Tables) -> list[Glance]:
        """Return three questions: the assignments of addresses, the short lists, and those that have links."""
        logged = [kind for kind in self.kinds if kind.logged and not kind.part_of and kind.name in LISTS]
        groups = [
            [kind for kind in logged if len(tables.of(kind.name)) <= _FEW],
            [kind for kind in self.kinds if kind.name in LINKS],
        ]
        return [
            Glance(("assignment",), partial(self._reassigned, client, tables)),
            *(
                Glance(
                    tuple(kind.name for kind in kinds), partial(self._other, client, selection, tables, kinds)
                )
                for kinds in groups
            ),
        ]

    def _other(self, client: Client, selection: Selection, tables: Tables, kinds: list[Kind]) -> set[str]:
        """Return the lists that are not ours; of each one row more is asked for than we have."""
        asked = {}
        for kind in kinds:
            (params,) = self.where(client, kind, selection, tables)
            arguments = _arguments({**params, "limit": len(tables.of(kind.name)) + 1})
            asked[kind.name] = f"{LISTS[kind.name][0]}{arguments}{{{COMMON} {links(kind.name)[0]}}}"
        found = answers(client, asked)
        seen = {
            name: [{**glimpse(row), **links(name)[1](row)} for row in rows] for name, rows in found.items()
        }
        return {name for name, rows in seen.items() if not are_as_read(rows, tables.of(name))}

    def _reassigned(self, client: Client, tables: Tables) -> set[str]:
        """Return the assignments when they are not as many as the server counts, or not ours."""
        kind = next(kind for kind in self.kinds if kind.name == "assignment")
        query = f"{{ip_address_assignments{{{ASSIGNMENT}}}}}"  # one answer, and never cut
        rows = client.graphql(query)["ip_address_assignments"]
        theirs = {row["pk"]: row for row in by_address(rows)}
        as_read = len(rows) == client.count(kind.path) and all(
            assigned(theirs.get(pk, {})) == assigned(ours) for pk, ours in tables.of("ip_address").items()
        )
        return set() if as_read else {kind.name}

    def changes(self, client: Client, since: str) -> list[Change]:
        """Return the change log since a time."""
        fields = "id time action changed_object_id changed_object_type{app_label model}"
        rows = client.graphql(f"{{object_changes{_arguments({self.since: [since]})}{{{fields}}}}}")[
            "object_changes"
        ]
        return [
            Change(
                pk=row["id"],
                time=moment(row["time"]) or "",
                action=row["action"].casefold(),
                of="{app_label}.{model}".format(
                    **row["changed_object_type"] or {"app_label": "", "model": ""}
                ),
                what=row["changed_object_id"],
            )
            for row in rows
        ]

    def places(self, tables: Tables, options: IpamOptions) -> dict[str, str | None]:
        """Return by the ids of locations the one of the sites' type that each is, or is below of."""
        rows, chosen = tables.of("site"), options.scope.sites

        def climb(pk: str | None) -> str | None:
            while pk is not None and pk in rows:
                if rows[pk]["type"] == options.write.location_type:
                    return pk if not chosen or rows[pk]["name"] in chosen else None
                pk = rows[pk]["parent"]
            return None

        return {pk: climb(pk) for pk in rows}

    def _interfaces(self, client: Client, selection: Selection, rows: list[dict[str, Any]]) -> list[Values]:
        """Return interfaces with the API's words for their types: GraphQL mangles `1000base-t` to `A_1000BASE_T`.

        That can't be undone by rule, so the API is asked for one interface of each type that was not seen yet.
        """
        words = selection.words
        examples = {row["type"]: row["id"] for row in rows if row["type"] not in words}
        for part in scoping.in_parts(examples.values(), _IDS):
            by_id = {row["id"]: row["type"]["value"] for row in client.among(_INTERFACES, "id", part)}
            words.update({word: by_id[pk] for word, pk in examples.items() if pk in by_id})
        if unknown := examples.keys() - words.keys():
            raise UnusableAnswer(
                f"{client.dialect.title} has no words for interfaces of type {sorted(unknown)}"
            )
        write = selection.options.write
        return [
            interface_row({**row, "device": row["device"] or _host(row["module"])}, write, words[row["type"]])
            for row in rows
        ]

    def _tagged(self, client: Client, kind: Kind, params: Params) -> list[Values]:
        """Return the tagged VLANs of interfaces; of all, they are told several times faster from the VLANs' side."""
        if not params:
            vlans = next(other for other in self.kinds if other.name == "vlan")
            return _by_interface(_listed(client, vlans, "vlans", "id interfaces_as_tagged{id}", {}, _silent))
        filters = {**params, "has_tagged_vlans": True}
        rows = _listed(client, kind, "interfaces", "id tagged_vlans{id}", filters, _silent)
        return [{"pk": row["id"], "tagged": references(row["tagged_vlans"])} for row in rows]

    def _marked(self, client: Client, kind: Kind, selection: Selection, params: Params) -> list[Values]:
        """Return the objects that have our tag: cheaper than the tags of every one."""
        if not selection.has_mark:
            return []
        tag = selection.options.write.owner_tag
        name = "interfaces" if kind.path == _INTERFACES else "ip_addresses"
        rows = _listed(client, kind, name, "id", {**params, "tags": [tag]}, _silent)
        return [{"pk": row["id"], "tags": [tag]} for row in rows]


def _on_devices(kind: Kind, tables: Tables) -> list[Params]:
    """Return the filters for what is on the devices that were read, in parts that fit into one request."""
    devices = scoping.in_parts(tables.of("device"), _IDS)
    if kind.by == "interface":
        return [{"device": part} for part in devices]
    if kind.name == "assignment":
        return [{"interface": part} for part in scoping.in_parts(tables.of("interface"), _IDS_OF_GRAPHQL)]
    return [*({"device_id": part} for part in devices), {"has_interface_assignments": False}]


def _silent(_more: int) -> None:
    pass


def _statuses(client: Client, wanted: tuple[str, ...]) -> list[str]:
    """Return the names of statuses; they have no slugs here, so ours are made of their names."""
    if not wanted:
        return []
    rows = client.listed("extras/statuses/", {"content_types": "dcim.device"})
    names = {slug(row["name"]): row["name"] for row in rows}
    missing = [
        scoping.unknown(client.dialect.title, "statuses", each) for each in wanted if each not in names
    ]
    if missing:
        raise LoadError(f"The scope does not fit {client.dialect.title} at {client.url}", problems=missing)
    return [names[each] for each in wanted]


def _listed(
    client: Client, kind: Kind, name: str, fields: str, params: Params, told: Told
) -> list[dict[str, Any]]:
    """Return a list of GraphQL, proved against REST's count."""
    return client.graphql_listed(
        lambda page: f"{{{name}{_arguments(params, page)}{{{fields}}}}}",
        path=kind.path,
        params=params,
        progress=told,
    )


def _arguments(params: Params, page: str = "") -> str:
    """Return filters of REST as arguments of GraphQL: they have the same names."""
    parts = [f"{name}:{json.dumps(value)}" for name, value in params.items()]
    return f"({','.join([*parts, *filter(None, [page])])})" if parts or page else ""


def _fields(fields: str, selection: Selection) -> str:
    return f"{fields} custom_fields:_custom_field_data" if selection.options.write.owner_field else fields


def _host(module: Mapping[str, Any] | None) -> Any:
    """Return the device that a module sits in, at most one module deep."""
    bay = (module or {}).get("parent_module_bay") or {}
    outer = ((bay.get("parent_module") or {}).get("parent_module_bay")) or {}
    return bay.get("parent_device") or outer.get("parent_device")


def _by_interface(vlans: list[dict[str, Any]]) -> list[Values]:
    tagged: dict[str, list[str]] = {}
    for vlan in vlans:
        for interface in vlan["interfaces_as_tagged"]:
            tagged.setdefault(interface["id"], []).append(vlan["id"])
    return [{"pk": pk, "tagged": pks} for pk, pks in tagged.items()]
