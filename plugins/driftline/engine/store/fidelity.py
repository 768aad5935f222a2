"""Which objects can be written as JSON without a look at how they read back."""

from __future__ import annotations

import enum
import types
import typing
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from typing import Any, Union
from uuid import UUID

from driftline.engine.model import DiffSyncModel

_EXACT = frozenset(
    {
        *(str, int, bool, UUID),
        *(IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network),
    }
)
_COLLECTIONS = frozenset({list, set, frozenset, tuple})
_NESTED = _COLLECTIONS | {dict}

_SHAPES = 1_000
"""How many shapes of a model's objects are remembered; there are few, but tuples of any length make many."""

_CHANGING = (
    "validators",
    "field_validators",
    "root_validators",
    "model_validators",
    "field_serializers",
    "model_serializers",
)


class Proven:
    """The shapes in which objects of a class were seen to read back.

    A shape is made of the names and the types of an object's values, and the types of what is in its collections. In
    a model of plain types without limits, validators and serializers, when one object reads back, all do that have
    the same shape. For all others it depends on the values; of these nothing is remembered.
    """

    def __init__(self, cls: Any) -> None:
        self._plain = is_plain(cls)
        self._shapes: dict[tuple[Any, ...], dict[str, set[Any]]] = {}
        """By names and types: for each value that is a collection, what was seen in it."""

    def holds(self, obj: DiffSyncModel) -> bool:
        """Return whether an object of this shape was seen to read back."""
        values = obj.__dict__
        shapes = self._shapes.get((*values, *map(type, values.values())))
        return shapes is not None and all(_inside(values[name]) in known for name, known in shapes.items())

    def note(self, obj: DiffSyncModel) -> None:
        """Note that an object was seen to read back."""
        values = obj.__dict__
        inside = {name: _inside(value) for name, value in values.items() if type(value) in _NESTED}
        if not self._plain or None in inside.values():
            return
        if len(self._shapes) < _SHAPES:
            shapes = self._shapes.setdefault((*values, *map(type, values.values())), {})
            for name, types in inside.items():
                known = shapes.setdefault(name, set())
                if len(known) < _SHAPES:
                    known.add(types)


def _inside(value: Any) -> Any:
    """Return the types of what is in a collection; None when collections are among them."""
    kind = type(value)
    inside = tuple(map(type, value)) if kind is tuple else frozenset(map(type, value))
    if not _NESTED.isdisjoint(inside):
        return None
    if kind is not dict:
        return inside
    below = frozenset(map(type, value.values()))
    return (inside, below) if _NESTED.isdisjoint(below) else None


@lru_cache(maxsize=256)
def is_plain(cls: Any) -> bool:
    """Return whether it is the types of its values alone that tell whether an object of a model reads back."""
    own_code = (
        any(getattr(cls.__pydantic_decorators__, kind, None) for kind in _CHANGING)
        or cls.model_post_init is not DiffSyncModel.model_post_init
        or cls.__pydantic_custom_init__
    )
    return (
        not own_code
        and not cls.__private_attributes__
        and set(cls.model_config) <= {"arbitrary_types_allowed"}
        and all(_plain(field) for name, field in cls.model_fields.items() if name != "adapter")
    )


def _plain(field: Any) -> bool:
    left_out = field.exclude or getattr(field, "exclude_if", None)
    return not field.metadata and not left_out and _exact(field.annotation)


def _exact(annotation: Any) -> bool:
    """Return whether JSON keeps every value of a type, and tells it from every other value of it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return all(type(member.value) in (str, int) for member in annotation)
    if origin is dict:
        return arguments[0] is str and _exact(arguments[1])
    if origin in (Union, types.UnionType):
        # Of several types that a text can be, the one it was is not known.
        arguments = tuple(argument for argument in arguments if argument is not types.NoneType)
        return len(arguments) == 1 and _exact(arguments[0])
    if origin in _COLLECTIONS:
        return bool(arguments) and all(_exact(item) for item in arguments if item is not ...)
    return annotation in _EXACT
