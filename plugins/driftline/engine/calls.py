"""Hooks that wait to be called: by the unit's own driver, or together with those of many units."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .results import UnitResult

if TYPE_CHECKING:
    from .model import DiffSyncModel
    from .plan import Step


@dataclass(slots=True, eq=False)
class HookCall:
    """A hook that a unit wants to be called: by itself, or by whoever calls those of many units at once."""

    step: Step
    subject: Any
    """The model's class for a create, else the object."""
    arguments: tuple[Any, ...] = ()

    def __call__(self) -> DiffSyncModel | None:
        """Call the hook."""
        result: DiffSyncModel | None = getattr(self.subject, self.step.action)(*self.arguments)
        return result


Settle = Callable[["DiffSyncModel | None"], "DiffSyncModel"]
"""Enters into the records what a hook has done."""
UnitPhases = Generator[HookCall, Any, UnitResult]
"""A unit under way: it yields the hooks to call, is sent what they return, and returns its result."""


def driven(
    phases: UnitPhases, waiting: HookCall | None = None, answer: Callable[[], Any] | None = None
) -> UnitResult:
    """Take a unit through its phases, each hook called when its turn comes.

    Args:
        waiting: the hook that the unit waits for, when it is under way already.
        answer: returns or raises what that hook did, when it was called with others; None: call it.
    """
    try:
        call = waiting or next(phases)
        while True:
            try:
                returned = (answer or call)()
            except BaseException as error:  # noqa: BLE001 - the unit decides what comes of it
                call = phases.throw(error)
            else:
                call = phases.send(returned)
            answer = None
    except StopIteration as end:
        result: UnitResult = end.value
        return result
