"""Reads an IPAM whole, or only what has changed since; a part is never taken for the whole."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from driftline.engine.exceptions import UnusableAnswer

from . import changes
from .consistency import dangling, missing_vlans
from .kinds import Head, Params
from .values import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .client import Client
    from .glancing import GlancedSource
    from .kinds import Kind, Selection, Source
    from .options import IpamOptions
    from .records import Values
    from .system import Progress
    from .tables import Tables

    Parts = list[tuple[Params, list[Values]]]
    """What was read for each of a list's filters."""

_TRIES: Final = 2
_LARGEST: Final = ("interface", "ip_address", "device")
"""What is asked for first, so that no connection is left with a large list at the end."""


class TableReader:
    """Reads all lists of an IPAM, several at once."""

    def __init__(self, source: GlancedSource) -> None:
        self.source: Source = source
        self._source = source

    def read(self, client: Client, options: IpamOptions, progress: Progress) -> Tables:
        """Read all that takes part; raises TargetError when it can't be proved to be all."""
        session = _Session(self._source, client, self.source.select(client, options), progress)
        tables = changes.begin(self.source, client)
        for stage in session.stages():
            session.fill(stage, tables)
        session.fill_outside(tables)
        if lost := dangling(tables, narrow=session.narrow):
            raise UnusableAnswer(
                f"{client.dialect.title}: {lost}",
                code="IPAM-COUNT",
                hint="somebody is changing it, or the token may see only a part of it: try again, then look at both",
            )
        return tables

    def read_changes(
        self, client: Client, options: IpamOptions, known: Tables, progress: Progress
    ) -> Tables | None:
        """Bring what was read before up to date; None: it can't be told what has changed, so all must be read."""
        news, selection = _at_once(
            [
                partial(changes.since, self.source, client, known),
                partial(self.source.select, client, options),
            ],
            options,
        )
        if news is None:
            return None
        tables = changes.applied(self.source, client, selection, known, news)
        if tables is None:
            return None
        session = _Session(self._source, client, selection, progress)
        stale = session.stale(tables)
        if any(kind.logged for kind in stale):
            return None
        session.fill(stale, tables)
        session.fill_outside(tables)
        is_whole = tables.rows == known.rows or not dangling(tables, narrow=session.narrow)
        return tables if is_whole else None


