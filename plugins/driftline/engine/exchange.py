"""Diffs on paper: an exact, versioned JSON form, as one document or as lines, written and read back.

Both have a header and the elements that differ, parents before children, each with its depth. Lines have a
footer too, with the number of elements: by it a truncated file is known. Lines are written as they come and can
be read one by one, so that a diff of any size needs little memory.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, TypeVar

from .encoding import Builder, Reader, header_of, levels, record_of, sides_of, unsaved
from .exceptions import DiffException
from .loading import fewer_collections
from .tagged import NotExact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .diff import Diff, DiffElement
    from .tagged import Enums

    AnyDiff = TypeVar("AnyDiff", bound=Diff)

MAX_LINE = 16 * 1024 * 1024
"""How many characters one element can have as a line."""


# One document ---------------------------------------------------------------------------------------------


def document(diff: Diff) -> dict[str, Any]:
    """Return a diff as a JSON document: all that it asks for, and its counts.

    Objects that do not differ are only counted.

    Raises:
        DiffException: a value has no exact JSON form, or the tree is too deep.
    """
    sides = sides_of(diff)
    return {
        **header_of(diff, sides),
        "elements": [record_of(depth, each, sides) for depth, each in levels(diff)],
    }


def from_document(
    data: Any, diff_class: type[AnyDiff], element_class: type[DiffElement], enums: Enums = ()
) -> AnyDiff:
    """Return the diff of a document.

    Args:
        enums: the enumerations of which attributes have members.

    Raises:
        DiffException: it is no document of a diff; the message names the element.
    """
    header = dict(data) if isinstance(data, dict) else {}
    elements = header.pop("elements", None)
    builder = Builder(diff_class, element_class, enums)
    diff: AnyDiff = _started(header, builder)
    if not isinstance(elements, list):
        raise unreadable("it has no elements")
    with fewer_collections():
        _exhaust(_taken(enumerate(elements, 1), "element", builder))
    return diff


def to_json(diff: Diff, filepath: str | os.PathLike[str] | None = None, indent: int | None = None) -> str:
    """Return a diff as JSON text, and write it to a file when one is named; see `document`."""
    return dumped(document(diff), filepath, indent)


def dumped(data: Any, filepath: str | os.PathLike[str] | None = None, indent: int | None = None) -> str:
    """Return plain values as JSON text, and write it to a file when one is named."""
    try:
        text = json.dumps(data, indent=indent)
    except ValueError as error:  # a number of many thousands of digits
        raise DiffException(f"can't be saved: {error}", code="DIFF-VALUE") from error
    if filepath is not None:
        with replacing(filepath) as file:
            file.write(text + "\n")
    return text


def from_json(
    text: str | bytes, diff_class: type[AnyDiff], element_class: type[DiffElement], enums: Enums = ()
) -> AnyDiff:
    """Return the diff of a JSON text; see `from_document`."""
    return from_document(parsed(text), diff_class, element_class, enums)


def parsed(text: str | bytes) -> Any:
    """Return what a JSON text says; raises DiffException when it is none."""
    try:
        return _DECODER.decode(text.decode() if isinstance(text, bytes) else text)
    except json.JSONDecodeError as error:
        raise unreadable(f"line {error.lineno}: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise unreadable(str(error)) from error


# Lines ----------------------------------------------------------------------------------------------------


def write_lines(diff: Diff, file: IO[str]) -> int:
    """Write a diff to a text file as JSON Lines, one element at a time; return how many there are."""
    sides, written = sides_of(diff), 0
    file.write(json.dumps(header_of(diff, sides)) + "\n")
    for depth, element in levels(diff):
        try:
            line = _ENCODER.encode(record_of(depth, element, sides))
        except ValueError as error:
            raise unsaved(element, str(error)) from error
        if len(line) >= MAX_LINE:
            raise unsaved(element, f"it has more than {MAX_LINE:,} characters")
        file.write(line + "\n")
        written += 1
    file.write(json.dumps({"elements": written}) + "\n")
    return written


def read_lines(
    file: IO[str], diff_class: type[AnyDiff], element_class: type[DiffElement], enums: Enums = ()
) -> AnyDiff:
    """Return the diff that was written to a text file as lines.

    Raises:
        DiffException: the file is not whole or is none of ours; the message names the line.
    """
    builder = Builder(diff_class, element_class, enums)
    lines = _lines(file)
    diff: AnyDiff = _started(_first(lines), builder)
    with fewer_collections():
        _exhaust(_taken(lines, "line", builder))
    return diff


def iter_lines(
    file: IO[str], diff_class: type[Diff], element_class: type[DiffElement], enums: Enums = ()
) -> Iterator[tuple[int, DiffElement]]:
    """Yield the elements that were written as lines, parents first, each with its depth and nothing below it.

    No more than one is kept in memory. That the file is whole is known only at its end.

    Raises:
        DiffException: the file is not whole or is none of ours; the message names the line.
    """
    reader = Reader(diff_class, element_class, enums)
    lines = _lines(file)
    _started(_first(lines), reader)
    yield from _taken(lines, "line", reader)


def to_json_lines(diff: Diff, filepath: str | os.PathLike[str]) -> int:
    """Write a diff to a file as JSON Lines; return how many elements there are."""
    with replacing(filepath) as file:
        return write_lines(diff, file)


def from_json_lines(
    filepath: str | os.PathLike[str],
    diff_class: type[AnyDiff],
    element_class: type[DiffElement],
    enums: Enums = (),
) -> AnyDiff:
    """Return the diff of a file of JSON Lines; see `read_lines`."""
    with Path(filepath).open(encoding="utf-8") as file:
        return read_lines(file, diff_class, element_class, enums)


@contextmanager
def replacing(filepath: str | os.PathLike[str]) -> Iterator[IO[str]]:
    """Open a new text file that takes the place of this one when all is written; only its owner may read it."""
    path = Path(filepath)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


# Reading --------------------------------------------------------------------------------------------------


def _first(lines: Iterator[tuple[int, Any]]) -> Any:
    __, header = next(lines, (1, None))
    return header


def _started(header: Any, reader: Reader) -> Any:
    try:
        return reader.start(header)
    except NotExact as error:
        raise unreadable(f"header: {error}") from error


def _exhaust(elements: Iterator[object]) -> None:
    for __ in elements:
        pass


def _taken(
    records: Iterable[tuple[int, Any]], what: str, reader: Reader
) -> Iterator[tuple[int, DiffElement]]:
    for number, record in records:
        try:
            taken = reader.take(record)
        except NotExact as error:
            raise unreadable(f"{what} {number}: {error}") from error
        yield taken


def _lines(file: IO[str]) -> Iterator[tuple[int, Any]]:
    """Yield what the lines say, with their numbers, all but the footer; that has to be there and right."""
    number = 0
    try:
        for number in count(1):
            record = _parsed_line(file.readline(MAX_LINE + 1))
            if isinstance(record, dict) and "elements" in record:
                _check_end(record, number - 2, file.readline(1))
                return
            yield number, record
    except (ValueError, RecursionError) as error:
        raise unreadable(f"line {number}: {error}") from error


def _parsed_line(line: str) -> Any:
    if not line:
        raise NotExact("the footer is missing; the file was cut off")
    if len(line) > MAX_LINE:
        raise NotExact(f"it has more than {MAX_LINE:,} characters")
    return _DECODER.decode(line)


def _check_end(footer: dict[str, Any], read: int, rest: str) -> None:
    if footer != {"elements": read}:
        raise NotExact(f"the file has {read} elements, its footer says {footer['elements']!r}")
    if rest:
        raise NotExact("there is something after the footer")


def unreadable(why: str) -> DiffException:
    """Return the error that says why a text can't be read back."""
    return DiffException(
        f"can't be read: {why}", code="DIFF-FORMAT", hint="make and save it anew; it can't be edited"
    )


def _no_constant(name: str) -> NoReturn:
    raise NotExact(f"{name} is not JSON")


_ENCODER = json.JSONEncoder(separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_constant=_no_constant)
