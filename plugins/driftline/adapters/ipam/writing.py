"""Writes many objects of one model with few requests, and says of each what became of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from driftline.engine.exceptions import DriftlineError, ObjectRefused, TargetError

from . import preparing, primary, renaming, sharing
from .answers import difference
from .fields import Endpoint, Item, Surroundings
from .guarding import refuse_changed, refuse_others
from .in_doubt import Patience
from .models import RENAMED_FROM, Device, Interface, IPAddress, Row
from .refer import Named, References
from .sure import SureClient

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from driftline.engine import Adapter

    from .client import Client
    from .options import IpamOptions
    from .records import Values
    from .system import System

    Send = Callable[[Endpoint, Sequence[Item]], Sequence[Any]]

_AT_ONCE = ("interface", "ip_address")
"""Models whose requests may be under way at once: no two of them change the same rows."""


class IpamWriter:
    """Writes the objects of a dataset to its IPAM."""

    def __init__(
        self,
        dataset: Adapter,
        system: System,
        client: Client,
        options: IpamOptions,
        patience: Patience | None = None,
    ) -> None:
        self._dataset = dataset
        self.client = client
        self._writer = system.writer
        self._title = system.dialect.title
        self._options = options.write
        self._connections = options.connections
        self._sure = SureClient(client, self._title, patience or Patience(slow=options.timeout))
        self._named = Named(self._sure, self._title)
        self._ready_made: dict[str, Values] = {}
        """Interfaces that the server has made with their devices, by unique id."""

    # The three actions --------------------------------------------------------------------------------------

    def create(self, cls: type[Row], wishes: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> list[Item]:
        """Make objects of these identifiers and attributes; a renamed interface is changed for that."""
        items = [self._wished(cls, ids, attrs) for ids, attrs in wishes]
        self._make(cls, [item for item in items if item.existing is None])
        renamed = [item for item in items if item.existing is not None]
        self._change(cls, renamed)
        renaming.follow(_alive(renamed), self._dataset)
        return items

    def update(self, cls: type[Row], wishes: Sequence[tuple[Row, dict[str, Any]]]) -> list[Item]:
        """Change these attributes of objects."""
        items = [preparing.changed(obj, attrs, self._title) for obj, attrs in wishes]
        self._change(cls, items)
        return items

    def delete(self, cls: type[Row], objs: Sequence[Row]) -> list[Item]:
        """Delete objects, if they are ours and nothing of others goes with them; what was renamed only loses a name."""
        items = [Item(cls, obj, {}, existing=obj) for obj in objs]
        renamed = renaming.living_on(items, self._dataset)
        self._remove([item for item in items if item not in renamed])
        return items

    def _wished(self, cls: type[Row], ids: dict[str, Any], attrs: dict[str, Any]) -> Item:
        if RENAMED_FROM in attrs:
            return preparing.renamed(cls, ids, attrs, self._dataset, self._title)
        return preparing.new(cls, ids, attrs, self._options)

    def _make(self, cls: type[Row], items: Sequence[Item]) -> None:
        around = self._around()
        preparing.fill(_alive(items), self._writer, around)
        self._writer.before(_alive(items), around)
        twins = sharing.twins(_alive(items), self._writer, self._dataset)
        self._send_all([item for item in _alive(items) if item not in twins], self._create)
        sharing.join(twins)
        self._finish(items, around)
        if cls.get_type() == Device.get_type():
            self._note_ready_made(_alive(items))

    def _change(self, cls: type[Row], items: Sequence[Item]) -> None:
        around = self._around()
        preparing.fill(_alive(items), self._writer, around)
        if not self._has_etag(items):
            refuse_changed(self._by_path(_alive(items)), self._writer, self._sure)
        self._writer.before(_alive(items), around)
        gave_up: list[Item] = []
        if cls.get_type() == IPAddress.get_type():
            gave_up = primary.given_up(_alive(items), self._device, self._patch_devices)
        self._send_all([item for item in _alive(items) if item.payload], self._update)
        self._finish(items, around)
        primary.given_back([item for item in gave_up if item.failure], self._device, self._patch_devices)

    def _remove(self, items: Sequence[Item]) -> None:
        refuse_others(items, self._dataset, self._options)
        refuse_changed(self._by_path(_alive(items)), self._writer, self._sure, gone_is_fine=True)
        around = self._around()
        staying = sharing.staying(_alive(items), self._writer, self._dataset)
        staying |= self._writer.used_by_others(_alive(items), around)
        self._writer.detach([item for item in _alive(items) if item in staying], around)
        self._send_all([item for item in _alive(items) if item not in staying], self._delete)
        self._forget_primary(_alive(items))

    def _around(self) -> Surroundings:
        refer = References(self._dataset, self._title)
        return Surroundings(self._dataset, self._sure, self._options, self._title, refer, self._named)

    def _endpoint(self, item: Item) -> Endpoint:
        return preparing.endpoint_of(item, self._writer, self._title)

    # Sending ------------------------------------------------------------------------------------------------

    def _send_all(self, items: Sequence[Item], send: Send) -> None:
        """Send objects in requests of the size that is set, several at once where that is safe."""
        size = self._options.batch_size
        chunks = [
            group[start : start + size]
            for group in self._by_path(items).values()
            for start in range(0, len(group), size)
        ]
        workers = self._connections if items and items[0].model.get_type() in _AT_ONCE else 1
        with ThreadPoolExecutor(max(1, min(workers, len(chunks)))) as pool:
            list(pool.map(partial(self._send, send), chunks))

    def _by_path(self, items: Sequence[Item]) -> dict[str, list[Item]]:
        groups: dict[str, list[Item]] = {}
        for item in items:
            groups.setdefault(self._endpoint(item).path, []).append(item)
        return groups

    def _send(self, send: Send, items: Sequence[Item]) -> None:
        for item, answer in zip(items, send(self._endpoint(items[0]), items), strict=True):
            if isinstance(answer, DriftlineError):
                item.failure = answer
            elif answer is not None:
                item.answer = answer

    def _create(self, endpoint: Endpoint, items: Sequence[Item]) -> Sequence[Any]:
        ready = {item: row for item in items if (row := self._ready_made.pop(_uid(item), None))}
        new = [item for item in items if item not in ready]
        rows = [{"id": row["id"], **_but(item.payload, endpoint.identity)} for item, row in ready.items()]
        answers = dict(zip(new, self._sure.create(endpoint, [item.payload for item in new]), strict=True))
        answers |= dict(zip(ready, self._sure.update(endpoint, rows), strict=True))
        return [answers[item] for item in items]

    def _update(self, endpoint: Endpoint, items: Sequence[Item]) -> Sequence[Any]:
        rows = [{"id": item.pk, **item.payload} for item in items]
        return self._sure.update(endpoint, rows, items[0].wanted.changed if self._has_etag(items) else None)

    def _delete(self, endpoint: Endpoint, items: Sequence[Item]) -> Sequence[Any]:
        pks = list(dict.fromkeys(item.pk for item in items))
        of = dict(zip(pks, self._sure.delete(endpoint, pks), strict=True))
        return [of[item.pk] for item in items]

    def _has_etag(self, items: Sequence[Item]) -> bool:
        """Return whether the server itself compares the state that a change is made on condition of."""
        single = len(items) == 1 and items[0].model.get_type() != IPAddress.get_type()
        return single and self.client.has_conditions

    # After it was sent ----------------------------------------------------------------------------------------

    def _finish(self, items: Sequence[Item], around: Surroundings) -> None:
        """Compare the answers with what was sent, write what is kept elsewhere, take back what is not whole."""
        sent = _alive(items)
        for item in sent:
            if not item.joined:
                self._compare(item, self._endpoint(item))
        self._writer.after(_alive(sent), around)
        if sent and sent[0].model.get_type() == IPAddress.get_type():
            primary.taken(_alive(sent), self._device, self._patch_devices)
        for item in sent:
            if item.failure is not None:
                self._take_back(item, item.failure, around)

    def _compare(self, item: Item, endpoint: Endpoint) -> None:
        kept = difference(item.payload, item.answer, endpoint.seen_as)
        if kept:
            item.failure = ObjectRefused(
                f"{self._title} kept {kept}",
                code="IPAM-KEPT",
                hint="let the source say it as the server does, or leave it to the server",
            )

    def _take_back(self, item: Item, failure: DriftlineError, around: Surroundings) -> None:
        """Undo what was written of an object whose other parts could not be, so that nothing is half there."""
        problem = self._unmade(item, around) if item.existing is None else self._unchanged(item, around)
        if problem is not None:
            item.failure = TargetError(
                f"{failure.message}; what was written of it could not be taken back: {problem.message}",
                code="IPAM-IN-DOUBT",
                hint="look at the object itself before anything else is changed",
            )

    def _unmade(self, item: Item, around: Surroundings) -> DriftlineError | None:
        item.wanted.pk = item.pk
        if item.joined:
            made = Item(item.model, item.wanted, {}, existing=item.wanted)
            self._writer.detach([made], around)
            return made.failure
        (answer,) = self._sure.delete(self._endpoint(item), [item.pk])
        problem: DriftlineError | None = answer
        return problem

    def _unchanged(self, item: Item, around: Surroundings) -> DriftlineError | None:
        before = Item(item.model, cast("Row", item.existing), item.changes, existing=item.wanted)
        if item.payload:
            row = {"id": item.pk, **preparing.payload(before, self._writer, around)}
            (answer,) = self._sure.update(self._endpoint(item), [row])
            if isinstance(answer, DriftlineError):
                return answer
            before.wanted.changed = answer["last_updated"]
        self._writer.after([before], around)
        return before.failure

    def _note_ready_made(self, devices: Sequence[Item]) -> None:
        """Note the interfaces that devices have got from their type: to create them is to change them."""
        endpoint = self._writer.endpoints["interface"]
        names = {item.pk: item.wanted.get_identifiers()["name"] for item in devices}
        try:
            rows = self._sure.when_back(
                lambda: self.client.among(endpoint.path, endpoint.identity["device"], names)
            )
        except TargetError:
            return  # then the server refuses to make them twice
        for row in rows:
            ids = {"device": names[row["device"]["id"]], "name": row["name"]}
            self._ready_made[Interface.unique_id_of(ids)] = row

    # Primary addresses ----------------------------------------------------------------------------------------

    def _device(self, name: str) -> Device:
        return cast("Device", References(self._dataset, self._title).found("device", name=name))

    def _patch_devices(self, devices: Sequence[Device], rows: Sequence[Values]) -> list[Any]:
        """Change devices on condition that nobody else has, and note when that was."""
        items = [
            Item(type(device), device, {}, existing=device, payload=row)
            for device, row in zip(devices, rows, strict=True)
        ]
        refuse_changed(self._by_path(items), self._writer, self._sure)
        self._send_all(_alive(items), self._update)
        for item in _alive(items):
            self._compare(item, self._endpoint(item))
            cast("Row", item.existing).changed = item.answer["last_updated"]
        return [item.failure or item.answer for item in items]

    def _forget_primary(self, deleted: Sequence[Item]) -> None:
        """Note that devices have lost their primary addresses: the servers have changed them for that."""
        for item in deleted:
            address = item.wanted
            if isinstance(address, IPAddress) and address.primary and address.device:
                device = self._dataset.get_or_none("device", {"name": address.device})
                if device is not None:
                    setattr(device, primary.field_of(address.address), None)
                    device.changed = None  # not known: the server does not say


def _alive(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.failure is None]


def _but(values: Values, names: Any) -> Values:
    return {name: value for name, value in values.items() if name not in names}


def _uid(item: Item) -> str:
    return item.wanted.get_unique_id()
