"""Bringing what is remembered of a comparison up to date."""

from __future__ import annotations

from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .differ import Siblings, ignored, listed
from .enum import DiffSyncModelFlags
from .late import LateElement, mutable, put_by
from .remembered import Below, CantTell, Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .diff import DiffElement
    from .marks import Changes
    from .model import DiffSyncModel
    from .remembered import Key, Place, Recorder
    from .typing import Dataset

_NO_FLAGS = DiffSyncModelFlags.NONE


class _Verdict:
    """What is to be done about an object whose pair was not compared yet."""

    __slots__ = ()


_BELOW, _PAIR, _ALL, _NEW = _Verdict(), _Verdict(), _Verdict(), _Verdict()
"""Something below it changed; its own values may have; all of it is to be compared; it was not listed before."""
_NOWHERE: Any = ("", "nowhere")
_Lists = tuple[list[str], list[str]]
_managed_of = attrgetter("_managed")


class Revision:
    """Brings what is remembered up to date; raises CantTell when everything has to be compared."""

    def __init__(self, recorder: Recorder, source: Dataset, dest: Dataset) -> None:
        self._recorder = recorder
        self._memory = recorder.memory
        self._sides = source, dest
        self._objects: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self._todo: dict[Place, dict[str, dict[str, Any]]] = {}
        """What to do about which objects: by parent, model and unique id; a verdict, an element, or None: the same."""
        self._noted: dict[str, list[str]] = {}
        """Those of them with a verdict, and those that become elements by what is below them."""
        self._lists: dict[Place, dict[str, _Lists]] = {}
        """The lists of children that changed, by parent and model."""
        self._shapes: dict[Place, tuple[tuple[str, ...], int]] = {}
        """The models below objects that were looked at, and how many objects are of others."""
        self._dropped: dict[Key, Below] = {}

    def run(self, ours: Changes, theirs: Changes) -> Below:
        """Return what is below the top now."""
        changed = {model: {**ours.get(model, {}), **theirs.get(model, {})} for model in {*ours, *theirs}}
        for model, uids in changed.items():
            listed = {uid for side in (ours, theirs) for uid, listed in side.get(model, {}).items() if listed}
            self._check_top(model, uids, listed)
            self._fetch(model, uids)
        parents = [model for model in changed if self._has_children(model)]
        for key in sorted(((model, uid) for model in parents for uid in changed[model]), key=self._depth):
            self._look_at_parent(key)
        for model, uids in changed.items():
            if model not in parents:
                self._look_at_values(model, list(uids))
        for model, noted in self._noted.items():
            self._fetch(model, noted)
        return self._redo(None) if self._todo else self._memory.below[None]

    # What was changed -------------------------------------------------------------------------------------

    def _check_top(self, model: str, uids: Iterable[str], listed: set[str]) -> None:
        """Refuse what changes the list of objects at the top."""
        tops = [model in side.top_level for side in self._sides]
        if any(tops) and listed:
            raise CantTell
        if all(tops) and any(
            self._home(0, model, uid) is _NOWHERE is self._home(1, model, uid) for uid in uids
        ):
            raise CantTell

    def _fetch(self, model: str, uids: Iterable[str]) -> None:
        """Get objects of both sides, all at once."""
        known = self._objects.setdefault(model, ({}, {}))
        wanted = [uid for uid in uids if uid not in known[0] or uid not in known[1]] if known[0] else uids
        if wanted:
            for side, objects in zip(self._sides, known, strict=True):
                objects.update(side.find_by_uids(wanted, model))

    def _has_children(self, model: str) -> bool:
        classes = {type(obj) for objects in self._objects[model] for obj in objects.values()}
        return any(cls.get_children_mapping() for cls in classes)

    def _home(self, side: int, model: str, uid: str) -> Place:
        return self._memory.homes[side].get(model, {}).get(uid, _NOWHERE)

    def _depth(self, key: Key) -> int:
        depth, place = 0, self._either_home(key)
        while place is not None and place is not _NOWHERE:
            depth, place = depth + 1, self._either_home(place)
        return depth

    def _either_home(self, key: Key) -> Place:
        home = self._home(0, *key)
        return self._home(1, *key) if home is _NOWHERE else home

    def _look_at_parent(self, key: Key) -> None:
        """Find out what changed about an object that can have children."""
        model, uid = key
        home = self._common_home(key)
        if home is _NOWHERE:
            return
        source, dest = (objects.get(uid) for objects in self._objects[model])
        below = self._memory.below.get(key)
        if source is None or dest is None or below is None or ignored(source) or ignored(dest):
            self._compare_all(home, key)
            return
        how = self._recorder.way(source, dest)
        if not below.groups.keys() <= set(how.children):
            self._compare_all(home, key)
            return
        self._shapes[key] = how.children, _left_out(source, dest) + _left_out(dest, source)
        for name in how.children:
            self._look_at_lists(
                key, name, below.groups.get(name), [*listed(source, name)], [*listed(dest, name)]
            )
        self._note(home, key, _PAIR)

    def _common_home(self, key: Key) -> Place:
        """Return where an object hangs; both sides must agree, if both have it. Raises CantTell."""
        home, other = self._home(0, *key), self._home(1, *key)
        if home is _NOWHERE or other is _NOWHERE:
            if self._memory.elsewhere:
                raise CantTell  # it may be what hangs elsewhere
            return other if home is _NOWHERE else home
        there = self._objects[key[0]]
        if home != other or key[1] not in there[0] or key[1] not in there[1]:
            raise CantTell
        return home

    def _look_at_lists(
        self, place: Key, model: str, group: Group | None, ours: list[str], theirs: list[str]
    ) -> None:
        if group is None and not ours and not theirs:
            return
        group = group or Group(model)
        if ours != group.ours or theirs != group.theirs:
            self._relist(place, group, (ours, theirs))
        if theirs != ours:
            # Whether these are to go is the owner's word, which may be another one now.
            for uid in set(theirs).difference(ours):
                self._compare_all(place, (model, uid))

    def _relist(self, place: Key, group: Group, lists: _Lists) -> None:
        """Note that other children are listed now, or in another order."""
        if self._memory.elsewhere:
            raise CantTell
        model, changed = group.model, set()
        for side, before, now in zip(self._memory.homes, (group.ours, group.theirs), lists, strict=True):
            homes = side.setdefault(model, {})
            new, old = set(now), set(before)
            if len(new) < len(now) or any(uid in homes for uid in new - old):
                raise CantTell  # listed twice, or not taken off another list yet
            for uid in old - new:
                del homes[uid]
            homes.update(dict.fromkeys(new - old, place))
            changed |= new ^ old
        ours, theirs = lists
        self._lists.setdefault(place, {})[model] = ours, ours if theirs == ours else theirs
        known = {*group.ours, *group.theirs}
        self._todo.setdefault(place, {}).setdefault(model, {})
        for uid in changed:
            self._compare_all(place, (model, uid), new=uid not in known)

    def _compare_all(self, place: Place, key: Key, *, new: bool = False) -> None:
        """Note that an object is to be compared with all that is below it."""
        if self._memory.elsewhere:
            raise CantTell
        self._drop(key)
        known = self._todo.get(place, {}).get(key[0], {}).get(key[1])
        self._note(place, key, _NEW if new or known is _NEW else _ALL)

    def _drop(self, key: Key) -> None:
        """Forget what is below an object."""
        below = self._memory.below.pop(key, None)
        if below is None:
            return
        self._dropped.setdefault(key, below)
        for model, group in below.groups.items():
            for side, uids in zip(self._memory.homes, (group.ours, group.theirs), strict=True):
                for uid in uids:
                    side[model].pop(uid, None)
            for uid in {*group.ours, *group.theirs}:
                self._drop((model, uid))

    def _note(self, place: Place, key: Key, verdict: Any) -> None:
        """Note what to do about an object."""
        self._noted.setdefault(key[0], []).append(key[1])
        self._below_of(place, key[0])[key[1]] = verdict

    def _below_of(self, place: Place, model: str) -> dict[str, Any]:
        """Return what to do about objects of a model; something changed below all those above them."""
        todo = self._todo
        models = todo.get(place)
        if models is None:
            models = todo[place] = {}
            if place is not None:
                home = self._either_home(place)
                if home is _NOWHERE:
                    raise CantTell
                above = self._below_of(home, place[0])
                if place[1] not in above:
                    above[place[1]] = _BELOW
                    self._noted.setdefault(place[0], []).append(place[1])
        return models.setdefault(model, {})

    def _look_at_values(self, model: str, uids: list[str]) -> None:
        """Compare the values of objects that have nothing below them."""
        homes, others = (side.get(model, {}) for side in self._memory.homes)
        places = list(map(homes.get, uids, repeat(_NOWHERE)))
        if _NOWHERE in places or places != list(map(others.get, uids, repeat(_NOWHERE))):
            uids = [uid for uid in uids if self._is_on_both_sides(model, uid)]
            places = [homes[uid] for uid in uids]
        verdicts = self._verdicts(model, uids)
        for uid, place, verdict in zip(uids, places, verdicts, strict=True):
            siblings = self._below_of(place, model)
            if isinstance(siblings.get(uid), _Verdict):
                continue  # it is looked at anyway
            siblings[uid] = verdict
            if verdict is _ALL:
                self._compare_all(place, (model, uid))
        self._recorder.compared += len(uids)

    def _is_on_both_sides(self, model: str, uid: str) -> bool:
        """Return whether both sides have an object; one that only one has is to be compared with all below it."""
        home = self._common_home((model, uid))
        if home is _NOWHERE:
            return False
        if all(uid in side.get(model, {}) for side in self._memory.homes):
            return True
        self._compare_all(home, (model, uid))
        return False

    def _verdicts(self, model: str, uids: list[str]) -> list[Any]:
        """Return for pairs an element, None when they are the same, or _ALL when that is not so simple."""
        try:
            sources, dests = ([*map(objects.__getitem__, uids)] for objects in self._objects[model])
        except KeyError:  # it is listed and not there
            raise CantTell from None
        managed = map(_managed_of, sources), map(_managed_of, dests)
        if len(set(zip(map(type, sources), map(type, dests), *managed, strict=True))) == 1:  # nearly always
            return self._alike(sources, dests)
        pairs = zip(sources, dests, strict=True)
        return [verdict for source, dest in pairs for verdict in self._alike([source], [dest])]

    def _alike(self, sources: list[DiffSyncModel], dests: list[DiffSyncModel]) -> list[Any]:
        """Return the verdicts of pairs of the same classes, which manage the same attributes."""
        recorder, cls = self._recorder, type(dests[0])
        way = recorder.way(sources[0], dests[0])
        names, values = way.names, way.values
        if values is None or not names or not way.ours == way.theirs == names:
            return [*map(self._judge, sources, dests)]
        lists, others = mutable(type(sources[0]), names), mutable(cls, names)
        exact = cls.only_equals_are_same()
        verdicts: list[Any] = []
        for source, dest in zip(sources, dests, strict=True):
            mine, theirs = values(source.__dict__), values(dest.__dict__)
            if mine[0] is not _NO_FLAGS or theirs[0] is not _NO_FLAGS:
                verdicts.append(_ALL)
            elif mine == theirs or (not exact and _mean_the_same(cls, names, mine, theirs)):
                verdicts.append(None)
            else:
                kept = put_by(lists, mine), put_by(others, theirs)
                verdicts.append(LateElement(recorder, source, dest, kept))
        return verdicts

    def _judge(self, source: DiffSyncModel, dest: DiffSyncModel) -> Any:
        """Return the verdict of two objects whose values are not plain, or not the same ones on both sides."""
        if source.model_flags or dest.model_flags:
            return _ALL
        uid = dest.get_unique_id()
        return self._recorder.pair(uid, source, dest, None).elements.get(uid)

    # What came of it --------------------------------------------------------------------------------------

    def _redo(self, place: Place) -> Below:
        """Return what is below an object now."""
        before = self._memory.below[place]
        lists, groups = self._lists.get(place, {}), dict(before.groups)
        for model, uids in self._todo.get(place, {}).items():
            groups[model] = self._regroup(place, groups.get(model) or Group(model), lists.get(model), uids)
        left_out = before.left_out_here
        if place in self._shapes:
            models, left_out = self._shapes[place]
            groups = {model: groups[model] for model in models if model in groups}
        below = self._memory.below[place] = Below(groups, left_out)
        return below

    def _regroup(self, place: Place, group: Group, lists: _Lists | None, uids: Mapping[str, Any]) -> Group:
        """Return a group as it is now: only these objects are other than before."""
        model, whole = group.model, []
        ours, theirs = lists or (group.ours, group.theirs)
        now = Group(
            model, ours, theirs, group.differing.copy(), group.skipped, group.unchanged, group.left_out
        )
        for uid, verdict in uids.items():
            element = now.differing.pop(uid, None)
            if element is None and verdict is not _NEW:
                _take_back(now, uid, self._below((model, uid)) if isinstance(verdict, _Verdict) else None)
            if verdict is _ALL or verdict is _NEW:
                whole.append(uid)
            elif verdict is _BELOW or verdict is _PAIR:
                self._pass_on(now, uid, element, own_values=verdict is _PAIR)
            elif verdict is None:
                now.unchanged += 1
            else:
                now.differing[uid] = verdict
        if whole:
            self._compare_whole(place, now, whole)
        return now

    def _below(self, key: Key) -> Below | None:
        """Return what was below an object."""
        return self._dropped.get(key) or self._memory.below.get(key)

    def _pass_on(self, group: Group, uid: str, element: DiffElement | None, *, own_values: bool) -> None:
        """Note what is below an object now; whether its own values differ may be known, or not."""
        key, recorder = (group.model, uid), self._recorder
        below = self._redo(key)
        if own_values:
            element = recorder.pair(uid, *self._both(key), None).elements.get(uid)
            recorder.compared += 1
        if element is not None and (element.moved or element.changed != ()):
            group.differing[uid] = LateElement.over(element, below, recorder)
        elif below.differs:
            group.differing[uid] = LateElement(recorder, *self._both(key), None, below)
        else:
            group.unchanged += 1 + below.unchanged
            group.left_out += below.left_out

    def _both(self, key: Key) -> tuple[DiffSyncModel, DiffSyncModel]:
        ours, theirs = self._objects[key[0]]
        try:
            return ours[key[1]], theirs[key[1]]
        except KeyError:
            raise CantTell from None

    def _compare_whole(self, place: Place, group: Group, uids: list[str]) -> None:
        """Compare some objects of a group, and what is below them."""
        model = group.model
        ours, theirs = (self._siblings(side, place, model, uids) for side in (0, 1))
        found, into = self._recorder.some(model, ours, theirs, self._owner(place))
        group.differing.update(found.elements)
        group.skipped = group.skipped | found.skipped
        group.unchanged += into.unchanged
        group.left_out += into.skipped

    def _siblings(self, side: int, place: Place, model: str, uids: list[str]) -> Siblings:
        there = [uid for uid in uids if self._home(side, model, uid) == place]
        objects = self._objects[model][side]
        if any(uid not in objects for uid in there):
            raise CantTell
        return Siblings(there, [objects[uid] for uid in there])

    def _owner(self, place: Place) -> DiffSyncModel | None:
        """Return the source's object that has the say about what only the destination has below it."""
        if place is None or self._home(0, *place) is _NOWHERE:
            return None
        self._fetch(place[0], [place[1]])
        owner: DiffSyncModel | None = self._objects[place[0]][0].get(place[1])
        return owner


def _take_back(group: Group, uid: str, below: Below | None) -> None:
    """Do not count an object that is no element for what it was counted."""
    if uid in group.skipped:
        group.skipped = group.skipped - {uid}
        group.left_out -= 1
        return
    group.unchanged -= 1
    if below is not None:
        group.unchanged -= below.unchanged
        group.left_out -= below.left_out


def _mean_the_same(
    cls: type[DiffSyncModel], names: Iterable[str], mine: Sequence[Any], theirs: Sequence[Any]
) -> bool:
    """Return whether all values mean the same; before them stand the flags."""
    values = zip(names, mine[1:], theirs[1:], strict=True)
    return all(one == other or cls.same(name, one, other) for name, one, other in values)


def _left_out(one: DiffSyncModel, other: DiffSyncModel) -> int:
    """Return how many children one lists that are of models unknown to the other."""
    unknown = one.get_children_mapping().keys() - other.get_children_mapping().keys()
    return sum(len(listed(one, model)) for model in unknown)
