"""The run on one page: load → diff → plan → apply → report. Nothing flows back but results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftline.applied import About, Applied, applied_units
from driftline.engine import Diff, Plan
from driftline.engine.loading import bulk_load
from driftline.engine.plan import make_plan
from driftline.network import change_order
from driftline.readiness import admission, previewed, ready, validation
from driftline.reading import choose, load_chosen
from driftline.rollout import Watch, groups_of, roll_out
from driftline.runs import counts_of, expect_not_gone
from driftline.runs.conflicts import resolve_conflicts
from driftline.runs.recorded import Recorder
from driftline.runs.signatures import read_signed
from driftline.state import agreed, intended_before, open_journal, remember, remember_devices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from driftline.devices import DeviceAdapter
    from driftline.engine.exceptions import DriftlineError
    from driftline.engine.freshness import Fresh
    from driftline.engine.results import RunResult
    from driftline.network import IntendedState
    from driftline.runs.conflicts import Decision
    from driftline.runs.journal import Journal, RunRecord
    from driftline.runs.validation import Validation
    from driftline.settings import Settings


@dataclass(frozen=True, slots=True)
class Loaded:
    """Both datasets, and the devices that are compared."""

    intended: IntendedState
    actual: DeviceAdapter
    chosen: frozenset[str]

    @property
    def failures(self) -> dict[str, DriftlineError]:
        """The devices that could not be read whole, and why; they take no part."""
        return self.actual.failures


def load_intended(settings: Settings, watch: Watch | None = None) -> IntendedState:
    """Load the intended state; raises LoadError with every problem in it."""
    intended = settings.intended.open(settings.place)
    intended.on_rows = None if watch is None else watch.on_rows
    intended.load()
    return intended


def load(settings: Settings, *, limit: str | None = None, watch: Watch | None = None) -> Loaded:
    """Load the intended state, and the actual state of the devices that it knows.

    Raises GuardBreach when nothing at all is intended any more: a source that is empty is not believed.
    """
    with bulk_load():
        intended = load_intended(settings, watch)
        expect_not_gone(settings.guards, counts_of(intended), intended_before(settings))
        chosen = choose(intended, limit)
        actual = load_chosen(intended, chosen, settings, watch)
        actual.fit(intended)
    return Loaded(intended, actual, frozenset(chosen))


def detect(loaded: Loaded) -> Diff:
    """Return the drift: what has to change on the devices to be as intended."""
    with bulk_load():
        return loaded.actual.diff_from(loaded.intended)


def plan(
    loaded: Loaded, diff: Diff, settings: Settings, decisions: Mapping[str, Decision] | None = None
) -> Plan:
    """Flatten the drift into a plan, in the order of change, with the lines that each device would get.

    A device that can't do what is planned is left out, and is in the failures afterwards.

    Args:
        decisions: who wins in conflicts that the settings leave undecided, by their place.
    """
    base = agreed(settings, sorted(loaded.chosen - loaded.failures.keys()))
    resolved = resolve_conflicts(diff, base, settings.conflicts, decisions)
    made = make_plan(resolved.diff, loaded.intended, loaded.actual, order=change_order)
    made = made.with_conflicts(resolved.conflicts).with_intended(counts_of(loaded.intended))
    return previewed(made, loaded.actual, draft=True)


def read_plan(path: Path, settings: Settings, *, signed: bool = False) -> Plan:
    """Read a saved plan, with its signature checked as the settings ask; raises PlanError.

    Args:
        signed: whether it must have a valid signature whatever the settings say.
    """
    data, __ = read_signed(path, settings.signing, settings.folder, required=signed)
    return Plan.from_json(data)


def apply(
    made: Plan,
    actual: DeviceAdapter,
    settings: Settings,
    *,
    about: About | None = None,
    watch: Watch | None = None,
    intended: IntendedState | None = None,
) -> Applied:
    """Apply a plan, exactly it; it is checked first, and nothing is written when it is not `ready`.

    Args:
        intended: what is intended, where it was loaded: then it is judged afterwards whether the devices are so.
    """
    about = about or About()
    fresh = ready(made, actual, settings, about, intended)
    rules = validation(fresh.plan, actual, settings)
    notes = (*(str(warning) for warning in rules.check_before()), *_told(fresh))
    groups = groups_of(fresh.plan, actual, settings.apply)
    partly = sorted(fresh.plan.units if made.made_from else not_whole(made, fresh.plan))
    with open_journal(settings) as journal:
        run = _begun(journal, made, fresh.plan, about, settings, groups, partly)
        recorder = Recorder(journal, run.id, lease_seconds=settings.lease)
        result = carry_out(
            fresh.plan, actual, settings, about, groups, recorder, watch, rules, intended=intended
        )
        left = None if intended is None else _left(actual, intended)
        applied = Applied(run.id, result, actual.failures, notes, made, about, settings.apply, groups, left)
        if not result.interrupted:  # else it stays open, to be resumed
            source, converged = settings.source_id, applied.converged
            recorder.end(result, intended=fresh.plan.intended, source=source, converged=converged)
        journal.prune(settings.journal.keep_days)
    remember(made, about, result, partly, actual, settings)
    return applied


def carry_out(
    made: Plan,
    actual: DeviceAdapter,
    settings: Settings,
    about: About,
    groups: Mapping[str, str],
    recorder: Recorder,
    watch: Watch | None,
    rules: Validation,
    *,
    intended: IntendedState | None = None,
) -> RunResult:
    """Carry out a plan that is ready; the devices that are changed for good are known as they were read back."""
    admit = admission(settings, about, actual.known() if intended is None else intended.get_all("device"))
    result = roll_out(made, actual, settings.apply, groups, recorder, watch or Watch(), rules, admit=admit)
    actual.renew(applied_units(result))
    return result


def not_whole(made: Plan, fresh: Plan) -> set[str]:
    """Return the units of which not all steps are applied as planned: something was changed there meanwhile."""
    planned = made.units
    return {unit for unit, steps in fresh.units.items() if steps != planned[unit]}


def _begun(
    journal: Journal,
    made: Plan,
    fresh: Plan,
    about: About,
    settings: Settings,
    groups: Mapping[str, str],
    partly: list[str],
) -> RunRecord:
    """Put a run on record before it changes anything, with all that it takes to go on with it."""
    return journal.begin(
        about.kind,
        plan=fresh.to_json(),
        plan_id=made.id,
        scope=settings.apply.scope,
        ticket=about.ticket,
        comment=about.comment,
        of=about.of,
        settings={
            "apply": settings.apply.model_dump(mode="json"),
            "groups": groups,
            "override_windows": about.override_windows,
            "partly": partly,
        },
    )


def _told(fresh: Fresh) -> list[str]:
    """Return what became of changes by others, for the report."""
    kinds = (("overwritten", fresh.overwritten), ("left as it was found", fresh.accepted))
    return [
        f"{word}: {each.step.unit} {each.step.model} {each.step.name}: {each.message}"
        for word, found in kinds
        for each in found
    ]


def _left(actual: DeviceAdapter, intended: IntendedState) -> Diff:
    """Return what is not as intended by now; nobody is asked again, the last reading counts."""
    with bulk_load():
        return actual.diff_from(intended)


def remember_in_sync(loaded: Loaded, made: Plan, settings: Settings) -> None:
    """Keep what devices and intent agree on where a plan for the whole drift has nothing to do."""
    in_sync = loaded.chosen - loaded.failures.keys() - made.units.keys()
    remember_devices(in_sync, made, loaded.actual, settings)
