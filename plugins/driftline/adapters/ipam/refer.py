"""Finds the IPAM's ids of what objects refer to: first in the dataset, else asked for once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import ObjectRefused
from driftline.network.names import expand_vlans

from .errors import InDoubt
from .models import GLOBAL, Vlan
from .names import slug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftline.engine import Adapter

    from .models import Row
    from .records import Values
    from .sure import SureClient

    Pk = int | str


class References:
    """The ids of a dataset's objects; made anew for every batch, since the dataset changes between them."""

    def __init__(self, dataset: Adapter, title: str) -> None:
        self._dataset = dataset
        self._title = title
        self._vlans: dict[tuple[str, int], list[Vlan]] | None = None

    def __call__(self, model: str, **identity: object) -> Pk:
        """Return the id; raises ObjectRefused when there is no such object."""
        return _pk(self.found(model, **identity))

    def found(self, model: str, **identity: object) -> Row:
        """Return the object; raises ObjectRefused when it is not there."""
        obj: Row | None = self._dataset.get_or_none(model, identity)
        if obj is None or obj.pk is None:
            raise self._missing(model, " ".join(str(part) for part in identity.values() if part))
        return obj

    def vlan(self, device: str, vid: int) -> Pk:
        """Return the VLAN that a port of a device means by a number: its site's, else the one of all sites."""
        site = self.found("device", name=device).site  # type: ignore[attr-defined] # it is a device
        by_place = self._by_place()
        for place in (site, GLOBAL):
            candidates = by_place.get((place, vid), [])
            if len(candidates) > 1:
                groups = " and ".join(sorted(repr(vlan.group) for vlan in candidates))
                raise ObjectRefused(
                    f"there are {len(candidates)} VLANs {vid} of {place or 'all sites'}: in the groups {groups}",
                    code="IPAM-AMBIGUOUS",
                    hint="give one of them another number, or leave this port out",
                )
            if candidates:
                return _pk(candidates[0])
        raise self._missing("VLAN", f"{vid} of site {site}")

    def vlans(self, device: str, ranges: str) -> list[Pk]:
        """Return the VLANs that a port of a device means by `10-12,20`."""
        return [self.vlan(device, vid) for vid in expand_vlans(ranges)]

    def _by_place(self) -> dict[tuple[str, int], list[Vlan]]:
        if self._vlans is None:
            self._vlans = {}
            for vlan in self._dataset.get_all(Vlan.get_type()):
                if vlan.pk is not None:
                    self._vlans.setdefault((vlan.site, vlan.vid), []).append(vlan)
        return self._vlans

    def _missing(self, what: str, name: str) -> ObjectRefused:
        return ObjectRefused(
            f"{self._title} has no {what.replace('_', ' ')} {name}",
            code="IPAM-MISSING",
            hint="create it first, or let it be part of the same plan",
        )


class Named:
    """The ids of what a dataset does not hold (tags, statuses, namespaces), by name; each list is read once."""

    def __init__(self, sure: SureClient, title: str) -> None:
        self._sure = sure
        self._title = title
        self._known: dict[tuple[str, frozenset[tuple[str, str]]], dict[str, Pk]] = {}
        self._lock = threading.Lock()

    def __call__(self, path: str, name: str, where: Mapping[str, str], *, make: Values | None = None) -> Pk:
        """Return the id of what has this name, or this slug; raises ObjectRefused when there is none.

        Args:
            where: which part of the list is read, such as `{"content_types": "dcim.device"}`.
            make: what to make it of when it is not there.
        """
        key = path, frozenset(where.items())
        with self._lock:
            if key not in self._known:
                self._known[key] = self._listed(path, where)
            if slug(name) not in self._known[key] and make is not None:
                self._make(path, make)
                self._known[key] = self._listed(path, where)
            try:
                return self._known[key][slug(name)]
            except KeyError:
                raise ObjectRefused(
                    f"{self._title} has no {name!r} among its {path.strip('/').split('/')[-1].replace('-', ' ')}",
                    code="IPAM-MISSING",
                    hint="create it there, or choose another in the settings",
                ) from None

    def _listed(self, path: str, where: Mapping[str, str]) -> dict[str, Pk]:
        rows = self._sure.when_back(lambda: self._sure.client.listed(path, dict(where)))
        return {slug(row["name"]): row["id"] for row in rows}

    def _make(self, path: str, values: Values) -> None:
        try:
            (answer,) = self._sure.client.create(path, [values])
        except InDoubt:
            return  # the list tells
        if isinstance(answer, ObjectRefused):
            raise answer


def as_sent(pk: Pk) -> Pk:
    """Return an id as the server itself writes it: a number where it is one."""
    return int(pk) if isinstance(pk, str) and pk.isdigit() else pk


def _pk(row: Any) -> Pk:
    return as_sent(row.pk)
