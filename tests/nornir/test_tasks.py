"""The tasks in a script with its own Nornir, against the lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from nornir.core.task import Result, Task

from driftline.engine.exceptions import GuardBreach, SettingsError, StalePlan, Unreachable
from driftline.lab import Fault, FaultKind
from driftline.nornir import (
    Session,
    apply_plan,
    detect_drift,
    joined_plan,
    plan_changes,
    remediate,
    rollback_run,
)
from tests.conftest import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from nornir.core import Nornir

    from tests.conftest import Fabric

RUNNERS = pytest.mark.parametrize("runner", ["serial", "threaded"])


def by_hand(fabric: Fabric) -> None:
    fabric.lab["leaf1"].change("interface Ethernet1", "description temporary", "shutdown")
    fabric.lab["leaf2"].change("no vlan 20")
    fabric.lab["core1"].change("interface Loopback0", "description moved")
    fabric.lab.reset_log()


@RUNNERS
def test_a_filtered_set_is_compared_and_nothing_else(
    fabric: Fabric, nornir: Callable[..., Nornir], runner: str, loads: list[str]
) -> None:
    """Each host has its own drift; the source is loaded once; hosts outside of the filter are not asked."""
    by_hand(fabric)
    results = nornir(runner).filter(site="ams").run(task=detect_drift)
    assert sorted(results) == ["leaf1", "leaf2"]
    assert not results.failed
    assert (
        "description: temporary → user port" in results["leaf1"].diff
        or "temporary →" in results["leaf1"].diff
    )
    assert "leaf2" not in results["leaf1"].diff
    assert results["leaf2"].result["counts"] == {"create": 1, "update": 0, "delete": 0}
    assert not results["leaf1"].changed
    assert len(loads) == 1
    assert fabric.lab["core1"].counters.requests == 0


@RUNNERS
def test_remediation_changes_what_has_drifted_once(
    fabric: Fabric, nornir: Callable[..., Nornir], runner: str, loads: list[str]
) -> None:
    """The first pass changes, with the devices' own diffs; the second finds nothing; the source is loaded per pass."""
    before = fabric.running()
    by_hand(fabric)
    nr = nornir(runner)
    first = nr.run(task=remediate, ticket="CHG-1")
    assert {host: each.changed for host, each in first.items()} == dict.fromkeys(first, True)
    assert not first.failed
    assert "-   description temporary" in first["leaf1"].diff
    assert first["leaf1"].result["ticket"] == "CHG-1"
    assert first["leaf1"].result["converged"] is True
    assert fabric.running() == before
    second = nr.run(task=remediate)
    assert not any(each.changed or each.failed or each.diff for each in second.values())
    assert len(loads) == 2
    assert {fabric.lab[name].counters.timed_commits for name in fabric.lab} == {1}


def test_a_dry_run_says_what_would_change(fabric: Fabric, nornir: Callable[..., Nornir]) -> None:
    """Nornir's own dry run counts, a task's argument wins over it, and nothing is written."""
    by_hand(fabric)
    before = fabric.running()
    nr = nornir(dry_run=True).filter(name="leaf1")
    result = nr.run(task=remediate)["leaf1"]
    assert result.changed
    assert "leaf1 gets:" in result.diff
    assert fabric.running() == before
    assert fabric.lab["leaf1"].counters.sessions_opened == 0
    assert nr.run(task=remediate, dry_run=False)["leaf1"].changed
    assert fabric.running() != before


def test_a_host_that_does_not_answer_fails_alone(fabric: Fabric, nornir: Callable[..., Nornir]) -> None:
    """Its result has the error; the others are done; Nornir leaves it out from then on."""
    by_hand(fabric)
    nr = nornir()
    fabric.lab["leaf2"].inject(Fault(FaultKind.REFUSED))
    results = nr.run(task=remediate)
    assert sorted(results.failed_hosts) == ["leaf2"]
    assert isinstance(results["leaf2"].exception, Unreachable)
    assert "DEVICE-UNREACHABLE leaf2" in results["leaf2"].result
    assert results["leaf1"].changed
    assert results["core1"].changed
    assert sorted(nr.run(task=detect_drift)) == ["core1", "leaf1"]


