"""The part of what is intended that is about one device, as a dataset of its own."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from .intended import IntendedState
from .models import Device, Site

if TYPE_CHECKING:
    from driftline.engine import DiffSyncModel


def part_of(whole: IntendedState, name: str) -> IntendedState:
    """Return a copy of what is intended for a device; it is empty where nothing is.

    The whole is not touched, so that many threads can take parts of it: a comparison spells the names in a part as
    its device does.
    """
    part = IntendedState(whole.name)
    part.touched, part.notes, part.endpoints = whole.touched, whole.notes, whole.endpoints
    device = whole.get_or_none(Device, name)
    if device is not None:
        site = copy(whole.get(Site, device.site))
        site.devices = [name]
        part.add(site)
        _add(part, whole, device)
    return part


def _add(part: IntendedState, whole: IntendedState, obj: DiffSyncModel) -> None:
    """Add a copy of an object and of all below it."""
    twin: Any = copy(obj)
    part.add(twin)
    for model, field in obj.get_children_mapping().items():
        uids = list(getattr(obj, field))
        setattr(twin, field, uids)
        for child in whole.get_by_uids(uids, model):
            _add(part, whole, child)
