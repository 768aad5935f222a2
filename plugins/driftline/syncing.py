"""A sync into a source of truth on one page: load both → diff → plan → apply → report.

The target is an IPAM. What it should hold comes from another source of truth, from the intent, or from the devices
themselves, which are only read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from driftline.adapters.ipam import counterparts, renaming
from driftline.adapters.ipam.adapter import IpamAdapter
from driftline.adapters.ipam.models import MODELS, Device, Term
from driftline.adapters.ipam.observed import Observed, observed_state
from driftline.adapters.ipam.options import Scope
from driftline.adapters.ipam.order import linked, order
from driftline.adapters.ipam.view import View
from driftline.adapters.sources import IpamSource
from driftline.applied import About, Applied
from driftline.engine import DiffSyncModelFlags
from driftline.engine.exceptions import DriftlineError, PlanError, SettingsError, StalePlan
from driftline.engine.executor import execute
from driftline.engine.freshness import freshen
from driftline.engine.loading import bulk_load
from driftline.engine.plan import make_plan
from driftline.engine.policy import Policy
from driftline.reading import load_all
from driftline.rollout import Watch
from driftline.runs import Facts, enforce_records
from driftline.runs.recorded import Recorder, Written
from driftline.state import intended_before, open_journal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from driftline.adapters.sources import AnySource
    from driftline.engine import Adapter, Diff, Plan, Step
    from driftline.engine.results import RunResult, UnitResult
    from driftline.engine.transaction import Transaction
    from driftline.runs import Counts
    from driftline.settings import Settings

KIND = "sync"
"""What such a run is called in the journal."""
DEVICES = "devices"
INTENDED = "intended"


@dataclass(frozen=True, slots=True)
class Sides:
    """What the target should hold, and what it holds."""

    source: Adapter
    target: IpamAdapter
    failures: Mapping[str, DriftlineError]
    """The devices that could not be read; what the target has of them is left alone."""
    notes: tuple[str, ...] = ()
    """What takes no part, and why."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """By the unique ids of the source's interfaces the names under which the target has them."""


def load(source: str, target: str, settings: Settings, *, watch: Watch | None = None) -> Sides:
    """Load both sides; raises LoadError, and SettingsError when one of the names is not known."""
    watch = watch or Watch()
    held = open_target(target, settings)
    with bulk_load():
        held.load(watch.on_rows)
        return _against(held, source, settings, watch)


def _against(held: IpamAdapter, source: str, settings: Settings, watch: Watch) -> Sides:
    """Return the sides for a target that is loaded."""
    if source == DEVICES:
        actual = load_all(settings, watch=watch)
        try:
            given = _seen_in(actual, held, source)
        finally:
            actual.close()
        return Sides(given, held, actual.failures, tuple(given.notes))
    chosen = named(source, settings)
    if isinstance(chosen, IpamSource):
        records = chosen.records(settings.place, source)
        records.load(watch.on_rows)
        renamed = counterparts.compare(settings.place.state, records, held)
        return Sides(records, held, {}, tuple(records.skipped), renamed)
    network = chosen.open(settings.place)
    network.on_rows = watch.on_rows
    network.load()
    given = _seen_in(network, held, source)
    return Sides(given, held, {}, (*network.notes, *given.notes))


def _seen_in(network: Adapter, held: IpamAdapter, source: str) -> Observed:
    """Return what the target should hold of a network."""
    return observed_state(
        network,
        held.options.write,
        held,
        name=source,
        parents=held.system.hosts_need_prefixes,
        platforms=held.options.intention.platforms,
    )


def named(name: str, settings: Settings) -> AnySource:
    """Return a source by its name in the settings; raises SettingsError."""
    if name == INTENDED:
        return settings.intended
    if name not in settings.sources:
        known = ", ".join([DEVICES, INTENDED, *settings.sources])
        raise SettingsError(
            f"there is no source {name!r}",
            code="SYNC-SOURCE",
            hint=f"known are {known}; others are set up under `sources`",
        )
    return settings.sources[name]


def open_target(name: str, settings: Settings) -> IpamAdapter:
    """Return the dataset that is to be written, not loaded yet; raises SettingsError when it can't be written."""
    if name == DEVICES:
        raise SettingsError(
            "devices are not synced into", code="SYNC-TARGET", hint="use plan and apply, or remediate"
        )
    chosen = named(name, settings)
    if not isinstance(chosen, IpamSource):
        raise SettingsError(
            f"{name} is of the adapter {chosen.adapter!r}, which can't be synced into",
            code="SYNC-TARGET",
            hint="intent files are written by discover and adopt",
        )
    return chosen.records(settings.place, name)


def detect(sides: Sides) -> Diff:
    """Return what has to change in the target to hold what it should."""
    return _compared(sides.target, sides.source)


def plan(sides: Sides, diff: Diff) -> Plan:
    """Flatten the difference into a plan, in the order of change: what is referred to comes first."""
    made = make_plan(diff, sides.source, sides.target, order=order)
    with_renames = renaming.paired(made, sides.renamed, sides.target)
    return linked(with_renames, sides.target).with_intended(counts_of(sides.source))


