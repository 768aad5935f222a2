"""The run on one page: load → diff → plan → apply → report. Nothing flows back but results."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from driftline.adapters.intent import IntentAdapter, adopting, discovering
from driftline.adapters.intent.choosing import Choice
from driftline.devices import DeviceAdapter, Expected, Fleet
from driftline.engine import Diff, DiffSyncModelFlags, Plan
from driftline.engine.exceptions import DriftlineError, GuardBreach, LoadError, PlanError, StalePlan
from driftline.engine.freshness import Fresh, freshen
from driftline.engine.loading import bulk_load
from driftline.engine.plan import make_plan
from driftline.engine.results import UnitOutcome
from driftline.health import expect_hooks
from driftline.network import Device, Site, change_order, select
from driftline.rollout import Watch, groups_of, planned_together, roll_out
from driftline.runs import Facts, by_model, closed, counts_of, enforce
from driftline.runs.conflicts import expect_decided, resolve_conflicts
from driftline.runs.journal import Journal
from driftline.runs.recorded import Recorder
from driftline.runs.signatures import read_signed
from driftline.runs.snapshots import load_base, save_base
from driftline.runs.validation import Validation
from driftline.runs.validators import load_validators
from driftline.settings import ApplySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from driftline.adapters.intent.adopting import Adoption
    from driftline.adapters.intent.discovering import Discovery
    from driftline.engine.results import RunResult
    from driftline.runs import Counts
    from driftline.runs.conflicts import Decision
    from driftline.settings import Settings

_NO_SITE = "main"
"""The site of a device whose inventory names none."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Both datasets, and the devices that are compared."""

    intended: IntentAdapter
    actual: DeviceAdapter
    chosen: frozenset[str]

    @property
    def failures(self) -> dict[str, DriftlineError]:
        """The devices that could not be read whole, and why; they take no part."""
        return self.actual.failures


@dataclass(frozen=True, slots=True)
class About:
    """What a run is for."""

    kind: str = "apply"
    ticket: str = ""
    comment: str = ""
    of: str = ""
    """The run that is taken back by it."""
    plan_time: datetime | None = None
    """When the plan was made; None: just now."""
    override_windows: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """A run on record."""

    run: str
    """Its id in the journal."""
    result: RunResult
    failures: Mapping[str, DriftlineError]
    """The devices of the plan that could not be read, and why; they were left alone."""
    notes: tuple[str, ...] = ()
    """What a person should know of the run though it is no failure."""
    plan: Plan | None = None
    """What was to be applied; None: nothing that is planned step by step."""
    about: About = About()
    how: ApplySettings = field(default_factory=ApplySettings)
    groups: Mapping[str, str] = field(default_factory=dict)
    """The site, batch or run that each device changed with, all or none; empty: each was for itself."""
    left: Diff | None = None
    """What still is not as intended, by what was read back; None: not judged, since the intent was not loaded."""
    reverted: Applied | None = None
    """The run by which this one was taken back, after a batch had failed."""

    @property
    def converged(self) -> bool | None:
        """Whether all devices are as intended by now; None: that can't be said."""
        if self.left is not None and self.left.has_diffs():
            return False
        return None if self.left is None or self.failures or self.result.interrupted else True


def load_intended(settings: Settings) -> IntentAdapter:
    """Load the intended state; raises LoadError with every problem in it."""
    state = settings.path(settings.state_dir)
    intended = IntentAdapter(settings.path(settings.intended.path), cache_dir=state / "cache")
    intended.load()
    return intended


def load(settings: Settings, *, limit: str | None = None, watch: Watch | None = None) -> Loaded:
    """Load the intended state, and the actual state of the devices that it knows."""
    with bulk_load():
        intended = load_intended(settings)
        chosen = _choose(intended, limit)
        expected = [
            Expected(device.name, device.site, device.serial, device.role)
            for device in intended.get_all("device")
            if device.name in chosen
        ]
        actual = _read(settings, expected, watch)
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
    base = load_base(_base_folder(settings), sorted(loaded.chosen - loaded.failures.keys()))
    resolved = resolve_conflicts(diff, base, settings.conflicts, decisions)
    made = make_plan(resolved.diff, loaded.intended, loaded.actual, order=change_order)
    made = made.with_conflicts(resolved.conflicts).with_intended(counts_of(loaded.intended))
    return previewed(made, loaded.actual, draft=True)


