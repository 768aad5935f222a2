"""Reading an FRR running configuration.

Syntax as in the running configurations that FRR 8.4 prints: sections are indented by one space and end with
`exit`; an interface on which nothing is configured is not shown, so the driver appends a comment with the
names of all.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from driftline.devices.models import LiveInterface, LiveIPAddress
from driftline.devices.platforms.sections import sections
from driftline.devices.state import DeviceState, Kept, section_hash
from driftline.network import DEFAULT_VRF, InterfaceKind, canonical_address

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALL = "! interfaces: "
_ADDRESS = re.compile(r"(?:ip|ipv6) address (?P<address>[0-9A-Fa-f.:]+/\d+)")

ELSEWHERE = (
    "mtu",
    "mode",
    "access_vlan",
    "trunk_vlans",
    "native_vlan",
    "lag",
    "lag_mode",
    "vrf",
    "encapsulation_vlan",
)
"""Attributes that are the Linux kernel's business, below FRR: no command of FRR 8.4 changes them."""


def defaults(kind: InterfaceKind) -> dict[str, Any]:  # noqa: ARG001 - all kinds are alike
    """Return what the attributes of an interface are when nothing is configured."""
    return {"description": None, "enabled": True, **dict.fromkeys(ELSEWHERE)}


def read(device: str, text: str) -> DeviceState:
    """Return what a running configuration says about interfaces and addresses.

    What is configured on an interface in a VRF is left alone: it is not modelled. So are link-local addresses.

    Raises:
        ValueError: it says something that nothing else in it can be understood without.
    """
    state = DeviceState(device, impossible={"vlan": "FRR has no VLANs"})
    for header, lines in sections(text, free_text=lambda line: None):  # noqa: ARG005 - FRR has none
        word, __, rest = header.partition(" ")
        if word == "interface" and " " not in rest:
            _read_interface(state, rest, lines)
        elif word == "hostname":
            state.hostname = rest
    for name in _names(text):
        if state.interface(name) is None:
            _read_interface(state, name, [])
    return state


def _names(text: str) -> list[str]:
    """Return the names of all interfaces, as the driver has appended them."""
    line = next((line for line in reversed(text.splitlines()) if line.startswith(_ALL)), _ALL)
    return line.removeprefix(_ALL).split()


def _read_interface(state: DeviceState, name: str, lines: list[str]) -> None:
    values = defaults(InterfaceKind.OTHER)
    found: list[str] = []
    kept: list[Kept] = []
    for line in lines:
        address = _ADDRESS.fullmatch(line)
        if address and not ipaddress.ip_interface(address["address"]).is_link_local:
            found.append(canonical_address(address["address"]))
        elif line.startswith("description "):
            values["description"] = line.removeprefix("description ")
        elif line == "shutdown":
            values["enabled"] = False
        else:
            kept.append(Kept(line))
    interface = LiveInterface.trusted(
        device=state.device,
        name=name,
        pristine=not lines,
        protected=True,  # it is the kernel's: no configuration makes it, or takes it away
        section=section_hash(lines),
        **values,
    )
    state.put(interface)
    if kept:
        state.kept["interface", interface.get_unique_id()] = tuple(kept)
    _put_addresses(state, name, found)


def _put_addresses(state: DeviceState, interface: str, addresses: Iterable[str]) -> None:
    for text in addresses:
        address = LiveIPAddress.trusted(
            device=state.device, vrf=DEFAULT_VRF, address=text, interface=interface, secondary=False
        )
        other = state.objects.get(("ip_address", address.get_unique_id()))
        if other is not None:
            raise ValueError(f"{text} is both on {other.interface} and on {interface}")
        state.put(address)
