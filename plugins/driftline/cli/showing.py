"""Plans and runs on the terminal or as JSON, and the exit statuses that they mean."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from driftline.reports import plan_rows, run_report
from driftline.reports.drift import counted, failure_list

from .exit_status import ExitStatus, of_run

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from driftline.engine import Plan
    from driftline.engine.exceptions import DriftlineError
    from driftline.workflow import Applied

    from .terminal import Terminal


def show_plan(
    made: Plan, failures: Mapping[str, DriftlineError], arguments: argparse.Namespace, terminal: Terminal
) -> None:
    """Show a plan, and the devices that have no part in it."""
    from driftline.reports.terminal import (  # noqa: PLC0415
        show_conflicts,
        show_failures,
        show_native,
        show_rows,
    )

    found = failure_list(failures)
    if terminal.as_json:
        terminal.json({**made.model_dump(mode="json"), "failures": [asdict(failure) for failure in found]})
        return
    show_rows(terminal.out, plan_rows(made))
    show_conflicts(terminal.out, made.conflicts)
    if arguments.diff:
        show_native(terminal.out, made.native)
    show_failures(terminal.out, found)
    terminal.out.print(plan_line(made), highlight=False, soft_wrap=True)


def plan_line(made: Plan) -> str:
    """Return a plan on one line."""
    if not made.steps:
        return "Plan: nothing to do"
    counts = {
        action: sum(step.action == action for step in made.steps) for action in ("create", "update", "delete")
    }
    words = ", ".join(f"{count} to {action}" for action, count in counts.items())
    return f"Plan {made.id[:12]}: {words}, on {counted(len(made.units), 'device')}"


def plan_status(made: Plan, failures: Mapping[str, DriftlineError]) -> ExitStatus:
    """Return the exit status of a plan that is not applied."""
    if failures:
        return ExitStatus.INCOMPLETE
    return ExitStatus.DRIFT if made.steps else ExitStatus.OK


def show_applied(
    applied: Applied, plan: str, arguments: argparse.Namespace, terminal: Terminal
) -> ExitStatus:
    """Show how a run ended, and return its exit status."""
    from driftline.reports.terminal import show_run  # noqa: PLC0415

    report = run_report(applied.result, applied.failures, run=applied.run, notes=applied.notes)
    if terminal.as_json:
        terminal.json({"plan": plan, **report.to_dict()})
    else:
        show_run(terminal.out, report, diffs=arguments.diff)
    return of_run(report)
