"""Where an adapter keeps its objects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import structlog

from driftline.engine.exceptions import ObjectNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from driftline.engine.model import DiffSyncModel

_log = structlog.get_logger(__name__)


class BaseStore(ABC):
    """What every store can do. Models are named by class, by instance or by model name."""

    def __init__(self, *, adapter: Any = None, name: str = "") -> None:
        self.adapter = adapter
        self.name = name or type(self).__name__

    def __str__(self) -> str:
        """Return the store's name, as error messages use it."""
        return self.name

    @abstractmethod
    def get_all_model_names(self) -> set[str]:
        """Return the names of the models that have at least one object."""

    @abstractmethod
    def get(self, *, model: Any, identifier: str | Mapping[str, Any]) -> DiffSyncModel:
        """Return one object, or raise ObjectNotFound; a string is a unique id."""

    @abstractmethod
    def get_all(self, *, model: Any) -> list[DiffSyncModel]:
        """Return all objects of a model in the order in which they were added."""

    @abstractmethod
    def get_by_uids(self, *, uids: Iterable[str], model: Any) -> list[DiffSyncModel]:
        """Return the objects with these unique ids, or raise ObjectNotFound naming all that are missing."""

    @abstractmethod
    def add(self, *, obj: DiffSyncModel) -> None:
        """Add an object, or raise ObjectAlreadyExists when another one has its identity."""

    @abstractmethod
    def update(self, *, obj: DiffSyncModel) -> None:
        """Put an object in, in place of the one that has its identity."""

    @abstractmethod
    def remove_item(self, modelname: str, uid: str) -> None:
        """Remove one object by its unique id, or raise ObjectNotFound."""

    @abstractmethod
    def count(self, *, model: Any = None) -> int:
        """Return how many objects there are, of one model or in all."""

    def get_or_instantiate(
        self, *, model: Any, ids: Mapping[str, Any], attrs: Mapping[str, Any] | None = None
    ) -> tuple[DiffSyncModel, bool]:
        """Return an object, made from these values when it is not there, and whether it was made."""
        try:
            return self.get(model=model, identifier=ids), False
        except ObjectNotFound:
            obj: DiffSyncModel = model(**ids, **(attrs or {}))
            self.add(obj=obj)
            return obj, True

    def get_or_add_model_instance(self, obj: DiffSyncModel) -> tuple[DiffSyncModel, bool]:
        """Return the object with the identity of this one, or this one, added, and whether it was added."""
        try:
            return self.get(model=obj.get_type(), identifier=obj.get_unique_id()), False
        except ObjectNotFound:
            self.add(obj=obj)
            return obj, True

    def update_or_instantiate(
        self, *, model: Any, ids: Mapping[str, Any], attrs: Mapping[str, Any]
    ) -> tuple[DiffSyncModel, bool]:
        """Return an object with these values set, made when it is not there, and whether it was made."""
        obj, made = self.get_or_instantiate(model=model, ids=ids, attrs=attrs)
        return (obj if made else self._updated(obj, attrs)), made

    def update_or_add_model_instance(self, obj: DiffSyncModel) -> tuple[DiffSyncModel, bool]:
        """Return the object with the identity of this one, its attributes set as here, and whether it is new."""
        found, added = self.get_or_add_model_instance(obj)
        return (found if added else self._updated(found, obj.get_attrs())), added

    def _updated(self, obj: DiffSyncModel, attrs: Mapping[str, Any]) -> DiffSyncModel:
        for name, value in attrs.items():
            setattr(obj, name, value)
        self.update(obj=obj)
        return obj

    def remove(self, *, obj: DiffSyncModel, remove_children: bool = False) -> None:
        """Remove an object, and with `remove_children` all that is below it."""
        self.remove_item(obj.get_type(), obj.get_unique_id())
        if remove_children:
            for modelname, field in obj.get_children_mapping().items():
                for uid in getattr(obj, field):
                    self._remove_below(obj, modelname, uid)
        if obj.adapter is self.adapter:
            obj.adapter = None

    def _remove_below(self, parent: DiffSyncModel, modelname: str, uid: str) -> None:
        where = {"store": self, "parent_id": str(parent), "parent_type": parent.get_type()}
        try:
            child = self.get(model=modelname, identifier=uid)
        except ObjectNotFound:
            _log.error(
                "Unable to remove child element as it was not found!",
                **where,
                child_id=uid,
                child_type=modelname,
            )
            return
        self.remove(obj=child, remove_children=True)
