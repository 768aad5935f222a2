"""What several commands do: reading settings and plans, asking the person, writing private files."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from pydantic import SecretStr

from driftline.engine.exceptions import PlanError
from driftline.engine.plan import Plan, select_steps
from driftline.reports.drift import counted

if TYPE_CHECKING:
    import argparse
    from pathlib import Path
    from typing import Any

    from driftline.applied import About
    from driftline.settings import Settings
    from driftline.workflow import Loaded

    from .terminal import Terminal

_PROMPTS = (
    ("ask_pass", "password", "Password for the devices"),
    ("ask_enable", "enable_secret", "Secret for the privileged mode"),
)

# Modules that import Nornir and NAPALM are imported where they are used: `driftline --help` must be quick.


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings, with what the arguments say put over them."""
    from driftline.settings import read_settings, with_apply  # noqa: PLC0415

    settings = read_settings(arguments.config)
    if getattr(arguments, "workers", None) is not None:
        connection = settings.connection.model_copy(update={"workers": arguments.workers})
        settings = settings.model_copy(update={"connection": connection})
    asked = {
        field: SecretStr(getpass.getpass(f"{what}: "))
        for flag, field, what in _PROMPTS
        if getattr(arguments, flag, False)
    }
    if asked:
        settings = settings.model_copy(update={"credentials": settings.credentials.model_copy(update=asked)})
    scope, batch = getattr(arguments, "scope", None), getattr(arguments, "batch", None)
    return with_apply(settings, scope=scope, batch=batch) if scope or batch else settings


def load(arguments: argparse.Namespace, settings: Settings, terminal: Terminal) -> Loaded:
    """Load both sides, with a progress bar."""
    from driftline import workflow  # noqa: PLC0415

    from .terminal import stopping  # noqa: PLC0415

    with terminal.watch("reading devices") as watch, stopping(watch.halt, terminal):
        loaded = workflow.load(settings, limit=arguments.limit, watch=watch)
    terminal.notes(loaded.intended.notes, "objects of the source take no part")
    return loaded


def read_plan(path: Path) -> Plan:
    """Read a plan file; raises PlanError."""
    try:
        return Plan.from_json(path.read_bytes())
    except OSError as error:
        raise PlanError(f"the plan {path} can't be read: {error.strerror}", code="PLAN-MISSING") from error


def chosen(made: Plan, arguments: argparse.Namespace, terminal: Terminal) -> Plan:
    """Return the part of a plan that `--only` and `--action` choose, and tell what goes with the rest."""
    if not (arguments.only or arguments.action):
        return made
    cut = select_steps(made, models=arguments.only or (), actions=arguments.action or ())
    for dropped in cut.dropped:
        terminal.note(f"left out: {dropped}")
    return cut.plan


def agreed(arguments: argparse.Namespace, made: Plan) -> bool:
    """Return whether the person agrees to a plan; without a terminal nobody is asked."""
    if arguments.yes or not sys.stdin.isatty():
        return True
    what = f"{counted(len(made.steps), 'change')} to {target_words(made)}"
    return confirmed(f"Apply {what}?")


def is_for_devices(made: Plan) -> bool:
    """Return whether a plan is for devices, and not for a source of truth."""
    return made.target.type == "devices"


def target_words(made: Plan) -> str:
    """Return what a plan is about to change, in words."""
    return counted(len(made.units), "device") if is_for_devices(made) else made.target.name


def about_of(arguments: argparse.Namespace, kind: str, **more: Any) -> About:
    """Return what a run is for, as the arguments say it."""
    from driftline.applied import About  # noqa: PLC0415

    override = getattr(arguments, "override_window", None)
    return About(
        kind=kind,
        ticket=arguments.ticket or override or "",
        comment=arguments.comment or "",
        override_windows=override is not None,
        **more,
    )


def confirmed(question: str) -> bool:
    """Ask a question that only a yes answers; it is not part of the result, which stdout is for."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")
