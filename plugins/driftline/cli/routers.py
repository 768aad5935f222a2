"""`driftline lab frr`: routers from the shell."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import DriftlineError

from .exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftline.lab.frr import RouterLab

    from .terminal import Terminal

ROUTERS = Path(".driftline/frr")
"""Where the routers' state is, relative to where they were started."""


def frr_up(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Start routers: FRRouting behind OpenSSH, in network namespaces (root on Debian)."""
    lab = _routers(arguments)
    served(lambda: lab.up(arguments.routers))
    write_inventory(lab.nornir_hosts(), arguments.hosts)
    number = len(lab.routers)
    terminal.note(
        f"{number} router{' is' if number == 1 else 's are'} up; hosts file: {arguments.hosts}; "
        "stop with `driftline lab frr down`"
    )
    return ExitStatus.OK


def frr_down(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """End the routers, and everything that was made for them."""
    arguments.hosts.unlink(missing_ok=True)
    served(_routers(arguments).down)
    terminal.note("the routers are down")
    return ExitStatus.OK


def frr_devices(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """List the routers and where they are reached."""
    routers = _routers(arguments).routers.values()
    if terminal.as_json:
        terminal.json(
            {one.name: {"host": one.address, "port": 22, "running": one.running} for one in routers}
        )
    else:
        for one in routers:
            off = "" if one.running else "  (off)"
            terminal.out.print(f"{one.name}  ssh://{one.address}:22{off}", highlight=False)
    return ExitStatus.OK


def frr_change(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Change a router by hand, behind driftline's back: `change r1 'interface eth0' 'shutdown'`."""
    served(lambda: _routers(arguments).change(arguments.device, *arguments.line))
    terminal.note(f"{arguments.device}: changed by hand")
    return ExitStatus.OK


def frr_show(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:  # noqa: ARG001 - as all commands
    """Show a router's running configuration."""
    sys.stdout.write(served(lambda: _routers(arguments).running_config(arguments.device)))
    return ExitStatus.OK


def frr_off(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Switch a router off, as if somebody had pulled the plug; `up` switches it on again."""
    served(lambda: _routers(arguments).off(arguments.device))
    terminal.note(f"{arguments.device}: switched off")
    return ExitStatus.OK


def _routers(arguments: argparse.Namespace) -> RouterLab:
    from driftline.lab.frr import DEFAULT_NETWORK, DEFAULT_PREFIX, RouterLab  # noqa: PLC0415

    network = getattr(arguments, "network", None) or DEFAULT_NETWORK
    prefix = getattr(arguments, "prefix", None) or DEFAULT_PREFIX
    lab: RouterLab = served(lambda: RouterLab(arguments.folder, network=network, prefix=prefix))
    return lab


def write_inventory(hosts: dict[str, Any], path: Path) -> None:
    """Write an inventory of Nornir or Ansible."""
    import yaml  # noqa: PLC0415

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("---\n" + yaml.safe_dump(hosts, sort_keys=False), encoding="utf-8")


def served(call: Callable[[], Any]) -> Any:
    """Call a lab; its errors are shown as all others are."""
    from driftline.lab import LabError  # noqa: PLC0415

    try:
        return call()
    except LabError as error:
        raise DriftlineError(str(error), code=error.code, hint=error.hint) from error


def add_commands(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add `frr` and what is below it."""
    text = "Routers that nobody here wrote: FRRouting behind OpenSSH (root on Debian)."
    frr = verbs.add_parser("frr", help=text.rstrip("."), description=text)
    below = frr.add_subparsers(title="commands", required=True, metavar="COMMAND")
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument(
        "--folder", type=Path, default=ROUTERS, metavar="DIR",
        help="where their state and their keys are (default: %(default)s)",
    )  # fmt: skip
    place.add_argument(
        "--hosts", type=Path, default=ROUTERS / "hosts.yml", metavar="FILE",
        help="the Nornir hosts file with their addresses (default: %(default)s)",
    )  # fmt: skip

    def add(command: Callable[..., ExitStatus]) -> argparse.ArgumentParser:
        text = (command.__doc__ or "").strip()
        name = command.__name__.removeprefix("frr_")
        sub: argparse.ArgumentParser = below.add_parser(
            name, parents=[common, place], help=text.rstrip("."), description=text
        )
        sub.set_defaults(command=command)
        return sub

    starting = add(frr_up)
    starting.add_argument(
        "--routers", type=int, default=3, metavar="N", help="how many (default: %(default)s)"
    )
    starting.add_argument("--network", help="what their management ports are in (default: 198.18.99.0/24)")
    starting.add_argument("--prefix", help="how the names of the links begin that are made (default: frr)")
    add(frr_down)
    add(frr_devices)
    changing = add(frr_change)
    changing.add_argument("device")
    changing.add_argument("line", nargs="+", help="configuration lines, each quoted")
    for command in (frr_show, frr_off):
        add(command).add_argument("device")
