"""Reading a Junos configuration as set commands.

An object is what stands at one place: a port (`ge-0/0/0`) what is below `interfaces ge-0/0/0` beside its units, a
unit (`ge-0/0/0.0`) what is below `interfaces ge-0/0/0 unit 0`. What is not only there is `foreign` in the state.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from ipaddress import ip_interface
from typing import TYPE_CHECKING, Any

from driftline.devices.models import LiveInterface, LiveIPAddress, LiveVlan
from driftline.devices.platforms.dialect import mode
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

from .statements import foreign, parsed, unquoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from driftline.devices.state import Key

    from .statements import Foreign, Statements

PORT = re.compile(r"(?:fe|ge|mge|xe|et)-\d+/\d+/\d+(?::\d+)?|(?:fxp|em|me)\d+|vme")
"""Ports that are there by themselves, and are not shown while nothing is configured on them."""
_OWN = re.compile(rf"{PORT.pattern}|ae\d+")
_UNITS = re.compile(rf"{_OWN.pattern}|irb|vlan|lo0")
_MANAGEMENT = "mgmt_junos"
_LAG_OPTIONS = re.compile(r"(?P<word>\S*ether-options) 802\.3ad (?P<lag>ae\d+)")
_ADDRESS = re.compile(r"family (?P<family>inet6?) address (?P<address>[0-9A-Fa-f.:]+/\d+)(?: (?P<more>.+))?")
_MEMBERS = "family ethernet-switching vlan members "
_LACP = re.compile(r"aggregated-ether-options lacp(?: (?P<mode>active|passive))?")
_BARE = re.compile(r"family (?P<family>\S+)")
_EMPTY = frozenset({"", "family ethernet-switching", "family ethernet-switching vlan"})
_BRIDGING = re.compile(r"family (bridge|vpls|ccc|tcc|evpn|any)\b|encapsulation \S+-(bridge|ccc|vpls)\b")
_PORT_LINES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    # how the line begins: (the attribute, what the rest means; ValueError: a value that is none of ours)
    "description ": ("description", unquoted),
    "disable": ("enabled", lambda _: False),
    "mtu ": ("mtu", int),
    "native-vlan-id ": ("native_vlan", int),
}
_UNIT_LINES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "description ": ("description", unquoted),
    "disable": ("enabled", lambda _: False),
    "vlan-id ": ("encapsulation_vlan", int),
    "family ethernet-switching interface-mode ": ("mode", mode),
}


def defaults(kind: InterfaceKind) -> dict[str, Any]:
    """Return what the attributes of an interface of a kind are when nothing is configured."""
    port, unit = kind in (InterfaceKind.PHYSICAL, InterfaceKind.LAG), kind is InterfaceKind.SUBINTERFACE
    return {
        "description": None,
        "enabled": True,
        "mtu": 1514 if port else None,
        "mode": "routed" if unit else None,
        "access_vlan": 1 if unit else None,
        "trunk_vlans": "none" if unit else None,
        "native_vlan": None,
        "lag": None,
        "lag_mode": None,
        "vrf": None,
        "encapsulation_vlan": None,
    }


@dataclass(slots=True)
class Spelling:
    """How a device writes what could be written otherwise, by the names of interfaces."""

    members: dict[str, list[tuple[str, frozenset[int]]]] = field(default_factory=lambda: defaultdict(list))
    """The words that a unit's VLANs are listed with, and the VLANs that each stands for."""
    silent: set[str] = field(default_factory=set)
    """The access ports that do not say that they are."""
    families: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The address families that are there without an address."""
    primary: set[tuple[str, str]] = field(default_factory=set)
    """The units and their addresses that say that they are primary."""
    lacp: dict[str, str] = field(default_factory=dict)
    """The mode of LACP of an aggregated interface."""
    options: dict[str, str] = field(default_factory=dict)
    """Where a member says its aggregated interface: `gigether-options`, or on some models `ether-options`."""
    routing: dict[int, str] = field(default_factory=dict)
    """The routing interface that a VLAN names."""
    units: set[str] = field(default_factory=set)
    """The units that were there."""
    vlans: dict[str, frozenset[int]] = field(default_factory=dict)
    """What is below `vlans`, by name."""
    listed: set[str] = field(default_factory=set)
    """Those of them that are more VLANs than one, or none: they are no objects."""


def read(device: str, text: str) -> DeviceState:
    """Return what a configuration says about interfaces, addresses and VLANs.

    Raises:
        ValueError: a line is no set command, or two interfaces have the same address.
    """
    statements, spelling = parsed(text), Spelling()
    state = DeviceState(device, along=along, spelling=spelling)
    state.hostname = _hostname(statements)
    found: list[Foreign] = list(foreign(statements))
    instances = _read_instances(state, statements)
    found += _read_vlans(state, statements, spelling)
    for name, lines in _sections(statements).items():
        found += _Section(state, spelling, name, lines).read(instances.get(name))
    _read_lag_modes(state, spelling)
    state.foreign = tuple(dict.fromkeys(found))
    for obj in (*state.of("interface"), *state.of("vlan")):
        obj.protected = state.why_foreign(f"{obj.get_type()} {obj.get_shortname()}") is not None
    _read_impossible(state, statements)
    return state


def along(state: DeviceState, obj: Any) -> Iterable[Key]:
    """Return whose sections change with an object's own.

    The LACP of a member is its port-channel's; a VLAN names its routing interface, and units list VLANs by name.
    """
    found: list[Any] = []
    if isinstance(obj, Interface) and obj.lag:
        found.append(state.interface(obj.lag))
    elif isinstance(obj, Interface) and obj.kind is InterfaceKind.SVI:
        routed = {vid for vid, name in state.spelling.routing.items() if name == obj.name}
        vids = routed | {int(obj.name.partition(".")[2] or 0)}
        found += [vlan_of(state, vid) for vid in sorted(vids)]
    elif isinstance(obj, Vlan):
        listed = state.spelling.members.items()
        units = [unit for unit, words in listed if any(ids == {obj.vid} for _, ids in words)]
        found += [state.interface(unit) for unit in units]
    return [(one.get_type(), one.get_unique_id()) for one in found if one is not None]


def vlan_of(state: DeviceState, vid: int) -> Any:
    """Return a VLAN; None: there is none."""
    return state.objects.get(("vlan", Vlan.create_unique_id(device=state.device, vid=vid)))


def _hostname(statements: Statements) -> str:
    """Return the host name; with two routing engines it is in their groups."""
    groups = [words[2:] for words in statements.of("groups") if words[1:2] == ("system",)]
    names = [words[1] for words in (*statements.of("system"), *groups) if words[:1] == ("host-name",)]
    return unquoted(names[0]) if names else ""


def _read_instances(state: DeviceState, statements: Statements) -> dict[str, str]:
    """Read which VRFs there are; return the routing instance of each interface that is in one."""
    members: dict[str, str] = {}
    for name, *words in statements.of("routing-instances"):
        match words:
            case ["instance-type", "vrf" | "virtual-router"]:
                state.vrfs |= {name}
            case ["interface", interface, *_]:
                members[interface] = name
    if ("management-instance",) in statements.of("system"):
        state.vrfs |= {_MANAGEMENT}
        members |= dict.fromkeys(("fxp0.0", "em0.0", "me0.0", "vme.0"), _MANAGEMENT)
    return members


def _read_impossible(state: DeviceState, statements: Statements) -> None:
    """Read what can't be on this device: a group that is not read brings VLANs, or puts interfaces into VRFs."""
    reasons = {"vlans": ("vlan", "VLANs"), "routing-instances": ("vrf", "routing instances")}
    applied = " ".join(words[0] for words in statements.of("apply-groups"))
    state.impossible = {
        reasons[words[1]][0]: f"group {words[0]} brings {reasons[words[1]][1]}, which are not read"
        for words in statements.of("groups")
        if words[1] in reasons and (words[0] in applied.split() or "$" in applied)
    }


