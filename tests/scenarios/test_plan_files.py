"""Plans in files, from the user's seat: reviewed, cut, signed, previewed on the devices, and applied exactly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from driftline import readiness, workflow
from driftline.lab import Fault, FaultKind
from driftline.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Fabric

SECRET = "shared-by-the-two-who-approve-changes\n"


@pytest.fixture
def plan(fabric: Fabric, tmp_path: Path) -> str:
    """A saved plan for two devices: an update, a create and a delete."""
    fabric.lab["leaf1"].change("interface Ethernet1", "description wrong", "switchport access vlan 20")
    fabric.lab["leaf1"].change("vlan 66")
    fabric.lab["leaf2"].change("no vlan 20")
    path = tmp_path / "plan.json"
    assert fabric.run("plan", "--out", str(path)).status == 2
    fabric.lab.reset_log()
    return str(path)


def untouched(fabric: Fabric) -> bool:
    """Whether no device was written to, and no session was opened."""
    return fabric.lab.counters.writes == 0 and fabric.lab.counters.sessions_opened == 0


def test_a_saved_plan_is_shown_offline(fabric: Fabric, plan: str) -> None:
    """`plan show` says per device what changes, the lines it gets, and which box it must be."""
    answer = fabric.run("plan", "show", plan)
    assert answer.status == 0
    for line in (
        "  leaf1 (hostname leaf1, role leaf, serial D103CFB5E499C566904787533AFBDEC5)",
        "        access_vlan: 20 → 10",
        "      no vlan 66",
        "1 to create, 1 to update, 1 to delete, on 2 devices",
    ):
        assert line in answer.out.splitlines()
    assert fabric.lab.counters.requests == 0


def test_two_plans_are_compared(fabric: Fabric, plan: str, tmp_path: Path) -> None:
    """`plan diff` is exit 0 for the same plan, 2 with what is only in one of them."""
    assert fabric.run("plan", "diff", plan, plan).status == 0
    fabric.lab["leaf1"].change("no vlan 66")
    other = str(tmp_path / "other.json")
    assert fabric.run("plan", "--out", other).status == 2
    answer = fabric.run("plan", "diff", plan, other)
    assert answer.status == 2
    assert "    A - vlan 66" in answer.out.splitlines()
    assert (
        fabric.run("plan", "diff", plan, other, "--output", "json").json["summary"].startswith("1 only in A")
    )


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_flipped_byte_is_refused(fabric: Fabric, plan: str, tmp_path: Path, place: float) -> None:
    """Whatever was changed in a plan file: it is no plan any more, and nothing is read or written."""
    path = tmp_path / "plan.json"
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 1
    path.write_bytes(content)
    answer = fabric.run("apply", plan)
    assert answer.status == 1
    assert "PLAN-FORMAT" in answer.err
    assert fabric.lab.counters.requests == 0


def test_only_a_signed_plan_is_applied_where_signatures_are_required(
    fabric: Fabric, plan: str, tmp_path: Path
) -> None:
    """Unsigned, signed for other bytes, and by another key: refused; as it was signed: applied."""
    refused = fabric.run("apply", "--require-signature", plan)
    assert (refused.status, "SIGNATURE-MISSING" in refused.err) == (1, True)
    assert fabric.run("plan", "sign", plan).status == 1  # there is no key
    key = tmp_path / "key"
    key.write_text(SECRET)
    key.chmod(0o600)
    fabric.setting(signing={"hmac_secret_file": "key", "required": True})
    assert fabric.run("plan", "sign", plan).status == 0
    again = json.dumps(json.loads((tmp_path / "plan.json").read_text()))  # the same plan, in other bytes
    (tmp_path / "again.json").write_text(again)
    (tmp_path / "again.json.sig").write_bytes((tmp_path / "plan.json.sig").read_bytes())
    assert fabric.run("apply", str(tmp_path / "again.json")).status == 1
    key.write_text(SECRET * 2)
    assert fabric.run("apply", plan).status == 1
    assert untouched(fabric)
    key.write_text(SECRET)
    assert fabric.run("apply", plan).status == 0
    assert fabric.run("drift").status == 0


CUTS: list[tuple[list[str], set[tuple[str, str]]]] = [
    (["--limit", "leaf2"], {("leaf2", "vlan")}),
    (["--only", "vlan"], {("leaf1", "vlan"), ("leaf2", "vlan")}),
    (["--action", "update"], {("leaf1", "interface")}),
    (["--limit", "leaf1", "--only", "vlan", "--action", "delete"], {("leaf1", "vlan")}),
]


@pytest.mark.parametrize(("cut", "chosen"), CUTS)
def test_a_smaller_plan_applies_only_what_is_in_it(
    fabric: Fabric, plan: str, cut: list[str], chosen: set[tuple[str, str]]
) -> None:
    """What is chosen is done, the rest is drift still."""
    answer = fabric.run("apply", *cut, plan, "--output", "json")
    assert answer.status == 0, answer.out
    done = {(d["device"], op["model"]) for d in answer.json["devices"] for op in d["operations"]}
    assert done == chosen
    left = fabric.run("drift", "--output", "json").json["drift"]
    assert len(left) == 3 - len(chosen)


def test_what_can_not_be_done_alone_is_left_out_and_told(fabric: Fabric) -> None:
    """An address needs its interface: without it, it is dropped from the smaller plan, and that is said."""
    fabric.lab["leaf1"].change("no interface Loopback0")
    answer = fabric.run("remediate", "--yes", "--only", "ip_address")
    assert answer.status == 0
    assert (
        "left out: leaf1: create ip_address 10.0.0.1/32: it needs what is left out: create interface"
        in answer.err
    )
    assert answer.out == "Plan: nothing to do\n"
    answer = fabric.run("plan", "--only", "interface")
    assert "+ interface Loopback0" in answer.out
    assert "address" not in answer.out


def test_the_devices_are_asked_for_their_own_diff(fabric: Fabric, plan: str) -> None:
    """`plan --native`: the device's own words, nothing committed, and no session left behind."""
    answer = fabric.run("plan", "--native", "--output", "json")
    assert answer.status == 2
    assert answer.json["device_diffs"].keys() == {"leaf1", "leaf2"}
    assert "-vlan 66" in answer.json["device_diffs"]["leaf1"]
    assert "leaf2 says:" in fabric.run("plan", "--native").out
    counters = fabric.lab.counters
    assert (counters.writes, counters.sessions_opened, counters.aborts) == (0, 4, 4)
    assert (counters.commits, counters.timed_commits) == (0, 0)


