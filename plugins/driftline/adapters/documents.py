"""Documents: YAML files read with the line of every key, and checked against a schema.

What is wrong is told as problems with file and line, all of them at once, so that a person can repair a file
in one go. Settings are read through here as well.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError

from driftline.engine.exceptions import LoadError, Problem

from .yaml12 import MAX_BYTES, LineNode, YamlProblem, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

KeyPath: TypeAlias = "tuple[str | int, ...]"
ModelT = TypeVar("ModelT", bound=BaseModel)

_MAX_SHOWN: Final = 60
_SECRET_KEY: Final = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LineTable:
    """Finds the line of a key, so that a problem can name it."""

    root: LineNode

    def find(self, path: Iterable[str | int]) -> int:
        """Return the line of a key path, or of the nearest key above it when the path is not in the file."""
        node = self.root
        for step in path:
            below = node[1] if isinstance(node, list) else {}
            if str(step) not in below:
                break
            node = below[str(step)]
        return node if isinstance(node, int) else int(node[0])


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: a map of plain values, and where each of them is written."""

    name: str
    """The file as people know it: its path below the folder that was read."""
    data: dict[str | int, Any]
    lines: LineTable

    def where(self, path: KeyPath = ()) -> str:
        """Return `file:line` of a key path; a text in a list is found by itself, as if it were a key."""
        return f"{self.name}:{self.lines.find(self._indexed(path))}"

    def of_line(self, path: KeyPath) -> str:
        """Return where a key is, as a message goes on after its name; empty: there are no lines."""
        return f" of line {self.lines.find(path)}"

    def _indexed(self, path: KeyPath) -> Iterable[str | int]:
        value: Any = self.data
        for step in path:
            found = step
            if isinstance(value, list):
                found = value.index(step) if step in value else step
                value = value[found] if isinstance(found, int) and found < len(value) else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
            yield found


def read(path: Path, name: str | None = None) -> Document:
    """Read a YAML file; raises LoadError with every problem that keeps it from being understood."""
    name = name or str(path)
    return document(read_bytes(path, name), name)


def read_bytes(path: Path, name: str) -> bytes:
    """Return the content of a file of sane size."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _refused(
            name, YamlProblem("DOCUMENT-UNREADABLE", 0, f"the file can't be read: {reason}")
        ) from error
    if len(content) > MAX_BYTES:
        raise _refused(
            name,
            YamlProblem("DOCUMENT-TOO-LARGE", 0, f"the file has more than {MAX_BYTES} bytes", "split it"),
        )
    return content


def document(content: bytes, name: str) -> Document:
    """Return the document that a file's content stands for."""
    try:
        data, lines, problems = parse(content)
    except YamlProblem as problem:
        raise _refused(name, problem) from problem.__cause__
    if problems:
        raise _refused(name, *problems)
    if data is None:
        raise _refused(
            name, YamlProblem("DOCUMENT-EMPTY", 1, "the file is empty", "write {} when it must say nothing")
        )
    if not isinstance(data, dict):
        raise _refused(
            name, YamlProblem("DOCUMENT-NOT-A-MAP", 1, _not_a_map(data), "start with 'key: value' lines")
        )
    return Document(name=name, data=data, lines=LineTable(lines))


def _not_a_map(data: Any) -> str:
    found = "a list" if isinstance(data, list) else "one value"
    return f"the file must hold a map of keys and values, not {found}"


def _refused(name: str, *found: YamlProblem) -> LoadError:
    problems = [
        Problem(
            where=f"{name}:{problem.line}" if problem.line else name,
            code=problem.code,
            message=problem.message,
            hint=problem.hint,
        )
        for problem in found
    ]
    return load_error(f"The file {name} can't be used", problems)


def load_error(what: str, problems: Iterable[Problem]) -> LoadError:
    """Return the error for problems that were found, in the order of files and lines."""
    return LoadError(what, problems=sorted(set(problems), key=_by_place))


def _by_place(problem: Problem) -> tuple[str, int, Problem]:
    file, __, line = problem.where.rpartition(":")
    return (file, int(line), problem) if file and line.isdigit() else (problem.where, 0, problem)


# Schemas --------------------------------------------------------------------------------------------------