def read_plan(path: Path, settings: Settings, *, signed: bool = False) -> Plan:
    """Read a saved plan, with its signature checked as the settings ask; raises PlanError.

    Args:
        signed: whether it must have a valid signature whatever the settings say.
    """
    data, _ = read_signed(path, settings.signing, settings.folder, required=signed)
    return Plan.from_json(data)


def device_diffs(made: Plan, actual: DeviceAdapter) -> dict[str, str]:
    """Return what each device itself says that a plan would change.

    The change is staged as a candidate on the device and discarded; nothing is committed. A device that refuses
    it has no diff, and is in `failures` afterwards.
    """
    actual.planned = made.native
    units = made.units

    def diff(unit: str) -> str | DriftlineError:
        try:
            return actual.staged_diff(unit, units[unit])
        except DriftlineError as error:
            return error

    found = dict(zip(units, actual.fleet.run(diff, list(units)), strict=True))
    refused = {unit: outcome for unit, outcome in found.items() if isinstance(outcome, DriftlineError)}
    actual.failures.update(refused)
    return {unit: str(outcome) for unit, outcome in found.items() if unit not in refused}


def load_all(settings: Settings, *, watch: Watch | None = None) -> DeviceAdapter:
    """Load the actual state of all devices of the inventory, whether anything is intended for them or not.

    Site and role are those of the inventory's data.
    """
    fleet = _fleet(settings)
    hosts = {name: fleet.host(name) for name in fleet.names}
    expected = [
        Expected(name, str(host.get("site") or _NO_SITE), role=host.get("role"))
        for name, host in hosts.items()
    ]
    return _read_with(fleet, expected, watch)


def discover(actual: DeviceAdapter) -> Discovery:
    """Return the intent that says what the devices have; raises IntentWriteError."""
    return discovering.discover(actual)


def adopt(
    loaded: Loaded,
    *,
    models: Collection[str] = (),
    objects: Collection[str] = (),
    attributes: Collection[str] = (),
) -> Adoption:
    """Return how the intent has to be changed to say what the devices have, for the chosen part of the drift."""
    choice = Choice(models=models, objects=objects, attributes=attributes)
    return adopting.adopt(loaded.intended, detect(loaded), choice)


def load_for(made: Plan, settings: Settings, *, watch: Watch | None = None) -> DeviceAdapter:
    """Load the actual state of the devices that a saved plan is for, and nothing else."""
    return _read(settings, _expected(made), watch)


def devices_of(made: Plan, settings: Settings) -> DeviceAdapter:
    """Return the devices of a plan without asking them anything."""
    return DeviceAdapter(_fleet(settings), _expected(made))


def _expected(made: Plan) -> list[Expected]:
    return [
        Expected(unit, facts.get("site", ""), facts.get("serial"), facts.get("role"))
        for unit, facts in sorted(made.identities.items())
    ]


def limited(made: Plan, pattern: str) -> Plan:
    """Return the part of a plan for the devices that a pattern chooses, by name, site or role."""
    devices = [
        Device(name=unit, site=facts.get("site", ""), role=facts.get("role"))
        for unit, facts in made.identities.items()
    ]
    chosen = select(devices, pattern)
    if not chosen:
        raise _nothing_chosen(pattern)
    return made.restricted_to(chosen)


def ready(
    made: Plan,
    actual: DeviceAdapter,
    settings: Settings,
    about: About | None = None,
    intended: IntentAdapter | None = None,
) -> Fresh:
    """Return what of a plan can be applied now: all of it but devices that could not be read.

    Args:
        intended: what is intended, where it was loaded: it knows all devices, their sites and roles.

    Raises:
        StalePlan: a value that the plan was computed from has changed.
        GuardBreach: the plan goes beyond a limit.
    """
    about = about or About()
    if settings.apply.batches is not None:
        expect_hooks(settings.apply.batches.health)
    readable = made.restricted_to(_readable(made, actual, settings))
    expect_decided(readable)
    fresh = freshen(readable, actual, settings.apply.freshness)
    if fresh.problems:
        raise StalePlan("the devices are not as they were when the plan was made", problems=fresh.problems)
    facts = Facts(
        now=datetime.now(UTC),
        objects=_objects(made, actual),
        devices=actual.known() if intended is None else intended.get_all("device"),
        intended=made.intended or None,
        intended_before=_intended_before(settings),
        source_time=None if intended is None else intended.touched,
        plan_time=about.plan_time,
        connected=actual.connected(),
    )
    windows = () if about.override_windows else settings.windows
    enforce(settings.guards, fresh.plan, actual, facts, windows=windows)
    changed = [unit for unit in fresh.plan.units if unit not in fresh.plan.native]
    return fresh if not changed else replace(fresh, plan=previewed(fresh.plan, actual))


