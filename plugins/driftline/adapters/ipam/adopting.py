"""Adopting drift into an IPAM: for the chosen part of it, the IPAM is to hold what the devices have."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from driftline.adapters.intent.choosing import Choice, Group, Item, chosen_groups
from driftline.adapters.intent.draft import Refused
from driftline.engine import DiffSyncModelFlags
from driftline.engine.enum import DiffSyncActions
from driftline.engine.exceptions import Problem
from driftline.network import DEFAULT_VRF
from driftline.network import Vlan as NetworkVlan

from .intended import IN_USE, NOT_ON_INTERFACES
from .models import GLOBAL, MODELS, Device, Interface, IPAddress, Prefix, Row, Term, Vlan
from .observed import Observed, observed_state
from .observed_ports import vids_of
from .view import View

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from driftline.engine import Adapter, Diff

    from .intended import IpamIntent

_SWITCHING: Final = ("mode", "untagged_vlan", "tagged_vlans")
_IN_THE_IPAM: Final = {
    "description": ("description",),
    "enabled": ("enabled",),
    "mtu": ("mtu",),
    "lag": ("lag",),
    "vrf": ("vrf",),
    "mode": _SWITCHING,
    "encapsulation_vlan": _SWITCHING,
    "access_vlan": ("untagged_vlan",),
    "native_vlan": ("untagged_vlan",),
    "trunk_vlans": ("mode", "tagged_vlans"),
    "interface": ("device", "interface"),
    "secondary": ("role",),
}
"""By the attribute of a device's object, what says it in an IPAM."""
_OF_MODE: Final = {"access_vlan": "access", "native_vlan": "trunk", "trunk_vlans": "trunk"}


@dataclass(frozen=True, slots=True)
class Adoption:
    """What the IPAM would hold; nothing is written yet, and all else that it holds is out of the comparison."""

    source: Observed
    """The chosen objects, with an opinion on what was chosen of them."""
    problems: tuple[Problem, ...]
    """For each object that was chosen and can't be adopted: why, and what to try."""


def adopt(intended: IpamIntent, actual: Adapter, diff: Diff, choice: Choice | None = None) -> Adoption:
    """Return what to sync into the IPAM, so that the chosen drift and nothing else is gone afterwards.

    Args:
        intended: what the IPAM intends; its `ipam` is what the answer is to be synced into.
        actual: what the devices have.
        diff: actual ← intended.
        choice: which drift; None: all of it.
    """
    options = intended.ipam.options.write
    given = observed_state(
        actual, options, intended.ipam, name=actual.name, platforms=intended.intention.platforms
    )
    adopting = _Adopting(intended.ipam, actual, given)
    for group in chosen_groups(diff, intended, choice or Choice()):
        adopting.take(group)
    return Adoption(adopting.finished(), tuple(adopting.problems))


@dataclass(slots=True)
class _Part:
    """What of what the devices have is to be in the IPAM."""

    told: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """By model and unique id, the attributes on which there is an opinion."""
    gone: set[tuple[str, str]] = field(default_factory=set)


