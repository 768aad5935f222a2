"""The order of change between objects: what must be there first, is made first, and goes last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .names import InterfaceKind, interface_kind, name_order

if TYPE_CHECKING:
    from driftline.engine import Step

_MAKE_VLAN, _MAKE_INTERFACE, _DROP_ADDRESS, _SET_ADDRESS, _DROP_INTERFACE, _DROP_VLAN = range(6)

_KIND_RANK = {
    # A member port refers to its port-channel, a subinterface to its parent, an SVI to its VLAN.
    InterfaceKind.LAG: 0,
    InterfaceKind.PHYSICAL: 1,
    InterfaceKind.MANAGEMENT: 1,
    InterfaceKind.LOOPBACK: 2,
    InterfaceKind.SUBINTERFACE: 3,
    InterfaceKind.SVI: 4,
    InterfaceKind.OTHER: 5,
}


def change_order(step: Step) -> tuple[str, int, int, tuple[str, tuple[int, ...]], str]:
    """Return the sort key of a step: by device, then by what has to come first, then by name."""
    phase = _phase(step)
    rank, name = _place(step)
    return step.unit, phase, -rank if phase == _DROP_INTERFACE else rank, name, step.name


def _phase(step: Step) -> int:
    deleting = step.action == "delete"
    if step.model == "vlan":
        return _DROP_VLAN if deleting else _MAKE_VLAN
    if step.model == "interface":
        return _DROP_INTERFACE if deleting else _MAKE_INTERFACE
    return _DROP_ADDRESS if deleting else _SET_ADDRESS


def _place(step: Step) -> tuple[int, tuple[str, tuple[int, ...]]]:
    if step.model == "vlan":
        return int(step.identity["vid"]), ("", ())
    if step.model == "interface":
        name = str(step.identity["name"])
        return _KIND_RANK[interface_kind(name)], name_order(name)
    values = step.after or step.before or {}
    # Primary addresses come before secondary ones, and go after them: devices insist on both.
    secondary = bool(values.get("secondary", False))
    rank = int(not secondary) if step.action == "delete" else int(secondary)
    return rank, name_order(str(values.get("interface", "")))
