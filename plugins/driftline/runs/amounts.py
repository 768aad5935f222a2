"""Amounts in settings: a number or a share of a whole, and durations."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SHARE = re.compile(r"(\d+(?:\.\d+)?) ?%")
_DURATION = re.compile(r"(?:\d+[smhdw])+")


def amount(value: Any) -> int | str:
    """Return a number, or a share such as `10%` or `0.5%`, from how people write it; raises ValueError."""
    text = "" if isinstance(value, bool) else str(value).strip()
    if text.isascii() and text.isdecimal():
        return int(text)
    share = _SHARE.fullmatch(text)
    if share is None or Fraction(share[1]) > 100:  # noqa: PLR2004 - percent
        raise ValueError("expected a number, or a percentage such as 10%")
    return f"{share[1]}%"


def share_of(value: int | str, whole: int) -> Fraction:
    """Return an amount as a number, which may lie between two: a share is taken of the whole."""
    return Fraction(value) if isinstance(value, int) else whole * Fraction(value.rstrip("%")) / 100


def duration(value: Any) -> Any:
    """Return the duration that a text such as `90`, `24h` or `1h30m` stands for; the rest is pydantic's."""
    if isinstance(value, bool):
        raise ValueError("expected seconds, or a duration such as 24h")  # noqa: TRY004 - for pydantic
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=int(text))
    if not _DURATION.fullmatch(text):
        if text.startswith("P"):  # ISO 8601, as pydantic writes it
            return text
        raise ValueError("expected seconds, or a duration such as 30s, 24h or 7d")
    return timedelta(seconds=sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)([smhdw])", text)))


def told(span: timedelta) -> str:
    """Return a duration for people: its two largest units, such as `1d 4h`."""
    left, parts = int(span.total_seconds()), []
    for unit, seconds in reversed(_UNITS.items()):
        if unit != "w" and left >= seconds:
            parts.append(f"{left // seconds}{unit}")
            left %= seconds
    return " ".join(parts[:2]) or "0s"


def _not_negative(span: timedelta) -> timedelta:
    if span < timedelta(0):
        raise ValueError("expected a duration of 0 or more")
    return span


Amount = Annotated[int | str, BeforeValidator(amount)]
"""A number or a share: `5` or `"10%"`."""

Duration = Annotated[timedelta, BeforeValidator(duration), AfterValidator(_not_negative)]
"""Seconds, or a text such as `24h`."""
