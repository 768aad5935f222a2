"""What is to be written of each object, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from driftline.engine.exceptions import DriftlineError, ObjectRefused, TargetError

from .fields import Endpoint, Item, Surroundings, drop_vlans_with_mode
from .models import RENAMED_FROM, Device, Interface
from .owned import OWNER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from driftline.engine import Adapter

    from .models import Row
    from .options import Writing
    from .records import Values
    from .system import Writer

_FOLLOWING = ("interface", "lag", "parent")
"""Attributes that change by themselves when the interface that they name is renamed."""


def new(cls: type[Row], ids: Mapping[str, Any], attrs: Mapping[str, Any], options: Writing) -> Item:
    """Return an object that is to be made; what the source does not tell is as the settings say."""
    values: dict[str, Any] = {"status": options.status} if "status" in cls.model_fields else {}
    if cls.get_type() == Device.get_type():
        values["role"] = options.role
    given = {name: value for name, value in attrs.items() if value is not None}
    try:
        record = cls.model_validate({**values, **given, **ids})
    except ValidationError as error:
        refused = ObjectRefused(str(error), code="IPAM-INCOMPLETE", hint="let the source say what is missing")
        return Item(cls, cls.model_construct(**ids), attrs, failure=refused)
    return Item(cls, record, {**record.get_identifiers(), **record.get_attrs()})


def renamed(
    cls: type[Row], ids: Mapping[str, Any], attrs: Mapping[str, Any], dataset: Adapter, title: str
) -> Item:
    """Return an interface that is to be made by renaming another one, with the attributes that differ."""
    old: Row | None = dataset.get_or_none(cls.get_type(), {**ids, "name": attrs[RENAMED_FROM]})
    if old is None:
        missing = ObjectRefused(
            f"{title} has no {attrs[RENAMED_FROM]} that could be renamed",
            code="IPAM-MISSING",
            hint="read the IPAM again and make a new plan",
        )
        return Item(cls, cls.model_construct(**ids), attrs, failure=missing)
    item = changed(old, {name: value for name, value in attrs.items() if _differs(old, name, value)}, title)
    if item.failure is None:
        item.wanted = item.wanted.model_copy(update=dict(ids))
        item.changes = {"name": ids["name"], **item.changes}
        item.tags = old.tags
    return item


def changed(obj: Row, attrs: Mapping[str, Any], title: str) -> Item:
    """Return an object that is to be changed; where it names interfaces by their new names already, that is done."""
    followed = {name for name in _FOLLOWING if attrs.get(name) and not _differs(obj, name, attrs[name])}
    changes = {name: value for name, value in attrs.items() if name not in followed}
    item = Item(type(obj), obj, changes, existing=obj)
    try:
        item.wanted = obj.with_attrs(changes)
    except DriftlineError as error:
        item.failure = error
    if isinstance(item.wanted, Interface):
        drop_vlans_with_mode(item.wanted, changes)
    if obj.pk is None:
        item.failure = ObjectRefused(f"it is not known which object of {title} it is", code="IPAM-MISSING")
    return item


def endpoint_of(item: Item, writer: Writer, title: str) -> Endpoint:
    """Return where an object is; raises ObjectRefused when the system has no such kind."""
    name = item.model.get_type()
    if name == "term":
        name = f"term.{getattr(item.wanted, 'kind', '')}"
    try:
        return writer.endpoints[name]
    except KeyError:
        kind = name.partition(".")[2].replace("_", " ")
        raise ObjectRefused(f"{title} has no {kind}", code="IPAM-MISSING") from None


def fill(items: Iterable[Item], writer: Writer, around: Surroundings) -> None:
    """Make what is to be sent for each object."""
    for item in items:
        try:
            item.payload = payload(item, writer, around)
        except (ObjectRefused, TargetError) as refused:
            item.failure = refused


def payload(item: Item, writer: Writer, around: Surroundings) -> Values:
    """Return what is to be sent: for a change nothing that stays, for a create nothing that is empty."""
    endpoint = endpoint_of(item, writer, around.title)
    made: Values = {}
    for name in item.changes:
        made |= endpoint.fields[name](item, around)
    if item.existing is not None:
        return made
    mark = _mark(writer, around) if endpoint.marked else {}
    item.tags = (around.options.owner_tag,) if "tags" in mark else ()
    given = {name: value for name, value in made.items() if value not in (None, "", [])}
    return {**endpoint.fixed(item, around), **given, **mark}


def _differs(obj: Row, name: str, value: Any) -> bool:
    return name != RENAMED_FROM and not obj.same(name, value, getattr(obj, name))


def _mark(writer: Writer, around: Surroundings) -> Values:
    """Return what says that an object is ours."""
    tag, owner_field = around.options.owner_tag, around.options.owner_field
    mark: Values = {}
    if tag:
        mark["tags"] = [around.named("extras/tags/", tag, {"name": tag}, make=writer.tag(tag))]
    if owner_field:
        mark["custom_fields"] = {owner_field: OWNER}
    return mark
