"""The command `driftline`: reads the arguments, calls the workflow, shows the result."""

from __future__ import annotations

import argparse
import getpass
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import SecretStr

from driftline import __version__
from driftline.engine import Plan
from driftline.engine.exceptions import DriftlineError, PlanError
from driftline.reports import drift_report, plan_rows, run_report
from driftline.reports.drift import counted, failure_list

from . import lab
from .exit_status import ExitStatus, of_drift, of_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from driftline.settings import Settings
    from driftline.workflow import Loaded

    from .terminal import Terminal

_PROMPTS = (
    ("ask_pass", "password", "Password for the devices"),
    ("ask_enable", "enable_secret", "Secret for the privileged mode"),
)

# Modules that import Nornir and NAPALM are imported where they are used: `driftline --help` must be quick.


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = _parser().parse_args(argv)
    from .terminal import Terminal  # noqa: PLC0415

    terminal = Terminal(as_json=arguments.output == "json", verbosity=arguments.verbose)
    try:
        return int(arguments.command(arguments, terminal))
    except DriftlineError as error:
        _show_error(error, terminal)
        return ExitStatus.ERROR
    except KeyboardInterrupt:
        terminal.note("interrupted")
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever reads us went away; what they missed may have been drift
        return ExitStatus.ERROR
    except Exception as error:  # a defect of ours: told as an error, with the traceback for those who ask
        if arguments.verbose > 1:
            raise
        kind, told = type(error).__name__, str(error)
        unexpected = DriftlineError(
            f"{kind}: {told}", code="UNEXPECTED", hint="report it, with what -vv shows"
        )
        _show_error(unexpected, terminal)
        return ExitStatus.ERROR


# Commands -------------------------------------------------------------------------------------------------


