"""What can't be intended of one interface: rules over its kind and its merged values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from driftline.engine.exceptions import Problem
from driftline.network import InterfaceKind, interface_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .merging import Merged

Values: TypeAlias = Mapping[str, Any]

_SWITCHPORT_KEYS: Final = ("mode", "access_vlan", "trunk_vlans", "native_vlan")
_NEVER_SWITCHPORTS: Final = frozenset(
    {InterfaceKind.LOOPBACK, InterfaceKind.SVI, InterfaceKind.SUBINTERFACE, InterfaceKind.MANAGEMENT}
)
_SWITCHING: Final = frozenset({"access", "trunk"})
_WORDS: Final = {
    InterfaceKind.PHYSICAL: "a physical port",
    InterfaceKind.LAG: "a port-channel",
    InterfaceKind.SVI: "a VLAN's interface",
    InterfaceKind.LOOPBACK: "a loopback",
    InterfaceKind.SUBINTERFACE: "a subinterface",
    InterfaceKind.MANAGEMENT: "a management port",
    InterfaceKind.OTHER: "an interface of this kind",
}


class Breach(NamedTuple):
    """A rule that is broken: which key breaks it, and what to tell."""

    key: str
    code: str
    message: str
    hint: str


def check_interface(device: str, name: str, merged: Merged) -> Iterator[Problem]:
    """Return the problems of an interface, or of a whole range that the name stands for."""
    kind = interface_kind(name)
    for breach in breaches(kind, merged.values, merged.addresses, merged.get("manage_addresses")):
        yield Problem(
            where=merged.where(breach.key),
            code=breach.code,
            message=f"{device} {merged.key}: {breach.message}",
            hint=breach.hint,
        )


def breaches(
    kind: InterfaceKind, values: Values, addresses: Values | None, manage_addresses: str | None = None
) -> Iterable[Breach]:
    """Return the rules that the values and addresses of an interface break."""
    for rule in _RULES:
        yield from rule(kind, values)
    if addresses and values.get("mode") in _SWITCHING:
        yield Breach(
            "addresses",
            "INTENT-ADDRESS-ON-SWITCHPORT",
            f"a port in mode {values['mode']} can't have addresses",
            "use mode: routed, or put the address on the VLAN's interface",
        )
    if addresses is None and manage_addresses is not None:
        yield Breach(
            "manage_addresses",
            "INTENT-MANAGE-WITHOUT-COLLECTION",
            "manage_addresses is written, but addresses is not",
            "write addresses: {} when it must have none",
        )


def _switchport_keys(kind: InterfaceKind, values: Values) -> Iterator[Breach]:
    if kind not in _NEVER_SWITCHPORTS:
        return
    for key in _SWITCHPORT_KEYS:
        if values.get(key) is not None:
            yield Breach(key, "INTENT-SWITCHPORT-KEY", f"{_WORDS[kind]} can't have {key}", "remove the key")


def _lag(kind: InterfaceKind, values: Values) -> Iterator[Breach]:
    lag = values.get("lag")
    if lag is None:
        if values.get("lag_mode") is not None:
            yield Breach(
                "lag_mode", "INTENT-LAG-MODE", "lag_mode is written, but lag is not", "add the key lag"
            )
        return
    if kind is not InterfaceKind.PHYSICAL:
        message = f"{_WORDS[kind]} can't be a member of a port-channel"
        yield Breach("lag", "INTENT-LAG-MEMBER", message, "write lag at the physical ports")
    if interface_kind(lag) is not InterfaceKind.LAG:
        yield Breach(
            "lag", "INTENT-LAG-NAME", f"{lag} is not a port-channel", "write a name such as Port-Channel10"
        )


def _vrf(_kind: InterfaceKind, values: Values) -> Iterator[Breach]:
    if values.get("vrf") is not None and values.get("mode") in _SWITCHING:
        message = f"a port in mode {values['mode']} can't be in a VRF"
        yield Breach(
            "vrf", "INTENT-VRF-ON-SWITCHPORT", message, "use mode: routed, or put the VLAN's interface in it"
        )


def _encapsulation(kind: InterfaceKind, values: Values) -> Iterator[Breach]:
    if values.get("encapsulation_vlan") is not None and kind is not InterfaceKind.SUBINTERFACE:
        message = f"{_WORDS[kind]} can't have encapsulation_vlan"
        yield Breach(
            "encapsulation_vlan", "INTENT-ENCAPSULATION", message, "write it at a subinterface, Ethernet1.100"
        )


_RULES: Final[tuple[Callable[[InterfaceKind, Values], Iterator[Breach]], ...]] = (
    _switchport_keys,
    _lag,
    _vrf,
    _encapsulation,
)
