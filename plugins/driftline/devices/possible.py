"""What a device can't be: said when the plan is made, with the object and the platform, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import PrepareError
from driftline.network import Interface, IPAddress

if TYPE_CHECKING:
    from .platforms import Platform
    from .state import DeviceState, Key


def check(platform: Platform, now: DeviceState, wanted: DeviceState, key: Key) -> None:
    """Raise PrepareError when a section can't become what is wanted; it names the object."""
    obj = wanted.objects.get(key)
    there = obj or now.objects.get(key)
    if there is None:
        return
    what = f"{key[0]} {there.get_shortname()}"
    if key[0] in now.impossible:
        message = f"{what} is not possible on {platform.name}: {now.impossible[key[0]]}"
        raise _impossible(key, message, "PLAN-UNSUPPORTED", "take it out of the intent")
    why = now.why_foreign(what)
    if why and _changes(now, wanted, key):
        message = f"{what} can't be changed on {platform.name}: {why}"
        raise _impossible(key, message, "PLAN-UNSUPPORTED", "take it out of the intent")
    if obj is None:
        return
    before = now.objects.get(key)
    for name, value in obj.get_attrs().items():
        if isinstance(value, str) and not value.isprintable() and getattr(before, name, None) != value:
            raise _impossible(
                key,
                f"{what}: its {name} has characters that no configuration line can have",
                "DEVICE-TEXT",
                "take line breaks, tabs and other control characters out of it",
            )
    if isinstance(obj, Interface):
        _check_interface(platform, now, wanted, key)
        _check_addresses(platform, now, wanted, key)


def _changes(now: DeviceState, wanted: DeviceState, key: Key) -> bool:
    """Return whether an object, or an address on it, is to change."""
    before, after = now.objects.get(key), wanted.objects.get(key)
    if before is None or after is None or before.get_attrs() != after.get_attrs():
        return True
    if not isinstance(after, Interface):
        return False
    had, has = (
        [a.get_attrs() | a.get_identifiers() for a in s.addresses_of(after.name)] for s in (now, wanted)
    )
    return had != has


def _check_interface(platform: Platform, now: DeviceState, wanted: DeviceState, key: Key) -> None:
    obj, before = wanted.objects[key], now.objects.get(key)
    what = f"interface {obj.get_shortname()}"
    if obj.vrf and obj.vrf not in wanted.vrfs and (before is None or before.vrf != obj.vrf):
        raise _impossible(
            key,
            f"{what}: VRF {obj.vrf!r} is not defined on {wanted.device}",
            "DEVICE-NO-VRF",
            "define the VRF on the device first; driftline puts interfaces into VRFs but does not make them",
        )
    for name, reason in now.impossible.items():
        if before is not None and getattr(obj, name, None) != getattr(before, name, None):
            message = f"{what}: {name} can't be changed on {platform.name}: {reason}"
            raise _impossible(key, message, "PLAN-UNSUPPORTED", "take it out of the intent")
    if key in wanted.resets and platform.reset_interface == "":
        raise _impossible(
            key,
            f"{what}: {platform.name} has no factory default that a port could be put back to",
            "PLAN-UNSUPPORTED",
            "list the port in the intent, with what it shall be",
        )


def _check_addresses(platform: Platform, now: DeviceState, wanted: DeviceState, key: Key) -> None:
    obj, before = wanted.objects[key], now.objects.get(key)
    what = f"interface {obj.get_shortname()}"
    addresses = wanted.addresses_of(obj.name)
    first = next((address for address in addresses if address.is_ipv4), None)
    if first is not None and first.secondary:
        raise _impossible(
            key,
            f"{what}: {first.address} can't be secondary, there is no primary address",
            "DEVICE-NO-PRIMARY",
            "list the primary address too",
        )
    new = [address.address for address in addresses if moves(address, now) or changes_layer(before, obj)]
    if new and platform.modes_exclude and obj.access_vlan is not None and obj.mode != "routed":
        raise _impossible(
            key,
            f"{what}: it is a switched port, and can't have {new[0]}",
            "DEVICE-SWITCHED",
            "make it a routed port (mode: routed), or take the address away",
        )
    moved = before is not None and before.vrf != obj.vrf
    if platform.vrf_change_refused and moved and now.addresses_of(obj.name):
        raise _impossible(
            key,
            f"{what}: {platform.name} refuses another VRF while the interface has addresses",
            "DEVICE-VRF-CHANGE",
            "take the addresses away in a run of their own first",
        )


def _impossible(key: Key, message: str, code: str, hint: str) -> PrepareError:
    return PrepareError(message, culprits={key: message}, code=code, hint=hint)


def changes_layer(before: Any, after: Any) -> bool:
    """Return whether a port changes between switched and routed."""
    if not isinstance(before, Interface) or not isinstance(after, Interface):
        return False
    return (before.mode == "routed") != (after.mode == "routed")


def moves(address: IPAddress, other: DeviceState) -> bool:
    """Return whether the other state does not have the address, or has it on another interface."""
    there = other.objects.get(("ip_address", address.get_unique_id()))
    return there is None or not IPAddress.same("interface", there.interface, address.interface)
