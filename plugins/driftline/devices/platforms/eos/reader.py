"""Reading an EOS running configuration.

Syntax as in the running configurations that EOS prints: sections are indented by three spaces, defaults are
not shown, VLANs without a name are folded into one `vlan 10-12,20` section, and the last line is `end`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from driftline.devices.models import LiveInterface, LiveIPAddress, LiveVlan
from driftline.devices.state import DeviceState, Kept, section_hash
from driftline.network import (
    DEFAULT_VRF,
    MIN_VLAN,
    Interface,
    InterfaceKind,
    Vlan,
    canonical_address,
    expand_vlans,
    interface_kind,
    vlan_ranges,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from driftline.devices.state import Key

DEFAULT_MTU = {InterfaceKind.LOOPBACK: 65535}
_INDENT = "   "
_TEXTS = {"banner login": 1, "banner motd": 1, "banner exec": 1, "protocol https certificate": 2}
"""What is followed by free text, and how many `EOF` lines end it."""

_INTERFACE = re.compile(r"(?:ethernet|port-channel|loopback|vlan|management)\d+[\d/.]*", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:ip|ipv6) address (?P<address>[0-9A-Fa-f.:]+/\d+)(?P<secondary> secondary)?")
_CHANNEL_GROUP = re.compile(r"(?P<number>\d+) mode (?P<mode>active|passive|on)")
_OTHER_DEFAULTS = re.compile(r"interface defaults|switchport default mode routed")
_SWITCHED = frozenset({InterfaceKind.PHYSICAL, InterfaceKind.LAG})


def _mode(word: str) -> str:
    if word not in ("access", "trunk"):
        raise ValueError(word)
    return word


def _channel(text: str) -> str:
    match = _CHANNEL_GROUP.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return f"Port-Channel{match['number']}"


def _vrf(name: str) -> str | None:
    return None if name == DEFAULT_VRF else name


_LINES: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    # (how the line begins, the attribute, what the rest means; ValueError: a value that is none of ours)
    ("description ", "description", str),
    ("shutdown", "enabled", lambda _: False),
    ("no shutdown", "enabled", lambda _: True),
    ("mtu ", "mtu", int),
    ("switchport mode ", "mode", _mode),
    ("switchport access vlan ", "access_vlan", int),
    ("switchport trunk native vlan ", "native_vlan", int),
    ("switchport trunk allowed vlan ", "trunk_vlans", vlan_ranges),
    ("channel-group ", "lag", _channel),
    ("vrf forwarding ", "vrf", _vrf),
    ("vrf ", "vrf", _vrf),
    ("encapsulation dot1q vlan ", "encapsulation_vlan", int),
)


_STARTS = tuple(prefix for prefix, _, _ in _LINES)


def defaults(kind: InterfaceKind) -> dict[str, Any]:
    """Return what the attributes of an interface of a kind are when nothing is configured."""
    switched = kind in _SWITCHED
    return {
        "description": None,
        "enabled": True,
        "mtu": DEFAULT_MTU.get(kind, 1500),
        "mode": "access" if switched else None,
        "access_vlan": 1 if switched else None,
        "trunk_vlans": "all" if switched else None,
        "native_vlan": 1 if switched else None,
        "lag": None,
        "lag_mode": None,
        "vrf": None,
        "encapsulation_vlan": None,
    }


def default_vlan_name(vid: int) -> str:
    """Return the name that a VLAN has when none is configured."""
    return "default" if vid == MIN_VLAN else f"VLAN{vid:04}"


def read(device: str, text: str) -> DeviceState:
    """Return what a running configuration says about interfaces, addresses and VLANs.

    Raises:
        ValueError: it is cut short, or says something that nothing else in it can be understood without.
    """
    state = DeviceState(device)
    state.put(LiveVlan(device=device, vid=MIN_VLAN))  # there by itself, and shown only when it is configured
    vrfs: list[str] = []
    protected: set[str] = set()
    header = ""
    for header, lines in sections(text):
        word, _, rest = header.partition(" ")
        if _INTERFACE.fullmatch(rest) and word == "interface":
            _read_interface(state, rest, lines)
        elif word == "vlan" and rest[:1].isdigit():
            _read_vlans(state, rest, lines)
        elif word == "hostname":
            state.hostname = rest
        elif header.startswith(("vrf instance ", "vrf definition ")):
            vrfs.append(header.split()[2])
        elif header == "mlag configuration":
            protected.update(
                line.split()[-1] for line in lines if line.startswith(("local-interface ", "peer-link "))
            )
            values = dict(line.rsplit(" ", 1) for line in lines if " " in line)
            state.mlag = (values.get("domain-id", ""), values.get("peer-address", ""))
        elif _OTHER_DEFAULTS.fullmatch(header):
            raise ValueError(
                f"`{header}` changes what is meant where nothing is shown; that is not supported"
            )
    if header != "end":
        raise ValueError("it is cut short: its last line is not `end`")
    state.vrfs = frozenset(vrfs)
    _protect(state, protected)
    return state


def sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Return each top-level line with the lines below it, without its indentation, comments and banners."""
    header, lines, ends = "", list[str](), 0
    for line in text.splitlines():
        stripped = line.strip()
        if ends:
            ends -= stripped == "EOF"
            continue
        if not stripped or stripped.startswith("!"):
            continue
        ends = _TEXTS.get(stripped, 0)
        if line[0] == " ":
            lines.append(line.removeprefix(_INDENT).rstrip())
            continue
        if header:
            yield header, lines
        header, lines = stripped, []
    if header:
        yield header, lines


