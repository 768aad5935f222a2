"""When a device fails in the middle: it is as it was before, its objects say why, the others are in line."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from driftline.lab import Fault, FaultKind, ManualClock

if TYPE_CHECKING:
    from tests.conftest import Fabric

COMMIT = "configure session .* commit timer"
CONFIRM = "configure session .* commit$"

FAULTS = [
    ("refused line", Fault(FaultKind.COMMAND_ERROR, command="^no mtu$", times=1)),
    ("partial commit", Fault(FaultKind.PARTIAL_COMMIT, times=1)),
    ("commit that says ok and does nothing", Fault(FaultKind.LYING_OK, times=1)),
    ("commit fails", Fault(FaultKind.COMMAND_ERROR, command=COMMIT, times=1)),
    ("reply to the commit is lost", Fault(FaultKind.LOST_REPLY, command=COMMIT, times=1)),
    ("connection reset before the commit", Fault(FaultKind.RESET_BEFORE, command=COMMIT, times=1)),
    ("connection reset after the commit", Fault(FaultKind.RESET_AFTER, command=COMMIT, times=1)),
    ("confirm fails", Fault(FaultKind.COMMAND_ERROR, command=CONFIRM, times=1)),
    ("reset before the confirm", Fault(FaultKind.RESET_BEFORE, command=CONFIRM, times=1)),
]


def drift_everywhere(fabric: Fabric) -> dict[str, str]:
    """Make drift on all devices and return the configurations that they have then."""
    for device in fabric.lab:
        fabric.lab[device].change("interface Ethernet1", "mtu 1600", "description wrong")
    fabric.edit("core1", "description: to leaf1,", "description: to leaf1, mtu: 1500,")
    fabric.lab.reset_log()
    return fabric.running()


@pytest.mark.parametrize("fault", [fault for _, fault in FAULTS], ids=[name for name, _ in FAULTS])
def test_a_device_that_fails_is_byte_identical_to_before(fabric: Fabric, fault: Fault) -> None:
    """Exit 4; the failed device has its old configuration and its objects say why; the others are in line."""
    before = drift_everywhere(fabric)
    fabric.lab["leaf1"].inject(fault)
    answer = fabric.run("remediate", "--yes", "--output", "json")
    assert answer.status == 4, answer.out + answer.err
    devices = {device["device"]: device for device in answer.json["devices"]}
    assert devices["leaf1"]["outcome"] == "rolled-back"
    assert devices["leaf1"]["error"]["code"]
    assert all(
        op["status"] in ("failure", "error") and op["message"] for op in devices["leaf1"]["operations"]
    )
    assert fabric.lab["leaf1"].running_config == before["leaf1"]
    for other in ("leaf2", "core1"):
        assert devices[other]["outcome"] == "applied"
        assert "description wrong" not in fabric.lab[other].running_config
    fabric.lab.clear_faults()
    assert fabric.run("remediate", "--yes").status == 0
    assert fabric.run("drift").status == 0


def test_a_lost_reply_to_the_confirm_is_in_doubt_and_settled_by_reading(fabric: Fabric) -> None:
    """The device did confirm: what is read back says so, and only that is claimed; the note says what happened."""
    drift_everywhere(fabric)
    fabric.lab["leaf1"].inject(Fault(FaultKind.LOST_REPLY, command=CONFIRM, times=1))
    answer = fabric.run("remediate", "--yes", "--limit", "leaf1", "--output", "json")
    assert answer.status == 0, answer.out + answer.err
    (device,) = answer.json["devices"]
    assert device["outcome"] == "applied"
    assert any("confirm" in warning for warning in device["warnings"])
    assert "description wrong" not in fabric.lab["leaf1"].running_config
    assert fabric.lab["leaf1"].counters.confirms == 1


def test_a_device_that_dies_after_its_commit_reverts_by_itself(fabric: Fabric) -> None:
    """The timer takes the change back while we can't reach the device; the run waits, and says what it knows."""
    before = drift_everywhere(fabric)
    fabric.lab["leaf1"].inject(Fault(FaultKind.REFUSED, command="show running-config", skip=2))
    answer = fabric.run("remediate", "--yes", "--limit", "leaf1", "--output", "json")
    assert answer.status == 5, answer.out + answer.err
    (device,) = answer.json["devices"]
    assert device["outcome"] == "rollback-failed"
    assert device["error"]["rollback"]
    fabric.lab["leaf1"].clear_faults()
    assert fabric.lab["leaf1"].running_config == before["leaf1"]


class TestWithAClockOfItsOwn:
    """The commit timers run out when the test says so."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    def test_a_process_that_dies_leaves_the_device_to_its_timer(
        self, fabric: Fabric, clock: ManualClock
    ) -> None:
        """Killed between commit and confirm, nothing of the change stays, and the next run does it anew."""
        before = drift_everywhere(fabric)
        # Its third look at the configuration, the one after the commit, is never answered.
        fabric.lab["leaf1"].inject(Fault(FaultKind.TIMEOUT, command="show running-config", skip=2))
        fabric.setting(connection={"timeout": 60})
        command = [sys.executable, "-m", "driftline.cli", "remediate", "--yes", "--limit", "leaf1"]
        process = subprocess.Popen([*command, "--config", str(fabric.folder / "driftline.yml")])
        deadline = time.monotonic() + 30
        while fabric.lab["leaf1"].counters.timed_commits == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
        process.wait()
        assert "description wrong" not in fabric.lab["leaf1"].running_config
        clock.advance(11)
        assert fabric.lab["leaf1"].running_config == before["leaf1"]
        fabric.lab.clear_faults()
        assert fabric.run("remediate", "--yes").status == 0
        assert fabric.run("drift").status == 0


def test_a_locked_device_is_left_alone(fabric: Fabric) -> None:
    """Somebody else's open session is respected."""
    before = drift_everywhere(fabric)
    fabric.lab["leaf1"].inject(Fault(FaultKind.SESSION_LOCKED))
    answer = fabric.run("remediate", "--yes", "--limit", "leaf1")
    assert answer.status == 4
    assert "DEVICE-LOCKED" in answer.out
    assert fabric.lab["leaf1"].running_config == before["leaf1"]
    assert fabric.lab["leaf1"].counters.commits + fabric.lab["leaf1"].counters.timed_commits == 0


def test_a_run_can_stop_after_the_first_failure(fabric: Fabric) -> None:
    """With stop_on_failure the devices that have not begun are skipped, and the report says so."""
    drift_everywhere(fabric)
    fabric.setting(apply={"stop_on_failure": True}, connection={"workers": 1})
    fabric.lab["core1"].inject(Fault(FaultKind.PARTIAL_COMMIT, times=1))
    answer = fabric.run("remediate", "--yes", "--output", "json")
    assert answer.status == 4
    outcomes = {device["device"]: device["outcome"] for device in answer.json["devices"]}
    assert outcomes == {"core1": "rolled-back", "leaf1": "skipped", "leaf2": "skipped"}