def test_a_change_that_fails_is_rolled_back_and_told(fabric: Fabric, nornir: Callable[..., Nornir]) -> None:
    """A device that says ok and does nothing has failed, and nothing has changed."""
    by_hand(fabric)
    fabric.lab["leaf1"].inject(Fault(FaultKind.LYING_OK, times=1))
    results = nornir().run(task=remediate)
    failed = results["leaf1"]
    assert failed.failed
    assert not failed.changed
    assert failed.result["devices"][0]["outcome"] == "rolled-back"
    assert failed.exception is not None
    assert results["leaf2"].changed


@RUNNERS
def test_a_plan_is_reviewed_then_applied_as_it_is(
    fabric: Fabric, nornir: Callable[..., Nornir], runner: str
) -> None:
    """What was planned for the hosts of a set, saved to a file, is applied to those of a smaller one."""
    by_hand(fabric)
    planned = nornir(runner).run(task=plan_changes)
    assert "leaf1 gets:" in planned["leaf1"].diff
    made = joined_plan(planned)
    assert sorted(made.units) == ["core1", "leaf1", "leaf2"]
    file = fabric.folder / "plan.json"
    file.write_text(made.to_json())
    fabric.edit("leaf1", "description: uplink", "description: changed since")

    results = nornir(runner).filter(site="ams").run(task=apply_plan, plan=file)
    assert {host: each.changed for host, each in results.items()} == {"leaf1": True, "leaf2": True}
    assert "description uplink" in fabric.lab["leaf1"].running_config
    assert "description moved" in fabric.lab["core1"].running_config
    again = nornir(runner).run(task=apply_plan, plan=made, dry_run=True)
    assert {host: each.failed for host, each in again.items()} == {
        "core1": False,
        "leaf1": True,
        "leaf2": True,
    }
    assert isinstance(again["leaf1"].exception, StalePlan)


def test_a_plan_of_the_command_line_is_one_of_the_script_and_the_other_way_round(
    fabric: Fabric, nornir: Callable[..., Nornir]
) -> None:
    """A joined plan is the plan that `driftline plan` makes, but for the digest of its inputs."""
    by_hand(fabric)
    joined = joined_plan(nornir().run(task=plan_changes))
    assert fabric.run("plan", "--out", str(fabric.folder / "cli.json")).status == 2
    own = {"id", "inputs"}
    saved = type(joined).from_json((fabric.folder / "cli.json").read_bytes())
    assert joined.model_dump(exclude=own) == saved.model_dump(exclude=own)
    (fabric.folder / "joined.json").write_text(joined.to_json())
    assert fabric.run("apply", str(fabric.folder / "joined.json")).status == 0
    assert fabric.run("drift").status == 0


@RUNNERS
def test_runs_are_taken_back(fabric: Fabric, nornir: Callable[..., Nornir], runner: str) -> None:
    """What `remediate` returned says which run is each host's; what it had found is there again."""
    by_hand(fabric)
    drifted = fabric.running()
    nr = nornir(runner)
    done = nr.run(task=remediate)
    looked = nr.run(task=rollback_run, run=done, dry_run=True)
    assert all(each.changed for each in looked.values())
    back = nr.run(task=rollback_run, run=done)
    assert not back.failed
    assert all(each.changed and each.diff for each in back.values())
    assert back["leaf1"].result["of"] == done["leaf1"].result["run"]
    assert fabric.running() == drifted


def test_the_run_of_a_whole_set_is_taken_back_on_one_host(
    fabric: Fabric, nornir: Callable[..., Nornir]
) -> None:
    """A filter chooses on which hosts a run that the command line made is taken back."""
    by_hand(fabric)
    run = fabric.run("remediate", "--yes", "--output", "json").json["run"]
    nr = nornir()
    assert nr.filter(name="leaf1").run(task=rollback_run, run=run)["leaf1"].changed
    assert "description temporary" in fabric.lab["leaf1"].running_config
    assert "description moved" not in fabric.lab["core1"].running_config


