"""Which drift is to become intent, and what of it only goes together."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, cast

from driftline.engine.enum import DiffSyncActions
from driftline.network import name_key, select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from driftline.engine import Adapter, Diff
    from driftline.engine.diff import DiffElement
    from driftline.network import Device

_MODELS: Final = frozenset({"interface", "vlan", "ip_address"})
_TOGETHER: Final = {"lag": "lag_mode"}
"""An attribute that makes no sense without another."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which drift is meant; what is empty leaves open. `*` and `?` stand for any characters and for one."""

    devices: str | None = None
    """As for `--limit`: names, sites or roles."""
    models: Collection[str] = ()
    """`interface`, `vlan`, `ip_address`."""
    objects: Collection[str] = ()
    """Names: `Ethernet1`, `Vlan*`, `10.0.*`, or a VLAN's id. An interface's name is also for its addresses."""
    attributes: Collection[str] = ()
    """Of objects that both sides have; with it, none is taken in or taken out."""


@dataclass(frozen=True, slots=True)
class Item:
    """One object that differs, and what of it was chosen."""

    element: DiffElement
    parent: DiffElement | None = None
    """The interface of an address."""
    attributes: tuple[str, ...] = ()
    """Of an object that is on both sides."""

    @property
    def action(self) -> str | None:
        """What would have to be done on the device."""
        return self.element.action

    @property
    def name(self) -> str:
        """What the object is called on its device."""
        keys = self.element.keys
        return str(keys["address" if self.element.type == "ip_address" else _NAMES[self.element.type]])

    @property
    def what(self) -> str:
        """How messages call it."""
        return f"{self.element.type.replace('ip_address', 'address')} {self.name}"


_NAMES: Final = {"interface": "name", "vlan": "vid"}


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Objects of a device that become intent together or not at all."""

    device: str
    items: tuple[Item, ...]


def chosen_groups(diff: Diff, intended: Adapter, choice: Choice) -> list[Group]:
    """Return what was chosen of the drift, in the order of the diff.

    An interface that comes or goes, or changes its VRF, takes its addresses along; and what is or was the
    primary IPv4 address of an interface goes together.
    """
    devices = [cast("Device", device) for device in intended.get_all("device")]
    names = None if choice.devices is None else select(devices, choice.devices)
    found: list[Group] = []
    for device, element in drifted_objects(diff):
        if names is None or device in names:
            found.extend(Group(device, items) for items in _groups(element, choice))
    return found


def drifted_objects(diff: Diff) -> Iterator[tuple[str, DiffElement]]:
    """Return the interfaces and VLANs that differ, or of which an address does, each with its device."""
    for site in diff.differing():
        for device in site.child_diff.differing():
            yield from ((str(device.keys["name"]), element) for element in device.child_diff.in_order())


def _groups(element: DiffElement, choice: Choice) -> Iterator[tuple[Item, ...]]:
    item = _item(element, None, choice)
    addresses = list(element.child_diff.in_order()) if element.has_children() else []
    if item is not None and (item.action != DiffSyncActions.UPDATE or "vrf" in item.attributes):
        yield (item, *(Item(address, element, _changed(address)) for address in addresses))
        return
    if item is not None:
        yield (item,)
    picked = [address for address in addresses if _item(address, element, choice) is not None]
    if any(_is_primary(address) for address in picked):
        primaries = [address for address in addresses if _is_primary(address)]
        yield tuple(Item(address, element, _changed(address)) for address in primaries)
        picked = [address for address in picked if not _is_primary(address)]
    for address in picked:
        yield (Item(address, element, _changed(address)),)


def _item(element: DiffElement, parent: DiffElement | None, choice: Choice) -> Item | None:
    """Return what is chosen of an object, None when it is not."""
    if element.action is None or element.type not in (choice.models or _MODELS):
        return None
    if choice.objects and not _is_named(element, parent, choice.objects):
        return None
    if element.action != DiffSyncActions.UPDATE:
        return None if choice.attributes else Item(element, parent)
    changed = _changed(element)
    names = [name for name in changed if not choice.attributes or _matches(name, choice.attributes)]
    names += [also for name, also in _TOGETHER.items() if name in names and also in changed]
    return Item(element, parent, tuple(dict.fromkeys(names))) if names else None


def _changed(element: DiffElement) -> tuple[str, ...]:
    return tuple(element.get_attrs_diffs().get("+", ())) if element.action == DiffSyncActions.UPDATE else ()


def _is_named(element: DiffElement, parent: DiffElement | None, patterns: Collection[str]) -> bool:
    interface = str((parent or element).keys.get("name", ""))
    names = [interface, str(element.keys.get("vid", ""))]
    if parent is not None:
        address = str(element.keys["address"])
        names += [address, address.partition("/")[0]]
    other_spelling = any(name_key(pattern) == name_key(interface) for pattern in patterns if interface)
    return other_spelling or any(_matches(name, patterns) for name in names if name)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns)


def _is_primary(address: DiffElement) -> bool:
    """Return whether it is its interface's primary IPv4 address on either side."""
    sides = [attrs for attrs in (address.source_attrs, address.dest_attrs) if attrs is not None]
    return ":" not in str(address.keys["address"]) and any(not side.get("secondary") for side in sides)
