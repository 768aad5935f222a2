"""The names in a scope, found on the server; one that is not there is told before anything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import LoadError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .client import Client


def found(
    client: Client, what: str, path: str, names: Iterable[str], params: Mapping[str, Any] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Return the server's objects by each of these names, as the server spells it.

    Raises LoadError that names all those that are not there.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    rows = client.among(path, "name", wanted, params)
    by_name: dict[str, list[dict[str, Any]]] = {name: [] for name in wanted}
    for row in rows:
        by_name.setdefault(row["name"], []).append(row)
    missing = [unknown(client.dialect.title, what, name) for name in wanted if not by_name[name]]
    if missing:
        raise LoadError(f"The scope does not fit {client.dialect.title} at {client.url}", problems=missing)
    return {name: by_name[name] for name in wanted}


def unknown(title: str, what: str, name: str) -> Problem:
    """Return the problem that there is nothing of this name."""
    return Problem(
        where=f"scope.{what}",
        code="IPAM-SCOPE",
        message=f"{title} has no {name!r} among its {what}",
        hint="correct the name in `scope`; upper and lower case count",
    )


def ids(found_by_name: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[str]:
    """Return the ids of what was found."""
    return [str(row["id"]) for rows in found_by_name.values() for row in rows]


def in_parts(values: Iterable[str], size: int) -> list[list[str]]:
    """Return ids in parts that fit into one request each."""
    every = list(values)
    return [every[start : start + size] for start in range(0, len(every), size)]
