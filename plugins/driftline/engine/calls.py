"""Hooks that wait to be called: by the unit's own driver, or together with those of many units."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from .exceptions import TransactionError
from .results import UnitResult
from .transaction import Gate

if TYPE_CHECKING:
    from collections.abc import Callable

    from .model import DiffSyncModel
    from .plan import Step


@dataclass(slots=True, eq=False)
class HookCall:
    """A hook that a unit wants to be called, by itself or by whoever calls those of many units at once.

    What is known of its step is kept here too, until the unit has ended.
    """

    step: Step
    uid: str
    subject: Any = None
    """The model's class for a create, else the object."""
    arguments: tuple[Any, ...] = ()
    parent: DiffSyncModel | None = None
    before: dict[str, Any] | None = None
    """What an update sets, as it was: for the opposite hook."""
    obj: DiffSyncModel | None = None
    """The object that the step is about, as soon as there is one."""
    message: str = ""
    """What the hook said of it."""
    told: bool = False
    """Whether the object itself says so already."""

    def __call__(self) -> DiffSyncModel | None:
        """Call the hook."""
        result: DiffSyncModel | None = getattr(self.subject, self.step.action)(*self.arguments)
        return result


UnitPhases = Generator[HookCall | Gate, Any, UnitResult]
"""A unit under way: it yields the hooks to call, is sent what they return, and returns its result.

It also yields the gates that it has reached, and goes on when it is sent anything: None, or at PREPARED another
number of seconds for the timer of its commit.
"""


Outcome = TypeVar("Outcome")


def driven(
    phases: Generator[HookCall | Gate, Any, Outcome],
    waiting: HookCall | None = None,
    answer: Callable[[], Any] | None = None,
) -> Outcome:
    """Take a unit through all its phases, each hook called when its turn comes, and return what they return.

    Args:
        waiting: the hook that the unit waits for, when it is under way already.
        answer: returns or raises what that hook did, when it was called with others; None: call it.
    """
    try:
        call = waiting or next(phases)
        while True:
            call = phases.send(None) if isinstance(call, Gate) else _answered(phases, answer or call)
            answer = None
    except StopIteration as end:
        result: Outcome = end.value
        return result


def to_the_next_gate(phases: UnitPhases, answer: Any = None) -> Gate | UnitResult:
    """Take a unit as far as its next gate, or to its end.

    Args:
        answer: what the gate at which it waits is answered with.
    """
    try:
        call = phases.send(answer)
        while not isinstance(call, Gate):
            call = _answered(phases, call)
    except StopIteration as end:
        result: UnitResult = end.value
        return result
    return call


def taken_back(phases: UnitPhases, cause: BaseException) -> UnitResult:
    """Take back a unit that waits at a gate, because of what happened elsewhere."""
    try:
        phases.throw(cause)
    except StopIteration as end:
        result: UnitResult = end.value
        return result
    raise TransactionError("a unit that was to be taken back went on", code="UNIT-WENT-ON") from cause


def _answered(phases: Generator[HookCall | Gate, Any, object], answer: Callable[[], Any]) -> HookCall | Gate:
    try:
        returned = answer()
    except BaseException as error:  # noqa: BLE001 - the unit decides what comes of it
        return phases.throw(error)
    return phases.send(returned)
