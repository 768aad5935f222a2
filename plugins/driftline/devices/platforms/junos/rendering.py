"""Writing Junos: what a section says, and how one section becomes another by `set` and `delete` commands.

hier_config compares the sections as trees of containers (`family inet`, `address 10.0.0.1/24`), so that a container
goes as a whole when nothing is left in it: Junos would leave it behind, empty.
"""

from __future__ import annotations

import re
from ipaddress import ip_interface
from typing import TYPE_CHECKING, Any

from hier_config.models import IdempotentCommandsRule, MatchRule, NegationDefaultWithRule
from hier_config.platforms.driver_base import HConfigDriverBase, HConfigDriverRules

from driftline.devices.errors import redacted
from driftline.devices.platforms.limits import impossible
from driftline.network import InterfaceKind, expand_vlans, vlan_ranges

from .interfaces import ADDRESS, NO_ADDRESS
from .reader import default_vlan_name, vlan_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from driftline.devices.state import DeviceState
    from driftline.network import Interface, IPAddress, Vlan

_CONTAINERS = re.compile(
    r"(?P<first>family \S+|aggregated-ether-options lacp)(?: (?P<second>vlan|address \S+))?(?: (?P<rest>.+))?"
)
_SWITCHING = re.compile(r"family ethernet-switching ")
_ROUTING = re.compile(r"family inet6? ")
_NOTHING = re.compile(r"(?!)")
_WORD = re.compile(r"[\w./-]+")
_DELETE = "delete "
_LEAVES = ("description", "mtu", "native-vlan-id", "vlan-id")

# What a section says ------------------------------------------------------------------------------------------


def check(interface: Interface, addresses: Sequence[IPAddress], state: DeviceState) -> str:
    """Return nothing; raises PrepareError for an interface that Junos can't have, or can't have so."""
    if "." not in interface.name and interface.kind in (InterfaceKind.LOOPBACK, InterfaceKind.SVI):
        impossible(interface, f"on junos it is a unit of it: {interface.name}.0, or another one")
    if "." not in interface.name and (addresses or interface.vrf):
        impossible(interface, f"on junos a unit of it routes: {interface.name}.0, or another one")
    if interface.mode in ("access", "routed") and interface.trunk_vlans not in ("none", None):
        impossible(interface, f"on junos its trunk_vlans are lost while it is {interface.mode}")
    if interface.mode in ("trunk", "routed") and interface.access_vlan not in (1, None):
        impossible(interface, f"on junos its access_vlan is lost while it is {interface.mode}")
    kept = state.kept_lines(("interface", interface.get_unique_id()))
    _check_left(interface, addresses, kept)
    return ""


def _check_left(interface: Interface, addresses: Sequence[IPAddress], kept: Sequence[str]) -> None:
    """Raise PrepareError where lines that driftline does not model can't stay."""
    there = {ip_interface(address.address) for address in addresses}
    for line in kept:
        match = ADDRESS.fullmatch(line)
        if match and ip_interface(match["address"]) not in there and not match["more"].startswith(NO_ADDRESS):
            impossible(
                interface,
                f"{match['address']} can't go: there is more below it, which is not managed: {redacted(line)}",
            )
    other = {"routed": _SWITCHING, "access": _ROUTING, "trunk": _ROUTING}.get(interface.mode or "", _NOTHING)
    if line := next(filter(other.match, kept), ""):
        impossible(
            interface,
            f"it can't become {interface.mode}, it has a line that is not managed: {redacted(line)}",
        )


def members(interface: Interface, state: DeviceState) -> list[str]:
    """Return the words that list a unit's VLANs: those that are there as far as they fit, and numbers."""
    if interface.trunk_vlans == "all":
        return ["all"]
    if interface.mode == "trunk":
        wanted = set(expand_vlans(interface.trunk_vlans or "none"))
    else:
        wanted = {interface.access_vlan or 1} - {1}
    given = [
        (word, ids)
        for word, ids in state.spelling.members[interface.name]
        if ids and ids <= wanted and _still_means(word, ids, state)
    ]
    rest = wanted.difference(*(ids for __, ids in given))
    numbers = vlan_ranges(",".join(map(str, sorted(rest))))
    return [word for word, __ in given] + ([] if numbers == "none" else numbers.split(","))


def _still_means(word: str, ids: frozenset[int], state: DeviceState) -> bool:
    """Return whether a word lists the VLANs that it listed: a name may be another one's by now, or nobody's."""
    if word not in state.spelling.vlans or word in state.spelling.listed:
        return True
    vlan = vlan_of(state, next(iter(ids)))
    return vlan is not None and _name_of(vlan) == word


def _name_of(vlan: Vlan) -> str:
    return vlan.name or default_vlan_name(vlan.vid)


def vlan_name(vlan: Vlan, state: DeviceState) -> str:
    """Return the name that a VLAN has, by which Junos knows it; raises PrepareError where it can't be that."""
    name = _name_of(vlan)
    if not _WORD.fullmatch(name):
        impossible(vlan, f"on junos {name!r} can't be a VLAN's name")
    others = {_name_of(other) for other in state.of("vlan") if other.vid != vlan.vid} | state.spelling.listed
    if name in others:
        impossible(vlan, f"on junos something else below `vlans` is called {name}")
    return name