def validate(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Check the intended state, offline."""
    from driftline import workflow  # noqa: PLC0415

    intended = workflow.load_intended(_settings(arguments))
    counts = {name: intended.count(name) for name in ("site", "device", "interface", "ip_address", "vlan")}
    if terminal.as_json:
        terminal.json({"valid": True, "counts": counts})
    else:
        words = ", ".join(counted(count, name.removeprefix("ip_")) for name, count in counts.items())
        terminal.out.print(f"The intent is valid: {words}", highlight=False)
    return ExitStatus.OK


def drift(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Find drift, and write nothing."""
    from driftline import workflow  # noqa: PLC0415
    from driftline.reports.terminal import show_drift  # noqa: PLC0415

    loaded = _load(arguments, terminal)
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
    from driftline import workflow  # noqa: PLC0415

    loaded = _load(arguments, terminal)
    try:
        made = workflow.plan(loaded, workflow.detect(loaded))
    finally:
        loaded.actual.close()
    if arguments.out is not None:
        _write_private(arguments.out, made.to_json())
    _show_plan(made, loaded.failures, arguments, terminal)
    return _plan_status(made, loaded.failures)


def apply(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Apply a saved plan: exactly it, or nothing of it where the devices have changed since."""
    from driftline import workflow  # noqa: PLC0415

    from .terminal import stopping  # noqa: PLC0415

    settings = _settings(arguments)
    made = _read_plan(arguments.plan)
    if arguments.limit is not None:
        made = workflow.limited(made, arguments.limit)
    with terminal.watch("reading devices") as watch, stopping(watch.halt, terminal):
        actual = workflow.load_for(made, settings, watch=watch)
    try:
        if not arguments.check:
            return _run(made, actual, settings, arguments, terminal)
        workflow.ready(made, actual, settings)
        _show_plan(made, actual.failures, arguments, terminal)
        return _plan_status(made, actual.failures)
    finally:
        actual.close()


def remediate(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Find drift, plan, and apply, in one go."""
    from driftline import workflow  # noqa: PLC0415

    settings = _settings(arguments)
    loaded = _load(arguments, terminal)
    try:
        made = workflow.plan(loaded, workflow.detect(loaded))
        changing = bool(made.steps) and not arguments.check
        if not (changing and terminal.as_json):  # there the run's report is the one document
            _show_plan(made, loaded.failures, arguments, terminal)
        if not changing:
            return _plan_status(made, loaded.failures)
        if not _agreed(arguments, made):
            terminal.note("nothing was changed")
            return ExitStatus.DRIFT
        return _run(made, loaded.actual, settings, arguments, terminal)
    finally:
        loaded.actual.close()


# Parts ----------------------------------------------------------------------------------------------------


def _load(arguments: argparse.Namespace, terminal: Terminal) -> Loaded:
    from driftline import workflow  # noqa: PLC0415

    from .terminal import stopping  # noqa: PLC0415

    with terminal.watch("reading devices") as watch, stopping(watch.halt, terminal):
        return workflow.load(_settings(arguments), limit=arguments.limit, watch=watch)


def _run(
    made: Plan, actual: Any, settings: Settings, arguments: argparse.Namespace, terminal: Terminal
) -> ExitStatus:
    from driftline import workflow  # noqa: PLC0415
    from driftline.reports.terminal import show_run  # noqa: PLC0415

    from .terminal import stopping  # noqa: PLC0415

    with terminal.watch("changing devices") as watch, stopping(watch.halt, terminal):
        if watch.on_total is not None:
            watch.on_total(len(made.units))
        applied = workflow.apply(made, actual, settings, watch=watch)
    report = run_report(applied.result, applied.failures, run=applied.run)
    if terminal.as_json:
        terminal.json({"plan": made.id, **report.to_dict()})
    else:
        show_run(terminal.out, report, diffs=arguments.diff)
    return of_run(report)


def _settings(arguments: argparse.Namespace) -> Settings:
    from driftline.settings import read_settings  # noqa: PLC0415

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
    return settings


def _read_plan(path: Path) -> Plan:
    try:
        return Plan.from_json(path.read_bytes())
    except OSError as error:
        raise PlanError(f"the plan {path} can't be read: {error.strerror}", code="PLAN-MISSING") from error


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read: plans tell what a network looks like."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")


def _show_plan(
    made: Plan, failures: Mapping[str, DriftlineError], arguments: argparse.Namespace, terminal: Terminal
) -> None:
    from driftline.reports.terminal import show_failures, show_native, show_rows  # noqa: PLC0415

    found = failure_list(failures)
    if terminal.as_json:
        terminal.json({**made.model_dump(mode="json"), "failures": [asdict(failure) for failure in found]})
        return
    show_rows(terminal.out, plan_rows(made))
    if arguments.diff:
        show_native(terminal.out, made.native)
    show_failures(terminal.out, found)
    terminal.out.print(_plan_line(made), highlight=False, soft_wrap=True)


def _plan_line(made: Plan) -> str:
    if not made.steps:
        return "Plan: nothing to do"
    counts = {
        action: sum(step.action == action for step in made.steps) for action in ("create", "update", "delete")
    }
    words = ", ".join(f"{count} to {action}" for action, count in counts.items())
    return f"Plan {made.id[:12]}: {words}, on {counted(len(made.units), 'device')}"


def _plan_status(made: Plan, failures: Mapping[str, DriftlineError]) -> ExitStatus:
    if failures:
        return ExitStatus.INCOMPLETE
    return ExitStatus.DRIFT if made.steps else ExitStatus.OK


def _agreed(arguments: argparse.Namespace, made: Plan) -> bool:
    if arguments.yes or not sys.stdin.isatty():
        return True

    what = f"{counted(len(made.steps), 'change')} to {counted(len(made.units), 'device')}"
    answer = input(f"Apply {what}? [y/N] ")
    return answer.strip().casefold() in ("y", "yes")


def _show_error(error: DriftlineError, terminal: Terminal) -> None:
    if terminal.as_json:
        problems = [str(problem) for problem in getattr(error, "problems", ())]
        terminal.json(
            {
                "error": {
                    "code": error.code,
                    "message": error.message,
                    "hint": error.hint,
                    "problems": problems,
                }
            }
        )
        return
    from driftline.reports.terminal import error_text  # noqa: PLC0415

    terminal.err.print(error_text(error), soft_wrap=True)


# Arguments ------------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """A parser whose usage errors can't be mistaken for drift: argparse would exit with 2."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(ExitStatus.USAGE, f"{self.prog}: {message}\n")


def _parser() -> _Parser:
    parser = _Parser(prog="driftline", description="Keeps a network true to its intent.")
    parser.add_argument("--version", action="version", version=f"driftline {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=_Parser)
    common, devices, changing = _common(), _devices(), _changing()

    def add(command: Callable[..., ExitStatus], *parents: _Parser) -> _Parser:
        text = (command.__doc__ or "").strip()
        sub = commands.add_parser(
            command.__name__, parents=[common, *parents], help=text.rstrip("."), description=text
        )
        sub.set_defaults(command=command)
        return sub

    add(validate)
    add(drift, devices)
    add(plan, devices, _diff()).add_argument(
        "--out", type=Path, metavar="FILE", help="save the plan, to apply it later"
    )
    add(apply, devices, changing, _diff()).add_argument(
        "plan", type=Path, metavar="PLAN", help="a plan saved by `plan --out`"
    )
    add(remediate, devices, changing, _diff()).add_argument(
        "-y", "--yes", action="store_true", help="do not ask before changing devices"
    )
    lab.add_commands(commands, common)
    return parser


def _common() -> _Parser:
    parser = _Parser(add_help=False)
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="settings (default: driftline.yml here)"
    )
    parser.add_argument(
        "--output", choices=("text", "json"), default="text", help="for people or for machines"
    )
    parser.add_argument("-v", "--verbose", action="count", default=0, help="log more; twice: everything")
    return parser


def _devices() -> _Parser:
    parser = _Parser(add_help=False)
    parser.add_argument(
        "-l", "--limit", metavar="PATTERN", help="devices, sites or roles, as in Ansible: 'ams-*,!ams-leaf2'"
    )
    parser.add_argument("-w", "--workers", type=_positive, metavar="N", help="devices to talk to at once")
    parser.add_argument("--ask-pass", action="store_true", help="ask for the devices' password")
    parser.add_argument("--ask-enable", action="store_true", help="ask for the secret of the privileged mode")
    return parser


def _changing() -> _Parser:
    parser = _Parser(add_help=False)
    parser.add_argument("-C", "--check", action="store_true", help="show what would be done, and do nothing")
    return parser


def _diff() -> _Parser:
    parser = _Parser(add_help=False)
    parser.add_argument("-D", "--diff", action="store_true", help="show the devices' own lines, too")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
