"""What an IPAM intends on devices: its records in the words of the network models.

An IPAM can't say "no opinion". What is empty in it is left alone on the devices, unless `intention.empty` says that
the IPAM is complete.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import structlog

from driftline.engine import DiffSyncModelFlags
from driftline.network import (
    DEFAULT_VRF,
    RESERVED_VLANS,
    Endpoint,
    IntendedState,
    InterfaceKind,
    Ownership,
    expand_vlans,
    interface_kind,
    name_key,
)
from driftline.network import Interface as NetworkInterface
from driftline.network import IPAddress as NetworkAddress

from .hardware import napalm_name
from .models import GLOBAL, Device, Interface, IPAddress, Term, Vlan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftline.engine import Adapter, DiffSyncModel
    from driftline.network import Device as NetworkDevice

    from .adapter import IpamAdapter
    from .options import Intention

_log = structlog.get_logger(__name__)
_PRESENT: Final = frozenset({"active", "staged"})
"""The statuses of devices that are there and are to be as the IPAM says."""
IN_USE: Final = frozenset({"active", "slaac"})
"""The statuses of addresses that are to be configured: what is reserved or given out by DHCP is not."""
NOT_ON_INTERFACES: Final = frozenset({"vip", "vrrp", "hsrp", "glbp", "carp"})
"""The roles of addresses that a protocol brings up and no interface is configured with."""
_THERE: Final = "active"
"""The status of VLANs that devices are to have; what is reserved may be used, and need not be there yet."""
_SWITCHING: Final = frozenset({InterfaceKind.PHYSICAL, InterfaceKind.LAG})
_MODES: Final = {"access": "access", "tagged": "trunk", "tagged-all": "trunk"}


class IpamInterface(NetworkInterface):
    """An interface as an IPAM intends it."""

    def owns(self, child: DiffSyncModel) -> bool:
        """Return whether an unlisted address is to go: never a link-local one, which no IPAM holds."""
        if isinstance(child, NetworkAddress) and ipaddress.ip_interface(child.address).is_link_local:
            return False
        return super().owns(child)


class IpamIntent(IntendedState):
    """The intended state, as an IPAM tells it."""

    interface = IpamInterface

    def __init__(self, ipam: IpamAdapter, intention: Intention, name: str = "ipam") -> None:
        super().__init__(name=name)
        self.ipam = ipam
        self.intention = intention

    def load(self) -> None:
        """Read the IPAM, and fill the dataset; raises LoadError, and then loads nothing."""
        self.ipam.load(self.on_rows)
        self.touched = datetime.now(UTC)
        self.notes = (*self.ipam.skipped, *fill(self, self.ipam, self.intention))
        self.endpoints = {
            device.name: Endpoint((device.primary_ip4 or device.primary_ip6 or "").partition("/")[0] or None)
            for device in self.ipam.get_all(Device)
        }
        self.facts = {"requests": self.ipam.requests, "seconds": self.ipam.seconds}
        _log.info("intended state loaded", source=self.name, objects=len(self), **self.facts)


def fill(state: IntendedState, ipam: Adapter, intention: Intention) -> list[str]:
    """Fill a dataset with what an IPAM intends, and return what was left out and why."""
    projection = _Projection(state, ipam, intention)
    for device in sorted(ipam.get_all(Device), key=lambda device: (device.site, device.name)):
        projection.add(device)
    return projection.notes


class _Projection:
    """One IPAM on its way to an intended state."""

    def __init__(self, state: IntendedState, ipam: Adapter, intention: Intention) -> None:
        self.notes: list[str] = []
        self._state = state
        self._intention = intention
        self._ipam = ipam
        self._drivers = {
            term.name: napalm_name(term, intention.platforms)
            for term in ipam.get_all(Term)
            if term.kind == "platform"
        }
        self._addresses = _addresses_in_use(ipam)
        self._names = _vlan_names(ipam)
        self._held = {(vlan.site, vlan.vid) for vlan in ipam.get_all(Vlan)}

    def add(self, device: Device) -> None:
        """Add a device with all that is intended on it, if it takes part."""
        driver = self._drivers.get(device.platform or "")
        if device.status not in _PRESENT:
            self.notes.append(f"device {device.name}: left out, since its status is {device.status}")
        elif driver is None:
            named = "no platform" if device.platform is None else f"the platform {device.platform!r}"
            self.notes.append(f"device {device.name}: left out, since NAPALM knows no driver for {named}")
        else:
            self._add(device, driver)

    def _add(self, device: Device, driver: str) -> None:
        interfaces: list[Interface] = self._ipam.get_by_uids(device.interfaces, Interface)
        required, spared = self._vids(interfaces, device.site)
        made = self._state.device(
            name=device.name,
            site=device.site,
            role=device.role,
            platform=driver,
            serial=device.serial or None,
            ownership=self._ownership(vlans=bool(required)),
        )
        site, __ = self._state.get_or_instantiate(self._state.site, {"name": device.site})
        self._state.add(made)
        site.add_child(made)
        for vid in sorted(required | spared):
            self._add_vlan(made, vid, required=vid in required)
        for interface in interfaces:
            self._add_interface(made, interface)

    def _ownership(self, *, vlans: bool) -> Ownership:
        policy = self._intention.manage
        return Ownership(
            interfaces=policy,
            vlans=policy if vlans else "absent",
            addresses=policy,
            reset_unlisted_ports=self._intention.reset_unlisted_ports and policy == "exclusive",
        )

    # VLANs ------------------------------------------------------------------------------------------------

    def _vids(self, interfaces: Iterable[Interface], site: str) -> tuple[set[int], set[int]]:
        """Return the VLANs that a device must have, and those that it may have; none, if it is no switch."""
        used = {vid for interface in interfaces for vid in _used(interface)} - RESERVED_VLANS
        if not used or self._intention.vlans == "none":
            return set(), set()
        held = {vid for place, vid in self._held if place in (site, GLOBAL)} - RESERVED_VLANS
        if self._intention.vlans == "site":
            used |= {vid for place, vid in self._names if place == site}
        required = {vid for vid in used - RESERVED_VLANS if self._names_of(site, vid)}
        return required, held - required if self._intention.manage == "exclusive" else set()

    def _add_vlan(self, device: NetworkDevice, vid: int, *, required: bool) -> None:
        names = self._names_of(device.site, vid)
        name = next(iter(names)) if len(names) == 1 else None
        vlan = self._state.vlan.trusted(device=device.name, vid=vid, name=name)
        if not required:  # neither made nor deleted
            vlan.model_flags = DiffSyncModelFlags.SKIP_UNMATCHED_SRC
        self._state.add(vlan.manage(() if name is None else ("name",)))
        device.add_child(vlan)

    def _names_of(self, site: str, vid: int) -> set[str]:
        """Return what a VLAN is called at a site; nothing: the IPAM does not have it, or not as one in use."""
        return self._names.get((site, vid)) or self._names.get((GLOBAL, vid)) or set()

    # Interfaces -------------------------------------------------------------------------------------------

    def _add_interface(self, device: NetworkDevice, interface: Interface) -> None:
        addresses = self._addresses.get((device.name, name_key(interface.name)), [])
        values = _values(interface, addressed=bool(addresses), complete=self._intention.empty == "empty")
        if self._intention.attributes:
            values = {name: value for name, value in values.items() if name in self._intention.attributes}
        made = self._state.interface.trusted(
            device=device.name, name=interface.name, owns_addresses=self._intention.manage, **values
        )
        self._state.add(made.manage(values))
        device.add_child(made)
        self._add_addresses(made, interface, addresses)

    def _add_addresses(
        self, made: NetworkInterface, interface: Interface, addresses: Iterable[IPAddress]
    ) -> None:
        listed = list(addresses)
        primaries = [one for one in listed if one.is_ipv4 and one.role != "secondary"]
        first = primaries[0] if primaries else None
        others = self._intention.manage == "exclusive" or any(one.role == "secondary" for one in listed)
        for address in listed:
            one = self._state.ip_address.trusted(
                device=made.device,
                vrf=address.vrf or interface.vrf or DEFAULT_VRF,
                address=address.address,
                interface=made.name,
                secondary=address.is_ipv4 and address is not first,
            )
            # Which of several addresses is the primary one an IPAM tells only by the role of the others.
            told = not address.is_ipv4 or address.role == "secondary" or (others and len(primaries) == 1)
            self._state.add(one.manage(("interface", "secondary") if told else ("interface",)))
            made.add_child(one)


def _values(interface: Interface, *, addressed: bool, complete: bool) -> dict[str, Any]:
    """Return the attributes on which the IPAM has an opinion.

    Args:
        addressed: whether it has addresses: then it is a routed port, if it is one at all.
        complete: whether what is empty must be empty on the device.
    """
    kind = interface_kind(interface.name)
    told: dict[str, Any] = {
        "description": interface.description or None,
        "mtu": interface.mtu,
        "vrf": interface.vrf,
    }
    if kind is InterfaceKind.PHYSICAL:
        told["lag"] = interface.lag
    values = {name: value for name, value in told.items() if value is not None or complete}
    values["enabled"] = interface.enabled
    if kind is InterfaceKind.SUBINTERFACE:
        vid = encapsulation(interface)
        values.update({} if vid is None else {"encapsulation_vlan": vid})
    elif kind in _SWITCHING and interface.lag is None and not interface.mgmt_only:
        values.update(_switching(interface, addressed=addressed, complete=complete))
    return values


def _switching(interface: Interface, *, addressed: bool, complete: bool) -> dict[str, Any]:
    if interface.mode is None:
        return {"mode": "routed"} if addressed or interface.vrf is not None else {}
    values: dict[str, Any] = {"mode": _MODES[interface.mode]}
    untagged = interface.untagged_vlan
    if interface.mode == "access":
        return values if untagged is None else {**values, "access_vlan": untagged}
    values["trunk_vlans"] = "all" if interface.mode == "tagged-all" else interface.tagged_vlans
    if untagged is not None or complete:
        values["native_vlan"] = untagged
    return values


def encapsulation(interface: Interface) -> int | None:
    """Return the tag of a subinterface: its untagged VLAN, or the only one that it carries tagged."""
    tagged = expand_vlans(interface.tagged_vlans)
    return interface.untagged_vlan or (next(iter(tagged)) if len(tagged) == 1 else None)


def _used(interface: Interface) -> set[int]:
    """Return the VLANs that an interface needs on its device."""
    kind = interface_kind(interface.name)
    if kind is InterfaceKind.SVI:
        digits = "".join(character for character in interface.name if character.isdigit())
        return {int(digits)} if digits else set()
    if kind not in _SWITCHING or interface.mode is None:
        return set()
    tagged = set(expand_vlans(interface.tagged_vlans)) if interface.mode == "tagged" else set()
    return tagged | ({interface.untagged_vlan} if interface.untagged_vlan else set())


def _addresses_in_use(ipam: Adapter) -> dict[tuple[str, str], list[IPAddress]]:
    """Return the addresses to be configured by device and interface: the primary ones first, then as they were made."""
    found: dict[tuple[str, str], list[IPAddress]] = defaultdict(list)
    for address in ipam.get_all(IPAddress):
        if address.device is None or address.interface is None:
            continue
        in_use = address.status in IN_USE and address.role not in NOT_ON_INTERFACES
        if in_use and not ipaddress.ip_interface(address.address).is_link_local:
            found[address.device, name_key(address.interface)].append(address)
    for addresses in found.values():
        addresses.sort(key=lambda one: (one.role == "secondary", not one.primary, _made(one)))
    return found


def _made(address: IPAddress) -> tuple[int, str]:
    """Return a key that sorts by age where ids are numbers, else by text."""
    number = address.pk if isinstance(address.pk, int) else 0
    return number, address.address


def _vlan_names(ipam: Adapter) -> dict[tuple[str, int], set[str]]:
    names: dict[tuple[str, int], set[str]] = defaultdict(set)
    for vlan in (vlan for vlan in ipam.get_all(Vlan) if vlan.status == _THERE):
        names[vlan.site, vlan.vid].add(vlan.name)
    return names
