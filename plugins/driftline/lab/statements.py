"""The interface statements that the simulator understands, each with the behaviour that EOS gives it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from .errors import CommandRefusedError, InvalidCommandError
from .names import MAX_VLAN, SWITCHED, format_vlans, parse_vlans, split_interface
from .tree import (
    ACCESS_VLAN,
    ADDRESS_RANKS,
    ALLOWED_VLANS,
    CHANNEL_GROUP,
    DESCRIPTION,
    ENCAPSULATION,
    IPV6_RANK,
    MODE,
    MTU,
    NATIVE_VLAN,
    PRIMARY,
    SECONDARY_RANK,
    SHUTDOWN,
    SWITCHPORT,
    VRF,
    Config,
    Section,
    Slot,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MTU_RANGE = range(68, 65536)
CHANNEL_GROUPS = range(1, 1000000)
DEFAULT_VRF = "default"
_MODES = frozenset({"access", "trunk", "dot1q-tunnel", "tap", "tool", "tap-tool", "trunk phone"})
_LACP_MODES = frozenset({"active", "passive", "on"})
_ALL_VLANS = frozenset(range(1, MAX_VLAN + 1))
# Forms of known statements that are kept as they came.
_VERBATIM_ADDRESSES = frozenset({"virtual", "dhcp", "unnumbered", "source", "auto-config", "rib"})


class Address(NamedTuple):
    """An interface address, with the bounds of its subnet as numbers."""

    ip: str
    length: int
    number: int
    first: int
    last: int

    @property
    def text(self) -> str:
        """The address as the configuration spells it."""
        return f"{self.ip}/{self.length}"


@dataclass(frozen=True, slots=True)
class Statement:
    """A line inside `interface X`: its words, and the `no` or `default` ahead of them, if any."""

    line: str
    words: tuple[str, ...]
    prefix: str

    @classmethod
    def parse(cls, line: str) -> Statement:
        """Split a line as the CLI does."""
        first, __, rest = line.strip().partition(" ")
        prefix = first if rest and first in {"no", "default"} else ""
        positive = rest.strip() if prefix else line.strip()
        return cls(positive, tuple(positive.split()), prefix)

    @property
    def negated(self) -> bool:
        """Whether the line takes something away."""
        return bool(self.prefix)

    def invalid(self, index: int) -> InvalidCommandError:
        """The error that points at one of the words, or says that one is missing."""
        if index < len(self.words):
            return InvalidCommandError(self.words[index], index + self.negated)
        error = InvalidCommandError()
        error.text = "% Incomplete command"
        return error

    def only(self, count: int) -> None:
        """Refuse words after the first `count`."""
        if len(self.words) != count:
            raise self.invalid(min(count, len(self.words)))


class Target(NamedTuple):
    """What a statement is about to change: one interface of one configuration."""

    config: Config
    name: str
    section: Section

    @property
    def kind(self) -> str:
        """Ethernet, Vlan, ..."""
        return split_interface(self.name).kind

    @property
    def is_subinterface(self) -> bool:
        """Whether the interface hangs on another one."""
        return "." in self.name

    @property
    def vrf(self) -> str:
        """The VRF that the interface is in."""
        return vrf_of(self.section)


def vrf_of(section: Section) -> str:
    """The VRF of an interface section."""
    return section.statements.get(VRF, DEFAULT_VRF).rpartition(" ")[2]


def change_interface(target: Target, statement: Statement) -> Section | None:
    """The section after a statement; None when the statement isn't one that the simulator understands.

    Raises:
        CommandRefusedError: EOS would refuse the line.
    """
    handler = _HANDLERS.get(statement.words[0])
    return handler(target, statement) if handler else None


def _number(statement: Statement, index: int, allowed: range) -> int:
    """The word at this place as a number within bounds."""
    word = statement.words[index] if index < len(statement.words) else ""
    if not (word.isascii() and word.isdigit() and int(word) in allowed):
        raise statement.invalid(index)
    return int(word)


def _vlan(statement: Statement, index: int) -> int:
    statement.only(index + 1)
    return _number(statement, index, range(1, MAX_VLAN + 1))


def _description(target: Target, statement: Statement) -> Section:
    if statement.negated:
        return target.section.without(DESCRIPTION)
    if len(statement.words) == 1:
        raise statement.invalid(1)
    return target.section.with_statement(DESCRIPTION, statement.line)


def _shutdown(target: Target, statement: Statement) -> Section:
    statement.only(1)
    if statement.negated:
        return target.section.without(SHUTDOWN)
    return target.section.with_statement(SHUTDOWN, "shutdown")


def _mtu(target: Target, statement: Statement) -> Section:
    if statement.negated:
        return target.section.without(MTU)
    value = _number(statement, 1, MTU_RANGE)
    statement.only(2)
    return target.section.with_statement(MTU, intern(f"mtu {value}"))


def _switchport(target: Target, statement: Statement) -> Section | None:
    if target.kind not in SWITCHED or target.is_subinterface:
        raise statement.invalid(0)
    if len(statement.words) == 1:
        if statement.prefix == "no":
            return target.section.with_statement(SWITCHPORT, "no switchport")
        return target.section.without(SWITCHPORT)
    for words, handler in _SWITCHPORT_HANDLERS.items():
        if statement.words[1 : 1 + len(words)] == words:
            return handler(target, statement)
    if statement.words[1] in {"access", "mode"}:
        raise statement.invalid(2)
    return None


def _mode(target: Target, statement: Statement) -> Section:
    mode = " ".join(statement.words[2:])
    if mode and mode not in _MODES:
        raise statement.invalid(2)
    if not mode and not statement.negated:
        raise statement.invalid(2)
    if statement.negated or mode == "access":
        return target.section.without(MODE)
    return target.section.with_statement(MODE, intern(f"switchport mode {mode}"))


def _access_vlan(target: Target, statement: Statement) -> Section:
    return _vlan_statement(target, statement, ACCESS_VLAN, 3)


def _native_vlan(target: Target, statement: Statement) -> Section:
    if statement.words[4:] == ("tag",) and not statement.negated:
        return target.section.with_statement(NATIVE_VLAN, statement.line)
    return _vlan_statement(target, statement, NATIVE_VLAN, 4)


def _vlan_statement(target: Target, statement: Statement, slot: Slot, index: int) -> Section:
    """A statement about one VLAN, hidden while it is VLAN 1."""
    if statement.negated:
        return target.section.without(slot)
    vlan = _vlan(statement, index)
    if vlan == 1:
        return target.section.without(slot)
    return target.section.with_statement(slot, intern(f"{' '.join(statement.words[:index])} {vlan}"))


def _allowed_vlans(target: Target, statement: Statement) -> Section:
    if statement.negated:
        return target.section.without(ALLOWED_VLANS)
    vlans = _wanted_vlans(target.section, statement)
    if vlans == _ALL_VLANS:
        return target.section.without(ALLOWED_VLANS)
    text = format_vlans(vlans) or "none"
    return target.section.with_statement(ALLOWED_VLANS, intern(f"switchport trunk allowed vlan {text}"))


def _wanted_vlans(section: Section, statement: Statement) -> frozenset[int]:
    words = statement.words[4:]
    match words:
        case ("all",):
            return _ALL_VLANS
        case ("none",):
            return frozenset()
        case ("add", _):
            return allowed_vlans(section) | _vlan_list(statement, 5)
        case ("remove", _):
            return allowed_vlans(section) - _vlan_list(statement, 5)
        case ("except", _):
            return _ALL_VLANS - _vlan_list(statement, 5)
        case (_,):
            return _vlan_list(statement, 4)
        case _:
            raise statement.invalid(min(len(statement.words), 6))


def _vlan_list(statement: Statement, index: int) -> frozenset[int]:
    try:
        return frozenset(parse_vlans(statement.words[index]))
    except ValueError:
        raise statement.invalid(index) from None


def allowed_vlans(section: Section) -> frozenset[int]:
    """The VLANs that a trunk carries."""
    text = section.statements.get(ALLOWED_VLANS, "all").rpartition(" ")[2]
    if text == "all":
        return _ALL_VLANS
    return frozenset() if text == "none" else frozenset(parse_vlans(text))


def _channel_group(target: Target, statement: Statement) -> Section:
    if target.kind != "Ethernet" or target.is_subinterface:
        raise statement.invalid(0)
    if statement.negated:
        return target.section.without(CHANNEL_GROUP)
    group = _number(statement, 1, CHANNEL_GROUPS)
    if statement.words[2:3] != ("mode",):
        raise statement.invalid(2)
    mode = " ".join(statement.words[3:])
    if mode not in _LACP_MODES:
        raise statement.invalid(3)
    return target.section.with_statement(CHANNEL_GROUP, intern(f"channel-group {group} mode {mode}"))


def _encapsulation(target: Target, statement: Statement) -> Section | None:
    if statement.words[1:2] != ("dot1q",) and not (statement.negated and len(statement.words) == 1):
        return None
    if not target.is_subinterface:
        raise statement.invalid(0)
    if statement.negated:
        return target.section.without(ENCAPSULATION)
    if statement.words[2:3] != ("vlan",):
        raise statement.invalid(2)
    outer = _number(statement, 3, range(1, MAX_VLAN + 1))
    if not statement.words[4:]:
        return target.section.with_statement(ENCAPSULATION, f"encapsulation dot1q vlan {outer}")
    if statement.words[4] != "inner":
        raise statement.invalid(4)
    inner = _vlan(statement, 5)
    return target.section.with_statement(ENCAPSULATION, f"encapsulation dot1q vlan {outer} inner {inner}")


def _vrf(target: Target, statement: Statement) -> Section:
    """Changing the VRF takes the addresses away, as it does on EOS."""
    words = statement.words[2:] if statement.words[1:2] == ("forwarding",) else statement.words[1:]
    if len(words) != 1 and not statement.negated:
        raise statement.invalid(len(statement.words) - len(words[1:]))
    name = DEFAULT_VRF if statement.negated else words[0]
    if name != DEFAULT_VRF and name not in target.config.vrfs:
        raise CommandRefusedError(f"% VRF {name} does not exist")
    if name == target.vrf:
        return target.section
    bare = without_addresses(target.section)
    return bare.without(VRF) if name == DEFAULT_VRF else bare.with_statement(VRF, intern(f"vrf {name}"))


def without_addresses(section: Section) -> Section:
    """The section without any IPv4 or IPv6 address."""
    slots = [slot for slot in section.statements if slot.rank in ADDRESS_RANKS]
    kept = tuple(b for b in section.extra if not b.line.startswith(("ip address ", "ipv6 address ")))
    return section.without(*slots).with_extra(kept)


def _ip(target: Target, statement: Statement) -> Section | None:
    if statement.words[1:2] != ("address",) or not _VERBATIM_ADDRESSES.isdisjoint(statement.words[2:3]):
        return None
    if statement.negated:
        return _without_ip(target, statement)
    address, secondary = _read_address(statement)
    _refuse_overlap(target, address)
    slot = Slot(SECONDARY_RANK, address.number) if secondary else PRIMARY
    if secondary and PRIMARY not in target.section.statements:
        raise CommandRefusedError("% Primary address must be configured before secondary")
    line = f"ip address {address.text}" + (" secondary" if secondary else "")
    section = target.section if secondary else target.section.without(Slot(SECONDARY_RANK, address.number))
    return section.with_statement(slot, line)


def _without_ip(target: Target, statement: Statement) -> Section:
    section = target.section
    secondaries = section.slots_of(SECONDARY_RANK)
    if not statement.words[2:]:
        return section.without(PRIMARY, *secondaries)
    address, secondary = _read_address(statement)
    if secondary:
        return section.without(
            *(s for s in secondaries if address_of(section.statements[s]).text == address.text)
        )
    if PRIMARY not in section.statements or address_of(section.statements[PRIMARY]).text != address.text:
        raise CommandRefusedError(f"% Address {address.text} is not configured as the primary address")
    if secondaries:
        raise CommandRefusedError("% Primary address cannot be deleted before secondary")
    return section.without(PRIMARY)


def _read_address(statement: Statement) -> tuple[Address, bool]:
    """The address in `ip address A/L [secondary]` or `ip address A MASK [secondary]`."""
    words = list(statement.words[2:])
    if not words:
        raise statement.invalid(2)
    secondary = words[-1] == "secondary"
    if secondary:
        words.pop()
    try:
        return _address("/".join(words), 4), secondary
    except ValueError:
        raise statement.invalid(2) from None


def address_of(line: str) -> Address:
    """The address in a stored address statement."""
    words = line.split()
    return _address(words[2], 6 if words[0] == "ipv6" else 4)


@lru_cache(maxsize=16384)
def _address(text: str, version: int) -> Address:
    """Read `A/L`; raises ValueError on anything else."""
    if "/" not in text:
        message = f"no prefix length: {text!r}"
        raise ValueError(message)
    interface = ipaddress.IPv4Interface(text) if version == 4 else ipaddress.IPv6Interface(text)  # noqa: PLR2004
    network = interface.network
    return Address(
        str(interface.ip),
        network.prefixlen,
        int(interface.ip),
        int(network.network_address),
        int(network.broadcast_address),
    )


def _refuse_overlap(target: Target, address: Address) -> None:
    """Refuse a subnet that another interface of the VRF has already, as EOS does when the line is typed."""
    for name, section in target.config.interfaces.items():
        if name == target.name or PRIMARY not in section.statements or vrf_of(section) != target.vrf:
            continue
        for slot in (PRIMARY, *section.slots_of(SECONDARY_RANK)):
            other = address_of(section.statements[slot])
            if address.ip == other.ip:
                raise CommandRefusedError(f"% Address {address.ip} is already assigned to interface {name}")
            if address.first <= other.last and other.first <= address.last:
                raise CommandRefusedError(
                    f"% Address {address.text} overlaps with {other.text} on interface {name}"
                )


def _ipv6(target: Target, statement: Statement) -> Section | None:
    words = statement.words
    if words[1:2] != ("address",) or not (_VERBATIM_ADDRESSES | {"link-local"}).isdisjoint(words[2:]):
        return None
    if statement.negated and not words[2:]:
        return target.section.without(*target.section.slots_of(IPV6_RANK))
    statement.only(3)
    try:
        address = _address(words[2], 6)
    except ValueError:
        raise statement.invalid(2) from None
    slot = Slot(IPV6_RANK, address.number)
    if statement.negated:
        return target.section.without(slot)
    return target.section.with_statement(slot, f"ipv6 address {address.text}")


_HANDLERS: dict[str, Callable[[Target, Statement], Section | None]] = {
    "description": _description,
    "shutdown": _shutdown,
    "mtu": _mtu,
    "switchport": _switchport,
    "channel-group": _channel_group,
    "encapsulation": _encapsulation,
    "vrf": _vrf,
    "ip": _ip,
    "ipv6": _ipv6,
}

_SWITCHPORT_HANDLERS: dict[tuple[str, ...], Callable[[Target, Statement], Section]] = {
    ("mode",): _mode,
    ("access", "vlan"): _access_vlan,
    ("trunk", "native", "vlan"): _native_vlan,
    ("trunk", "allowed", "vlan"): _allowed_vlans,
}
