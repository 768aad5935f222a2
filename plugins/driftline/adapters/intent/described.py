"""What the intent says of an object that a device has: all that has a meaning there, so that all of it is owned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from driftline.network import InterfaceKind

from .schema import PortKeys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SWITCHED: Final = frozenset({InterfaceKind.PHYSICAL, InterfaceKind.LAG})
_MODE_KEYS: Final[dict[str | None, tuple[str, ...]]] = {
    "access": ("mode", "access_vlan"),
    "trunk": ("mode", "trunk_vlans", "native_vlan"),
    "routed": ("mode", "vrf"),
}
_NEVER_NULL: Final = frozenset(_MODE_KEYS["access"]) | frozenset(_MODE_KEYS["trunk"])


def interface_keys(kind: InterfaceKind, values: Mapping[str, Any], *, addressed: bool) -> dict[str, Any]:
    """Return the keys for an interface, in the order of the schema.

    A member of a port-channel is switched as the port-channel is, so nothing is said about that; a key of
    another mode has no meaning, but for the VRF where there are addresses in it. What could not be read is
    left out.
    """
    meant = set(_meaningful(kind, values)) | ({"vrf"} if addressed else set())
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


def _meaningful(kind: InterfaceKind, values: Mapping[str, Any]) -> Iterator[str]:
    yield from ("description", "enabled")
    if values.get("lag") is not None:
        yield from ("lag", "lag_mode")
        return
    if kind is not InterfaceKind.LOOPBACK:
        yield "mtu"
    if kind is InterfaceKind.PHYSICAL:
        yield "lag"
    if kind is InterfaceKind.SUBINTERFACE:
        yield "encapsulation_vlan"
    yield from _MODE_KEYS.get(values.get("mode"), ()) if kind in SWITCHED else ("vrf",)