def _objects(made: Plan, actual: DeviceAdapter) -> dict[str, int]:
    """Return how many objects the network has: what was read, and what is intended where only a part was read."""
    intended = by_model(made.intended)
    names = actual.get_all_model_names()
    return {name: max(actual.count(name), intended.get(name, 0)) for name in names}


def admission(settings: Settings, about: About, devices: Iterable[Device]) -> Callable[[str], None] | None:
    """Return what is asked before each device is begun: it raises GuardBreach where its change window is closed."""
    if about.override_windows or not settings.windows:
        return None
    known = {device.name: device for device in devices}

    def admit(unit: str) -> None:
        device = known.get(unit) or Device(name=unit, site="")
        for problem in closed(settings.windows, [device], [unit], datetime.now(UTC)):
            raise GuardBreach(f"{unit}: not begun: {problem.message}", code=problem.code, hint=problem.hint)

    return admit


def _readable(made: Plan, actual: DeviceAdapter, settings: Settings) -> list[str]:
    """Return the units that can be changed: also none that changes together with a device that was not read."""
    together = planned_together(made, settings.apply)
    missing = {together[unit]: unit for unit in together if unit in actual.failures}
    for unit, group in together.items():
        if group in missing and unit not in actual.failures:
            actual.failures[unit] = PlanError(
                f"{unit}: not tried, since it changes together with {missing[group]}", code="TOGETHER"
            )
    return [unit for unit in made.units if unit not in actual.failures]


def previewed(made: Plan, actual: DeviceAdapter, *, draft: bool = False) -> Plan:
    """Return a plan with the lines that each device would get, less the devices that can't do it.

    Args:
        draft: whether nobody has seen the plan yet; else the smaller one says what it was made from.
    """
    native = actual.preview(made.units)
    return made.restricted_to(native, draft=draft).with_native(native)


def apply(
    made: Plan,
    actual: DeviceAdapter,
    settings: Settings,
    *,
    about: About | None = None,
    watch: Watch | None = None,
    intended: IntentAdapter | None = None,
) -> Applied:
    """Apply a plan, exactly it; it is checked first, and nothing is written when it is not `ready`.

    Args:
        intended: what is intended, where it was loaded: then it is judged afterwards whether the devices are so.
    """
    about = about or About()
    fresh = ready(made, actual, settings, about, intended)
    rules = validation(fresh.plan, actual, settings)
    notes = [*(str(warning) for warning in rules.check_before()), *_told(fresh)]
    groups = groups_of(fresh.plan, actual, settings.apply)
    with open_journal(settings) as journal:
        run = journal.begin(
            about.kind,
            plan=fresh.plan.to_json(),
            plan_id=made.id,
            scope=settings.apply.scope,
            ticket=about.ticket,
            comment=about.comment,
            of=about.of,
            settings={
                "apply": settings.apply.model_dump(mode="json"),
                "groups": groups,
                "override_windows": about.override_windows,
            },
        )
        recorder = Recorder(journal, run.id, lease_seconds=settings.lease)
        admit = admission(settings, about, actual.known() if intended is None else intended.get_all("device"))
        result = roll_out(
            fresh.plan, actual, settings.apply, groups, recorder, watch or Watch(), rules, admit=admit
        )
        left = _left(actual, intended, result)
        applied = Applied(
            run.id, result, actual.failures, tuple(notes), made, about, settings.apply, groups, left
        )
        if not result.interrupted:  # else it stays open, to be resumed
            recorder.end(
                result,
                intended=fresh.plan.intended,
                source=settings.source_id,
                converged=applied.converged,
            )
        journal.prune(settings.journal.keep_days)
    if not about.of:  # what was brought back is not what devices and intent agree on
        _remember(made, fresh.plan, actual, result, settings)
    return applied


