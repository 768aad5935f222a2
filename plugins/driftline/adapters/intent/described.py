"""What the intent says of what a device has: all that has a meaning there, so that all of it is owned."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from pydantic import BaseModel, ValidationError

from driftline.engine.exceptions import Problem
from driftline.network import RESERVED_VLANS, Device, Interface, InterfaceKind, IPAddress, name_order
from driftline.network.states import attributes_of

from .addresses import wrong_address
from .rules import breaches
from .schema import AddressEntry, InterfaceEntry, PortKeys, VlanEntry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from driftline.engine import Adapter
    from driftline.network import Vlan

Host: TypeAlias = "tuple[str, str]"
"""A VRF, and an address in it without its prefix length."""

SWITCHED: Final = frozenset({InterfaceKind.PHYSICAL, InterfaceKind.LAG})
_MODE_KEYS: Final[dict[str | None, tuple[str, ...]]] = {
    "access": ("mode", "access_vlan"),
    "trunk": ("mode", "trunk_vlans", "native_vlan"),
    "routed": ("mode", "vrf"),
}
_NEVER_NULL: Final = frozenset(_MODE_KEYS["access"]) | frozenset(_MODE_KEYS["trunk"])
_OF_A_MODE: Final = _NEVER_NULL | frozenset(_MODE_KEYS["routed"])
_NOT_MANAGED: Final = "it is not managed; change it on the device if it should be"


def interface_keys(kind: InterfaceKind, values: Mapping[str, Any], *, addressed: bool) -> dict[str, Any]:
    """Return the keys for an interface, in the order of the schema.

    A member of a port-channel is switched as the port-channel is, so nothing is said about that; a key of
    another mode has no meaning, but for the VRF where there are addresses in it. What could not be read is
    left out.
    """
    meant = {*_meaningful(kind, values), *(("vrf",) if addressed else ())}
    meant = {name for name in meant if is_sayable(kind, name, values.get(name))}
    return {name: values.get(name) for name in PortKeys.model_fields if name in meant}


def is_sayable(kind: InterfaceKind, name: str, value: Any) -> bool:
    """Return whether a file can say this value; None of a switched port's mode or VLANs means: not understood."""
    return value is not None or kind not in SWITCHED or name not in _NEVER_NULL


def vlan_keys(name: str | None) -> dict[str, Any]:
    """Return the keys for a VLAN."""
    return {"name": name}


def address_list(addresses: Mapping[str, Mapping[str, Any]]) -> list[str] | dict[str, Any]:
    """Return addresses as they are best written: a list, where there is nothing more to say about any."""
    return {text: dict(keys) for text, keys in addresses.items()} if any(addresses.values()) else [*addresses]


def _meaningful(kind: InterfaceKind, values: Mapping[str, Any]) -> Iterable[str]:
    member = values.get("lag") is not None
    own = attributes_of(kind, member=member)
    if member or kind not in SWITCHED:
        return own
    without = {"lag_mode", *_OF_A_MODE}.difference(_MODE_KEYS.get(values.get("mode"), ()))
    return [name for name in own if name not in without]


# One device -----------------------------------------------------------------------------------------------


