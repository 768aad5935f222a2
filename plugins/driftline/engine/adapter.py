"""Adapters: datasets that load models from one system and push changes back to it."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

import structlog

from .diff import Diff
from .differ import calculate
from .enum import DiffSyncFlags
from .exceptions import DiffClassMismatch, ObjectNotFound
from .executor import Policy, execute
from .model import DiffSyncModel
from .plan import make_plan
from .results import UnitOutcome
from .store import BaseStore
from .store.local import LocalStore
from .transaction import MemoryTransaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .transaction import Transaction
    from .typing import ProgressCallback

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
    ) -> None:
        self.type = self.type or self.__class__.__name__
        self.name = name or self.type
        if isinstance(internal_storage_engine, BaseStore):
            self.store = internal_storage_engine
            self.store.adapter = self
        else:
            self.store = internal_storage_engine(adapter=self, name=self.name)

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
                raise AttributeError(
                    f'top_level references attribute "{name}" but it is not a class attribute!'
                )

    def __str__(self) -> str:
        """Return the adapter's name."""
        return self.name

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
    ) -> Diff:
        """Change this dataset to be like the source, by the hooks of its models, and return the diff.

        A given diff is applied as it is, also when it is empty.
        """
        if diff is None:
            diff = self.diff_from(source, diff_class=diff_class, flags=flags, callback=callback)
        elif not isinstance(diff, diff_class):
            raise DiffClassMismatch(
                f"The provided diff's class is {diff.__class__.__name__}, not {diff_class.__name__}"
            )
        units = make_plan(diff, source, self).units
        proceed = DiffSyncFlags.CONTINUE_ON_FAILURE in flags
        total, done = len(units), 0

        def progress(_: Any) -> None:
            nonlocal done
            done += 1
            if callback is not None:
                callback("sync", done, total)

        result = execute(units, self, policy=Policy(stop_on_failure=not proceed), on_unit=progress)
        if result.counts[UnitOutcome.APPLIED]:
            self.sync_complete(
                source, diff, flags, structlog.get_logger().new(src=source, dst=self, flags=flags)
            )
        if result.interrupted:
            raise KeyboardInterrupt
        failed = next((unit.error for unit in result.units if unit.error is not None), None)
        if failed is not None and not proceed:
            raise failed
        return diff

    def sync_to(
        self,
        target: Adapter,
        diff_class: builtins.type[Diff] = Diff,
        flags: DiffSyncFlags = DiffSyncFlags.NONE,
        callback: ProgressCallback | None = None,
        diff: Diff | None = None,
    ) -> Diff:
        """Change the target to be like this dataset."""
        return target.sync_from(self, diff_class=diff_class, flags=flags, callback=callback, diff=diff)

    def sync_complete(
        self, source: Adapter, diff: Diff, flags: DiffSyncFlags = DiffSyncFlags.NONE, logger: Any = None
    ) -> None:
        """Called after a sync that changed something; does nothing by default."""

    # Units ------------------------------------------------------------------------------------------------

    def unit_of(self, modelname: str, identity: Mapping[str, Any]) -> str:
        """Return what an object changes with; by default every object changes alone."""
        return f"{modelname} {self.model_class(modelname).create_unique_id(**identity)}"

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

    def get_all_model_names(self) -> set[str]:
        """Return the names of the models that have objects."""
        return self.store.get_all_model_names()

    def add(self, obj: DiffSyncModel) -> None:
        """Add an object."""
        self.store.add(obj=obj)

    def update(self, obj: DiffSyncModel) -> None:
        """Put an object in, in place of the one that has its identity."""
        self.store.update(obj=obj)

    def remove(self, obj: DiffSyncModel, remove_children: bool = False) -> None:  # noqa: FBT001, FBT002 - diffsync's signature
        """Remove an object, and with `remove_children` all that is below it."""
        self.store.remove(obj=obj, remove_children=remove_children)

    def count(self, model: Any = None) -> int:
        """Return how many objects there are, of one model or in all."""
        return self.store.count(model=model)

    # Text -------------------------------------------------------------------------------------------------

    def dict(self, exclude_defaults: bool = True, **kwargs: Any) -> Mapping[str, Mapping[str, Any]]:  # noqa: FBT001, FBT002 - diffsync's signature
        """Return all objects as plain values: `{model: {unique id: {field: value}}}`."""
        return {
            modelname: {
                obj.get_unique_id(): obj.dict(exclude_defaults=exclude_defaults, **kwargs)
                for obj in self.get_all(modelname)
            }
            for modelname in sorted(self.get_all_model_names())
        }
