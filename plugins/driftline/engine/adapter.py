"""Adapters: datasets that load models from one system and push changes back to it."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast, overload

import structlog

from .diff import Diff
from .differ import calculate
from .enum import DiffSyncFlags
from .exceptions import DiffClassMismatch, ObjectNotFound, ObjectRefused
from .executor import Policy, execute
from .model import DiffSyncModel
from .plan import by_unit, make_steps
from .results import UnitOutcome, UnitResult
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
                what = "a DiffSyncModel subclass" if hasattr(cls, name) else "a class attribute"
                raise AttributeError(f'top_level references attribute "{name}" but it is not {what}!')

    def __str__(self) -> str:
        """Return the adapter's name."""
        return self.name

    def __repr__(self) -> str:
        """Return the adapter's name, as log events show it."""
        return f"<{self.name}>"

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

        A given diff is applied as it is, also when it is empty. The first exception of a hook ends the sync and
        is raised, unless the flags say CONTINUE_ON_FAILURE; a hook that returns None leaves out its object and
        what is below it.
        """
        if diff is None:
            diff = self.diff_from(source, diff_class=diff_class, flags=flags, callback=callback)
        elif not isinstance(diff, diff_class):
            raise DiffClassMismatch(
                f"The provided diff's class ({diff.__class__.__name__}) does not match "
                f"the diff_class: {diff_class.__name__}"
            )
        steps = make_steps(diff, self)
        proceed = DiffSyncFlags.CONTINUE_ON_FAILURE in flags
        done, total = 0, len(diff)

        def progress(unit: UnitResult) -> None:
            nonlocal done
            done += len(unit.steps)
            if callback is not None:
                callback("sync", done, total)

        log = structlog.get_logger().new(src=source, dst=self, flags=flags)
        log.info("Beginning sync")
        policy = Policy(stop_on_failure=not proceed)
        result = execute(by_unit(steps), self, policy=policy, on_unit=progress, log=log)
        if DiffSyncFlags.LOG_UNCHANGED_RECORDS in flags:
            self._log_unchanged(diff, log)
        log.info("Sync complete")
        errors = [unit.error for unit in result.units if unit.error is not None]
        if result.interrupted:
            raise KeyboardInterrupt from next(iter(errors), None)
        raised = [error for error in errors if not isinstance(error, ObjectRefused)]
        if raised and not proceed:
            raise raised[0]
        if callback is not None and done < total:
            callback("sync", total, total)  # the other elements are there for what is below them
        if result.counts[UnitOutcome.APPLIED]:
            self.sync_complete(source, diff, flags, log)
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

    def _log_unchanged(self, diff: Diff, log: Any) -> None:
        for element in diff.walk():
            if element.action is None:
                uid = self.model_class(element.type).create_unique_id(**element.keys)
                log.debug(
                    "No changes to apply; no action needed", action=None, model=element.type, unique_id=uid
                )

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
        """Add the objects that `dict` returned; of models that this adapter does not have, none."""
        for modelname, cls in self._models.items():
            for values in data.get(modelname, {}).values():
                self.add(cls(**values))
