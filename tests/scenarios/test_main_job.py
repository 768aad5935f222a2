"""The main job from the user's seat: drift, plan, apply, verify, repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Fabric

UNCHANGED = {"sessions_opened": 0, "commits": 0, "timed_commits": 0, "confirms": 0, "aborts": 0, "writes": 0}
CHANGED = {"sessions_opened": 1, "commits": 0, "timed_commits": 1, "confirms": 1, "aborts": 0}


def counted(fabric: Fabric, device: str, names: dict[str, int]) -> dict[str, int]:
    """Return those of a device's counters that are of interest."""
    return {name: getattr(fabric.lab[device].counters, name) for name in names}


def by_hand(fabric: Fabric) -> None:
    """Change many things on one device, and one on another."""
    fabric.lab["leaf1"].change("interface Ethernet1", "description temporary", "shutdown")
    fabric.lab["leaf1"].change("interface Ethernet2", "switchport access vlan 10")
    fabric.lab["leaf1"].change("interface Vlan10", "ip address 10.0.10.99/24")
    fabric.lab["leaf1"].change("vlan 66", "name hidden", "interface Vlan66", "ip address 192.0.2.66/31")
    fabric.lab["leaf2"].change("no vlan 20")
    fabric.lab.reset_log()


def test_in_sync_is_exit_0(fabric: Fabric) -> None:
    """A fabric in line with its intent has no drift."""
    answer = fabric.run("drift")
    assert answer.out == "3 devices, all in sync\n"
    assert answer.status == 0


def test_drift_is_shown_as_a_tree_in_the_direction_running_to_intended(fabric: Fabric) -> None:
    """Drift is a tree site › device › object, old → new, then one summary line, and exit 2."""
    by_hand(fabric)
    answer = fabric.run("drift")
    assert answer.status == 2
    lines = answer.out.splitlines()
    assert lines[0] == "lab"
    assert "├── leaf1" in lines
    assert any("~ interface Ethernet1" in line for line in lines)
    assert any("description: temporary → (none)" in line for line in lines)
    assert any("access_vlan: 10 → 20" in line for line in lines)
    assert any("+ address 10.0.10.1/24" in line for line in lines)
    assert any("- address 10.0.10.99/24" in line for line in lines)
    assert any("- interface Vlan66" in line for line in lines)
    assert lines[-1] == ("3 devices: 1 in sync, 2 drifted, 0 not read; 2 to create, 2 to update, 4 to delete")


def test_drift_writes_nothing(fabric: Fabric) -> None:
    """Looking for drift and planning open no configuration session."""
    by_hand(fabric)
    before = fabric.running()
    assert fabric.run("drift").status == 2
    assert fabric.run("plan").status == 2
    assert fabric.run("remediate", "--check").status == 2
    for device in fabric.lab:
        assert counted(fabric, device, UNCHANGED) == UNCHANGED
    assert fabric.running() == before


def test_remediate_brings_every_device_back_in_line(fabric: Fabric) -> None:
    """After a repair the configurations are what they were before somebody's changes, to the byte."""
    before = fabric.running()
    by_hand(fabric)
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 0
    assert answer.out.splitlines()[-1] == "devices: 2 applied and read back"
    assert fabric.running() == before


def test_one_session_one_timed_commit_one_confirm_per_changed_device(fabric: Fabric) -> None:
    """However many objects change, a device is committed once; unchanged devices are left alone."""
    by_hand(fabric)
    assert fabric.run("remediate", "--yes").status == 0
    assert counted(fabric, "leaf1", CHANGED) == CHANGED
    assert counted(fabric, "leaf2", CHANGED) == CHANGED
    assert counted(fabric, "core1", UNCHANGED) == UNCHANGED


def test_a_second_run_finds_nothing_and_opens_no_session(fabric: Fabric) -> None:
    """Remediation is idempotent."""
    by_hand(fabric)
    assert fabric.run("remediate", "--yes").status == 0
    fabric.lab.reset_log()
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 0
    assert answer.out == "Plan: nothing to do\n"
    for device in fabric.lab:
        assert counted(fabric, device, UNCHANGED) == UNCHANGED


def test_a_saved_plan_is_applied_exactly(fabric: Fabric, tmp_path: Path) -> None:
    """What was reviewed is what is applied: later drift elsewhere is left for another plan."""
    by_hand(fabric)
    plan = tmp_path / "plan.json"
    assert fabric.run("plan", "--out", str(plan)).status == 2
    assert plan.stat().st_mode & 0o777 == 0o600
    fabric.lab["core1"].change("interface Ethernet1", "description later")
    assert fabric.run("apply", str(plan)).status == 0
    assert "description later" in fabric.lab["core1"].running_config
    answer = fabric.run("drift")
    assert answer.status == 2
    assert "3 devices: 2 in sync, 1 drifted" in answer.out


