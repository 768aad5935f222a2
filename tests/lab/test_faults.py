"""Every kind of fault, as NAPALM meets it."""

from __future__ import annotations

import time

import pytest
from pyeapi.eapilib import CommandError
from pyeapi.eapilib import ConnectionError as EapiConnectionError

from driftline.lab import Fault, FaultKind

from .conftest import driver_for

CHANGE = (
    "interface Ethernet3\n   no shutdown\ninterface Ethernet2\n   description new\n   shutdown\nvlan 99\n"
)


def test_refused(leaf, driver):
    """A closed port, open again once the fault is cleared."""
    leaf.inject(Fault(FaultKind.REFUSED))
    with pytest.raises(EapiConnectionError, match="refused"):
        driver.get_facts()
    leaf.clear_faults()
    assert driver.get_facts()["hostname"] == "leaf1"


def test_refused_from_a_command_on(leaf, driver):
    """The device dies when the commit arrives, without executing it."""
    leaf.inject(Fault(FaultKind.REFUSED, command="commit"))
    driver.load_merge_candidate(config=CHANGE)
    before = leaf.running_config
    with pytest.raises(EapiConnectionError):
        driver.commit_config()
    with pytest.raises(EapiConnectionError, match="refused"):
        driver.get_facts()
    assert before == leaf.running_config


def test_timeout(leaf, connect):
    """The request is neither executed nor answered."""
    driver = connect(leaf, timeout=0.2)
    leaf.inject(Fault(FaultKind.TIMEOUT, times=1))
    with pytest.raises(EapiConnectionError, match="timed out"):
        driver.get_facts()
    assert driver.get_facts()["hostname"] == "leaf1"


def test_unauthorized(leaf, driver):
    """Credentials that stop working, after a number of requests."""
    leaf.inject(Fault(FaultKind.UNAUTHORIZED, skip=1, times=1))
    driver.get_vlans()
    with pytest.raises(EapiConnectionError, match="Unauthorized"):
        driver.get_vlans()
    driver.get_vlans()


def test_reset_before(leaf, driver):
    """The connection breaks ahead of the matching command."""
    driver.load_merge_candidate(config=CHANGE)
    before = leaf.running_config
    leaf.inject(Fault(FaultKind.RESET_BEFORE, command="commit$", times=1))
    with pytest.raises(EapiConnectionError, match="reset"):
        driver.commit_config()
    assert before == leaf.running_config
    driver.commit_config()
    assert "vlan 99" in leaf.running_config


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.LOST_REPLY])
def test_executed_but_not_answered(leaf, connect, kind):
    """The client can't tell it from a failure, but the change is there."""
    driver = connect(leaf, timeout=0.3)
    driver.load_merge_candidate(config=CHANGE)
    leaf.inject(Fault(kind, command="commit", times=1))
    with pytest.raises(EapiConnectionError):
        driver.commit_config()
    assert "vlan 99" in leaf.running_config
    assert leaf.running_config == leaf.startup_config


def test_partial_commit(leaf, driver):
    """Half of the lines are in, the client hears of an error, and a rollback repairs it."""
    before = leaf.running_config
    driver.load_merge_candidate(config=CHANGE)
    leaf.inject(Fault(FaultKind.PARTIAL_COMMIT))
    with pytest.raises(CommandError, match="Internal error"):
        driver.commit_config()
    half = leaf.running_config
    assert "vlan 99" in half
    assert "interface Ethernet3\n   shutdown" in half
    driver.discard_config()
    leaf.clear_faults()
    driver.rollback()
    assert before == leaf.running_config


@pytest.mark.parametrize("by", ["abort", "timer"])
def test_partial_commit_under_a_timer(leaf, driver, clock, by):
    """Half a commit is under its timer like a whole one."""
    before = leaf.running_config
    driver.load_merge_candidate(config=CHANGE)
    leaf.inject(Fault(FaultKind.PARTIAL_COMMIT, times=1))
    with pytest.raises(CommandError, match="Internal error"):
        driver.commit_config(revert_in=60)
    assert before != leaf.running_config
    if by == "abort":
        driver.discard_config()
    else:
        clock.advance(61)
    assert before == leaf.running_config


