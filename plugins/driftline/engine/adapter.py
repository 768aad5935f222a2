"""Adapters: datasets that load models from one system and push changes back to it."""

from __future__ import annotations

import builtins
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast, overload

import structlog
from pydantic import TypeAdapter

from .consistency import check
from .diff import Diff
from .differ import calculate
from .enum import DiffSyncFlags
from .exceptions import DiffClassMismatch, ObjectNotFound, ObjectStoreException, ObjectStoreWrongType
from .loading import bulk_load
from .model import DiffSyncModel
from .store import BaseStore
from .store.cached import CachedStore
from .store.local import LocalStore
from .sync import SyncOptions, SyncResult, synchronise
from .transaction import MemoryTransaction
from .utils import get_path, set_key, tree_string

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from .diff import DiffElement
    from .exceptions import Problem
    from .transaction import Transaction
    from .typing import ProgressCallback, Validator

Model = TypeVar("Model", bound=DiffSyncModel)


class Adapter:
    """A dataset: its models, how they hang together, and where they come from.

    Subclasses name their models as class attributes, list those at the top, and define `load`:

        class Inventory(Adapter):
            site = Site
            device = Device
            top_level = ["site"]

            def load(self): ...
    """

    type: str | None = None
    top_level: Sequence[str] = ()
    _models: ClassVar[builtins.dict[str, builtins.type[DiffSyncModel]]] = {}

    def __init__(
        self,
        name: str | None = None,
        internal_storage_engine: builtins.type[BaseStore] | BaseStore = LocalStore,
        enable_cache: bool = False,  # noqa: FBT001, FBT002 - known so
        cache_size: int = 128,
    ) -> None:
        self.type = self.type or self.__class__.__name__
        self.name = name or self.type
        if isinstance(internal_storage_engine, BaseStore):
            self.store = internal_storage_engine
            self.store.adapter = self
        else:
            self.store = internal_storage_engine(adapter=self, name=self.name)
        if enable_cache:
            self.store = CachedStore(self.store, size=cache_size)
        self._pre_sync_validators: list[Validator] = []
        self._post_sync_validators: list[Validator] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the models, and check that each is named as it calls itself."""
        super().__init_subclass__(**kwargs)
        cls._models = {}
        for name in dir(cls):
            value = getattr(cls, name)
            if isinstance(value, builtins.type) and issubclass(value, DiffSyncModel):
                if value.get_type() != name:
                    raise AttributeError(
                        f"Incorrect field name - {value.__name__} has type name {value.get_type()!r}, not {name!r}"
                    )
                cls._models[name] = value
        for name in cls.top_level:
            if name not in cls._models:
                what = "a DiffSyncModel subclass" if hasattr(cls, name) else "a class attribute"
                raise AttributeError(f'top_level references attribute "{name}" but it is not {what}!')

    def __str__(self) -> str:
        """Return the adapter's type and name."""
        return f'{self.type} "{self.name}"' if self.name != self.type else self.name

    def __repr__(self) -> str:
        """Return the adapter's type and name, as log events show them."""
        return f"<{self}>"

    def __len__(self) -> int:
        """Return the number of objects."""
        return self.store.count()

    def __bool__(self) -> bool:
        """Return True: an adapter without objects is still an adapter."""
        return True

    def load(self) -> None:
        """Fill the dataset from its system; raises LoadError when that can't be done whole."""

    # Comparing and synchronising --------------------------------------------------------------------------

    def diff_from(
        self,
        source: Adapter,
        diff_class: builtins.type[Diff] = Diff,
        flags: DiffSyncFlags = DiffSyncFlags.NONE,
        callback: ProgressCallback | None = None,
    ) -> Diff:
        """Return what has to change here to become like the source."""
        return calculate(source, self, flags=flags, diff_class=diff_class, callback=callback)

    def diff_to(
        self,
        target: Adapter,
        diff_class: builtins.type[Diff] = Diff,
        flags: DiffSyncFlags = DiffSyncFlags.NONE,
        callback: ProgressCallback | None = None,
    ) -> Diff:
        """Return what has to change in the target to become like this dataset."""
        return target.diff_from(self, diff_class=diff_class, flags=flags, callback=callback)

    def sync_from(
        self,
        source: Adapter,
        diff_class: builtins.type[Diff] = Diff,
        flags: DiffSyncFlags = DiffSyncFlags.NONE,
        callback: ProgressCallback | None = None,
        diff: Diff | None = None,
        *,
        atomic: bool = False,
        dry_run: bool = False,
        checkpoint: builtins.str | Path | None = None,
    ) -> Diff:
        """Change this dataset to be like the source, by the hooks of its models, and return the diff.

        A given diff is applied as it is, also when it is empty. The first exception of a hook ends the sync and
        is raised, unless the flags say CONTINUE_ON_FAILURE; a hook that returns None leaves out its object and
        what is below it. `sync` does the same and returns what became of every object.
        """
        result = self.sync(
            source, diff_class, flags, callback, diff, atomic=atomic, dry_run=dry_run, checkpoint=checkpoint
        )
        if DiffSyncFlags.CONTINUE_ON_FAILURE not in flags or result.run.interrupted:
            result.raise_first(refusals=atomic)
        return result.diff

    def sync(
        self,
        source: Adapter,
        diff_class: builtins.type[Diff] = Diff,
        flags: DiffSyncFlags = DiffSyncFlags.NONE,
        callback: ProgressCallback | None = None,
        diff: Diff | None = None,
        *,
        atomic: bool = False,
        dry_run: bool = False,
        checkpoint: builtins.str | Path | None = None,
    ) -> SyncResult:
        """Change this dataset to be like the source, and return what became of every object.

        What a hook raises is in the result. Without CONTINUE_ON_FAILURE nothing more is tried after it.

        Args:
            source: what to become like.
            diff_class: the class of the diff.
            flags: how to compare, and whether to go on after a failure.
            callback: told how far the comparison and the synchronisation are.
            diff: a diff to apply instead of a new one.
            atomic: make all changes or none; what was done is taken back by the hooks' opposites.
            dry_run: only check: validators, the models' own checks, types; no hook is called.
            checkpoint: a file by which the same sync goes on where it was cut off.

        Raises DiffClassMismatch, SyncValidationError, CheckpointError.
        """
        if diff is None:
            diff = self.diff_from(source, diff_class=diff_class, flags=flags, callback=callback)
        elif not isinstance(diff, diff_class):
            raise DiffClassMismatch(
                f"The provided diff's class ({diff.__class__.__name__}) does not match "
                f"the diff_class: {diff_class.__name__}"
            )
        before, after = tuple(self._pre_sync_validators), tuple(self._post_sync_validators)
        options = SyncOptions(flags, callback, atomic, dry_run, checkpoint, before, after)
        try:
            result = synchronise(source, self, diff, options)
        finally:
            self.store.flush()
        if result.changed and not result.cut_short:
            self.sync_complete(
                source, diff, flags, structlog.get_logger().new(src=source, dst=self, flags=flags)
            )
        return result

    def add_pre_sync_validator(self, validator: Validator) -> None:
        """Ask this function about every diff before it is applied; when it says no, nothing is written."""
        self._pre_sync_validators.append(validator)

    def add_post_sync_validator(self, validator: Validator) -> None:
        """Ask this function after every sync; when it says no to an atomic one, all of it is taken back."""
        self._post_sync_validators.append(validator)

    def sync_to(
        self,
        target: Adapter,
        diff_class: builtins.type[Diff] = Diff,
        flags: DiffSyncFlags = DiffSyncFlags.NONE,
        callback: ProgressCallback | None = None,
        diff: Diff | None = None,
        **options: Any,
    ) -> Diff:
        """Change the target to be like this dataset; the options are those of `sync_from`."""
        return target.sync_from(self, diff_class, flags, callback, diff, **options)

    def sync_from_transactional(
        self,
        source: Adapter,
        rollback_on_failure: bool = True,  # noqa: FBT001, FBT002 - known so
        **options: Any,
    ) -> tuple[Diff, bool]:
        """Make all changes or none, and return the diff and True; a failure is raised after it was taken back."""
        return self.sync_from(source, atomic=rollback_on_failure, **options), True

    def sync_from_dry_run(
        self, source: Adapter, **options: Any
    ) -> tuple[Diff, builtins.dict[builtins.str, list[DiffElement]]]:
        """Return the diff, and its elements under `would_create`, `would_update` and `would_delete`.

        The models' own checks are made; the first that fails is raised.
        """
        diff = self.sync_from(source, dry_run=True, **options)
        actions = ("create", "update", "delete")
        return diff, {f"would_{action}": diff.query(action=action) for action in actions}

    def calculate_diffs_parallel(self, source: Adapter, max_workers: int = 4, **options: Any) -> Diff:  # noqa: ARG002
        """Return the same diff as `diff_from`.

        A comparison of two records takes a microsecond of Python, which threads can't share: it is made in
        this thread. What can be done at once is loading; see `driftline.engine.loading.load_together`.
        """
        return self.diff_from(source, **options)

    def sync_complete(
        self, source: Adapter, diff: Diff, flags: DiffSyncFlags = DiffSyncFlags.NONE, logger: Any = None
    ) -> None:
        """Called after a sync that changed something; does nothing by default."""

    # Units ------------------------------------------------------------------------------------------------

    def unit_of(self, modelname: str, identity: Mapping[str, Any]) -> str:
        """Return what an object changes with; by default every object changes alone."""
        return f"{modelname} {self.model_class(modelname).unique_id_of(identity)}"

    def identify(self, unit: str) -> builtins.dict[str, str]:  # noqa: ARG002 - subclasses know their units
        """Return what must still be true of a unit when a plan for it is applied; by default nothing."""
        return {}

    def transaction(self, unit: str) -> Transaction:  # noqa: ARG002 - subclasses open theirs by unit
        """Return a new transaction for a unit; by default the hooks write at once."""
        return MemoryTransaction()

    # Objects ----------------------------------------------------------------------------------------------

    def model_class(self, modelname: str) -> builtins.type[DiffSyncModel]:
        """Return the class of a model by its name."""
        try:
            return self._models[modelname]
        except KeyError:
            raise ObjectNotFound(f"{self.name} has no model {modelname!r}") from None

    def parent_fields(self, modelname: str) -> list[tuple[str, str]]:
        """Return the models that can be a parent of this one, each with the field that lists it."""
        return [
            (name, cls.get_children_mapping()[modelname])
            for name, cls in self._models.items()
            if modelname in cls.get_children_mapping()
        ]

    # By class, the objects have the class's type; by name, whatever the caller knows them to be.

    @overload
    def get(self, obj: builtins.type[Model], identifier: str | Mapping[str, Any]) -> Model: ...
    @overload
    def get(self, obj: Any, identifier: str | Mapping[str, Any]) -> Any: ...

    def get(self, obj: Any, identifier: str | Mapping[str, Any]) -> Any:
        """Return an object by its model and its identity (a mapping, or a unique id)."""
        return self.store.get(model=obj, identifier=identifier)

    @overload
    def get_or_none(self, obj: builtins.type[Model], identifier: str | Mapping[str, Any]) -> Model | None: ...
    @overload
    def get_or_none(self, obj: Any, identifier: str | Mapping[str, Any]) -> Any: ...

    def get_or_none(self, obj: Any, identifier: str | Mapping[str, Any]) -> Any:
        """Return an object, or None when it is not there."""
        try:
            return self.get(obj, identifier)
        except ObjectNotFound:
            return None

    @overload
    def get_all(self, obj: builtins.type[Model]) -> list[Model]: ...
    @overload
    def get_all(self, obj: Any) -> list[Any]: ...

    def get_all(self, obj: Any) -> list[Any]:
        """Return all objects of a model, in the order in which they were added."""
        return self.store.get_all(model=obj)

    @overload
    def get_by_uids(self, uids: Iterable[str], obj: builtins.type[Model]) -> list[Model]: ...
    @overload
    def get_by_uids(self, uids: Iterable[str], obj: Any) -> list[Any]: ...

    def get_by_uids(self, uids: Iterable[str], obj: Any) -> list[Any]:
        """Return the objects of a model with these unique ids."""
        return self.store.get_by_uids(uids=uids, model=obj)

    def has(self, modelname: str, uid: str) -> bool:
        """Return whether there is an object with this unique id."""
        return self.store.has(modelname, uid)

    def find_by_uids(self, uids: Iterable[str], obj: Any) -> builtins.dict[str, Any]:
        """Return those of the objects with these unique ids that are there, by unique id."""
        return self.store.find_by_uids(uids=uids, model=obj)

    def get_all_model_names(self) -> set[str]:
        """Return the names of the models that have objects."""
        return self.store.get_all_model_names()

    def get_or_instantiate(
        self,
        model: builtins.type[Model],
        ids: Mapping[str, Any],
        attrs: Mapping[str, Any] | None = None,
    ) -> tuple[Model, bool]:
        """Return an object, made from these values when it is not there, and whether it was made."""
        return cast("tuple[Model, bool]", self.store.get_or_instantiate(model=model, ids=ids, attrs=attrs))

    def get_or_add_model_instance(self, obj: Model) -> tuple[Model, bool]:
        """Return the object with the identity of this one, or this one, added, and whether it was added."""
        return cast("tuple[Model, bool]", self.store.get_or_add_model_instance(obj))

    def update_or_instantiate(
        self, model: builtins.type[Model], ids: Mapping[str, Any], attrs: Mapping[str, Any]
    ) -> tuple[Model, bool]:
        """Return an object with these values set, made when it is not there, and whether it was made."""
        return cast("tuple[Model, bool]", self.store.update_or_instantiate(model=model, ids=ids, attrs=attrs))

    def update_or_add_model_instance(self, obj: Model) -> tuple[Model, bool]:
        """Return the object with the identity of this one, its attributes set as here, and whether it is new."""
        return cast("tuple[Model, bool]", self.store.update_or_add_model_instance(obj))

    def add(self, obj: DiffSyncModel, parent: DiffSyncModel | None = None) -> None:
        """Add an object, and list it under its parent."""
        if parent is not None:
            parent.expect_new(obj)
        self.store.add(obj=obj)
        if parent is not None:
            parent.add_child(obj)

    def add_many(
        self,
        model: builtins.type[Model],
        rows: Iterable[Mapping[builtins.str, Any]],
        parent: DiffSyncModel | None = None,
    ) -> list[Model]:
        """Make objects of one model from values that are validated together, add them, and return them.

        All are added or none: raises pydantic's ValidationError, ObjectAlreadyExists or ObjectStoreWrongType.
        """
        objs = cast("list[Model]", _list_of(model).validate_python(list(rows)))
        self.store.add_many(objs)
        if parent is not None:
            try:
                parent.add_children(objs)
            except ObjectStoreException:
                for obj in objs:
                    self.store.remove(obj=obj)
                raise
        return objs

    def batch(self) -> AbstractContextManager[None]:
        """Return a context in which what is changed in the store is written as one."""
        return self.store.batch()

    def bulk(self) -> AbstractContextManager[None]:
        """Load many objects within this context: the garbage collector looks away, stores write in batches."""
        return _bulk(self.store)

    def touch(self, obj: DiffSyncModel) -> None:
        """Note that an object was changed in place."""
        self.store.touch(obj)

    def update(self, obj: DiffSyncModel) -> None:
        """Put an object in, in place of the one that has its identity."""
        self.store.update(obj=obj)

    def remove(self, obj: DiffSyncModel, remove_children: bool = False) -> None:  # noqa: FBT001, FBT002 - diffsync's signature
        """Remove an object, and with `remove_children` all that is below it."""
        self.store.remove(obj=obj, remove_children=remove_children)

    def check(self) -> list[Problem]:
        """Return what does not hang together: children that are listed and missing, objects that hang nowhere."""
        return check(self)

    def count(self, model: Any = None) -> int:
        """Return how many objects there are, of one model or in all."""
        return self.store.count(model=model)

    # Text -------------------------------------------------------------------------------------------------

    def str(self, indent: int = 0) -> builtins.str:
        """Return all objects as indented text, from the top down."""
        margin = " " * indent
        lines: list[builtins.str] = []
        for modelname in self.top_level:
            objects = self.get_all(modelname)
            lines.append(f"{margin}{modelname}" if objects else f"{margin}{modelname}: []")
            lines.extend(obj.str(indent=indent + 2) for obj in objects)
        return "\n".join(lines)

    def dict(
        self,
        exclude_defaults: bool = True,  # noqa: FBT001, FBT002 - diffsync's signature
        **kwargs: Any,
    ) -> Mapping[builtins.str, Mapping[builtins.str, Any]]:
        """Return all objects as plain values: `{model: {unique id: {field: value}}}`."""
        return {
            modelname: {
                obj.get_unique_id(): obj.dict(exclude_defaults=exclude_defaults, **kwargs)
                for obj in self.get_all(modelname)
            }
            for modelname in sorted(self.get_all_model_names())
        }

    def load_from_dict(
        self, data: Mapping[builtins.str, Mapping[builtins.str, Mapping[builtins.str, Any]]]
    ) -> None:
        """Add the objects that `dict` returned; raises ObjectStoreWrongType, and adds none, for an unknown model."""
        if unknown := sorted(modelname for modelname in data if modelname not in self._models):
            raise ObjectStoreWrongType(
                f"{self.name} has no model {', '.join(unknown)}",
                hint=f"it has {', '.join(sorted(self._models))}; leave the others out",
            )
        for modelname in self._get_initial_value_order():
            self.add_many(self._models[modelname], data.get(modelname, {}).values())

    @classmethod
    def get_tree_traversal(cls, as_dict: bool = False) -> Any:  # noqa: FBT001, FBT002 - diffsync's signature
        """Return which models are below which, as a drawing or as nested dictionaries."""
        tree: builtins.dict[builtins.str, Any] = {}
        for modelname in cls._get_initial_value_order():
            path = get_path(tree, modelname) or [modelname]
            set_key(tree, path)
            for child in cls._models[modelname].get_children_mapping():
                set_key(tree, [*(get_path(tree, modelname) or path), child])
        return tree if as_dict else tree_string(tree, cls.__name__)

    @classmethod
    def _get_initial_value_order(cls) -> list[builtins.str]:
        """Return the names of the models: those at the top first, the others by name."""
        return [*cls.top_level, *(name for name in cls._models if name not in cls.top_level)]


@lru_cache(maxsize=256)
def _list_of(model: type[DiffSyncModel]) -> TypeAdapter[list[DiffSyncModel]]:
    return TypeAdapter(list[model])  # type: ignore[valid-type] # known only now


@contextmanager
def _bulk(store: BaseStore) -> Iterator[None]:
    with bulk_load(), store.batch():
        yield