def test_a_device_that_refuses_the_preview_is_told_beside_the_others(fabric: Fabric, plan: str) -> None:
    """One device that does not take its lines does not hide what the others say; the answer is incomplete."""
    fabric.lab["leaf1"].inject(Fault(FaultKind.COMMAND_ERROR, command="^no vlan 66$"))
    answer = fabric.run("plan", "--native", "--output", "json")
    assert answer.status == 3
    assert list(answer.json["device_diffs"]) == ["leaf2"]
    assert [failure["device"] for failure in answer.json["failures"]] == ["leaf1"]


def changed_by_somebody(fabric: Fabric) -> None:
    """Give what the plan was computed from another value."""
    fabric.lab["leaf1"].change("interface Ethernet1", "switchport access vlan 30")
    fabric.lab["leaf1"].change("interface Ethernet2", "description elsewhere")
    fabric.lab.reset_log()


def test_a_change_since_the_plan_refuses_it(fabric: Fabric, plan: str) -> None:
    """The error names device, object, attribute, planned and found value, and nothing is written."""
    changed_by_somebody(fabric)
    answer = fabric.run("apply", plan)
    assert answer.status == 1
    told = "PLAN-STALE leaf1 interface Ethernet1: access_vlan was 20 when planned and is 30 now"
    assert told in answer.err
    assert "Ethernet2" not in answer.err
    assert untouched(fabric)