class Describing:
    """Says in the words of the files what devices have, and notes what can't be said."""

    def __init__(self, actual: Adapter, shared_hosts: Collection[Host] = ()) -> None:
        """Describe the devices of a dataset.

        Args:
            actual: the dataset.
            shared_hosts: the addresses that several devices have, which are anycast ones.
        """
        self.left_out: list[Problem] = []
        self._actual = actual
        self._shared_hosts = shared_hosts

    def device(
        self, device: Device, vlans: Mapping[Any, Any], interfaces: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the keys of a device's file with these entries; a blank one is left out."""
        identity = {name: getattr(device, name) for name in ("site", "role", "platform", "serial")}
        written = {**identity, **_owned(device), "vlans": dict(vlans), "interfaces": dict(interfaces)}
        return {name: value for name, value in written.items() if value or _is_owned_empty(device, name)}

    def interfaces(self, device: Device) -> dict[str, dict[str, Any]]:
        """Return the entries of a device's interfaces, in natural order."""
        interfaces = cast("list[Interface]", self._actual.get_by_uids(device.interfaces, "interface"))
        return {
            interface.name: self._interface(interface)
            for interface in sorted(interfaces, key=lambda one: name_order(one.name))
        }

    def vlans(self, device: Device) -> dict[int, dict[str, Any]]:
        """Return the entries of a device's VLANs, but for those that exist by themselves."""
        vlans = cast("list[Vlan]", self._actual.get_by_uids(device.vlans, "vlan"))
        return {
            vlan.vid: self._valid(
                VlanEntry,
                vlan_keys(vlan.name) if vlan.get_managed() else {},
                device.name,
                f"vlan {vlan.vid}",
            )
            for vlan in sorted(vlans, key=lambda one: one.vid)
            if vlan.vid not in RESERVED_VLANS
        }

    def _interface(self, interface: Interface) -> dict[str, Any]:
        what = f"interface {interface.name}"
        addresses = self._addresses(interface)
        keys = self._valid(
            InterfaceEntry, _said(interface, addressed=bool(addresses)), interface.device, what
        )
        for breach in [*breaches(interface.kind, keys, addresses)]:
            self._leave_out(interface.device, f"{what}: {breach.message}")
            keys.pop(breach.key, None)
            addresses = {} if breach.key == "addresses" else addresses
        if not addresses and interface.owns_addresses == "absent":
            return keys
        return {**keys, "addresses": address_list(addresses), **self._manage_addresses(interface)}

    def _manage_addresses(self, interface: Interface) -> dict[str, Any]:
        """Return how far an interface's addresses are owned, where it is not as on the device as a whole."""
        usual = cast("Device", self._actual.get("device", interface.device)).ownership.addresses
        owns = interface.owns_addresses
        return {} if owns in ("absent", usual) else {"manage_addresses": owns}

    def _addresses(self, interface: Interface) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        addresses = cast("list[IPAddress]", self._actual.get_by_uids(interface.addresses, "ip_address"))
        for address in sorted(addresses, key=_address_order):
            marks = {"secondary": address.secondary, "anycast": host_of(address) in self._shared_hosts}
            keys = {name: value for name, value in marks.items() if value}
            wrong = wrong_address(address.address, AddressEntry(**keys))
            if wrong is None:
                found[address.address] = keys
            else:
                self._leave_out(
                    interface.device, f"interface {interface.name}: {address.address}: {wrong[1]}"
                )
        return found

    def _valid(self, schema: type[BaseModel], keys: dict[str, Any], device: str, what: str) -> dict[str, Any]:
        """Return the keys that a file can have."""
        try:
            schema.model_validate(keys)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                self._leave_out(device, f"{what}: {detail['loc'][0]}: {detail['msg']}")
                keys = {name: value for name, value in keys.items() if name != detail["loc"][0]}
        return keys

    def _leave_out(self, device: str, message: str) -> None:
        self.left_out.append(Problem(device, "DISCOVER-LEFT-OUT", message, _NOT_MANAGED))


def host_of(address: IPAddress) -> Host:
    """Return an address's host in its VRF."""
    return address.vrf, str(ipaddress.ip_interface(address.address).ip)


def _address_order(address: IPAddress) -> tuple[bool, bool, object]:
    """Return a sort key: IPv4 before IPv6, the primary first."""
    return not address.is_ipv4, address.secondary, name_order(address.address)


def _said(interface: Interface, *, addressed: bool) -> dict[str, Any]:
    """Return the keys of an interface: what it has an opinion on, or all that has a meaning there."""
    values, managed = interface.get_attrs(), interface.get_managed()
    if set(managed) == set(values):
        return interface_keys(interface.kind, values, addressed=addressed)
    return {name: values[name] for name in PortKeys.model_fields if name in managed}


def _owned(device: Device) -> dict[str, Any]:
    """Return the keys that say how far a device's collections are owned, where that is more than as listed."""
    ownership = device.ownership
    collections = ("interfaces", "vlans", "addresses")
    exclusive = {name: "exclusive" for name in collections if getattr(ownership, name) == "exclusive"}
    return {"manage": exclusive, "reset_unlisted_ports": ownership.reset_unlisted_ports}


def _is_owned_empty(device: Device, name: str) -> bool:
    return name in ("interfaces", "vlans") and (
        getattr(device.ownership, name) != "absent" and not getattr(device, name)
    )
