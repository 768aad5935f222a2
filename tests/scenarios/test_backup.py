"""Backups, from the user's seat: what devices were before they were changed, and getting it back whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driftline.lab import Fault, FaultKind

if TYPE_CHECKING:
    from tests.conftest import Fabric


def changed(fabric: Fabric) -> tuple[str, dict[str, str]]:
    """Repair drift on two devices; return the run, and the configurations of before."""
    fabric.lab["leaf1"].change("interface Ethernet1", "description wrong", "ip access-group FILTER in")
    fabric.lab["leaf2"].change("no vlan 20")
    before = fabric.running()
    run = fabric.run("remediate", "--yes", "--output", "json").json["run"]
    return str(run), before


def body(text: str) -> str:
    """Return a configuration without the comments of the device."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("!") and line != "end")


def test_what_was_kept_is_listed(fabric: Fabric) -> None:
    """Every device that was changed, before each run; one device alone where it is named."""
    run, _ = changed(fabric)
    kept = fabric.run("backup", "list", "--output", "json").json["backups"]
    assert {(one["unit"], one["run"]) for one in kept} == {("leaf1", run), ("leaf2", run)}
    lines = fabric.run("backup", "list", "leaf2").out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["leaf2", run]]


def test_a_configuration_is_shown(fabric: Fabric) -> None:
    """As it was before the run; to a file for this user alone, where it is to go into one."""
    run, before = changed(fabric)
    assert body(fabric.run("backup", "show", run, "leaf1").out) == body(before["leaf1"])
    out = fabric.folder / "leaf1.cfg"
    assert fabric.run("backup", "show", run, "leaf1", "--out", str(out)).status == 0
    assert body(out.read_text()) == body(before["leaf1"])
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_device_gets_its_whole_configuration_back(fabric: Fabric) -> None:
    """To the byte, what others have changed since included, and as a run of its own with its ticket."""
    run, before = changed(fabric)
    fabric.lab["leaf1"].change("router bgp 65001", "neighbor 192.0.2.9 remote-as 65009")
    fabric.lab["leaf1"].change("interface Ethernet7.100", "no ip address")
    other = fabric.lab["leaf2"].running_config
    answer = fabric.run("backup", "restore", run, "leaf1", "--yes", "--ticket", "CHG9", "--output", "json")
    assert answer.status == 0, answer.out
    assert fabric.lab["leaf1"].running_config == before["leaf1"]
    assert fabric.lab["leaf1"].startup_config == before["leaf1"]
    assert fabric.lab["leaf2"].running_config == other
    assert (answer.json["kind"], answer.json["of"], answer.json["ticket"]) == ("restore", run, "CHG9")
    assert f"restore of {run}" in fabric.run("history").out
    assert fabric.run("show", answer.json["run"]).status == 0


def test_a_restore_that_fails_changes_nothing(fabric: Fabric) -> None:
    """It has a timer as every change has: exit 4, and the device is as before."""
    run, _ = changed(fabric)
    now = fabric.lab["leaf1"].running_config
    fabric.lab["leaf1"].inject(Fault(FaultKind.LYING_OK, times=1))
    answer = fabric.run("backup", "restore", run, "leaf1")
    assert answer.status == 4, answer.out
    assert fabric.lab["leaf1"].running_config == now


def test_a_restore_can_itself_be_restored(fabric: Fabric) -> None:
    """What was there before it was kept as well."""
    run, before = changed(fabric)
    now = fabric.lab["leaf1"].running_config
    restored = fabric.run("backup", "restore", run, "leaf1", "--output", "json").json["run"]
    assert fabric.lab["leaf1"].running_config == before["leaf1"]
    assert fabric.run("backup", "restore", restored, "leaf1").status == 0
    assert fabric.lab["leaf1"].running_config == now


@pytest.mark.parametrize("device", ["core1", "nosuch"])
@pytest.mark.parametrize("verb", ["show", "restore"])
def test_what_was_not_kept_can_not_be_had(fabric: Fabric, verb: str, device: str) -> None:
    """A device that the run did not change; nothing is written."""
    run, _ = changed(fabric)
    fabric.lab.reset_log()
    answer = fabric.run("backup", verb, run, device)
    assert (answer.status, "JOURNAL-NOT-KEPT" in answer.err) == (1, True)
    assert fabric.lab.counters.requests == 0


def test_with_a_key_backups_are_encrypted(fabric: Fabric) -> None:
    """The file does not hold the text; without the key it can't be had."""
    (fabric.folder / "key").write_text("correct horse battery staple\n")
    (fabric.folder / "key").chmod(0o600)
    fabric.setting(journal={"key_file": "key"})
    run, before = changed(fabric)
    files = [file.read_bytes() for file in (fabric.folder / "state").glob("journal.db*")]
    assert not any(b"access-group FILTER" in content for content in files)
    assert body(fabric.run("backup", "show", run, "leaf1").out) == body(before["leaf1"])
    assert fabric.run("backup", "list", "--output", "json").json["backups"][0]["encrypted"] is True
    (fabric.folder / "key").write_text("another one entirely, and wrong\n")
    answer = fabric.run("backup", "show", run, "leaf1")
    assert (answer.status, "JOURNAL-KEY" in answer.err) == (1, True)
