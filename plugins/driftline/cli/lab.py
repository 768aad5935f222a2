"""`driftline lab`: simulated devices from the shell."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import DriftlineError

from . import routers
from .exit_status import ExitStatus
from .routers import served as _served

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftline.lab import Lab, LabClient
    from driftline.lab.fabric import Simulation

    from .terminal import Terminal

CONTROL = Path(".driftline/lab.sock")
"""Where a lab listens for commands, relative to where it was started."""
_START_TIMEOUT = 60  # seconds

_SETTINGS = """\
# Settings for a lab of simulated devices.
intended:
  adapter: intent
  path: {intent}
nornir:
  plugin: SimpleInventory
  options:
    host_file: {hosts}
credentials:
  username: admin
  password: admin        # the lab's; real ones belong into the environment or a file of their own
state_dir: .driftline
"""


def up(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Start simulated devices: from an intent folder, from configurations, or a whole new topology."""
    if arguments.background:
        return _up_in_background(arguments, terminal)
    lab, sites = _lab(arguments)

    def ready() -> None:
        routers.write_inventory(lab.nornir_hosts(), arguments.hosts)
        routers.write_inventory(lab.ansible_inventory(sites), _ansible_hosts(arguments.hosts))
        if lab.ca_file is not None:
            authority = arguments.hosts.with_suffix(".ca.pem")
            authority.write_bytes(lab.ca_file.read_bytes())
            terminal.note(f"to trust them, set connection.ca_file; their certificate authority: {authority}")
        terminal.note(f"{_counted(len(lab))} up; hosts file: {arguments.hosts}; stop with Ctrl-C")

    _served(lambda: lab.serve_forever(arguments.control, on_ready=ready))
    return ExitStatus.OK


