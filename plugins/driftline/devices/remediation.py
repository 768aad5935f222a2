"""From what a device has to what it shall have: the lines to send.

Both states are rendered by the same template, and the lines that driftline does not model are added to both
as they were read, so they are never touched. hier_config finds the lines between the two; what it can't know
is settled here first.
"""

from __future__ import annotations

import ipaddress
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from hier_config import WorkflowRemediation, get_hconfig

from driftline.network import Interface, InterfaceKind, IPAddress, Vlan, name_order

from .errors import redacted
from .possible import changes_layer, check, moves

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .platforms import Platform
    from .state import Change, DeviceState, Kept, Key

_INDENT = "   "
_SPACES = re.compile(r"(?<=\S)  +")
_SPACE = "\N{START OF HEADING}"  # hier_config would make one space of several
_OUR_TEXT = re.compile(r"[-+ ]*(?:set interfaces \S+ (?:unit \d+ )?)?(?:description|name) ")


def lines_between(
    platform: Platform, now: DeviceState, wanted: DeviceState, keys: Iterable[Key]
) -> list[str]:
    """Return the lines that take a device from one state to another, as far as these objects go.

    Raises:
        PrepareError: the platform can't do what is wanted; it names the object.
    """
    touched = sections_of(now, wanted, keys)
    for key in touched:
        check(platform, now, wanted, key)
    # What blocks others goes first: EOS, for one, refuses a subnet that another interface still has.
    between = now if platform.order_free else _without_blockers(now, wanted, touched)
    kept = [key for key in touched if key not in wanted.resets or platform.reset_interface is None]
    return [
        *(line for key in touched if key not in kept for line in _reset(platform, now.objects[key].name)),
        *_remediate(platform, now, between, kept),
        *_remediate(platform, _as_dropped(platform, between, wanted, kept), wanted, kept),
    ]


def lines_back(platform: Platform, now: DeviceState, before: DeviceState, keys: Iterable[Key]) -> list[str]:
    """Return the lines that undo a change; what others have added to its sections since then stays."""
    wanted = before.copy()
    for key in now.objects.keys() & before.objects.keys():
        stays = before.kept.get(key, ())
        new = [kept for kept in now.kept.get(key, ()) if kept.attribute is None and kept not in stays]
        if new:
            wanted.kept[key] = (*stays, *new)
    return lines_between(platform, now, wanted, keys)


def wanted_after(
    platform: Platform, now: DeviceState, changes: Iterable[Change], recalled: DeviceState | None = None
) -> DeviceState:
    """Return the state after the changes; raises PrepareError when `now` is not what they were planned from.

    Args:
        recalled: what the device was once; what the changes bring back from there, comes back with its lines that
            driftline does not model.
    """
    wanted = now.copy()
    touched: set[Key] = set()
    for change in changes:
        change.apply(wanted, partial(platform.defaults_on, now))
        touched.add(change.key)
    _lose_with_mode(platform, now, wanted, touched)
    if recalled is not None:
        lines = {key: _recalled_lines(now, recalled, key) for key in touched}
        wanted.kept.update({key: kept for key, kept in lines.items() if kept and key in wanted.objects})
    return wanted


def _lose_with_mode(platform: Platform, now: DeviceState, wanted: DeviceState, keys: Iterable[Key]) -> None:
    """Take from ports whose mode changes what they would do in another one: the device would lose it."""
    for key in keys:
        before, after = now.objects.get(key), wanted.objects.get(key)
        if not isinstance(before, Interface) or not isinstance(after, Interface) or before.mode == after.mode:
            continue
        lost = platform.mode_loses.get(after.mode or "", ())
        defaults = platform.defaults_on(now, after.kind)
        values = {name: getattr(after, name) for name in type(after).model_fields if name != "adapter"}
        kept = {name for name in lost if getattr(before, name) != getattr(after, name)}  # it is wanted so
        wanted.put(Interface(**values | {name: defaults[name] for name in lost if name not in kept}))


def _recalled_lines(now: DeviceState, then: DeviceState, key: Key) -> tuple[Kept, ...]:
    """Return the lines of a section that driftline does not model, as they were once.

    Where the section is still there, what others have taken out of it since stays out.
    """
    have, had, obj = now.kept.get(key, ()), then.kept.get(key, ()), now.objects.get(key)
    if obj is None or getattr(obj, "pristine", False):
        return had
    return (*have, *(kept for kept in had if kept.attribute is not None and kept not in have))


def sections_of(now: DeviceState, wanted: DeviceState, keys: Iterable[Key]) -> list[Key]:
    """Return the keys of the native sections that hold these objects, in the order of change."""
    found: dict[Key, tuple[int, object]] = {}
    for key in keys:
        for state in (now, wanted):
            obj = state.objects.get(key)
            if isinstance(obj, Vlan):
                found[key] = (0, ((), obj.vid))
            elif isinstance(obj, Interface):
                found[key] = _place(obj.name)
            elif isinstance(obj, IPAddress):
                found[_interface_key(obj)] = _place(obj.interface)
            if obj is not None:
                found.update(_along(state, obj))
    return sorted(found, key=found.__getitem__)


def _along(state: DeviceState, obj: Any) -> Iterator[tuple[Key, tuple[int, object]]]:
    """Return the sections that change with an object's own, with their places."""
    for key in state.along(state, obj):
        other = state.objects[key]
        yield key, (0, ((), other.vid)) if isinstance(other, Vlan) else _place(other.name)


