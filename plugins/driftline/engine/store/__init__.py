"""Where an adapter keeps its objects."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, Self

import structlog

from driftline.engine.exceptions import ObjectAlreadyExists, ObjectNotFound
from driftline.engine.marks import Marks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from driftline.engine.model import DiffSyncModel

_log = structlog.get_logger(__name__)
_NO_BATCH = nullcontext()


class BaseStore(ABC):
    """What every store can do. Models are named by class, by instance or by model name.

    A store that keeps its objects elsewhere writes in batches: what was changed is seen here at once, and
    elsewhere after `flush` or `close`. As a context manager, a store closes itself.
    """

    tells_changes: ClassVar[bool] = False
    """Whether the store tells those who watch it of every change; one that does calls `_mark` after each."""

    def __init__(self, *, adapter: Any = None, name: str = "") -> None:
        self.adapter = adapter
        self.name = name or type(self).__name__
        self._watchers: list[weakref.ref[Marks]] = []

    def __str__(self) -> str:
        """Return the store's name, as error messages use it."""
        return self.name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # Reading ----------------------------------------------------------------------------------------------

    @abstractmethod
    def get_all_model_names(self) -> set[str]:
        """Return the names of the models that have at least one object."""

    @abstractmethod
    def get_all(self, *, model: Any) -> list[DiffSyncModel]:
        """Return all objects of a model in the order in which they were added."""

    @abstractmethod
    def find_by_uids(self, *, uids: Iterable[str], model: Any) -> dict[str, Any]:
        """Return those of the objects with these unique ids that are there, by unique id, in one batch."""

    @abstractmethod
    def count(self, *, model: Any = None) -> int:
        """Return how many objects there are, of one model or in all."""

    def get(self, *, model: Any, identifier: str | Mapping[str, Any]) -> DiffSyncModel:
        """Return one object, or raise ObjectNotFound; a string is a unique id."""
        uid = self._uid(model, identifier)
        return self.get_by_uids(uids=[uid], model=model)[0]

    def get_by_uids(self, *, uids: Iterable[str], model: Any) -> list[DiffSyncModel]:
        """Return the objects with these unique ids, or raise ObjectNotFound naming all that are missing."""
        wanted = list(uids)
        found = self.find_by_uids(uids=wanted, model=model)
        missing = [uid for uid in wanted if uid not in found]
        if missing:
            raise self._not_found(model_name(model), ", ".join(missing))
        return [found[uid] for uid in wanted]

    def has(self, modelname: str, uid: str) -> bool:
        """Return whether there is an object with this unique id."""
        return uid in self.find_by_uids(uids=[uid], model=modelname)

    # Writing ----------------------------------------------------------------------------------------------

    @abstractmethod
    def add(self, *, obj: DiffSyncModel) -> None:
        """Add an object, or raise ObjectAlreadyExists when another one has its identity."""

    @abstractmethod
    def add_many(self, objs: Iterable[DiffSyncModel]) -> None:
        """Add objects, or raise ObjectAlreadyExists and add none when another one has the identity of one."""

    @abstractmethod
    def update(self, *, obj: DiffSyncModel) -> None:
        """Put an object in, in place of the one that has its identity."""

    @abstractmethod
    def remove_item(self, modelname: str, uid: str) -> None:
        """Remove one object by its unique id, or raise ObjectNotFound."""

    @abstractmethod
    def clear(self) -> None:
        """Remove everything."""

    def touch(self, obj: DiffSyncModel) -> None:
        """Note that an object of this store was changed in place."""
        if self._watchers:
            self._mark(obj.get_type(), obj.get_unique_id())

    def flush(self) -> None:  # noqa: B027 - nothing to do in memory
        """Write what is not written yet."""

    def close(self) -> None:  # noqa: B027 - nothing to do in memory
        """Write what is not written yet, and let go of files and connections."""

    def batch(self) -> AbstractContextManager[None]:
        """Write nothing within this context on the store's own account: what belongs together is written as one."""
        return _NO_BATCH

    def remove(self, *, obj: DiffSyncModel, remove_children: bool = False) -> None:
        """Remove an object, and with `remove_children` all that is below it."""
        self.remove_item(obj.get_type(), obj.get_unique_id())
        self._let_go(obj, remove_children=remove_children)

    def _let_go(self, obj: DiffSyncModel, *, remove_children: bool) -> None:
        if remove_children:
            for modelname, field in obj.get_children_mapping().items():
                self._remove_below(obj, modelname, list(getattr(obj, field)))
        if obj.adapter is self.adapter:
            obj.__dict__["adapter"] = None

    def _remove_below(self, parent: DiffSyncModel, modelname: str, uids: list[str]) -> None:
        found = self.find_by_uids(uids=uids, model=modelname)
        for uid in uids:
            # Taken out: a unique id that is listed twice is missing the second time.
            child = found.pop(uid, None)
            if child is not None:
                self._discard(modelname, uid)
                self._let_go(child, remove_children=True)
                continue
            _log.error(
                "Unable to remove child element as it was not found!",
                store=self,
                parent_id=str(parent),
                parent_type=parent.get_type(),
                child_id=uid,
                child_type=modelname,
            )

    def _discard(self, modelname: str, uid: str) -> None:
        """Remove an object that was just read."""
        self.remove_item(modelname, uid)

    # Telling of changes -----------------------------------------------------------------------------------

    def watch(self) -> Marks | None:
        """Return marks of what is changed from now on, for as long as they are kept; None: it can't tell."""
        if not self.tells_changes:
            return None
        marks = Marks()
        self._watchers.append(weakref.ref(marks, self._watchers.remove))
        return marks

    def _mark(self, modelname: str, uid: str, *, listed: bool = False) -> None:
        """Tell that an object was changed; `listed`: it was put in or taken out."""
        for watcher in list(self._watchers):
            if (marks := watcher()) is not None:
                marks.note(modelname, uid, listed=listed)

    def _mark_all(self) -> None:
        for watcher in list(self._watchers):
            if (marks := watcher()) is not None:
                marks.note_all()

    # Getting or making ------------------------------------------------------------------------------------

    def get_or_instantiate(
        self, *, model: Any, ids: Mapping[str, Any], attrs: Mapping[str, Any] | None = None
    ) -> tuple[DiffSyncModel, bool]:
        """Return an object, made from these values when it is not there, and whether it was made."""
        try:
            return self.get(model=model, identifier=ids), False
        except ObjectNotFound:
            return self._added(model(**ids, **(attrs or {})))

    def get_or_add_model_instance(self, obj: DiffSyncModel) -> tuple[DiffSyncModel, bool]:
        """Return the object with the identity of this one, or this one, added, and whether it was added."""
        try:
            return self.get(model=obj.get_type(), identifier=obj.get_unique_id()), False
        except ObjectNotFound:
            return self._added(obj)

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

    def _added(self, obj: DiffSyncModel) -> tuple[DiffSyncModel, bool]:
        try:
            self.add(obj=obj)
        except ObjectAlreadyExists as error:
            if error.existing_object is not obj:
                raise
            # Another thread was quicker.
            return self.get(model=obj, identifier=obj.get_unique_id()), False
        return obj, True

    def _updated(self, obj: DiffSyncModel, attrs: Mapping[str, Any]) -> DiffSyncModel:
        for name, value in attrs.items():
            setattr(obj, name, value)
        self.update(obj=obj)
        return obj

    # Names ------------------------------------------------------------------------------------------------

    def _not_found(self, modelname: str, uids: str) -> ObjectNotFound:
        error = ObjectNotFound(f"{modelname} {uids} not present in {self}")
        error.about("find", modelname, {"unique_id": uids})
        return error

    @staticmethod
    def _twin(obj: DiffSyncModel) -> ObjectAlreadyExists:
        error = ObjectAlreadyExists(f"Object {obj.get_unique_id()} already present", obj)
        error.about("add", obj.get_type(), obj.get_identifiers())
        return error

    def _uid(self, model: Any, identifier: str | Mapping[str, Any]) -> str:
        if isinstance(identifier, str):
            return identifier
        if not isinstance(identifier, Mapping):
            raise TypeError(f"an identifier is a string or a mapping, not {type(identifier).__name__}")
        cls = model if hasattr(model, "create_unique_id") else self._class_of(model)
        return str(cls.unique_id_of(identifier))

    def _class_of(self, modelname: str) -> Any:
        """Return the class that the adapter has for a model, or raise ValueError."""
        cls = getattr(self.adapter, modelname, None)
        if isinstance(cls, type):
            return cls
        raise ValueError(f"Invalid args: the class of model {modelname!r} is not known to {self}")


def model_name(model: Any) -> str:
    """Return the name of a model that is given as a class, an instance or a name."""
    return model if isinstance(model, str) else str(model.get_type())
