"""Guards and change windows, from the user's seat: a run that is not allowed writes nothing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Fabric

BREACHES: list[tuple[dict[str, Any], str, str]] = [
    ({"guards": {"max_devices": 2}}, "GUARD-DEVICES", "changes 3 of 3 devices, 1 more than the 2"),
    ({"guards": {"max_devices": "50%"}}, "GUARD-DEVICES", "2 more than the 1 (50%)"),
    ({"guards": {"max_changes": 7}}, "GUARD-CHANGES", "changes 8 of"),
    ({"guards": {"max_deletes": 4}}, "GUARD-DELETES", "deletes 5 of"),
    ({"guards": {"max_deletes_per_model": {"vlan": 4}}}, "GUARD-DELETES", "deletes 5 of 14 vlans"),
    ({"guards": {"protected": [{"device": "leaf2"}]}}, "GUARD-PROTECTED", "leaf2 interface Ethernet1"),
    ({"guards": {"protected": [{"model": "vlan", "name": "7*"}]}}, "GUARD-PROTECTED", "leaf1 vlan 70"),
]  # fmt: skip


def drifted(fabric: Fabric) -> None:
    """Make one update on each of three devices, and five VLANs too many on one."""
    for device in fabric.lab:
        fabric.lab[device].change("interface Ethernet1", "mtu 1600", "description wrong")
    fabric.lab["leaf1"].change("vlan 66-70")
    fabric.lab.reset_log()


def no_writes(fabric: Fabric) -> bool:
    """Whether no device was written to, and no session was opened."""
    return fabric.lab.counters.writes == 0 and fabric.lab.counters.sessions_opened == 0


@pytest.mark.parametrize(("limits", "code", "message"), BREACHES)
def test_a_breach_writes_nothing(fabric: Fabric, limits: dict[str, Any], code: str, message: str) -> None:
    """Whichever it is: it says which limit, by how much, and how to allow it."""
    fabric.setting(**limits)
    drifted(fabric)
    before = fabric.running()
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 1
    assert (answer.err.count(code), message in answer.err) == (1, True), answer.err
    assert "try: " in answer.err
    assert no_writes(fabric)
    assert fabric.running() == before


def test_a_closed_window_writes_nothing(fabric: Fabric) -> None:
    """It names the devices, the window, and when it opens again; the others can be chosen."""
    settings = fabric.folder / "driftline.yml"
    settings.write_text(settings.read_text() + 'windows: [{deny: "leaf*", comment: freeze}]\n')
    drifted(fabric)
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 1
    assert "GUARD-WINDOW leaf1, leaf2: windows[0] (freeze) denies it; it is " in answer.err
    assert "does not open within a year" in answer.err
    assert no_writes(fabric)
    assert fabric.run("remediate", "--yes", "--limit", "core1").status == 0


def test_the_management_interface_is_never_shut(fabric: Fabric) -> None:
    """Without any setting; and it can be allowed for one run."""
    fabric.edit("leaf1", "  Loopback0:", "  Management1: {enabled: false}\n  Loopback0:")
    fabric.lab.reset_log()
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 1
    assert "GUARD-PROTECTED leaf1 interface Management1" in answer.err
    assert no_writes(fabric)
    fabric.setting(guards={"allow_protected": ["leaf1/interface/Management1"]})
    assert fabric.run("remediate", "--yes").status == 0


def test_every_reason_is_told_at_once(fabric: Fabric) -> None:
    """Nobody has to find them one by one."""
    fabric.setting(guards={"max_devices": 1, "max_changes": 1, "max_deletes": 0})
    drifted(fabric)
    answer = fabric.run("remediate", "--yes")
    codes = ("GUARD-DEVICES", "GUARD-CHANGES", "GUARD-DELETES")
    assert [code for code in codes if code not in answer.err] == []


def test_inside_the_limits_the_run_goes_on(fabric: Fabric) -> None:
    """Limits that are just enough are enough."""
    fabric.setting(guards={"max_devices": 3, "max_changes": 8, "max_deletes": 5})
    drifted(fabric)
    assert fabric.run("remediate", "--yes").status == 0


# Plans that must not be applied ---------------------------------------------------------------------------


def saved_plan(fabric: Fabric) -> Path:
    """Make drift on all devices, and a plan for it."""
    drifted(fabric)
    plan = fabric.folder / "plan.json"
    assert fabric.run("plan", "--out", str(plan)).status == 2
    fabric.lab.reset_log()
    return plan


@pytest.mark.parametrize("scope", ["unit", "site", "run"])
def test_an_empty_plan_writes_nothing(fabric: Fabric, scope: str) -> None:
    """Whatever it would have been all of: there is nothing in it, whatever the devices are by now."""
    plan = fabric.folder / "plan.json"
    assert fabric.run("plan", "--out", str(plan)).status == 0
    drifted(fabric)
    before = fabric.running()
    assert fabric.run("apply", str(plan), "--scope", scope).status == 0
    assert no_writes(fabric)
    assert fabric.running() == before


def test_a_flipped_byte_is_refused(fabric: Fabric) -> None:
    """Whichever it is, before a device is asked."""
    plan = saved_plan(fabric)
    content, chance = plan.read_bytes(), random.Random(7)  # noqa: S311 - repeatable, not secret
    for place in chance.sample(range(len(content)), 40):
        flipped = bytearray(content)
        flipped[place] ^= 1 << chance.randrange(8)
        plan.write_bytes(flipped)
        answer = fabric.run("apply", str(plan))
        assert (answer.status, "PLAN-" in answer.err) == (1, True), (place, answer)
    assert fabric.lab.counters.requests == 0


@pytest.mark.parametrize("scope", ["unit", "site", "run"])
def test_a_plan_for_devices_that_are_not_there(fabric: Fabric, scope: str) -> None:
    """Those that the inventory does not know are told, and they and what changes with them are left alone."""
    plan = saved_plan(fabric)
    hosts = fabric.lab.nornir_hosts()
    fabric.write_hosts({f"other-{name}": host for name, host in hosts.items()})
    answer = fabric.run("apply", str(plan), "--scope", scope)
    assert answer.status == 3
    assert answer.out.count("DEVICE-NOT-IN-INVENTORY") == len(hosts)
    assert no_writes(fabric)


def test_a_plan_for_the_box_beside(fabric: Fabric) -> None:
    """An address that leads to another box by now: its name is not the planned one, and nothing is written."""
    plan = saved_plan(fabric)
    hosts = fabric.lab.nornir_hosts()
    fabric.write_hosts(dict(zip(hosts, [*list(hosts.values())[1:], *list(hosts.values())[:1]], strict=True)))
    answer = fabric.run("apply", str(plan))
    assert answer.status == 3
    assert answer.out.count("DEVICE-WRONG-BOX") == len(hosts)
    assert no_writes(fabric)
