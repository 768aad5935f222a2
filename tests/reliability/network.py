"""Ten switches at three sites whose intent was edited: twenty steps on each, of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from driftline import workflow
from driftline.engine import Plan
from driftline.lab import Lab, ManualClock
from driftline.settings import Settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "canary-secret-71ac"
PLAN = "plan.json"
PORTS = 8
STEPS = 20
"""Per device: four VLANs and two SVIs with an address come, two VLANs and a loopback with an address go."""


def names(count: int) -> dict[str, str]:
    """Return that many devices, with the site of each."""
    return {f"sw{number:02d}": f"site{number % 3}" for number in range(count)}


def config(name: str, number: int) -> str:
    """Return what a device boots with."""
    ports = [
        f"interface Ethernet{port}\n   description port {port}\n   switchport access vlan 10\n"
        "   storm-control broadcast level 1"
        for port in range(1, PORTS + 1)
    ]
    lines = [
        f"hostname {name}",
        "vlan 10\n   name users",
        "vlan 66\n   name old",
        "vlan 67\n   name older",
        *ports,
        f"interface Loopback66\n   description old\n   ip address 10.66.0.{number}/32\n   ip ospf area 0.0.0.0",
        f"interface Management1\n   ip address 203.0.113.{number}/24",
        f"router bgp 65001\n   router-id 10.66.0.{number}",
    ]
    return "\n".join(lines) + "\n"


def intent(site: str, number: int) -> dict[str, Any]:
    """Return what a device shall be."""
    ports: dict[str, Any] = {
        f"Ethernet{port}": {"description": f"user {port}", "mode": "access", "access_vlan": 20 + port % 4}
        for port in range(1, PORTS + 1)
    }
    return {
        "site": site,
        "role": "access",
        "platform": "eos",
        "manage": {"interfaces": "exclusive", "vlans": "exclusive", "addresses": "exclusive"},
        "vlans": {10: {"name": "users"}} | {vid: {"name": f"users-{vid}"} for vid in range(20, 24)},
        "interfaces": ports
        | {
            f"Vlan{vid}": {"description": "gateway", "addresses": [f"10.{vid}.0.{number}/24"]}
            for vid in (20, 21)
        },
    }


@dataclass(slots=True)
class Network:
    """A folder with settings, an intent and a plan for it, and the devices as they were before."""

    folder: Path
    lab: Lab
    clock: ManualClock
    devices: dict[str, str]

    @classmethod
    def boot(cls, folder: Path, count: int, workers: int, apply: dict[str, Any]) -> Network:
        """Start the devices; the plan is made of them as they are."""
        clock, devices = ManualClock(), names(count)
        configs = {name: config(name, number) for number, name in enumerate(devices, 1)}
        lab = Lab(configs, username="operator", password=PASSWORD, addressing="ports", port=0, clock=clock)
        lab.start()
        made = cls(folder, lab, clock, devices)
        made._write(workers, apply)
        made._plan()
        lab.reset_log()
        return made

    def _write(self, workers: int, apply: dict[str, Any]) -> None:
        for kind in ("sites", "devices"):
            (self.folder / "intent" / kind).mkdir(parents=True)
        for site in sorted(set(self.devices.values())):
            self._yaml(f"intent/sites/{site}.yml", {"vlans_apply_to": {"roles": ["none"]}, "vlans": {}})
        for number, (name, site) in enumerate(self.devices.items(), 1):
            self._yaml(f"intent/devices/{name}.yml", intent(site, number))
        self._yaml("hosts.yml", self.lab.nornir_hosts())
        settings = {
            "intended": {"path": "intent"},
            "nornir": {"options": {"host_file": "hosts.yml"}},
            "connection": {"timeout": 10, "workers": workers},
            "credentials": {"username": "operator", "password": PASSWORD},
            "apply": {"revert_in": 120, **apply},
            "guards": {"max_deletes": None},
            "state_dir": str(self.folder / "state"),
        }
        self._yaml("driftline.yml", settings)

    def _yaml(self, file: str, value: Any) -> None:
        (self.folder / file).write_text(yaml.safe_dump(value, sort_keys=False))

    def _plan(self) -> None:
        loaded = workflow.load(self.settings)
        try:
            assert loaded.failures == {}
            made = workflow.plan(loaded, workflow.detect(loaded), self.settings)
        finally:
            loaded.actual.close()
        assert len(made.steps) == STEPS * len(self.devices)
        (self.folder / PLAN).write_text(made.to_json())

    @property
    def settings(self) -> Settings:
        return read_settings(self.folder / "driftline.yml")

    @property
    def plan(self) -> Plan:
        return Plan.from_json((self.folder / PLAN).read_text())

    def state(self) -> dict[str, tuple[str, str]]:
        """Return what every device runs, and what it would start with."""
        return {name: (self.lab[name].running_config, self.lab[name].startup_config) for name in self.lab}
