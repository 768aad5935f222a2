"""Where an adapter keeps its objects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from driftline.engine.model import DiffSyncModel


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

    def remove(self, *, obj: DiffSyncModel, remove_children: bool = False) -> None:
        """Remove an object, and with `remove_children` all that is below it."""
        self.remove_item(obj.get_type(), obj.get_unique_id())
        if remove_children:
            for child in self._children(obj):
                self.remove(obj=child, remove_children=True)
        if obj.adapter is self.adapter:
            obj.adapter = None

    def _children(self, obj: DiffSyncModel) -> list[DiffSyncModel]:
        return [
            child
            for modelname, field in obj.get_children_mapping().items()
            for child in self.get_by_uids(uids=list(getattr(obj, field)), model=modelname)
        ]
