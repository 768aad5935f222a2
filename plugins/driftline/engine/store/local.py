"""The store in memory, and the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import ObjectAlreadyExists, ObjectNotFound

from . import BaseStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftline.engine.model import DiffSyncModel


class LocalStore(BaseStore):
    """Keeps objects in one dictionary per model. Single operations are safe from several threads."""

    def __init__(self, *, adapter: Any = None, name: str = "") -> None:
        super().__init__(adapter=adapter, name=name)
        self._data: dict[str, dict[str, DiffSyncModel]] = {}

    def get_all_model_names(self) -> set[str]:
        """Return the names of the models that have at least one object."""
        return {modelname for modelname, objects in self._groups() if objects}

    def get(self, *, model: Any, identifier: str | Mapping[str, Any]) -> DiffSyncModel:
        """Return one object, or raise ObjectNotFound; a string is a unique id."""
        modelname = _modelname(model)
        uid = self._uid(model, identifier)
        try:
            return self._data[modelname][uid]
        except KeyError:
            raise ObjectNotFound(f"{modelname} {uid} not present in {self.name}") from None

    def get_all(self, *, model: Any) -> list[DiffSyncModel]:
        """Return all objects of a model in the order in which they were added."""
        return list(self._data.get(_modelname(model), {}).values())

    def get_by_uids(self, *, uids: Iterable[str], model: Any) -> list[DiffSyncModel]:
        """Return the objects with these unique ids, or raise ObjectNotFound naming all that are missing."""
        modelname = _modelname(model)
        objects = self._data.get(modelname, {})
        wanted = list(uids)
        try:
            return [objects[uid] for uid in wanted]
        except KeyError:
            missing = ", ".join(uid for uid in wanted if uid not in objects)
            raise ObjectNotFound(f"{modelname} {missing} not present in {self.name}") from None

    def add(self, *, obj: DiffSyncModel) -> None:
        """Add an object, or raise ObjectAlreadyExists when another one has its identity."""
        modelname, uid = obj.get_type(), obj.get_unique_id()
        present = self._data.setdefault(modelname, {}).setdefault(uid, obj)
        if present is not obj:
            raise ObjectAlreadyExists(f"Object {uid} already present", obj)
        if obj.adapter is None:
            # Straight into the record: a load does this once per object.
            obj.__dict__["adapter"] = self.adapter

    def update(self, *, obj: DiffSyncModel) -> None:
        """Put an object in, in place of the one that has its identity."""
        self._data.setdefault(obj.get_type(), {})[obj.get_unique_id()] = obj
        if obj.adapter is None:
            obj.adapter = self.adapter

    def remove_item(self, modelname: str, uid: str) -> None:
        """Remove one object by its unique id, or raise ObjectNotFound."""
        try:
            del self._data[modelname][uid]
        except KeyError:
            raise ObjectNotFound(f"{modelname} {uid} not present in {self.name}") from None

    def count(self, *, model: Any = None) -> int:
        """Return how many objects there are, of one model or in all."""
        if model is None:
            return sum(len(objects) for _, objects in self._groups())
        return len(self._data.get(_modelname(model), {}))

    def _groups(self) -> list[tuple[str, dict[str, DiffSyncModel]]]:
        """Return the objects by model, as a list: another thread may add the first object of a model meanwhile."""
        return list(self._data.items())

    def _uid(self, model: Any, identifier: str | Mapping[str, Any]) -> str:
        if isinstance(identifier, str):
            return identifier
        if not isinstance(identifier, Mapping):
            raise TypeError(f"an identifier is a string or a mapping, not {type(identifier).__name__}")
        cls = model if hasattr(model, "create_unique_id") else self._class_of(model)
        return str(cls.create_unique_id(**identifier))

    def _class_of(self, modelname: str) -> Any:
        if self.adapter is not None and hasattr(self.adapter, modelname):
            return getattr(self.adapter, modelname)
        raise ValueError(f"Invalid args: the class of model {modelname!r} is not known to {self.name}")


def _modelname(model: Any) -> str:
    return model if isinstance(model, str) else model.get_type()
