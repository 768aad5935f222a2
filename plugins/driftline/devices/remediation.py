"""From what a device has to what it shall have: the lines to send.

Both states are rendered by the same template, so lines that driftline does not model are in neither and are
never touched. hier_config finds the lines between the two; what it can't know is settled here first.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from hier_config import WorkflowRemediation, get_hconfig

from driftline.engine.exceptions import PrepareError
from driftline.network import Interface, IPAddress, Vlan, name_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .platforms import Platform
    from .state import Change, DeviceState, Key


def lines_between(
    platform: Platform, now: DeviceState, wanted: DeviceState, keys: Iterable[Key]
) -> list[str]:
    """Return the lines that take a device from one state to another, as far as these objects go.

    Raises:
        PrepareError: the platform can't do what is wanted; it names the object.
    """
    touched = _sections(now, wanted, keys)
    _check_vrfs(wanted, touched)
    # What blocks others goes first: EOS, for one, refuses a subnet that another interface still has.
    between = _without_blockers(now, wanted, touched)
    return [
        *_resets(platform, now, wanted, touched),
        *_remediate(platform, now, between, touched),
        *_remediate(platform, _as_dropped(platform, between, wanted, touched), wanted, touched),
    ]


def wanted_after(platform: Platform, now: DeviceState, changes: Iterable[Change]) -> DeviceState:
    """Return the state after the changes; raises PrepareError when `now` is not what they were planned from."""
    wanted = now.copy()
    for change in changes:
        change.apply(wanted, platform.defaults)
    return wanted


def _sections(now: DeviceState, wanted: DeviceState, keys: Iterable[Key]) -> list[Key]:
    """Return the keys of the native sections that hold these objects, in the order of change."""
    found: dict[Key, tuple[int, object]] = {}
    for key in keys:
        for state in (now, wanted):
            obj = state.objects.get(key)
            if isinstance(obj, Vlan):
                found[key] = (0, ((), obj.vid))
            elif isinstance(obj, Interface):
                found[key] = (1, name_order(obj.name))
            elif isinstance(obj, IPAddress):
                name = obj.interface
                uid = Interface.create_unique_id(device=state.device, name=name)
                found["interface", uid] = (1, name_order(name))
    return sorted(found, key=found.__getitem__)


def _check_vrfs(wanted: DeviceState, touched: list[Key]) -> None:
    for key in touched:
        obj = wanted.objects.get(key)
        if isinstance(obj, Interface) and obj.vrf and obj.vrf not in wanted.vrfs:
            message = f"interface {obj.name}: VRF {obj.vrf!r} is not defined on {wanted.device}"
            raise PrepareError(
                message,
                culprits={key: message},
                code="DEVICE-NO-VRF",
                hint="define the VRF on the device first; driftline puts interfaces into VRFs but does not make them",
            )


def _without_blockers(now: DeviceState, wanted: DeviceState, touched: list[Key]) -> DeviceState:
    """Return `now` without the addresses in whose subnet another interface shall get one."""
    between = now.copy()
    arriving = [a for key, a in wanted.objects.items() if key[0] == "ip_address" and _arrives(a, now)]
    for key, address in now.objects.items():
        if key[0] != "ip_address" or _interface_key(address) not in touched:
            continue
        if any(_blocks(address, other) for other in arriving):
            _drop(between, address)
    return between


def _arrives(address: IPAddress, now: DeviceState) -> bool:
    before = now.objects.get(("ip_address", address.get_unique_id()))
    return before is None or not IPAddress.same("interface", before.interface, address.interface)


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
    """Return `now` without the addresses that the device drops by itself when an interface's VRF changes."""
    if not platform.vrf_change_drops_addresses:
        return now
    seen = now.copy()
    for key in touched:
        before, after = now.objects.get(key), wanted.objects.get(key)
        if isinstance(before, Interface) and isinstance(after, Interface) and before.vrf != after.vrf:
            for address in now.addresses_of(before.name):
                seen.objects.pop(("ip_address", address.get_unique_id()), None)
    return seen


def _resets(platform: Platform, now: DeviceState, wanted: DeviceState, touched: list[Key]) -> list[str]:
    """Return the lines for the physical ports that go: they can't be deleted, only put back to the default."""
    return [
        platform.reset_interface.format(name=now.objects[key].name)
        for key in touched
        if _is_reset(now.objects.get(key), wanted.objects.get(key))
    ]


def _is_reset(now: object, wanted: object) -> bool:
    return (
        isinstance(now, Interface) and isinstance(wanted, Interface) and wanted.pristine and not now.pristine
    )


def _remediate(platform: Platform, now: DeviceState, wanted: DeviceState, touched: list[Key]) -> list[str]:
    keys = [key for key in touched if not _is_reset(now.objects.get(key), wanted.objects.get(key))]
    driver = platform.remediation()
    workflow = WorkflowRemediation(
        get_hconfig(driver, _render(platform, now, keys)),
        get_hconfig(driver, _render(platform, wanted, keys)),
    )
    return [line.cisco_style_text() for line in workflow.remediation_config.all_children_sorted()]


def _render(platform: Platform, state: DeviceState, keys: list[Key]) -> str:
    return "".join(
        _section(platform, state, state.objects[key]) + "\n" for key in keys if key in state.objects
    )


def _section(platform: Platform, state: DeviceState, obj: Interface | Vlan) -> str:
    if isinstance(obj, Vlan):
        return platform.section.render(vlan=obj)
    return platform.section.render(
        vlan=None, interface=obj, addresses=state.addresses_of(obj.name), defaults=platform.defaults(obj)
    )


def _interface_key(address: IPAddress) -> Key:
    return "interface", Interface.create_unique_id(device=address.device, name=address.interface)
