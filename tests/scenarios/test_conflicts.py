"""Conflicts, from the user's seat: the intent and somebody on a device changed the same thing since the last run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Fabric

MTU = "leaf2 interface Ethernet1 mtu"
TRUNK = "leaf1 interface Ethernet3 trunk_vlans"


def both_changed(fabric: Fabric) -> None:
    """Agree once, then change an MTU and a trunk on both sides, and a description on the device alone."""
    assert fabric.run("remediate", "--yes").status == 0
    fabric.lab["leaf2"].change("interface Ethernet1", "description by hand", "mtu 9000")
    fabric.lab["leaf1"].change("interface Ethernet3", "switchport trunk allowed vlan 10,20,30,66")
    fabric.edit("leaf2", "interfaces:", "interfaces:\n  Ethernet1: {mtu: 1600}")
    fabric.edit("leaf1", 'trunk_vlans: "10,20,30"', 'trunk_vlans: "10,20"')
    fabric.lab.reset_log()


def conflict_lines(out: str) -> list[str]:
    """Return what is told of conflicts."""
    return [line for line in out.splitlines() if line.startswith("! ")]


def planned(fabric: Fabric, *arguments: str) -> dict[str, Any]:
    """Return what a plan wants of each object."""
    steps = fabric.run("plan", *arguments, "--output", "json").json["steps"]
    return {f"{step['unit']} {step['name']}": step["after"] for step in steps}


def test_the_intent_wins_unless_somebody_says_otherwise(fabric: Fabric) -> None:
    """All is brought in line; what both sides changed is told, plain drift is not told twice."""
    both_changed(fabric)
    answer = fabric.run("plan")
    assert conflict_lines(answer.out) == [
        f"! {TRUNK}: 10,20,30 at the last run, the intent says 10,20, the device 10,20,30,66: the intent wins",
        f"! {MTU}: 1500 at the last run, the intent says 1600, the device 9000: the intent wins",
    ]
    told = fabric.run("plan", "--output", "json").json["conflicts"]
    assert [(one["attribute"], one["kind"]) for one in told] == [
        ("trunk_vlans", "both_changed"),
        ("description", "local"),
        ("mtu", "both_changed"),
    ]
    assert fabric.run("remediate", "--yes").status == 0
    assert fabric.run("drift").status == 0


def test_the_device_can_win(fabric: Fabric) -> None:
    """It keeps what it has, and that is told, also when the intent changes again."""
    both_changed(fabric)
    fabric.setting(conflicts={"default": "dest_wins"})
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 0
    assert (
        f"! {MTU}: 1500 at the last run, the intent says 1600, the device 9000: the device wins" in answer.out
    )
    assert any(
        "description" in line and "by hand: the device wins" in line for line in conflict_lines(answer.out)
    )
    assert fabric.lab.counters.writes == 0
    assert planned(fabric) == {}
    fabric.edit("leaf2", "Ethernet1: {mtu: 1600}", "Ethernet1: {mtu: 1700}")
    assert (
        f"! {MTU}: 1600 at the last run, the intent says 1700, the device 9000: the device wins"
        in fabric.run("plan").out
    )


def test_what_both_sides_changed_can_be_merged(fabric: Fabric) -> None:
    """VLANs of a trunk: what each side added and took away; the report says why it is not the intent's."""
    both_changed(fabric)
    fabric.setting(conflicts={"rules": {"interface.trunk_vlans": "merge"}})
    answer = fabric.run("remediate", "--yes", "--output", "json")
    assert answer.status == 0, answer.out
    assert "switchport trunk allowed vlan 10,20,66" in fabric.lab["leaf1"].running_config
    assert answer.json["converged"] is False
    assert [(one["name"], one["why"]) for one in answer.json["left"]] == [
        ("Ethernet3", "what both sides changed was merged")
    ]


def test_what_is_undecided_stops_the_run(fabric: Fabric) -> None:
    """It is named with all three values and how to decide it; nothing is written."""
    both_changed(fabric)
    fabric.setting(conflicts={"rules": {"interface.mtu": "manual"}})
    assert conflict_lines(fabric.run("plan").out)[1].endswith(
        f"to be decided, as with --decide '{MTU}=dest_wins'"
    )
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 1
    assert (
        f"CONFLICT-UNDECIDED {MTU}: 1500 at the last run, the intent says 1600, the device 9000" in answer.err
    )
    assert fabric.lab.counters.writes == 0
    assert fabric.run("remediate", "--yes", "--limit", "leaf1").status == 0  # it is another device's


def test_an_undecided_plan_is_not_applied_either(fabric: Fabric, tmp_path: Path) -> None:
    """A saved plan carries its conflicts."""
    both_changed(fabric)
    fabric.setting(conflicts={"default": "manual"})
    plan = str(tmp_path / "plan.json")
    assert fabric.run("plan", "--out", plan).status == 2
    answer = fabric.run("apply", plan)
    assert (answer.status, "CONFLICT-UNDECIDED" in answer.err) == (1, True)
    assert fabric.lab.counters.writes == 0


@pytest.mark.parametrize(
    ("winner", "left"), [("source_wins", {}), ("dest_wins", {"leaf2 Ethernet1": {"mtu": 1600}})]
)
def test_a_conflict_is_decided_on_the_command_line(fabric: Fabric, winner: str, left: dict[str, Any]) -> None:
    """By its place, for this plan."""
    both_changed(fabric)
    fabric.setting(conflicts={"rules": {"interface.mtu": "manual"}})
    assert fabric.run("remediate", "--yes", "--decide", f"{MTU}={winner}").status == 0
    fabric.setting(conflicts={"rules": {}})
    assert planned(fabric) == left


@pytest.mark.parametrize(
    ("decision", "status", "told"),
    [("nosuch=dest_wins", 1, "DECISION-UNUSED"), (MTU, 64, "=source_wins or =dest_wins")],
)
def test_a_decision_about_nothing_is_refused(fabric: Fabric, decision: str, status: int, told: str) -> None:
    """A mistyped place must not be a decision that nobody hears of."""
    answer = fabric.run("plan", "--decide", decision)
    assert (answer.status, told in answer.err) == (status, True)


def test_what_was_taken_back_is_no_agreement(fabric: Fabric) -> None:
    """After `rollback RUN` the device's old value is drift, and not what both sides had agreed on."""
    fabric.edit("leaf2", "interfaces:", "interfaces:\n  Ethernet1: {mtu: 1600}")
    assert fabric.run("remediate", "--yes").status == 0
    run = fabric.run("history", "--output", "json").json["runs"][0]["id"]
    assert fabric.run("rollback", run).status == 0
    (conflict,) = fabric.run("plan", "--output", "json").json["conflicts"]
    assert (conflict["kind"], conflict["base"], conflict["dest"]) == ("local", 1600, 1500)


def test_a_failed_device_agrees_on_nothing(fabric: Fabric) -> None:
    """Without a successful run of its own it is compared as it is, and nothing is told."""
    fabric.lab["leaf2"].change("interface Ethernet1", "mtu 9000")
    assert conflict_lines(fabric.run("plan").out) == []
    assert fabric.run("plan", "--output", "json").json["conflicts"] == []


def test_an_unknown_attribute_in_the_settings_is_an_error(fabric: Fabric) -> None:
    """It names what there is."""
    fabric.setting(conflicts={"rules": {"interface.descripton": "merge"}})
    answer = fabric.run("drift")
    assert (answer.status, "interface has no attribute 'descripton'; it has" in answer.err) == (1, True)
    assert "Value error" not in answer.err
