"""Reading the ports and units of a Junos configuration."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from ipaddress import ip_interface
from typing import TYPE_CHECKING, Any

from driftline.devices.models import LiveInterface, LiveIPAddress
from driftline.devices.platforms.dialect import mode
from driftline.devices.state import Kept, section_hash
from driftline.network import (
    DEFAULT_VRF,
    MIN_VLAN,
    Interface,
    InterfaceKind,
    canonical_address,
    expand_vlans,
    interface_kind,
    vlan_ranges,
)

from .statements import unquoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from driftline.devices.state import DeviceState

    from .spelling import Spelling
    from .statements import Foreign, Statements

PORT = re.compile(r"(?:fe|ge|mge|xe|et)-\d+/\d+/\d+(?::\d+)?|(?:fxp|em|me)\d+|vme")
"""Ports that are there by themselves, and are not shown while nothing is configured on them."""
_OWN = re.compile(rf"{PORT.pattern}|ae\d+")
_UNITS = re.compile(rf"{_OWN.pattern}|irb|vlan|lo0")
_LAG_OPTIONS = re.compile(r"(?P<word>\S*ether-options) 802\.3ad (?P<lag>ae\d+)")
ADDRESS = re.compile(r"family (?P<family>inet6?) address (?P<address>[0-9A-Fa-f.:]+/\d+)(?: (?P<more>.+))?")
NO_ADDRESS = ("eui-64", "master-only")
"""What makes something else of an address than one that the interface has."""
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


def sections(statements: Statements) -> dict[str, list[str]]:
    """Return the lines of ports and units, by their names; a port that says nothing beside its units is not one."""
    found: dict[str, list[str]] = {}
    for name, *words in statements.of("interfaces"):
        if words[:1] == ["unit"] and _UNITS.fullmatch(name):
            found.setdefault(f"{name}.{words[1]}", []).append(" ".join(words[2:]))
        elif _OWN.fullmatch(name) and (words or not PORT.fullmatch(name)):
            found.setdefault(name, []).append(" ".join(words))
    return found


@dataclass(slots=True)
class Section:
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
        if match := ADDRESS.fullmatch(line):
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
        if more.startswith(NO_ADDRESS):
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
