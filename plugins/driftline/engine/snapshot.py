"""Snapshots: the values that a dataset had at one time, to tell later which side changed one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

from .exceptions import DiffException, ObjectNotFound
from .exchange import dumped, parsed, unreadable
from .merging import merged
from .model import DiffSyncModel
from .tagged import NotExact, by_name, from_plain, to_plain
from .values import copied

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from .diff import DiffElement
    from .tagged import Enums
    from .typing import Dataset

    class Whole(Dataset, Protocol):
        """A dataset that can tell all it has."""

        def get_all_model_names(self) -> set[str]:
            """Return the names of the models that have objects."""


FORMAT, VERSION = "driftline-snapshot", 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The values of a dataset at one time; as a rule, of the time of the last sync.

    Take it of the dataset that was the destination, right after the sync: then both sides are alike.
    """

    values: Mapping[str, Mapping[str, Mapping[str, Any]]]
    """The managed attributes of every object: {model: {unique id: {attribute: value}}}."""
    classes: Mapping[str, type[DiffSyncModel]] = field(default_factory=dict, compare=False, repr=False)
    """The models: they know how unique ids are made, and which values mean the same."""

    @classmethod
    def of(cls, adapter: Whole) -> Self:
        """Return the values that an adapter has now."""
        names = sorted(adapter.get_all_model_names())
        values = {
            name: {obj.get_unique_id(): attributes_of(obj) for obj in adapter.get_all(name)} for name in names
        }
        return cls(values, _classes(adapter, names))

    def covers(self, element: DiffElement) -> bool:  # noqa: ARG002 - subclasses decide by the element
        """Return whether the snapshot says anything about an object, be it that it was not there."""
        return True

    def find(self, element: DiffElement) -> Mapping[str, Any] | None:
        """Return the values that the object of an element had, or None when it was not there."""
        objects = self.values.get(element.type)
        if objects is None:
            return None
        return objects.get(self.classes.get(element.type, DiffSyncModel).create_unique_id(**element.keys))

    def same(self, model: str, attribute: str, one: Any, other: Any) -> bool:
        """Return whether two values of an attribute mean the same."""
        return self.classes.get(model, DiffSyncModel).same(attribute, one, other)

    def merged(self, model: str, attribute: str, base: Any, source: Any, dest: Any) -> Any:  # noqa: ARG002
        """Return the value with what both sides changed since the base; raises Apart when there is none."""
        return merged(base, source, dest)

    def to_json(self, filepath: str | os.PathLike[str] | None = None, indent: int | None = None) -> str:
        """Return the snapshot as JSON text, and write it to a file when one is named.

        Raises:
            DiffException: a value has no exact JSON form.
        """
        models = {
            model: {uid: _plain(model, uid, attrs) for uid, attrs in objects.items()}
            for model, objects in self.values.items()
        }
        return dumped({"format": FORMAT, "version": VERSION, "models": models}, filepath, indent)

    @classmethod
    def from_json(cls, text: str | bytes, adapter: Dataset | None = None, enums: Enums = ()) -> Self:
        """Return the snapshot of a JSON text.

        Args:
            adapter: one that has the models; needed where they normalise values or make unique ids of their own.
            enums: the enumerations of which attributes have members.

        Raises:
            DiffException: it is no snapshot.
        """
        data, known = parsed(text), by_name(enums)
        if not isinstance(data, dict) or (data.get("format"), data.get("version")) != (FORMAT, VERSION):
            raise unreadable(f"it is no {FORMAT} of version {VERSION}")
        try:
            values = {
                model: {
                    uid: {name: from_plain(value, known) for name, value in attrs.items()}
                    for uid, attrs in objects.items()
                }
                for model, objects in data["models"].items()
            }
        except (NotExact, KeyError, AttributeError) as error:
            raise unreadable(str(error)) from error
        return cls(values, {} if adapter is None else _classes(adapter, values))


def attributes_of(obj: DiffSyncModel) -> dict[str, Any]:
    """Return copies of an object's attributes, without those of which its dataset has no opinion."""
    unmanaged = set(obj._attributes) - set(obj.get_managed())  # noqa: SLF001 - a role of the model, as users define it
    return {name: copied(value) for name, value in obj.get_attrs().items() if name not in unmanaged}


def _classes(adapter: Dataset, names: Iterable[str]) -> dict[str, type[DiffSyncModel]]:
    classes = {}
    for name in names:
        try:
            classes[name] = adapter.model_class(name)
        except ObjectNotFound:  # the adapter holds objects of a model that it does not declare
            continue
    return classes


def _plain(model: str, uid: str, attrs: Mapping[str, Any]) -> dict[str, Any]:
    plain = {}
    for name, value in attrs.items():
        try:
            plain[name] = to_plain(value)
        except NotExact as error:
            raise DiffException(
                f"{model} {uid} can't be saved: attribute {name}: {error}", code="DIFF-VALUE"
            ) from error
    return plain