def test_lying_ok(leaf, driver):
    """A commit that claims success and did nothing."""
    before = leaf.running_config
    leaf.inject(Fault(FaultKind.LYING_OK))
    driver.load_merge_candidate(config=CHANGE)
    session = driver.config_session
    driver.commit_config()
    assert (before, {session: "completed"}) == (leaf.running_config, leaf.sessions)


def test_lying_ok_under_a_timer(leaf, driver):
    """The lie holds until somebody reads back: the timed commit can be confirmed."""
    before = leaf.running_config
    leaf.inject(Fault(FaultKind.LYING_OK))
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config(revert_in=60)
    driver.confirm_commit()
    assert before == leaf.running_config


def test_lying_confirmation(leaf, driver, clock):
    """The device says that it confirmed, and reverts when the timer runs out."""
    before = leaf.running_config
    leaf.inject(Fault(FaultKind.LYING_OK, command="commit$", times=1))
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config(revert_in=60)
    driver.confirm_commit()
    assert "vlan 99" in leaf.running_config
    clock.advance(61)
    assert before == leaf.running_config


def test_session_locked(leaf, driver):
    """The driver waits a second for somebody else's session, which then is gone."""
    leaf.inject(Fault(FaultKind.SESSION_LOCKED, times=1))
    driver.load_merge_candidate(config=CHANGE)
    assert driver.compare_config()


def test_command_error(leaf, driver):
    """A command fails with a text of the test's choice; the ones ahead of it were executed."""
    leaf.inject(Fault(FaultKind.COMMAND_ERROR, command="write memory", text="% Disk full"))
    driver.load_merge_candidate(config=CHANGE)
    with pytest.raises(CommandError, match="Disk full"):
        driver.commit_config()
    assert "vlan 99" in leaf.running_config
    assert "vlan 99" not in leaf.startup_config


def test_empty(leaf, driver):
    """A show command that answers nothing, without an error."""
    leaf.inject(Fault(FaultKind.EMPTY, command="show (interfaces|running|vlan|ip)"))
    assert driver.get_interfaces() == {}
    assert driver.get_vlans() == {}
    assert driver.get_interfaces_ip() == {}
    assert driver.get_config(retrieve="running")["running"] == ""


def test_counted_faults_do_not_overlap(leaf, driver):
    """Each fault counts its own matches, and the first armed strikes first."""
    leaf.inject(
        Fault(FaultKind.COMMAND_ERROR, command="show vlan", times=1, text="first"),
        Fault(FaultKind.COMMAND_ERROR, command="show vlan", times=1, text="second"),
    )
    for text in ("first", "second"):
        with pytest.raises(CommandError, match=text):
            driver.get_vlans()
    driver.get_vlans()


def test_latency_of_one_device_does_not_hold_up_another(lab, connect):
    """A slow device answers late, its neighbour at once."""
    slow, fast = (connect(device) for device in lab.devices)
    lab["leaf1"].latency = 0.4
    start = time.monotonic()
    fast.get_vlans()
    assert time.monotonic() - start < 0.3
    slow.get_vlans()
    assert time.monotonic() - start > 0.4


def test_log_tells_what_happened(leaf, driver):
    """Requests, their commands and outcomes, until they are reset."""
    leaf.reset_log()
    leaf.inject(Fault(FaultKind.RESET_AFTER, command="show vlan", times=1))
    with pytest.raises(EapiConnectionError):
        driver.get_vlans()
    with pytest.raises(CommandError):
        driver._run_commands(["show nonsense"])
    outcomes = [(record.commands, record.outcome) for record in leaf.log]
    assert outcomes[0] == (("enable", "show vlan"), "executed, then reset")
    assert outcomes[1][1].startswith("refused: % Invalid input")
    assert (leaf.counters.requests, leaf.counters.commands) == (2, 4)


def test_a_new_driver_survives_a_dead_device(lab, leaf, connect):
    """The fault of one device is no other's."""
    leaf.inject(Fault(FaultKind.REFUSED))
    with pytest.raises(EapiConnectionError):
        driver_for(leaf).open()
    assert connect(lab["leaf2"]).get_facts()["hostname"] == "leaf2"
