"""Commands about the intended state: is it valid, and how does it come to be."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from driftline.reports.drift import counted, failure_list

from .exit_status import ExitStatus
from .parts import confirmed, load, settings_of

if TYPE_CHECKING:
    import argparse

    from driftline.adapters.intent import Choice, IntentAdapter
    from driftline.adapters.ipam.intended import IpamIntent
    from driftline.settings import Settings
    from driftline.workflow import Loaded

    from .terminal import Terminal


def validate(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Check the intended state, offline."""
    from driftline import workflow  # noqa: PLC0415

    intended = workflow.load_intended(settings_of(arguments))
    counts = {name: intended.count(name) for name in ("site", "device", "interface", "ip_address", "vlan")}
    if terminal.as_json:
        terminal.json({"valid": True, "counts": counts})
    else:
        words = ", ".join(counted(count, name.removeprefix("ip_")) for name, count in counts.items())
        terminal.out.print(f"The intent is valid: {words}", highlight=False)
    return ExitStatus.OK


def discover(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Write the intent of a network as it is: all devices of the Nornir inventory, and nothing is changed on them."""
    from driftline.adapters.intent import discover as discovered  # noqa: PLC0415
    from driftline.reading import load_all  # noqa: PLC0415

    from .terminal import stopping  # noqa: PLC0415

    with terminal.watch("reading devices") as watch, stopping(watch.halt, terminal):
        actual = load_all(settings_of(arguments), watch=watch)
    try:
        found = discovered(actual)
        paths = found.write(arguments.to, overwrite=arguments.overwrite)
        failures = failure_list(actual.failures)
    finally:
        actual.close()
    if terminal.as_json:
        terminal.json(
            {
                "files": [str(path) for path in paths],
                "left_out": [asdict(problem) for problem in found.left_out],
                "failures": [asdict(failure) for failure in failures],
            }
        )
    else:
        from driftline.reports.terminal import show_failures  # noqa: PLC0415

        show_failures(terminal.out, failures)
        for problem in found.left_out:
            terminal.out.print(str(problem), markup=False, soft_wrap=True)
        terminal.out.print(f"{counted(len(paths), 'file')} written to {arguments.to}", highlight=False)
    return ExitStatus.INCOMPLETE if failures else ExitStatus.OK


def adopt(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Take drift over into the intent: the chosen part of it becomes what is intended."""
    from driftline.adapters.intent import Choice, IntentAdapter  # noqa: PLC0415
    from driftline.adapters.ipam.intended import IpamIntent  # noqa: PLC0415
    from driftline.engine.exceptions import SettingsError  # noqa: PLC0415

    settings = settings_of(arguments)
    loaded = load(arguments, settings, terminal)
    choice = Choice(
        models=arguments.only or (),
        objects=arguments.object or (),
        attributes=arguments.attribute or (),
    )
    try:
        if isinstance(loaded.intended, IntentAdapter):
            return _adopt_into_files(loaded, loaded.intended, choice, arguments, terminal)
        if isinstance(loaded.intended, IpamIntent):
            return _adopt_into_ipam(loaded, loaded.intended, choice, settings, arguments, terminal)
    finally:
        loaded.actual.close()
    raise SettingsError(
        f"drift can't be adopted into a source of the adapter {settings.intended.adapter!r}",
        code="ADOPT-SOURCE",
        hint="change the source itself",
    )


def _adopt_into_ipam(
    loaded: Loaded,
    intended: IpamIntent,
    choice: Choice,
    settings: Settings,
    arguments: argparse.Namespace,
    terminal: Terminal,
) -> ExitStatus:
    """Write the chosen drift into the IPAM, as a sync of its own."""
    from driftline import syncing  # noqa: PLC0415
    from driftline.adapters.ipam.adopting import adopt as adopted  # noqa: PLC0415
    from driftline.workflow import detect  # noqa: PLC0415

    from .sync import carry_out  # noqa: PLC0415

    adoption = adopted(intended, loaded.actual, detect(loaded), choice)
    sides = syncing.Sides(adoption.source, intended.ipam, loaded.failures)
    made = syncing.plan(sides, syncing.detect(sides)).with_intended({})  # only a part was looked at
    for problem in adoption.problems:
        terminal.note(str(problem))
    changing = bool(made.steps) and not arguments.check
    status = carry_out(
        made,
        intended.ipam,
        settings,
        arguments,
        terminal,
        loaded.failures,
        changing=changing,
        source=adoption.source,
        kind="adopt",
    )
    return ExitStatus.INCOMPLETE if adoption.problems and status is ExitStatus.OK else status


def _adopt_into_files(
    loaded: Loaded,
    intended: IntentAdapter,
    choice: Choice,
    arguments: argparse.Namespace,
    terminal: Terminal,
) -> ExitStatus:
    """Edit the intent files, so that they say what the devices have."""
    from driftline.adapters.intent import adopt as adopted  # noqa: PLC0415
    from driftline.workflow import detect  # noqa: PLC0415

    adoption = adopted(intended, detect(loaded), choice)
    wanted = bool(adoption.changes) and not arguments.check
    if not terminal.as_json:
        terminal.out.print(adoption.text_diff(), markup=False, highlight=False, soft_wrap=True, end="")
        for problem in adoption.problems:
            terminal.out.print(str(problem), markup=False, soft_wrap=True)
        wanted = wanted and (arguments.yes or not terminal.is_interactive or confirmed("Change the intent?"))
    paths = adoption.write() if wanted else []
    if terminal.as_json:
        terminal.json(
            {
                "changes": [asdict(change) for change in adoption.changes],
                "problems": [asdict(problem) for problem in adoption.problems],
                "files": [str(path) for path in paths],
                "failures": [asdict(failure) for failure in failure_list(loaded.failures)],
            }
        )
    else:
        terminal.out.print(f"{counted(len(paths), 'file')} changed", highlight=False)
    if adoption.problems or loaded.failures:
        return ExitStatus.INCOMPLETE
    return ExitStatus.DRIFT if adoption.changes and not paths else ExitStatus.OK
