"""Values as JSON and back, exactly: what JSON has no form for gets a tag, `{"$ip": "10.0.0.1"}`.

The types are a closed table. What is not in it is refused when it is written, so that reading gives back just
what was written, and needs to run or import nothing.
"""

from __future__ import annotations

import base64
import enum
import ipaddress
import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

Enums = Iterable[type[enum.Enum]]

MAX_DEPTH = 50
"""How deep a value can be nested: deeper ones are taken for endless."""
_PLAIN = frozenset({str, int, bool, type(None)})


class NotExact(ValueError):
    """A value that could not be read back as it was, or a form that is none of ours."""


class _Form(NamedTuple):
    """How values of one type are written under their tag, and read."""

    tag: str
    payload: type
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


# Writing --------------------------------------------------------------------------------------------------


def to_plain(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON has it; raises NotExact when it has no exact form.

    A member of an enumeration becomes the class's name and the value; who reads it has to know the class.
    """
    kind = type(value)
    if kind in _PLAIN or (kind is float and math.isfinite(value)):
        return value
    if depth > MAX_DEPTH:
        raise NotExact(f"it is nested deeper than {MAX_DEPTH} levels")
    if kind is list:
        return [item if type(item) in _PLAIN else to_plain(item, depth + 1) for item in value]
    if kind is dict:
        return _plain_dict(value, depth + 1)
    if kind in _SEQUENCES:
        items = [to_plain(item, depth + 1) for item in value]
        # A set has no order of its own; the same set gives the same text.
        return {_SEQUENCES[kind]: items if kind is tuple else sorted(items, key=json.dumps)}
    if isinstance(value, enum.Enum):
        return {"$enum": [kind.__qualname__, to_plain(value.value, depth + 1)]}
    form = _FORMS.get(kind)
    if form is None:
        raise NotExact(f"a value of type {kind.__name__} can't be saved")
    return {form.tag: form.write(value)}


def _plain_dict(value: dict[Any, Any], depth: int) -> dict[str, Any]:
    if set(map(type, value)) <= {str} and not any(key.startswith("$") for key in value):
        return {
            key: item if type(item) in _PLAIN else to_plain(item, depth + 1) for key, item in value.items()
        }
    return {"$dict": [[to_plain(key, depth + 1), to_plain(item, depth + 1)] for key, item in value.items()]}


def _time_text(value: datetime | time) -> str:
    text = value.isoformat()
    # A named zone and the second pass of an hour at a change of the clocks are not in the text.
    if repr(type(value).fromisoformat(text)) != repr(value):
        what = f"a {type(value).__name__} of a named time zone, or in an hour that comes twice,"
        raise NotExact(f"{what} can't be saved; convert it to UTC")
    return text


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _parts(value: timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


# Reading --------------------------------------------------------------------------------------------------


def from_plain(value: Any, enums: Mapping[str, type[enum.Enum]], depth: int = 0) -> Any:
    """Return the value of a JSON form; raises NotExact when it is none."""
    kind = type(value)
    if kind is not dict and kind is not list:
        return value
    if depth > 2 * MAX_DEPTH:  # a tag is a level too
        raise NotExact(f"it is nested deeper than {MAX_DEPTH} levels")
    if kind is list:
        return [item if type(item) in _PLAIN else from_plain(item, enums, depth + 1) for item in value]
    if any(key.startswith("$") for key in value):
        return _untagged(value, enums, depth + 1)
    return {key: from_plain(item, enums, depth + 1) for key, item in value.items()}


def by_name(enums: Enums) -> dict[str, type[enum.Enum]]:
    """Return enumerations by the names under which their members are saved.

    Raises:
        ValueError: two have the same name.
    """
    found: dict[str, type[enum.Enum]] = {}
    for each in enums:
        if found.setdefault(each.__qualname__, each) is not each:
            raise ValueError(f"there are two enumerations named {each.__qualname__}")
    return found


def _untagged(tagged: dict[str, Any], enums: Mapping[str, type[enum.Enum]], depth: int) -> Any:
    if len(tagged) != 1:
        raise NotExact(f"a tag stands alone, not with {', '.join(sorted(tagged))}")
    [(tag, payload)] = tagged.items()
    if tag != "$enum" and tag not in _COLLECTIONS and tag not in _TAGS:
        raise NotExact(f"there is no tag {tag}")
    try:
        if tag in _COLLECTIONS:
            return _COLLECTIONS[tag](from_plain(_typed(payload, list), enums, depth))
        if tag == "$enum":
            name, value = _typed(payload, list)
            return _member(name, from_plain(value, enums, depth), enums)
        return _TAGS[tag].read(_typed(payload, _TAGS[tag].payload))
    except NotExact:
        raise
    except (ValueError, TypeError, ArithmeticError) as error:
        raise NotExact(f"{tag} has no {payload!r}") from error


def _typed(payload: Any, kind: type) -> Any:
    found = type(payload)
    if found is not kind:
        raise TypeError
    return payload


def _member(name: Any, value: Any, enums: Mapping[str, type[enum.Enum]]) -> enum.Enum:
    if name not in enums:
        raise NotExact(f"it has a member of the enumeration {name}: say which that is, enums=[{name}]")
    return enums[name](value)


def _special(text: str) -> float:
    value = float(text)
    if math.isfinite(value):
        raise ValueError
    return value


_SEQUENCES: dict[type, str] = {tuple: "$tuple", set: "$set", frozenset: "$frozenset"}
_COLLECTIONS: dict[str, Callable[[Any], Any]] = {
    "$tuple": tuple,
    "$set": set,
    "$frozenset": frozenset,
    "$dict": dict,
}
_IP = _Form("$ip", str, str, ipaddress.ip_address)
_NETWORK = _Form("$network", str, str, ipaddress.ip_network)
_INTERFACE = _Form("$interface", str, str, ipaddress.ip_interface)
_FORMS: dict[type, _Form] = {
    float: _Form("$float", str, repr, _special),
    bytes: _Form("$bytes", str, _base64, lambda text: base64.b64decode(text, validate=True)),
    ipaddress.IPv4Address: _IP,
    ipaddress.IPv6Address: _IP,
    ipaddress.IPv4Network: _NETWORK,
    ipaddress.IPv6Network: _NETWORK,
    ipaddress.IPv4Interface: _INTERFACE,
    ipaddress.IPv6Interface: _INTERFACE,
    datetime: _Form("$datetime", str, _time_text, datetime.fromisoformat),
    time: _Form("$time", str, _time_text, time.fromisoformat),
    date: _Form("$date", str, date.isoformat, date.fromisoformat),
    timedelta: _Form("$timedelta", list, _parts, lambda parts: timedelta(*parts)),
    Decimal: _Form("$decimal", str, str, Decimal),
    UUID: _Form("$uuid", str, str, UUID),
}
_TAGS = {form.tag: form for form in _FORMS.values()}
