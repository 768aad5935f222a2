"""Syncs that have been: going on with one that was cut off, and taking one back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from driftline.adapters.ipam import renaming
from driftline.adapters.ipam.order import linked, order
from driftline.applied import About
from driftline.engine.exceptions import Problem, StalePlan
from driftline.engine.plan import Plan, renewed
from driftline.recovery import expect_cut_off, take_over
from driftline.runs.journal import JournalError
from driftline.runs.standing import Stand, standings
from driftline.state import open_journal
from driftline.syncing import KIND, apply, load_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftline.adapters.ipam.adapter import IpamAdapter
    from driftline.applied import Applied
    from driftline.engine import Step
    from driftline.rollout import Watch
    from driftline.runs.journal import RunRecord
    from driftline.settings import Settings

_OPPOSITE: Final = {"create": "delete", "update": "update", "delete": "create"}


def is_sync(prefix: str, settings: Settings) -> bool:
    """Return whether a run was one into a source of truth; raises JournalError when there is no such run."""
    with open_journal(settings) as journal:
        run = journal.run(prefix)
        return bool(run.plan_id) and Plan.from_json(journal.plan(run.id)).target.type != "devices"


def resume(prefix: str, settings: Settings, *, watch: Watch | None = None) -> Applied:
    """Go on with a sync whose process has died: what is done is seen on the target, the rest is applied.

    Raises:
        JournalError: there is no such run, it has ended, or its process still works on it.
        StalePlan: what is left of the plan does not fit any more.
    """
    with open_journal(settings) as journal:
        record = expect_cut_off(journal, prefix)
        made = Plan.from_json(journal.plan(record.id))
        take_over(journal, record)
    held = load_for(made, settings, watch=watch)
    left = made.with_steps(step for step in made.steps if not is_done(step, held))
    about = About(KIND, ticket=record.ticket, comment=record.comment, of=record.id)
    applied = apply(left, held, settings, about=about, watch=watch)
    with open_journal(
        settings
    ) as journal:  # not before: a target that does not answer leaves it to be resumed
        journal.end(record.id, "failed", f"cut off; gone on with by run {applied.run}")
    return applied


def plan_rollback(
    prefix: str, settings: Settings, *, watch: Watch | None = None, overwrite: bool = False
) -> tuple[RunRecord, Plan, IpamAdapter]:
    """Return a plan that takes a sync back, and the target as it is now; nothing is written.

    What was deleted is made anew with the values that driftline knows of it, under another id.

    Args:
        overwrite: whether objects that were changed again since the run are brought back too.

    Raises:
        JournalError: there is no such run, or it is under way.
        StalePlan: objects were changed again since the run.
    """
    with open_journal(settings) as journal:
        record = journal.run(prefix)
        if not record.ended:
            raise JournalError(
                f"run {record.id} has not ended", code="RUN-NOT-ENDED", hint=f"driftline resume {record.id}"
            )
        made = Plan.from_json(journal.plan(record.id))
        stands = standings(journal.entries(record.id))
    done = {unit for unit, standing in stands.items() if standing.stand is Stand.APPLIED}
    held = load_for(made, settings, watch=watch)
    steps = renaming.done_with(done, made.steps)
    problems = [] if overwrite else [problem for step in steps for problem in _changed(step, held)]
    if problems:
        raise StalePlan("not everything is as the run left it", problems=problems)
    back = (taken_back(step) for step in steps if _is_there(step, held))
    plan = renaming.whole(made.with_steps(sorted(back, key=order), draft=True))
    return record, linked(plan, held), held


def taken_back(step: Step) -> Step:
    """Return the step that undoes one."""
    opposite = replace(step, action=_OPPOSITE[step.action], depends_on=())  # type: ignore[arg-type]
    return renewed(opposite, before=renaming.turned(step.after), after=renaming.turned(step.before))


def is_done(step: Step, held: IpamAdapter) -> bool:
    """Return whether the target is as a step would make it."""
    found = held.get_or_none(step.model, step.identity)
    if step.action == "delete" or found is None:
        return found is None and step.action == "delete"
    return all(
        found.same(name, value, getattr(found, name, None)) for name, value in (step.after or {}).items()
    )


def _is_there(step: Step, held: IpamAdapter) -> bool:
    """Return whether there is anything to undo: what was deleted must be gone, the rest must be there."""
    return (held.get_or_none(step.model, step.identity) is None) == (step.action == "delete")


def _changed(step: Step, held: IpamAdapter) -> Iterator[Problem]:
    if not is_done(step, held):
        yield Problem(
            f"{step.model} {step.name}",
            "ROLLBACK-STALE",
            "it is not as the run left it",
            "look who changed it; --overwrite takes the run back all the same",
        )
