"""The task that takes drift over into the source of truth: what devices have becomes what is intended."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from driftline import syncing
from driftline.adapters.intent import Choice, IntentAdapter
from driftline.adapters.intent import adopt as adopted_into_files
from driftline.adapters.ipam.adopting import adopt as adopted_into_ipam
from driftline.adapters.ipam.intended import IpamIntent
from driftline.applied import About
from driftline.engine.exceptions import SettingsError
from driftline.reading import choose, keep_only, load_chosen

from . import outcomes
from .fleet import fleet_of
from .shelf import Shelf, load_all
from .work import not_intended

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftline.devices import DeviceAdapter
    from driftline.engine.exceptions import DriftlineError, Problem
    from driftline.settings import Settings

    from .call import Call
    from .outcomes import Outcome
    from .shelf import Intent


def adopt(call: Call) -> Outcome:
    """Take the chosen drift over into the source; the devices are only read.

    The source is read whole for it, and one host adopts after the other.
    """
    settings = call.settings()
    with Shelf(call, settings).locked():
        intent = load_all(settings)
        actual = _read(call, settings, intent)
        try:
            return _adopted(call, settings, intent, actual)
        finally:
            actual.close()


def _read(call: Call, settings: Settings, intent: Intent) -> DeviceAdapter:
    chosen = _chosen(call, intent)
    devices = {name: intent.part.get("device", name) for name in chosen}
    fleet = fleet_of(call, devices, settings, intent.endpoints)
    actual = load_chosen(intent.part, chosen, settings, None, fleet=fleet)
    actual.fit(intent.part)
    return actual


def _chosen(call: Call, intent: Intent) -> set[str]:
    """Return the devices of the task: its host by its name alone, which may be that of a site, too."""
    if call.limit is not None:
        return choose(intent.part, call.limit)
    if intent.part.get_or_none("device", call.host) is None:
        raise not_intended(call.host)
    keep_only(intent.part, {call.host})
    return {call.host}


def _adopted(call: Call, settings: Settings, intent: Intent, actual: DeviceAdapter) -> Outcome:
    given = call.arguments
    choice = Choice(
        models=given.get("only") or (),
        objects=given.get("objects") or (),
        attributes=given.get("attributes") or (),
    )
    if isinstance(intent.part, IntentAdapter):
        told = _into_files(call, intent.part, actual, choice)
    elif isinstance(intent.part, IpamIntent):
        told = _into_ipam(call, settings, intent.part, actual, choice)
    else:
        raise SettingsError(
            f"drift can't be adopted into a source of the adapter {settings.intended.adapter!r}",
            code="ADOPT-SOURCE",
            hint="change the source itself",
        )
    return {**told, **_unread(actual.failures.values())}


def _into_files(call: Call, intended: IntentAdapter, actual: DeviceAdapter, choice: Choice) -> Outcome:
    adoption = adopted_into_files(intended, actual.diff_from(intended), choice)
    changes = [asdict(change) for change in adoption.changes]
    files = [str(edit.path) for edit in adoption.edits] if call.check else [str(p) for p in adoption.write()]
    return {
        "changed": bool(changes),
        "changes": changes,
        "files": files,
        "diff": [{"prepared": adoption.text_diff()}] if changes else [],
        **_refused(adoption.problems),
    }


def _into_ipam(
    call: Call, settings: Settings, intended: IpamIntent, actual: DeviceAdapter, choice: Choice
) -> Outcome:
    adoption = adopted_into_ipam(intended, actual, actual.diff_from(intended), choice)
    sides = syncing.Sides(adoption.source, intended.ipam, actual.failures)
    made = syncing.plan(sides, syncing.detect(sides)).with_intended({})  # only a part was looked at
    told: Outcome = {"changed": bool(made.steps), **_refused(adoption.problems)}
    if call.check or not made.steps:
        told["operations"] = [outcomes.operation(step, "planned") for step in made.steps]
        return told
    about = About("adopt", call.arguments.get("ticket") or "", call.arguments.get("comment") or "")
    done = syncing.apply(
        made, intended.ipam, settings, about=about, source=adoption.source, failures=actual.failures
    )
    told["operations"] = [
        outcomes.operation(each.step, each.status.value, each.message)
        for unit in done.result.units
        for each in unit.steps
    ]
    bad = [unit.error for unit in done.result.units if unit.error]
    return {**told, "run": done.run, **(outcomes.failed(bad[0]) if bad else {})}


def _refused(problems: Iterable[Problem]) -> Outcome:
    """Return what could not be adopted, which is for a person to decide; the rest was."""
    told = [str(problem) for problem in problems]
    return {"problems": told, "warnings": told} if told else {"problems": []}


def _unread(failures: Iterable[DriftlineError]) -> Outcome:
    return next((outcomes.failed(error) for error in failures), {})
