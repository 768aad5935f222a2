"""Ansible's own commands, with the collection as users have it, over the devices of the lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from driftline.lab import Lab
from driftline.lab.fabric import simulation
from driftline.lab.topology import write_topology
from tests.conftest import CANARY, Fabric, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

REPOSITORY = Path(__file__).parents[2]
_TIMEOUT = 180  # seconds


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What became of one task on one host."""

    task: str
    host: str
    status: str
    """`ok`, `failed`, `unreachable` or `skipped`."""
    result: dict[str, Any]
    """All that the module returned."""
    ignored: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))


@dataclass(frozen=True, slots=True)
class Completed:
    """A command of Ansible's that has ended."""

    status: int
    """0: all went well; 2: a task failed; 4: a host was unreachable or a playbook can't be read."""
    out: str
    err: str
    results: list[TaskResult] = field(default_factory=list)
    """In the order in which the tasks ended."""

    @property
    def json(self) -> Any:
        """What was printed; that a string is no template goes without saying."""
        return json.loads(self.out, object_hook=lambda found: found.get("__ansible_unsafe", found))

    def of(self, task: str, host: str | None = None) -> dict[str, Any]:
        """Return what a task, by its name, returned on a host, or on the only one that it ran on."""
        (found,) = (r for r in self.results if r.task == task and host in (None, r.host))
        return found.result

    def by_host(self, task: str) -> dict[str, TaskResult]:
        """Return what became of a task on each host."""
        return {r.host: r for r in self.results if r.task == task}

    @property
    def changed(self) -> list[str]:
        """The hosts on which anything changed, by name."""
        return sorted({r.host for r in self.results if r.changed})


@dataclass(slots=True)
class Ansible:
    """Ansible's commands in a folder of a user's, whose configuration it does not share with anybody."""

    folder: Path
    environment: dict[str, str]

    def run(self, command: str, *arguments: str | Path, **environment: str) -> Completed:
        """Run a command of Ansible's; no secret may show, and nothing may crash."""
        lines = self.folder / ".lines.jsonl"
        lines.unlink(missing_ok=True)
        done = subprocess.run(
            [Path(sys.executable).parent / command, *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment, "LINES": str(lines), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        told = lines.read_text(encoding="utf-8") if lines.exists() else ""
        assert CANARY not in done.stdout + done.stderr + told
        assert "Traceback" not in done.stdout + done.stderr
        results = [TaskResult(**json.loads(line)) for line in told.splitlines()]
        return Completed(done.returncode, done.stdout, done.stderr, results)


@dataclass(slots=True)
class Network(Fabric):
    """A lab with an intent, settings, and an inventory of Ansible's: `inventory/hosts.yml`."""

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory" / "hosts.yml"

    def write_inventory(self, **variables: Any) -> None:
        """Write the inventory, in which the password is not; more variables are those of all hosts."""
        made: Any = self.lab.ansible_inventory(simulation(self.folder / "intent").sites)["all"]
        password = f"{{{{ lookup('ansible.builtin.file', '{self.folder / 'password'}') }}}}"
        made["vars"] |= {"ansible_password": password, **variables}
        self.inventory.parent.mkdir(exist_ok=True)
        self.inventory.write_text(yaml.safe_dump({"all": made}))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start Ansible."""
    for item in items:
        here = item.path.is_relative_to(Path(__file__).parent)
        if here and "ansible" in getattr(item, "fixturenames", ()):
            item.add_marker("collection")


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of collections in which `driftline.network` is this repository."""
    folder = tmp_path_factory.mktemp("collections")
    (folder / "ansible_collections" / "driftline").mkdir(parents=True)
    (folder / "ansible_collections" / "driftline" / "network").symlink_to(REPOSITORY)
    return folder


@pytest.fixture
def ansible(tmp_path: Path, collections: Path) -> Ansible:
    """Ansible's commands, run in the test's folder, where `driftline.yml` and the inventory are."""
    home = tmp_path / ".ansible"
    home.mkdir()
    (home / "ansible.cfg").touch()
    environment = {
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "lines",
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_INVENTORY": str(tmp_path / "inventory" / "hosts.yml"),
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_NOCOWS": "1",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
    }
    return Ansible(tmp_path, environment)


@pytest.fixture
def playbook(ansible: Ansible) -> Callable[..., Completed]:
    """Run a playbook: its text, its path, or the name of one of the collection's.

    playbook(text, "--check", "--diff", "--limit", "leaf1").of("Look for drift", "leaf1")["changed"]
    """

    def run(play: str | Path, *arguments: str | Path, **environment: str) -> Completed:
        if isinstance(play, str) and "\n" in play:
            file = ansible.folder / "playbook.yml"
            file.write_text(play)
            play = file
        return ansible.run("ansible-playbook", play, *arguments, **environment)

    return run


@pytest.fixture
def network(fabric: Fabric) -> Network:
    """The three devices of the fabric, which have every kind of object, with an inventory of Ansible's."""
    made = Network(fabric.folder, fabric.lab, fabric.capture)
    made.write_inventory()
    return made


@pytest.fixture
def network_of(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Network]]:
    """Make a network of as many sites and devices a site as a test asks for: `network_of(sites=2, devices=12)`."""
    labs: list[Lab] = []

    def make(
        *, sites: int = 1, devices: int = 3, interfaces: int = 6, **settings: Mapping[str, Any]
    ) -> Network:
        write_topology(tmp_path / "intent", sites=sites, devices=devices, interfaces=interfaces)
        (tmp_path / "password").write_text(CANARY + "\n")
        (tmp_path / "driftline.yml").write_text(yaml.safe_dump({**settings_for(tmp_path), **settings}))
        configs = simulation(tmp_path / "intent").configs
        labs.append(Lab(configs, username="operator", password=CANARY, addressing="ports", port=0))
        labs[-1].start()
        made = Network(tmp_path, labs[-1], capfd.readouterr)
        made.write_hosts()
        made.write_inventory()
        return made

    yield make
    for lab in labs:
        lab.stop()
