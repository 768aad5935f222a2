"""Reports on a terminal, with Rich. Colour and drawing only where the terminal has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.text import Text
from rich.tree import Tree

from driftline.engine.enum import DiffSyncStatus
from driftline.engine.results import UnitOutcome

from .conflicts import conflict_words, notable
from .drift import counted
from .run import outcome_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from driftline.engine.conflicts import Conflict
    from driftline.engine.exceptions import DriftlineError, Problem
    from driftline.engine.results import StepResult, UnitResult

    from .drift import DriftReport, Failure, Row
    from .run import RunReport

_SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red")}


def show_drift(console: Console, report: DriftReport) -> None:
    """Print the drift as a tree site › device › object, then one summary line."""
    show_rows(console, report.rows)
    show_failures(console, report.failures)
    console.print(Text(report.summary, style="bold"), soft_wrap=True)


def show_rows(console: Console, rows: Iterable[Row]) -> None:
    """Print changes as trees, one per site."""
    sites: dict[str, dict[str, Tree]] = {}
    for row in rows:
        devices = sites.setdefault(row.site, {})
        tree = devices.setdefault(row.device, Tree(Text(row.device, style="bold")))
        sign, style = _SIGNS[row.action]
        tree.add(_row_text(row, sign, style))
    for site, devices in sites.items():
        if not site:  # what is not divided by site
            console.print(*devices.values(), sep="\n")
            continue
        top = Tree(Text(site, style="bold cyan"))
        for device in devices.values():
            top.add(device)
        console.print(top)


def _row_text(row: Row, sign: str, style: str) -> Text:
    text = Text.assemble((f"{sign} {row.label}", style))
    if row.action == "update":
        for name, old, new in row.changes:
            text.append(f"\n{name}: ")
            text.append(_value(old), style="red")
            text.append(" → ")
            text.append(_value(new), style="green")
    else:
        shown = [(name, new if row.action == "create" else old) for name, old, new in row.changes]
        details = ", ".join(f"{name} {_value(value)}" for name, value in shown if value not in (None, False))
        text.append(f"  ({details})" if details else "", style="dim")
    return text


def _value(value: Any) -> str:
    return (
        "(none)"
        if value is None
        else repr(value)
        if isinstance(value, str) and not value.strip()
        else str(value)
    )


def show_native(console: Console, native: Mapping[str, Sequence[str]]) -> None:
    """Print the lines that each device gets."""
    for device, lines in native.items():
        console.print(Text(f"{device} gets:", style="bold"))
        for line in lines:
            console.print(Text(f"    {line}"), soft_wrap=True)


def show_device_diffs(console: Console, diffs: Mapping[str, str]) -> None:
    """Print what the devices themselves say that a plan would change."""
    for device, diff in diffs.items():
        console.print(Text(f"{device} says:", style="bold"))
        console.print(escape(diff), markup=False, highlight=False, soft_wrap=True)


def show_conflicts(console: Console, conflicts: Iterable[Conflict]) -> None:
    """Print what the intent and somebody on a device disagree on, and who wins."""
    for conflict in notable(conflicts):
        told = f"{conflict.unit} {conflict_words(conflict)}"
        console.print(Text.assemble(("! ", "bold yellow"), told), soft_wrap=True)


def show_run(console: Console, report: RunReport, *, diffs: bool = False) -> None:
    """Print how each device ended, why what failed did, and one summary line.

    Of a source of truth only the objects that were not changed as planned are named.
    """
    for unit in report.result.units:
        if report.what != "devices" and unit.outcome is UnitOutcome.APPLIED:
            continue
        _show_unit(console, unit, report.groups.get(unit.unit, ""), diffs=diffs)
    show_failures(console, report.failures)
    for note in report.notes:
        console.print(Text(f"note: {note}", style="yellow"), soft_wrap=True)
    _show_left(console, report)
    if report.run:
        console.print(Text(f"run {_about(report)}", style="dim"), soft_wrap=True)
    console.print(Text(report.summary, style="bold"), soft_wrap=True)
    if report.reverted is not None:
        console.print(Text("the earlier batches were to be taken back:", style="bold"))
        show_run(console, report.reverted, diffs=diffs)


def _about(report: RunReport) -> str:
    taken_back = f"{report.kind} of {report.of}" if report.of else ""
    return "; ".join(part for part in (report.run, taken_back, report.ticket, report.comment) if part)


def _show_left(console: Console, report: RunReport) -> None:
    """Print what is not as intended after a run, and why."""
    if not report.left:
        return
    console.print(Text(f"not as intended yet: {counted(len(report.left), 'object')}", style="bold yellow"))
    for left in report.left:
        console.print(Text(f"    {left.row.device} {left.row.label}: {left.why}"), soft_wrap=True)


def _show_unit(console: Console, unit: UnitResult, group: str, *, diffs: bool) -> None:
    good = unit.outcome is UnitOutcome.APPLIED
    protection = "; ".join(part for part in (unit.guarantee, group) if part)
    tree = Tree(
        Text.assemble(
            (unit.unit, "bold"),
            ": ",
            (outcome_words(unit.outcome), "green" if good else "bold red"),
            f" ({protection})" if protection else "",
        )
    )
    if unit.error is not None:
        tree.add(error_text(unit.error))
    for step in unit.steps:
        tree.add(_step_text(step))
    for warning in unit.warnings:
        tree.add(Text(f"note: {warning}", style="yellow"))
    console.print(tree)
    if diffs and unit.native_diff:
        console.print(escape(unit.native_diff), markup=False, highlight=False, soft_wrap=True)


def _step_text(result: StepResult) -> Text:
    step, good = result.step, result.status is DiffSyncStatus.SUCCESS
    sign, style = _SIGNS[step.action]
    label = f"{sign} {'address' if step.model == 'ip_address' else step.model} {step.name}"
    if good:
        return Text.assemble((label, style))
    return Text.assemble((label, style), ": ", (result.status.value, "red"), f": {result.message}")


def show_failures(console: Console, failures: Iterable[Failure]) -> None:
    """Print the devices that take no part."""
    for failure in failures:
        console.print(_told(failure.code, failure.message, failure.hint), soft_wrap=True)


def error_text(error: DriftlineError) -> Text:
    """Return an error for people: its code, what happened to what, what to try."""
    problems: Sequence[Problem] = getattr(error, "problems", ())
    if problems:
        lines = [
            _told(problem.code, f"{problem.where}: {problem.message}", problem.hint) for problem in problems
        ]
        text = Text("\n").join([Text(error.message, style="bold"), *lines])
    else:
        text = _told(error.code, error.message, error.hint)
    if error.rollback_error is not None:
        text.append(f"\nrollback: {error.rollback_error.message}", style="bold red")
    return text


def _told(code: str, message: str, hint: str) -> Text:
    text = Text.assemble((f"{code} ", "bold red"), message)
    if hint:
        text.append(f"\n    try: {hint}", style="dim")
    return text
