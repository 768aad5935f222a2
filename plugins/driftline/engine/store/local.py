"""The store in memory, and the default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftline.engine.many import is_alike, share_fields_sets, unique_ids_of

from . import BaseStore, model_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from driftline.engine.model import DiffSyncModel


class LocalStore(BaseStore):
    """Keeps objects in one dictionary per model. Single operations are safe from several threads."""

    tells_changes = True

    def __init__(self, *, adapter: Any = None, name: str = "") -> None:
        super().__init__(adapter=adapter, name=name)
        self._data: dict[str, dict[str, DiffSyncModel]] = {}

    def get_all_model_names(self) -> set[str]:
        """Return the names of the models that have at least one object."""
        return {modelname for modelname, objects in self._groups() if objects}

    def get(self, *, model: Any, identifier: str | Mapping[str, Any]) -> DiffSyncModel:
        """Return one object, or raise ObjectNotFound; a string is a unique id."""
        modelname = model_name(model)
        uid = self._uid(model, identifier)
        try:
            return self._data[modelname][uid]
        except KeyError:
            raise self._not_found(modelname, uid) from None

    def get_all(self, *, model: Any) -> list[DiffSyncModel]:
        """Return all objects of a model in the order in which they were added."""
        return list(self._data.get(model_name(model), {}).values())

    def get_by_uids(self, *, uids: Iterable[str], model: Any) -> list[DiffSyncModel]:
        """Return the objects with these unique ids, or raise ObjectNotFound naming all that are missing."""
        objects, wanted = self._data.get(model_name(model), {}), list(uids)
        try:
            return [objects[uid] for uid in wanted]
        except KeyError:
            return super().get_by_uids(uids=wanted, model=model)  # it knows which

    def find_by_uids(self, *, uids: Iterable[str], model: Any) -> dict[str, Any]:
        """Return those of the objects with these unique ids that are there, by unique id."""
        objects = self._data.get(model_name(model), {})
        return {uid: objects[uid] for uid in uids if uid in objects}

    def has(self, modelname: str, uid: str) -> bool:
        """Return whether there is an object with this unique id."""
        return uid in self._data.get(modelname, {})

    def add(self, *, obj: DiffSyncModel) -> None:
        """Add an object, or raise ObjectAlreadyExists when another one has its identity."""
        modelname, uid = obj.get_type(), obj.get_unique_id()
        try:
            objects = self._data[modelname]
        except KeyError:
            objects = self._data.setdefault(modelname, {})
        if objects.setdefault(uid, obj) is not obj:
            raise self._twin(obj)
        self._adopt(obj)
        if self._watchers:
            self._mark(modelname, uid, listed=True)

    def add_many(self, objs: Iterable[DiffSyncModel]) -> None:
        """Add objects, or raise ObjectAlreadyExists and add none when another one has the identity of one."""
        groups = list(_by_model(list(objs)))
        for modelname, group, fresh in groups:
            there = self._data.get(modelname, {})
            if len(fresh) < len(group) or not there.keys().isdisjoint(fresh):
                self._refuse_twins(group, there)
        for modelname, __, fresh in groups:
            self._data.setdefault(modelname, {}).update(fresh)
            self._adopt_all(list(fresh.values()))
            if self._watchers:
                for uid in fresh:
                    self._mark(modelname, uid, listed=True)

    def _refuse_twins(self, group: list[DiffSyncModel], there: dict[str, DiffSyncModel]) -> None:
        """Raise ObjectAlreadyExists when two different objects share an identity; adding one twice is harmless."""
        known = dict(there)
        for obj in group:
            uid = obj.get_unique_id()
            if known.setdefault(uid, obj) is not obj:
                raise self._twin(obj)

    def update(self, *, obj: DiffSyncModel) -> None:
        """Put an object in, in place of the one that has its identity."""
        self._data.setdefault(obj.get_type(), {})[obj.get_unique_id()] = obj
        self._adopt(obj)
        if self._watchers:
            self._mark(obj.get_type(), obj.get_unique_id())

    def remove_item(self, modelname: str, uid: str) -> None:
        """Remove one object by its unique id, or raise ObjectNotFound."""
        try:
            del self._data[modelname][uid]
        except KeyError:
            raise self._not_found(modelname, uid) from None
        if self._watchers:
            self._mark(modelname, uid, listed=True)

    def clear(self) -> None:
        """Remove everything."""
        self._data.clear()
        self._mark_all()

    def count(self, *, model: Any = None) -> int:
        """Return how many objects there are, of one model or in all."""
        if model is None:
            return sum(len(objects) for __, objects in self._groups())
        return len(self._data.get(model_name(model), {}))

    def _adopt(self, obj: DiffSyncModel) -> None:
        """Make an object this adapter's, unless it is one's already."""
        values = obj.__dict__  # straight into the record: a load does this once per object
        if values["adapter"] is None:
            values["adapter"] = self.adapter
        obj.share_fields_set()

    def _adopt_all(self, objs: list[DiffSyncModel]) -> None:
        adapter = self.adapter
        for obj in objs:
            values = obj.__dict__
            if values["adapter"] is None:
                values["adapter"] = adapter
        share_fields_sets(objs)

    def _groups(self) -> list[tuple[str, dict[str, DiffSyncModel]]]:
        """Return the objects by model, as a list: another thread may add the first object of a model meanwhile."""
        return list(self._data.items())


def _by_model(
    objs: list[DiffSyncModel],
) -> Iterator[tuple[str, list[DiffSyncModel], dict[str, DiffSyncModel]]]:
    """Return the objects by model: its name, they, and they by their unique ids."""
    groups: dict[str, list[DiffSyncModel]] = {}
    if is_alike(objs):  # nearly always
        groups[objs[0].get_type()] = objs
    else:
        for obj in objs:
            groups.setdefault(obj.get_type(), []).append(obj)
    for modelname, group in groups.items():
        yield modelname, group, dict(zip(unique_ids_of(group), group, strict=True))
