"""The part of what is intended that is about some devices, as a dataset of its own."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from driftline.network import IntendedState, Site

if TYPE_CHECKING:
    from collections.abc import Collection


def part_of(whole: IntendedState, devices: Collection[str]) -> IntendedState:
    """Return copies of what is intended for some devices; devices that are not known are left out.

    The whole is not touched, so that many threads can take parts of it: a comparison spells the names in a part as
    its device does.
    """
    part = IntendedState(whole.name)
    part.touched, part.notes, part.endpoints = whole.touched, whole.notes, whole.endpoints
    for site in whole.get_all(Site):
        if chosen := [name for name in site.devices if name in devices]:
            _add(part, whole, site, {"device": chosen})
    return part


def _add(part: IntendedState, whole: IntendedState, obj: Any, chosen: dict[str, list[str]]) -> None:
    """Add a copy of an object and of all below it, as far as it is chosen."""
    twin = copy(obj)
    part.add(twin)
    for model, field in obj.get_children_mapping().items():
        uids = chosen.get(model, getattr(obj, field))
        setattr(twin, field, list(uids))
        for child in whole.get_by_uids(uids, model):
            _add(part, whole, child, {})
