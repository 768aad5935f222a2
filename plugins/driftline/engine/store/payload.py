"""An object as a line of JSON: its fields, which attributes are managed, and its status."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from driftline.engine.enum import DiffSyncStatus
from driftline.engine.exceptions import ObjectStoreException

from .fidelity import Proven

if TYPE_CHECKING:
    from driftline.engine.model import DiffSyncModel

Model = TypeVar("Model")

_HEAD = b'{"v":1,"fields":'
_SUCCESS = DiffSyncStatus.SUCCESS


class _Record(BaseModel, Generic[Model]):
    """How an object is written down."""

    model_config = ConfigDict(extra="forbid")

    v: Literal[1]
    fields: Model
    managed: frozenset[str] | None = None
    status: DiffSyncStatus = DiffSyncStatus.SUCCESS
    message: str = ""


def encode(obj: DiffSyncModel, limit: int) -> bytes:
    """Return an object as JSON that reads back as exactly this object.

    Raises ObjectStoreException: STORE-TOO-LARGE, or STORE-VALUE when it would not read back as it is.
    """
    try:
        text = _text(obj)
    except PydanticSerializationError as error:
        raise _refused(obj, f"can't be written as JSON: {error}") from None
    if len(text) > limit:
        raise ObjectStoreException(
            f"{obj.get_type()} {obj.get_unique_id()} is too large for the store: {len(text):,} bytes, "
            f"where at most {limit:,} are allowed",
            code="STORE-TOO-LARGE",
            hint="give the store a larger `max_bytes`, or keep large values out of the model",
        )
    proven = _proven(type(obj))
    if not proven.holds(obj):
        lost = _lost(obj, text)
        if lost:
            raise _refused(obj, f"would not read back: {lost}")
        proven.note(obj)
    return text


@lru_cache(maxsize=256)
def _proven(cls: Any) -> Proven:
    return Proven(cls)


def _refused(obj: DiffSyncModel, reason: str) -> ObjectStoreException:
    return ObjectStoreException(
        f"{obj.get_type()} {obj.get_unique_id()} can't be stored as it is: it {reason}",
        code="STORE-VALUE",
        hint="values must be such that their fields accept them, and that JSON can tell them apart",
    )


def decode(cls: Any, text: bytes, store: object, modelname: str, uid: str) -> DiffSyncModel:
    """Return the object that was written down, validated; raises ObjectStoreException (STORE-FORMAT) if it is none."""
    try:
        return _read(cls, text)
    except Exception as error:  # a validator of the model may raise anything when it meets foreign data
        raise ObjectStoreException(
            f"{store}: {modelname} {uid}: not an object of this model: {str(error) or type(error).__name__}",
            code="STORE-FORMAT",
            hint="it was written by something else, or for another definition of the model",
        ) from error


class _UnreadableError(Exception):
    """A text is no object of the model."""


def _read(cls: Any, text: bytes) -> DiffSyncModel:
    if text.startswith(_HEAD) and text.endswith(b"}"):
        # Nearly all have nothing but their fields. Those of the others are no JSON when they are cut out like this.
        try:
            obj: DiffSyncModel = cls.__pydantic_validator__.validate_json(
                text[len(_HEAD) : -1], by_name=True, by_alias=False
            )
        except ValidationError:
            pass
        else:
            return obj
    try:
        record = _validator(cls).validate_json(text, by_name=True, by_alias=False)
    except ValidationError as error:
        raise _UnreadableError(_what_is_wrong(error)) from None
    obj = record.fields
    if record.managed is not None:
        obj.manage(record.managed)
    obj.set_status(record.status, record.message)
    return obj


@lru_cache(maxsize=256)
def _validator(cls: Any) -> Any:
    return _Record[cls].__pydantic_validator__


@lru_cache(maxsize=256)
def _left_out(cls: Any) -> tuple[str, ...]:
    """Return the fields that the class leaves out of its dumps; they are kept all the same."""
    return tuple(name for name, field in cls.model_fields.items() if field.exclude and name != "adapter")


def _text(obj: DiffSyncModel) -> bytes:
    fields: bytes = obj.__pydantic_serializer__.to_json(obj, by_alias=False, round_trip=True, warnings=False)
    left_out = _left_out(type(obj))
    if left_out:
        more = to_json({name: getattr(obj, name) for name in left_out})
        fields = fields[:-1] + (b"," if len(fields) > len(b"{}") else b"") + more[1:]
    return _HEAD + fields + _state(obj) + b"}"


def _state(obj: DiffSyncModel) -> bytes:
    """Return what a record has beside its fields, where that is not as at the beginning."""
    status, message = obj._outcome  # noqa: SLF001 - asked for of every object
    managed = obj._managed  # noqa: SLF001 - `get_managed` does not tell "all" from "these, which are all"
    if managed is None and status is _SUCCESS and not message:
        return b""
    state: dict[str, Any] = {}
    if managed is not None:
        state["managed"] = sorted(managed)
    if status is not _SUCCESS:
        state["status"] = status.value
    if message:
        state["message"] = message
    return b"," + to_json(state)[1:-1]


def _lost(obj: DiffSyncModel, text: bytes) -> str:
    """Return what is wrong with a text of an object: the fields that would be others, be it in type only."""
    try:
        copy = _read(type(obj), text)
    except Exception as error:  # noqa: BLE001 - a validator of the model may raise anything
        return str(error) or type(error).__name__
    copy.__dict__["adapter"] = obj.adapter
    pairs = [(obj.__dict__, copy.__dict__)]
    if obj.__pydantic_extra__ or obj.__pydantic_private__:
        pairs.append((obj.__pydantic_extra__ or {}, copy.__pydantic_extra__ or {}))
        pairs.append((obj.__pydantic_private__ or {}, copy.__pydantic_private__ or {}))
    return ", ".join(name for mine, theirs in pairs for name in _unlike(mine, theirs))


def _unlike(mine: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    if mine == theirs and [*map(type, mine.values())] == [*map(type, theirs.values())]:
        return []
    missing = object()
    return [
        name
        for name, value in mine.items()
        if type(theirs.get(name, missing)) is not type(value) or theirs[name] != value
    ]


def _what_is_wrong(error: ValidationError) -> str:
    """Return the first thing that is wrong, without the value, which may be anything."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["loc"] == ("v",):
        return "it is written in a version of the format that is not known here"
    place = ".".join(str(part) for part in first["loc"] if part != "fields")
    return f"{place + ': ' if place else ''}{first['msg']}"
