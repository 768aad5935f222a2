"""From the rows of an IPAM, which refer to each other by ids, to records that do so by names."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Final

from driftline.engine.exceptions import LoadError, Problem
from driftline.network.models import canonical_address
from driftline.network.names import name_key, name_order, vlan_ranges

from .models import GLOBAL, SHARED_ROLES
from .records import Records
from .values import is_link_local

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .records import Values
    from .tables import Rows, Tables

    Places = Mapping[str, str | None]

_TERMS: Final = ("manufacturer", "device_type", "role", "platform", "location_type", "vrf")
_MOST_NAMED: Final = 3
"""How many of those that are left out for one reason are named."""


def assembled(tables: Tables, places: Places) -> Records:
    """Return records of all that takes part; raises LoadError when something is there twice.

    Args:
        tables: what was read.
        places: by the ids of places the id of the site that each belongs to; None: to none that takes part.
    """
    work = _Assembly(tables, places)
    records = Records(
        {
            "term": sorted(work.terms(), key=itemgetter("kind", "name")),
            "site": sorted(work.sites(), key=itemgetter("name")),
            "vlan": sorted(work.vlans(), key=itemgetter("site", "group", "vid")),
            "prefix": sorted(work.prefixes(), key=itemgetter("vrf", "prefix")),
            "device": sorted(work.devices(), key=itemgetter("name")),
            "interface": sorted(work.interfaces(), key=_place),
            "ip_address": sorted(work.addresses(), key=itemgetter("vrf", "address", "holder")),
        },
        skipped=[*tables.notes, *work.left_out.told()],
    )
    if work.problems:
        raise LoadError(
            "The IPAM can't be read: names that must be unique are there twice", problems=work.problems
        )
    return records


class _LeftOut:
    """What is left out, by the reason."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def __call__(self, reason: str, name: str) -> None:
        self._names.setdefault(reason, []).append(name)

    def told(self) -> Iterator[str]:
        """Yield one line for each reason."""
        for reason, names in self._names.items():
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            yield f"{reason}: {', '.join(names[:_MOST_NAMED])}{more}"


