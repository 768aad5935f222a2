"""How the servers' values become ours: units, spellings, and what means that nothing is known."""

from __future__ import annotations

from typing import Any, Final

from .models import canonical_mac
from .names import slug

_MODES: Final = frozenset({"access", "tagged", "tagged-all"})


def reference(value: Any) -> str | None:
    """Return the id of what a field refers to, given as an id or as an object with one."""
    if value is None:
        return None
    return str(value["id"] if isinstance(value, dict) else value)


def references(values: Any) -> list[str]:
    """Return the ids of what a list refers to."""
    return [str(value["id"]) for value in values or ()]


def name_of(value: Any) -> str | None:
    """Return the name of what a field refers to."""
    return None if value is None else str(value["name"])


def choice(value: Any) -> str | None:
    """Return a choice as its slug, whether it is told as one, with its label, or as an object with a name."""
    if value is None or value == "":
        return None
    if not isinstance(value, dict):
        return str(value)
    return str(value["value"]) if "value" in value else slug(value["name"])


def mode(value: Any) -> str | None:
    """Return the mode of a port; None for none, and for those that we have no word for (`q-in-q`)."""
    word = choice(value)
    word = word.casefold().replace("_", "-") if word else None
    return word if word in _MODES else None


def mtu(value: int | None) -> int | None:
    """Return an MTU in bytes; 0 and less mean that it is not known."""
    return value if value is not None and value > 0 else None


def speed(kbits: int | None) -> float | None:
    """Return a speed in Mbit/s, from one in kbit/s; 0 and less mean that it is not known."""
    return kbits / 1000 if kbits is not None and kbits > 0 else None


def mac(text: str | None) -> str | None:
    """Return a MAC address in one spelling; None for none, and for what is none."""
    try:
        return canonical_mac(text) if text else None
    except ValueError:
        return None


def moment(text: str | None) -> str | None:
    """Return a point in time as REST writes it; GraphQL writes the same one otherwise."""
    return text.replace("+00:00", "Z") if text else None


def is_link_local(address: str) -> bool:
    """Tell whether an address is an IPv6 one of a single link, which every interface has by itself."""
    return address[:3].casefold() in {"fe8", "fe9", "fea", "feb"}
