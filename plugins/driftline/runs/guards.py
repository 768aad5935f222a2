"""Guards: what one run may do at most, checked before the first write.

All breaches are told at once, each with the limit, by how much it is exceeded, and how to allow it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from driftline.engine.exceptions import GuardBreach, Problem
from driftline.network import Device

from .amounts import Amount, Duration, share_of, told
from .matching import MODELS, ModelName
from .protection import ObjectPattern, Protected, violations
from .windows import Window, closed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from driftline.engine import Plan, Step
    from driftline.engine.typing import Dataset

Counts = dict[str, dict[str, int]]
"""How many objects there are, by site and by model."""

_ALL = "the intended state"
_WORDS = {"ip_address": ("address", "addresses"), "prefix": ("prefix", "prefixes")}


class Guards(BaseModel):
    """How much one run may change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_devices: Amount | None = None
    """Devices changed: a number, or a percentage of the devices that are known; default: no limit."""
    max_changes: Amount | None = None
    """Objects created, updated or deleted: a number, or a percentage of the objects that the devices have."""
    max_deletes: Amount | None = "25%"
    """Objects deleted: a number, or a percentage of the objects that the devices have."""
    max_deletes_per_model: dict[ModelName, Amount] = {}
    """The same for each kind of object, of the objects of that kind."""
    max_shrink: Amount | None = "20%"
    """By how much the intended state may be smaller than at the last successful run."""
    shrink_floor: int = Field(default=10, ge=1)
    """So few objects may always be missing, whatever share of all they are."""
    max_source_age: Duration | None = None
    """How long ago the source of truth may have been fetched or changed, where it tells."""
    max_plan_age: Duration | None = None
    """How long ago a plan may have been made that is applied."""
    protected: tuple[Protected, ...] = ()
    """What is never changed, beside the management interface and what we are connected through."""
    allow_protected: tuple[ObjectPattern, ...] = ()
    """What may be changed although it is protected."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What has to be known to judge a plan."""

    now: datetime
    """With its time zone."""
    objects: Mapping[str, int] = field(default_factory=dict)
    """By model, how many objects the devices have."""
    devices: Sequence[Device] = ()
    """All devices that are known, not only those that the run is about."""
    intended: Counts | None = None
    """How many objects are intended now."""
    intended_before: Counts | None = None
    """The same at the last successful run; None: there was none."""
    source_time: datetime | None = None
    """When the source of truth was fetched or changed last; None: it does not tell."""
    plan_time: datetime | None = None
    """When the plan was made; None: just now."""
    connected: Mapping[str, str] = field(default_factory=dict)
    """By device, the IP address that we talk to."""


def counts_of(dataset: Dataset) -> Counts:
    """Return how many objects a dataset has, by site and by model; devices are counted too."""
    counts: dict[str, Counter[str]] = {}
    sites = {device.name: device.site for device in dataset.get_all("device")}
    for site in sites.values():
        counts.setdefault(site, Counter())["device"] += 1
    for model in MODELS:
        for obj in dataset.get_all(model):
            counts[sites[obj.device]][model] += 1
    return {site: dict(sorted(counts[site].items())) for site in sorted(counts)}


def by_model(counts: Counts) -> dict[str, int]:
    """Return how many objects there are by model, in all sites together."""
    total: Counter[str] = Counter()
    for models in counts.values():
        total.update(models)
    return dict(total)


def enforce(
    guards: Guards,
    plan: Plan,
    actual: Dataset,
    facts: Facts,
    *,
    windows: Sequence[Window] = (),
    lasting: timedelta = timedelta(0),
) -> None:
    """Raise GuardBreach when a run is not allowed, with every reason; nothing may be written then.

    Args:
        actual: the target as it was read, in which protected objects are looked up.
        windows: the change windows; none where somebody has overridden them.
        lasting: how long the run is expected to take; it must end inside the windows as well.
    """
    pool = known(plan, facts.devices)
    problems = [
        *breaches(guards, plan, actual, facts),
        *closed(windows, pool, plan.units, facts.now, lasting=lasting),
    ]
    if problems:
        raise GuardBreach("this run is not allowed; nothing was written", problems=problems)


def enforce_amounts(guards: Guards, steps: Sequence[Step], objects: Mapping[str, int]) -> None:
    """Raise GuardBreach when too much is changed, whatever it is.

    Args:
        objects: by model, how many there are, `device` among them.
    """
    problems = list(_too_much(guards, steps, objects.get("device", 0), objects))
    if problems:
        raise GuardBreach("this run is not allowed; nothing was written", problems=problems)


def expect_not_gone(guards: Guards, now: Counts, before: Counts | None) -> None:
    """Raise GuardBreach when nothing is intended any more, and something was at the last successful run."""
    problems = [] if by_model(now) else list(_shrunken(guards, now, before))
    if problems:
        raise GuardBreach("nothing is intended any more; nothing was written", problems=problems)


def enforce_records(guards: Guards, plan: Plan, facts: Facts) -> None:
    """Raise GuardBreach when a run on something else than devices, whose every object is by itself, is not allowed."""
    problems = [
        *_too_many_changes(guards, plan.steps, sum(facts.objects.values())),
        *_shrunken(guards, facts.intended, facts.intended_before),
        *_too_old(guards, facts),
    ]
    if problems:
        raise GuardBreach("this run is not allowed; nothing was written", problems=problems)


def known(plan: Plan, devices: Iterable[Device]) -> list[Device]:
    """Return the devices that are known, those of the plan always among them."""
    pool = list(devices)
    names = {device.name for device in pool}
    missing = (unit for unit in plan.units if unit not in names)
    sites = {unit: facts.get("site", "") for unit, facts in plan.identities.items()}
    return [*pool, *(Device(name=unit, site=sites.get(unit, "")) for unit in missing)]


