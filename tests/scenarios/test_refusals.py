"""What is wrong gives a clear error (code, object, hint), no traceback, and not one write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from driftline.lab import Fault, FaultKind
from tests.conftest import CANARY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Fabric


def no_writes(fabric: Fabric) -> bool:
    """Whether no device was written to, and no session was opened."""
    return fabric.lab.counters.writes == 0 and fabric.lab.counters.sessions_opened == 0


def drifted(fabric: Fabric) -> None:
    """Make drift on all devices, so that there would be something to write."""
    for device in fabric.lab:
        fabric.lab[device].change("interface Ethernet1", "mtu 1600", "description wrong")
    fabric.lab.reset_log()


# What is wrong with one device ----------------------------------------------------------------------------

DEVICE_FAULTS = [
    ("refused", Fault(FaultKind.REFUSED), "DEVICE-UNREACHABLE"),
    ("unauthorized", Fault(FaultKind.UNAUTHORIZED), "DEVICE-AUTH"),
    ("timeout", Fault(FaultKind.TIMEOUT), "DEVICE-TIMEOUT"),
    ("reset", Fault(FaultKind.RESET_BEFORE, command="show running-config"), "DEVICE-UNREACHABLE"),
    ("empty interfaces", Fault(FaultKind.EMPTY, command="show interfaces"), "DEVICE-EMPTY"),
    ("empty configuration", Fault(FaultKind.EMPTY, command="show running-config"), "DEVICE-EMPTY"),
]


@pytest.mark.parametrize(
    ("fault", "code"), [row[1:] for row in DEVICE_FAULTS], ids=[row[0] for row in DEVICE_FAULTS]
)
@pytest.mark.parametrize("command", ["drift", "plan", "remediate"])
def test_a_device_that_can_t_be_read_is_left_alone(
    fabric: Fabric, command: str, fault: Fault, code: str
) -> None:
    """It is reported with its code, yields no change, and the result is incomplete: exit 3."""
    fabric.lab["leaf1"].change("interface Vlan20", "no ip address")
    before = fabric.lab["leaf1"].running_config
    fabric.lab.reset_log()
    fabric.lab["leaf1"].inject(fault)
    answer = fabric.run(command, "--yes") if command == "remediate" else fabric.run(command)
    assert answer.status == 3, answer.out + answer.err
    assert code in answer.out
    assert "leaf1: " in answer.out
    assert "try: " in answer.out
    assert no_writes(fabric)
    assert fabric.lab["leaf1"].running_config == before


def test_the_others_are_repaired_when_one_is_unreachable(fabric: Fabric) -> None:
    """One dead device does not keep the others from being repaired, and the exit status says incomplete."""
    drifted(fabric)
    fabric.lab["leaf1"].inject(Fault(FaultKind.REFUSED))
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 3
    assert answer.out.splitlines()[-1] == "devices: 2 applied and read back, 1 not read"
    fabric.lab["leaf1"].clear_faults()
    assert "description wrong" in fabric.lab["leaf1"].running_config
    assert "description wrong" not in fabric.lab["leaf2"].running_config


def test_another_box_at_the_address_is_refused(fabric: Fabric) -> None:
    """The box must call itself as planned: two addresses that were mixed up are never written to."""
    drifted(fabric)
    hosts = fabric.lab.nornir_hosts()
    hosts["leaf1"], hosts["leaf2"] = hosts["leaf2"], hosts["leaf1"]
    fabric.write_hosts(hosts)
    answer = fabric.run("remediate", "--yes", "--limit", "leaf*")
    assert answer.status == 3
    assert answer.out.count("DEVICE-WRONG-BOX") == 2
    assert no_writes(fabric)


def test_a_replaced_switch_is_refused(fabric: Fabric) -> None:
    """With a serial number in the intent, the box must have it."""
    fabric.edit("leaf2", "site: lab", "site: lab\nserial: OTHER123")
    answer = fabric.run("drift", "--limit", "leaf2")
    assert answer.status == 3
    assert "DEVICE-WRONG-BOX" in answer.out
    assert "OTHER123" in answer.out


def test_a_device_that_nornir_does_not_know_is_incomplete(fabric: Fabric) -> None:
    """A device that is intended but has no address is named."""
    hosts = fabric.lab.nornir_hosts()
    del hosts["core1"]
    fabric.write_hosts(hosts)
    answer = fabric.run("drift")
    assert answer.status == 3
    assert "DEVICE-NOT-IN-INVENTORY core1" in answer.out


def test_a_port_that_the_device_does_not_have_is_named(fabric: Fabric) -> None:
    """An intended physical port must exist; that device is left alone."""
    drifted(fabric)
    fabric.edit("leaf1", "  Loopback0:", "  Ethernet99: {description: no such port}\n  Loopback0:")
    answer = fabric.run("remediate", "--yes", "--limit", "leaf1")
    assert answer.status == 3
    assert "PLAN-NO-SUCH-PORT" in answer.out
    assert "Ethernet99" in answer.out
    assert no_writes(fabric)


# What is wrong with the intent ----------------------------------------------------------------------------

INTENT_FAULTS = [
    ("broken yaml", "interfaces:", "interfaces: [", "DOCUMENT-SYNTAX"),
    ("unknown key", "description: uplink", "descripton: uplink", "INTENT-UNKNOWN-KEY"),
    ("duplicate key", "  Loopback0:", "  Ethernet6: {}\n  Loopback0:", "DOCUMENT-DUPLICATE-KEY"),
    ("duplicate interface", "  Loopback0:", "  et6: {}\n  Loopback0:", "INTENT-DUPLICATE-INTERFACE"),
    ("address in two devices", "10.0.0.1/32", "192.0.2.0/31", "INTENT-DUPLICATE-ADDRESS"),
    ("vlan 5000", "access_vlan: 20", "access_vlan: 5000", "INTENT-VALUE"),
    ("vlan 5000 as a key", "  30: {name: servers}", "  5000: {name: servers}", "INTENT-"),
    ("blank collection", "vlans:\n  30: {name: servers}", "vlans:", "INTENT-BLANK"),
    ("unknown profile", "profile: user", "profile: nosuch", "INTENT-UNKNOWN-PROFILE"),
]


@pytest.mark.parametrize(
    ("old", "new", "code"), [row[1:] for row in INTENT_FAULTS], ids=[row[0] for row in INTENT_FAULTS]
)
@pytest.mark.parametrize("command", ["validate", "remediate"])
def test_a_wrong_intent_stops_everything(fabric: Fabric, command: str, old: str, new: str, code: str) -> None:
    """File and line are named, exit 1, and no device is even asked."""
    drifted(fabric)
    fabric.edit("leaf1", old, new)
    answer = fabric.run(command, "--yes") if command == "remediate" else fabric.run(command)
    assert answer.status == 1
    assert code in answer.err
    assert "devices/leaf1.yml:" in answer.err
    assert fabric.lab.counters.requests == 0


def test_all_problems_are_told_at_once(fabric: Fabric) -> None:
    """Two mistakes in two files are both in the answer, for machines too."""
    fabric.edit("leaf1", "description: uplink", "descripton: uplink")
    fabric.edit("leaf2", "role: leaf", "rolle: leaf")
    answer = fabric.run("validate", "--output", "json")
    assert answer.status == 1
    problems = answer.json["error"]["problems"]
    assert any("devices/leaf1.yml:" in problem for problem in problems)
    assert any("devices/leaf2.yml:" in problem for problem in problems)


def test_an_empty_intent_is_not_delete_everything(fabric: Fabric) -> None:
    """A folder without devices is an error."""
    for file in (fabric.folder / "intent" / "devices").iterdir():
        file.unlink()
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 1
    assert "INTENT-EMPTY" in answer.err


# What is wrong with the settings --------------------------------------------------------------------------


def test_unknown_settings_are_named_with_their_line(fabric: Fabric) -> None:
    """A misspelt setting is an error, not ignored."""
    fabric.setting(connection={"tiemout": 3})
    answer = fabric.run("drift")
    assert answer.status == 1
    assert "SETTINGS-UNKNOWN-KEY" in answer.err
    assert "driftline.yml:" in answer.err


def test_missing_settings_are_told(tmp_path: Path, fabric: Fabric) -> None:
    """Without settings there is a hint what to do."""
    (tmp_path / "driftline.yml").unlink()
    answer = fabric.run("drift")
    assert answer.status == 1
    assert "SETTINGS-MISSING" in answer.err


def test_the_environment_wins_over_the_file(fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password in the environment is the one that is used."""
    monkeypatch.setenv("DRIFTLINE_CREDENTIALS__PASSWORD", "wrong")
    answer = fabric.run("drift")
    assert answer.status == 3
    assert answer.out.count("DEVICE-AUTH") == 3


