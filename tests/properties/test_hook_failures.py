"""A hook that fails, in any way and at any position, leaves nothing half-done.

The hooks write to a "remote system", a dictionary. After a sync, every object of the dataset is either as it was
or as it was meant to become, exactly as its outcome says, and the remote system is like the dataset.
"""

from __future__ import annotations

import functools
import itertools
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from driftline.engine import DiffSyncFlags, DiffSyncModelFlags, DiffSyncStatus
from driftline.engine.exceptions import ObjectNotCreated, ObjectNotDeleted, ObjectNotUpdated
from driftline.engine.transaction import MemoryTransaction
from tests.engine.inventory import Device, Interface, Inventory, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from driftline.engine import Diff, DiffSyncModel
    from driftline.engine.results import StepResult
    from driftline.engine.sync import SyncResult


@pytest.fixture(autouse=True)
def _silence() -> None:
    """Keep the log of thousands of syncs out of the report of a failed one."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))


MANY = settings(max_examples=700, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)

PROCEED, STOP = DiffSyncFlags.CONTINUE_ON_FAILURE, DiffSyncFlags.NONE
NATURAL, SKIP = DiffSyncModelFlags.NATURAL_DELETION_ORDER, DiffSyncModelFlags.SKIP_CHILDREN_ON_DELETE
LISTS = {"site": ("devices", "device"), "device": ("interfaces", "interface")}
ATTRIBUTES = {"site": ("region",), "device": ("role",), "interface": ("mtu", "tags")}
CLASSES: dict[str, type[DiffSyncModel]] = {"site": Site, "device": Device, "interface": Interface}

Key = tuple[str, str]
Fault = "Callable[[Remote, str, DiffSyncModel], DiffSyncModel | None]"


# The remote system ----------------------------------------------------------------------------------------


class Remote(Inventory):
    """An inventory whose hooks write to a remote system, where `remote` tells what is there."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.remote: dict[Key, dict[str, Any]] = {}
        self.fault_at: dict[int, Any] = {}
        """By number of the hook call, what goes wrong."""

    def transaction(self, unit: str) -> Any:
        """Return the transaction of a system that has none."""
        return MemoryTransaction()

    def answer(self, action: str, obj: DiffSyncModel | None) -> Any:
        """Do what a hook does, unless it is to fail."""
        assert obj is not None
        fault = self.fault_at.get(len(self.hooks))
        self.hooks.append((action, obj.get_unique_id()))
        return self.written(action, obj) if fault is None else fault(self, action, obj)

    def written(self, action: str, obj: DiffSyncModel) -> DiffSyncModel:
        """Write to the remote system; what is below an object goes with it, where the object says so."""
        key = obj.get_type(), obj.get_unique_id()
        if action == "delete":
            gone = [key, *(below(self, obj) if SKIP in obj.model_flags else ())]
            for each in gone:
                del self.remote[each]
        else:
            assert (key in self.remote) is (action == "update")
            self.remote[key] = dict(obj.get_attrs())
        return obj


class BulkRemote(Remote):
    """One that is written to in bulk: all of a call is written, but for the objects that are to fail."""

    bulk_size = 5
    calls: int
    bulk_faults: ClassVar[dict[int, str]] = {}

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.calls = 0
        self.bulk_fault: tuple[int, str] = (-1, "")

    def create_many(self, cls: Any, rows: list[Any]) -> Any:
        """Create several objects."""
        return self.many([functools.partial(cls.create, self, *row) for row in rows])

    def update_many(self, _cls: Any, rows: list[Any]) -> Any:
        """Update several objects."""
        return self.many([functools.partial(obj.update, attrs) for obj, attrs in rows])

    def delete_many(self, _cls: Any, rows: list[Any]) -> Any:
        """Delete several objects."""
        return self.many([obj.delete for obj in rows])

    def many(self, hooks: list[Callable[[], Any]]) -> Any:
        """Call each hook, and return what they return or raise; or fail as a whole before any was called."""
        number, kind = self.bulk_fault
        self.calls += 1
        if self.calls - 1 != number:
            return [self.tried(hook) for hook in hooks]
        if kind == "raises":
            raise ConnectionError("the line is dead")
        if kind == "interrupts":
            raise KeyboardInterrupt
        if kind == "nothing at all":
            return None
        if kind == "too few":
            return []
        if kind == "half of it, lazily":
            return self.lazily(hooks)
        return [None, *(self.tried(hook) for hook in hooks[1:])]  # nothing for some

    def lazily(self, hooks: list[Callable[[], Any]]) -> Iterable[Any]:
        """Do the first one, then fail."""
        yield self.tried(hooks[0])
        raise ConnectionError("the line is dead")

    @staticmethod
    def tried(hook: Callable[[], Any]) -> Any:
        """Return what a hook returns or raises."""
        try:
            return hook()
        except Exception as error:  # noqa: BLE001 - it is the answer for this object
            return error


