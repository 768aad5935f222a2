"""The drift report: what differs, in the direction running → intended."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from driftline.engine import Diff, DiffElement
    from driftline.engine.exceptions import DriftlineError, Problem

_HIDDEN = frozenset({"section"})
"""Read-set values that mean nothing to people."""
_WORDS = {"ip_address": "address"}
_MANY = {"ip_address": "addresses", "prefix": "prefixes"}


@dataclass(frozen=True, slots=True)
class Row:
    """One object that differs."""

    site: str
    device: str
    model: str
    name: str
    action: str
    changes: tuple[tuple[str, Any, Any], ...]
    """(attribute, the value on the device, the intended value); None: not set, or not there."""

    @property
    def label(self) -> str:
        """The object as people call it."""
        return f"{_WORDS.get(self.model, self.model)} {self.name}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A device that takes no part, and why."""

    device: str
    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class DriftReport:
    """All drift that was found, and how far the search went."""

    devices: int
    """How many devices were to be compared."""
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many objects are to be created, updated and deleted."""
        counts = Counter(row.action for row in self.rows)
        return {action: counts[action] for action in ("create", "update", "delete")}

    @property
    def drifted(self) -> list[str]:
        """The devices that differ."""
        return sorted({row.device for row in self.rows})

    @property
    def summary(self) -> str:
        """The whole report on one line."""
        counts = self.counts
        in_sync = self.devices - len(self.drifted) - len(self.failures)
        text = (
            f"{counted(self.devices, 'device')}: {in_sync} in sync, {len(self.drifted)} drifted, "
            f"{len(self.failures)} not read; "
            f"{counts['create']} to create, {counts['update']} to update, {counts['delete']} to delete"
        )
        if self.rows or self.failures:
            return text
        return f"{counted(self.devices, 'device')}, {'all ' if self.devices > 1 else ''}in sync"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "devices": self.devices,
            "drifted": self.drifted,
            "counts": self.counts,
            "drift": [row_dict(row) for row in self.rows],
            "failures": [asdict(failure) for failure in self.failures],
        }


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 device`, `2 devices`."""
    if number == 1:
        return f"1 {noun}"
    return (
        f"{number} {noun[:-1]}ies"
        if noun.endswith("ry")
        else f"{number} {noun}{'es' if noun.endswith('s') else 's'}"
    )


def drift_report(diff: Diff, devices: int, failures: Mapping[str, DriftlineError]) -> DriftReport:
    """Return the report on a diff of sites."""
    return DriftReport(devices, tuple(drift_rows(diff)), failure_list(failures))


def failure_list(failures: Mapping[str, DriftlineError]) -> tuple[Failure, ...]:
    """Return the devices that take no part, by name."""
    return tuple(
        Failure(name, error.code, _told(error), error.hint) for name, error in sorted(failures.items())
    )


def _told(error: DriftlineError) -> str:
    problems: Sequence[Problem] = getattr(error, "problems", ())
    return "; ".join(f"{problem.where}: {problem.message}" for problem in problems) or error.message


def row_dict(row: Row) -> dict[str, Any]:
    """Return a row as plain values."""
    changes = {name: {"actual": old, "intended": new} for name, old, new in row.changes}
    return {**asdict(row), "changes": changes}


def drift_rows(diff: Diff) -> Iterator[Row]:
    """Yield the objects that differ, from a diff of sites."""
    for site in diff.get_children():
        for device in site.get_children():
            for element in device.child_diff.walk():
                if element.action is not None:
                    yield _element_row(element, site.name, device.name)


def record_rows(diff: Diff) -> Iterator[Row]:
    """Yield the objects that differ, from a diff of a source of truth."""
    for element in diff.walk():
        if element.action is not None and not element.held:
            yield _element_row(element, "", home(element.type, element.keys, element.name))


def home(model: str, identity: Mapping[str, Any], name: str) -> str:
    """Return what an object is shown under: its device, or all objects of its kind."""
    if "device" in identity:
        return str(identity["device"])
    return name if model == "device" else _MANY.get(model, f"{model}s")


def _element_row(element: DiffElement, site: str, device: str) -> Row:
    diffs = element.get_attrs_diffs()
    changes = changes_of(diffs.get("-"), diffs.get("+"))
    return Row(site, device, element.type, element.name, str(element.action), changes)


def changes_of(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[tuple[str, Any, Any], ...]:
    """Return (attribute, old value, new value) of all that people want to know of."""
    names: Iterable[str] = after if after is not None else before or ()
    return tuple(
        (name, None if before is None else before[name], None if after is None else after[name])
        for name in names
        if name not in _HIDDEN
    )
