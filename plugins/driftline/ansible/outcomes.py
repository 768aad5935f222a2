"""What a task returns, as plain values in the words of Ansible's network resource modules."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import yaml

from driftline.adapters.intent.inline import described
from driftline.engine.exceptions import AuthenticationFailed, DriftlineError, Unreachable
from driftline.engine.results import UnitOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from driftline.applied import Applied
    from driftline.engine import Adapter, Plan, Step
    from driftline.engine.results import UnitResult

Outcome = dict[str, Any]
"""What is told of one device."""

HIDDEN: Final = "********"
_NO_WAY_IN: Final = (AuthenticationFailed, Unreachable)
_SHORTEST_SECRET: Final = 4
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def in_sync(actual: Adapter, device: str) -> Outcome:
    """Return the outcome of a device with which there is nothing to do."""
    return _outcome(device, described(actual, device), None, (), ())


def planned(made: Plan, actual: Adapter, after: Adapter | None, device: str) -> Outcome:
    """Return what a plan would do to a device.

    Args:
        after: a dataset that says what the device would be.
    """
    steps = made.units.get(device, ())
    if not steps or after is None:
        return in_sync(actual, device)
    told = [operation(step, "planned") for step in steps]
    lines = made.native.get(device, ())
    return _outcome(device, described(actual, device), described(after, device), told, lines)


def applied(before: Mapping[str, Any], run: Applied, actual: Adapter, device: str) -> Outcome:
    """Return what became of a device in a run.

    Args:
        before: what it was, as `described`.
        actual: the devices as they were read back.
    """
    unit = next((unit for unit in run.result.units if unit.unit == device), None)
    if unit is None:
        error = run.failures.get(device)
        return failed(error) if error else _outcome(device, before, None, (), ())
    told = [operation(each.step, each.status.value, each.message) for each in unit.steps]
    lines = run.plan.native.get(device, ()) if run.plan else ()
    after = described(actual, device) if unit.outcome is UnitOutcome.APPLIED else None
    outcome = _outcome(device, before, after, told, lines)
    back = _taken_back(run, device)
    outcome |= {"run": run.run, "rollback": back or _rollback(unit), "native_diff": unit.native_diff}
    outcome["changed"] = not back and unit.outcome in (UnitOutcome.APPLIED, UnitOutcome.ROLLBACK_FAILED)
    outcome["warnings"] = [*run.notes, *unit.warnings]
    if unit.outcome is not UnitOutcome.APPLIED:
        del outcome["before"]  # Ansible prints all of a failure
        error = unit.error or DriftlineError(f"{device}: {unit.outcome.value}", code="NOT-APPLIED")
        outcome |= failed(error, tried=unit.outcome is not UnitOutcome.NOT_REACHED)
    elif back:
        outcome |= {"failed": True, "msg": f"{device}: {back['reason']}", "code": "TAKEN-BACK"}
    return outcome


def failed(error: DriftlineError, *, tried: bool = False) -> Outcome:
    """Return the outcome of what went wrong; a device that lets nobody in is unreachable, as Ansible has it.

    Args:
        tried: whether it was being changed, which then is what has failed: a rescue can look at it.
    """
    problems = [str(problem) for problem in getattr(error, "problems", ())]
    told = "\n".join([error.message or str(error), *problems])
    outcome: Outcome = {"msg": told, "code": error.code, "hint": error.hint}
    return {**outcome, ("unreachable" if isinstance(error, _NO_WAY_IN) and not tried else "failed"): True}


def operation(step: Step, status: str, message: str = "") -> dict[str, Any]:
    """Return one change of one object."""
    return {
        "action": step.action,
        "model": step.model,
        "name": step.name,
        "before": step.before,
        "after": step.after,
        "status": status,
        "message": message,
    }


def together(outcomes: Mapping[str, Outcome]) -> Outcome:
    """Return one result for many devices: what each was, and the totals."""
    bad = sorted(name for name, told in outcomes.items() if told.get("failed") or told.get("unreachable"))
    total: Counter[str] = Counter()
    for told in outcomes.values():
        total.update(told.get("summary", {}))
    result: Outcome = {
        "changed": any(told.get("changed") for told in outcomes.values()),
        "summary": dict(total),
        "devices": {name: {k: v for k, v in told.items() if k != "diff"} for name, told in outcomes.items()},
        "diff": [one for told in outcomes.values() for one in told.get("diff", ())],
    }
    if runs := {told["run"] for told in outcomes.values() if told.get("run")}:
        result["run"] = min(runs)
    if bad:
        first = outcomes[bad[0]]
        more = f" (and {len(bad) - 1} more devices)" if len(bad) > 1 else ""
        result |= {"failed": True, "msg": f"{first['msg']}{more}", "code": first.get("code", "")}
        result |= {"hint": first.get("hint", ""), "failed_devices": bad}
    return result


def cleaned(value: Outcome, secrets: Iterable[str]) -> Outcome:
    """Return values in which secrets are hidden: Ansible's `no_log` does not do it for what we return."""
    known = (secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)
    hidden = sorted(known, key=len, reverse=True)  # one may be a part of another
    found: Outcome = _cleaned(value, hidden) if hidden else value
    return found


def _cleaned(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
        return value
    if isinstance(value, dict):
        return {key: _cleaned(one, secrets) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(one, secrets) for one in value]
    return value


def _outcome(
    device: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any] | None,
    operations: Sequence[Mapping[str, Any]],
    commands: Sequence[str],
) -> Outcome:
    summary = Counter(each["action"] for each in operations)
    told: Outcome = {
        "changed": bool(operations),
        "before": before,
        "commands": list(commands),
        "operations": list(operations),
        "summary": {action: summary[action] for action in ("create", "update", "delete")},
    }
    if after is not None:
        told["after"] = after
        told["diff"] = [_diff(device, before, after)]
    return told


def _diff(device: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Return what Ansible makes a unified diff of, in the direction running → intended."""
    return {
        "before": _text(before),
        "after": _text(after),
        "before_header": f"{device} (running)",
        "after_header": f"{device} (intended)",
    }


def _text(value: Mapping[str, Any]) -> str:
    return str(yaml.dump(value, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=1000))


def _rollback(unit: UnitResult) -> dict[str, Any]:
    """Return whether a device was taken back, and why."""
    return {
        "done": unit.outcome is UnitOutcome.ROLLED_BACK,
        "failed": unit.outcome is UnitOutcome.ROLLBACK_FAILED,
        "reason": unit.error.message if unit.error else "",
    }


def _taken_back(run: Applied, device: str) -> dict[str, Any] | None:
    """Return how a device was taken back since another batch failed; None: it was not."""
    if run.reverted is None:
        return None
    back = next((unit for unit in run.reverted.result.units if unit.unit == device), None)
    if back is None:
        return None
    done = back.outcome is UnitOutcome.APPLIED
    return {"done": done, "failed": not done, "reason": "taken back, since a later batch failed"}
