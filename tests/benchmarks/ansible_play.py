"""What does a playbook cost over many hosts, beside an empty loop over them and a module that does a third of it?

    python tests/benchmarks/ansible_play.py [--sites 4] [--rounds 3] [--forks 20]

Every side of every round is an `ansible-playbook` of its own, the sides in turn, on the same simulated devices. What
is told is the CPU time of Ansible with all the processes that it starts; that of the devices is not in it.
`start` is Ansible itself, with one host and nothing to do: it is in all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

REPOSITORY = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
DEVICES = 25  # of a site
PORT = 8150

TASKS = {
    "empty loop": "ansible.builtin.debug: {msg: nothing}",
    "rendered": "driftline.network.remediate: {state: rendered}",
    "drift": "driftline.network.drift:",
    "drift, run once": "{driftline.network.drift: {limit: all}, run_once: true}",
    "module per host": (
        'napalm_facts: {host: "{{ ansible_host }}", port: "{{ ansible_port }}", '
        'username: "{{ ansible_user }}", password: "{{ ansible_password }}"}'
    ),
}


def main() -> None:
    """Start the devices, measure all sides in turn, and print the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sites", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--forks", type=int, default=20)
    parser.add_argument("--side", nargs=2, metavar=("SIDE", "FORKS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(measured(*arguments.side)))
        return
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), arguments.sites, arguments.rounds, arguments.forks)


def run(folder: Path, sites: int, rounds: int, forks: int) -> None:
    """Measure everything on a lab of its own."""
    network = folder / "ansible_collections" / "driftline" / "network"
    network.parent.mkdir(parents=True)
    network.symlink_to(REPOSITORY)
    shape = f"{sites}x{DEVICES}x24"
    up = ["lab", "up", "--background", "--topology", shape, "--intent", "intent", "--port", str(PORT)]
    subprocess.run([BIN / "driftline", *up], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    try:
        costs: dict[str, list[float]] = {side: [] for side in ("start", *TASKS)}
        for _ in range(rounds):
            for side, found in costs.items():
                found.append(_cpu_of(side, folder, forks))
        _show(costs, sites * DEVICES)
    finally:
        subprocess.run([BIN / "driftline", "lab", "down"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _cpu_of(side: str, folder: Path, forks: int) -> float:
    told = subprocess.run(
        [sys.executable, __file__, "--side", side, str(forks)],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return float(json.loads(told))


def measured(side: str, forks: str) -> float:
    """Run one side here, and return its CPU seconds."""
    task = TASKS.get(side, TASKS["empty loop"])
    play = Path("play.yml")
    play.write_text(f"- hosts: all\n  gather_facts: false\n  tasks:\n    - {task}\n", encoding="utf-8")
    limit = ["--limit", "ams-leaf1"] if side == "start" else []
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(Path.cwd()),
        "ANSIBLE_LIBRARY": str(Path(__file__).parent / "ansible_library"),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_HOME": str(Path.cwd() / ".ansible"),
        "ANSIBLE_RETRIES_FILES_ENABLED": "0",
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [BIN / "ansible-playbook", "-i", ".driftline/ansible", "--forks", forks, *limit, play]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode or "ok=1" not in done.stdout:
        sys.exit(f"{side} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _show(costs: dict[str, list[float]], hosts: int) -> None:
    empty = costs["empty loop"]
    print(
        f"{hosts} hosts; CPU seconds, and of each round the ratio to the empty loop: median (lowest to highest)"
    )
    for side, found in costs.items():
        ratios = sorted(one / other for one, other in zip(found, empty, strict=True))
        print(
            f"{side:16} {median(found):7.2f} s {1000 * (median(found) - median(costs['start'])) / hosts:7.1f} ms/host"
            f"   {median(ratios):5.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


if __name__ == "__main__":
    main()
