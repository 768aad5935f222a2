"""A run is taken back: every device is what it was before it, to the byte."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from driftline.lab import Fault, FaultKind
from driftline.runs.journal import Journal
from tests.scenarios.test_every_kind import BY_HAND

from .conftest import SECONDS

if TYPE_CHECKING:
    from tests.conftest import Answer, Fabric

    from .conftest import Tally

# With lines that driftline does not model: they come back with their section.
WITH_MORE: list[tuple[str, list[str]]] = [
    ("loopback with more", ["interface Loopback66", "ip address 10.66.0.1/32", "ip ospf area 0.0.0.0"]),
    ("vlan with more", ["vlan 66", "name extra", "state suspend"]),
    (
        "svi with more",
        ["vlan 66", "interface Vlan66", "ip address 10.66.0.1/24", "ip virtual-router address 10.66.0.254"],
    ),
    (
        "port with more",
        ["interface Ethernet8", "description extra", "storm-control broadcast level 1", "no switchport"],
    ),
    (
        "port-channel with more",
        ["interface Port-Channel66", "switchport mode trunk", "port-channel min-links 2"],
    ),
]
BY_NAME = dict([*BY_HAND, *WITH_MORE])
SOME = [*(name for name, _ in BY_HAND[::4]), *(name for name, _ in WITH_MORE)]
HOWS = [{"scope": "unit"}, {"scope": "site"}, {"scope": "run"}, {"batches": {"sizes": [1, "100%"]}}]


@pytest.fixture(autouse=True)
def _guards(fabric: Fabric) -> None:
    """Nothing is too much."""
    fabric.setting(guards={"max_deletes": None})


def states(fabric: Fabric) -> dict[str, tuple[str, str]]:
    return {name: (fabric.lab[name].running_config, fabric.lab[name].startup_config) for name in fabric.lab}


def last_run(fabric: Fabric) -> str:
    with Journal.open(fabric.folder / "state") as journal:
        return journal.runs()[0].id


def drifted(fabric: Fabric, *names: str) -> dict[str, tuple[str, str]]:
    """Let devices drift, and return what they are."""
    for name in names:
        fabric.lab["leaf1"].change(*BY_NAME[name])
    fabric.lab["leaf2"].change("interface Ethernet3", "shutdown", "interface Vlan10", "no ip address")
    fabric.lab["core1"].change(
        "interface Ethernet2", "no shutdown", "interface Loopback5", "ip address 10.5.0.1/32"
    )
    for name in fabric.lab:
        fabric.lab[name].save()
    return states(fabric)


def good(answer: Answer) -> None:
    assert answer.status == 0, answer.out + answer.err


@pytest.mark.parametrize("name", list(BY_NAME) if SECONDS in os.environ else SOME)
def test_what_a_run_did_is_taken_back(fabric: Fabric, tally: Tally, name: str) -> None:
    """Created, updated and deleted objects of every kind, reset ports, and lines that driftline does not model."""
    before = drifted(fabric, name)
    good(fabric.run("remediate", "--yes"))
    assert all(state != before[device] for device, state in states(fabric).items())

    good(fabric.run("rollback", last_run(fabric), "--yes"))

    tally.add("rollback RUN, one kind of change each", "" if states(fabric) == before else name)
    assert states(fabric) == before


@pytest.mark.parametrize(
    "how", HOWS, ids=lambda how: next(iter(how.values())) if "scope" in how else "batches"
)
def test_in_each_scope(fabric: Fabric, tally: Tally, how: dict[str, Any]) -> None:
    """Many changes at once; and the taking back is taken back."""
    fabric.setting(apply=how)
    kinds = ("delete svi with vlan", "reset an unlisted port", "create loopback", "update trunk list")
    before = drifted(fabric, *kinds)
    good(fabric.run("remediate", "--yes"))
    after = states(fabric)

    good(fabric.run("rollback", last_run(fabric), "--yes"))
    assert states(fabric) == before
    good(fabric.run("rollback", last_run(fabric), "--yes"))
    assert states(fabric) == after
    tally.add("rollback RUN, there and back, by scope", times=2)


def test_what_was_changed_since_is_refused(fabric: Fabric) -> None:
    """Nothing is written, every object is named; only when asked for it is brought back, too."""
    before = drifted(fabric, "update mtu", "create svi", "delete vlan")
    good(fabric.run("remediate", "--yes"))
    leaf = fabric.lab["leaf1"]
    leaf.change("interface Ethernet6", "mtu 1700", "no interface Vlan20", "vlan 66", "name theirs")
    leaf.save()
    changed = states(fabric)

    answer = fabric.run("rollback", last_run(fabric), "--yes")

    assert answer.status == 1
    for word in ("ROLLBACK-STALE", "Ethernet6", "mtu was 9000 after the run and is 1700 now", "Vlan20", "66"):
        assert word in answer.out + answer.err
    assert states(fabric) == changed
    good(fabric.run("rollback", last_run(fabric), "--yes", "--overwrite"))
    assert states(fabric) == before


def test_what_others_did_elsewhere_stays(fabric: Fabric) -> None:
    """A run is taken back, and not what somebody else has done since on the same device and interface."""
    before = drifted(fabric, "update mtu")["leaf1"][0]
    good(fabric.run("remediate", "--yes"))
    fabric.lab["leaf1"].change("interface Ethernet6", "description theirs", "ntp server 192.0.2.99")

    good(fabric.run("rollback", last_run(fabric), "--yes"))

    expected = before.replace("description uplink", "description theirs").splitlines()
    assert set(fabric.lab["leaf1"].running_config.splitlines()) ^ set(expected) == {"ntp server 192.0.2.99"}


def test_a_device_that_failed_has_nothing_to_take_back(fabric: Fabric) -> None:
    """Only what the run has changed is taken back."""
    before = drifted(fabric, "create svi")
    fabric.lab["leaf1"].inject(Fault(FaultKind.COMMAND_ERROR, command="^interface Vlan20$"))
    assert fabric.run("remediate", "--yes").status == 4
    fabric.lab.clear_faults()
    fabric.lab.reset_log()

    good(fabric.run("rollback", last_run(fabric), "--yes"))

    assert states(fabric) == before
    assert fabric.lab["leaf1"].counters.sessions_opened == 0


def test_a_run_without_a_record(fabric: Fabric) -> None:
    answer = fabric.run("rollback", "2020", "--yes")
    assert answer.status == 1
    assert "no run '2020'" in answer.out + answer.err