def below(inventory: Inventory, obj: DiffSyncModel) -> list[Key]:
    """Return the keys of all that is below an object."""
    listed = [
        (child, uid) for child, name in obj.get_children_mapping().items() for uid in getattr(obj, name)
    ]
    return [each for key in listed for each in (key, *below(inventory, inventory.get(*key)))]


# What can go wrong with a hook ----------------------------------------------------------------------------


def disconnects(remote: Remote, action: str, obj: DiffSyncModel) -> Any:
    """Fail with a foreign error, after the record was changed."""
    raise ConnectionError("the line is dead")


def invalid(remote: Remote, action: str, obj: DiffSyncModel) -> Any:
    """Fail with an error of pydantic."""
    TypeAdapter(int).validate_python("many")


def interrupts(remote: Remote, action: str, obj: DiffSyncModel) -> Any:
    """Somebody presses Ctrl-C."""
    raise KeyboardInterrupt


def refuses(remote: Remote, action: str, obj: DiffSyncModel) -> Any:
    """Fail with the error that is made for it."""
    raise {"create": ObjectNotCreated, "update": ObjectNotUpdated, "delete": ObjectNotDeleted}[action]("no")


def returns_nothing(remote: Remote, action: str, obj: DiffSyncModel) -> Any:
    """Return None."""
    return


def says_failure(remote: Remote, action: str, obj: DiffSyncModel) -> Any:
    """Set a status and return the object."""
    obj.set_status(DiffSyncStatus.FAILURE, "refused")
    return obj


def says_error(remote: Remote, action: str, obj: DiffSyncModel) -> Any:
    """Set the other status and return the object."""
    obj.set_status(DiffSyncStatus.ERROR, "broken")
    return obj


def scribbles(remote: Remote, action: str, obj: DiffSyncModel) -> Any:
    """Change the record in place, then fail."""
    for name, value in {"tags": ["x"], "role": "x", "region": "x", "mtu": 1}.items():
        if name in type(obj).model_fields:
            setattr(obj, name, value)
    for name in obj.get_children_mapping().values():
        getattr(obj, name).append("nobody")
        getattr(obj, name).reverse()
    raise RuntimeError("half-way")


def adopts(remote: Remote, action: str, obj: DiffSyncModel) -> Any:
    """Add a child, then fail."""
    for child in obj.get_children_mapping():
        new = CLASSES[child](name="new")
        remote.add(new)
        obj.add_child(new)
    raise RuntimeError("half-way")


def abandons(remote: Remote, action: str, obj: DiffSyncModel) -> Any:
    """Remove the first child and all that is below it, then fail."""
    for child, name in obj.get_children_mapping().items():
        for first in remote.get_by_uids(getattr(obj, name)[:1], child):
            obj.remove_child(first)
            remote.remove(first, remove_children=True)
    raise RuntimeError("half-way")


def forestalls(remote: Remote, action: str, obj: DiffSyncModel) -> Any:
    """Do in the store what is the engine's to do, then fail."""
    uid = obj.get_unique_id()
    if action == "create":
        remote.add(obj)
    elif action == "delete":
        for model, (name, child) in LISTS.items():
            for parent in remote.get_all(model) if child == obj.get_type() else ():
                if uid in getattr(parent, name):
                    parent.remove_child(obj)
        remote.remove(obj)
    raise RuntimeError("half-way")


