"""Whether lists of an IPAM are still as they were read: asked for as little as tells, of several lists at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .kinds import Source
from .values import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .client import Client
    from .kinds import Selection
    from .records import Values
    from .tables import Rows, Tables


@dataclass(frozen=True, slots=True)
class Glance:
    """A look at some lists at once."""

    kinds: tuple[str, ...]
    changed: Callable[[], set[str]]
    """Asks the server, and returns those of the kinds whose lists are not as they were read."""


class GlancedSource(Source, Protocol):
    """A source that tells of many lists at once whether they have changed."""

    def glances(self, client: Client, selection: Selection, tables: Tables) -> list[Glance]:
        """Return what to ask when all devices take part, the slowest first.

        Together they prove of each of their lists that the server has no row more, none less, and none that was
        changed at another time than ours. Lists that none of them tells of are asked for one by one.
        """


def answers(client: Client, lists: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Return several lists of GraphQL, asked for in one request, by kind.

    Args:
        client: what asks.
        lists: kind → the list: `sites(limit: 3){id last_updated}`.
    """
    data = client.graphql(f"{{{' '.join(lists.values())}}}") if lists else {}
    return dict(zip(lists, data.values(), strict=True))


def glimpse(row: Mapping[str, Any]) -> Values:
    """Return the least that tells whether a row was changed."""
    return {"pk": str(row["id"]), "changed": moment(row["last_updated"])}


def are_as_read(rows: Iterable[Values], ours: Rows) -> bool:
    """Tell whether rows, each with its `pk` and some of its fields, are ours: no more, no fewer, no others."""
    theirs = {row["pk"]: row for row in rows}
    return theirs.keys() == ours.keys() and all(
        ours[pk][name] == value for pk, row in theirs.items() for name, value in row.items() if name != "pk"
    )
