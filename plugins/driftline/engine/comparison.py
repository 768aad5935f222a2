"""When two values of a field are the same, and which fields can be compared or validated as they stand."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import ipaddress
import pathlib
import types
import typing
import uuid
from collections import abc
from typing import TYPE_CHECKING, Any

from pydantic import AfterValidator, BeforeValidator, PlainValidator, WrapValidator

from .values import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import BaseModel

_PLAIN = (
    str, int, float, bytes, type(None), enum.Enum, decimal.Decimal, uuid.UUID, pathlib.PurePath,
    dt.date, dt.time, dt.timedelta,
    ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network,
    ipaddress.IPv4Interface, ipaddress.IPv6Interface,
)  # fmt: skip
_CONTAINERS = (
    list, dict, set, frozenset, tuple,
    abc.Sequence, abc.MutableSequence, abc.Mapping, abc.MutableMapping, abc.Set, abc.MutableSet,
)  # fmt: skip
_VALIDATORS = (AfterValidator, BeforeValidator, PlainValidator, WrapValidator)


def normalisers(
    given: Mapping[str, Callable[[Any], Any]], ignore_case: Iterable[str], unordered: Iterable[str]
) -> dict[str, Callable[[Any], Any]]:
    """Return the function per field whose results say whether two values are the same."""
    functions = dict(given)
    for name in ignore_case:
        functions[name] = _after(functions.get(name), _in_any_case)
    for name in unordered:  # last: what they sort must be what is compared
        functions[name] = _after(functions.get(name), _in_any_order)
    return functions


def _after(first: Callable[[Any], Any] | None, second: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return second if first is None or first is second else lambda value: second(first(value))


def _in_any_order(value: Any) -> Any:
    return sorted(value, key=canonical) if isinstance(value, (list, tuple, set, frozenset)) else value


def _in_any_case(value: Any) -> Any:
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, dict):
        return {key: _in_any_case(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return {canonical(_in_any_case(item)) for item in value}
    return [_in_any_case(item) for item in value] if isinstance(value, (list, tuple)) else value


def plainly_dumped(cls: type[BaseModel], names: Iterable[str]) -> bool:
    """Return whether these fields are dumped as the values that they hold.

    A nested model or a serializer of the user's own makes something else of them.
    """
    decorators = cls.__pydantic_decorators__
    if decorators.field_serializers or decorators.model_serializers:
        return False
    fields = cls.model_fields
    return all(name in fields and _is_plain(fields[name].annotation, fields[name].metadata) for name in names)


def _is_plain(annotation: Any, metadata: Iterable[Any] = ()) -> bool:
    if not all(_only_validates(item) for item in metadata):
        return False
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _is_plain(arguments[0], arguments[1:])
    if origin in (typing.Union, types.UnionType):
        return all(map(_is_plain, arguments))
    if origin is typing.Literal or annotation is typing.Any or annotation is Ellipsis:
        return True
    if origin in _CONTAINERS:
        return all(map(_is_plain, arguments))
    return isinstance(annotation, type) and (annotation in _CONTAINERS or issubclass(annotation, _PLAIN))


def _only_validates(metadata: Any) -> bool:
    return isinstance(metadata, _VALIDATORS) or not hasattr(metadata, "__get_pydantic_core_schema__")


def validated_alone(cls: type[BaseModel]) -> bool:
    """Return whether a field's value is right or wrong whatever the model's other fields hold.

    It is not where code of the user's own sees several: a validator of the whole, or one that is told of the others.
    """
    schema: Any = cls.__pydantic_core_schema__
    if schema["type"] != "model" or cls.__pydantic_custom_init__:
        return False
    fields = schema["schema"]
    return fields["type"] == "model-fields" and not _is_told_of_others(fields)


def _is_told_of_others(schema: Any) -> bool:
    if isinstance(schema, dict):
        return schema.get("type") == "with-info" or any(map(_is_told_of_others, schema.values()))
    return isinstance(schema, (list, tuple)) and any(map(_is_told_of_others, schema))
