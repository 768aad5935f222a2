"""Whether a device is as it shall be, and how it differs where it is not."""

from __future__ import annotations

from difflib import unified_diff
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from .remediation import shown

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from .state import DeviceState, Key


def differences(wanted: DeviceState, found: DeviceState, touched: Sequence[Key]) -> dict[Key, str]:
    """Return what is wrong by object; the lines that driftline does not model count in touched sections."""
    culprits: dict[Key, str] = {}
    for key, obj in wanted.objects.items():
        there = found.objects.get(key)
        if there is None:
            culprits[key] = f"{_name(key, obj)} is not there"
            continue
        for name in obj.get_attrs():
            value = getattr(there, name)
            if not obj.same(name, getattr(obj, name), value):
                culprits[key] = f"{_name(key, obj)}: {name} is {value!r}, not {getattr(obj, name)!r}"
    for key, obj in found.objects.items():
        if key not in wanted.objects:
            culprits[key] = f"{_name(key, obj)} is still there"
    for key in touched:
        lost = _lost(wanted, found, key) if key in wanted.objects and key in found.objects else None
        if lost:
            culprits.setdefault(key, f"{_name(key, wanted.objects[key])}: its line {shown(lost)!r} is gone")
    return culprits


def is_there(before: Any, wanted: Any, found: Any) -> bool:
    """Return whether something of an object's change is there."""
    if before is None or wanted is None:
        return (found is None) == (wanted is None)
    return found is not None and any(
        not wanted.same(name, value, getattr(before, name)) and wanted.same(name, value, getattr(found, name))
        for name, value in wanted.get_attrs().items()
    )


def _lost(one: DeviceState, other: DeviceState, key: Key) -> str | None:
    """Return the first unmodelled line of an object that it has in one state and not in the other."""
    there = other.kept_lines(key)
    return next((line for line in one.kept_lines(key) if line not in there), None)


def strays(wanted: DeviceState, found: DeviceState) -> dict[Key, str]:
    """Return the objects in whose section is a line that driftline does not model and that was not there."""
    lost = {key: _lost(found, wanted, key) for key in wanted.objects}
    return {
        key: f"{_name(key, wanted.objects[key])}: its line {shown(line)!r} was not planned"
        for key, line in lost.items()
        if line
    }


def unmodelled(text: str, ours: re.Pattern[str]) -> list[str]:
    """Return the statements outside all sections that driftline models.

    Args:
        ours: how the first lines of those look.
    """
    found: list[str] = []
    inside = False
    for line in statements(text):
        inside = inside if line.startswith(" ") else ours.match(line) is not None
        if not inside:
            found.append(line)
    return found


def first_difference(before: list[str], after: list[str]) -> str:
    """Return the first line at which they differ; empty: they don't."""
    pairs = ((old, new) for old, new in zip_longest(before, after, fillvalue="") if old != new)
    return next((new.strip() or old.strip() for old, new in pairs), "")


def summary(culprits: dict[Key, str]) -> str:
    """Return what is wrong in one line: the first of it, and how much more there is."""
    more = f" and {len(culprits) - 1} more" if len(culprits) > 1 else ""
    return f"{next(iter(culprits.values()))}{more}"


def difference(before: str, after: str) -> str:
    """Return the difference of two configurations as a unified diff, without comments."""
    old, new = statements(before), statements(after)
    return "\n".join(list(unified_diff(old, new, lineterm=""))[2:])


def _name(key: Key, obj: Any) -> str:
    return f"{key[0]} {obj.get_shortname()}"


def statements(text: str) -> list[str]:
    """Return a configuration without its comments: startup and running differ in those."""
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("!")]
