"""The tasks, by the names of their modules: each takes a call and returns plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from driftline import reverting, workflow
from driftline.adapters.intent.inline import described
from driftline.adapters.private import write_own
from driftline.applied import About, Applied
from driftline.devices import DeviceAdapter, Expected
from driftline.devices.offline import parsed, rendered
from driftline.engine import Plan
from driftline.engine.exceptions import DriftlineError, GuardBreach, PlanError, ProblemsError
from driftline.network.logs import log_as_a_guest
from driftline.network.states import State
from driftline.readiness import ready
from driftline.reading import limited
from driftline.rollback import plan_rollback
from driftline.runs import by_model, enforce_amounts
from driftline.runs.signatures import unsigned
from driftline.state import open_journal

from . import outcomes
from .adopting import adopt
from .call import VARIABLES, Call
from .fleet import secrets_of
from .shelf import Shelf
from .work import each, fleet_for, for_writing, given, not_intended, opened, planned_for, states_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftline.settings import Settings

    from .outcomes import Outcome
    from .work import Work

__all__ = ["TASKS", "VARIABLES", "Call", "run"]

_SIGN: Final = "let plan write a file, have it signed (driftline plan sign), then apply it"


def run(name: str, call: Call) -> Outcome:
    """Do a task; what goes wrong is in its result, and no secret is."""
    log_as_a_guest()
    try:
        told = TASKS[name](call)
    except DriftlineError as error:
        told = outcomes.failed(error)
    if not call.wants_diff:
        told.pop("diff", None)
    return outcomes.cleaned(told, secrets_of(call, {call.host: None, **told.get("devices", {})}))


def facts(call: Call) -> Outcome:
    """Return what a device has, in the shape of a file of the intent; nothing has to be intended for it."""
    settings = call.settings(optional=True)
    known = call.device(call.host)
    actual = DeviceAdapter(
        fleet_for(call, [call.host], settings), [Expected(call.host, known.site, role=known.role)]
    )
    actual.load()
    actual.close()
    return each(call, [call.host], actual, lambda name: _gathered(actual, name))


def drift(call: Call) -> Outcome:
    """Return how devices differ from what is intended: as `remediate` would change them."""
    with opened(call, call.settings(optional=_has_config(call))) as work:
        return work.told(work.planned())


def plan(call: Call) -> Outcome:
    """Return what brings devices in line, and keep the plan in a file where one is named."""
    with opened(call, call.settings(optional=_has_config(call))) as work:
        made = work.planned()
        told = work.told(made)
    path = call.arguments.get("path")
    if path and not call.check and not told.get("failed"):
        write_own(Path(path), made.to_json())
    return {**told, "plan_id": made.id, "path": path}


def apply(call: Call) -> Outcome:
    """Apply a saved plan, exactly it: the part for the host, or for the devices of the limit."""
    settings = call.settings()
    how = for_writing(call, settings)
    path = call.path(call.arguments["plan"])
    whole = workflow.read_plan(path, settings)
    about = _about(call, "apply", plan_time=datetime.fromtimestamp(path.stat().st_mtime, UTC))
    made = _part(whole, call, settings)
    if not made.steps:
        return {"changed": False, "msg": f"nothing is planned for {call.limit or call.host}"}
    with planned_for(call, made, settings) as actual:
        if not call.check:
            return _applied(call, made, actual, how, about)
        left = ready(made, actual, how, about).plan
        after = actual.after(left.units)
        return each(
            call, sorted(made.units), actual, lambda name: outcomes.planned(left, actual, after, name)
        )


def remediate(call: Call) -> Outcome:
    """Bring devices in line with what is intended, in one of the states of network resource modules."""
    offline = _OFFLINE.get(call.arguments.get("state") or "")
    if offline is not None:
        return offline(call)
    settings = call.settings(optional=_has_config(call))
    if settings.signing.required and not call.check:
        raise unsigned("remediate applies its plan at once", _SIGN)
    how = for_writing(call, settings)
    with opened(call, settings) as work:
        made = work.planned()
        about = _about(call, "remediate")
        if call.check or not made.steps:
            if not call.check and _is_as_intended(call):
                workflow.remember_in_sync(work.loaded, made, how)
            return {**work.told(made), **_refused(work, made, how, about)}
        work.admit(made)
        return _applied(call, made, work.actual, how, about, work)


def rollback(call: Call) -> Outcome:
    """Bring back what a run has changed, and nothing else."""
    settings = call.settings()
    how = for_writing(call, settings)
    fleet = fleet_for(call, _changed_by(call, settings), settings)
    overwrite = bool(call.arguments.get("overwrite"))
    record, made, actual = plan_rollback(call.arguments["run"], how, overwrite=overwrite, fleet=fleet)
    try:
        return _taken_back(call, made, actual, how, record.id)
    finally:
        actual.close()


# Parts of them --------------------------------------------------------------------------------------------


def _refused(work: Work, made: Plan, how: Settings, about: About) -> Outcome:
    """Return warnings of what would keep a run from being begun now, such as a guard or a closed window."""
    if not made.steps:
        return {}
    try:
        work.admit(made)
        ready(made, work.actual, how, about, work.loaded.intended)
    except ProblemsError as error:
        return {"warnings": [f"a run would be refused: {why}" for why in error.problems or [error.message]]}
    return {}


def _applied(
    call: Call, made: Plan, actual: DeviceAdapter, how: Settings, about: About, work: Work | None = None
) -> Outcome:
    """Apply a plan, and return what became of each device of the task."""
    before = states_before(actual, made)
    intended = None if work is None else work.loaded.intended
    done: Applied = reverting.apply(made, actual, how, about=about, intended=intended)
    names = {*made.units, *actual.failures} if work is None else work.loaded.chosen
    return each(
        call,
        sorted(names.intersection(actual.fleet.names)),
        actual,
        lambda name: (
            outcomes.applied(before[name], done, actual, name)
            if name in before
            else outcomes.in_sync(actual, name)
        ),
    )


def _changed_by(call: Call, settings: Settings) -> list[str]:
    """Return the devices of a task that a run was about: the source may not know them any more."""
    if call.limit is None:
        return [call.host]
    with open_journal(settings) as journal:
        record = journal.run(call.arguments["run"])
        made = Plan.from_json(journal.plan(record.id))
    return sorted(limited(made, call.limit).units)


def _taken_back(call: Call, made: Plan, actual: DeviceAdapter, how: Settings, run_id: str) -> Outcome:
    names = sorted({*made.units, *actual.failures}.intersection(actual.fleet.names))
    if not names:
        return {"changed": False, "msg": f"run {run_id} has changed nothing on {call.limit or call.host}"}
    if call.check or not made.steps:
        after = actual.after(made.units)
        return each(call, names, actual, lambda name: outcomes.planned(made, actual, after, name))
    return _applied(call, made, actual, how, _about(call, "rollback", of=run_id))


def _part(whole: Plan, call: Call, settings: Settings) -> Plan:
    """Return the part of a plan that a task applies; all that the play applies of it is judged before, once for all."""
    if call.limit is not None:
        return limited(whole, call.limit)
    play = whole.restricted_to([*call.hosts, call.host])
    enforce_amounts(settings.guards, play.steps, by_model(whole.intended))
    return whole.restricted_to([call.host])


def _gathered(actual: DeviceAdapter, name: str) -> Outcome:
    device: Any = actual.get("device", name)
    told = described(actual, name)
    named = {
        "ansible_net_hostname": device.hostname,
        "ansible_net_model": device.model,
        "ansible_net_serialnum": device.serial,
        "ansible_net_version": device.os_version,
        "ansible_net_system": device.platform,
        "driftline": told,
    }
    return {"changed": False, "gathered": told, "ansible_facts": named}


def _gather(call: Call) -> Outcome:
    told = facts(call)
    told.pop("ansible_facts", None)
    return told


def _render(call: Call) -> Outcome:
    """Return the lines that make what is intended; no device is asked."""
    intended = given(call) if _has_config(call) else Shelf(call, call.settings()).intended(call.host).part
    device: Any = intended.get_or_none("device", call.host)
    if device is None:
        raise not_intended(call.host)
    platform = call.device(call.host).platform or device.platform
    return {"changed": False, "rendered": rendered(intended, _known(call, platform))}


def _parse(call: Call) -> Outcome:
    """Return what a running configuration says; no device is asked."""
    text = call.arguments.get("running_config")
    if not text:
        raise PlanError(
            "state parsed needs running_config",
            code="ANSIBLE-ARGUMENTS",
            hint="give the text of a configuration",
        )
    known = call.device(call.host)
    dataset = parsed(text, call.host, _known(call, known.platform), known.site)
    return {"changed": False, "parsed": described(dataset, call.host)}


def _known(call: Call, platform: str | None) -> str:
    if platform is None:
        raise PlanError(
            f"{call.host}: its platform is not known",
            code="ANSIBLE-PLATFORM",
            hint="set ansible_network_os, for example arista.eos.eos",
        )
    return platform


def _has_config(call: Call) -> bool:
    return call.arguments.get("config") is not None


def _is_as_intended(call: Call) -> bool:
    """Return whether the task is about all that the source says, and nothing else."""
    state = call.arguments.get("state") or State.INTENDED
    return not _has_config(call) and state == State.INTENDED


def _about(call: Call, kind: str, **more: Any) -> About:
    given = call.arguments
    ticket, override = given.get("ticket") or "", bool(given.get("override_window"))
    if override and not ticket:
        raise GuardBreach(
            "to change devices outside of their windows takes a ticket",
            code="ANSIBLE-ARGUMENTS",
            hint="give a ticket",
        )
    return About(kind, ticket, given.get("comment") or "", override_windows=override, **more)


TASKS: Final[dict[str, Callable[[Call], Outcome]]] = {
    "adopt": adopt,
    "apply": apply,
    "drift": drift,
    "facts": facts,
    "plan": plan,
    "remediate": remediate,
    "rollback": rollback,
}
_OFFLINE: Final[dict[str, Callable[[Call], Outcome]]] = {
    "gathered": _gather,
    "parsed": _parse,
    "rendered": _render,
}
