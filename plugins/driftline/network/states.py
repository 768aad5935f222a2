"""The states of network resource modules: what a part of an intent means when it is merged, replaced or deleted.

A state turns what is intended, before it is compared, into an intent that says the same without any state.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from driftline.engine.exceptions import PlanError, Problem

from .models import DEFAULT_VRF, Device, Interface, IPAddress, Ownership, Vlan
from .names import InterfaceKind, expand_vlans, name_key, vlan_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from driftline.engine import Adapter, DiffSyncModel

    from .intended import IntendedState

_PORTS: Final = frozenset({InterfaceKind.PHYSICAL, InterfaceKind.LAG})
_ONLY_OF: Final[Mapping[str, Collection[InterfaceKind]]] = {
    # attribute → the kinds of interface that have it; all have the others
    "mtu": frozenset(InterfaceKind) - {InterfaceKind.LOOPBACK},
    **dict.fromkeys(("mode", "access_vlan", "trunk_vlans", "native_vlan"), _PORTS),
    **dict.fromkeys(("lag", "lag_mode"), (InterfaceKind.PHYSICAL,)),
    "encapsulation_vlan": (InterfaceKind.SUBINTERFACE,),
}
_OF_MEMBERS: Final = ("description", "enabled", "lag", "lag_mode")


class State(StrEnum):
    """How far what is given is the truth."""

    INTENDED = "intended"
    """As the source itself says."""
    MERGED = "merged"
    """What is given is there too; nothing is deleted."""
    REPLACED = "replaced"
    """Each listed interface and VLAN is as given, and all that is not given of it is as by default."""
    OVERRIDDEN = "overridden"
    """The same, and of the collections that are given there is nothing else."""
    DELETED = "deleted"
    """What is listed is gone; of a collection that lists nothing, all is."""


def into(state: State, intended: IntendedState, actual: Adapter) -> None:
    """Turn what is intended, in place, into what it means in a state; before it is fitted to the devices.

    Args:
        state: the state; `INTENDED` leaves everything as it is.
        intended: one device's intent, or many.
        actual: what the devices have.

    Raises:
        PlanError: something can't be so in this state; it names every such object.
    """
    meaning = _MEANINGS.get(state)
    if meaning is None:
        return
    devices = intended.get_all(Device)
    problems = [problem for device in devices for problem in meaning(_Part(intended, actual, device))]
    if problems:
        raise PlanError(f"What is given can't be {state.value}", problems=problems)


@lru_cache
def attributes_of(kind: InterfaceKind, *, member: bool) -> tuple[str, ...]:
    """Return the attributes that a kind of interface has of its own.

    Args:
        kind: what the interface is.
        member: whether it is in a port-channel, which then has all that is about switching and routing.
    """
    if member:
        return _OF_MEMBERS
    names = Interface._attributes  # noqa: SLF001 - they are ours
    return tuple(name for name in names if kind in _ONLY_OF.get(name, InterfaceKind))


@dataclass(frozen=True, slots=True)
class _Part:
    """What is intended of one device, and where to look for what it has."""

    intended: IntendedState
    actual: Adapter
    device: Device

    @property
    def vlans(self) -> list[Vlan]:
        return self.intended.get_by_uids(self.device.vlans, Vlan)

    @property
    def interfaces(self) -> list[Interface]:
        return self.intended.get_by_uids(self.device.interfaces, Interface)

    def addresses(self, interface: Interface) -> list[IPAddress]:
        return self.intended.get_by_uids(interface.addresses, IPAddress)

    def there(self, obj: DiffSyncModel) -> Any:
        """Return the object that the device has; None: it has none."""
        return self.actual.get_or_none(obj.get_type(), obj.get_unique_id())


# Merged ---------------------------------------------------------------------------------------------------


def _merged(part: _Part) -> Iterator[Problem]:
    _own_what_is_listed(part.device)
    for vlan in part.vlans:
        _manage_what_is_given(vlan)
    for interface in part.interfaces:
        there = part.there(interface)
        _manage_what_is_given(interface)
        _settle_vrf(part, interface, there)
        interface.owns_addresses = "absent" if interface.owns_addresses == "absent" else "listed"
        if there is not None:
            _widen(interface, there)
            yield from _displaced(part, interface, there)


def _own_what_is_listed(device: Device) -> None:
    policies = {
        name: "absent" if getattr(device.ownership, name) == "absent" else "listed"
        for name in ("interfaces", "vlans", "addresses")
    }
    device.ownership = Ownership(**policies)  # type: ignore[arg-type] # two of the policies


def _manage_what_is_given(obj: DiffSyncModel) -> None:
    obj.manage(name for name in obj.get_managed() if getattr(obj, name) is not None)


def _settle_vrf(part: _Part, interface: Interface, there: Interface | None) -> None:
    """Put addresses into the VRF that their interface is in, where nothing is given about it."""
    if "vrf" in interface.get_managed():
        return
    vrf = (there.vrf if there is not None else None) or DEFAULT_VRF
    for address in part.addresses(interface):
        if address.vrf != vrf:
            interface.remove_child(address)
            part.intended.remove(address)
            address.vrf = vrf
            part.intended.add(address, interface)


def _widen(interface: Interface, there: Interface) -> None:
    """Let a trunk keep the VLANs that it has; a port that is none has all by default, which are not in use."""
    if "trunk_vlans" not in interface.get_managed() or there.trunk_vlans is None:
        return
    if there.mode == "trunk" or there.trunk_vlans != "all":
        both = {*expand_vlans(there.trunk_vlans), *expand_vlans(interface.trunk_vlans or "none")}
        interface.trunk_vlans = vlan_ranges(both)


def _displaced(part: _Part, interface: Interface, there: Interface) -> Iterator[Problem]:
    """Return a problem for each address that the device would drop: for another primary one, or with the VRF."""
    listed = part.intended.find_by_uids(there.addresses, IPAddress)
    for address in part.actual.get_by_uids(there.addresses, IPAddress):
        if address.get_unique_id() not in listed and interface.owns(address):
            yield Problem(
                f"{interface.device} {interface.name}",
                "STATE-NOT-MERGED",
                f"it would lose {address.get_shortname()}, and what is merged deletes nothing",
                "use state replaced, or give no other primary address and no other VRF",
            )


# Replaced and overridden ----------------------------------------------------------------------------------


def _replaced(part: _Part) -> Iterator[Problem]:
    _own_what_is_listed(part.device)
    for vlan in part.vlans:
        vlan.manage(("name",))
    for interface in part.interfaces:
        _manage_all(interface)
        interface.owns_addresses = "exclusive"
    yield from ()


def _manage_all(interface: Interface) -> None:
    """Let what is not given of an interface be empty, which is the platform's default."""
    given = interface.get_managed()
    member = "lag" in given and interface.lag is not None
    names = {*given, *attributes_of(interface.kind, member=member)}
    for name in names.difference(given):
        setattr(interface, name, None)
    if member and interface.lag_mode is None:
        interface.lag_mode = "active"  # what a device is sent when nothing is said
    interface.manage(names)


