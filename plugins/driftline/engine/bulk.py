"""Hooks for many objects at once, where the target offers them.

What changes alone may be changed together with its like: one request for a hundred objects. Each object still
has its own outcome.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from .calls import HookCall, driven
from .exceptions import TransactionError
from .results import UnitResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .calls import UnitPhases
    from .exceptions import DriftlineError
    from .plan import Step
    from .typing import Dataset

    Item = tuple[str, list[Step]]

_log = structlog.get_logger(__name__)
_HOOKS = ("create_many", "update_many", "delete_many")
BULK_SIZE = 100
"""How many objects are changed at once, where the target does not say."""


class Run(Protocol):
    """What is needed of the run that the units belong to."""

    def begin(self, item: Item) -> UnitPhases | UnitResult:
        """Return a unit under way, or the result of one that is not tried."""

    def end(self, result: UnitResult) -> UnitResult:
        """Note how a unit ended."""


def offers_bulk_hooks(target: Dataset) -> bool:
    """Return whether a target has any hook for many objects."""
    return any(hasattr(target, hook) for hook in _HOOKS)


def carry_out_in_bulk(units: Mapping[str, list[Step]], target: Dataset, run: Run) -> None:
    """Carry out the units, those that are alike together: first what needs nothing, then what needs that."""
    size: int = max(1, getattr(target, "bulk_size", BULK_SIZE))
    for level in _levels(units):
        for alike in _alike(level):
            for start in range(0, len(alike), size):
                _carry_out(alike[start : start + size], target, run)


def _levels(units: Mapping[str, list[Step]]) -> Iterator[list[Item]]:
    """Return the units by how many others must come before them, each level in the given order."""
    home = {step.id: unit for unit, steps in units.items() for step in steps}
    depth: dict[str, int] = {}
    levels: dict[int, list[Item]] = {}
    for unit, steps in units.items():
        needed = {home[step_id] for step in steps for step_id in step.depends_on if step_id in home} - {unit}
        depth[unit] = 1 + max((depth.get(other, 0) for other in needed), default=0)
        levels.setdefault(depth[unit], []).append((unit, steps))
    for number in sorted(levels):
        yield levels[number]


def _alike(level: Sequence[Item]) -> list[list[Item]]:
    """Return groups of units that can share one call; a unit of several steps is alone."""
    groups: dict[Any, list[Item]] = {}
    for unit, steps in level:
        key = (steps[0].action, steps[0].model) if len(steps) == 1 else unit
        groups.setdefault(key, []).append((unit, steps))
    return list(groups.values())


def _carry_out(items: Sequence[Item], target: Dataset, run: Run) -> None:
    hook = getattr(target, f"{items[0][1][0].action}_many", None)
    if hook is None or len(items) == 1:
        for item in items:
            phases = run.begin(item)
            run.end(phases if isinstance(phases, UnitResult) else driven(phases))
        return
    waiting: list[tuple[UnitPhases, HookCall]] = []
    for item in items:
        _advance(run.begin(item), waiting, run)
    if waiting:
        answers = _answers(hook, [call for __, call in waiting])
        for (phases, call), answer in zip(waiting, answers, strict=True):
            given = None if answer is _ALONE else functools.partial(_given, answer)
            run.end(driven(phases, call, given))


def _advance(phases: UnitPhases | UnitResult, waiting: list[tuple[UnitPhases, HookCall]], run: Run) -> None:
    """Take a unit up to its hook; one that does not get there has ended."""
    if isinstance(phases, UnitResult):
        run.end(phases)
        return
    try:
        call = next(phases)
    except StopIteration as end:
        run.end(end.value)
        return
    if isinstance(call, HookCall):  # it always is: what is done in bulk has one step
        waiting.append((phases, call))


_ALONE = object()
"""The answer of a bulk hook that failed: each object is tried alone, so that only the wrong ones fail."""


def _answers(hook: Any, calls: Sequence[HookCall]) -> Sequence[Any]:
    """Return what a bulk hook says for each object; an interruption is the answer for all of which it said nothing.

    A hook that raises has done nothing, but for the objects that it has yielded before.
    """
    answers: list[Any] = []
    try:
        returned = _called(hook, calls)
        if returned is None:
            return [None] * len(calls)
        for answer in returned:
            answers.append(answer)  # noqa: PERF402 - what comes before an error stays
    except Exception as error:  # noqa: BLE001 - a hook may raise anything
        _log.warning("bulk hook failed, each object is tried alone", hook=hook.__name__, error=str(error))
        answers.extend([_ALONE] * (len(calls) - len(answers)))
    except BaseException as interruption:  # noqa: BLE001 - every unit must be taken back and reported
        answers.extend([interruption] * (len(calls) - len(answers)))
    return answers if _fit(answers, calls) else [_misfit(hook, answers, calls)] * len(calls)


def _called(hook: Any, calls: Sequence[HookCall]) -> Any:
    first = calls[0]
    cls = first.subject if isinstance(first.subject, type) else type(first.subject)
    arguments: dict[str, Any] = {
        "create": [call.arguments[1:] for call in calls],
        "update": [(call.subject, *call.arguments) for call in calls],
        "delete": [call.subject for call in calls],
    }
    return hook(cls, arguments[first.step.action])


def _fit(answers: Sequence[Any], calls: Sequence[HookCall]) -> bool:
    """Return whether there is an answer for every call, and none is that of another call."""
    if len(answers) != len(calls):
        return False
    uids = [_uid(call) for call in calls]
    others = set(uids)
    found = [answer.get_unique_id() if hasattr(answer, "get_unique_id") else None for answer in answers]
    return all(theirs == uid or theirs not in others for theirs, uid in zip(found, uids, strict=True))


def _uid(call: HookCall) -> str:
    model = call.subject if call.step.action == "create" else type(call.subject)
    uid: str = model.unique_id_of(call.step.identity)
    return uid


def _misfit(hook: Any, answers: Sequence[Any], calls: Sequence[HookCall]) -> DriftlineError:
    return TransactionError(
        f"{hook.__name__} returned {len(answers)} results for {len(calls)} objects, or in another order; "
        "what it has done is not known",
        code="BULK-ANSWER",
        hint="return one object, None or exception for each, in the order in which they were given",
    )


def _given(answer: Any) -> Any:
    """Return what a bulk hook said of one object, or raise it."""
    if isinstance(answer, BaseException):
        raise answer
    return answer
