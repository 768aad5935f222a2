"""What comes of a task, as Nornir's results: whether anything changed, the difference as text, and a plain report."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from nornir.core.task import AggregatedResult, MultiResult, Result
from rich.console import Console

from driftline.applied import report_on
from driftline.engine.exceptions import DriftlineError
from driftline.engine.results import RunResult, UnitOutcome
from driftline.reports import DriftReport, plan_rows, plan_view
from driftline.reports.terminal import (
    error_text,
    show_conflicts,
    show_drift,
    show_native,
    show_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nornir.core.inventory import Host
    from nornir.core.task import Task

    from driftline.applied import Applied
    from driftline.engine import Plan

Given = ParamSpec("Given")

_WIDE = 10_000  # characters; no line is folded


def expected(
    function: Callable[Concatenate[Task, Given], Result],
) -> Callable[Concatenate[Task, Given], Result]:
    """Let a task that fails for a reason of ours have a result that tells it in words, instead of a traceback."""

    @wraps(function)
    def task(task: Task, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return function(task, *args, **kwargs)
        except DriftlineError as error:
            return failure(task.host, error)

    return task


def failure(host: Host, error: DriftlineError) -> Result:
    """Return the result of a host on which nothing was changed, since something went wrong."""
    console = _console()
    console.print(error_text(error))
    return Result(host, result=_text(console), failed=True, exception=error)


def untouched(host: Host, why: str) -> Result:
    """Return the result of a host with which there is nothing to do."""
    return Result(host, result={"device": host.name, "summary": why})


def drift_result(host: Host, report: DriftReport) -> Result:
    """Return the drift of a host; nothing is changed by looking."""
    console = _console()
    if report.rows:
        show_drift(console, report)
    return Result(host, result={**report.to_dict(), "summary": report.summary}, diff=_text(console))


def plan_result(host: Host, made: Plan, *, changed: bool = False) -> Result:
    """Return a plan for a host, which is in the result's attribute `plan` as a value.

    Args:
        changed: whether the host would be changed now, were this no dry run.
    """
    diff = plan_text(made)
    return Result(host, result=plan_view(made).to_dict(), diff=diff, changed=changed, plan=made)


def plan_text(made: Plan) -> str:
    """Return what a plan changes, and the lines that the devices get."""
    console = _console()
    show_rows(console, plan_rows(made))
    show_conflicts(console, made.conflicts)
    show_native(console, made.native)
    return _text(console)


def applied_results(name: str, hosts: Mapping[str, Host], applied: Applied) -> AggregatedResult:
    """Return what became of each device of a run."""
    results = AggregatedResult(name)
    for device in [*(unit.unit for unit in applied.result.units), *applied.failures]:
        result = applied_result(hosts[device], applied)
        result.name = name  # type: ignore[assignment] # Nornir sets it, too
        results[device] = MultiResult(name)
        results[device].append(result)
    return results


def applied_result(host: Host, applied: Applied) -> Result:
    """Return what became of one device of a run, and the device's own account of the change."""
    own = _only(applied, host.name)
    if error := own.failures.get(host.name):
        return failure(host, error)
    told = report_on(own).to_dict()
    unit = next(iter(own.result.units), None)
    if unit is None:
        return Result(host, result=told)
    changed = unit.outcome in (UnitOutcome.APPLIED, UnitOutcome.ROLLBACK_FAILED) and not _is_back(own)
    return Result(
        host,
        result=told,
        diff=unit.native_diff or "",
        changed=changed,
        failed=unit.outcome is not UnitOutcome.APPLIED or own.reverted is not None,
        exception=unit.error,
    )


def _is_back(own: Applied) -> bool:
    """Return whether the device was taken back, since a later batch failed."""
    return own.reverted is not None and any(
        unit.outcome is UnitOutcome.APPLIED for unit in own.reverted.result.units
    )


def _only(applied: Applied, device: str) -> Applied:
    """Return what a run was for one device."""
    units = tuple(unit for unit in applied.result.units if unit.unit == device)
    failures = {name: error for name, error in applied.failures.items() if name == device}
    reverted = applied.reverted and _only(applied.reverted, device)
    result = RunResult(units, interrupted=applied.result.interrupted)
    return replace(applied, result=result, failures=failures, reverted=reverted)


def _console() -> Console:
    return Console(file=io.StringIO(), width=_WIDE, color_system=None, highlight=False)


def _text(console: Console) -> str:
    printed: Any = console.file
    return "\n".join(line.rstrip() for line in printed.getvalue().splitlines())