def test_parts_of_a_task_share_the_load_and_the_next_run_loads_anew(
    fabric: Fabric, nornir: Callable[..., Nornir], loads: list[str]
) -> None:
    """A script's own task may call ours one after the other; what is intended is as fresh as the run."""

    def all_of_it(task: Task) -> Result:
        if task.run(task=detect_drift).diff:
            task.run(task=remediate)
        return Result(task.host, result=task.run(task=detect_drift)[0].diff)

    by_hand(fabric)
    for runner in ("serial", "threaded"):
        loads.clear()
        nr = nornir(runner)
        assert {each[0].result for each in nr.run(task=all_of_it).values()} == {""}
        assert len(loads) == 1
        fabric.edit("leaf1", "uplink", f"uplink {runner}")
        assert nr.run(task=detect_drift)["leaf1"].result["counts"]["update"] == 1
        assert len(loads) == 2
        assert nr.run(task=remediate)["leaf1"].changed
        fabric.edit("leaf1", f"uplink {runner}", "uplink")


def test_the_limits_hold_for_all_hosts_together(fabric: Fabric, nornir: Callable[..., Nornir]) -> None:
    """A plan beyond a limit changes nothing at all; remediation goes as far as the limit."""
    by_hand(fabric)
    fabric.setting(guards={"max_devices": 2})
    before = fabric.running()
    nr = nornir("serial")
    planned = joined_plan(nr.run(task=plan_changes))
    refused = nr.run(task=apply_plan, plan=planned)
    assert sorted(refused.failed_hosts) == ["core1", "leaf1", "leaf2"]
    assert isinstance(refused["leaf1"].exception, GuardBreach)
    assert fabric.running() == before
    nr.data.reset_failed_hosts()
    assert not nr.filter(site="ams").run(task=apply_plan, plan=planned, dry_run=True).failed
    done = nr.run(task=remediate)
    assert [host for host, each in done.items() if each.changed] == ["core1", "leaf1"]
    assert "GUARD-DEVICES" in done["leaf2"].result


def test_a_set_changes_as_one_transaction(fabric: Fabric, nornir: Callable[..., Nornir]) -> None:
    """With a scope the session applies a plan as one run: one device fails, and none is changed."""
    by_hand(fabric)
    before = fabric.running()
    fabric.setting(apply={"scope": "run"})
    nr, session = nornir(), Session(fabric.folder / "driftline.yml")
    assert "NORNIR-TOGETHER" in nr.run(task=remediate, session=session)["leaf1"].result
    nr.data.reset_failed_hosts()
    made = joined_plan(nr.run(task=plan_changes))
    fabric.lab["leaf1"].inject(Fault(FaultKind.LYING_OK, times=1))
    failed = session.apply(nr, made)
    assert sorted(failed.failed_hosts) == ["core1", "leaf1", "leaf2"]
    assert fabric.running() == before
    done = session.apply(nr, made, ticket="CHG-2")
    assert not done.failed
    assert len({each.result["run"] for each in done.values()}) == 1
    assert fabric.run("drift").status == 0


def test_a_host_that_nothing_is_intended_for_is_left_alone(
    fabric: Fabric, nornir: Callable[..., Nornir]
) -> None:
    """It is no failure: inventories have hosts of other kinds, too."""
    fabric.device_file("leaf2").unlink()
    for task in (detect_drift, plan_changes, remediate):
        result = nornir().run(task=task)["leaf2"]
        assert not result.failed
        assert result.result == {"device": "leaf2", "summary": "nothing is intended for it: left alone"}
    assert fabric.lab["leaf2"].counters.requests == 0


def test_a_source_that_can_not_be_read_fails_every_host(
    fabric: Fabric, nornir: Callable[..., Nornir], loads: list[str]
) -> None:
    """It is read once all the same, and no device is asked."""
    fabric.edit("leaf1", "site: lab", "site: [")
    results = nornir().run(task=remediate)
    assert sorted(results.failed_hosts) == ["core1", "leaf1", "leaf2"]
    assert "leaf1.yml" in results["core1"].result
    assert len(loads) == 1
    assert fabric.lab.counters.requests == 0


def test_settings_that_are_missing_are_named(fabric: Fabric, nornir: Callable[..., Nornir]) -> None:
    """A wrong path is a failure of each host, in words."""
    result = nornir().run(task=detect_drift, settings=fabric.folder / "none.yml")["leaf1"]
    assert isinstance(result.exception, SettingsError)
    assert "SETTINGS-MISSING" in result.result


