"""Reading a Junos configuration as set commands.

An object is what stands at one place: a port (`ge-0/0/0`) what is below `interfaces ge-0/0/0` beside its units, a
unit (`ge-0/0/0.0`) what is below `interfaces ge-0/0/0 unit 0`. What is not only there is `foreign` in the state.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from driftline.devices.models import LiveVlan
from driftline.devices.state import DeviceState, Kept, section_hash
from driftline.network import MIN_VLAN, Interface, InterfaceKind, Vlan, expand_vlans

from .interfaces import Section, sections
from .spelling import Spelling
from .statements import foreign, parsed, unquoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftline.devices.state import Key

    from .statements import Foreign, Statements

_MANAGEMENT = "mgmt_junos"
_VRFS = ("vrf", "virtual-router")


def read(device: str, text: str) -> DeviceState:
    """Return what a configuration says about interfaces, addresses and VLANs.

    Raises:
        ValueError: a line is no set command, or two interfaces have the same address.
    """
    statements, spelling = parsed(text), Spelling()
    state = DeviceState(device, along=along, spelling=spelling)
    state.hostname = _hostname(statements)
    instances, others = _read_instances(state, statements)
    found: list[Foreign] = [*foreign(statements), *others]
    found += _read_vlans(state, statements, spelling)
    for name, lines in sections(statements).items():
        found += Section(state, spelling, name, lines).read(instances.get(name))
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
        units = [unit for unit, words in listed if any(ids == {obj.vid} for __, ids in words)]
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


def _read_instances(state: DeviceState, statements: Statements) -> tuple[dict[str, str], list[Foreign]]:
    """Read which VRFs there are.

    Returns:
        The routing instance of each interface that is in one; and those that are in one of another kind.
    """
    members: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for name, *words in statements.of("routing-instances"):
        match words:
            case ["instance-type", kind]:
                kinds[name] = kind
            case ["interface", interface, *_]:
                members[interface] = name
    state.vrfs |= {name for name, kind in kinds.items() if kind in _VRFS}
    if ("management-instance",) in statements.of("system"):
        state.vrfs |= {_MANAGEMENT}
        members |= dict.fromkeys(("fxp0.0", "em0.0", "me0.0", "vme.0"), _MANAGEMENT)
    others = {one: name for one, name in members.items() if kinds.get(name, "vrf") not in _VRFS}
    return members, [
        (
            re.compile(f"interface {re.escape(one)}"),
            f"it is in {name}, a routing instance of type {kinds[name]}",
        )
        for one, name in others.items()
    ]


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
        word, __, rest = line.partition(" ")
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