def load_for(made: Plan, settings: Settings, *, watch: Watch | None = None) -> IpamAdapter:
    """Load the target that a saved plan is for; raises PlanError when the settings name another one by its name."""
    held = open_target(made.target.name, settings)
    if held.type != made.target.type:
        raise PlanError(
            f"the plan is for {made.target.type}, and {made.target.name} is {held.type}",
            code="PLAN-TARGET",
            hint="use the settings that it was made with",
        )
    held.load((watch or Watch()).on_rows)
    return held


def ready(made: Plan, held: IpamAdapter, settings: Settings, about: About | None = None) -> Plan:
    """Return the plan as it can be applied now.

    Raises:
        StalePlan: a value that the plan was computed from has changed.
        GuardBreach: the plan goes beyond a limit.
    """
    fresh = freshen(made, held, settings.apply.freshness)
    if fresh.problems:
        raise StalePlan(f"{held.name} is not as it was when the plan was made", problems=fresh.problems)
    facts = Facts(
        now=datetime.now(UTC),
        objects={name: held.count(name) for name in held.get_all_model_names()},
        intended=made.intended or None,
        intended_before=intended_before(settings, _identity(made)),
        plan_time=None if about is None else about.plan_time,
    )
    whole = renaming.whole(fresh.plan)
    enforce_records(settings.guards, renaming.as_changes(whole), facts)
    return whole


def apply(
    made: Plan,
    held: IpamAdapter,
    settings: Settings,
    *,
    about: About | None = None,
    watch: Watch | None = None,
    source: Adapter | None = None,
    failures: Mapping[str, DriftlineError] | None = None,
) -> Applied:
    """Apply a plan, exactly it; it is checked first, and nothing is written when it is not `ready`.

    Args:
        source: what the target should hold, where it was loaded: then it is judged afterwards whether it does.
        failures: the devices that could not be read.
    """
    about, watch = about or About(KIND), watch or Watch()
    fresh = ready(made, held, settings, about)
    with open_journal(settings) as journal:
        run = journal.begin(
            about.kind,
            plan=fresh.to_json(),
            plan_id=made.id,
            ticket=about.ticket,
            comment=about.comment,
            of=about.of,
        )
        recorder = Recorder(journal, run.id, lease_seconds=settings.lease)
        result = carry_out(fresh, held, settings, recorder, watch)
        counterparts.settle(settings.place.state, made.source, held)
        left, notes = _left(held, source)
        applied = Applied(run.id, result, failures or {}, notes, made, about, settings.apply, {}, left)
        if not result.interrupted:
            identity, converged = _identity(made), applied.converged
            recorder.end(result, intended=made.intended, source=identity, converged=converged)
    return applied


def carry_out(
    made: Plan, held: IpamAdapter, settings: Settings, recorder: Recorder, watch: Watch
) -> RunResult:
    """Carry out a plan that is ready, every object on record before it is written and after it."""

    def around(unit: str, steps: Sequence[Step], transaction: Transaction) -> Transaction:
        return Written(transaction, unit, [step.id for step in steps], recorder, made.target.name)

    def told(result: UnitResult) -> None:
        recorder.ended(result)
        if watch.on_unit is not None:
            watch.on_unit(result)

    policy = Policy(stop_on_failure=settings.apply.stop_on_failure, around=around)
    recorder.claim(made.target.name)
    try:
        return execute(made.units, held, policy=policy, on_unit=told, halt=watch.halt)
    finally:
        recorder.release(made.target.name)


def counts_of(dataset: Adapter) -> Counts:
    """Return how many objects a dataset has, by model; they are not divided by site."""
    return {"": {name: dataset.count(name) for name in sorted(dataset.get_all_model_names())}}


def _left(held: IpamAdapter, source: Adapter | None) -> tuple[Diff | None, tuple[str, ...]]:
    """Return what is not as it should be by now, by reading the target back, and what is to be told of that."""
    if source is None:
        return None, ()
    try:
        held.reload()
    except DriftlineError as error:
        return None, (f"{held.name} could not be read back: {error}",)
    if isinstance(source, Observed):
        source.restrict(held)
    return _compared(held, source), ()


def _compared(held: IpamAdapter, source: Adapter) -> Diff:
    """Return what differs, but for what can't be: what one side does not speak of, and what is not ours to delete."""
    if isinstance(source, IpamAdapter):
        _fit(source, held)
    for row in (row for model in MODELS for row in held.get_all(model)):
        kept = row.model_flags & DiffSyncModelFlags.NO_DELETE
        if kept and not source.has(row.get_type(), row.get_unique_id()):
            row.model_flags |= DiffSyncModelFlags.IGNORE
    with bulk_load():
        return held.diff_from(source)


def _fit(source: IpamAdapter, held: IpamAdapter) -> None:
    """Keep out of a comparison what the source was not asked for, and what the other kind of IPAM does not have."""
    if source.options.scope not in (Scope(), held.options.scope):
        View(devices=frozenset(device.name for device in source.get_all(Device))).restrict(held, source)
    for term in source.get_all(Term):
        if f"term.{term.kind}" not in held.system.writer.endpoints:
            term.model_flags |= DiffSyncModelFlags.IGNORE


def _identity(made: Plan) -> str:
    """Return what tells the syncs between these two from others in the journal."""
    return f"{made.source} > {made.target.name}"
