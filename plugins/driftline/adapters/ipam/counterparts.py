"""Which interface of one IPAM is which of another, by both their ids: so that one that was renamed is found again.

They are the same when both have the same name on the same device, and stay the same whatever they are called later.
It is kept from sync to sync. What is missing, damaged or about other servers is ignored: then nothing is known.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import structlog

from driftline.adapters.private import read_private, write_private

from .models import Interface

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from driftline.engine import Adapter

    from .adapter import IpamAdapter

_VERSION: Final = 1
_MODEL: Final = Interface.get_type()

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Known:
    """What is known of two IPAMs; ids are texts."""

    between: list[str] = field(default_factory=list)
    """Which servers."""
    linked: dict[str, str] = field(default_factory=dict)
    """By the source's ids the target's."""
    planned: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By the source's ids the device and the name of what the target does not have under that name yet."""


def compare(state: Path, source: IpamAdapter, held: IpamAdapter) -> dict[str, str]:
    """Return what was renamed: by the unique ids of the source's interfaces the names that they have in the target.

    Nothing is said on a guess: not when the target has the new name already, when the source has another interface
    of the old one, or when the device is another.

    Args:
        state: the folder in which it is kept.
        source: loaded, as is `held`.
    """
    file, between = _file(state, source.name, held.name), [str(source.type), str(held.type)]
    was = _load(file)
    known = _compared(was if was.between == between else Known(between), source, held)
    if known != was:
        _save(file, known)
    return _renamed(known.linked, source, held)


def settle(state: Path, source: str, held: IpamAdapter) -> None:
    """Note the ids of what a sync has made or renamed.

    Args:
        source: the name of the dataset that the sync went by.
        held: the target, as it has become.
    """
    file = _file(state, source, held.name)
    known = _load(file)
    made = {
        pk: str(row.pk)
        for pk, (device, name) in known.planned.items()
        if (row := held.get_or_none(Interface, {"device": device, "name": name})) is not None
    }
    if made:
        known.linked |= made
        known.planned = {pk: place for pk, place in known.planned.items() if pk not in made}
        _save(file, known)


def _compared(was: Known, source: Adapter, held: Adapter) -> Known:
    """Return what is known now: a link stays as long as the target has its object, whatever that is called."""
    rows = {str(row.pk): row for row in source.get_all(Interface)}
    there = {str(row.pk) for row in held.get_all(Interface)}
    known = Known(
        was.between, {pk: other for pk, other in was.linked.items() if pk in rows or other in there}
    )
    for pk, row in rows.items():
        same = held.get_or_none(Interface, row.get_unique_id())
        by_name = None if same is None else str(same.pk)
        if known.linked.get(pk) not in there:
            known.linked.pop(pk, None)
            known.linked |= {} if by_name is None else {pk: by_name}
        if by_name is None or known.linked[pk] != by_name:
            known.planned[pk] = (row.device, row.name)
    return known


def _renamed(linked: Mapping[str, str], source: Adapter, held: Adapter) -> dict[str, str]:
    rows = {str(row.pk): row for row in held.get_all(Interface)}
    pairs = [(row, linked.get(str(row.pk), "")) for row in source.get_all(Interface)]
    claims = Counter(pk for __, pk in pairs)
    return {
        row.get_unique_id(): rows[pk].name
        for row, pk in pairs
        if pk in rows and claims[pk] == 1 and _is_renamed(row, rows[pk], source, held)
    }


def _is_renamed(row: Interface, old: Interface, source: Adapter, held: Adapter) -> bool:
    """Return whether the target has an interface of the source, under a name that only it has."""
    if row.device != old.device:
        return False
    return not held.has(_MODEL, row.get_unique_id()) and not source.has(_MODEL, old.get_unique_id())


def _file(state: Path, source: str, target: str) -> Path:
    name = hashlib.sha256(json.dumps([source, target]).encode()).hexdigest()[:16]
    return state / "counterparts" / f"{name}.json"


def _load(file: Path) -> Known:
    body = read_private(file, _VERSION)
    try:
        values: dict[str, Any] = {} if body is None else json.loads(body)
        planned = {pk: (device, name) for pk, (device, name) in values.pop("planned", {}).items()}
        return Known(**values, planned=planned)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return Known()


def _save(file: Path, known: Known) -> None:
    """Keep it; that this can't be done is no reason to fail."""
    fields = {name: getattr(known, name) for name in Known.__slots__}
    try:
        write_private(file, json.dumps(fields, separators=(",", ":")).encode(), _VERSION)
    except (OSError, ValueError) as error:
        log.debug("counterparts not written", file=str(file), error=str(error))
