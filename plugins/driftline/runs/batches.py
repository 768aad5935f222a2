"""Batches: a run that goes forward in steps, a canary first, and never takes both ends of a pair at once."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from driftline.engine.exceptions import PlanError, SettingsError

from .amounts import amount, share_of
from .health import HealthCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from driftline.engine import Plan

Size = int | str
"""How many units a batch has: a number, or a share such as `10%`."""


def _sizes(value: Any) -> tuple[Size, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    try:
        sizes = tuple(amount(part) for part in (parts if isinstance(parts, list | tuple) else [parts]))
    except ValueError:
        sizes = ()
    if not sizes or any(share_of(size, 100) <= 0 for size in sizes):
        raise ValueError('expected sizes above 0, each a number or a percentage, such as "1,10%,100%"')
    return sizes


def _pair_pattern(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if not isinstance(value, str):
        return value
    try:
        named = "pair" in re.compile(value).groupindex
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if not named:
        raise ValueError(r"a pattern needs a group named pair, such as (?P<pair>.*-leaf\d+)[ab]")
    return value


Sizes = Annotated[tuple[Size, ...], BeforeValidator(_sizes)]
Pair = Annotated[str | tuple[str, ...], AfterValidator(_pair_pattern)]
"""A pattern for device names, or a list of devices."""


class Batches(BaseModel):
    """How a run is cut into batches, and what must hold between them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sizes: Sizes = ("100%",)
    """One after the other; the last one is repeated until all is done."""
    by: Literal["site", "role"] | None = None
    """Whole sites, or whole roles, one after the other, each of them cut by the sizes."""
    order: tuple[str, ...] = ()
    """The sites or roles that come first; the others follow by name."""
    pairs: tuple[Pair, ...] = ()
    """Devices that are never in one batch: the two ends of an MLAG or vPC pair."""
    health: tuple[HealthCheck, ...] = ()
    """What is asked of the devices after each batch."""
    on_failure: Literal["keep", "revert"] = "keep"
    """What becomes of the earlier batches when one fails, which itself is always taken back."""


def parse_sizes(text: str) -> tuple[Size, ...]:
    """Return the sizes of batches from a text such as `1,10%,100%`; raises SettingsError."""
    try:
        return _sizes(text)
    except ValueError as error:
        raise SettingsError(
            f"batches of {text!r}: {error}", code="BATCH-SIZES", hint="for example --batch 1,10%,100%"
        ) from None


def cut(
    units: Iterable[str],
    sizes: Sequence[Size],
    *,
    group_of: Callable[[str], str] | None = None,
    order: Sequence[str] = (),
    apart: Iterable[Collection[str]] = (),
    after: Mapping[str, Collection[str]] | None = None,
) -> list[list[str]]:
    """Cut units into batches; the same input always gives the same batches.

    A batch has at most its size of units, of one group only. It has fewer where two of them must be apart, or
    where one has to wait for another group.

    Args:
        units: in the order in which they would be changed.
        sizes: at least one; a share is one of the group, rounded up; the last one repeats.
        group_of: the site or the role of a unit; groups come whole, one after the other.
        order: the groups that come first; the others follow by name.
        apart: sets of units of which no two may be in one batch.
        after: per unit those it has to come after, in the same batch or an earlier one.

    Raises:
        PlanError: units wait for each other in a circle.
    """
    groups = _grouped(dict.fromkeys(units), group_of, order)
    cutting = _Cutting(list(sizes), _rivals(apart), after or {}, {u for group in groups for u in group})
    waiting = [(group, 0) for group in groups]
    while waiting:
        left = [cutting.cut_group(*item) for item in waiting]
        if [rest for rest, __ in left] == [group for group, __ in waiting]:
            stuck = ", ".join(unit for group, __ in waiting for unit in group)
            raise PlanError(f"these wait for each other: {stuck}", code="BATCH-CIRCLE")
        waiting = [(rest, number) for rest, number in left if rest]
    return cutting.batches


class _Cutting:
    """Batches being cut."""

    def __init__(
        self,
        sizes: list[Size],
        rivals: Mapping[str, set[str]],
        after: Mapping[str, Collection[str]],
        missing: set[str],
    ) -> None:
        self.batches: list[list[str]] = []
        self._sizes = sizes
        self._rivals = rivals
        self._after = after
        self._missing = missing
        """Those that are in no batch yet."""

    def cut_group(self, units: list[str], number: int) -> tuple[list[str], int]:
        """Cut a group from its batch of this number on; return what has to wait, and the next number."""
        whole, left = len(units), units
        while left:
            size = self._sizes[min(number, len(self._sizes) - 1)]
            batch = self._batch(left, max(1, math.ceil(share_of(size, whole))))
            if not batch:
                break
            self.batches.append(batch)
            number += 1
            left = [unit for unit in left if unit in self._missing]
        return left, number

    def _batch(self, units: list[str], size: int) -> list[str]:
        batch: list[str] = []
        barred: set[str] = set()
        for unit in units:
            if len(batch) == size:
                break
            if unit not in barred and self._missing.isdisjoint(self._after.get(unit, ())):
                batch.append(unit)
                barred |= self._rivals.get(unit, set())
                self._missing.discard(unit)
        return batch


def _grouped(
    units: Iterable[str], group_of: Callable[[str], str] | None, order: Sequence[str]
) -> list[list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for unit in units:
        groups[group_of(unit) if group_of else ""].append(unit)
    rank = {name: place for place, name in enumerate(order)}
    return [groups[name] for name in sorted(groups, key=lambda name: (rank.get(name, len(rank)), name))]


def _rivals(apart: Iterable[Collection[str]]) -> dict[str, set[str]]:
    rivals: dict[str, set[str]] = defaultdict(set)
    for together in apart:
        for unit in together:
            rivals[unit] |= set(together) - {unit}
    return rivals


def pairs_from(patterns: Iterable[str | Collection[str]], devices: Iterable[str]) -> list[frozenset[str]]:
    r"""Return the sets of devices that must be apart.

    Args:
        patterns: lists of devices; or patterns for their names, in which the group `pair` is what those of one
            pair have in common, such as `(?P<pair>.*-leaf\d+)[ab]`.
        devices: the names of all devices.
    """
    names = list(devices)
    found: dict[frozenset[str], None] = {}
    for pattern in patterns:
        sets = _matched(pattern, names) if isinstance(pattern, str) else [frozenset(pattern) & {*names}]
        found.update(dict.fromkeys(one for one in sets if len(one) > 1))
    return list(found)


def _matched(pattern: str, names: list[str]) -> list[frozenset[str]]:
    pairs: dict[str, list[str]] = defaultdict(list)
    for name in names:
        match = re.fullmatch(pattern, name)
        if match and match["pair"] is not None:
            pairs[match["pair"]].append(name)
    return [frozenset(pair) for pair in pairs.values()]


def dependencies(plan: Plan) -> dict[str, set[str]]:
    """Return the units that each unit of a plan has to come after."""
    home = {step.id: step.unit for step in plan.steps}
    found: dict[str, set[str]] = defaultdict(set)
    for step in plan.steps:
        found[step.unit] |= {home[needed] for needed in step.depends_on if needed in home} - {step.unit}
    return {unit: others for unit, others in found.items() if others}