def validation(made: Plan, actual: DeviceAdapter, settings: Settings) -> Validation:
    """Return the rules and validators that a plan has to obey, before it is applied and on every device after."""
    return Validation(settings.rules, load_validators(settings.validators), made, actual)


def _told(fresh: Fresh) -> list[str]:
    """Return what became of changes by others, for the report."""
    kinds = (("overwritten", fresh.overwritten), ("left as it was found", fresh.accepted))
    return [
        f"{word}: {each.step.unit} {each.step.model} {each.step.name}: {each.message}"
        for word, found in kinds
        for each in found
    ]


def _left(actual: DeviceAdapter, intended: IntentAdapter | None, result: RunResult) -> Diff | None:
    """Return what is not as intended by now; nobody is asked again, the last reading counts."""
    actual.renew(applied_units(result))
    if intended is None:
        return None
    with bulk_load():
        return actual.diff_from(intended)


def applied_units(result: RunResult) -> list[str]:
    """Return the units of a run that are changed for good."""
    return [unit.unit for unit in result.units if unit.outcome is UnitOutcome.APPLIED]


def _remember(made: Plan, fresh: Plan, actual: DeviceAdapter, result: RunResult, settings: Settings) -> None:
    """Keep what devices and intent agree on now, for the next comparison; a part of a plan agrees on nothing."""
    planned, applied = made.units, fresh.units
    whole = [unit for unit in applied_units(result) if not made.made_from and applied[unit] == planned[unit]]
    if whole:
        save_base(_base_folder(settings), actual, whole, made.conflicts)


def remember_in_sync(loaded: Loaded, made: Plan, settings: Settings) -> None:
    """Keep what devices and intent agree on where a plan for the whole drift has nothing to do."""
    in_sync = loaded.chosen - loaded.failures.keys() - made.units.keys()
    if in_sync:
        save_base(_base_folder(settings), loaded.actual, sorted(in_sync), made.conflicts)


def _base_folder(settings: Settings) -> Path:
    return settings.path(settings.state_dir) / "base" / settings.source_id


def _intended_before(settings: Settings) -> Counts | None:
    """Return how many objects were intended at the last successful run."""
    with open_journal(settings) as journal:
        ends = (end for end in journal.ends("applied") if end.get("source") == settings.source_id)
        return next((end["intended"] for end in ends if end.get("intended")), None)


def open_journal(settings: Settings) -> Journal:
    """Open the record of all runs, for this user only."""
    return Journal.open(settings.path(settings.state_dir), key=settings.journal_key)


def _choose(intended: IntentAdapter, limit: str | None) -> set[str]:
    """Return the names of the devices to compare; the others are flagged to take no part."""
    devices = intended.get_all("device")
    if limit is None:
        return {device.name for device in devices}
    chosen = select(devices, limit)
    if not chosen:
        raise _nothing_chosen(limit)
    for device in devices:
        if device.name not in chosen:
            device.model_flags |= DiffSyncModelFlags.IGNORE
    for site in intended.get_all(Site):
        if chosen.isdisjoint(site.devices):
            site.model_flags |= DiffSyncModelFlags.IGNORE
    return chosen


def _nothing_chosen(pattern: str) -> LoadError:
    return LoadError(
        f"--limit {pattern!r} chooses no device",
        code="LIMIT-EMPTY",
        hint="name devices, sites or roles, or use * and ?",
    )


def _read(settings: Settings, expected: list[Expected], watch: Watch | None) -> DeviceAdapter:
    return _read_with(_fleet(settings), expected, watch)


def _read_with(fleet: Fleet, expected: list[Expected], watch: Watch | None) -> DeviceAdapter:
    watch = watch or Watch()
    if watch.on_total is not None:
        watch.on_total(len(expected))
    actual = DeviceAdapter(fleet, expected)
    actual.load(watch.on_device, watch.halt)
    if watch.halt is not None and watch.halt.is_set():
        actual.close()
        raise KeyboardInterrupt
    return actual


def _fleet(settings: Settings) -> Fleet:
    credentials = settings.credentials.resolved(settings.folder)
    return Fleet.from_inventory(settings.nornir_inventory, settings.device_connection, credentials)
