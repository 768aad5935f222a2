"""Runs that have been, for people and for machines: the values of the journal, which this room does not know."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rich.console import Console


_FOR_PEOPLE = {
    "code": "",
    "decision": "",
    "group": "of",
    "guarantee": "",
    "outcome": "",
    "revert_in": "timer",
    "steps": "steps",
    "summary": "",
    "units": "on",
}
"""What is shown of an entry's data, and the word before it."""


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
        cells = (run.id, _kind(run), run.began, run.user, state, run.summary, run.ticket, run.comment)
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def _kind(run: Any) -> str:
    return f"{run.kind} of {run.of}" if run.of else str(run.kind)


def show_entries(console: Console, run: Any, entries: Iterable[Any]) -> None:
    """Print a run and everything on its record."""
    state = f"{state_of(run)} ({run.summary})" if run.summary else state_of(run)
    console.print(Text(f"{_kind(run)} {run.id} by {run.user}: {state}"), soft_wrap=True)
    plan = f"plan {run.plan_id[:12]}" if run.plan_id else ""
    about = "; ".join(
        part for part in (run.scope and f"scope {run.scope}", plan, run.ticket, run.comment) if part
    )
    if about:
        console.print(Text(about), soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for column in ("no", "at", "device", "what", "details"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        details = ", ".join(_details(entry.data))
        table.add_row(
            *(Text(str(cell)) for cell in (entry.seq, entry.at, entry.unit, entry.kind.value, details))
        )
    console.print(table)


def _details(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an entry says that people want to know; machines get all of it."""
    for name, value in data.items():
        if name in _FOR_PEOPLE and value not in (None, "", []):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{_FOR_PEOPLE[name]} {shown}".strip()


def show_kept(console: Console, kept: Iterable[Any]) -> None:
    """Print which configurations were kept."""
    table = Table(box=None, pad_edge=False)
    for column in ("device", "before run", "at", "bytes", "encrypted"):
        table.add_column(column)
    for one in kept:
        table.add_row(one.unit, one.run, one.at, str(one.size), "yes" if one.encrypted else "no")
    console.print(table)
