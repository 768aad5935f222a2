"""The random datasets of `forest`, made with one package or the other, and what each makes of them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .forest import Case, Kind, Node, Schema


@dataclass
class Package:
    """One of the two packages, under the names that both have."""

    root: str

    def __post_init__(self) -> None:
        module = importlib.import_module(self.root)
        self.adapter, self.model = module.Adapter, module.DiffSyncModel
        self.diff = importlib.import_module(f"{self.root}.diff").Diff
        enums = importlib.import_module(f"{self.root}.enum")
        self.flags, self.model_flags, self.status = (
            enums.DiffSyncFlags,
            enums.DiffSyncModelFlags,
            enums.DiffSyncStatus,
        )
        self.errors = importlib.import_module(f"{self.root}.exceptions")
        self._adapters: dict[int, tuple[Any, Any]] = {}
        self._orders = {name: self._order(name) for name in ("", "by name", "deletes first", "one kind")}

    def adapters(self, number: int, schema: Schema) -> tuple[Any, Any]:
        """Return the adapter classes of a schema, for the source and for the destination."""
        if number not in self._adapters:
            self._adapters[number] = self._adapter(schema, 0), self._adapter(schema, 1)
        return self._adapters[number]

    def order(self, name: str) -> Any:
        """Return a Diff class with this order of its elements."""
        return self._orders[name]

    def _adapter(self, schema: Schema, side: int) -> Any:
        models = {name: self._model(kind, side) for name, kind in schema.kinds.items()}
        body = {**models, "top_level": list(schema.top_level[side]), "sync_complete": _sync_complete}
        return type("Side", (self.adapter,), body)

    def _model(self, kind: Kind, side: int) -> Any:
        children = {child: f"{child}s" for child in kind.children[side]}
        attributes = tuple(name for name in kind.attributes[side] if name in kind.fields)
        fields = {name: None for name in kind.fields if name in attributes}
        body: dict[str, Any] = {
            "__module__": __name__,
            "__annotations__": {
                "path": str,
                "number": int,
                **dict.fromkeys(fields, Any),
                **dict.fromkeys(children.values(), list),
            },
            "_modelname": kind.name,
            "_identifiers": kind.identifiers,
            "_shortname": kind.shortname,
            "_attributes": attributes,
            "_children": children,
            **fields,
            **{name: [] for name in children.values()},
            **self._hooks(),
        }
        return type(kind.name, (self.model,), body)

    def _hooks(self) -> dict[str, Any]:
        errors = self.errors

        def create(cls: Any, adapter: Any, ids: Any, attrs: Any) -> Any:
            if _refused(adapter, ("create", cls.get_type(), cls.create_unique_id(**ids)), attrs):
                return _refuse(adapter, errors.ObjectNotCreated)
            return cls.create_base(adapter=adapter, ids=ids, attrs=attrs)

        def update(self: Any, attrs: Any) -> Any:
            if _refused(self.adapter, ("update", self.get_type(), self.get_unique_id()), attrs):
                return _refuse(self.adapter, errors.ObjectNotUpdated)
            return self.update_base(attrs)

        def delete(self: Any) -> Any:
            if _refused(self.adapter, ("delete", self.get_type(), self.get_unique_id()), None):
                return _refuse(self.adapter, errors.ObjectNotDeleted)
            return self.delete_base()

        return {"create": classmethod(create), "update": update, "delete": delete}

    def _order(self, name: str) -> Any:
        def by_name(_: Any, children: dict[str, Any]) -> Iterator[Any]:
            yield from sorted(children.values(), key=lambda element: element.name, reverse=True)

        def deletes_first(_: Any, children: dict[str, Any]) -> Iterator[Any]:
            yield from sorted(children.values(), key=lambda element: element.action != "delete")

        bodies = {
            "": {},
            "by name": {"order_children_default": classmethod(by_name)},
            "deletes first": {"order_children_default": classmethod(deletes_first)},
            "one kind": {"order_children_l1k0": classmethod(by_name)},
        }
        return type("Ordered", (self.diff,), bodies[name])

    def load(self, cls: Any, nodes: list[Node], name: str, case: Case) -> Any:
        """Return a loaded adapter that keeps a record of the hooks that were called."""
        adapter = cls(name=name)
        adapter.refusals, adapter.hooks, adapter.completed = case.refusals, [], 0
        for node in nodes:
            self._add(adapter, node, None)
        return adapter

    def _add(self, adapter: Any, node: Node, parent: Any) -> None:
        model = getattr(adapter, node.kind)
        values = {name: value for name, value in node.values.items() if name in model._attributes}
        obj = model(**node.identity, **_copies(values), model_flags=self.model_flags(node.flags))
        adapter.add(obj)
        if parent is not None:
            parent.add_child(obj)
        for child in node.children:
            self._add(adapter, child, obj)


def _copies(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.copy() if hasattr(value, "copy") else value for name, value in values.items()}


def _refused(adapter: Any, call: tuple[str, str, str], attrs: Any) -> bool:
    adapter.hooks.append((*call, attrs))
    return call in adapter.refusals


def _refuse(adapter: Any, error: Any) -> None:
    if "crash" in adapter.refusals.values():
        raise ConnectionError("timeout")
    if "error" in adapter.refusals.values():
        raise error("refused")


def _sync_complete(self: Any, source: Any, diff: Any, flags: Any, logger: Any) -> None:
    self.completed += 1


def elements(diff: Any) -> list[Any]:
    """Return all elements as plain values, in the order in which they are visited."""
    return [
        (
            element.type,
            element.name,
            element.keys,
            (element.source_name, element.dest_name),
            element.action,
            element.source_attrs,
            element.dest_attrs,
            ordered(element.get_attrs_diffs()),
            element.has_diffs(),
            element.has_diffs(include_children=False),
            len(element),
            element.summary(),
            str(element),
            elements(element),
        )
        for element in diff.get_children()
    ]


def ordered(value: Any) -> Any:
    """Return nested dictionaries as lists, so that their order counts."""
    if isinstance(value, dict):
        return [(name, ordered(below)) for name, below in value.items()]
    return value


def content(adapter: Any) -> dict[str, Any]:
    """Return everything that an adapter has, in the order in which it was added.

    Models without objects are left out: diffsync lists those that somebody has merely asked for.
    """
    data = adapter.dict(exclude_defaults=False)
    return {name: [_plain(obj) for obj in objects.items()] for name, objects in data.items() if objects}


def _plain(item: tuple[str, dict[str, Any]]) -> Any:
    uid, values = item
    return uid, ordered({**values, "model_flags": values["model_flags"].value})
