"""Primary addresses: an attribute of the address here, a field of its device in both systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from driftline.engine.exceptions import DriftlineError, ObjectRefused, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .fields import Item
    from .models import Device, IPAddress
    from .records import Values

    Send = Callable[[Sequence[Device], Sequence[Values]], Sequence[Any]]
    """Changes devices and returns their answers."""
    Find = Callable[[str], Device]

_CHANGED = {"device", "primary"}


def given_up(items: Sequence[Item], find: Find, send: Send) -> list[Item]:
    """Let devices give up the primary addresses that go to another device, or are none any more; returns these.

    It must be done before the address moves: no device can have a primary address that is another's.
    """
    leaving = []
    for item in items:
        address = cast("IPAddress | None", item.existing)
        if address is not None and address.device and _leaves(item, address) and _is_primary(address, find):
            leaving.append((item, address.device, None))
    _patch(leaving, find, send)
    return [item for item, _device, _address in leaving if item.failure is None]


def given_back(items: Sequence[Item], find: Find, send: Send) -> None:
    """Give devices back the primary addresses that could not be changed after all."""
    reasons = {item: item.failure for item in items if item.failure is not None}
    for item in reasons:
        item.failure = None
    _patch([(item, _of(item).device or "", _of(item).address) for item in reasons], find, send)
    for item, reason in reasons.items():
        if item.failure is None:
            item.failure = reason
        else:
            item.failure = TargetError(
                f"{reason.message}; {_of(item).device} has lost its primary address: {item.failure.message}",
                code="IPAM-IN-DOUBT",
                hint="give the device its primary address back by hand",
            )


def taken(items: Sequence[Item], find: Find, send: Send) -> None:
    """Make addresses that are there by now their devices' primary ones."""
    coming = []
    for item in items:
        wanted = cast("IPAddress", item.wanted)
        if wanted.primary and (item.existing is None or _CHANGED & item.changes.keys()):
            if wanted.device is None:
                item.failure = ObjectRefused(
                    f"{wanted.address} is on no device whose primary address it could be", code="IPAM-PRIMARY"
                )
                continue
            coming.append((item, wanted.device, wanted.address))
    _patch(coming, find, send)


def field_of(address: str) -> str:
    """Return the field of a device that holds a primary address of this family."""
    return "primary_ip6" if ":" in address else "primary_ip4"


def _leaves(item: Item, address: IPAddress) -> bool:
    wanted = cast("IPAddress", item.wanted)
    return not wanted.primary or wanted.device != address.device


def _is_primary(address: IPAddress, find: Find) -> bool:
    """Return whether it still is: another address may have taken its place by now."""
    if not address.primary or address.device is None:
        return False
    return bool(getattr(find(address.device), field_of(address.address)) == address.address)


def _of(item: Item) -> IPAddress:
    return cast("IPAddress", item.existing)


def _patch(wishes: Sequence[tuple[Item, str, str | None]], find: Find, send: Send) -> None:
    """Change devices, one row for each; what a device refuses is its addresses' failure."""
    devices: dict[str, Device] = {}
    rows: dict[str, Values] = {}
    of: dict[str, list[tuple[Item, str, str | None]]] = {}
    for item, name, address in wishes:
        try:
            devices[name] = find(name)
        except ObjectRefused as missing:
            item.failure = missing
            continue
        field = field_of(cast("IPAddress", item.wanted).address)
        if rows.setdefault(name, {}).get(field) is not None:
            item.failure = ObjectRefused(f"{name} is to have two primary addresses", code="IPAM-PRIMARY")
            continue
        rows[name][field] = None if address is None else item.pk
        of.setdefault(name, []).append((item, field, address))
    answers = send(list(devices.values()), list(rows.values()))
    for (name, device), answer in zip(devices.items(), answers, strict=True):
        for item, field, address in of[name]:
            if isinstance(answer, DriftlineError):
                item.failure = answer
            else:
                setattr(device, field, address)
