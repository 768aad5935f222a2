"""Compares what was sent with what a server answers, which shows the same values in another form."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from .models import mac_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .records import Values


def difference(sent: Values, answered: Values, seen_as: Mapping[str, str | None]) -> str:
    """Return in words what a server has kept as it was, though it was sent something else; empty: nothing.

    Args:
        seen_as: fields that are answered under another name, or not at all (None).
    """
    kept = []
    for name, value in sent.items():
        shown_as = seen_as.get(name, name)
        if shown_as is not None and not _shows(answered.get(shown_as), value):
            kept.append(f"{shown_as} {_plain(answered.get(shown_as))!r} instead of {_plain(value)!r}")
    return ", ".join(kept)


def identified(
    sent: Values, answered: Values, names: Iterable[str], seen_as: Mapping[str, str | None]
) -> bool:
    """Return whether an answer is of the object that was sent: it has the same in all fields that identify it."""
    return not difference({name: sent.get(name) for name in names}, answered, seen_as)


def moment(text: str) -> dt.datetime:
    """Return when something was changed, whichever way a server writes it."""
    when = dt.datetime.fromisoformat(text)
    return when if when.tzinfo is not None else when.replace(tzinfo=dt.UTC)


def _shows(answered: Any, sent: Any) -> bool:
    if isinstance(sent, dict) and isinstance(answered, dict):
        return all(_shows(answered.get(name), value) for name, value in sent.items())
    if isinstance(answered, list) and not isinstance(sent, list):
        sent = [] if sent is None else [sent]  # one place of several
    shown, wanted = _plain(answered), _plain(sent)
    if shown == wanted:
        return True
    return isinstance(shown, str) and isinstance(wanted, str) and _same_text(shown, wanted)


def _same_text(shown: str, wanted: str) -> bool:
    if len(mac_key(wanted)) == len(mac_key(shown)) == 12 and ":" in wanted:  # noqa: PLR2004 - a MAC address
        return mac_key(shown) == mac_key(wanted)
    return False


def _plain(value: Any) -> Any:
    """Return a value without the server's clothes: references as ids, choices as their values."""
    if isinstance(value, dict):
        return value["value"] if "value" in value else value.get("id", value)
    if isinstance(value, list):
        return sorted((_plain(each) for each in value), key=str)
    return None if value == "" else value
