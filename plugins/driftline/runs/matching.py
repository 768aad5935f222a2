"""How settings say which objects are meant: values with wildcards, names in any spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator

from driftline.network import Interface, IPAddress, Vlan, name_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftline.engine import DiffSyncModel

ModelName = Literal["interface", "ip_address", "vlan"]


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    raise ValueError("expected a text, a whole number, true, false or null")


Wanted = Annotated[bool | int | str | None, BeforeValidator(_scalar)]
"""A text, in which `*` and `?` stand for anything, or a number, true, false, or null for nothing."""
Conditions = Mapping[str, Wanted]

MODELS: dict[str, type[DiffSyncModel]] = {cls.get_type(): cls for cls in (Interface, IPAddress, Vlan)}
_NAMES = frozenset({("interface", "name"), ("interface", "lag"), ("ip_address", "interface")})


def attributes_of(model: str) -> tuple[str, ...]:
    """Return the names by which settings can speak of an object: those of its identity and its attributes."""
    cls = MODELS[model]
    return (*cls._identifiers, *cls._attributes)


def expect_attributes(model: str, names: Iterable[str]) -> None:
    """Raise ValueError when a model does not have one of these attributes."""
    known = attributes_of(model)
    for name in names:
        if name not in known:
            raise ValueError(f"{model} has no attribute {name!r}; it has {', '.join(known)}")


def known(obj: Any, attribute: str) -> bool:
    """Return whether the dataset knows this value of an object."""
    return attribute in obj._identifiers or attribute in obj.get_managed()  # noqa: SLF001 - as above


def fits(obj: Any, conditions: Conditions) -> bool:
    """Return whether an object meets all conditions; a value that is not known meets none."""
    return all(known(obj, name) and _fits(obj, name, wanted) for name, wanted in conditions.items())


def _fits(obj: Any, attribute: str, wanted: Any) -> bool:
    value = getattr(obj, attribute)
    if not isinstance(wanted, str) or value is None:
        return type(wanted) is type(value) and bool(wanted == value)
    if (obj.get_type(), attribute) in _NAMES:
        return same_name(wanted, value)
    return fnmatchcase(str(value).casefold(), wanted.casefold())


@lru_cache(maxsize=65536)
def same_name(pattern: str, name: str) -> bool:
    """Return whether an interface's name fits; `Et49/*` means what `Ethernet49/*` means."""
    ways = {pattern.casefold(), _expanded(pattern)}
    return any(fnmatchcase(spelt, way) for spelt in (name.casefold(), name_key(name)) for way in ways)


def _expanded(pattern: str) -> str:
    letters = re.match(r"[A-Za-z-]*", pattern)
    prefix = letters[0] if letters else ""
    return (name_key(f"{prefix}1")[:-1] if prefix else "") + pattern[len(prefix) :].casefold()
