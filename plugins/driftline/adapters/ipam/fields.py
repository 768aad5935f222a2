"""What is sent for which attribute: the words in which a system's field table is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .refer import as_sent

if TYPE_CHECKING:
    from driftline.engine import Adapter
    from driftline.engine.exceptions import DriftlineError

    from .models import Interface, Row
    from .options import Writing
    from .records import Values
    from .refer import Named, References
    from .sure import SureClient


@dataclass(slots=True)
class Surroundings:
    """What the fields of an object are made with, the same for all of a batch."""

    dataset: Adapter
    sure: SureClient
    options: Writing
    title: str
    refer: References
    named: Named


@dataclass(slots=True, eq=False)
class Item:
    """One object on its way to the IPAM, and what became of it."""

    model: type[Row]
    wanted: Row
    """The record as it is to be; when it is deleted, as it is."""
    changes: Mapping[str, Any]
    """The attributes that change; for a create, all that it is to have."""
    existing: Row | None = None
    """The dataset's own record; None when it is made."""
    payload: Values = field(default_factory=dict)
    answer: Values = field(default_factory=dict)
    failure: DriftlineError | None = None
    tags: tuple[str, ...] = ()
    """The names of the tags that an object gets, or has, which was there already."""
    joined: bool = False
    """Whether the object was there already, or is made for another row that shares it."""

    @property
    def pk(self) -> int | str:
        """The IPAM's id, of an object that is there."""
        pk = self.answer.get("id") if self.existing is None else self.existing.pk
        if pk is None:
            raise LookupError(f"{self.wanted!r} has no id")
        return as_sent(pk)


Make = Callable[[Item, Surroundings], "Values"]
"""Returns what to send for one attribute of an object; raises ObjectRefused where it can't be said."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the objects of a model are, and how they are written."""

    path: str
    """Below the API."""
    fields: Mapping[str, Make]
    """By our identifiers and attributes."""
    identity: Mapping[str, str]
    """The fields that tell one object from all others, each with the filter that finds it."""
    fixed: Make = lambda _item, _around: {}
    """What a create must have besides."""
    marked: bool = True
    """Whether what we make is marked as ours."""
    seen_as: Mapping[str, str | None] = field(default_factory=dict)
    """Fields that are answered under another name, or not at all (None)."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """Parameters by which the server answers with all that is compared."""

    @property
    def written_at(self) -> str:
        """The path for writes, whose answers show all that is compared."""
        return f"{self.path}?{urlencode(self.shown)}" if self.shown else self.path


def plain(ours: str, theirs: str = "") -> Make:
    """Return a field that is sent as it is."""
    return lambda item, _around: {theirs or ours: getattr(item.wanted, ours)}


def text(ours: str, theirs: str = "") -> Make:
    """Return a field that is empty text where we have nothing."""
    return lambda item, _around: {theirs or ours: getattr(item.wanted, ours) or ""}


def term(ours: str, theirs: str, kind: str) -> Make:
    """Return a field that refers to a term by its name."""
    return _reference(ours, theirs, lambda _item, around, name: around.refer("term", kind=kind, name=name))


def site(theirs: str) -> Make:
    """Return a field that refers to a site."""
    return _reference("site", theirs, lambda _item, around, name: around.refer("site", name=name))


def device(theirs: str) -> Make:
    """Return a field that refers to a device."""
    return _reference("device", theirs, lambda _item, around, name: around.refer("device", name=name))


def sibling(ours: str, theirs: str) -> Make:
    """Return a field that refers to another interface of the same device."""
    return _reference(
        ours,
        theirs,
        lambda item, around, name: around.refer("interface", device=_of(item, "device"), name=name),
    )


def vlan(ours: str, theirs: str) -> Make:
    """Return a field that refers to a VLAN by its number."""
    return _reference(ours, theirs, lambda item, around, vid: around.refer.vlan(_of(item, "device"), vid))


def vlans(ours: str, theirs: str) -> Make:
    """Return a field that refers to several VLANs by their numbers."""
    return lambda item, around: {theirs: around.refer.vlans(_of(item, "device"), getattr(item.wanted, ours))}


def mode(item: Item, _around: Surroundings) -> Values:
    """Return an interface's mode, with the VLANs that it can't have in it: they must go in the same request."""
    wanted = _of(item, "mode")
    gone: dict[str, Any] = {} if wanted == "tagged" else {"tagged_vlans": []}
    return {"mode": wanted or "", **gone, **({} if wanted else {"untagged_vlan": None})}


def drop_vlans_with_mode(wanted: Interface, changes: Mapping[str, Any]) -> None:
    """Let a record lose the VLANs that its new mode does not go with, unless they are set in the same change."""
    if "mode" not in changes:
        return
    if wanted.mode != "tagged" and "tagged_vlans" not in changes:
        wanted.tagged_vlans = "none"
    if wanted.mode is None and "untagged_vlan" not in changes:
        wanted.untagged_vlan = None


def nothing(_item: Item, _around: Surroundings) -> Values:
    """Return nothing: the attribute is not a field of the object itself."""
    return {}


def device_type(item: Item, around: Surroundings) -> tuple[int | str, str]:
    """Return the manufacturer's id and the model of a device type's name."""
    manufacturer, __, model = _of(item, "name").partition("/")
    return around.refer("term", kind="manufacturer", name=manufacturer), model


def _reference(ours: str, theirs: str, find: Callable[[Item, Surroundings, Any], int | str]) -> Make:
    def made(item: Item, around: Surroundings) -> Values:
        value = getattr(item.wanted, ours)
        return {theirs: None if value in (None, "") else find(item, around, value)}

    return made


def _of(item: Item, name: str) -> Any:
    return getattr(item.wanted, name)
