"""Whether NetBox's lists are as they were read: their lengths, and what was changed in them last, each at once.

REST takes 20 to 90 ms for the count of one list, since it makes all the filters of that list for every request.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from driftline.adapters.ipam.glancing import Glance, answers, are_as_read, glimpse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from driftline.adapters.ipam.client import Client
    from driftline.adapters.ipam.kinds import Kind
    from driftline.adapters.ipam.tables import Rows, Tables

_FEW: Final = 100
"""How many rows of one list may be those that were changed last; a page has a limit that is not told."""


def glances(kinds: Iterable[Kind], client: Client, tables: Tables) -> list[Glance]:
    """Return two questions: whether each list is as long as ours, and whether its newest rows are ours."""
    newest = {kind.name: _newest(tables.of(kind.name)) for kind in kinds}
    newest = {name: rows for name, rows in newest.items() if len(rows) <= _FEW and "" not in _times(rows)}
    counts = {name: len(tables.of(name)) for name in newest}
    return [
        Glance(tuple(newest), partial(_newer, client, newest)),
        Glance(tuple(counts), partial(_longer, client, counts)),
    ]


def _longer(client: Client, counts: Mapping[str, int]) -> set[str]:
    """Return the lists that have not so many rows: the last one is there, and none after it.

    The server cuts a page where its administrator wants it to, but not at two rows.
    """
    found = answers(
        client,
        {
            name: f"{_list_of(name)}(pagination:{{offset:{max(count - 1, 0)},limit:2}}){{id}}"
            for name, count in counts.items()
        },
    )
    return {name for name, rows in found.items() if len(rows) != min(counts[name], 1)}


def _newer(client: Client, newest: Mapping[str, Rows]) -> set[str]:
    """Return the lists in which other rows than these were changed last."""
    asked = {
        name: f'{_list_of(name)}(filters:{{last_updated:{{gte:"{min(_times(rows))}"}}}},'
        f"pagination:{{limit:{len(rows) + 1}}}){{id last_updated}}"
        for name, rows in newest.items()
        if rows
    }
    found = answers(client, asked)
    return {name for name, rows in found.items() if not are_as_read(map(glimpse, rows), newest[name])}


def _list_of(name: str) -> str:
    return "device_role_list" if name == "role" else f"{name}_list"


def _newest(rows: Rows) -> Rows:
    """Return the rows that were changed last: one, or those that were made in one go."""
    last = max(_times(rows), default="")
    return {pk: row for pk, row in rows.items() if (row["changed"] or "") == last}


def _times(rows: Rows) -> list[str]:
    return [row["changed"] or "" for row in rows.values()]