class _Assembly:
    def __init__(self, tables: Tables, places: Places) -> None:
        self.problems: list[Problem] = []
        self.left_out = _LeftOut()
        self._tables = tables
        self._places = places
        self._vrfs = {pk: row["name"] for pk, row in tables.of("vrf").items()}
        self._device_types = {
            pk: f"{tables.of('manufacturer')[row['manufacturer']]['name']}/{row['name']}"
            for pk, row in tables.of("device_type").items()
        }
        self._devices: dict[str, str] = {}
        """The names of the devices that are in the records, by id."""
        self._interfaces: Rows = {}
        """The rows of the interfaces that are in the records."""

    # Terms, sites, VLANs, prefixes ----------------------------------------------------------------------------

    def terms(self) -> Iterator[Values]:
        """Yield the terms; a VRF whose name another one has is wrong only when it is used."""
        used = self._used_vrfs()
        for kind in _TERMS:
            first: dict[str, str] = {}
            for pk, row in self._tables.of(kind).items():
                name = self._device_types[pk] if kind == "device_type" else row["name"]
                other = first.setdefault(name, pk)
                if other == pk:
                    yield {**_common(pk, row), "kind": kind, "name": name, "driver": row.get("driver")}
                elif kind == "vrf" and not {pk, other} & used:
                    self.left_out("VRFs of a name that another one has, unused", name)
                else:
                    self._twice(f"{kind} {name}", pk, other, "rename one of them")

    def sites(self) -> Iterator[Values]:
        """Yield the sites; what is below a site, or above, is none."""
        first: dict[str, str] = {}
        for pk, row in self._tables.of("site").items():
            if self._places.get(pk) != pk:
                continue
            if (other := first.setdefault(row["name"], pk)) != pk:
                self._twice(f"site {row['name']}", pk, other, "narrow the scope, or rename one of them")
            yield {**_common(pk, row), "name": row["name"], "status": row["status"]}

    def vlans(self) -> Iterator[Values]:
        """Yield the VLANs of the sites that take part, and those of the whole network."""
        first: dict[tuple[str, str, int], str] = {}
        for pk, row in self._tables.of("vlan").items():
            site, several = self._site_of_vlan(row)
            if site is None:
                continue
            group = self._tables.of("vlan_group").get(row["group"] or "", {}).get("name", "")
            key = (site, group, row["vid"])
            if (other := first.setdefault(key, pk)) != pk:
                where = f"VLAN {row['vid']} of {site or 'all sites'}" + (f" in {group}" if group else "")
                if several:
                    self.left_out("VLANs of several places, with a number that another one has", where)
                    continue
                self._twice(where, pk, other, "narrow the scope, delete one, or put it into a group")
            yield {
                **_common(pk, row),
                "site": site,
                "group": group,
                "vid": row["vid"],
                "name": row["name"],
                "status": row["status"],
            }

    def prefixes(self) -> Iterator[Values]:
        """Yield the prefixes; one that is there twice is there once."""
        seen: set[tuple[str, str]] = set()
        for pk, row in self._tables.of("prefix").items():
            key = (self._vrf(row), row["prefix"])
            if key in seen:
                self.left_out("prefixes that are there twice", _in_vrf(row["prefix"], key[0]))
                continue
            seen.add(key)
            yield {
                **_common(pk, row),
                "vrf": key[0],
                "prefix": row["prefix"],
                "status": row["status"],
                "site": self._site(row["site"]),
            }

    # Devices and what is on them ------------------------------------------------------------------------------

    def devices(self) -> Iterator[Values]:
        """Yield the devices that have a name and a site."""
        first: dict[str, str] = {}
        for pk, row in self._tables.of("device").items():
            site = self._site(row["site"])
            if row["name"] is None or site is None:
                without = "name" if row["name"] is None else "site that takes part"
                self.left_out(f"devices without a {without}", row["name"] or f"id {pk}")
                continue
            if (other := first.setdefault(row["name"], pk)) != pk:
                there = self._site(self._tables.of("device")[other]["site"])
                where = f"device {row['name']} of {site} and of {there}"
                self._twice(where, pk, other, "narrow the scope to a site, or rename one of them")
            self._devices[pk] = row["name"]
            yield {**_common(pk, row), **self._device(row, site)}

    def interfaces(self) -> Iterator[Values]:
        """Yield the interfaces of these devices; two whose names are one by our rules can't be told apart."""
        names = self._tables.of("interface")
        seen: set[tuple[str, str]] = set()
        for pk, row in names.items():
            device = self._devices.get(row["device"] or "")
            if device is None:
                if row["device"] is None:
                    self.left_out("interfaces of modules that are in no device", row["name"])
                continue
            key = (device, name_key(row["name"]))
            if key in seen:
                self.left_out("interfaces with two spellings of one name", f"{device} {row['name']}")
                continue
            seen.add(key)
            self._interfaces[pk] = row
            yield {**_common(pk, row), **self._interface(row, device)}

    def addresses(self) -> Iterator[Values]:
        """Yield the addresses, with whose they are where several devices share one."""
        found = list(self._assigned())
        on: dict[tuple[str, str], set[str]] = {}
        for values in found:
            if values["device"] is not None:
                on.setdefault((values["vrf"], values["address"]), set()).add(values["device"])
        seen: set[tuple[str, str, str]] = set()
        for values in found:
            device, plain = values["device"], (values["vrf"], values["address"])
            if device and (values["role"] in SHARED_ROLES or len(on[plain]) > 1):
                values["holder"] = device
            if (*plain, values["holder"]) in seen:
                where = device or "no device"
                self.left_out("addresses that are there twice", f"{_in_vrf(plain[1], plain[0])} of {where}")
                continue
            seen.add((*plain, values["holder"]))
            yield values

    def _assigned(self) -> Iterator[Values]:
        """Yield the addresses once for every interface that they are assigned to."""
        primary = {
            (pk, row[field])
            for pk, row in self._tables.of("device").items()
            for field in ("primary_ip4", "primary_ip6")
            if row[field] is not None
        }
        for pk, row in self._tables.of("ip_address").items():
            if is_link_local(row["address"]):
                continue
            if row["foreign"] and not row["interfaces"]:
                self.left_out("addresses of virtual machines and groups", row["address"])
                continue
            for other in row["interfaces"] or [None]:
                if other is None or other in self._interfaces:
                    yield self._address(pk, row, other, primary)

    def _address(self, pk: str, row: Values, other: str | None, primary: set[tuple[str, str]]) -> Values:
        interface = None if other is None else self._interfaces[other]
        return {
            **_common(pk, row),
            "vrf": self._vrf_of_address(row, interface),
            "address": canonical_address(row["address"]),
            "holder": "",
            "device": None if interface is None else self._devices[interface["device"]],
            "interface": None if interface is None else interface["name"],
            "status": row["status"],
            "role": row["role"],
            "primary": interface is not None and (interface["device"], pk) in primary,
        }

    def _device(self, row: Values, site: str) -> Values:
        return {
            "name": row["name"],
            "site": site,
            "role": self._name("role", row["role"]) or "",
            "device_type": self._device_types[row["device_type"]],
            "platform": self._name("platform", row["platform"]),
            "serial": row["serial"],
            "status": row["status"],
            "tenant": row["tenant"],
            "primary_ip4": self._text_of_address(row["primary_ip4"]),
            "primary_ip6": self._text_of_address(row["primary_ip6"]),
        }

    def _interface(self, row: Values, device: str) -> Values:
        vlans, tagged = self._tables.of("vlan"), row["tagged"]
        return {
            "device": device,
            "name": row["name"],
            "type": row["type"],
            "enabled": row["enabled"],
            "description": row["description"],
            "mtu": row["mtu"],
            "mac": row["mac"],
            "mode": row["mode"],
            "untagged_vlan": None if row["untagged"] is None else vlans[row["untagged"]]["vid"],
            "tagged_vlans": vlan_ranges(vlans[pk]["vid"] for pk in tagged) if tagged else "none",
            "lag": self._name("interface", row["lag"]),
            "parent": self._name("interface", row["parent"]),
            "vrf": self._vrfs.get(row["vrf"] or ""),
            "speed": row["speed"],
            "mgmt_only": row["mgmt_only"],
        }

    # References -----------------------------------------------------------------------------------------------

    def _name(self, kind: str, pk: str | None) -> str | None:
        row = self._tables.of(kind).get(pk or "")
        return None if row is None else str(row["name"])

    def _site(self, pk: str | None) -> str | None:
        """Return the name of the site that a place belongs to."""
        return self._name("site", self._places.get(pk or ""))

    def _site_of_vlan(self, row: Values) -> tuple[str | None, bool]:
        """Return a VLAN's site, or that it is global; None: it takes no part. And whether it has several places."""
        group = self._tables.of("vlan_group").get(row["group"] or "", {})
        given = row["sites"] or ([group["site"]] if group.get("site") else [])
        inside = {site for pk in given if (site := self._site(pk)) is not None}
        if not given or len(inside) > 1 or (not inside and self._is_above(given)):
            return GLOBAL, bool(given)
        return (inside.pop() if inside else None), False

    def _is_above(self, places: list[str]) -> bool:
        """Tell whether sites that take part are below one of these places."""
        above: set[str] = set()
        rows = self._tables.of("site")
        for pk in {site for site in self._places.values() if site is not None}:
            parent = rows[pk].get("parent")
            while parent in rows and parent not in above:
                above.add(parent)
                parent = rows[parent]["parent"]
        return not above.isdisjoint(places)

    def _vrf(self, row: Values) -> str:
        return self._vrfs[row["vrf"]] if row["vrf"] else GLOBAL

    def _vrf_of_address(self, row: Values, interface: Values | None) -> str:
        """Return an address's VRF: its own, or where it has none of its own its interface's, or its prefix's."""
        if "parent" not in row:
            return self._vrf(row)
        if interface is not None and interface["vrf"]:
            return self._vrf(interface)
        parent = self._tables.of("prefix").get(row["parent"] or "")
        return self._vrf(parent) if parent is not None else GLOBAL

    def _text_of_address(self, pk: str | None) -> str | None:
        row = self._tables.of("ip_address").get(pk or "")
        return None if row is None else canonical_address(row["address"])

    def _used_vrfs(self) -> set[str]:
        kinds = ("prefix", "interface", "ip_address")
        return {row["vrf"] for kind in kinds for row in self._tables.of(kind).values() if row["vrf"]}

    def _twice(self, what: str, pk: str, other: str, hint: str) -> None:
        self.problems.append(
            Problem(
                where=what, code="IPAM-TWICE", message=f"it is there twice: ids {other} and {pk}", hint=hint
            )
        )


def _common(pk: str, row: Values) -> Values:
    return {
        "pk": int(pk) if pk.isdecimal() else pk,
        "changed": row["changed"],
        "tags": tuple(row["tags"]),
        "owner": row["owner"],
    }


def _place(interface: Values) -> tuple[str, tuple[str, tuple[int, ...]]]:
    return interface["device"], name_order(interface["name"])


def _in_vrf(text: str, vrf: str) -> str:
    return f"{text} in {vrf}" if vrf else text
