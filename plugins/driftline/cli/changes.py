"""Commands about drift, plans, and applying them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from driftline.adapters.private import write_own
from driftline.reports import drift_report, plan_diff, plan_view

from . import sync
from .exit_status import ExitStatus, of_drift
from .parts import about_of, agreed, chosen, is_for_devices, load, read_plan, settings_of
from .showing import declined, plan_status, show_applied, show_plan

if TYPE_CHECKING:
    import argparse

    from driftline.applied import About
    from driftline.engine import Plan
    from driftline.settings import Settings

    from .terminal import Terminal


def drift(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Find drift, and write nothing."""
    from driftline import workflow  # noqa: PLC0415
    from driftline.reports.terminal import show_drift  # noqa: PLC0415

    loaded = load(arguments, settings_of(arguments), terminal)
    try:
        report = drift_report(workflow.detect(loaded), len(loaded.chosen), loaded.failures)
    finally:
        loaded.actual.close()
    if terminal.as_json:
        terminal.json(report.to_dict())
    else:
        show_drift(terminal.out, report)
    return of_drift(report)


def plan(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Make a plan to repair the drift, and write nothing to devices."""
    from driftline.readiness import device_diffs  # noqa: PLC0415

    settings = settings_of(arguments)
    loaded = load(arguments, settings, terminal)
    try:
        made = _part(_planned(loaded, settings, arguments), loaded, arguments, terminal)
        diffs = device_diffs(made, loaded.actual) if arguments.native else None
    finally:
        loaded.actual.close()
    if arguments.out is not None:
        write_own(arguments.out, made.to_json())
    show_plan(made, loaded.failures, arguments, terminal, diffs)
    return plan_status(made, loaded.failures)


def plan_show(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Show a saved plan."""
    _print(plan_view(read_plan(arguments.plan)), terminal)
    return ExitStatus.OK


def plan_compare(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Show how two saved plans differ; exit status 2 when they do."""
    difference = plan_diff(read_plan(arguments.plan), read_plan(arguments.other))
    _print(difference, terminal)
    return ExitStatus.OK if difference.same else ExitStatus.DRIFT


def plan_sign(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Sign a saved plan, with the key that the settings name."""
    from driftline.runs.signatures import sign_file, signature_path  # noqa: PLC0415

    settings = settings_of(arguments)
    signature = sign_file(arguments.plan, settings.signing, settings.folder)
    path = signature_path(arguments.plan)
    if terminal.as_json:
        terminal.json({"signature": str(path), "key": signature.key})
    else:
        terminal.out.print(f"{path}: signed with key {signature.key}", markup=False, soft_wrap=True)
    return ExitStatus.OK


def apply(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Apply a saved plan: exactly it, or nothing of it where the devices have changed since."""
    from driftline import workflow  # noqa: PLC0415
    from driftline.readiness import ready  # noqa: PLC0415
    from driftline.reading import limited, load_for  # noqa: PLC0415

    from .terminal import stopping  # noqa: PLC0415

    settings = settings_of(arguments)
    made = workflow.read_plan(arguments.plan, settings, signed=arguments.require_signature)
    made_at = datetime.fromtimestamp(arguments.plan.stat().st_mtime, UTC)
    if not is_for_devices(made):
        return sync.apply_saved(chosen(made, arguments, terminal), settings, arguments, terminal, made_at)
    if arguments.limit is not None:
        made = limited(made, arguments.limit)
    made = chosen(made, arguments, terminal)
    with terminal.watch("reading devices") as watch, stopping(watch.halt, terminal):
        actual = load_for(made, settings, watch=watch)
    about = about_of(arguments, "apply", plan_time=made_at)
    try:
        if not arguments.check:
            return carry_out(made, actual, settings, about, arguments, terminal)
        ready(made, actual, settings, about)
        show_plan(made, actual.failures, arguments, terminal)
        return plan_status(made, actual.failures)
    finally:
        actual.close()


def remediate(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Find drift, plan, and apply, in one go."""
    from driftline import workflow  # noqa: PLC0415
    from driftline.runs.signatures import unsigned  # noqa: PLC0415

    settings = settings_of(arguments)
    if settings.signing.required and not arguments.check:
        raise unsigned("remediate applies its plan at once", "use plan --out, let it be signed, then apply")
    loaded = load(arguments, settings, terminal)
    try:
        made = _planned(loaded, settings, arguments)
        if not arguments.check:
            workflow.remember_in_sync(loaded, made, settings)
        made = _part(made, loaded, arguments, terminal)
        changing = bool(made.steps) and not arguments.check
        if not (changing and terminal.as_json):  # there the run's report is the one document
            show_plan(made, loaded.failures, arguments, terminal)
        if not changing:
            return plan_status(made, loaded.failures)
        if not agreed(arguments, made):
            return declined(made, loaded.failures, arguments, terminal)
        about = about_of(arguments, "remediate")
        return carry_out(made, loaded.actual, settings, about, arguments, terminal, loaded.intended)
    finally:
        loaded.actual.close()


def carry_out(
    made: Plan,
    actual: Any,
    settings: Settings,
    about: About,
    arguments: argparse.Namespace,
    terminal: Terminal,
    intended: Any = None,
) -> ExitStatus:
    """Apply a plan, with a progress bar, and show how it ended."""
    from driftline import reverting  # noqa: PLC0415

    from .terminal import stopping  # noqa: PLC0415

    with terminal.watch("changing devices") as watch, stopping(watch.halt, terminal):
        if watch.on_total is not None:
            watch.on_total(len(made.units))
        applied = reverting.apply(made, actual, settings, about=about, watch=watch, intended=intended)
    return show_applied(applied, arguments, terminal)


def _planned(loaded: Any, settings: Settings, arguments: argparse.Namespace) -> Plan:
    from driftline import workflow  # noqa: PLC0415

    return workflow.plan(loaded, workflow.detect(loaded), settings, decisions=dict(arguments.decide or ()))


def _part(made: Plan, loaded: Any, arguments: argparse.Namespace, terminal: Terminal) -> Plan:
    """Return the part of a new plan that the arguments choose, with its lines."""
    from driftline.readiness import previewed  # noqa: PLC0415

    smaller = chosen(made, arguments, terminal)
    return smaller if smaller is made else previewed(smaller, loaded.actual)


def _print(view: Any, terminal: Terminal) -> None:
    if terminal.as_json:
        terminal.json(view.to_dict())
    else:
        terminal.out.print(view.to_text(), markup=False, highlight=False, soft_wrap=True)