@dataclass(frozen=True, slots=True)
class _Section:
    """What the lines below an interface's name say; ports that are configured alike share it."""

    values: dict[str, Any]
    addresses: tuple[tuple[str, bool], ...]
    """Each with whether it is a secondary one."""
    kept: tuple[Kept, ...]
    digest: str


@lru_cache(maxsize=16384)
def _section(kind: InterfaceKind, lines: tuple[str, ...]) -> _Section:
    values = defaults(kind)
    addresses: list[tuple[str, bool]] = []
    kept: list[Kept] = []
    for line in lines:
        address = _ADDRESS.fullmatch(line) if line.startswith("ip") else None
        if address:
            addresses.append((canonical_address(address["address"]), bool(address["secondary"])))
        elif line != "switchport":
            kept.extend(_read_line(line, values))
    if "no switchport" in lines:
        kept = _as_routed(values, kept)
    return _Section(values, tuple(addresses), tuple(kept), section_hash(lines))


def _read_interface(state: DeviceState, name: str, lines: list[str]) -> None:
    section = _section(interface_kind(name), tuple(lines))
    interface = LiveInterface.trusted(
        device=state.device, name=name, pristine=not lines, section=section.digest, **section.values
    )
    _put(state, interface, section.kept)
    for address, secondary in section.addresses:
        _put_address(state, interface, address, secondary=secondary)


def _put_address(state: DeviceState, interface: Interface, text: str, *, secondary: bool) -> None:
    address = LiveIPAddress.trusted(
        device=state.device,
        vrf=interface.vrf or DEFAULT_VRF,
        address=text,
        interface=interface.name,
        secondary=secondary,
    )
    other = state.objects.get(("ip_address", address.get_unique_id()))
    if other is not None:
        raise ValueError(f"{address.address} is both on {other.interface} and on {interface.name}")
    state.put(address)


def _read_line(line: str, values: dict[str, Any]) -> Sequence[Kept]:
    """Put what a line says among the values; return the line when it says nothing that they can hold."""
    if not line.startswith(_STARTS):
        return () if line == "no switchport" else (Kept(line),)
    prefix, attribute, convert = next(row for row in _LINES if line.startswith(row[0]))
    if prefix[-1] != " " and line != prefix:
        return (Kept(line),)
    kept: tuple[Kept, ...] = ()
    try:
        values[attribute] = convert(line[len(prefix) :])
    except ValueError:
        values[attribute] = None
        kept = (Kept(line, attribute),)
    if attribute == "lag" and values["lag"]:
        values["lag_mode"] = line.rsplit(" ", 1)[-1]
    return kept


def _as_routed(values: dict[str, Any], kept: list[Kept]) -> list[Kept]:
    """Make it a routed port; what it would do as a switched one is hidden, and comes back with `switchport`."""
    hidden = [Kept("switchport mode trunk", "mode", "routed")] if values["mode"] == "trunk" else []
    values["mode"] = "routed"
    return hidden + [Kept(k.line, "mode", "routed") if k.attribute == "mode" else k for k in kept]


def _put(state: DeviceState, obj: Interface | Vlan, kept: Sequence[Kept]) -> None:
    state.put(obj)
    if kept:
        key: Key = (obj.get_type(), obj.get_unique_id())
        state.kept[key] = tuple(kept)


def _read_vlans(state: DeviceState, ids: str, lines: list[str]) -> None:
    name = next((line[5:] for line in lines if line.startswith("name ")), None)
    protected = any(line.startswith("trunk group ") for line in lines)
    kept = [Kept(line) for line in lines if not line.startswith("name ")]
    for vid in expand_vlans(ids):
        vlan = LiveVlan.trusted(
            device=state.device, vid=vid, name=name, protected=protected, section=section_hash(lines)
        )
        _put(state, vlan, kept)


def _protect(state: DeviceState, names: set[str]) -> None:
    """Mark what the peer link of an MLAG pair consists of."""
    for name in names:
        for interface in state.of("interface"):
            if Interface.same("lag", interface.lag, name) or interface is state.interface(name):
                interface.protected = True
        if interface_kind(name) is InterfaceKind.SVI:
            vlan = state.objects.get(("vlan", Vlan.create_unique_id(device=state.device, vid=int(name[4:]))))
            if vlan is not None:
                vlan.protected = True