def test_a_saved_plan_can_be_checked_first(fabric: Fabric, tmp_path: Path) -> None:
    """`apply --check` says whether the plan can still be applied, and writes nothing."""
    by_hand(fabric)
    plan = str(tmp_path / "plan.json")
    assert fabric.run("plan", "--out", plan).status == 2
    answer = fabric.run("apply", "--check", plan)
    assert answer.status == 2
    assert "on 2 devices" in answer.out
    assert counted(fabric, "leaf1", UNCHANGED) == UNCHANGED
    fabric.lab["leaf1"].change("interface Ethernet1", "description later")
    answer = fabric.run("apply", "--check", plan)
    assert answer.status == 1
    assert "PLAN-STALE" in answer.err


def test_a_part_of_a_saved_plan_can_be_applied(fabric: Fabric, tmp_path: Path) -> None:
    """With --limit only the chosen devices of the plan are read and changed."""
    by_hand(fabric)
    plan = str(tmp_path / "plan.json")
    assert fabric.run("plan", "--out", plan).status == 2
    assert fabric.run("apply", "--limit", "leaf2", plan).status == 0
    assert counted(fabric, "leaf2", CHANGED) == CHANGED
    assert counted(fabric, "leaf1", UNCHANGED) == UNCHANGED
    answer = fabric.run("apply", "--limit", "nosuch", plan)
    assert answer.status == 1
    assert "LIMIT-EMPTY" in answer.err


def test_the_same_inputs_give_the_same_plan(fabric: Fabric, tmp_path: Path) -> None:
    """Plans are deterministic to the byte."""
    by_hand(fabric)
    for name in ("one.json", "two.json"):
        assert fabric.run("plan", "--out", str(tmp_path / name)).status == 2
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_the_plan_shows_the_lines_that_each_device_gets(fabric: Fabric) -> None:
    """A plan previews the native lines without any session."""
    fabric.lab["leaf2"].change("interface Ethernet1", "shutdown")
    answer = fabric.run("plan", "--diff")
    assert "leaf2 gets:\n    interface Ethernet1\n      no shutdown\n" in answer.out


def test_the_run_reports_the_device_s_own_diff(fabric: Fabric) -> None:
    """The JSON report carries status, guarantee and native diff per device."""
    fabric.lab["leaf2"].change("interface Ethernet1", "shutdown")
    report = fabric.run("remediate", "--yes", "--output", "json").json
    (device,) = report["devices"]
    assert device["device"] == "leaf2"
    assert device["outcome"] == "applied"
    assert device["guarantee"].startswith("commit-confirmed")
    assert "-   shutdown" in device["native_diff"]
    (operation,) = device["operations"]
    assert operation["status"] == "success"


def test_limit_compares_and_changes_only_what_it_chooses(fabric: Fabric) -> None:
    """--limit takes names, wildcards, roles and exclusions, as Ansible's does."""
    by_hand(fabric)
    assert "1 device:" in fabric.run("drift", "--limit", "leaf2").out
    assert "2 devices:" in fabric.run("drift", "--limit", "leaf").out
    assert fabric.run("remediate", "--yes", "--limit", "lab,!leaf1").status == 0
    assert counted(fabric, "leaf1", UNCHANGED) == UNCHANGED
    assert "vlan 20" in fabric.lab["leaf2"].running_config
    answer = fabric.run("drift", "--limit", "nosuch")
    assert answer.status == 1
    assert "LIMIT-EMPTY" in answer.err


def test_lines_that_are_not_modelled_survive(fabric: Fabric) -> None:
    """Lines in the very sections that are changed are kept: only modelled lines are ever touched."""
    for line in ("storm-control multicast level 2", "ip access-group FILTER in"):
        fabric.lab["leaf1"].change("interface Ethernet1", line)
    fabric.lab["leaf1"].change("interface Ethernet1", "shutdown", "mtu 2000", "switchport access vlan 30")
    assert fabric.run("remediate", "--yes").status == 0
    running = fabric.lab["leaf1"].running_config
    for line in (
        "storm-control broadcast level 1",
        "storm-control multicast level 2",
        "ip access-group FILTER in",
        "service-policy type qos input MARK",
        "ip virtual-router address 10.0.10.254",
        "neighbor 192.0.2.0 remote-as 65000",
    ):
        assert line in running
    assert "mtu 2000" not in running


def test_unlisted_objects_of_others_are_left_alone(fabric: Fabric) -> None:
    """Where the intent owns only what it lists, nothing else is drift, whatever it is."""
    fabric.lab["leaf2"].change("vlan 77", "interface Vlan77", "ip address 10.0.77.1/24")
    fabric.lab["leaf2"].change("interface Loopback9", "ip address 10.9.9.9/32")
    fabric.lab["leaf2"].change("interface Vlan10", "ip address 10.0.110.2/24 secondary")
    assert fabric.run("drift").status == 0