def _read_lag_modes(state: DeviceState, spelling: Spelling) -> None:
    """Put the mode of LACP on the members: it is said once, on the aggregated interface."""
    for interface in state.of("interface"):
        if interface.lag:
            interface.lag_mode = spelling.lacp.get(interface.lag, "on")


# VLANs ----------------------------------------------------------------------------------------------------


def _read_vlans(state: DeviceState, statements: Statements, spelling: Spelling) -> list[Foreign]:
    sections: dict[str, list[str]] = defaultdict(list)
    for name, *words in statements.of("vlans"):
        sections[name].append(" ".join(words))
    found: list[Foreign] = []
    for name, lines in sections.items():
        ids = _vlan_ids(lines)
        spelling.vlans[name] = ids
        found += _named_interfaces(name, lines)
        tagged = any(line.startswith("vlan-id ") for line in lines)
        if len(ids) == 1 and tagged and not any(line.startswith("vlan-id-list ") for line in lines):
            _put_vlan(state, spelling, name, next(iter(ids)), lines)
            if why := _why_vlan(statements, name, lines):
                found.append((re.compile(f"vlan {next(iter(ids))}"), why))
        else:
            spelling.listed.add(name)
    return found


def _vlan_ids(lines: Iterable[str]) -> frozenset[int]:
    """Return the VLANs that a section below `vlans` stands for."""
    ids: set[int] = set()
    for line in lines:
        word, _, rest = line.partition(" ")
        if word in ("vlan-id", "vlan-id-list", "vlan-range") and rest[:1].isdigit():
            ids.update(expand_vlans(rest))
    return frozenset(ids)


