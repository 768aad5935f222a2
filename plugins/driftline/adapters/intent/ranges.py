"""Interface ranges: one key of a file that stands for many interfaces, such as `Ethernet1/1-4,7`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

MAX_NAMES: Final = 1024
_MAX_DIGITS: Final = 10

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9 /.:_-]*")
_RANGE: Final = re.compile(r"(?P<stem>.*[A-Za-z/.: ])(?P<numbers>[0-9]+(?:-[0-9]+)?(?:,[0-9]+(?:-[0-9]+)?)*)")
_INNER_RANGE: Final = re.compile(r"[A-Za-z/.: ][0-9]+-[0-9]+[/.:]")


class RangeError(ValueError):
    """A key is neither the name of an interface nor a range of names."""


@lru_cache(maxsize=4096)
def interface_names(key: str) -> tuple[str, ...]:
    """Return the names that a key stands for, as written; RangeError says what is wrong with it."""
    parts = _RANGE.fullmatch(key)
    numbers = parts["numbers"] if parts is not None else ""
    stem = key.removesuffix(numbers) if is_range(key) else key
    if not _NAME.fullmatch(stem) or _INNER_RANGE.search(stem):
        raise RangeError(
            "only the last number can be a range"
            if _INNER_RANGE.search(stem)
            else "this is not an interface name"
        )
    if stem == key:
        return (key,)
    return tuple(f"{stem}{number}" for number in _numbers(numbers))


def is_range(key: str) -> bool:
    """Return whether a key is written as a range; a single name overrides the ranges it lies in."""
    parts = _RANGE.fullmatch(key)
    return parts is not None and not parts["numbers"].isdigit()


def _numbers(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, __, last = part.partition("-")
        last = last or first
        if any(number != "0" and number.startswith("0") for number in (first, last)):
            raise RangeError(f"{part} starts with a zero")
        if max(len(first), len(last)) > _MAX_DIGITS:
            raise RangeError(f"{part[:_MAX_DIGITS]}… is too large a number")
        if int(last) - int(first) >= MAX_NAMES:
            raise RangeError(f"{part} is a range of more than {MAX_NAMES} interfaces")
        if int(last) < int(first):
            raise RangeError(f"{part} ends before it starts")
        found.extend(range(int(first), int(last) + 1))
    if len(set(found)) != len(found):
        raise RangeError("it names an interface twice")
    return found