def _place(name: str) -> tuple[int, object]:
    """Port-channels come before their members."""
    return 1 if Interface(device="", name=name).kind is InterfaceKind.LAG else 2, name_order(name)


def shown(text: str) -> str:
    """Return configuration lines, or a diff of them, as they may be seen: without what may be a secret in them.

    Descriptions and names are shown whole: they are the intent's own, and the plan has them anyway.
    """
    return "\n".join(line if _OUR_TEXT.match(line) else redacted(line) for line in text.split("\n"))


def line_owners(now: DeviceState, wanted: DeviceState, keys: Iterable[Key], lines: list[str]) -> list[Key]:
    """Return, per line that was computed for these objects, the key of the section that it belongs to."""
    headers = {header: key for key in sections_of(now, wanted, keys) for header in _headers(now, wanted, key)}
    owners: list[Key] = []
    for line in lines:
        header = line.removeprefix("no ").removeprefix("default ")
        owners.append(owners[-1] if line.startswith(" ") else headers[header])
    return owners


def _headers(now: DeviceState, wanted: DeviceState, key: Key) -> set[str]:
    found = [state.objects[key] for state in (now, wanted) if key in state.objects]
    return {f"vlan {obj.vid}" if isinstance(obj, Vlan) else f"interface {obj.name}" for obj in found}


# Addresses in each other's way ----------------------------------------------------------------------------


def _without_blockers(now: DeviceState, wanted: DeviceState, touched: list[Key]) -> DeviceState:
    """Return `now` without the addresses that leave an interface, and in whose subnet another gets one."""
    between = now.copy()
    arriving = [a for a in wanted.of("ip_address") if moves(a, now)]
    for address in now.of("ip_address"):
        if _interface_key(address) not in touched or not moves(address, wanted):
            continue
        if any(_blocks(address, other) for other in arriving):
            _drop(between, address)
    return between


def _blocks(address: IPAddress, other: IPAddress) -> bool:
    if address.vrf != other.vrf or address.is_ipv4 != other.is_ipv4:
        return False
    if IPAddress.same("interface", address.interface, other.interface):
        return False
    return bool(_network(address).overlaps(_network(other)))


def _network(address: IPAddress) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_interface(address.address).network


def _drop(state: DeviceState, address: IPAddress) -> None:
    """Drop an address; without its primary IPv4 address an interface can't keep the secondary ones."""
    gone = [address]
    if address.primary_ipv4:
        gone += [a for a in state.addresses_of(address.interface) if a.is_ipv4]
    for one in gone:
        state.objects.pop(("ip_address", one.get_unique_id()), None)


def _as_dropped(platform: Platform, now: DeviceState, wanted: DeviceState, touched: list[Key]) -> DeviceState:
    """Return `now` without what the device drops by itself: with an interface's VRF, or with a port's mode."""
    seen = now.copy()
    for key in touched:
        before, after = now.objects.get(key), wanted.objects.get(key)
        if changes_layer(before, after):
            seen.put(now.objects[key].model_copy(update=dict.fromkeys(platform.mode_change_forgets)))
        if not isinstance(before, Interface) or not isinstance(after, Interface) or before.vrf == after.vrf:
            continue
        if platform.vrf_change_drops:
            for address in now.addresses_of(before.name):
                seen.objects.pop(("ip_address", address.get_unique_id()), None)
            seen.kept[key] = tuple(_staying(platform, now.kept.get(key, ())))
    return seen


def _staying(platform: Platform, kept: Iterable[Kept]) -> Iterable[Kept]:
    """Return the lines that stay; what is below one that goes, goes with it."""
    dropped = False
    for one in kept:
        dropped = dropped if one.line.startswith(" ") else one.line.startswith(platform.vrf_change_drops)
        if not dropped:
            yield one


# From text to lines ---------------------------------------------------------------------------------------


def _remediate(platform: Platform, now: DeviceState, wanted: DeviceState, keys: list[Key]) -> list[str]:
    driver = platform.remediation()
    workflow = WorkflowRemediation(
        get_hconfig(driver, _render(platform, now, keys[::-1])),  # what goes, goes in the reverse order
        get_hconfig(driver, _render(platform, wanted, keys)),
    )
    lines = workflow.remediation_config.all_children_sorted()
    found = (line.cisco_style_text().replace(_SPACE, " ") for line in lines)
    return platform.commands([part for line in found for part in platform.split(line)])


def _render(platform: Platform, state: DeviceState, keys: list[Key]) -> str:
    text = "".join(_section(platform, state, key) for key in keys if key in state.objects)
    return _SPACES.sub(lambda spaces: " " + _SPACE * (len(spaces[0]) - 1), text)


def _section(platform: Platform, state: DeviceState, key: Key) -> str:
    obj = state.objects[key]
    if isinstance(obj, Vlan):
        text = platform.section.render(vlan=obj, state=state)
    else:
        text = platform.section.render(
            vlan=None,
            interface=obj,
            addresses=state.addresses_of(obj.name),
            defaults=platform.defaults_on(state, obj.kind),
            state=state,
        )
    return "".join(f"{line}\n" for line in (text, *(_INDENT + line for line in state.kept_lines(key))))


def _reset(platform: Platform, name: str) -> list[str]:
    return (platform.reset_interface or "").format(name=name).splitlines()


def _interface_key(address: IPAddress) -> Key:
    return "interface", Interface.create_unique_id(device=address.device, name=address.interface)