def _why_vlan(statements: Statements, name: str, lines: Iterable[str]) -> str | None:
    if not statements.is_active("vlans", name) or any(
        one[:2] == ("vlans", name) for one in statements.inactive
    ):
        return "it is inactive, or a part of it"
    inherits = any(line.startswith("apply-groups ") for line in lines)
    return "it inherits from a group" if inherits else None


def _named_interfaces(name: str, lines: Iterable[str]) -> list[Foreign]:
    members = [line.split()[1] for line in lines if line.startswith("interface ")]
    return [
        (re.compile(f"interface {re.escape(member)}"), f"VLAN {name} names it, and it does not name the VLAN")
        for member in members
    ]


def _put_vlan(state: DeviceState, spelling: Spelling, name: str, vid: int, lines: list[str]) -> None:
    given = None if name == default_vlan_name(vid) else name
    vlan = LiveVlan.trusted(device=state.device, vid=vid, name=given, section=section_hash(lines))
    key: Key = ("vlan", vlan.get_unique_id())
    if key in state.objects:
        raise ValueError(f"VLAN {vid} has two names, and one of them is {name}")
    state.put(vlan)
    routing = [line.split()[1] for line in lines if line.startswith("l3-interface ")]
    if routing:
        spelling.routing[vid] = routing[0]
    kept = [line for line in lines if line and not line.startswith(("vlan-id ", "l3-interface "))]
    if kept:
        state.kept[key] = tuple(map(Kept, kept))


def default_vlan_name(vid: int) -> str:
    """Return the name that a VLAN is given when the intent names none: here it must have one."""
    return "default" if vid == MIN_VLAN else f"vlan{vid}"


# Interfaces -----------------------------------------------------------------------------------------------


def _sections(statements: Statements) -> dict[str, list[str]]:
    """Return the lines of ports and units, by their names; a port that says nothing beside its units is not one."""
    found: dict[str, list[str]] = {}
    for name, *words in statements.of("interfaces"):
        if words[:1] == ["unit"] and _UNITS.fullmatch(name):
            found.setdefault(f"{name}.{words[1]}", []).append(" ".join(words[2:]))
        elif _OWN.fullmatch(name) and (words or not PORT.fullmatch(name)):
            found.setdefault(name, []).append(" ".join(words))
    return found