def test_batches_that_fail_are_taken_back_on_the_scripts_own_hosts(
    fabric: Fabric, nornir: Callable[..., Nornir]
) -> None:
    """The session's `apply` goes batch by batch; with `revert` nothing is left of the earlier ones."""
    by_hand(fabric)
    before = fabric.running()
    fabric.setting(apply={"batches": {"sizes": [1, "100%"], "on_failure": "revert"}})
    nr, session = nornir(), Session(fabric.folder / "driftline.yml")
    made = joined_plan(nr.run(task=plan_changes))
    fabric.lab["leaf2"].inject(Fault(FaultKind.LYING_OK, times=1))
    results = session.apply(nr, made)
    assert results.failed
    assert not any(each.changed for each in results.values())
    assert fabric.running() == before


def test_a_plan_must_be_signed_where_the_settings_say_so(
    fabric: Fabric, nornir: Callable[..., Nornir]
) -> None:
    """Neither a plan without a signature nor one that nobody has seen is applied."""
    by_hand(fabric)
    nr = nornir()
    made = joined_plan(nr.run(task=plan_changes))
    (fabric.folder / "plan.json").write_text(made.to_json())
    fabric.setting(signing={"required": True, "hmac_secret": "x" * 32})
    for arguments in ({"plan": made}, {"plan": fabric.folder / "plan.json"}):
        result = nr.run(task=apply_plan, **arguments)["leaf1"]
        assert result.exception.code == "SIGNATURE-MISSING"
        nr.data.reset_failed_hosts()
    assert nr.run(task=remediate)["leaf1"].exception.code == "SIGNATURE-MISSING"
    nr.data.reset_failed_hosts()
    assert fabric.run("plan", "sign", str(fabric.folder / "plan.json")).status == 0
    assert not nr.run(task=apply_plan, plan=fabric.folder / "plan.json").failed


def test_no_secret_is_in_a_result(fabric: Fabric, nornir: Callable[..., Nornir]) -> None:
    """A refused password is told without the password, also in what other tasks' printers print."""
    fabric.lab["leaf1"].inject(Fault(FaultKind.UNAUTHORIZED))
    results = nornir().run(task=remediate)
    refused = results["leaf1"]
    assert refused.exception.code == "DEVICE-AUTH"
    assert CANARY not in f"{refused.result}{refused.diff}{refused.exception!r}{vars(results['leaf2'][0])}"


def test_the_log_is_pythons_own(
    fabric: Fabric, nornir: Callable[..., Nornir], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is printed; who wants to read the log asks for the loggers of driftline."""
    fabric.capture()
    with caplog.at_level("INFO", logger="driftline"):
        nornir().filter(name="leaf1").run(task=detect_drift)
    assert fabric.capture() == ("", "")
    assert any("Beginning diff calculation" in record.getMessage() for record in caplog.records)


def test_a_plan_that_is_not_there_is_named(fabric: Fabric, nornir: Callable[..., Nornir]) -> None:
    """Nothing is asked of any device."""
    result = nornir().run(task=apply_plan, plan=str(fabric.folder / "none.json"))["leaf1"]
    assert result.exception.code == "PLAN-MISSING"
    assert fabric.lab.counters.requests == 0


def test_hosts_that_failed_before_get_their_part_of_a_plan(
    fabric: Fabric, nornir: Callable[..., Nornir]
) -> None:
    """With `on_failed` Nornir runs a task on them too, and then they are in the set."""
    by_hand(fabric)
    nr = nornir()
    made = joined_plan(nr.run(task=plan_changes))
    nr.data.failed_hosts.add("leaf1")
    results = nr.run(task=apply_plan, plan=made, on_good=False, on_failed=True)
    assert {host: each.changed for host, each in results.items()} == {"leaf1": True}


@RUNNERS
def test_the_limits_of_sessions_are_those_of_all_hosts(
    fabric: Fabric, nornir: Callable[..., Nornir], runner: str
) -> None:
    """Hosts of a site that may have one connection open at once take turns."""
    by_hand(fabric)
    fabric.setting(connection={"sessions_per_site": 1})
    results = nornir(runner).run(task=remediate)
    assert {host: each.changed for host, each in results.items()} == dict.fromkeys(results, True)
    assert fabric.run("drift").status == 0