def routing_of(vlan: Vlan, state: DeviceState) -> str | None:
    """Return the routing interface that a VLAN names: the one it named, while that is there, or the new one."""
    named, units = state.spelling.routing.get(vlan.vid), state.spelling.units
    if named and (named not in units or state.interface(named) is not None):
        return str(named)
    new = f"irb.{vlan.vid}"
    return new if new not in units and state.interface(new) is not None else None


def lag_options(interface: Interface, state: DeviceState) -> str:
    """Return where a port says its aggregated interface: as it did, or as the others of the device do."""
    options = state.spelling.options
    return str(options.get(interface.name) or next(iter(options.values()), "gigether-options"))


def lacp_of(interface: Interface, state: DeviceState) -> str | None:
    """Return the mode of LACP of an aggregated interface, which is that of its members; None: it has none."""
    if interface.lag and interface.lag_mode != "on" and state.interface(interface.lag) is None:
        impossible(
            interface, f"on junos LACP is said on {interface.lag}, which is not there: list it in the intent"
        )
    if interface.kind is not InterfaceKind.LAG:
        return None
    modes = {
        one.lag_mode
        for one in state.of("interface")
        if one.lag and interface.same("name", one.lag, interface.name)
    }
    if len(modes) > 1:
        impossible(interface, "on junos all its members have one lag_mode")
    mode = modes.pop() if modes else state.spelling.lacp.get(interface.name, "on")
    return None if mode == "on" else str(mode)


def says_primary(address: IPAddress, addresses: Sequence[IPAddress], state: DeviceState) -> bool:
    """Return whether an address says that it is primary: the lowest is it by itself."""
    if not address.primary_ipv4:
        return False
    lowest = min((one.address for one in addresses if one.is_ipv4), key=ip_interface)
    return address.address != lowest or (address.interface, address.address) in state.spelling.primary


# How it becomes another one -----------------------------------------------------------------------------------


def _leaf(
    *path: str, last: MatchRule, negation: str
) -> tuple[IdempotentCommandsRule, NegationDefaultWithRule]:
    """Return that a line is replaced by one with another value, and taken away without a value."""
    rules = (*(MatchRule(startswith=f"{one} ") for one in path), last)
    use = NegationDefaultWithRule(match_rules=rules, use=f"{_DELETE}{negation}")
    return IdempotentCommandsRule(match_rules=rules), use


_RULES = [
    *(_leaf("interfaces", last=MatchRule(startswith=f"{leaf} "), negation=leaf) for leaf in _LEAVES),
    *(
        _leaf("interfaces", last=MatchRule(startswith=f"{word} 802.3ad "), negation=f"{word} 802.3ad")
        for word in ("gigether-options", "ether-options", "fastether-options")
    ),
    _leaf(
        "interfaces",
        "family",
        last=MatchRule(startswith="interface-mode "),
        negation="interface-mode",
    ),
    *(
        _leaf("vlans", last=MatchRule(startswith=f"{leaf} "), negation=leaf)
        for leaf in ("vlan-id", "l3-interface")
    ),
]


class JunosRemediation(HConfigDriverBase):
    """How a section of ours becomes another one."""

    @property
    def negation_prefix(self) -> str:
        """What takes a statement back."""
        return _DELETE

    @staticmethod
    def config_preprocessor(config_text: str) -> str:
        """Return the sections with the containers in them as levels."""
        tree: dict[str, Any] = {}
        for line in config_text.splitlines():
            if line[:1] != " ":
                section = tree.setdefault(line, {})
                continue
            match = _CONTAINERS.fullmatch(line.strip())
            level = section
            for part in filter(None, match.groups() if match else [line.strip()]):
                level = level.setdefault(part, {})
        return "\n".join(_indented(tree, ""))

    @staticmethod
    def _instantiate_rules() -> HConfigDriverRules:
        return HConfigDriverRules(
            idempotent_commands=[replaced for replaced, __ in _RULES],
            negate_with=[taken for __, taken in _RULES],
        )


def _indented(tree: dict[str, Any], indent: str) -> Iterator[str]:
    for line, below in tree.items():
        yield indent + line
        yield from _indented(below, f"{indent}  ")


def commands(lines: list[str]) -> list[str]:
    """Return the commands for lines that are indented below what they are in: each a whole path."""
    found: list[str] = []
    path: list[str] = []
    for number, line in enumerate(lines):
        depth = _depth(line)
        path[depth:] = [line.strip()]
        if number + 1 < len(lines) and _depth(lines[number + 1]) > depth:
            continue
        verb = "delete" if path[-1].startswith(_DELETE) else "set"
        found.append(" ".join([verb, *path[:-1], path[-1].removeprefix(_DELETE)]))
    return found


def _depth(line: str) -> int:
    return (len(line) - len(line.lstrip(" "))) // 2
