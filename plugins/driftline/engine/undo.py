"""How what was done to the records is taken back."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from .exceptions import ObjectNotFound
from .late import mutable
from .values import copied

if TYPE_CHECKING:
    from collections.abc import Callable

    from .exceptions import DriftlineError
    from .model import DiffSyncModel
    from .plan import ObjectRef
    from .typing import Dataset


class UndoLog(list["Callable[[], object]"]):
    """How to take back, in reverse order, what was done to the records in memory."""

    __slots__ = ()

    add = list.append
    """Note how to take back what is about to be done."""
    forget = list.clear
    """Let go of everything: what was to be undone refers back to the unit, which would outlive its use."""

    def rollback(self) -> None:
        """Take everything back, also past what can't be taken back; the first such failure is raised at the end."""
        failures: list[BaseException] = []
        while self:
            try:
                self.pop()()
            except BaseException as failure:  # noqa: BLE001 - the rest must still be taken back
                failures.append(failure)
        if failures:
            raise failures[0]


def past(error: type[DriftlineError], undo: Callable[..., object], *arguments: Any) -> Callable[[], None]:
    """Return how to take back what is about to be done: it is noted first, and may not be done after all."""
    return partial(_tried, error, undo, arguments)


def _tried(error: type[DriftlineError], undo: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    with suppress(error):
        undo(*arguments)


def values_of(obj: DiffSyncModel) -> Callable[[], None]:
    """Return a function that gives an object back the values that it has now.

    The attributes are copied, since a hook may change a list in place.
    """
    values = obj.__dict__.copy()
    for name in _mutable(type(obj)):
        if name in values:
            values[name] = copied(values[name])
    # The set of the fields that were given is never changed in place; see `__setattr__`.
    return partial(_give_back, obj, values, obj.__pydantic_fields_set__)


@lru_cache(maxsize=1024)
def _mutable(cls: type[DiffSyncModel]) -> tuple[str, ...]:
    names = cls._attributes
    return tuple(names[place - 1] for place in mutable(cls, names))


def _give_back(obj: DiffSyncModel, values: dict[str, Any], fields_set: set[str]) -> None:
    # Past the validation: what the object had may be what it would not accept today.
    obj.__dict__.update(values)
    object.__setattr__(obj, "__pydantic_fields_set__", fields_set)
    obj.forget_unique_id()
    obj.touch()


class Parents:
    """Who lists an object as a child, as it was when a run first asked; looking through all lists takes long."""

    def __init__(self, target: Dataset) -> None:
        self._target = target
        self._known: dict[str, dict[str, list[tuple[str, str]]]] = {}
        self._last: tuple[ObjectRef | None, str] = None, ""

    def named(self, ref: ObjectRef) -> DiffSyncModel:
        """Return the parent that a step names, or raise ObjectNotFound; siblings come one after the other."""
        last, uid = self._last
        parent: DiffSyncModel = self._target.get(ref.model, uid if last is ref else ref.identity)
        if last is not ref:
            self._last = ref, parent.get_unique_id()
        return parent

    def named_or_none(self, ref: ObjectRef) -> DiffSyncModel | None:
        """Return the parent that a step names, or None when it is not there."""
        try:
            return self.named(ref)
        except ObjectNotFound:
            return None

    def of(self, obj: DiffSyncModel) -> list[DiffSyncModel]:
        """Return the parents of an object that are still there."""
        modelname = obj.get_type()
        known = self._known.get(modelname)
        if known is None:
            known = self._known[modelname] = self._listed(modelname)
        found = (self._target.get_or_none(*parent) for parent in known.get(obj.get_unique_id(), ()))
        return [parent for parent in found if parent is not None]

    def _listed(self, modelname: str) -> dict[str, list[tuple[str, str]]]:
        listed: dict[str, list[tuple[str, str]]] = {}
        for parent_model, field_name in self._target.parent_fields(modelname):
            for parent in self._target.get_all(parent_model):
                for uid in getattr(parent, field_name):
                    listed.setdefault(uid, []).append((parent_model, parent.get_unique_id()))
        return listed
