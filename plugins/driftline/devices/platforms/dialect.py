"""How an operating system writes what driftline models, as data, and the reader for all that do it in sections.

A dialect says which lines stand for which attributes. Lines that stand for none are kept as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
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

from .sections import banner, sections

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from driftline.devices.state import Key

    from .sections import FreeText

Section = tuple[str, list[str]]
"""A top-level line, and the lines below it."""
SWITCHED = frozenset({InterfaceKind.PHYSICAL, InterfaceKind.LAG})
ALLOWED = "switchport trunk allowed vlan "
_NAME = "name "


def mode(word: str) -> str:
    """Return a port's mode; raises ValueError for one that driftline does not manage."""
    if word not in ("access", "trunk"):
        raise ValueError(word)
    return word


def vrf(name: str) -> str | None:
    """Return an interface's VRF; None: the default one."""
    return None if name == DEFAULT_VRF else name


def member_of(prefix: str, pattern: str) -> Callable[[str], tuple[str, str]]:
    """Return how a line's `number` and `mode` are read as the port-channel and the mode in it."""
    compiled = re.compile(pattern)

    def read(text: str) -> tuple[str, str]:
        match = compiled.fullmatch(text)
        if match is None:
            raise ValueError(text)
        return f"{prefix}{match['number']}", match["mode"] or "on"

    return read


COMMON_LINES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    # how the line begins: (the attribute, what the rest means; ValueError: a value that is none of ours)
    "description ": ("description", str),
    "shutdown": ("enabled", lambda _: False),
    "no shutdown": ("enabled", lambda _: True),
    "mtu ": ("mtu", int),
}
SWITCHPORT_LINES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "switchport mode ": ("mode", mode),
    "switchport access vlan ": ("access_vlan", int),
    "switchport trunk native vlan ": ("native_vlan", int),
    ALLOWED: ("trunk_vlans", vlan_ranges),
}


