"""Fixtures for all tests: a small fabric that has every kind of object, on simulated devices."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
import yaml

from driftline.adapters.intent import IntentAdapter
from driftline.cli import main
from driftline.lab import Clock, Lab, RealClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FABRIC = Path(__file__).parent / "fabric"
CANARY = "canary-secret-71ac"
"""The simulated devices' password; it must never be seen in any output."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class Fabric:
    """An intent folder, settings for it, and a lab that is in line with it."""

    folder: Path
    lab: Lab
    capture: Callable[[], Any]

    def run(self, *arguments: str) -> Answer:
        """Run a command as a user would, in this process."""
        self.capture()
        try:
            status = main([*arguments, "--config", str(self.folder / "driftline.yml")])
        except SystemExit as stop:
            status = int(stop.code or 0)
        out, err = self.capture()
        assert CANARY not in out + err
        assert "Traceback" not in out + err
        return Answer(status, out, err)

    def device_file(self, device: str) -> Path:
        return self.folder / "intent" / "devices" / f"{device}.yml"

    def edit(self, device: str, old: str, new: str) -> None:
        """Change a device's intent, as a person with an editor would."""
        file = self.device_file(device)
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def setting(self, **sections: dict[str, Any]) -> None:
        """Change the settings file."""
        file = self.folder / "driftline.yml"
        settings = yaml.safe_load(file.read_text())
        for section, values in sections.items():
            settings.setdefault(section, {}).update(values)
        file.write_text(yaml.safe_dump(settings))

    def running(self) -> dict[str, str]:
        return {name: self.lab[name].running_config for name in self.lab}

    def write_hosts(self, hosts: dict[str, Any] | None = None) -> None:
        (self.folder / "hosts.yml").write_text(yaml.safe_dump(hosts or self.lab.nornir_hosts()))


def settings_for(folder: Path) -> dict[str, Any]:
    return {
        "intended": {"path": "intent"},
        "nornir": {"options": {"host_file": "hosts.yml"}},
        "connection": {"timeout": 2, "workers": 8},
        "credentials": {"username": "operator", "password_file": "password"},
        "apply": {"revert_in": 10},
        "state_dir": str(folder / "state"),
    }


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """Put the logs back to where they went: the command line sends them to the stderr that it finds."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def clock() -> Clock:
    """The clock of the lab's commit timers: the real one, unless a test has its own."""
    return RealClock()


@pytest.fixture
def fabric(tmp_path: Path, capfd: pytest.CaptureFixture[str], clock: Clock) -> Iterator[Fabric]:
    """Three devices with every kind of object; `core1` and `leaf1` are owned whole, `leaf2` by what it lists."""
    shutil.copytree(FABRIC / "intent", tmp_path / "intent")
    (tmp_path / "password").write_text(CANARY + "\n")
    (tmp_path / "driftline.yml").write_text(yaml.safe_dump(settings_for(tmp_path)))
    configs = {file.stem: file.read_text() for file in sorted((FABRIC / "configs").glob("*.cfg"))}
    with Lab(configs, username="operator", password=CANARY, addressing="ports", port=0, clock=clock) as lab:
        made = Fabric(tmp_path, lab, capfd.readouterr)
        made.write_hosts()
        yield made
    secretive = [file for file in tmp_path.rglob("*") if file.is_file() and file.name != "password"]
    assert [file.name for file in secretive if CANARY.encode() in file.read_bytes()] == []
    kept = [file for file in (tmp_path / "state").rglob("*") if file.is_file()]
    assert [file.name for file in kept if file.stat().st_mode & 0o077] == []


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count the loads of the intent."""
    counted: list[str] = []
    load = IntentAdapter.load

    def counting(self: IntentAdapter) -> None:
        counted.append(self.name)
        load(self)

    monkeypatch.setattr(IntentAdapter, "load", counting)
    return counted
