"""The arguments of all commands."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from driftline import __version__
from driftline.engine.plan import ACTIONS

from . import changes, history, intent, inventory, lab, sync
from .exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MODELS = ("interface", "ip_address", "vlan")
RECORDS = ("term", "site", "vlan", "prefix", "device", "interface", "ip_address")
_WINNERS = ("source_wins", "dest_wins")
_RUN = "a run's id, or how it begins"


class Parser(argparse.ArgumentParser):
    """A parser whose usage errors can't be mistaken for drift: argparse would exit with 2."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and exit with the status of a usage error."""
        self.print_usage(sys.stderr)
        self.exit(ExitStatus.USAGE, f"{self.prog}: {message}\n")


def parser() -> Parser:
    """Return the parser of the whole command line."""
    top = Parser(prog="driftline", description="Keeps a network true to its intent.")
    top.add_argument("--version", action="version", version=f"driftline {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=Parser)
    _about_intent(commands)
    _about_changes(commands)
    _about_sources(commands)
    _about_runs(commands)
    lab.add_commands(commands, _common())
    return top


def _add(commands: Any, command: Callable[..., ExitStatus], *parents: Parser, name: str = "") -> Parser:
    text = (command.__doc__ or "").strip()
    sub: Parser = commands.add_parser(
        name or command.__name__, parents=[_common(), *parents], help=text.rstrip("."), description=text
    )
    sub.set_defaults(command=command)
    return sub


def _about_intent(commands: Any) -> None:
    _add(commands, intent.validate)
    discovering = _add(commands, intent.discover, _connecting())
    discovering.add_argument(
        "--to", type=Path, required=True, metavar="FOLDER", help="the intent folder to write"
    )
    discovering.add_argument("--overwrite", action="store_true", help="write over files that exist")
    adopting = _add(
        commands, intent.adopt, _devices(), _models(), _checking(), _asking(), _recorded(), _diff()
    )
    adopting.add_argument(
        "--object", type=_list, metavar="NAMES", help="only these objects: 'Ethernet1,Vlan*'"
    )
    adopting.add_argument("--attribute", type=_list, metavar="NAMES", help="only these attributes")
    printing = _add(commands, inventory.inventory)
    printing.add_argument(
        "--as",
        dest="form",
        choices=inventory.FORMS,
        default="nornir",
        help="whose inventory (default: nornir)",
    )
    printing.add_argument("--to", type=Path, metavar="FOLDER", help="write files instead of printing them")
    printing.add_argument("--overwrite", action="store_true", help="write over files that exist")


def _about_changes(commands: Any) -> None:
    _add(commands, changes.drift, _devices())
    planning = _add(commands, changes.plan, _devices(), _models(), _actions(), _deciding(), _diff())
    planning.add_argument("--out", type=Path, metavar="FILE", help="save the plan, to apply it later")
    planning.add_argument(
        "--native", action="store_true", help="ask the devices for their own diff; nothing is committed"
    )
    plans = planning.add_subparsers(title="with saved plans", metavar="COMMAND", parser_class=Parser)
    for command, name in (
        (changes.plan_show, "show"),
        (changes.plan_compare, "diff"),
        (changes.plan_sign, "sign"),
    ):
        one = _add(plans, command, name=name)
        one.add_argument("plan", type=Path, metavar="PLAN", help="a plan saved by `plan --out`")
        if command is changes.plan_compare:
            one.add_argument("other", type=Path, metavar="OTHER", help="the one to compare it with")
    applying = _add(
        commands, changes.apply, _devices(), _models(), _actions(), _checking(), _diff(), _running()
    )
    applying.add_argument("plan", type=Path, metavar="PLAN", help="a plan saved by `plan --out`")
    applying.add_argument(
        "--require-signature", action="store_true", help="refuse a plan that nobody trusted has signed"
    )
    _add(
        commands,
        changes.remediate,
        *(_devices(), _models(), _actions(), _deciding(), _checking(), _diff(), _running(), _asking()),
    )


def _about_sources(commands: Any) -> None:
    shared = (_connecting(), _models(RECORDS), _actions(), _checking(), _diff(), _running(), _asking())
    syncing = _add(commands, sync.sync, *shared)
    syncing.add_argument(
        "source", metavar="FROM", help="`devices`, `intended`, or a name under `sources` in the settings"
    )
    syncing.add_argument("target", metavar="TO", help="`intended`, or a name under `sources`: an IPAM")
    syncing.add_argument("--out", type=Path, metavar="FILE", help="only save the plan, to apply it later")


def _about_runs(commands: Any) -> None:
    past = _add(commands, history.history)
    past.add_argument("-n", "--number", type=_positive, default=20, metavar="N", help="how many runs")
    past.add_argument("--verify", action="store_true", help="check that nothing in it was changed")
    past.add_argument(
        "--head", metavar="HEAD", help="check also that it goes on from the head of an earlier check"
    )
    _add(commands, history.show).add_argument("run", metavar="RUN", help=_RUN)
    resuming = _add(commands, history.resume, _connecting(), _diff())
    resuming.add_argument("run", metavar="RUN", help=_RUN)
    back = _add(commands, history.rollback, _connecting(), _checking(), _diff(), _running(), _asking())
    back.add_argument("run", metavar="RUN", help=_RUN)
    back.add_argument("--overwrite", action="store_true", help="also what was changed again since the run")
    text = "Configurations as they were before runs."
    backup = commands.add_parser("backup", help=text.rstrip("."), description=text)
    verbs = backup.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=Parser)
    _add(verbs, history.backup_list, name="list").add_argument(
        "device", nargs="?", metavar="DEVICE", help="of this device only"
    )
    showing = _add(verbs, history.backup_show, name="show")
    showing.add_argument("--out", type=Path, metavar="FILE", help="write it to a file of yours alone")
    restoring = _add(
        verbs, history.backup_restore, _connecting(), _diff(), _recorded(), _asking(), name="restore"
    )
    for one in (showing, restoring):
        one.add_argument("run", metavar="RUN", help=_RUN)
        one.add_argument("device", metavar="DEVICE", help="a device that the run has changed")