def down(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Stop the lab."""
    _served(_client(arguments).stop)
    deadline = time.monotonic() + _START_TIMEOUT
    while arguments.control.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    terminal.note("the lab is down")
    return ExitStatus.OK


def devices(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """List the devices and where they listen."""
    found = _served(_client(arguments).devices)
    if terminal.as_json:
        terminal.json(found)
    else:
        for name, endpoint in found.items():
            terminal.out.print(
                f"{name}  {endpoint['transport']}://{endpoint['host']}:{endpoint['port']}", highlight=False
            )
    return ExitStatus.OK


def change(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Change a device by hand, behind driftline's back: `change ams-leaf1 'interface Ethernet3' 'shutdown'`."""
    _served(lambda: _client(arguments).change(arguments.device, arguments.line))
    terminal.note(f"{arguments.device}: changed by hand")
    return ExitStatus.OK


def show(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Show a device's running or startup configuration, its log, or its counters."""
    answer = _served(lambda: _client(arguments).show(arguments.device, arguments.what))
    if isinstance(answer, str) and not terminal.as_json:
        sys.stdout.write(answer if answer.endswith("\n") else answer + "\n")
    else:
        terminal.json(answer)
    return ExitStatus.OK


def fault(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Make something go wrong on a device: `fault ams-leaf1 command-error --command 'commit timer'`."""
    _served(
        lambda: _client(arguments).fault(
            arguments.device, arguments.kind, arguments.match, skip=arguments.skip, times=arguments.times
        )
    )
    terminal.note(f"{arguments.device}: fault {arguments.kind} is armed")
    return ExitStatus.OK


def clear(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Take all faults of a device away (of every device: `*`)."""
    _served(lambda: _client(arguments).clear(arguments.device))
    terminal.note(f"{arguments.device}: no faults any more")
    return ExitStatus.OK


def latency(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Make every answer of a device (of every device: `*`) take some time."""
    _served(lambda: _client(arguments).latency(arguments.device, arguments.seconds))
    terminal.note(f"{arguments.device}: answers after {arguments.seconds} s")
    return ExitStatus.OK


def counters(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    """Show what all devices together have been asked: requests, sessions, commits, confirms, writes."""
    found = asdict(_served(_client(arguments).counters))
    if terminal.as_json:
        terminal.json(found)
    else:
        terminal.out.print(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in found.items()))
    if arguments.reset:
        _served(_client(arguments).reset)
    return ExitStatus.OK


def _counted(number: int) -> str:
    return "1 simulated device is" if number == 1 else f"{number} simulated devices are"


# Parts ----------------------------------------------------------------------------------------------------


def _lab(arguments: argparse.Namespace) -> tuple[Lab, dict[str, str]]:
    """Return the lab, and where its devices are, as far as that is known."""
    from driftline.lab import Lab  # noqa: PLC0415 - the simulator is needed here only

    simulated = _simulated(arguments)
    lab: Lab = _served(
        lambda: Lab(simulated.configs, port=arguments.port, tls=arguments.tls, latency=arguments.latency)
    )
    return lab, simulated.sites


def _simulated(arguments: argparse.Namespace) -> Simulation:
    from driftline.lab.fabric import Simulation, simulation  # noqa: PLC0415

    if arguments.configs is not None:
        return Simulation(_read_configs(arguments.configs), {})
    return simulation(arguments.intent if arguments.topology is None else _write_topology(arguments))


def _read_configs(folder: Path) -> dict[str, str]:
    files = sorted(folder.glob("*.cfg"))
    if not files:
        raise DriftlineError(
            f"there are no *.cfg files in {folder}",
            code="LAB-NO-CONFIGS",
            hint="one file per device: NAME.cfg",
        )
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


def _write_topology(arguments: argparse.Namespace) -> Path:
    """Write an intent folder and settings for it; an existing intent is never overwritten."""
    from driftline.lab.topology import write_topology  # noqa: PLC0415

    intent: Path = arguments.intent
    if intent.exists() and any(intent.iterdir()):
        raise DriftlineError(
            f"{intent} exists already",
            code="LAB-INTENT-EXISTS",
            hint="leave --topology out, or name another --intent",
        )
    sites, count, interfaces = arguments.topology
    write_topology(intent, sites=sites, devices=count, interfaces=interfaces)
    settings = Path("driftline.yml")
    if not settings.exists():
        settings.write_text(_SETTINGS.format(intent=intent, hosts=arguments.hosts), encoding="utf-8")
    return intent


def _ansible_hosts(hosts: Path) -> Path:
    """Return where Ansible's inventory is: not beside Nornir's files, which it would read as groups."""
    return hosts.parent / "ansible" / hosts.name


def _up_in_background(arguments: argparse.Namespace, terminal: Terminal) -> ExitStatus:
    log = arguments.control.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [word for word in sys.argv[1:] if word != "--background"]
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603 - our own command line, once more
            [sys.executable, "-m", "driftline.cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        if b" up; hosts file" in log.read_bytes():
            process.returncode = 0  # it lives on without us; nobody is going to wait for it
            terminal.note(log.read_text(encoding="utf-8").strip().replace("Ctrl-C", "`driftline lab down`"))
            return ExitStatus.OK
        time.sleep(0.05)
    sys.stderr.write(log.read_text(encoding="utf-8"))
    return ExitStatus.ERROR


def _client(arguments: argparse.Namespace) -> LabClient:
    from driftline.lab import LabClient  # noqa: PLC0415

    return LabClient(arguments.control)


# Arguments ------------------------------------------------------------------------------------------------


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `driftline lab` and what is below it."""
    text = "Simulated devices: start, change by hand, make fail, look into."
    lab = commands.add_parser("lab", help=text.rstrip("."), description=text)
    verbs = lab.add_subparsers(title="commands", required=True, metavar="COMMAND")
    control = argparse.ArgumentParser(add_help=False)
    control.add_argument(
        "--control", type=Path, default=Path(os.environ.get("DRIFTLINE_LAB", CONTROL)), metavar="SOCKET",
        help=f"where the lab takes commands (default: {CONTROL}, or $DRIFTLINE_LAB)",
    )  # fmt: skip

    def add(command: Callable[..., ExitStatus]) -> argparse.ArgumentParser:
        text = (command.__doc__ or "").strip()
        sub: argparse.ArgumentParser = verbs.add_parser(
            command.__name__, parents=[common, control], help=text.rstrip("."), description=text
        )
        sub.set_defaults(command=command)
        return sub

    _up_arguments(add(up))
    for command in (down, devices):
        add(command)
    changing = add(change)
    changing.add_argument("device")
    changing.add_argument("line", nargs="+", help="configuration lines, each quoted")
    showing = add(show)
    showing.add_argument("device")
    showing.add_argument(
        "what", nargs="?", default="running", choices=("running", "startup", "log", "counters")
    )
    _fault_arguments(add(fault))
    add(clear).add_argument("device")
    slowing = add(latency)
    slowing.add_argument("device")
    slowing.add_argument("seconds", type=float)
    add(counters).add_argument("--reset", action="store_true", help="then begin to count anew")
    routers.add_commands(verbs, common)


def _up_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--intent",
        type=Path,
        default=Path("inventory/intent"),
        help="the intent folder (default: %(default)s)",
    )
    parser.add_argument(
        "--configs", type=Path, metavar="DIR", help="a folder with one EOS configuration per device, NAME.cfg"
    )
    parser.add_argument(
        "--topology",
        type=_topology,
        metavar="SxDxI",
        help="write a new intent first: sites x devices x interfaces",
    )
    parser.add_argument(
        "--hosts", type=Path, default=Path(".driftline/hosts.yml"), metavar="FILE",
        help="write the addresses as a Nornir hosts file (default: %(default)s); Ansible's is ansible/ beside it",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=int, default=8080, help="the port of every device (default: %(default)s)"
    )
    parser.add_argument(
        "--tls", action="store_true", help="HTTPS, with a certificate authority of the lab's own"
    )
    parser.add_argument(
        "--latency", type=float, default=0.0, metavar="SECONDS", help="how long every answer takes"
    )
    parser.add_argument("--background", action="store_true", help="return when the devices are up")


def _fault_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device")
    parser.add_argument("kind", help="what goes wrong: see docs/lab.md")
    parser.add_argument("--match", default="", metavar="REGEX", help="only commands that match")
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="let so many matches pass first")
    parser.add_argument("--times", type=int, metavar="N", help="hit so many times (default: always)")


def _topology(text: str) -> tuple[int, int, int]:
    numbers = [int(part) for part in text.lower().split("x")]
    if len(numbers) != 3 or min(numbers) < 1:  # noqa: PLR2004 - the three in the name
        raise argparse.ArgumentTypeError("must be like 3x4x24: sites x devices x interfaces")
    return numbers[0], numbers[1], numbers[2]