@dataclass(slots=True)
class _Section:
    """One port or unit, while it is read."""

    state: DeviceState
    spelling: Spelling
    name: str
    lines: list[str]
    values: dict[str, Any] = field(init=False)
    addresses: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    kept: list[str] = field(default_factory=list)
    foreign: list[Foreign] = field(default_factory=list)

    def read(self, vrf: str | None) -> list[Foreign]:
        """Put the interface and its addresses into the state; return what of it comes from elsewhere."""
        kind = interface_kind(self.name)
        self.values = {**defaults(kind), "vrf": vrf}
        table = _UNIT_LINES if "." in self.name else _PORT_LINES
        supported = {name for name, value in self.values.items() if value is not None} | {
            "description",
            *(("encapsulation_vlan",) if kind is InterfaceKind.SUBINTERFACE else ()),
            *(("native_vlan",) if kind in (InterfaceKind.PHYSICAL, InterfaceKind.LAG) else ()),
        }
        for line in self.lines:
            if not (self._take(table, line, supported) or self._take_special(line)):
                self.kept.append(line)
        if kind is InterfaceKind.SUBINTERFACE:
            self._settle_switching()
        self._put()
        return self.foreign

    def _take(
        self, table: Mapping[str, tuple[str, Callable[[str], Any]]], line: str, supported: set[str]
    ) -> bool:
        start = next((start for start in table if line.startswith(start)), None)
        if start is None or table[start][0] not in supported or (start[-1] != " " and line != start):
            return False
        attribute, convert = table[start]
        try:
            self.values[attribute] = convert(line[len(start) :])
        except ValueError:
            return False
        return True

    def _take_special(self, line: str) -> bool:
        """Take a line that is more than one attribute's value; return whether it was one."""
        if line in _EMPTY or (
            line.startswith(_MEMBERS) and interface_kind(self.name) is InterfaceKind.SUBINTERFACE
        ):
            return True  # the members are read when the mode is known
        if "." not in self.name:
            return self._take_lag(line)
        if match := _ADDRESS.fullmatch(line):
            return self._take_address(match)
        if match := _BARE.fullmatch(line):
            self.spelling.families[self.name].append(match["family"])
            return True
        return False

    def _take_lag(self, line: str) -> bool:
        if match := _LACP.fullmatch(line):
            if match["mode"] is None:
                self._cant("it does not say the mode of LACP")
                return False
            self.spelling.lacp[self.name] = match["mode"]
            return True
        if match := _LAG_OPTIONS.fullmatch(line):
            self.values["lag"], self.spelling.options[self.name] = match["lag"], match["word"]
            return True
        return line in ("gigether-options", "ether-options", "aggregated-ether-options")

    def _take_address(self, match: re.Match[str]) -> bool:
        text, more = canonical_address(match["address"]), match["more"] or ""
        if more.startswith(("eui-64", "master-only")):
            return False
        self.addresses[text].append(more)
        if more == "primary":
            self.spelling.primary.add((self.name, text))
        return more in ("", "primary")

    def _settle_switching(self) -> None:
        """Read what the members are, now that the mode is known, and what can't be understood."""
        switching = [line for line in self.lines if line.startswith("family ethernet-switching")]
        spoken = any(" interface-mode " in line for line in switching)
        if switching and not spoken:
            self.values["mode"] = "access"
            self.spelling.silent.add(self.name)
        try:
            self._read_members(
                [line.removeprefix(_MEMBERS) for line in switching if line.startswith(_MEMBERS)]
            )
        except ValueError as error:
            self._cant(str(error))
        if any(line.startswith("family ethernet-switching port-mode ") for line in switching):
            self._cant("it is written in the older way (`port-mode`)")
        if any(_BRIDGING.match(line) for line in self.lines):
            self._cant("it bridges in a way that driftline does not know")

    def _read_members(self, words: list[str]) -> None:
        listed: set[int] = set()
        for word in words:
            ids = self._ids(word)
            self.spelling.members[self.name].append((word, ids))
            listed |= ids
        if self.values["mode"] == "trunk":
            self.values["trunk_vlans"] = vlan_ranges(",".join(map(str, sorted(listed))))
        elif len(listed) > 1:
            raise ValueError("it is an access port in several VLANs")
        elif listed:
            self.values["access_vlan"] = next(iter(listed))

    def _ids(self, word: str) -> frozenset[int]:
        name = unquoted(word)
        if name in self.spelling.vlans:
            return self.spelling.vlans[name]
        if name == "default":
            return frozenset({MIN_VLAN})  # there by itself
        if name == "all" or name[:1].isdigit():
            return frozenset(expand_vlans(name))
        raise ValueError(f"it is in VLAN {name}, which is not defined")

    def _cant(self, why: str) -> None:
        self.foreign.append((re.compile(f"interface {re.escape(self.name)}"), why))

    def _put(self) -> None:
        if "." in self.name:
            self.spelling.units.add(self.name)
        interface = LiveInterface.trusted(
            device=self.state.device,
            name=self.name,
            pristine=not any(self.lines),
            section=section_hash(self.lines),
            **self.values,
        )
        self.state.put(interface)
        if self.kept:
            self.state.kept["interface", interface.get_unique_id()] = tuple(map(Kept, self.kept))
        first = self._primary()
        for text in self.addresses:
            self._put_address(interface, text, secondary=":" not in text and text != first)

    def _primary(self) -> str | None:
        """Return the primary IPv4 address: the one that says so, or the lowest."""
        ipv4 = [text for text in self.addresses if ":" not in text]
        said = [text for text in ipv4 if (self.name, text) in self.spelling.primary]
        return said[0] if said else min(ipv4, key=ip_interface, default=None)

    def _put_address(self, interface: Interface, text: str, *, secondary: bool) -> None:
        address = LiveIPAddress.trusted(
            device=self.state.device,
            vrf=interface.vrf or DEFAULT_VRF,
            address=text,
            interface=interface.name,
            secondary=secondary,
        )
        other = self.state.objects.get(("ip_address", address.get_unique_id()))
        if other is not None:
            raise ValueError(f"{text} is both on {other.interface} and on {interface.name}")
        self.state.put(address)