class _Session:
    """One reading of one IPAM."""

    def __init__(
        self, source: GlancedSource, client: Client, selection: Selection, progress: Progress
    ) -> None:
        self.selection = selection
        self._source = source
        self._client = client
        self._told = progress
        self._lock = threading.Lock()

    @property
    def narrow(self) -> bool:
        """Whether only a part of the devices takes part."""
        return self.selection.devices is not None

    def stages(self) -> list[list[Kind]]:
        """Return the lists in the order in which they can be asked for: those by ids of others come after these."""
        kinds = list(self._source.kinds)
        if not self.narrow:
            return [kinds]
        last = [kind for kind in kinds if kind.by == "address"]
        then = [kind for kind in kinds if kind.by == "interface"]
        return [[kind for kind in kinds if kind not in then and kind not in last], then, last]

    def fill(self, kinds: Sequence[Kind], tables: Tables) -> None:
        """Read lists into tables, in place of what is there of them."""
        found = self._read(kinds, tables)
        for kind in kinds:
            parts = found[kind.name] if kind.proved else self._proved(kind, found[kind.name], tables)
            rows = [row for __, part in parts for row in part]
            if kind.part_of:
                _merge(kind, rows, tables)
            else:
                tables.rows[kind.name] = {row.pop("pk"): row for row in rows}

    def fill_outside(self, tables: Tables) -> None:
        """Read the VLANs that ports use though they are not in the scope, for their numbers."""
        vlans = next(kind for kind in self._source.kinds if kind.name == "vlan")
        missing = missing_vlans(tables) if self.narrow else []
        if missing:
            for row in self._source.complete(self._client, vlans, self.selection, missing):
                tables.rows["vlan"][row.pop("pk")] = {**row, "outside": True}

    def stale(self, tables: Tables) -> list[Kind]:
        """Return the lists that are not as the server has them now, or of which that can't be told."""
        glances = [] if self.narrow else self._source.glances(self._client, self.selection, tables)
        glanced = {name for glance in glances for name in glance.kinds}
        others = [kind for kind in self._source.kinds if kind.name not in glanced]
        asked = [glance.changed for glance in glances]
        heads = _largest_first(kind for kind in others if kind.logged and not kind.part_of)
        asked += [partial(self._changed, kind, tables) for kind in heads]
        changed = {kind.name for kind in others if not kind.logged}.union(*self._at_once(asked))
        return [kind for kind in self._source.kinds if kind.name in changed]

    def _changed(self, kind: Kind, tables: Tables) -> set[str]:
        """Return the kind when the server does not count as many as we have, or has another one changed last."""
        return set() if _fits(self._head(kind, tables), tables.of(kind.name)) else {kind.name}

    def _read(self, kinds: Iterable[Kind], tables: Tables) -> dict[str, Parts]:
        first = _largest_first(kinds)
        asked = [(kind, params) for kind in first for params in self._where(kind, tables)]
        answers = self._at_once([partial(self._rows, *each) for each in asked])
        found: dict[str, Parts] = {kind.name: [] for kind in first}
        for (kind, params), rows in zip(asked, answers, strict=True):
            found[kind.name].append((params, rows))
        return found

    def _where(self, kind: Kind, tables: Tables) -> list[Params]:
        return self._source.where(self._client, kind, self.selection, tables)

    def _rows(self, kind: Kind, params: Params) -> list[Values]:
        def told(more: int) -> None:
            with self._lock:
                self._told(kind.label, more)

        return self._source.rows(self._client, kind, self.selection, params, told)

    def _proved(self, kind: Kind, parts: Parts, tables: Tables) -> Parts:
        """Return a list's pages when they are all of it; they are read once more when it changed meanwhile."""
        reason = ""
        for tries_left in reversed(range(_TRIES)):
            pks = {row["pk"] for __, part in parts for row in part}
            count = self._head(kind, tables).count
            if len(pks) == count and not _shifted(parts):
                return parts
            reason = f"{len(pks)} rows were read, but the server counts {count}"
            if tries_left:
                parts = self._read([kind], tables)[kind.name]
        raise UnusableAnswer(
            f"{self._client.dialect.title} {kind.path} can't be read whole: {reason}",
            code="IPAM-COUNT",
            hint="somebody is changing it, or the token may see only a part of it: try again, then look at both",
        )

    def _head(self, kind: Kind, tables: Tables) -> Head:
        """Return how many objects of a list the server counts, and when one was changed last."""
        filters = [{}] if kind.by == "interface" and not self.narrow else self._where(kind, tables)
        heads = [self._head_of(kind, params) for params in filters]
        newest = [head.newest for head in heads if head.newest]
        return Head(sum(head.count for head in heads), max(newest, default=None))

    def _head_of(self, kind: Kind, params: Params) -> Head:
        asked = {**params, **self._source.brief, "limit": 1, self._source.sort: "-last_updated"}
        page = self._client.get(kind.path, asked)
        rows = page["results"]
        return Head(page["count"], moment(rows[0]["last_updated"]) if rows else None)

    def _at_once(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        return _at_once(calls, self.selection.options)


def _at_once(calls: Sequence[Callable[[], Any]], options: IpamOptions) -> list[Any]:
    """Return what the calls return; after the first that fails nothing more is asked for."""
    with ThreadPoolExecutor(options.connections) as pool:
        futures = [pool.submit(call) for call in calls]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()


def _largest_first(kinds: Iterable[Kind]) -> list[Kind]:
    return sorted(kinds, key=lambda kind: kind.name not in _LARGEST)


def _merge(kind: Kind, found: list[Values], tables: Tables) -> None:
    """Fill a part's fields into the rows that they belong to; lists that came in several pieces are put together."""
    rows = tables.rows[kind.part_of] = {
        pk: {**row, **{name: list(value) if value == () else value for name, value in kind.blank}}
        for pk, row in tables.of(kind.part_of).items()
    }
    for piece in found:
        if (whole := rows.get(piece["pk"])) is not None:
            for name, __ in kind.blank:
                whole[name] = (
                    whole[name] + piece[name] if isinstance(piece[name], list) else piece[name] or whole[name]
                )


def _shifted(parts: Parts) -> bool:
    """Tell whether pages by offset do not join: each must begin with the last row of the one before."""
    pages = [rows for params, rows in parts if "offset" in params and rows]
    return any(one[-1]["pk"] != other[0]["pk"] for one, other in pairwise(pages))


def _fits(head: Head, rows: dict[str, Values]) -> bool:
    ours = [row["changed"] for row in rows.values() if not row.get("outside")]
    newest = max((changed for changed in ours if changed), default=None)
    return head.count == len(ours) and (head.newest is None or head.newest == newest)