@pytest.mark.parametrize(
    ("policy", "vlan", "note"),
    [("overwrite", None, "overwritten"), ("accept", 30, "left as it was found")],
)
def test_changes_of_others_can_be_overwritten_or_accepted(
    fabric: Fabric, plan: str, policy: str, vlan: int | None, note: str
) -> None:
    """By attribute, as the settings say; the report tells what became of each."""
    changed_by_somebody(fabric)
    fabric.setting(apply={"freshness": {"rules": {"interface.access_vlan": policy}}})
    answer = fabric.run("apply", plan, "--output", "json")
    assert answer.status == 0, answer.out
    (told,) = answer.json["notes"]
    assert told.startswith(f"{note}: leaf1 interface Ethernet1: access_vlan was 20 when planned and is 30")
    drift = {row["name"]: row["changes"] for row in fabric.run("drift", "--output", "json").json["drift"]}
    left: Any = {"access_vlan": {"actual": vlan, "intended": 10}}
    assert drift.pop("Ethernet1", None) == (left if vlan else None)
    assert drift.keys() == {"Ethernet2"}


def test_a_rule_about_nothing_that_exists_is_refused(fabric: Fabric, plan: str) -> None:
    """A mistyped policy must not be a policy that is never used."""
    fabric.setting(apply={"freshness": {"rules": {"interface.descripton": "accept"}}})
    answer = fabric.run("apply", plan)
    assert (answer.status, "FRESHNESS-RULE" in answer.err) == (1, True)
    assert untouched(fabric)


def test_an_empty_plan_applies_nothing(fabric: Fabric, tmp_path: Path) -> None:
    """Approved as empty, it stays empty, whatever has drifted since."""
    path = str(tmp_path / "empty.json")
    assert fabric.run("plan", "--out", path).status == 0
    fabric.lab["leaf1"].change("interface Ethernet1", "shutdown")
    fabric.lab.reset_log()
    assert fabric.run("apply", path).status == 0
    assert untouched(fabric)
    assert fabric.run("drift").status == 2


def test_a_plan_that_can_not_be_saved_is_an_error(fabric: Fabric, tmp_path: Path) -> None:
    """The file is named, and what to do."""
    fabric.lab["leaf1"].change("interface Ethernet1", "shutdown")
    answer = fabric.run("plan", "--out", str(tmp_path / "no" / "such" / "plan.json"))
    assert (answer.status, answer.err.startswith("OUT-FILE ")) == (1, True)


def test_percentages_are_of_the_whole_network(fabric: Fabric, plan: str) -> None:
    """A plan for one device of three is for a third of them, whether it is applied at once or from a file."""
    for limit, status in (("30%", 1), ("34%", 0)):
        fabric.setting(guards={"max_devices": limit, "max_deletes": "5%"})
        answer = fabric.run("apply", "--limit", "leaf1", plan)
        assert answer.status == status, answer.err
    assert fabric.run("remediate", "--yes").status == 0


def test_lines_that_were_reviewed_stay(fabric: Fabric) -> None:
    """Only a device whose lines are missing gets new ones; a session refuses others than those reviewed."""
    for device in ("leaf1", "leaf2"):
        fabric.lab[device].change("interface Ethernet1", "shutdown")
    settings = read_settings(fabric.folder / "driftline.yml")
    loaded = workflow.load(settings)
    made = workflow.plan(loaded, workflow.detect(loaded), settings)
    reviewed = readiness.previewed(made.with_native({"leaf1": ["as reviewed"]}), loaded.actual)
    loaded.actual.close()
    assert reviewed.native == {**made.native, "leaf1": ("as reviewed",)}
    assert reviewed.native["leaf2"]
