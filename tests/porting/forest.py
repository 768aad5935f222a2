"""Random datasets that diffsync and driftline are both given: schemas, trees in two versions, flags, refusals.

Everything is plain data made from a seed, so that both packages get the same. Left out, because there driftline
differs on purpose (docs/coming-from-diffsync.md): objects that change their parent or have several, unique ids
that collide, children that are listed but missing, one name used twice among siblings, children of a kind that the
destination does not know.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

ATTRIBUTES = ("role", "mtu", "tags", "note")
IGNORE, SKIP_CHILDREN, SKIP_SRC, SKIP_DST, NATURAL = 1, 2, 4, 8, 16
CONTINUE = 1


@dataclass(frozen=True)
class Kind:
    """A model: `attributes` and `children` are those of the source's class and those of the destination's."""

    name: str
    identifiers: tuple[str, ...]
    shortname: tuple[str, ...]
    fields: tuple[str, ...]
    attributes: tuple[tuple[str, ...], tuple[str, ...]]
    children: tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Schema:
    """All models, and the names of those at the top of the source and of the destination."""

    kinds: dict[str, Kind]
    top_level: tuple[tuple[str, ...], tuple[str, ...]]


@dataclass
class Node:
    """One object of one side."""

    kind: str
    path: str
    number: int
    values: dict[str, Any]
    flags: int = 0
    children: list[Node] = field(default_factory=list)

    @property
    def identity(self) -> dict[str, Any]:
        return {"path": self.path, "number": self.number}


@dataclass(frozen=True)
class Case:
    """What both packages are to compare and to synchronise."""

    seed: int
    schema: int
    source: list[Node]
    dest: list[Node]
    flags: int
    order: str
    refusals: dict[tuple[str, str, str], str]
    """(action, model, unique id) to what the hook of that object does: `nothing`, `error`, or `crash`.

    A crash is an exception that diffsync does not know; only without CONTINUE_ON_FAILURE, which there ends by it.
    """


def schema(seed: int) -> Schema:
    """Return models of two to four levels, several at the top, several kinds of children."""
    chance = random.Random(f"schema {seed}")  # noqa: S311 - a case, no secret
    levels = [
        [f"l{level}k{number}" for number in range(chance.randint(1, 2 if level else 3))]
        for level in range(chance.randint(2, 4))
    ]
    kinds = {}
    for level, names in enumerate(levels):
        below = levels[level + 1] if level + 1 < len(levels) else []
        for name in names:
            kinds[name] = _kind(chance, name, below)
    for number, name in enumerate(n for names in levels[1:] for n in names):
        # One parent kind each: a model that several list would be the same object below both.
        level = int(name[1])
        parents = levels[level - 1]
        keeper = parents[number % len(parents)]
        for parent in parents:
            if parent != keeper:
                kinds[parent] = _without(kinds[parent], name)
    return Schema(kinds, _sides(chance, tuple(levels[0])))


def _without(kind: Kind, child: str) -> Kind:
    source, dest = (tuple(name for name in side if name != child) for side in kind.children)
    return Kind(kind.name, kind.identifiers, kind.shortname, kind.fields, kind.attributes, (source, dest))


def _kind(chance: random.Random, name: str, below: list[str]) -> Kind:
    fields = tuple(chance.sample(ATTRIBUTES, chance.randint(0, len(ATTRIBUTES))))
    attributes = tuple(chance.sample(fields, len(fields)))
    return Kind(
        name=name,
        identifiers=chance.choice([("path", "number"), ("number", "path")]),
        shortname=chance.choice([(), ("number",)]),
        fields=fields,
        attributes=_sides(chance, attributes),
        # The destination has all of them: below a new parent, diffsync can't create what its model does not list.
        children=(_sides(chance, tuple(below))[0], tuple(below)),
    )


def _sides(chance: random.Random, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the same names for both sides, or all but one on one of them, perhaps in another order."""
    source, dest = list(names), list(names)
    if len(names) > 1 and chance.random() < 0.4:
        chance.choice([source, dest]).pop(chance.randrange(len(names)))
    if chance.random() < 0.3:
        chance.shuffle(source)
    return tuple(source), tuple(dest)


