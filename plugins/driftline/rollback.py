"""Taking a run back: a plan that brings back what it has changed, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from driftline.backups import RESTORE, sites_of, texts_before
from driftline.engine.exceptions import Problem, StalePlan
from driftline.engine.plan import Plan, key_of, make_plan, renewed
from driftline.network import change_order
from driftline.readiness import previewed
from driftline.reading import load_for
from driftline.runs.journal import JournalError
from driftline.runs.standing import Stand, standings
from driftline.state import open_journal

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from driftline.devices import DeviceAdapter, Fleet
    from driftline.engine import Step
    from driftline.rollout import Watch
    from driftline.runs.journal import RunRecord
    from driftline.settings import Settings


def plan_rollback(
    prefix: str,
    settings: Settings,
    *,
    watch: Watch | None = None,
    overwrite: bool = False,
    fleet: Fleet | None = None,
) -> tuple[RunRecord, Plan, DeviceAdapter]:
    """Return a plan that takes a run back, and the devices as they are now; nothing is written.

    It brings the objects that the run has changed back to what they were, and nothing else.

    Args:
        overwrite: whether objects that were changed again since the run are brought back too.
        fleet: how the devices are reached; None: as the settings say. What is not in it takes no part.

    Raises:
        JournalError: there is no such run, it is under way, or it was cut off and has to be resumed first.
        StalePlan: objects were changed again since the run.
    """
    with open_journal(settings) as journal:
        record = journal.run(prefix)
        if not record.ended:
            raise JournalError(
                f"run {record.id} has not ended", code="RUN-NOT-ENDED", hint=f"driftline resume {record.id}"
            )
        if record.kind == RESTORE:
            raise JournalError(
                f"run {record.id} replaced a whole configuration; it has no steps to take back",
                code="RUN-RESTORE",
                hint=f"driftline backup restore {record.id} DEVICE brings back what was there before it",
            )
        made = Plan.from_json(journal.plan(record.id))
        stands = standings(journal.entries(record.id))
        done = [unit for unit in made.units if unit in stands and stands[unit].stand is Stand.APPLIED]
        texts = texts_before(journal, record.id, done)
    run = made.restricted_to(done)
    actual = load_for(run, settings, watch=watch, fleet=fleet)
    try:
        return record, _back(run, actual, texts, overwrite=overwrite), actual
    except BaseException:
        actual.close()
        raise


def _back(run: Plan, actual: DeviceAdapter, texts: Mapping[str, str], *, overwrite: bool) -> Plan:
    readable = {unit: text for unit, text in texts.items() if unit not in actual.failures}
    problems = [] if overwrite else changed_since(run, actual)
    if problems:
        raise StalePlan("not everything is as the run left it", problems=problems)
    recalled = actual.recall(readable, sites_of(run))
    touched = {key_of(step, actual) for step in run.steps}
    diff = actual.diff_from(recalled).filter(
        lambda element: (element.type, actual.model_class(element.type).unique_id_of(element.keys)) in touched
    )
    made = make_plan(diff, recalled, actual, order=change_order)
    ours = {key_of(step, actual): step.after or {} for step in run.steps if step.action == "update"}
    narrowed = {step.id: _narrowed(step, ours.get(key_of(step, actual))) for step in made.steps}
    ids = {old: step.id for old, step in narrowed.items() if step is not None}
    steps = (
        replace(step, depends_on=tuple(ids[needed] for needed in step.depends_on if needed in ids))
        for step in narrowed.values()
        if step is not None
    )
    made = made.with_steps(steps, draft=True)
    return previewed(made, actual, draft=True)


def _narrowed(step: Step, ours: Container[str] | None) -> Step | None:
    """Return what of a step is about values that the run has set; the others were changed by somebody else."""
    if step.action != "update" or ours is None:
        return step
    before, after = (
        {name: value for name, value in (values or {}).items() if name in ours}
        for values in (step.before, step.after)
    )
    return renewed(step, before=before, after=after) if after else None


def changed_since(run: Plan, actual: DeviceAdapter) -> list[Problem]:
    """Return where devices are no longer as a run left them, as far as it changed them."""
    return [
        problem
        for step in run.steps
        if step.unit not in actual.failures
        for problem in _changed(step, actual)
    ]


def _changed(step: Step, actual: DeviceAdapter) -> list[Problem]:
    found = actual.get_or_none(step.model, step.identity)
    hint = "look who changed it; --overwrite takes the run back all the same"

    def problem(message: str) -> Problem:
        return Problem(f"{step.unit} {step.model} {step.name}", "ROLLBACK-STALE", message, hint)

    if step.action == "delete":
        gone = found is None or getattr(found, "pristine", False)
        return [] if gone else [problem("the run deleted it, and it is there again")]
    if found is None:
        return [problem("it is gone since the run")]
    return [
        problem(f"{name} was {value!r} after the run and is {getattr(found, name)!r} now")
        for name, value in (step.after or {}).items()
        if not found.same(name, value, getattr(found, name))
    ]
