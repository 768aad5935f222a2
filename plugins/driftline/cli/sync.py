"""Commands that write a source of truth: sync it with another one, or with the devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftline.adapters.private import write_own

from .parts import about_of, agreed, chosen, settings_of
from .showing import declined, plan_status, show_applied, show_plan

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import Any

    from driftline.engine import Plan
    from driftline.engine.exceptions import DriftlineError
    from driftline.settings import Settings

    from .exit_status import ExitStatus
    from .terminal import Terminal


def sync(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Make a source of truth hold what another one says, or what the devices have."""
    from driftline import syncing  # noqa: PLC0415
    from driftline.adapters.ipam.renaming import whole  # noqa: PLC0415

    from .terminal import stopping  # noqa: PLC0415

    settings = settings_of(arguments)
    with terminal.watch("reading") as watch, stopping(watch.halt, terminal):
        sides = syncing.load(arguments.source, arguments.target, settings, watch=watch)
    terminal.notes(sides.notes, "notes on what takes no part")
    made = whole(chosen(syncing.plan(sides, syncing.detect(sides)), arguments, terminal))
    if arguments.out is not None:
        write_own(arguments.out, made.to_json())
    changing = bool(made.steps) and not arguments.check and arguments.out is None
    return carry_out(
        made,
        sides.target,
        settings,
        arguments,
        terminal,
        sides.failures,
        changing=changing,
        source=sides.source,
    )


def apply_saved(
    made: Plan, settings: Settings, arguments: argparse.Namespace, terminal: Terminal, plan_time: Any
) -> ExitStatus:
    """Apply a saved plan for a source of truth."""
    from driftline import syncing  # noqa: PLC0415

    with terminal.watch("reading") as watch:
        held = syncing.load_for(made, settings, watch=watch)
    if arguments.check:
        syncing.ready(made, held, settings)
    changing = bool(made.steps) and not arguments.check
    return carry_out(made, held, settings, arguments, terminal, {}, changing=changing, plan_time=plan_time)


def carry_out(
    made: Plan,
    held: Any,
    settings: Settings,
    arguments: argparse.Namespace,
    terminal: Terminal,
    failures: Mapping[str, DriftlineError],
    *,
    changing: bool,
    source: Any = None,
    **about: Any,
) -> ExitStatus:
    """Show a plan for a source of truth; where it is to be changed and the person agrees, apply it and show the end."""
    from driftline import syncing  # noqa: PLC0415

    from .terminal import stopping  # noqa: PLC0415

    if not (changing and terminal.as_json):
        show_plan(made, failures, arguments, terminal)
    if not changing:
        return plan_status(made, failures)
    asking = "yes" in arguments  # who applies a saved plan has agreed to it
    if asking and not agreed(arguments, made):
        return declined(made, failures, arguments, terminal)
    run = about_of(arguments, about.pop("kind", syncing.KIND), **about)
    with terminal.watch("writing") as watch, stopping(watch.halt, terminal):
        if watch.on_total is not None:
            watch.on_total(len(made.units))
        applied = syncing.apply(
            made, held, settings, about=run, watch=watch, source=source, failures=failures
        )
    return show_applied(applied, arguments, terminal)
