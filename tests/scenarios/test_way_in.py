"""The way in: an intent is made of a network that exists, and drift that is right becomes intent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftline import workflow
from driftline.adapters.intent import Adoption, Choice, adopt, discover
from driftline.settings import read_settings
from tests.conftest import CANARY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Fabric


def loaded(fabric: Fabric) -> workflow.Loaded:
    """Read the intent and the devices, as every command does."""
    found = workflow.load(read_settings(fabric.folder / "driftline.yml"))
    found.actual.close()
    assert found.failures == {}
    return found


def discovered(fabric: Fabric) -> Path:
    """Write what the devices have to a folder, and use that as the intent from now on."""
    discover(loaded(fabric).actual).write(fabric.folder / "found")
    fabric.setting(intended={"path": "found"})
    return fabric.folder / "found"


def adoption_of(fabric: Fabric, **choice: Any) -> Adoption:
    """Return what adopting the chosen drift would change."""
    found = loaded(fabric)
    return adopt(found.intended, workflow.detect(found), Choice(**choice))


def opened(fabric: Fabric) -> int:
    """Return how many sessions were opened on any device: none, while nothing is to be changed there."""
    return sum(fabric.lab[name].counters.sessions_opened for name in fabric.lab)


def test_a_network_that_was_discovered_has_no_drift(fabric: Fabric) -> None:
    """Whatever is on the devices: nothing differs, nothing is planned, and nobody's lines are touched."""
    before = fabric.running()
    discovered(fabric)
    assert fabric.run("validate").status == 0
    answer = fabric.run("drift")
    assert (answer.status, answer.out) == (0, "3 devices, all in sync\n")
    assert fabric.running() == before
    assert opened(fabric) == 0


def test_what_is_changed_after_the_discovery_is_drift_and_can_be_undone(fabric: Fabric) -> None:
    """The discovered intent is one like any other."""
    discovered(fabric)
    before = fabric.running()
    fabric.lab["leaf1"].change("interface Ethernet8", "shutdown", "vlan 30", "name wrong")
    assert fabric.run("drift").status == 2
    assert fabric.run("remediate", "--yes").status == 0
    assert fabric.running() == before


def test_no_secret_of_a_device_is_discovered(fabric: Fabric) -> None:
    """Only what is modelled is written; passwords and communities are not."""
    fabric.lab["leaf1"].change(
        f"username somebody privilege 15 secret 0 {CANARY}", f"snmp-server community {CANARY} ro"
    )
    assert CANARY in fabric.lab["leaf1"].running_config
    folder = discovered(fabric)
    assert not [file for file in folder.rglob("*") if file.is_file() and CANARY in file.read_text()]


def test_drift_that_is_right_becomes_intent(fabric: Fabric) -> None:
    """After adopting it there is none, and no device was touched."""
    fabric.lab["leaf1"].change("interface Ethernet2", "description new printer", "mtu 9000")
    fabric.lab["leaf2"].change("interface Ethernet3", "shutdown")
    before = fabric.running()
    adoption = adoption_of(fabric)
    assert adoption.problems == ()
    assert fabric.run("drift").status == 2
    adoption.write()
    assert fabric.run("drift").status == 0
    assert fabric.running() == before
    assert opened(fabric) == 0


def test_the_rest_of_the_drift_is_repaired(fabric: Fabric) -> None:
    """Some drift is right and some is wrong: one is adopted, the other undone."""
    fabric.lab["leaf1"].change("interface Ethernet2", "description new printer")
    before = fabric.running()
    fabric.lab["leaf1"].change("interface Ethernet1", "shutdown", "interface Loopback66")
    adoption_of(fabric, devices="leaf*", objects=["Ethernet2"]).write()
    assert fabric.run("remediate", "--yes").status == 0
    assert fabric.running() == before


def test_a_whole_device_is_taken_under_management_step_by_step(fabric: Fabric) -> None:
    """A discovered device is owned whole by one line; what appears later is drift, and is adopted or removed."""
    folder = discovered(fabric)
    file = folder / "devices" / "leaf2.yml"
    file.write_text(
        "manage: {interfaces: exclusive, vlans: exclusive, addresses: exclusive}\n" + file.read_text()
    )
    assert fabric.run("drift").status == 0
    fabric.lab["leaf2"].change("vlan 77", "name lab", "interface Vlan77", "ip address 10.0.77.1/24")
    assert fabric.run("drift").status == 2
    adoption = adoption_of(fabric)
    assert adoption.problems == ()
    adoption.write()
    assert "  77: {name: lab}" in file.read_text().splitlines()
    assert fabric.run("drift").status == 0
