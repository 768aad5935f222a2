"""Which models can be written as JSON without a look at how they read back."""

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

_EXACT = frozenset(
    {
        *(str, int, bool, types.NoneType, UUID),
        *(IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network),
    }
)
_COLLECTIONS = frozenset({list, set, frozenset, tuple})


_CHANGING = (
    "validators",
    "field_validators",
    "root_validators",
    "model_validators",
    "field_serializers",
    "model_serializers",
)


@lru_cache(maxsize=256)
def reads_back(cls: Any) -> bool:
    """Return whether every object of a model reads back as it is, if only its values are of the fields' types.

    So it is for plain types without limits, validators and serializers. For all others it depends on the values.
    """
    own_code = (
        any(getattr(cls.__pydantic_decorators__, kind, None) for kind in _CHANGING)
        or cls.__pydantic_post_init__ is not None
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
    if annotation in _EXACT:
        return True
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in _COLLECTIONS:
        return bool(arguments) and all(_exact(item) for item in arguments if item is not ...)
    if origin is typing.Literal:
        return all(type(value) in (str, int) for value in arguments)
    if origin is dict:
        return arguments[0] is str and _exact(arguments[1])
    if origin in (Union, types.UnionType):
        # Of several types that a text can be, the one it was is not known.
        return len(arguments) == 2 and types.NoneType in arguments and all(map(_exact, arguments))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return all(type(member.value) in (str, int) for member in annotation)
    return False
