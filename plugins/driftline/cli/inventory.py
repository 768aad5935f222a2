"""The command that prints inventories."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from driftline.reports.drift import counted

from .exit_status import ExitStatus
from .parts import settings_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from driftline.network import Endpoint, IntendedState
    from driftline.settings import Settings

    from .terminal import Terminal

FORMS = ("nornir", "ansible", "intent")


def inventory(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Print the intended devices as an inventory of Nornir or Ansible, or as intent files."""
    from driftline import workflow  # noqa: PLC0415
    from driftline.adapters.inventory.printing import printed  # noqa: PLC0415

    settings = settings_of(arguments)
    intended = workflow.load_intended(settings)
    endpoints = _endpoints(intended, settings, terminal) if arguments.form != "intent" else {}
    if terminal.as_json and arguments.to is None:
        terminal.json(_as_json(intended, arguments.form, endpoints))
        return ExitStatus.OK
    made = printed(intended, arguments.form, endpoints)
    for problem in made.left_out:
        terminal.note(str(problem))
    if arguments.to is None:
        for name, text in made.texts.items():
            terminal.out.print(f"# {name}\n{text}", markup=False, highlight=False, soft_wrap=True, end="")
        return ExitStatus.OK
    paths = made.write(arguments.to, overwrite=arguments.overwrite)
    if terminal.as_json:
        terminal.json({"files": [str(path) for path in paths]})
    else:
        terminal.out.print(f"{counted(len(paths), 'file')} written to {arguments.to}", highlight=False)
    return ExitStatus.OK


def _endpoints(intended: IntendedState, settings: Settings, terminal: Terminal) -> Mapping[str, Endpoint]:
    """Return where the devices are reached, and tell when the inventory that should say it can't be loaded."""
    from driftline.engine.exceptions import LoadError  # noqa: PLC0415
    from driftline.reachable import endpoints_of, known_hosts  # noqa: PLC0415

    try:
        known = known_hosts(intended, settings)
    except LoadError as error:
        terminal.note(f"the devices' addresses are not known: {error.message}")
        known = {}
    return endpoints_of(intended, known)


def _as_json(intended: IntendedState, form: str, endpoints: Mapping[str, Endpoint]) -> Any:
    """Return what machines want: for Ansible a dynamic inventory, as `--list` has to print it."""
    from driftline.adapters.inventory.printing import (  # noqa: PLC0415
        ansible_list,
        nornir_inventory,
        printed,
    )

    if form == "ansible":
        return ansible_list(intended, endpoints)
    if form == "nornir":
        return asdict(nornir_inventory(intended, endpoints))
    made = printed(intended, form)
    return {"files": dict(made.texts), "left_out": [asdict(problem) for problem in made.left_out]}
