"""Protocols of what the engine calls and of what calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from .diff import Diff
    from .model import DiffSyncModel
    from .transaction import Transaction

Unit = TypeVar("Unit")
Outcome = TypeVar("Outcome")


class ProgressCallback(Protocol):
    """Called as work goes on; `stage` is `diff` or `sync`, the numbers count objects."""

    def __call__(self, stage: str, current: int, total: int, /) -> Any: ...


class Validator(Protocol):
    """Says whether a synchronisation may be made, or was made well."""

    def __call__(self, diff: Diff, /) -> bool: ...


class Dispatch(Protocol):
    """Runs one piece of work per unit, in turn or at once, and returns the outcomes in any order."""

    def __call__(self, work: Callable[[Unit], Outcome], units: Sequence[Unit], /) -> Iterable[Outcome]: ...


class Dataset(Protocol):
    """What the differ and the executor need of an adapter."""

    @property
    def name(self) -> str:
        """What the dataset is called."""

    @property
    def top_level(self) -> Sequence[str]:
        """The names of the models at the top."""

    def get(self, obj: Any, identifier: str | Mapping[str, Any]) -> Any:
        """Return an object, or raise ObjectNotFound."""

    def get_or_none(self, obj: Any, identifier: str | Mapping[str, Any]) -> Any:
        """Return an object, or None."""

    def get_all(self, obj: Any) -> list[Any]:
        """Return all objects of one model, in the order in which they were added."""

    def get_by_uids(self, uids: Iterable[str], obj: Any) -> list[Any]:
        """Return the objects with these unique ids, or raise ObjectNotFound."""

    def has(self, modelname: str, uid: str) -> bool:
        """Return whether there is an object with this unique id."""

    def find_by_uids(self, uids: Iterable[str], obj: Any) -> Mapping[str, Any]:
        """Return those of the objects with these unique ids that are there, by unique id."""

    def add(self, obj: DiffSyncModel) -> None:
        """Add an object."""

    def update(self, obj: DiffSyncModel) -> None:
        """Keep an object that was changed."""

    def remove(self, obj: DiffSyncModel, remove_children: bool = False) -> None:  # noqa: FBT001, FBT002 - diffsync's signature
        """Remove an object."""

    def batch(self) -> AbstractContextManager[None]:
        """Return a context in which what is changed in the store is written as one."""

    def model_class(self, modelname: str) -> type[DiffSyncModel]:
        """Return the class of a model by its name."""

    def parent_fields(self, modelname: str) -> list[tuple[str, str]]:
        """Return the models that can be a parent of this one, each with the field that lists it."""

    def unit_of(self, modelname: str, identity: Mapping[str, Any]) -> str:
        """Return the name of the unit that an object changes with."""

    def identify(self, unit: str) -> dict[str, str]:
        """Return what must still be true of a unit when a plan for it is applied."""

    def transaction(self, unit: str) -> Transaction:
        """Return a new transaction for a unit."""