def switchport_defaults(kind: InterfaceKind, *, unset: str | None) -> dict[str, Any]:
    """Return what a kind of interface is when nothing is configured, where ports switch.

    Args:
        unset: the mode of a port that says nothing about it; None: one that driftline does not manage.
    """
    switched = kind in SWITCHED
    return {
        "description": None,
        "enabled": True,
        "mtu": 1500,
        "mode": unset if switched else None,
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


def _as_read(
    lines: tuple[str, ...],  # noqa: ARG001 - others look at them
    values: dict[str, Any],  # noqa: ARG001 - as above
    kept: list[Kept],
) -> list[Kept]:
    return kept


def _nothing_more(state: DeviceState, found: Sequence[Section]) -> None:
    """Find nothing more in a configuration."""


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """How one operating system's configuration is read."""

    interface: re.Pattern[str]
    """What the names of the modelled interfaces look like."""
    address: re.Pattern[str]
    """A whole line with an `address`, or an `address6` (and `mask`, where it has no prefix length); `secondary`."""
    lines: Mapping[str, tuple[str, Callable[[str], Any]]]
    """How lines begin → the attribute, and what the rest means; one that ends without a space is a whole line."""
    defaults: Callable[[InterfaceKind], Mapping[str, Any]]
    vrf: tuple[str, ...]
    """How the lines begin that define a VRF."""
    silent: frozenset[str] = frozenset()
    """Lines that only say what is so anyway."""
    last: str = "end"
    """The last line; empty: a configuration has none, and one that is cut short can't be told."""
    vlans: bool = True
    """VLANs are in the configuration, and VLAN 1 is there by itself."""
    settle: Callable[[tuple[str, ...], dict[str, Any], list[Kept]], list[Kept]] = _as_read
    """(lines, values, kept) of an interface → what is kept: what only all its lines together say."""
    free_text: Callable[[str], FreeText | None] = banner
    device_defaults: Callable[[Sequence[Section]], Mapping[InterfaceKind, Mapping[str, Any]]] | None = None
    """What is otherwise on a device than the platform's defaults."""
    more: Callable[[DeviceState, Sequence[Section]], None] = _nothing_more
    """Reads what is the platform's own; raises ValueError when nothing else can be understood because of it."""
    starts: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", tuple(self.lines))

    def read(self, device: str, text: str) -> DeviceState:
        """Return what a running configuration says about interfaces, addresses and VLANs.

        Raises:
            ValueError: it is cut short, or says something that nothing else in it can be understood without.
        """
        state = DeviceState(device)
        if self.vlans:
            state.put(LiveVlan(device=device, vid=MIN_VLAN))  # shown only when it is configured
        found = list(sections(text, self.free_text))
        if self.last and (not found or found[-1][0] != self.last):
            raise ValueError(f"it is cut short: its last line is not `{self.last}`")
        if self.device_defaults is not None:
            state.defaults = self.device_defaults(found)
        for header, lines in found:
            self._read_section(state, header, lines)
        self.more(state, found)
        return state

    def _read_section(self, state: DeviceState, header: str, lines: list[str]) -> None:
        word, __, rest = header.partition(" ")
        if word == "interface" and self.interface.fullmatch(rest):
            _read_interface(self, state, rest, lines)
        elif word == "vlan" and self.vlans and rest[:1].isdigit():
            _read_vlans(state, rest, lines)
        elif word == "hostname":
            state.hostname = rest
        elif header.startswith(self.vrf):
            start = next(start for start in self.vrf if header.startswith(start))
            state.vrfs |= {header[len(start) :].strip()}


@dataclass(frozen=True, slots=True)
class _Section:
    """What the lines below an interface's name say; ports that are configured alike share it."""

    values: dict[str, Any]
    addresses: tuple[tuple[str, bool], ...]
    """Each with whether it is a secondary one."""
    kept: tuple[Kept, ...]
    digest: str


@lru_cache(maxsize=16384)
def _section(
    dialect: Dialect, kind: InterfaceKind, lines: tuple[str, ...], given: tuple[tuple[str, Any], ...]
) -> _Section:
    defaults = {**dialect.defaults(kind), **dict(given)}
    values = dict(defaults)
    addresses: list[tuple[str, bool]] = []
    kept: list[Kept] = []
    for line in one_list(lines):
        address = dialect.address.fullmatch(line) if line.startswith("ip") else None
        if address:
            said = address.groupdict()
            text = said["address"] or said["address6"]
            text = f"{text}/{said['mask']}" if said.get("mask") else text
            addresses.append((canonical_address(text), bool(said["secondary"])))
        elif line not in dialect.silent:
            kept.extend(_read_line(dialect, line, values, defaults))
    kept = dialect.settle(lines, values, kept)
    return _Section(values, tuple(addresses), tuple(kept), section_hash(lines))


def _read_interface(dialect: Dialect, state: DeviceState, name: str, lines: list[str]) -> None:
    kind = interface_kind(name)
    section = _section(dialect, kind, tuple(lines), tuple(state.defaults.get(kind, {}).items()))
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


def _read_line(
    dialect: Dialect, line: str, values: dict[str, Any], defaults: Mapping[str, Any]
) -> Sequence[Kept]:
    """Put what a line says among the values; return the line when it says nothing that they can hold."""
    if not line.startswith(dialect.starts):
        return _read_negated(dialect, line, values, defaults)
    prefix = next(start for start in dialect.starts if line.startswith(start))
    if prefix[-1] != " " and line != prefix:
        return (Kept(line),)
    attribute, convert = dialect.lines[prefix]
    try:
        value = convert(line[len(prefix) :])
    except ValueError:
        values[attribute] = None
        return (Kept(line, attribute),)
    values[attribute] = value
    if attribute == "lag":
        values["lag"], values["lag_mode"] = value
    return ()


def _read_negated(
    dialect: Dialect, line: str, values: dict[str, Any], defaults: Mapping[str, Any]
) -> Sequence[Kept]:
    """Put the default among the values for a line that takes another one back; return any other line."""
    taken = f"{line.removeprefix('no ')} " if line.startswith("no ") else ""
    start = next((start for start in dialect.starts if taken.startswith(start)), None)
    if start is None:
        return (Kept(line),)
    attribute = dialect.lines[start][0]
    values[attribute] = defaults[attribute]
    return ()


def _put(state: DeviceState, obj: Interface | Vlan, kept: Sequence[Kept]) -> None:
    state.put(obj)
    if kept:
        key: Key = (obj.get_type(), obj.get_unique_id())
        state.kept[key] = tuple(kept)


def _read_vlans(state: DeviceState, ids: str, lines: list[str]) -> None:
    name = next((line[len(_NAME) :] for line in lines if line.startswith(_NAME)), None)
    protected = any(line.startswith("trunk group ") for line in lines)
    kept = [Kept(line) for line in lines if not line.startswith(_NAME)]
    for vid in expand_vlans(ids):
        vlan = LiveVlan.trusted(
            device=state.device, vid=vid, name=name, protected=protected, section=section_hash(lines)
        )
        _put(state, vlan, kept)


# What several platforms have ------------------------------------------------------------------------------


def one_list(lines: tuple[str, ...]) -> Sequence[str]:
    """Return lines with a trunk's VLANs in one: long lists go on with `add`, and `except` is written out."""
    listed = [line for line in lines if line.startswith(ALLOWED)]
    if not any(line[len(ALLOWED) :].startswith(("add ", "remove ", "except ")) for line in listed):
        return lines
    vids: set[int] = set(expand_vlans("all"))
    for line in listed:
        word, __, rest = line[len(ALLOWED) :].rpartition(" ")
        these = set(expand_vlans(rest))
        vids = {"add": vids | these, "remove": vids - these, "except": set(expand_vlans("all")) - these}.get(
            word, these
        )
    others = [line for line in lines if line not in listed]
    return [*others, ALLOWED + vlan_ranges(vids)]


def as_routed(lines: tuple[str, ...], values: dict[str, Any], kept: list[Kept]) -> list[Kept]:
    """Make it a routed port where it says so; what it would do as a switched one is hidden until then.

    What is hidden comes back with `switchport`.
    """
    if "no switchport" not in lines:
        return kept
    line = f"switchport mode {values['mode']}"
    hidden = [Kept(line, "mode", "routed")] if line in lines else []
    values["mode"] = "routed"
    return hidden + [Kept(k.line, "mode", "routed") if k.attribute == "mode" else k for k in kept]


def layered(
    layer_3: tuple[str, ...], *, unset: str | None
) -> Callable[[tuple[str, ...], dict[str, Any], list[Kept]], list[Kept]]:
    """Return how a port is settled that routes when it says so, or shows lines that only a routed one has.

    Args:
        layer_3: how the lines begin that only a routed port has.
        unset: the mode of a switched port that says nothing about it.
    """

    def settle(lines: tuple[str, ...], values: dict[str, Any], kept: list[Kept]) -> list[Kept]:
        says = any(line.startswith("switchport") for line in lines)
        if values["access_vlan"] is None or "no switchport" in lines:
            return as_routed(lines, values, kept)
        if says and values["mode"] == "routed":
            values["mode"] = unset  # it switches, on a device whose ports route
        elif not says and any(line.startswith(layer_3) for line in lines):
            values["mode"] = "routed"
        return kept

    return settle