def _overridden(part: _Part) -> Iterator[Problem]:
    yield from _replaced(part)
    _own_all(part.device)
    if part.device.ownership.interfaces == "exclusive":
        yield from _unlisted_lags(part)


def _own_all(device: Device) -> None:
    given = device.ownership
    device.ownership = Ownership(
        interfaces="absent" if given.interfaces == "absent" else "exclusive",
        vlans="absent" if given.vlans == "absent" else "exclusive",
        addresses="absent" if given.addresses == "absent" else "exclusive",
        reset_unlisted_ports=given.interfaces != "absent",
    )


def _unlisted_lags(part: _Part) -> Iterator[Problem]:
    listed = {name_key(interface.name) for interface in part.interfaces}
    for interface in part.interfaces:
        if interface.lag is not None and name_key(interface.lag) not in listed:
            yield Problem(
                f"{interface.device} {interface.name}",
                "STATE-LAG-NOT-LISTED",
                f"it is a member of {interface.lag}, which is not listed and would be deleted",
                f"list {interface.lag} too",
            )


# Deleted --------------------------------------------------------------------------------------------------


class Emptied(Device):
    """A device of which named objects are to go, and nothing else is intended."""

    going: dict[str, frozenset[str]]
    """Model → the unique ids of what is to go; empty: all, but for what is never deleted."""

    def owns(self, child: DiffSyncModel) -> bool:
        """Return whether an object is among those, and can go."""
        named = self.going.get(child.get_type(), frozenset())
        return super().owns(child) and (not named or child.get_unique_id() in named)


def _deleted(part: _Part) -> Iterator[Problem]:
    device = part.device
    listed: list[Vlan | Interface] = [*part.vlans, *part.interfaces]
    yield from _staying(part, listed)
    _own_all(device)
    going = {"vlan": frozenset(device.vlans), "interface": frozenset(device.interfaces)}
    for obj in listed:
        part.intended.remove(obj, remove_children=True)
    facts = {name: getattr(device, name) for name in Device.model_fields if name != "adapter"}
    bare = Emptied(**{**facts, "interfaces": [], "vlans": []}, going=going)
    part.intended.remove(device)
    part.intended.add(bare)


def _staying(part: _Part, listed: Iterable[Vlan | Interface]) -> Iterator[Problem]:
    """Return a problem for each listed object that is never deleted."""
    for obj in listed:
        there = part.there(obj)
        if there is not None and _is_exempt(there):
            yield Problem(
                f"{part.device.name} {obj.get_type()} {obj.get_shortname()}",
                "STATE-NOT-DELETED",
                "it is never deleted or reset: the device needs it to be reached or to keep together",
                "take it off the list",
            )


def _is_exempt(obj: Vlan | Interface) -> bool:
    if isinstance(obj, Vlan):
        return obj.exempt
    return obj.protected or not (obj.kind.logical or obj.kind is InterfaceKind.PHYSICAL)


_MEANINGS: Final[Mapping[State, Callable[[_Part], Iterator[Problem]]]] = {
    State.MERGED: _merged,
    State.REPLACED: _replaced,
    State.OVERRIDDEN: _overridden,
    State.DELETED: _deleted,
}