ANSWERS = [disconnects, invalid, refuses, returns_nothing, says_failure, says_error]
FAULTS = [*ANSWERS, interrupts, scribbles, forestalls]
TRESPASSES = [adopts, abandons]
"""What the engine can't take back, since it is about other objects; it says so."""


# Trees ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forest:
    """One version of a tree: by key, the parent's name, the attributes, and the flags."""

    rows: dict[Key, tuple[str, dict[str, Any], DiffSyncModelFlags]] = field(default_factory=dict)

    def load(self, cls: type[Remote] = Remote) -> Remote:
        """Return an inventory with these objects, and the remote system that it was read from."""
        inventory = cls("actual")
        children: dict[Key, list[str]] = {}
        for (model, name), (parent, _, _) in self.rows.items():
            children.setdefault((model, parent), []).append(name)
        for (model, name), (_, attrs, flags) in self.rows.items():
            values: dict[str, Any] = {key: own(value) for key, value in attrs.items()}
            if model in LISTS:
                field_name, child = LISTS[model]
                values[field_name] = list(children.get((child, name), ()))
            inventory.add(CLASSES[model].trusted(name=name, model_flags=flags, **values))
            inventory.remote[model, name] = {key: own(value) for key, value in attrs.items()}
        return inventory


def own(value: Any) -> Any:
    """Return a value that nobody else has."""
    return list(value) if isinstance(value, list) else value


def attributes(chance: random.Random, model: str) -> dict[str, Any]:
    """Return random attributes."""
    if model == "interface":
        return {"mtu": chance.choice([1500, 9000]), "tags": chance.choice([[], ["a"], ["a", "b"]])}
    return {ATTRIBUTES[model][0]: chance.choice(["one", "two", None])}