def breaches(guards: Guards, plan: Plan, actual: Dataset, facts: Facts) -> list[Problem]:
    """Return everything about a plan that the guards forbid; change windows are another matter."""
    pool = known(plan, facts.devices)
    return [
        *_too_much(guards, plan.steps, len(pool), facts.objects),
        *_shrunken(guards, facts.intended, facts.intended_before),
        *_too_old(guards, facts),
        *violations(
            plan,
            actual,
            protected=guards.protected,
            allowed=guards.allow_protected,
            devices=pool,
            connected=facts.connected,
        ),
    ]


# Too much -------------------------------------------------------------------------------------------------


def _too_much(
    guards: Guards, steps: Sequence[Step], devices: int, objects: Mapping[str, int]
) -> Iterator[Problem]:
    deletes = Counter(step.model for step in steps if step.action == "delete")
    everything = sum(objects.get(model, 0) for model in MODELS)  # devices and sites don't come and go
    yield from _over(
        "max_devices", guards.max_devices, "changes", len({step.unit for step in steps}), devices, "device"
    )
    yield from _too_many_changes(guards, steps, everything)
    for model, limit in sorted(guards.max_deletes_per_model.items()):
        setting = f"max_deletes_per_model.{model}"
        yield from _over(setting, limit, "deletes", deletes[model], objects.get(model, 0), model)


def _too_many_changes(guards: Guards, steps: Sequence[Step], everything: int) -> Iterator[Problem]:
    deletes = sum(step.action == "delete" for step in steps)
    yield from _over("max_changes", guards.max_changes, "changes", len(steps), everything, "object")
    yield from _over("max_deletes", guards.max_deletes, "deletes", deletes, everything, "object")


def _over(
    setting: str, limit: int | str | None, deed: str, number: int, whole: int, noun: str
) -> Iterator[Problem]:
    if limit is None:
        return
    allowed = int(share_of(limit, whole))
    if number <= allowed:
        return
    share = f" ({limit})" if isinstance(limit, str) else ""
    yield Problem(
        f"guards.{setting}",
        _code(setting),
        f"the plan {deed} {number} of {_counted(whole, noun)}, {number - allowed} more than "
        f"the {allowed}{share} that are allowed",
        f"look whether so much is meant; choose less with --limit, or raise it for this run: {_once(setting, number)}",
    )


def _code(setting: str) -> str:
    return "GUARD-" + setting.removeprefix("max_").partition("_per_model")[0].upper()


def _once(setting: str, value: Any) -> str:
    """Return how to set something for one run alone."""
    name, __, key = setting.partition(".")
    text = f"'{{\"{key}\": {value}}}'" if key else value
    return f"DRIFTLINE_GUARDS__{name.upper()}={text}"


def _counted(number: int, noun: str) -> str:
    one, many = _WORDS.get(noun, (noun, f"{noun}s"))
    return f"{number} {one if number == 1 else many}"


# Shrunken source ------------------------------------------------------------------------------------------


def _shrunken(guards: Guards, now: Counts | None, before: Counts | None) -> Iterator[Problem]:
    """Yield where the intended state lost more than it may."""
    limit = guards.max_shrink
    if limit is None or now is None or before is None:
        return
    for scope, noun, was, left in _scopes(now, before):
        lost = was - left
        all_gone = scope == _ALL and not left
        if lost <= share_of(limit, was) or (lost <= guards.shrink_floor and not all_gone):
            continue
        yield Problem(
            "guards.max_shrink",
            "GUARD-SHRUNK" if left else "GUARD-EMPTY",
            f"{scope} has {_counted(left, noun)}, and had {was} at the last successful run: {lost} less "
            f"({lost * 100 // was}%), and {limit} is allowed",
            "look whether the source of truth was read whole; if so, allow it for this run: "
            + _once("max_shrink", "100%"),
        )


def _scopes(now: Counts, before: Counts) -> Iterator[tuple[str, str, int, int]]:
    """Yield (scope, kind of object, number before, number now) for the whole, each model, and each site."""
    models_now, models_before = by_model(now), by_model(before)
    yield _ALL, "object", sum(models_before.values()), sum(models_now.values())
    if not models_now:
        return  # that says it all
    for model, was in sorted(models_before.items()):
        yield _ALL, model, was, models_now.get(model, 0)
    for site, models in sorted(before.items()):
        if not site:
            continue  # what is not divided by site is the whole
        there = now.get(site, {})
        yield f"site {site}", "object", sum(models.values()), sum(there.values())
        # One kind of object that is gone altogether is suspect, however many others the site has.
        gone = [model for model in sorted(models) if there and models_now.get(model) and not there.get(model)]
        for model in gone:
            yield f"site {site}", model, models[model], 0


# Too old --------------------------------------------------------------------------------------------------


def _too_old(guards: Guards, facts: Facts) -> Iterator[Problem]:
    times = (
        ("max_source_age", guards.max_source_age, facts.source_time, "the source of truth is from"),
        ("max_plan_age", guards.max_plan_age, facts.plan_time, "the plan was made"),
    )
    for setting, limit, time, what in times:
        if limit is None or time is None or facts.now - time <= limit:
            continue
        age = facts.now - time
        yield Problem(
            f"guards.{setting}",
            _code(setting).replace("_", "-"),
            f"{what} {time.isoformat(' ', 'minutes')}, {told(age)} ago: {told(age - limit)} more than "
            f"the {told(limit)} that are allowed",
            "make a new plan"
            if setting == "max_plan_age"
            else f"fetch it again, or allow it for this run: {_once(setting, _whole_seconds(age))}",
        )


def _whole_seconds(span: timedelta) -> str:
    return f"{int(span.total_seconds()) + 60}s"