def validate(document: Document, model: type[ModelT], prefix: str = "DOCUMENT") -> ModelT:
    """Return a document as its schema; raises LoadError with a problem for every value that does not fit.

    Codes are `prefix` and the kind of the problem: UNKNOWN-KEY, MISSING-KEY, BLANK, TYPE or VALUE. A
    validator that raises PydanticCustomError with an upper-case type names its own code, and may put `hint`
    into its context.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
    # Raised outside of the handler: pydantic's own text would carry the values, of secrets too.
    problems = [_problem(document, model, detail, prefix) for detail in details]
    raise load_error(f"The file {document.name} does not fit", problems)


def _problem(document: Document, model: type[BaseModel], detail: ErrorDetails, prefix: str) -> Problem:
    path, above = _place(model, tuple(step for step in detail["loc"] if step != "[key]"))
    code, message, hint = _told(detail, path, above)
    place = ": ".join(str(step) for step in path)
    own = code.isupper() and detail["type"] == code
    return Problem(
        where=document.where(path),
        code=code if own else f"{prefix}-{code}",
        message=f"{place}: {message}" if place else message,
        hint=hint,
    )


def _told(detail: ErrorDetails, path: KeyPath, above: Any) -> tuple[str, str, str]:
    kind, value = detail["type"], detail["input"]
    context: Mapping[str, Any] = detail.get("ctx", {})
    if kind.isupper():
        return kind, detail["msg"], str(context.get("hint", ""))
    if kind == "extra_forbidden":
        return (
            "UNKNOWN-KEY",
            "this key is not known here",
            _nearest(str(path[-1]), _keys_of(above)),
        )
    if kind == "missing":
        return "MISSING-KEY", "this key is missing", "add it"
    if value is None and kind in _COLLECTIONS:
        empty = "[]" if kind == "list_type" else "{}"
        return (
            "BLANK",
            "there is nothing after the colon",
            f"write {empty} when it must be empty, or remove the key",
        )
    if kind in _EXPECTED:
        found = shown(value, secret=_is_secret(path))
        expected, hint = _EXPECTED[kind]
        return "TYPE", f"expected {expected}, found {found}", _quotes_hint(kind, value) or hint
    return "VALUE", _limit(detail, context, secret=_is_secret(path)), "correct the value"


_COLLECTIONS: Final = frozenset(
    {"dict_type", "list_type", "model_type", "model_attributes_type", "tuple_type"}
)
_A_MAP: Final = ("a map", "write 'key: value' lines below the key, or {}")
_A_LIST: Final = ("a list", "write '- item' lines below the key, or [item, item]")
_A_WHOLE_NUMBER: Final = ("a whole number", "write digits only")
_EXPECTED: Final = {
    "dict_type": _A_MAP,
    "model_type": _A_MAP,
    "model_attributes_type": _A_MAP,
    "list_type": _A_LIST,
    "tuple_type": _A_LIST,
    "string_type": ("text", "write one text"),
    "int_type": _A_WHOLE_NUMBER,
    "int_from_float": _A_WHOLE_NUMBER,
    "float_type": ("a number", "write a number such as 0.5"),
    "bool_type": ("true or false", "write true or false"),
}
_LIMITS: Final = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
}


def _limit(detail: ErrorDetails, context: Mapping[str, Any], *, secret: bool) -> str:
    kind, value = detail["type"], shown(detail["input"], secret=secret)
    if kind == "literal_error":
        return f"expected {context['expected']}, found {value}"
    if kind in _LIMITS:
        words, key = _LIMITS[kind]
        return f"expected {words} {context[key]}, found {value}"
    told = detail["msg"].removeprefix("Value error, ")
    return told if isinstance(detail["input"], (dict, list)) else f"{told}, found {value}"


def shown(value: Any, *, secret: bool = False) -> str:
    """Return a value as a message names it, cut to a readable length."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, (dict, list)):
        return "a map" if isinstance(value, dict) else "a list"
    if secret:
        return "another value (not shown)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    text = str(value)
    return f"the text {text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + '…'!r}"


def _is_secret(path: KeyPath) -> bool:
    return bool(path) and _SECRET_KEY.search(str(path[-1])) is not None


def _quotes_hint(kind: str, value: Any) -> str:
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        return "put it in quotes"
    if kind == "int_type" and isinstance(value, str) and value.isdecimal():
        return "write it without quotes"
    return ""


def _nearest(key: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(key, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known are {', '.join(names)}" if names else ""


def _place(model: type[BaseModel], loc: KeyPath) -> tuple[KeyPath, Any]:
    """Return where in a document something is wrong, and what is above it in the schema.

    Where a schema has a choice of kinds, pydantic puts the chosen one among the steps, and the document does not.
    """
    path: list[str | int] = []
    here: Any = model
    above: Any = None
    for step in loc:
        kinds = _kinds(here)
        if len(kinds) > 1 and step in kinds:
            here = kinds[str(step)]
            continue
        path.append(step)
        above, here = here, _below(here, step)
    return tuple(path), above


def _keys_of(kind: Any) -> Iterable[str]:
    """Return the keys that a schema knows at a place."""
    here = _model_in(kind)
    return _fields(here) if here is not None else ()


def _kinds(kind: Any) -> dict[str, Any]:
    """Return the models of a choice by their tags, or by their own names."""
    parts = get_args(kind)
    for tag in (part.tag for part in parts if isinstance(part, Tag)):
        return {tag: parts[0]}
    inner = (
        parts[:1]
        if hasattr(kind, "__metadata__")
        else ()
        if get_origin(kind) in (dict, list, tuple)
        else parts
    )
    if inner:
        return {name: model for part in inner for name, model in _kinds(part).items()}
    return {kind.__name__: kind} if isinstance(kind, type) and issubclass(kind, BaseModel) else {}


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model by the keys that stand for them in a file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _below(kind: Any, step: str | int) -> Any:
    model = _model_in(kind)
    if model is not None:
        field = _fields(model).get(str(step))
        return field.annotation if field is not None else None
    collections = [option for option in _options(kind) if get_origin(option) in (dict, list, tuple)]
    inner = [kind for kind in get_args(collections[0]) if kind is not ...] if collections else []
    return inner[-1] if inner else None


def _model_in(kind: Any) -> type[BaseModel] | None:
    return next((o for o in _options(kind) if isinstance(o, type) and issubclass(o, BaseModel)), None)


def _options(kind: Any) -> tuple[Any, ...]:
    """Return the kinds of a union, or the one kind; `Annotated` is looked through."""
    if hasattr(kind, "__metadata__"):
        return _options(kind.__origin__)
    if isinstance(kind, type) and not get_args(kind):
        return (kind,)
    if get_origin(kind) in (dict, list, tuple):
        return (kind,)
    return tuple(o for part in get_args(kind) for o in _options(part))