@functools.lru_cache(maxsize=512)
def versions(seed: int, size: int) -> tuple[Forest, Forest]:
    """Return a tree of about so many objects, and the same where objects came, went, changed and moved."""
    chance = random.Random(seed)  # noqa: S311 - a tree, no secret
    sites, devices = [f"s{n}" for n in range(max(2, size // 50))], [f"d{n}" for n in range(max(3, size // 8))]
    ports = [f"i{n}" for n in range(size - len(sites) - len(devices))]
    flags = [DiffSyncModelFlags.NONE, DiffSyncModelFlags.NONE, NATURAL, SKIP]
    both: list[Forest] = []
    for _ in range(2):
        before = both[0].rows if both else {}
        rows: dict[Key, Any] = {}
        above: list[str] = [""]
        for model, names in (("site", sites), ("device", devices), ("interface", ports)):
            here = [name for name in names if chance.random() < 0.85] or names[:1]
            for name in here:
                old = before.get((model, name))
                moved = old is None or old[0] not in above or chance.random() < 0.08
                changed = old is None or chance.random() < 0.2
                parent = chance.choice(above) if moved else old[0]
                values = attributes(chance, model) if changed else old[1]
                rows[model, name] = parent, values, chance.choice(flags) if model != "interface" else flags[0]
            above = here
        both.append(Forest(rows))
    return both[0], both[1]


@dataclass(frozen=True)
class Case:
    """What is there, what is wanted, and the diff between them; no sync may change any of it."""

    before: Forest
    intended: Remote
    diff: Diff
    planned: list[tuple[str, str, str]]
    """What is to change: model, name, action."""
    skipping: set[Key]
    """What takes all below it along when it is deleted."""


@functools.lru_cache(maxsize=512)
def case(seed: int, size: int) -> Case:
    """Return a random case with about so many objects."""
    before, after = versions(seed, size)
    intended = after.load()
    diff = before.load().diff_from(intended)
    changed = list(changes(diff))
    planned = sorted((each.type, each.keys["name"], each.action) for each in changed)
    gone = {
        (each.type, each.keys["name"]) for each in changed if each.action == "delete" and SKIP in each.flags
    }
    return Case(before, intended, diff, planned, gone)


def changes(diff: Diff) -> Iterable[Any]:
    """Return the elements that become steps: not what goes with its parent."""
    for element in diff.in_order():
        if element.action is not None:
            yield element
        if not (element.action == "delete" and SKIP in element.flags):
            yield from changes(element.child_diff)


# The law --------------------------------------------------------------------------------------------------

State = dict[Key, dict[str, Any]]


def state(inventory: Inventory) -> State:
    """Return all that a dataset holds, lists of children in their order."""
    names = {model: (*ATTRIBUTES[model], *(LISTS[model][:1] if model in LISTS else ())) for model in CLASSES}
    return {
        (model, obj.name): {name: own(getattr(obj, name)) for name in names[model]}
        for model in CLASSES
        for obj in inventory.get_all(model)
    }


def done(before: State, results: Iterable[StepResult], skipping: set[Key]) -> State:
    """Return what becomes of a state when those steps are done, and only those, that succeeded."""
    after = {key: {name: own(value) for name, value in values.items()} for key, values in before.items()}
    for result in results:
        step = result.step
        if result.status is not DiffSyncStatus.SUCCESS:
            continue
        key = step.model, step.identity["name"]
        if step.action == "delete":
            unlist(after, key)
            drop(after, key, below=key in skipping)
            continue
        if step.action == "create":
            after[key] = {LISTS[step.model][0]: []} if step.model in LISTS else {}
        after[key].update(step.after or {})
        if step.parent is not None:
            siblings = after[step.parent.model, step.parent.identity["name"]][LISTS[step.parent.model][0]]
            if key[1] not in siblings:
                unlist(after, key)
                siblings.append(key[1])
    return after


def in_any_order(objects: State) -> State:
    """Return a state with all lists sorted."""
    return {
        key: {name: sorted(value) if isinstance(value, list) else value for name, value in values.items()}
        for key, values in objects.items()
    }


def unlist(objects: State, key: Key) -> None:
    """Take an object off its parent's list."""
    for model, (name, child) in LISTS.items():
        for other, values in objects.items():
            if other[0] == model and child == key[0] and key[1] in values[name]:
                values[name].remove(key[1])


def without(keys: set[Key], objects: State) -> State:
    """Return a state without these objects."""
    for key in keys:
        unlist(objects, key)
        objects.pop(key, None)
    return objects


def drop(objects: State, key: Key, *, below: bool) -> None:
    """Remove an object, and perhaps all below it."""
    values = objects.pop(key)
    if below and key[0] in LISTS:
        name, child = LISTS[key[0]]
        for uid in values[name]:
            drop(objects, (child, uid), below=True)


def stranded(results: Iterable[StepResult]) -> set[Key]:
    """Return what could not be deleted after what it hung under was: it has nowhere left to hang."""
    return {
        (result.step.model, result.step.identity["name"])
        for result in results
        if result.step.action == "delete" and result.status is not DiffSyncStatus.SUCCESS
    }


def assert_whole(inventory: Inventory, hanging_nowhere: set[Key]) -> None:
    """Check that every listed child is there and listed once, and that nothing else hangs nowhere."""
    for model, (name, child) in LISTS.items():
        listed = [uid for obj in inventory.get_all(model) for uid in getattr(obj, name)]
        there = {obj.name for obj in inventory.get_all(child)}
        assert len(listed) == len(set(listed))
        assert set(listed) <= there
        assert there - set(listed) <= {uid for kind, uid in hanging_nowhere if kind == child}


def assert_law(actual: Remote, was: State, result: SyncResult, of: Case, *, ordered: bool = True) -> None:
    """Check that all is as the outcomes say."""
    told = sorted((each.step.model, each.step.identity["name"], each.step.action) for each in result.objects)
    assert of.planned == told
    expected = done(was, result.objects, of.skipping)
    found = state(actual)
    assert (expected if ordered else in_any_order(expected)) == (found if ordered else in_any_order(found))
    assert_whole(actual, stranded(result.objects))
    assert actual.remote == {key: {n: v[n] for n in ATTRIBUTES[key[0]]} for key, v in found.items()}
    for each in result.objects:
        obj = actual.get_or_none(each.step.model, each.step.identity)
        if obj is not None and each.status is DiffSyncStatus.ERROR:
            assert (each.status, each.message) == obj.get_status()


def assert_converges(actual: Remote, intended: Remote) -> None:
    """Check that a later sync without faults does the rest."""
    actual.fault_at = {}
    left = {key for key in actual.remote if key not in reached(actual)}
    actual.sync_from(intended)
    assert not actual.diff_from(intended).has_diffs()
    assert_whole(actual, left)


def reached(inventory: Inventory) -> set[Key]:
    """Return the keys of what hangs in the tree."""
    return {
        key for site in inventory.get_all("site") for key in (("site", site.name), *below(inventory, site))
    }


# Every position -------------------------------------------------------------------------------------------

LARGE = 3, 230


@pytest.mark.parametrize("flags", [STOP, PROCEED], ids=["stop", "proceed"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_every_position_of_a_large_tree(fault: Any, flags: DiffSyncFlags) -> None:
    """Wherever a hook fails in a tree of 200 objects, each object is as its outcome says."""
    of = case(*LARGE)
    for position in itertools.count():
        actual = of.before.load()
        was = state(actual)
        actual.fault_at = {position: fault}

        result = actual.sync(of.intended, diff=of.diff, flags=flags)

        if len(actual.hooks) <= position:
            assert not result.failed
            break
        assert_law(actual, was, result, of, ordered=fault is not forestalls)
        culprits = [each for each in result.objects if each.status is DiffSyncStatus.ERROR]
        assert [each.step.identity["name"] for each in culprits] == [actual.hooks[position][1]]
        assert result.run.interrupted is (fault is interrupts)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_every_position_of_a_large_tree_at_once(fault: Any) -> None:
    """With `atomic` all is as before, here and in the remote system."""
    of = case(*LARGE)
    for position in itertools.count():
        actual = of.before.load()
        was, remote = state(actual), dict(actual.remote)
        actual.fault_at = {position: fault}

        result = actual.sync(of.intended, diff=of.diff, atomic=True)

        if not result.failed:
            assert position == len(result.objects)
            break
        assert (in_any_order(state(actual)), actual.remote) == (in_any_order(was), remote)
        assert_law(actual, was, result, of, ordered=fault is not forestalls)
        assert len(result.failed) == len(result.objects)


@pytest.mark.parametrize("fault", TRESPASSES, ids=lambda fault: fault.__name__)
def test_hooks_that_add_and_remove_other_objects(fault: Any) -> None:
    """What a hook does to others before it fails stays, and is told; the lists name nothing that is not there."""
    of = case(*LARGE)
    for position in itertools.count():
        actual = of.before.load()
        was = state(actual)
        actual.fault_at = {position: fault}

        result = actual.sync(of.intended, diff=of.diff, flags=PROCEED)

        if not result.failed:
            break
        expected, found = done(was, result.objects, of.skipping), state(actual)
        differing = expected.keys() ^ found.keys()
        culprit = next(each for each in result.objects if each.status is DiffSyncStatus.ERROR)
        told = "state unknown" in culprit.message
        assert told or not differing or culprit.step.action == "create"
        assert without(differing, expected) == without(differing, found)
        assert_whole(actual, stranded(result.objects) | differing)


# At random ------------------------------------------------------------------------------------------------

SEEDS = st.tuples(st.integers(0, 60), st.sampled_from([9, 14, 25, 40]))
POSITIONS = st.dictionaries(st.integers(0, 30), st.sampled_from(FAULTS), min_size=1, max_size=6)


@MANY
@given(SEEDS, POSITIONS, st.sampled_from([STOP, PROCEED]))
def test_random_trees(tree: tuple[int, int], faults: dict[int, Any], flags: DiffSyncFlags) -> None:
    """With several faults in one sync, too; and the next one without faults does the rest."""
    of = case(*tree)
    actual = of.before.load()
    was = state(actual)
    actual.fault_at = faults

    result = actual.sync(of.intended, diff=of.diff, flags=flags)

    assert_law(actual, was, result, of, ordered=forestalls not in faults.values())
    assert_converges(actual, of.intended)


@MANY
@given(SEEDS, POSITIONS)
def test_random_trees_at_once(tree: tuple[int, int], faults: dict[int, Any]) -> None:
    """All or nothing; a compensation that fails leaves the records as before, and is told."""
    of = case(*tree)
    actual = of.before.load()
    was, remote = state(actual), dict(actual.remote)
    actual.fault_at = faults

    result = actual.sync(of.intended, diff=of.diff, atomic=True)

    if not result.failed:
        assert_law(actual, was, result, of)
        return
    assert in_any_order(state(actual)) == in_any_order(was)
    assert_whole(actual, set())
    if sum(number < len(actual.hooks) for number in faults) == 1:
        assert actual.remote == remote
    else:
        assert {each.status for each in result.objects} == {DiffSyncStatus.ERROR}
        assert all("state unknown" in each.message for each in result.objects)


@MANY
@given(
    SEEDS,
    st.dictionaries(st.integers(0, 30), st.sampled_from(ANSWERS), max_size=4),
    st.tuples(
        st.integers(0, 8),
        st.sampled_from(
            ["raises", "interrupts", "nothing at all", "too few", "nothing for some", "half of it, lazily"]
        ),
    ),
    st.sampled_from([STOP, PROCEED]),
)
def test_bulk_hooks(
    tree: tuple[int, int], faults: dict[int, Any], bulk_fault: tuple[int, str], flags: DiffSyncFlags
) -> None:
    """The same where hooks are called for several objects at once, and fail as a whole or for some."""
    of = case(*tree)
    actual = of.before.load(BulkRemote)
    assert isinstance(actual, BulkRemote)
    was = state(actual)
    actual.fault_at = faults
    actual.bulk_fault = bulk_fault

    result = actual.sync(of.intended, diff=of.diff, flags=flags)

    assert_law(actual, was, result, of, ordered=False)
    actual.bulk_fault = (-1, "")
    assert_converges(actual, of.intended)


def test_nothing_that_was_wanted_has_changed() -> None:
    """No sync has touched the dataset that it copied from."""
    for tree in (LARGE, (1, 25), (2, 14)):
        assert state(case(*tree).intended) == state(versions(*tree)[1].load())


# At every line --------------------------------------------------------------------------------------------

ENGINE = {
    f"{name}.py" for name in ("unit", "straight", "transaction", "executor", "model", "children", "local")
}


class InterruptAt:
    """Raises KeyboardInterrupt where the n-th line of the engine's inner rooms is about to be run."""

    def __init__(self, line: int) -> None:
        self.left = line

    def __enter__(self) -> Self:
        self.before = sys.gettrace()
        sys.settrace(self.trace)
        return self

    def __exit__(self, *_error: object) -> None:
        sys.settrace(self.before)

    def trace(self, frame: Any, event: str, _argument: Any) -> Any:
        """Count the lines."""
        if Path(frame.f_code.co_filename).name not in ENGINE:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self.trace


@pytest.mark.parametrize("atomic", [False, True], ids=["one by one", "at once"])
def test_interrupted_at_every_line(atomic: bool) -> None:  # noqa: FBT001 - the case
    """Ctrl-C may come at any moment: what is not said to be unknown is as its outcome says, and all is whole."""
    of = case(3, 10)  # creates, updates, moves and deletes, one with all below it
    for line in itertools.count(1 + atomic, 3):
        actual = of.before.load()
        was = state(actual)
        try:
            with InterruptAt(line) as clock:
                result = actual.sync(of.intended, diff=of.diff, atomic=atomic)
        except KeyboardInterrupt:  # outside of the run
            assert_whole(actual, set(of.before.rows))
            continue
        if clock.left > 0:
            break
        unknown = {
            (each.step.model, each.step.identity["name"])
            for each in result.objects
            if "state unknown" in each.message or "state is not known" in each.message
        }
        there = of.before.load()
        unknown.update(each for key in unknown & of.skipping for each in below(there, there.get(*key)))
        expected = done(was, result.objects, of.skipping)
        found = state(actual)
        assert in_any_order(without(unknown, expected)) == in_any_order(without(unknown, found))
        assert_whole(actual, stranded(result.objects) | unknown)
