"""Refuses what must not be written: what somebody else has changed, what is not ours to delete."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from driftline.engine.exceptions import ObjectRefused, TargetError

from .answers import moment
from .models import Device, Interface
from .owned import deletable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from driftline.engine import Adapter

    from .fields import Item
    from .models import Row
    from .options import Writing
    from .sure import SureClient
    from .system import Writer


def refuse_changed(
    groups: Mapping[str, Sequence[Item]], writer: Writer, sure: SureClient, *, gone_is_fine: bool = False
) -> None:
    """Refuse objects that somebody has changed since they were read; one request for each path."""
    for path, group in groups.items():
        pks = list(dict.fromkeys(item.pk for item in group))
        try:
            now = sure.when_back(partial(writer.last_changes, sure.client, path, pks))
        except TargetError as error:
            for item in group:
                item.failure = error
            continue
        for item in group:
            if item.pk not in now:
                item.failure = None if gone_is_fine else _stale("it is gone")
            elif item.wanted.changed is not None and moment(item.wanted.changed) != moment(now[item.pk]):
                item.failure = _stale(f"it was changed by somebody else at {now[item.pk]}")


def refuse_others(items: Sequence[Item], dataset: Adapter, options: Writing) -> None:
    """Refuse to delete what is not ours, and what others' is on: the servers would delete that, too."""
    below = _below(items, dataset)
    for item in items:
        if not deletable(item.wanted, options):
            item.failure = ObjectRefused(
                "it is not driftline's to delete",
                code="IPAM-NOT-OWNED",
                hint=f"only what has the tag {options.owner_tag!r} is deleted; see `write.delete`",
            )
        elif (other := below.get(item.wanted.get_unique_id())) is not None:
            item.failure = ObjectRefused(
                f"{other!r} would go with it",
                code="IPAM-NOT-OWNED",
                hint="delete or move that first, by hand where it is not driftline's",
            )


def _below(items: Sequence[Item], dataset: Adapter) -> dict[str, Row]:
    """Return something that is still on each object, by the object's unique id."""
    found: dict[str, Row] = {}
    kind = items[0].model.get_type() if items else ""
    if kind == Interface.get_type():
        for address in dataset.get_all("ip_address"):
            if address.device and address.interface:
                on = Interface.unique_id_of({"device": address.device, "name": address.interface})
                found.setdefault(on, address)
    elif kind == Device.get_type():
        for interface in dataset.get_all("interface"):
            found.setdefault(Device.unique_id_of({"name": interface.device}), interface)
    return found


def _stale(message: str) -> ObjectRefused:
    return ObjectRefused(message, code="IPAM-CHANGED", hint="read the IPAM again and make a new plan")