def test_paths_are_relative_to_the_settings_file(fabric: Fabric) -> None:
    """Also the file of certificate authorities; one that is missing or none is told."""
    (fabric.folder / "ca.pem").write_text("no certificate\n")
    fabric.setting(connection={"ca_file": "ca.pem"})
    answer = fabric.run("drift")
    assert answer.status == 1
    assert "SETTINGS-CA-FILE" in answer.err
    assert str(fabric.folder / "ca.pem") in answer.err


def test_a_password_can_be_asked_for(fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    """--ask-pass and --ask-enable ask without showing what is typed."""
    prompts: list[str] = []

    def typed(prompt: str) -> str:
        prompts.append(prompt)
        return CANARY

    monkeypatch.setattr("getpass.getpass", typed)
    monkeypatch.setenv("DRIFTLINE_CREDENTIALS__PASSWORD", "wrong")
    assert fabric.run("drift", "--ask-pass", "--ask-enable").status == 0
    assert prompts == ["Password for the devices: ", "Secret for the privileged mode: "]


def test_plain_http_to_anything_but_loopback_is_refused(fabric: Fabric) -> None:
    """A password never travels in the clear."""
    hosts = fabric.lab.nornir_hosts()
    hosts["leaf1"]["hostname"] = "leaf1.example.net"
    fabric.write_hosts(hosts)
    answer = fabric.run("drift")
    assert answer.status in (1, 3)
    assert "DEVICE-PLAIN-HTTP" in answer.out + answer.err


# Plans ----------------------------------------------------------------------------------------------------


def saved_plan(fabric: Fabric) -> Path:
    """Make drift and save a plan to repair it."""
    drifted(fabric)
    path = fabric.folder / "plan.json"
    assert fabric.run("plan", "--out", str(path)).status == 2
    fabric.lab.reset_log()
    return path


def test_a_stale_plan_is_refused(fabric: Fabric) -> None:
    """A value that changed since planning refuses the plan, naming device, object, planned and found."""
    plan = saved_plan(fabric)
    fabric.lab["leaf1"].change("interface Ethernet1", "description even worse")
    fabric.lab.reset_log()
    answer = fabric.run("apply", str(plan))
    assert answer.status == 1
    assert "PLAN-STALE" in answer.err
    for word in ("leaf1", "Ethernet1", "description", "'wrong'", "'even worse'"):
        assert word in answer.err
    assert no_writes(fabric)


def test_a_delete_is_refused_when_somebody_hung_something_on_the_object(fabric: Fabric) -> None:
    """A delete relies on the whole native section, also on lines that are not modelled."""
    fabric.lab["leaf1"].change("vlan 66", "interface Vlan66", "description old")
    plan = fabric.folder / "plan.json"
    assert fabric.run("plan", "--out", str(plan)).status == 2
    fabric.lab["leaf1"].change("interface Vlan66", "ip access-group NEW in")
    fabric.lab.reset_log()
    answer = fabric.run("apply", str(plan))
    assert answer.status == 1
    assert "PLAN-STALE" in answer.err
    assert no_writes(fabric)


def test_a_vlan_that_got_a_trunk_group_is_not_deleted(fabric: Fabric) -> None:
    """The same for VLANs: what was planned as an empty extra VLAN is somebody's by now."""
    fabric.lab["leaf1"].change("vlan 66", "name extra")
    plan = fabric.folder / "plan.json"
    assert fabric.run("plan", "--out", str(plan)).status == 2
    fabric.lab["leaf1"].change("vlan 66", "trunk group MLAG")
    fabric.lab.reset_log()
    answer = fabric.run("apply", str(plan))
    assert answer.status == 1
    assert "PLAN-STALE" in answer.err
    assert no_writes(fabric)


def test_changes_elsewhere_do_not_block_a_plan(fabric: Fabric) -> None:
    """Only what the plan was computed from counts."""
    plan = saved_plan(fabric)
    fabric.lab["leaf1"].change("interface Ethernet2", "description elsewhere")
    assert fabric.run("apply", str(plan)).status == 0
    assert "description elsewhere" in fabric.lab["leaf1"].running_config


def test_a_tampered_plan_is_refused(fabric: Fabric) -> None:
    """A plan that was edited is not the plan that was reviewed."""
    plan = saved_plan(fabric)
    content = json.loads(plan.read_text())
    content["steps"][0]["after"] = {"description": "evil"}
    plan.write_text(json.dumps(content))
    answer = fabric.run("apply", str(plan))
    assert answer.status == 1
    assert "PLAN-FORMAT" in answer.err
    assert fabric.lab.counters.requests == 0


@pytest.mark.parametrize("text", ["", "{}", "[]", "not json", '{"format": "terraform"}'])
def test_what_is_no_plan_is_refused(fabric: Fabric, text: str) -> None:
    """Any other file is refused before a device is asked."""
    plan = fabric.folder / "plan.json"
    plan.write_text(text)
    answer = fabric.run("apply", str(plan))
    assert answer.status == 1
    assert "PLAN-FORMAT" in answer.err
    assert fabric.lab.counters.requests == 0


def test_an_empty_plan_applies_nothing(fabric: Fabric) -> None:
    """A plan without steps is a plan: later drift is not its business."""
    plan = fabric.folder / "plan.json"
    assert fabric.run("plan", "--out", str(plan)).status == 0
    drifted(fabric)
    assert fabric.run("apply", str(plan)).status == 0
    assert no_writes(fabric)


# Guards ---------------------------------------------------------------------------------------------------


def test_too_many_devices_are_refused(fabric: Fabric) -> None:
    """The guard says which limit, by how much, and how to allow it."""
    fabric.setting(guards={"max_devices": 2})
    drifted(fabric)
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 1
    assert "GUARD-DEVICES" in answer.err
    assert "3 devices" in answer.err
    assert "guards.max_devices" in answer.err
    assert no_writes(fabric)


@pytest.mark.parametrize("limit", [1, "2%"])
def test_too_many_deletes_are_refused(fabric: Fabric, limit: object) -> None:
    """Deletes are limited by number and by share."""
    fabric.setting(guards={"max_deletes": limit})
    fabric.lab["leaf1"].change("vlan 66-70")
    fabric.lab.reset_log()
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 1
    assert "GUARD-DELETES" in answer.err
    assert "5 of" in answer.err
    assert no_writes(fabric)
