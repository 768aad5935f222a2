"""Commands about runs that have been: what they did, going on with them, and taking them back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from driftline.adapters.private import write_own
from driftline.reports.drift import counted

from . import sync
from .changes import carry_out
from .exit_status import ExitStatus
from .parts import about_of, agreed, confirmed, settings_of
from .showing import declined, plan_status, show_applied, show_plan

if TYPE_CHECKING:
    import argparse

    from driftline.runs.journal import Verdict
    from driftline.settings import Settings

    from .terminal import Terminal


def history(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Show the runs that have been, the newest first."""
    from driftline.reports.history import run_dict, show_runs  # noqa: PLC0415
    from driftline.state import open_journal  # noqa: PLC0415

    with open_journal(settings_of(arguments)) as journal:
        if arguments.verify or arguments.head:
            return _verify(journal.verify(arguments.head or ""), terminal)
        runs = journal.runs(arguments.number)
    if terminal.as_json:
        terminal.json({"runs": [run_dict(run) for run in runs]})
    else:
        show_runs(terminal.out, runs)
    return ExitStatus.OK


def show(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Show what a run was to do, and what became of it, row by row of its record."""
    from driftline.engine.plan import Plan  # noqa: PLC0415
    from driftline.reports import plan_rows  # noqa: PLC0415
    from driftline.reports.history import entry_dict, run_dict, show_entries  # noqa: PLC0415
    from driftline.reports.terminal import show_rows  # noqa: PLC0415
    from driftline.state import open_journal  # noqa: PLC0415

    with open_journal(settings_of(arguments)) as journal:
        run = journal.run(arguments.run)
        entries = journal.entries(run.id)
        made = Plan.from_json(journal.plan(run.id)) if run.plan_id else None
    if terminal.as_json:
        told = [entry_dict(entry) for entry in entries]
        terminal.json({**run_dict(run), "plan": made and made.model_dump(mode="json"), "entries": told})
    else:
        if made is not None:
            show_rows(terminal.out, plan_rows(made))
        show_entries(terminal.out, run, entries)
    return ExitStatus.OK


def resume(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Go on with a run that was cut off, so that it ends as if it had not been."""
    from driftline import reverting, sync_history  # noqa: PLC0415

    from .terminal import stopping  # noqa: PLC0415

    settings = settings_of(arguments)
    again = sync_history if sync_history.is_sync(arguments.run, settings) else reverting
    with terminal.watch("changing devices") as watch, stopping(watch.halt, terminal):
        applied = again.resume(arguments.run, settings, watch=watch)
    return show_applied(applied, arguments, terminal)


def rollback(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Bring back what a run has changed, and nothing else."""
    from driftline import sync_history  # noqa: PLC0415
    from driftline.rollback import plan_rollback  # noqa: PLC0415

    from .terminal import stopping  # noqa: PLC0415

    settings = settings_of(arguments)
    if sync_history.is_sync(arguments.run, settings):
        return _sync_back(settings, arguments, terminal)
    with terminal.watch("reading devices") as watch, stopping(watch.halt, terminal):
        run, made, actual = plan_rollback(arguments.run, settings, watch=watch, overwrite=arguments.overwrite)
    try:
        if not (made.steps and terminal.as_json and not arguments.check):
            show_plan(made, actual.failures, arguments, terminal)
        if arguments.check or not made.steps:
            return plan_status(made, actual.failures)
        if not agreed(arguments, made):
            return declined(made, actual.failures, arguments, terminal)
        about = about_of(arguments, "rollback", of=run.id)
        return carry_out(made, actual, settings, about, arguments, terminal)
    finally:
        actual.close()


def _sync_back(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    from driftline.sync_history import plan_rollback  # noqa: PLC0415

    with terminal.watch("reading") as watch:
        run, made, held = plan_rollback(arguments.run, settings, watch=watch, overwrite=arguments.overwrite)
    changing = bool(made.steps) and not arguments.check
    return sync.carry_out(
        made, held, settings, arguments, terminal, {}, changing=changing, kind="rollback", of=run.id
    )


def backup_list(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """List the configurations that were kept before devices were changed."""
    from driftline.state import open_journal  # noqa: PLC0415

    with open_journal(settings_of(arguments)) as journal:
        kept = [one for one in journal.kept_list(arguments.device) if one.purpose.startswith("before")]
    if terminal.as_json:
        terminal.json({"backups": [asdict(one) for one in kept]})
    else:
        from driftline.reports.history import show_kept  # noqa: PLC0415

        show_kept(terminal.out, kept)
    return ExitStatus.OK


def backup_show(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Print a device's configuration as it was before a run; it may hold secrets."""
    from driftline.backups import backup  # noqa: PLC0415
    from driftline.state import open_journal  # noqa: PLC0415

    with open_journal(settings_of(arguments)) as journal:
        text = backup(journal, arguments.run, arguments.device)
    if arguments.out is not None:
        write_own(arguments.out, text)
    elif terminal.as_json:
        terminal.json({"run": arguments.run, "device": arguments.device, "configuration": text})
    else:
        terminal.out.print(text, markup=False, highlight=False, soft_wrap=True, end="")
    return ExitStatus.OK


def backup_restore(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Replace a device's whole configuration by what it was before a run, changes by others since included."""
    from driftline.backups import restore  # noqa: PLC0415

    from .terminal import stopping  # noqa: PLC0415

    settings = settings_of(arguments)
    if not (arguments.yes or not terminal.is_interactive):
        question = f"Replace the whole configuration of {arguments.device}?"
        if not confirmed(question):
            terminal.note("nothing was changed")
            return ExitStatus.DRIFT
    with terminal.watch("changing devices") as watch, stopping(watch.halt, terminal):
        about = about_of(arguments, "restore")
        applied = restore(arguments.run, arguments.device, settings, about=about, watch=watch)
    return show_applied(applied, arguments, terminal)


def _verify(verdict: Verdict, terminal: Terminal) -> ExitStatus:
    if terminal.as_json:
        terminal.json({"holds": verdict.holds, **asdict(verdict)})
    elif verdict.holds:
        entries = counted(verdict.entries, "entry")
        terminal.out.print(f"the history holds: {entries}, head {verdict.head}", highlight=False)
    else:
        terminal.out.print(f"the history does not hold: {verdict.problem}", markup=False, soft_wrap=True)
    return ExitStatus.OK if verdict.holds else ExitStatus.ERROR