class _Adopting:
    """Collects what was chosen, group by group."""

    def __init__(self, held: Adapter, actual: Adapter, given: Observed) -> None:
        self.problems: list[Problem] = []
        self._held = held
        self._actual = actual
        self._given = given
        self._held_at, self._given_at = _by_place(held), _by_place(given)
        self._vlans = {(vlan.site, vlan.vid): vlan for vlan in given.get_all(Vlan)}
        self._part = _Part()

    def take(self, group: Group) -> None:
        """Take all of a group, or nothing of it and note why."""
        part = _Part()
        for item in group.items:
            try:
                self._take(group.device, item, part)
            except Refused as refused:
                self._note(group.device, item, refused)
                return
        for key, names in part.told.items():
            self._part.told.setdefault(key, set()).update(names)
        self._part.gone |= part.gone

    def _note(self, device: str, item: Item, why: Refused) -> None:
        self.problems.append(Problem(device, why.code, f"{item.what}: {why.message}", why.hint))

    def finished(self) -> Observed:
        """Return what was taken and what it refers to, and keep all else out of a comparison."""
        wanted = Observed(name=self._given.name)
        told = {**self._part.told}
        for key in self._referred():
            if not self._held.has(*key):
                told.setdefault(key, set(self._given.get(*key).get_managed()))
        for name in {self._given.get(*key).device for key in told if key[0] == "interface"} | {
            self._held.get(*key).device for key in self._part.gone if key[0] == "interface"
        }:
            told.setdefault(("device", name), set())
        for model in MODELS:
            for uid in [uid for name, uid in told if name == model.get_type()]:
                _put(wanted, self._given.get(model, uid), told[model.get_type(), uid])
        wanted.view = View(gone=frozenset(self._part.gone))
        wanted.restrict(self._held)
        return wanted

    # One object -------------------------------------------------------------------------------------------

    def _take(self, device: str, item: Item, part: _Part) -> None:
        if item.element.type == "vlan":
            self._take_vlan(device, item, part)
        elif item.action == DiffSyncActions.CREATE:
            part.gone.add(self._deleted(item))
        elif item.element.type == "interface":
            self._take_interface(item, part)
        else:
            self._take_address(item, part)

    def _deleted(self, item: Item) -> tuple[str, str]:
        """Return what the IPAM is to lose, since the device does not have it."""
        row = self._interface_of(item) if item.element.type == "interface" else _address(self._held_at, item)
        if row is None:
            raise Refused(
                "ADOPT-VALUE", "the IPAM does not say it by an object of its own", "change it there"
            )
        if row.model_flags & DiffSyncModelFlags.NO_DELETE:
            hint = "delete it there, or let `write.delete` be `any`"
            raise Refused("ADOPT-NOT-OWNED", "driftline has not made it in the IPAM, so it stays", hint)
        return row.get_type(), row.get_unique_id()

    def _interface_of(self, item: Item) -> Interface | None:
        return self._held.get_or_none(Interface, item.element.keys)

    def _take_interface(self, item: Item, part: _Part) -> None:
        row = self._given.get(Interface, item.element.keys)
        new = item.action == DiffSyncActions.DELETE
        names = set(row.get_managed()) if new else self._said_by_all(row, item)
        for name in ("lag", "parent"):
            if name in names and getattr(row, name) is not None:
                self._check_there(row.device, getattr(row, name), part)
        part.told["interface", row.get_unique_id()] = names

    def _said_by_all(self, row: Interface, item: Item) -> set[str]:
        """Return the attributes by which the IPAM says those that were chosen; what it can't say is noted."""
        names: set[str] = set()
        for attribute in item.attributes:
            try:
                names |= self._said(row, item, attribute)
            except Refused as refused:
                self._note(row.device, item, refused)
        return names

    def _said(self, row: Interface, item: Item, attribute: str) -> set[str]:
        """Return the attributes by which the IPAM says one of the device's."""
        names = set(_IN_THE_IPAM.get(attribute, ())) & set(row.get_managed())
        if not names:
            hint = "change the device, or leave the attribute out of `intention.attributes`"
            raise Refused("ADOPT-VALUE", f"an IPAM can't say its {attribute}", hint)
        mode = _OF_MODE.get(attribute)
        if (
            mode is not None
            and (item.element.dest_attrs or {}).get("mode") != mode
            and "mode" not in item.attributes
        ):
            hint = "adopt its mode, too"
            raise Refused("ADOPT-VALUE", f"its {attribute} means nothing in the mode that it has", hint)
        return names

    def _check_there(self, device: str, name: str, part: _Part) -> None:
        uid = Interface.create_unique_id(device=device, name=name)
        if not self._held.has("interface", uid) and ("interface", uid) not in {
            **self._part.told,
            **part.told,
        }:
            raise Refused("ADOPT-INTERFACE", f"the IPAM has no {name}", f"adopt {name}, too")

    def _take_address(self, item: Item, part: _Part) -> None:
        row = _address(self._given_at, item)
        if row is None:
            raise Refused("ADOPT-VALUE", "an IPAM does not hold link-local addresses", "change the device")
        self._check_there(str(row.device), str(row.interface), part)
        there = self._held.get_or_none(IPAddress, row.get_unique_id())
        names = set(row.get_managed())
        if item.action == DiffSyncActions.UPDATE:
            names &= {name for attribute in item.attributes for name in _IN_THE_IPAM[attribute]}
        elif there is not None:
            names |= {"status"} if there.status not in IN_USE else set()
            names |= {"role"} if there.role in NOT_ON_INTERFACES else set()
        part.told["ip_address", row.get_unique_id()] = names

    def _take_vlan(self, device: str, item: Item, part: _Part) -> None:
        """Take a VLAN of a device over; it is its site's in the IPAM, so the whole site must agree."""
        if item.action == DiffSyncActions.CREATE:
            hint = "take it off the device's ports in the IPAM, or make it on the device"
            raise Refused("ADOPT-FROM-SITE", "the VLAN is its site's, and a device can't have one less", hint)
        site, vid = self._given.get(Device, device).site, int(item.element.keys["vid"])
        row = self._vlans.get((site, vid)) or self._vlans[GLOBAL, vid]
        name = (item.element.dest_attrs or {}).get("name")
        others = [other for other, called in self._called(site, vid) if called != name]
        if item.action == DiffSyncActions.UPDATE and (name is None or others or row.site != site):
            why = "the device has no name for it" if name is None else "the name is not only this device's"
            hint = f"see {', '.join(others)}" if others else "change it in the IPAM"
            raise Refused("ADOPT-FROM-SITE", why, hint)
        part.told["vlan", row.get_unique_id()] = set(row.get_managed())

    def _called(self, site: str, vid: int) -> Iterator[tuple[str, str | None]]:
        """Yield the devices of a site that have a VLAN, with their names for it."""
        for vlan in self._actual.get_all(NetworkVlan):
            there = self._given.get_or_none(Device, vlan.device) if vlan.vid == vid else None
            if there is not None and there.site == site:
                yield vlan.device, vlan.name

    # What it refers to ------------------------------------------------------------------------------------

    def _referred(self) -> Iterator[tuple[str, str]]:
        """Yield what must be in the IPAM for what was taken."""
        for model, uid in self._part.told:
            row = self._given.get(model, uid)
            if getattr(row, "vrf", None):
                yield "term", Term.create_unique_id(kind="vrf", name=row.vrf)
            if isinstance(row, Interface):
                site = self._given.get(Device, row.device).site
                values = {name: getattr(row, name) for name in self._part.told[model, uid]}
                vlans = [self._vlans.get((site, vid)) for vid in vids_of(values, None)]
                yield from (("vlan", vlan.get_unique_id()) for vlan in vlans if vlan is not None)
            elif isinstance(row, IPAddress):
                network = ipaddress.ip_interface(row.address).network
                prefix = Prefix.create_unique_id(vrf=row.vrf, prefix=str(network))
                yield from [("prefix", prefix)] if self._given.has("prefix", prefix) else []


def _by_place(dataset: Adapter) -> dict[tuple[str | None, str], list[IPAddress]]:
    found: dict[tuple[str | None, str], list[IPAddress]] = defaultdict(list)
    for row in dataset.get_all(IPAddress):
        found[row.device, row.address].append(row)
    return found


def _address(places: Mapping[tuple[str | None, str], list[IPAddress]], item: Item) -> IPAddress | None:
    """Return the address of a device in an IPAM's dataset; which VRF it is in may be said by its interface alone."""
    keys = item.element.keys
    rows = places.get((keys["device"], keys["address"]), [])
    same = (row for row in rows if (row.vrf or DEFAULT_VRF) == keys["vrf"])
    return next(same, rows[0] if rows else None)


def _put(dataset: Observed, row: Row, names: set[str]) -> None:
    copy = row.model_copy(update={"interfaces": []} if isinstance(row, Device) else {})
    copy.adapter = None
    dataset.add(copy.manage(names))
    if isinstance(copy, Interface):
        dataset.get(Device, copy.device).add_child(copy)
