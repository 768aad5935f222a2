"""The collection's playbooks, run by their names as users run them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from driftline.lab import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Completed, Network

    Playbook = Callable[..., Completed]

SHUT = ("interface Ethernet3", "shutdown")
SAID = "Say what became of each host"


def said(done: Completed) -> list[str]:
    """Return the lines that people read at the end."""
    lines: list[str] = done.by_host(SAID).popitem()[1].result["msg"]
    return lines


def windows(network: Network, *given: dict[str, Any]) -> None:
    """Write the change windows into the settings."""
    file = network.folder / "driftline.yml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "windows": list(given)}))


def shut(network: Network, *devices: str) -> None:
    """Shut a port of devices by hand."""
    for device in devices:
        network.lab[device].change(*SHUT)


def test_drift_is_told_by_the_exit_status_unless_it_is_switched_off(
    network: Network, playbook: Playbook
) -> None:
    """A pipeline sees drift without reading anything; people are told what differs."""
    name = "driftline.network.drift"
    in_sync = playbook(name)
    assert (in_sync.status, said(in_sync)) == (0, ["3 in sync"])

    shut(network, "leaf1")
    before = network.running()
    drifted = playbook(name)
    assert (drifted.status, drifted.changed) == (2, ["leaf1"])
    assert said(drifted) == [
        "leaf1: differs",
        "  ~ interface Ethernet3: enabled False → True",
        "1 differs, 2 in sync",
    ]
    assert playbook(name, "-e", "driftline_fail_on_drift=false").status == 0
    assert network.running() == before


def test_a_plan_is_made_looked_at_and_applied(network: Network, playbook: Playbook) -> None:
    """The plan is one file for all devices, which the command line can read; each host gets its part."""
    shut(network, "leaf1", "leaf2")
    before = network.running()
    planned = playbook("driftline.network.plan", "-e", "driftline_plan=night.json")
    assert (planned.status, said(planned)[-1]) == (0, "2 differs, 1 in sync")
    assert network.running() == before
    file = network.folder / "night.json"
    assert file.stat().st_mode & 0o077 == 0
    assert "~ interface Ethernet3" in network.run("plan", "show", str(file)).out

    by = ("-e", "driftline_plan=night.json", "-e", "driftline_ticket=CHG-4711")
    applied = playbook("driftline.network.apply", *by)
    assert (applied.status, applied.changed) == (0, ["leaf1", "leaf2"])
    assert network.run("drift").status == 0
    assert "CHG-4711" in network.run("history", "--output", "json").out


def test_remediate_changes_once(network: Network, playbook: Playbook) -> None:
    """What check mode tells is what is then done; the second run has nothing to do."""
    shut(network, "leaf2")
    name = "driftline.network.remediate"
    checked, first, second = playbook(name, "--check"), playbook(name), playbook(name)
    assert [one.status for one in (checked, first, second)] == [0, 0, 0]
    assert checked.of("Remediate", "leaf2")["after"] == first.of("Remediate", "leaf2")["after"]
    assert (first.changed, second.changed) == (["leaf2"], [])
    assert said(second) == ["3 in sync"]


def test_what_failed_is_told_and_what_changed_is_taken_back_by_the_summary(
    network: Network, playbook: Playbook
) -> None:
    """One of two devices fails and is as before; the other is repaired, and rolled back by the kept summary."""
    shut(network, "leaf1", "leaf2")
    before = network.running()
    network.lab["leaf2"].inject(Fault(FaultKind.LYING_OK, times=1))
    done = playbook("driftline.network.remediate", "-e", "driftline_summary=kept.json")
    kept = json.loads((network.folder / "kept.json").read_text())
    assert (done.status, done.changed) == (2, ["leaf1"])
    assert kept["totals"] == {"changed": 1, "in sync": 1, "rolled back": 1}
    assert f"leaf1: changed, run {kept['hosts']['leaf1']['run']}" in said(done)
    assert any("the device said ok, and changed nothing" in line for line in said(done))
    assert network.running()["leaf2"] == before["leaf2"] != network.running()["leaf1"]

    back = playbook("driftline.network.rollback", "-e", "driftline_runs=kept.json")
    assert (back.status, back.changed) == (0, ["leaf1"])
    assert network.running() == before


def test_one_run_of_all_hosts_is_taken_back_by_its_id(network: Network, playbook: Playbook) -> None:
    """With `driftline_together` all devices are one run, whose id is all that its rollback needs."""
    shut(network, "leaf1", "leaf2")
    before = network.running()
    done = playbook("driftline.network.remediate", "-e", "driftline_together=true")
    runs = {told["run"] for told in done.of("Remediate")["devices"].values() if told["changed"]}
    assert (done.status, len(runs)) == (0, 1)

    back = playbook("driftline.network.rollback", "-e", f"driftline_run={runs.pop()}")
    assert (back.status, back.changed) == (0, ["leaf1", "leaf2"])
    assert network.running() == before

    asked = playbook("driftline.network.rollback")
    assert asked.status == 2
    assert "name a run" in asked.out


def test_by_the_clock_nothing_changes_outside_of_the_window(network: Network, playbook: Playbook) -> None:
    """While the window is closed drift is only told, which is no failure; when it opens, drift is repaired."""
    shut(network, "leaf1", "leaf2")
    before = network.running()
    name, kept = "driftline.network.scheduled", network.folder / "kept.json"
    windows(network, {"deny": "leaf1,leaf2", "comment": "audit"})
    closed = playbook(name, "-e", f"driftline_summary={kept}")
    assert (closed.status, closed.changed) == (0, [])
    told = json.loads(kept.read_text())
    assert told["totals"] == {"in sync": 1, "outside of its window": 2}
    assert told["hosts"]["leaf1"]["operations"][0]["name"] == "Ethernet3"
    assert network.running() == before

    windows(network, {"allow": "*"})
    opened = playbook(name, "-e", f"driftline_summary={kept}")
    assert (opened.status, opened.changed) == (0, ["leaf1", "leaf2"])
    assert network.run("drift").status == 0
    assert playbook(name).changed == []


def test_by_the_clock_a_failure_keeps_later_batches_from_being_begun(
    network: Network, playbook: Playbook
) -> None:
    """A device that does not answer holds up nobody; one whose change fails stops what comes after it."""
    shut(network, "leaf1", "leaf2")
    name, by = (
        "driftline.network.scheduled",
        ("-e", "driftline_serial=1", "-e", "driftline_summary=kept.json"),
    )
    network.lab["core1"].inject(Fault(FaultKind.REFUSED))
    network.lab["leaf1"].inject(Fault(FaultKind.LYING_OK, times=1))
    before = network.running()
    done = playbook(name, *by)
    told = json.loads((network.folder / "kept.json").read_text())
    assert {host: one["status"] for host, one in told["hosts"].items()} == {
        "core1": "unreachable",
        "leaf1": "rolled back",
        "leaf2": "not reached",
    }
    assert (done.status, network.running()) == (2, before)

    done = playbook(name, *by)
    assert (done.status, done.changed) == (2, ["leaf1", "leaf2"])
    assert done.by_host("Fail where a device does not answer")["core1"].status == "failed"


def test_what_was_adopted_is_no_drift_any_more(network: Network, playbook: Playbook) -> None:
    """Check mode shows the diff of the files; then they are written, and no device is."""
    network.lab["leaf1"].change("interface Ethernet2", "description plotter")
    before, file = network.running(), network.device_file("leaf1")
    intended = file.read_text()
    by = ("driftline.network.adopt", "-e", "driftline_attributes=description", "--limit", "leaf1")
    looked = playbook(*by, "--check")
    assert (looked.status, file.read_text()) == (0, intended)
    assert "+  Ethernet2: {description: plotter, access_vlan: 20}" in looked.out

    assert playbook(*by).changed == ["leaf1"]
    assert playbook("driftline.network.drift").status == 0
    assert (network.running(), file.read_text()) == (before, intended.replace("printer", "plotter"))
