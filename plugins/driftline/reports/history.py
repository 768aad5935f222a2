"""Runs that have been, for people and for machines: the values of the journal, which this room does not know."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console


def run_dict(run: Any) -> dict[str, Any]:
    """Return a run as plain values."""
    return {**asdict(run), "state": state_of(run)}


def entry_dict(entry: Any) -> dict[str, Any]:
    """Return an entry as plain values."""
    return {**entry._asdict(), "kind": entry.kind.value}


def state_of(run: Any) -> str:
    """Return how a run ended, or what to do with one that has not."""
    if run.ended:
        return str(run.outcome)
    return "under way" if run.is_under_way else "cut off: resume it"


def show_runs(console: Console, runs: Iterable[Any]) -> None:
    """Print runs as a table."""
    table = Table(box=None, pad_edge=False)
    for column in ("run", "what", "began", "by", "state", "devices", "ticket", "comment"):
        table.add_column(column, overflow="fold")
    for run in runs:
        state = state_of(run)
        cells = (run.id, run.kind, run.began, run.user, state, run.summary, run.ticket, run.comment)
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def show_entries(console: Console, run: Any, entries: Iterable[Any]) -> None:
    """Print a run and everything on its record."""
    about = " ".join(part for part in (run.ticket, run.comment) if part)
    console.print(Text(f"{run.kind} {run.id} by {run.user}: {state_of(run)} {run.summary}".rstrip()))
    if about:
        console.print(Text(about))
    table = Table(box=None, pad_edge=False)
    for column in ("no", "at", "device", "what", "details"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        details = json.dumps(dict(entry.data), sort_keys=True) if entry.unit and entry.data else ""
        table.add_row(
            *(Text(str(cell)) for cell in (entry.seq, entry.at, entry.unit, entry.kind.value, details))
        )
    console.print(table)


def show_kept(console: Console, kept: Iterable[Any]) -> None:
    """Print which configurations were kept."""
    table = Table(box=None, pad_edge=False)
    for column in ("device", "before run", "at", "bytes", "encrypted"):
        table.add_column(column)
    for one in kept:
        table.add_row(one.unit, one.run, one.at, str(one.size), "yes" if one.encrypted else "no")
    console.print(table)
