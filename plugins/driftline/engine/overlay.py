"""A dataset as it would be with some objects changed, without a copy of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .exceptions import ObjectNotFound
from .store import model_name
from .values import copied

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .model import DiffSyncModel
    from .plan import Step
    from .typing import Dataset

Key = tuple[str, str]
"""(model, unique id)."""


class Overlay:
    """A view of a dataset in which some objects are others, are new, or are gone. It is only read.

    The dataset may be an overlay itself. Lists of children are those of the objects, as they were.
    """

    def __init__(self, dataset: Dataset | Overlay, objects: Mapping[Key, DiffSyncModel | None]) -> None:
        self._dataset = dataset
        self._objects: dict[str, dict[str, DiffSyncModel | None]] = {}
        for (modelname, uid), obj in objects.items():
            self._objects.setdefault(modelname, {})[uid] = obj

    def model_class(self, modelname: str) -> type[DiffSyncModel]:
        """Return the class of a model by its name."""
        return self._dataset.model_class(modelname)

    def get_or_none(self, obj: Any, identifier: str | Mapping[str, Any]) -> Any:
        """Return an object, or None."""
        modelname = model_name(obj)
        if modelname in self._objects:
            uid = identifier
            if not isinstance(identifier, str):
                uid = self.model_class(modelname).unique_id_of(identifier)
            if uid in self._objects[modelname]:
                return self._objects[modelname][str(uid)]
        return self._dataset.get_or_none(obj, identifier)

    def get(self, obj: Any, identifier: str | Mapping[str, Any]) -> Any:
        """Return an object, or raise ObjectNotFound."""
        found = self.get_or_none(obj, identifier)
        if found is None:
            raise ObjectNotFound(f"{model_name(obj)} {identifier} not present")
        return found

    def get_all(self, obj: Any) -> list[Any]:
        """Return all objects of one model: those of the dataset in their order, then the new ones."""
        others = dict(self._objects.get(model_name(obj), {}))
        if not others:
            return self._dataset.get_all(obj)
        found = (others.pop(each.get_unique_id(), each) for each in self._dataset.get_all(obj))
        kept = [each for each in found if each is not None]
        return kept + [each for each in others.values() if each is not None]


def after(steps: Iterable[Step], dataset: Dataset | Overlay) -> Overlay:
    """Return a dataset as it will be when these steps have been applied to it.

    Of a new object only the values that its step sets are known; `get_managed` names them.

    Raises:
        ObjectNotFound: an object to be updated is not there.
        ObjectNotUpdated, pydantic.ValidationError: a value is none that the object can have.
    """
    return Overlay(dataset, dict(_outcomes(steps, dataset)))


def _outcomes(
    steps: Iterable[Step], dataset: Dataset | Overlay
) -> Iterator[tuple[Key, DiffSyncModel | None]]:
    for step in steps:
        cls = dataset.model_class(step.model)
        values = copied(step.after or {})
        obj: DiffSyncModel | None = None
        if step.action == "create":
            obj = cls(**copied(step.identity), **values).manage(values)
        elif step.action == "update":
            obj = dataset.get_or_none(step.model, step.identity)
            if obj is None:
                raise ObjectNotFound(f"the {step.model} {step.name} on {step.unit} is not there")
            obj = obj.with_attrs(values).manage({*obj.get_managed(), *values})
        yield (step.model, cls.unique_id_of(step.identity)), obj
