"""The tasks, each for one host: they are run with Nornir's own `run`, under any runner, filter and processor.

All of them take `settings=` (the settings or their file) or `session=`. Without a session the source of truth is
loaded once for all hosts of a `run`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from nornir.core.task import AggregatedResult, Result, Task

from driftline import reverting, workflow
from driftline.applied import About
from driftline.engine.exceptions import PlanError
from driftline.network import change_order
from driftline.readiness import ready
from driftline.reading import load_for
from driftline.reports import drift_report
from driftline.rollback import plan_rollback
from driftline.runs.signatures import unsigned

from .outcomes import applied_result, drift_result, expected, failure, plan_result, untouched
from .session import SIGN, Session
from .sharing import session_of

if TYPE_CHECKING:
    from pathlib import Path

    from driftline.devices import DeviceAdapter
    from driftline.engine import Plan
    from driftline.settings import Settings
    from driftline.workflow import Loaded

    Given = Settings | Path | str | None

_NOT_INTENDED = "nothing is intended for it: left alone"


@expected
def detect_drift(task: Task, *, session: Session | None = None, settings: Given = None) -> Result:
    """Find out how a host differs from its intended state; nothing is written.

    Returns:
        `diff`: what differs, running → intended; empty when in sync. `result`: the drift report as plain values.
    """
    loaded = _loaded(task, session_of(task, session, settings))
    if isinstance(loaded, Result):
        return loaded
    return drift_result(task.host, drift_report(workflow.detect(loaded), 1, loaded.failures))


@expected
def plan_changes(task: Task, *, session: Session | None = None, settings: Given = None) -> Result:
    """Plan what brings a host in line with its intended state; nothing is written.

    Returns:
        `diff`: the changes, and the lines that the device would get. `result`: the plan as plain values. `plan`: the
        plan itself; `joined_plan` makes one of those of all hosts.
    """
    common = session_of(task, session, settings)
    loaded = _loaded(task, common)
    if isinstance(loaded, Result):
        return loaded
    made = common.planned(loaded)
    return _failed(task, loaded.actual) or plan_result(task.host, made)


@expected
def apply_plan(
    task: Task,
    *,
    plan: Plan | Path | str,
    session: Session | None = None,
    settings: Given = None,
    ticket: str = "",
    comment: str = "",
    dry_run: bool | None = None,
) -> Result:
    """Apply a host's part of a plan, exactly it; nothing is written where the host has changed since.

    Args:
        plan: a plan or its file, also one that `driftline plan --out` made.
        dry_run: whether to look only if it could be applied; None: as Nornir was told.

    Returns:
        `diff`: the device's own account of the change. `result`: the run's report as plain values. `changed`: in a
        dry run, whether the host would be changed.
    """
    common = session_of(task, session, settings)
    how = common.for_one
    whole, made_at = common.part(plan, task.nornir)
    made = whole.restricted_to([task.host.name])
    if not made.steps:
        return untouched(task.host, "nothing is planned for it")
    actual = load_for(made, how, fleet=common.fleet(task.nornir).only(task.host.name))
    about = About("apply", ticket, comment, plan_time=made_at)
    if problem := _failed(task, actual):
        return problem
    if task.is_dry_run(dry_run):
        left = ready(made, actual, how, about).plan
        return _failed(task, actual) or plan_result(task.host, left, changed=bool(left.steps))
    return applied_result(task.host, reverting.apply(made, actual, how, about=about))


@expected
def remediate(
    task: Task,
    *,
    session: Session | None = None,
    settings: Given = None,
    ticket: str = "",
    comment: str = "",
    dry_run: bool | None = None,
) -> Result:
    """Bring a host in line with its intended state: find drift, plan, and apply, in one go.

    Args:
        dry_run: whether to plan only; None: as Nornir was told.

    Returns:
        `diff`: the device's own account of the change, in a dry run the plan. `result`: the run's report, else the
        plan, as plain values. `changed`: in a dry run, whether the host would be changed.
    """
    common = session_of(task, session, settings)
    how, dry = common.for_one, task.is_dry_run(dry_run)
    if how.signing.required and not dry:
        raise unsigned("remediate applies its plan at once", SIGN)
    loaded = _loaded(task, common)
    if isinstance(loaded, Result):
        return loaded
    made = common.planned(loaded)
    if problem := _failed(task, loaded.actual):
        return problem
    if dry or not made.steps:
        if not dry:
            workflow.remember_in_sync(loaded, made, how)
        return plan_result(task.host, made, changed=bool(made.steps))
    common.admit(made)
    about = About("remediate", ticket, comment)
    applied = reverting.apply(made, loaded.actual, how, about=about, intended=loaded.intended)
    return applied_result(task.host, applied)


@expected
def rollback_run(
    task: Task,
    *,
    run: str | AggregatedResult,
    overwrite: bool = False,
    session: Session | None = None,
    settings: Given = None,
    ticket: str = "",
    comment: str = "",
    dry_run: bool | None = None,
) -> Result:
    """Bring back what a run has changed on a host, and nothing else.

    Args:
        run: its id, or what `nr.run` returned: then each host's own run.
        overwrite: whether objects that were changed again since are brought back too.
        dry_run: whether to plan only; None: as Nornir was told.

    Returns:
        as `remediate`.
    """
    common = session_of(task, session, settings)
    how, host = common.for_one, task.host
    wanted = run if isinstance(run, str) else _run_of(run, host.name)
    if not wanted:
        return untouched(host, "no run has changed it")
    fleet = common.fleet(task.nornir).only(host.name)
    record, made, actual = plan_rollback(wanted, how, overwrite=overwrite, fleet=fleet)
    if problem := _failed(task, actual):
        return problem
    dry = task.is_dry_run(dry_run)
    if dry or not made.steps:
        return plan_result(host, made, changed=bool(made.steps))
    about = About("rollback", ticket, comment, of=record.id)
    return applied_result(host, reverting.apply(made, actual, how, about=about))


def joined_plan(planned: AggregatedResult) -> Plan:
    """Return one plan of all that `plan_changes` has planned, to be saved, reviewed, signed and applied.

    Raises:
        PlanError: there is no plan in these results.
    """
    found = {
        host: plan for host in planned for each in planned[host] if (plan := getattr(each, "plan", None))
    }
    plans: list[Plan] = [found[host] for host in sorted(found)]
    if not plans:
        raise PlanError("no host has a plan", code="PLAN-MISSING", hint="see why plan_changes failed on them")
    fields = plans[0].model_dump(exclude={"id", "inputs", "steps", "identities", "native", "conflicts"})
    return type(plans[0])(
        **fields,
        inputs=hashlib.sha256("".join(plan.inputs for plan in plans).encode()).hexdigest(),
        steps=tuple(sorted((step for plan in plans for step in plan.steps), key=change_order)),
        identities={unit: facts for plan in plans for unit, facts in plan.identities.items()},
        native={unit: lines for plan in plans for unit, lines in plan.native.items()},
        conflicts=tuple(conflict for plan in plans for conflict in plan.conflicts),
    )


def _loaded(task: Task, common: Session) -> Loaded | Result:
    """Return both datasets for a host, or the result of one that there is nothing to compare for."""
    name = task.host.name
    loaded = common.load(name, task.nornir)
    if name not in loaded.chosen:
        return untouched(task.host, _NOT_INTENDED)
    return _failed(task, loaded.actual) or loaded


def _failed(task: Task, actual: DeviceAdapter) -> Result | None:
    """Return the result of a host that could not be read whole, or that can't do what is planned."""
    error = actual.failures.get(task.host.name)
    return None if error is None else failure(task.host, error)


def _run_of(results: AggregatedResult, host: str) -> str:
    """Return the id of the run by which a task has changed a host; empty: none has."""
    told = (each.result for each in results.get(host, ()) if isinstance(each.result, dict))
    return next((str(report["run"]) for report in told if report.get("run")), "")
