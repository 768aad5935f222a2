"""Plans and runs on the terminal or as JSON, and the exit statuses that they mean."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from driftline.reports import plan_rows
from driftline.reports.drift import failure_list

from .exit_status import ExitStatus, of_run
from .parts import target_words

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from driftline.applied import Applied
    from driftline.engine import Plan
    from driftline.engine.exceptions import DriftlineError

    from .terminal import Terminal


def show_plan(
    made: Plan,
    failures: Mapping[str, DriftlineError],
    arguments: argparse.Namespace,
    terminal: Terminal,
    diffs: Mapping[str, str] | None = None,
) -> None:
    """Show a plan, the devices that have no part in it, and the devices' own diffs where they were asked."""
    from driftline.reports.terminal import (  # noqa: PLC0415
        show_conflicts,
        show_device_diffs,
        show_failures,
        show_native,
        show_rows,
    )

    found = failure_list(failures)
    if terminal.as_json:
        more = {} if diffs is None else {"device_diffs": dict(diffs)}
        told = made.model_dump(mode="json")
        terminal.json({**told, "failures": [asdict(failure) for failure in found], **more})
        return
    show_rows(terminal.out, plan_rows(made))
    show_conflicts(terminal.out, made.conflicts)
    if getattr(arguments, "diff", False):
        show_native(terminal.out, made.native)
    show_device_diffs(terminal.out, diffs or {})
    show_failures(terminal.out, found)
    terminal.out.print(plan_line(made), highlight=False, soft_wrap=True)


def declined(
    made: Plan, failures: Mapping[str, DriftlineError], arguments: argparse.Namespace, terminal: Terminal
) -> ExitStatus:
    """Say that nothing was done, since the person did not agree; machines get the plan."""
    terminal.note("nothing was changed")
    if terminal.as_json:
        show_plan(made, failures, arguments, terminal)
    return ExitStatus.DRIFT


def plan_line(made: Plan) -> str:
    """Return a plan on one line."""
    if not made.steps:
        return "Plan: nothing to do"
    counts = {
        action: sum(step.action == action for step in made.steps) for action in ("create", "update", "delete")
    }
    words = ", ".join(f"{count} to {action}" for action, count in counts.items())
    return f"Plan {made.id[:12]}: {words}, on {target_words(made)}"


def plan_status(made: Plan, failures: Mapping[str, DriftlineError]) -> ExitStatus:
    """Return the exit status of a plan that is not applied."""
    if failures:
        return ExitStatus.INCOMPLETE
    return ExitStatus.DRIFT if made.steps else ExitStatus.OK


def show_applied(applied: Applied, arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Show how a run ended, and return its exit status."""
    from driftline.applied import report_on  # noqa: PLC0415
    from driftline.reports.terminal import show_run  # noqa: PLC0415

    report = report_on(applied)
    if terminal.as_json:
        terminal.json({"plan": "" if applied.plan is None else applied.plan.id, **report.to_dict()})
    else:
        show_run(terminal.out, report, diffs=arguments.diff)
    return of_run(report)
