"""Random trees of three levels, in two versions between which objects come, go, change and move."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from driftline.engine import DiffSyncModelFlags
from tests.engine.inventory import Device, Interface, Inventory, Site

SITES, DEVICES, INTERFACES = ("s1", "s2"), ("d1", "d2", "d3", "d4"), tuple(f"i{n}" for n in range(7))
FLAGS = (
    DiffSyncModelFlags.NONE,
    DiffSyncModelFlags.NATURAL_DELETION_ORDER,
    DiffSyncModelFlags.SKIP_CHILDREN_ON_DELETE,
)


@dataclass(frozen=True)
class Node:
    """One object: under which parent it hangs, and what it is like."""

    parent: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    managed: frozenset[str] | None = None
    exclusive: bool = True
    flags: DiffSyncModelFlags = DiffSyncModelFlags.NONE


@dataclass(frozen=True)
class Tree:
    """One version: objects by name, per level."""

    sites: dict[str, Node]
    devices: dict[str, Node]
    interfaces: dict[str, Node]

    def load(self, name: str, *, atomic: bool = False, seed: int = 0) -> Inventory:
        """Return an adapter with these objects, loaded in an order that depends on the seed."""
        inventory = Inventory(name, atomic=atomic)
        shuffle = random.Random(seed)  # noqa: S311 - an order, no secret
        for cls, nodes in ((Site, self.sites), (Device, self.devices), (Interface, self.interfaces)):
            for key in shuffle.sample(sorted(nodes), len(nodes)):
                node = nodes[key]
                extra = {} if cls is Interface else {"exclusive": node.exclusive}
                obj = cls(name=key, model_flags=node.flags, **node.values, **extra)
                if node.managed is not None:
                    obj.manage(node.managed)
                parents = {Device: Site, Interface: Device}
                inventory.put(obj, inventory.get(parents[cls], node.parent) if cls in parents else None)
        return inventory


def values(**options: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(of) for name, of in options.items()})


SITE_VALUES = values(region=[None, "eu", "us"])
DEVICE_VALUES = values(role=[None, "leaf", "spine"])
INTERFACE_VALUES = values(mtu=[None, 1500, 9000], tags=[[], ["a"], ["a", "b"]])


@st.composite
def trees(draw: st.DrawFn, *, partial: bool = False) -> Tree:
    """Return a tree; a partial one does not manage or own everything, as intents may."""

    def node(parents: tuple[str, ...], of: st.SearchStrategy[dict[str, Any]], names: list[str]) -> Node:
        managed = draw(st.none() | st.frozensets(st.sampled_from(names))) if partial else None
        return Node(
            parent=draw(st.sampled_from(parents)) if parents else "",
            values=draw(of),
            managed=managed,
            exclusive=draw(st.booleans()) if partial else True,
            flags=DiffSyncModelFlags.NONE if partial else draw(st.sampled_from(FLAGS)),
        )

    def some(pool: tuple[str, ...]) -> list[str]:
        return sorted(draw(st.sets(st.sampled_from(pool))))

    sites = {name: node((), SITE_VALUES, ["region"]) for name in some(SITES)}
    devices = {name: node(tuple(sites), DEVICE_VALUES, ["role"]) for name in (some(DEVICES) if sites else [])}
    ports = some(INTERFACES) if devices else []
    interfaces = {name: node(tuple(devices), INTERFACE_VALUES, ["mtu", "tags"]) for name in ports}
    return Tree(sites, devices, interfaces)
