"""Plain values: copied, compared and written as JSON in the same way everywhere."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ATOMS = frozenset({str, int, bool, float, type(None), bytes})


def copied(value: Any) -> Any:
    """Return a value that stays as it is when the original is changed in place."""
    kind = type(value)
    if kind in ATOMS:
        return value
    if kind is list:
        return [item if type(item) in ATOMS else copied(item) for item in value]
    if kind is dict:
        made = value.copy()
        for key, item in value.items():
            if type(item) not in ATOMS:  # few are not
                made[key] = copied(item)
        return made
    return copy.deepcopy(value)


def copies(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return copies of some of these values, by name."""
    return {
        name: value if type(value := values[name]) in ATOMS else copied(value)  # most are
        for name in names
    }


def canonical(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON: equal values give equal text."""
    separators = (",", ": ") if indent else (",", ":")
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, indent=indent, separators=separators, default=_plain
    )


def _plain(value: Any) -> Any:
    """Return what JSON has for a value; a set has no order of its own, so it gets one."""
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=canonical)
    return to_jsonable_python(value, fallback=str)