def case(seed: int, schemas: dict[int, Schema]) -> Case:
    """Return the case of a seed."""
    chance = random.Random(f"case {seed}")  # noqa: S311 - a case, no secret
    number = chance.choice(sorted(schemas))
    grower = _Grower(chance, schemas[number])
    source, dest = grower.grow()
    flags = chance.choice([0, 0, 0, 1, 2, 4, 6, 8, 9, 13])
    refusals = grower.refusals(source, dest, flags) if chance.random() < 0.3 else {}
    order = chance.choice(["", "", "by name", "deletes first", "one kind"])
    return Case(seed, number, source, dest, flags, order, refusals)


def walk(nodes: list[Node]) -> list[Node]:
    """Return all nodes below these, parents first."""
    return [each for node in nodes for each in (node, *walk(node.children))]


@dataclass
class _Grower:
    chance: random.Random
    schema: Schema

    def grow(self) -> tuple[list[Node], list[Node]]:
        """Return the trees of the source and of the destination."""
        self.flagged = self.chance.random() < 0.5
        source: list[Node] = []
        dest: list[Node] = []
        tops = dict.fromkeys((*self.schema.top_level[0], *self.schema.top_level[1]))
        for name in tops:
            below = self._below(name, "top", 0)
            source += below[0]
            dest += below[1]
        return source, dest

    def _below(self, name: str, path: str, depth: int) -> tuple[list[Node], list[Node]]:
        sides: tuple[list[Node], list[Node]] = ([], [])
        for number in range(self.chance.choice([0, 1, 2, 2, 3] if depth else [1, 2, 2, 3])):
            for side, node in enumerate(self._pair(name, path, number, depth)):
                if node is not None:
                    sides[side].append(node)
        for nodes in sides:
            self.chance.shuffle(nodes)
        return sides

    def _pair(self, name: str, path: str, number: int, depth: int) -> tuple[Node | None, Node | None]:
        kind = self.schema.kinds[name]
        values = {each: self._value() for each in kind.fields}
        changed = {each: self._value() if self.chance.random() < 0.2 else values[each] for each in values}
        source = Node(name, path, number, values, self._flags())
        dest = Node(name, path, number, changed, self._flags())
        inner = f"{path}/{name}{number}"
        for child in dict.fromkeys((*kind.children[0], *kind.children[1])):
            below = self._below(child, inner, depth + 1)
            source.children += below[0] if child in kind.children[0] else []
            dest.children += below[1] if child in kind.children[1] else []
        where = self.chance.random()
        return (None if where > 0.85 else source), (None if where < 0.15 else dest)

    def _value(self) -> Any:
        return self.chance.choice(
            [None, 0, 1, 1500, "", "leaf", "spine", ["a"], ["a", "b"], [], {"k": 1}, {}]
        )

    def _flags(self) -> int:
        if not self.flagged or self.chance.random() < 0.8:
            return 0
        return self.chance.choice(
            [IGNORE, SKIP_CHILDREN, SKIP_SRC, SKIP_DST, SKIP_SRC | SKIP_DST, NATURAL, NATURAL | SKIP_CHILDREN]
        )

    def refusals(self, source: list[Node], dest: list[Node], flags: int) -> dict[tuple[str, str, str], str]:
        """Return hooks that refuse; none below parents that are deleted after their children: there diffsync errs."""
        ours, theirs = ({(node.kind, self._uid(node)) for node in walk(side)} for side in (source, dest))
        last = [child for node in walk(dest) if node.flags & NATURAL for child in walk(node.children)]
        keys = sorted((ours | theirs) - {(node.kind, self._uid(node)) for node in last})
        how = self.chance.choice(["nothing", "error", "error" if flags & CONTINUE else "crash"])
        picked = self.chance.sample(keys, min(len(keys), self.chance.randint(1, 6)))
        return {
            ("delete" if key not in ours else "update" if key in theirs else "create", *key): how
            for key in picked
        }

    def _uid(self, node: Node) -> str:
        return "__".join(str(node.identity[name]) for name in self.schema.kinds[node.kind].identifiers)
