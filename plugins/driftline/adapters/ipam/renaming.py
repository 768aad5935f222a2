"""Interfaces that are renamed: in a plan one that is made and one that is deleted, in the IPAM one that is changed.

A name is what identifies an interface, so a plan needs both steps. Where it is known that both are the same object
(see `counterparts`), they say so, and are carried out as one change of that object: what hangs on it stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from driftline.engine.plan import Step, renewed

from .models import RENAMED_FROM, RENAMED_TO, Interface, IPAddress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from driftline.engine import Adapter, Plan

    from .fields import Item

_MODEL: Final = Interface.get_type()
_TURNED: Final = {RENAMED_FROM: RENAMED_TO, RENAMED_TO: RENAMED_FROM}


# Plans ------------------------------------------------------------------------------------------------------


def paired(plan: Plan, renamed: Mapping[str, str], target: Adapter) -> Plan:
    """Return a draft in which the creation of a renamed interface and the deletion of its old name are a pair.

    An interface that is not ours is renamed, too, like every object whose values are wrong: nothing of it is deleted.
    The ports of a device that moves to another site are not, since there their VLANs are others.

    Args:
        renamed: by the unique ids of interfaces that the target lacks the names under which it has them.
    """
    of = {(step.action, _uid(step)): step for step in plan.steps if step.model == _MODEL}
    moving = {step.identity["name"] for step in plan.steps if _moves(step)}
    pairs: dict[str, Step] = {}
    for uid, name in renamed.items():
        made = of.get(("create", uid))
        old = None if made is None else target.get_or_none(_MODEL, {**made.identity, "name": name})
        if made is None or old is None or made.identity["device"] in moving:
            continue
        gone = of.get(("delete", old.get_unique_id())) or _deletion(made, old, target)
        pairs[made.id] = renewed(made, after={RENAMED_FROM: old.name, **(made.after or {})})
        pairs[gone.id] = renewed(gone, before={RENAMED_TO: made.identity["name"], **(gone.before or {})})
    kept = [pairs.pop(step.id, step) for step in plan.steps]
    return plan.with_steps([*kept, *pairs.values()], draft=True)


def whole(plan: Plan) -> Plan:
    """Return the plan without renames of which a half is missing: what is made is made anew, nothing is deleted."""
    there = {(step.action, _uid(step)) for step in plan.steps if _other(step)}
    halves = {step.id: step for step in plan.steps if (other := _other(step)) and other not in there}
    plain = {
        step.id: renewed(step, after=_without(step.after))
        for step in halves.values()
        if step.action == "create"
    }
    steps = (plain.get(step.id, step) for step in plan.steps if step.id in plain or step.id not in halves)
    ids = {old: step.id for old, step in plain.items()}
    return plan.with_steps(_needing(step, ids) for step in steps)


def as_changes(plan: Plan) -> Plan:
    """Return the plan with one step for each rename: it is one change, and deletes nothing."""
    return plan.with_steps(step for step in plan.steps if step.action != "delete" or not _other(step))


def done_with(units: Iterable[str], steps: Iterable[Step]) -> list[Step]:
    """Return the steps of units that are done; by half of a rename the other half is done, too."""
    chosen = set(units)
    all_steps = list(steps)
    done = {other for step in all_steps if step.unit in chosen and (other := _other(step))}
    return [step for step in all_steps if step.unit in chosen or (step.action, _uid(step)) in done]


def turned(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a step's values for the step that undoes it: what was renamed from a name is renamed to it."""
    return None if values is None else {_TURNED.get(name, name): value for name, value in values.items()}


def _other(step: Step) -> tuple[str, str] | None:
    """Return the action and the unique id of the other half of a rename; None: the step is of none."""
    name = (step.after or {}).get(RENAMED_FROM) or (step.before or {}).get(RENAMED_TO)
    if step.model != _MODEL or name is None:
        return None
    action = "create" if step.action == "delete" else "delete"
    return action, Interface.unique_id_of({**step.identity, "name": name})


def _deletion(made: Step, old: Any, target: Adapter) -> Step:
    """Return the step by which an interface that is not ours to delete loses its old name."""
    identity = old.get_identifiers()
    return replace(
        made,
        action="delete",
        identity=identity,
        name=old.get_shortname(),
        unit=target.unit_of(_MODEL, identity),
        before=old.get_attrs(),
        after=None,
        id=f"delete {old.get_unique_id()}",
        depends_on=(),
    )


def _moves(step: Step) -> bool:
    return step.model == "device" and step.action == "update" and "site" in (step.after or {})


def _uid(step: Step) -> str:
    return Interface.unique_id_of(step.identity) if step.model == _MODEL else ""


def _without(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (values or {}).items() if name not in _TURNED}


def _needing(step: Step, ids: Mapping[str, str]) -> Step:
    needed = tuple(ids.get(needed, needed) for needed in step.depends_on)
    return step if needed == step.depends_on else replace(step, depends_on=needed)


# The dataset while it is written ----------------------------------------------------------------------------


def follow(renamed: Sequence[Item], dataset: Adapter) -> None:
    """Let the records of what is on renamed interfaces name them as they are called now: the IPAM refers to ids."""
    names = {
        item.existing.get_unique_id(): item.wanted.get_identifiers()["name"]
        for item in renamed
        if item.existing is not None
    }
    for row, field in _references(dataset) if names else ():
        uid = Interface.unique_id_of({"device": row.device, "name": getattr(row, field)})
        if uid in names:
            setattr(row, field, names[uid])


def living_on(items: Sequence[Item], dataset: Adapter) -> set[Item]:
    """Return the items whose object has another name by now, under which it stays."""
    old = {item.pk: item for item in items if item.model.get_type() == _MODEL and item.wanted.pk is not None}
    rows = (row for row in (dataset.get_all(_MODEL) if old else ()) if row.pk in old)
    return {old[row.pk] for row in rows if row.get_unique_id() != old[row.pk].wanted.get_unique_id()}


def _references(dataset: Adapter) -> Iterator[tuple[Any, str]]:
    """Yield what refers to an interface by its name, with the field that does."""
    for address in dataset.get_all(IPAddress):
        if address.device and address.interface:
            yield address, "interface"
    for interface in dataset.get_all(Interface):
        yield from ((interface, field) for field in ("lag", "parent") if getattr(interface, field))
