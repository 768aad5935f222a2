"""Three routers that nobody here wrote, with an intent that they are in line with.

They are started once for all tests of this folder. Where that can't be, every test is skipped, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from napalm import get_network_driver

from driftline.cli import main
from driftline.lab.frr import RouterLab
from tests.conftest import Answer
from tests.docs.test_examples import skip_without_routers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
NAMES = ("r1", "r2", "r3")
STARTUP = """\
frr defaults traditional
hostname {name}
log syslog informational
service integrated-vtysh-config
!
ip route 192.0.2.0/24 Null0
!
interface eth0
 description core
 ip address 10.0.0.{number}/24
 ipv6 address 2001:db8::{number}/64
 ipv6 nd mtu 1400
exit
!
interface eth1
 description customer
 ip address 10.1.{number}.1/24
exit
!
router bgp 6500{number}
 neighbor 10.0.0.9 remote-as 65009
exit
!
"""
INTENT = """\
site: lab
role: router
platform: frr
manage: {{interfaces: exclusive, addresses: exclusive}}
reset_unlisted_ports: true
interfaces:
  eth0: {{description: core, enabled: true, addresses: [10.0.0.{number}/24, "2001:db8::{number}/64"]}}
  eth1: {{description: customer, enabled: true, addresses: [10.1.{number}.1/24]}}
"""


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouterLab]:
    """Three routers, started once; another lab on this machine is not disturbed."""
    skip_without_routers()
    lab = RouterLab(tmp_path_factory.mktemp("frr") / "lab", network="198.18.98.0/24", prefix="frt")
    try:
        lab.up(len(NAMES), {name: STARTUP.format(name=name, number=name[1:]) for name in NAMES})
        for name in NAMES:
            lab.run(name, "vtysh", "-c", "write memory")
        yield lab
    finally:
        lab.down()


@pytest.fixture(scope="session")
def booted(lab: RouterLab) -> dict[str, str]:
    """What the routers are before any test."""
    return {name: lab.running_config(name) for name in NAMES}


@dataclass(frozen=True, slots=True)
class Network:
    """The routers, with a folder that has intent and settings for them."""

    folder: Path
    lab: RouterLab
    capture: Callable[[], Any]

    def run(self, *arguments: str) -> Answer:
        """Run a command as a user would, in this process."""
        self.capture()
        status = main([*arguments, "--config", str(self.folder / "driftline.yml")])
        out, err = self.capture()
        assert "Traceback" not in out + err
        return Answer(status, out, err)

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.folder / "intent/devices" / f"{name}.yml"
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
        return {name: self.lab.running_config(name) for name in NAMES}

    def driver(self, name: str, user: str = "netops", **options: Any) -> Any:
        """Return an open NAPALM driver, found as NAPALM finds it."""
        host = self.lab.nornir_hosts()[name]
        given = {**host["connection_options"]["napalm"]["extras"]["optional_args"], **options}
        driver = get_network_driver("frr")(host["hostname"], user, "", timeout=20, optional_args=given)
        driver.open()
        return driver


@pytest.fixture
def network(
    tmp_path: Path, lab: RouterLab, booted: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> Iterator[Network]:
    """The routers in line with their intent, and again afterwards."""
    (tmp_path / "intent/devices").mkdir(parents=True)
    (tmp_path / "intent/sites").mkdir()
    (tmp_path / "intent/sites/lab.yml").write_text("vlans: {}\n")
    for name in NAMES:
        (tmp_path / f"intent/devices/{name}.yml").write_text(INTENT.format(number=name[1:]))
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(lab.nornir_hosts()))
    settings = {
        "intended": {"path": "intent"},
        "nornir": {"options": {"host_file": "hosts.yml"}},
        "connection": {"timeout": 5},
        "apply": {"revert_in": 10},
        "state_dir": str(tmp_path / "state"),
    }
    (tmp_path / "driftline.yml").write_text(yaml.safe_dump(settings))
    yield Network(tmp_path, lab, capfd.readouterr)
    for name in NAMES:
        if not lab.routers[name].running:
            lab.on(name)
        if lab.running_config(name) != booted[name]:
            bring_back(lab, name)
    assert {name: lab.running_config(name) for name in NAMES} == booted


def bring_back(lab: RouterLab, name: str) -> None:
    """Bring a router back with FRR's own means; what counts is what it shows then."""
    (lab.folder / name / "frr/booted.conf").write_text(STARTUP.format(name=name, number=name[1:]))
    reload = "/usr/lib/frr/frr-reload.py --reload --stdout /etc/frr/booted.conf"
    lab.run(name, "sh", "-c", f"{reload} >/run/reload.log 2>&1 || true; vtysh -c 'write memory'")
