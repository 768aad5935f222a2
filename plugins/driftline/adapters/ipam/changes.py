"""The change log of an IPAM: what has changed since it was read."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from driftline.engine.exceptions import AuthenticationFailed

from .tables import Tables
from .values import moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .client import Client
    from .kinds import Change, Kind, Selection, Source
    from .records import Values

_MARGIN: Final = dt.timedelta(minutes=15)
"""How long a change may be under way: until its transaction ends nobody sees its entry, which is older by then."""
_BEGINNING: Final = "1970-01-01T00:00:00Z"
_MOST: Final = 2000
"""With more changes than these it is quicker to read all."""


def begin(source: Source, client: Client) -> Tables:
    """Return empty tables that know up to when the change log is in what will be read now."""
    tables = Tables()
    try:
        newest = client.get(source.log, {"limit": 1, source.sort: "-time"})["results"]
    except AuthenticationFailed:
        tables.notes.append(
            "the token may not read the change log, so everything is read every time: "
            "let it view object changes, and only what has changed is asked for"
        )
        return tables
    tables.seen = (moment(newest[0]["time"]) or "") if newest else _BEGINNING
    entries = _entries(source, client, tables.seen)
    if entries is None:
        tables.seen = ""
    else:
        tables.applied = [entry.pk for entry in entries]
    return tables


def since(source: Source, client: Client, known: Tables) -> list[Change] | None:
    """Return the change log since tables were read and a while before; None: it can't be told what has changed."""
    if not known.seen:
        return None
    try:
        entries = _entries(source, client, known.seen)
    except AuthenticationFailed:
        return None
    if entries is None or (known.applied and {entry.pk for entry in entries}.isdisjoint(known.applied)):
        return None  # too many, or the log was cleared
    return entries


def applied(
    source: Source, client: Client, selection: Selection, known: Tables, entries: list[Change]
) -> Tables | None:
    """Return tables with the changes in them; None: they reach further than can be told."""
    done = set(known.applied)
    news = [entry for entry in entries if entry.pk not in done]
    if any(entry.of in source.structural and entry.action != "create" for entry in news):
        return None
    touched = _touched(source, news)
    if selection.devices is not None and any(kind.by in {"site", "device"} for kind, __ in touched):
        return None  # it may have entered the scope or left it, with all that is on it
    tables = Tables({name: dict(rows) for name, rows in known.rows.items()}, notes=list(known.notes))
    for kind, pks in touched:
        _renew(source, client, selection, kind, pks, tables)
    _note(tables, known, entries)
    return tables


def _touched(source: Source, news: Iterable[Change]) -> list[tuple[Kind, dict[str, None]]]:
    """Return the ids of all that was made, changed or deleted, by kind."""
    by_name = {kind.changed_as: kind for kind in source.kinds if kind.logged and not kind.part_of}
    touched: dict[str, dict[str, None]] = {}
    for entry in news:
        for of, pk in ((entry.of, entry.what), *entry.also):
            if of in by_name:
                touched.setdefault(of, {})[pk] = None
    return [(kind, touched[of]) for of, kind in by_name.items() if of in touched]


def _renew(
    source: Source, client: Client, selection: Selection, kind: Kind, pks: dict[str, None], tables: Tables
) -> None:
    """Read these rows anew; those that are gone are not there any more."""
    rows = tables.rows.setdefault(kind.name, {})
    for pk in pks:
        rows.pop(pk, None)
    for row in source.complete(client, kind, selection, list(pks)):
        if selection.devices is None or _belongs(kind, row, tables):
            rows[row.pop("pk")] = row


def _belongs(kind: Kind, row: Values, tables: Tables) -> bool:
    """Tell whether a row is on a device in the scope, or on none."""
    if kind.by == "interface":
        return row["device"] in tables.of("device")
    if kind.by == "address":
        there = tables.of("interface")
        return not row["interfaces"] or any(pk in there for pk in row["interfaces"])
    return True


def _note(tables: Tables, known: Tables, entries: list[Change]) -> None:
    tables.seen = max((known.seen, *(moment(entry.time) or "" for entry in entries)))
    first = _before(tables.seen)
    tables.applied = [entry.pk for entry in entries if dt.datetime.fromisoformat(entry.time) >= first]


def _entries(source: Source, client: Client, seen: str) -> list[Change] | None:
    first = _before(seen).isoformat()
    count = client.count(source.log, {source.since: first})
    if count > _MOST:
        return None
    entries = source.changes(client, first) if count else []
    return entries if len(entries) >= count else None


def _before(seen: str) -> dt.datetime:
    return dt.datetime.fromisoformat(seen) - _MARGIN