# What several commands share ------------------------------------------------------------------------------


def _common() -> Parser:
    shared = Parser(add_help=False)
    shared.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="settings (default: driftline.yml here)"
    )
    shared.add_argument(
        "--output", choices=("text", "json"), default="text", help="for people or for machines"
    )
    shared.add_argument("-v", "--verbose", action="count", default=0, help="log more; twice: everything")
    return shared


def _connecting() -> Parser:
    shared = Parser(add_help=False)
    shared.add_argument("-w", "--workers", type=_positive, metavar="N", help="devices to talk to at once")
    shared.add_argument("--ask-pass", action="store_true", help="ask for the devices' password")
    shared.add_argument("--ask-enable", action="store_true", help="ask for the secret of the privileged mode")
    return shared


def _devices() -> Parser:
    shared = Parser(add_help=False, parents=[_connecting()])
    shared.add_argument(
        "-l", "--limit", metavar="PATTERN", help="devices, sites or roles, as in Ansible: 'ams-*,!ams-leaf2'"
    )
    return shared


def _models(models: Sequence[str] = MODELS) -> Parser:
    shared = Parser(add_help=False)
    shared.add_argument(
        "--only", type=_of(models), metavar="MODELS", help=f"only these kinds of objects: {','.join(models)}"
    )
    return shared


def _actions() -> Parser:
    shared = Parser(add_help=False)
    some = ",".join(sorted(ACTIONS))
    shared.add_argument("--action", type=_of(ACTIONS), metavar="ACTIONS", help=f"only these actions: {some}")
    return shared


def _deciding() -> Parser:
    shared = Parser(add_help=False)
    shared.add_argument(
        "--decide",
        type=_decision,
        action="append",
        metavar="PLACE=WINNER",
        help="who wins in a conflict: 'leaf1 interface Ethernet1 mtu=dest_wins'",
    )
    return shared


def _checking() -> Parser:
    shared = Parser(add_help=False)
    shared.add_argument("-C", "--check", action="store_true", help="show what would be done, and do nothing")
    return shared


def _running() -> Parser:
    shared = Parser(add_help=False, parents=[_recorded()])
    shared.add_argument(
        "--scope", choices=("unit", "site", "run"), help="what changes together or not at all"
    )
    shared.add_argument("--batch", metavar="SIZES", help="go forward in batches: '1,10%%,100%%'")
    shared.add_argument(
        "--override-window", metavar="TICKET", help="change devices outside their change windows"
    )
    return shared


def _recorded() -> Parser:
    shared = Parser(add_help=False)
    shared.add_argument("--ticket", metavar="TEXT", help="the change's number, for the record")
    shared.add_argument("--comment", metavar="TEXT", help="what it is for, for the record")
    return shared


def _asking() -> Parser:
    shared = Parser(add_help=False)
    shared.add_argument("-y", "--yes", action="store_true", help="do not ask before anything is changed")
    return shared


def _diff() -> Parser:
    shared = Parser(add_help=False)
    shared.add_argument("-D", "--diff", action="store_true", help="show the devices' own lines, too")
    return shared


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number, 1 or more")
    return int(text)


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _of(known: Any) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        parts = _list(text)
        unknown = [part for part in parts if part not in known]
        if unknown or not parts:
            raise argparse.ArgumentTypeError(f"choose of {', '.join(sorted(known))}")
        return parts

    return parse


def _decision(text: str) -> tuple[str, str]:
    place, __, winner = text.rpartition("=")
    if not place or winner not in _WINNERS:
        raise argparse.ArgumentTypeError(f"must end with ={' or ='.join(_WINNERS)}")
    return place, winner
