"""Small functions that code written for diffsync imports from its `utils`; the text of trees among them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Key = TypeVar("Key")
Value = TypeVar("Value")


def intersection(lst1: Iterable[Value], lst2: Iterable[Value]) -> list[Value]:
    """Return what is in both, in the order of the first."""
    there = list(lst2)
    return [value for value in lst1 if value in there]


def symmetric_difference(lst1: Iterable[Any], lst2: Iterable[Any]) -> list[Any]:
    """Return what is in one of the two only, sorted."""
    return sorted(set(lst1) ^ set(lst2))


class OrderedDefaultDict(OrderedDict[Key, Value]):
    """A dictionary that makes the value of a key that it does not have."""

    def __init__(self, dict_type: Callable[[], Any] = dict) -> None:
        super().__init__()
        self.factory = dict_type

    def __missing__(self, key: Key) -> Value:
        value: Value = self.factory()
        self[key] = value
        return value


def get_path(nested_dict: Mapping[str, Any], search_value: str) -> list[str] | None:
    """Return the keys that lead to the first key of this name in nested dictionaries, or None."""
    for key, below in nested_dict.items():
        if key == search_value:
            return [key]
        path = get_path(below, search_value) if isinstance(below, dict) else None
        if path is not None:
            return [key, *path]
    return None


def set_key(data: dict[str, Any], keys: Iterable[str]) -> None:
    """Make the nested dictionaries that these keys lead through, where they are missing."""
    for key in keys:
        data = data.setdefault(key, {})


def tree_string(data: Mapping[str, Any], root: str) -> str:
    """Return nested dictionaries as a drawing of a tree, below the name of its root."""
    return "\n".join([root, *_branches(data, "")])


def _branches(data: Mapping[str, Any], margin: str) -> Iterator[str]:
    left = len(data)
    for key, below in data.items():
        left -= 1
        yield f"{margin}{'├' if left else '└'}── {key}"
        if isinstance(below, dict):
            yield from _branches(below, margin + ("│   " if left else "    "))
