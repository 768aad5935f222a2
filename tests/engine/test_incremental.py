"""A diff that is kept up to date: only what was changed is looked at again."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from driftline.engine import Adapter, Diff, DiffSyncModel, DiffSyncModelFlags
from driftline.engine.exceptions import LoadError
from driftline.engine.fingerprints import Fingerprints, fingerprint, fingerprint_of
from driftline.engine.incremental import IncrementalDiff
from driftline.engine.store.local import LocalStore
from driftline.engine.store.sqlite import SqliteStore
from tests.engine.inventory import Device, Interface, Inventory, Site, small

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from driftline.engine import DiffElement


@pytest.fixture
def sides() -> tuple[Inventory, Inventory]:
    """Two datasets that are alike: a site with two devices, the first of which has two interfaces."""
    return small("source"), small("dest")


def both(incremental: IncrementalDiff) -> tuple[Diff, Diff]:
    """Return the incremental diff and the whole one."""
    return incremental.calculate(), incremental.dest.diff_from(incremental.source, incremental.diff_class)


def test_only_what_changed_is_compared(sides: tuple[Inventory, Inventory]) -> None:
    """The first call compares everything, the next one a single interface, the one after that nothing."""
    source, _ = sides
    drift = IncrementalDiff(*sides)
    assert not drift.calculate().has_diffs()
    assert (drift.full, drift.compared) == (True, 5)
    source.get(Interface, "Et1").mtu = 9000
    diff = drift.calculate()
    assert (drift.full, drift.compared) == (False, 1)
    (element,) = diff.query(type="interface")
    assert element.get_attrs_diffs() == {"-": {"mtu": 1500}, "+": {"mtu": 9000}}
    assert drift.calculate() == diff
    assert (drift.full, drift.compared) == (False, 0)


def test_a_sync_is_followed_without_comparing_all(sides: tuple[Inventory, Inventory]) -> None:
    """What the hooks of a sync create, change and delete below the top is compared, and nothing else."""
    source, dest = sides
    drift = IncrementalDiff(*sides)
    drift.calculate()
    leaf2 = source.get(Device, "leaf2")
    source.add(Interface(name="Et7"), leaf2)
    leaf2.role = "spine"
    source.get(Device, "leaf1").remove_child(source.get(Interface, "Et1"))
    source.remove(source.get(Interface, "Et1"))
    diff = drift.calculate()
    assert not drift.full
    assert diff.summary() == {"create": 1, "update": 1, "delete": 1, "no-change": 3, "skip": 0}
    dest.sync_from(source, diff=diff)
    assert not drift.calculate().has_diffs()
    assert not drift.full
    assert source.content == dest.content


def test_a_diff_stays_what_it_was(sides: tuple[Inventory, Inventory]) -> None:
    """Also one that nobody has looked at yet, and where values are changed in place."""
    source, dest = sides
    drift = IncrementalDiff(*sides)
    drift.calculate()
    port = source.get(Interface, "Et1")
    port.tags = ["a"]
    first = drift.calculate()
    port.tags.append("b")
    source.touch(port)
    second = drift.calculate()
    dest.sync_from(source, diff=second)
    assert not drift.calculate().has_diffs()
    assert [e.source_attrs for e in first.query(type="interface")] == [{"mtu": 1500, "tags": ["a"]}]
    assert [e.source_attrs for e in second.query(type="interface")] == [{"mtu": 1500, "tags": ["a", "b"]}]


def test_an_object_that_moves_needs_a_whole_comparison(sides: tuple[Inventory, Inventory]) -> None:
    """A move is seen as one, and it is said that everything was compared for it."""
    source, _ = sides
    drift = IncrementalDiff(*sides)
    drift.calculate()
    port = source.get(Interface, "Et1")
    source.get(Device, "leaf1").remove_child(port)
    source.get(Device, "leaf2").add_child(port)
    (element,) = drift.calculate().query(type="interface")
    assert (element.moved, drift.full) == (True, True)


@pytest.mark.parametrize(
    "change",
    [
        lambda dest: dest.add(Site(name="fra")),
        lambda dest: dest.remove(dest.get(Site, "ams"), remove_children=True),
        lambda dest: dest.store.clear(),
    ],
    ids=["added", "removed", "cleared"],
)
def test_a_change_at_the_top_needs_a_whole_comparison(
    sides: tuple[Inventory, Inventory], change: Any
) -> None:
    """So does an emptied store."""
    drift = IncrementalDiff(*sides)
    drift.calculate()
    change(sides[1])
    diff, whole = both(drift)
    assert drift.full
    assert (diff, diff.summary()) == (whole, whole.summary())


def test_a_child_that_is_missing_is_told_until_it_is_there(sides: tuple[Inventory, Inventory]) -> None:
    """The error is that of a whole diff, and afterwards nothing is taken from before it."""
    source, _ = sides
    drift = IncrementalDiff(*sides)
    drift.calculate()
    port = source.get(Interface, "Et1")
    source.remove(port)
    for _ in range(2):
        with pytest.raises(LoadError, match="Et1"):
            drift.calculate()
    source.add(port)
    port.mtu = 1
    diff, whole = both(drift)
    assert diff == whole
    assert diff.summary()["update"] == 1


def test_flags_and_managed_attributes_are_heeded(sides: tuple[Inventory, Inventory]) -> None:
    """Setting a flag is noticed; what `manage` was told has to be said."""
    source, dest = sides
    drift = IncrementalDiff(*sides)
    source.get(Interface, "Et1").mtu = 9000
    assert drift.calculate().summary()["update"] == 1
    dest.get(Interface, "Et1").model_flags |= DiffSyncModelFlags.IGNORE
    assert drift.calculate().summary() == {"create": 0, "update": 0, "delete": 0, "no-change": 4, "skip": 1}
    dest.get(Interface, "Et1").model_flags = DiffSyncModelFlags.NONE
    source.touch(source.get(Interface, "Et1").manage(["tags"]))
    assert drift.calculate().summary()["no-change"] == 5
    assert not drift.full


class Ordered(Diff):
    """A diff with an order of its own, that says when it is complete."""

    done = False

    @classmethod
    def order_children_interface(cls, children: Mapping[str, DiffElement]) -> Iterator[DiffElement]:
        """Return the last first."""
        yield from reversed(children.values())

    def complete(self) -> None:
        """Note that it is complete."""
        self.done = True


def test_the_class_of_the_diff_has_its_say(sides: tuple[Inventory, Inventory]) -> None:
    """All levels are of the class, in its order, and the whole is told that it is complete."""
    drift = IncrementalDiff(*sides, diff_class=Ordered)
    drift.calculate()
    for port in sides[0].get_all(Interface):
        port.mtu = 1
    diff, whole = both(drift)
    assert isinstance(diff, Ordered)
    assert diff.done
    assert [e.name for e in diff.walk()] == [e.name for e in whole.walk()] == ["ams", "leaf1", "Et2", "Et1"]


class Address(DiffSyncModel):
    """An address that is shown without its VRF, and spelled as one likes."""

    _modelname: ClassVar[str] = "address"
    _identifiers: ClassVar[tuple[str, ...]] = ("vrf", "ip")
    _shortname: ClassVar[tuple[str, ...]] = ("ip",)
    _attributes: ClassVar[tuple[str, ...]] = ("name",)
    _ignore_case: ClassVar[tuple[str, ...]] = ("name",)

    vrf: str
    ip: str
    name: str = "a"


class Addresses(Adapter):
    """Addresses, in a store of choice."""

    address = Address
    top_level: ClassVar[list[str]] = ["address"]

    def filled(self, number: int = 2) -> Addresses:
        """Return this with as many addresses, each in a VRF of its own."""
        for vrf in range(number):
            self.add(Address(vrf=f"v{vrf}", ip="10.0.0.1"))
        return self


def test_siblings_of_one_name_are_told_apart_while_there_are_two() -> None:
    """An element that needed its long name has its short one again later, in the new diff only."""
    source, dest = Addresses("source").filled(), Addresses("dest").filled()
    drift = IncrementalDiff(source, dest)
    shown = []
    drift.calculate()
    for name in ("b", "a"):
        for vrf in ("v0", "v1")[: 2 if name == "b" else 1]:
            source.get(Address, f"{vrf}__10.0.0.1").name = name
        shown.append(drift.calculate())
    assert [[*diff.dict()["address"]] for diff in shown] == [["v0__10.0.0.1", "v1__10.0.0.1"], ["10.0.0.1"]]


def test_values_that_mean_the_same_are_no_change() -> None:
    """A model's own idea of sameness holds."""
    source, dest = Addresses("source").filled(), Addresses("dest").filled()
    drift = IncrementalDiff(source, dest)
    drift.calculate()
    source.get(Address, "v0__10.0.0.1").name = "A"
    assert not drift.calculate().has_diffs()
    assert (drift.full, drift.compared) == (False, 1)


class Counting(SqliteStore):
    """Counts the objects that are asked for."""

    read = 0

    def find_by_uids(self, *, uids: Any, model: Any) -> dict[str, Any]:
        """Count, and read."""
        wanted = list(uids)
        self.read += len(wanted)
        return super().find_by_uids(uids=wanted, model=model)

    def get_all(self, *, model: Any) -> list[DiffSyncModel]:
        """Count, and read."""
        found = super().get_all(model=model)
        self.read += len(found)
        return found


def test_only_changed_objects_are_read_from_a_file(tmp_path: Path) -> None:
    """Of 300 objects, one that was changed is read on each side; a sync is seen too."""
    stores = Counting(tmp_path / "source"), Counting(tmp_path / "dest")
    with stores[0], stores[1]:
        source, dest = (Addresses(store.name, store).filled(300) for store in stores)
        for store in stores:
            store.flush()
        drift = IncrementalDiff(source, dest)
        drift.calculate()
        assert [store.read for store in stores] == [300, 300]
        source.get(Address, "v7__10.0.0.1").name = "b"
        stores[0].read = stores[1].read = 0
        diff = drift.calculate()
        assert (drift.full, [store.read for store in stores]) == (False, [1, 1])
        dest.sync_from(source, diff=diff)
        source.store.flush()
        assert not drift.calculate().has_diffs()
        assert not drift.full


class Silent(LocalStore):
    """A store that tells nobody of its changes."""

    tells_changes = False


def test_a_store_that_tells_nothing_is_compared_whole() -> None:
    """Every time: slow, and right."""
    source, dest = Addresses("source", Silent).filled(), Addresses("dest").filled()
    drift = IncrementalDiff(source, dest)
    for name in ("b", "c"):
        source.get(Address, "v0__10.0.0.1").name = name
        assert [each.source_attrs for each in drift.calculate().walk()] == [{"name": name}]
        assert drift.full


def test_forgetting_compares_everything(sides: tuple[Inventory, Inventory]) -> None:
    """For when another process wrote to a store."""
    drift = IncrementalDiff(*sides)
    drift.calculate()
    drift.forget()
    drift.calculate()
    assert drift.full


def test_several_watch_one_store(sides: tuple[Inventory, Inventory]) -> None:
    """Each sees every change once, and one that is gone costs nothing."""
    one, other = IncrementalDiff(*sides), IncrementalDiff(*sides)
    for each in (one, other):
        each.calculate()
    sides[0].get(Interface, "Et1").mtu = 1
    assert [each.calculate().summary()["update"] for each in (one, other)] == [1, 1]
    assert [each.compared for each in (one, other)] == [1, 1]
    del one, other, each
    gc.collect()
    assert sides[0].store._watchers == []


def test_no_change_of_another_thread_is_lost() -> None:
    """A writer changes objects while they are compared again and again; in the end all is seen."""
    source, dest = Addresses("source").filled(200), Addresses("dest").filled(200)
    drift = IncrementalDiff(source, dest)
    drift.calculate()

    def write() -> None:
        for number in range(2_000):
            source.get(Address, f"v{number % 200}__10.0.0.1").name = f"n{number}"

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        drift.calculate()
    writer.join()
    diff, whole = both(drift)
    assert diff == whole
    assert diff.summary()["update"] == 200


def test_a_fingerprint_is_of_all_that_a_diff_sees(sides: tuple[Inventory, Inventory]) -> None:
    """It is the same whatever the order of children, and another one when anything below changes."""
    source, dest = sides
    leaf = dest.get(Device, "leaf1")
    leaf.interfaces.reverse()
    same = fingerprint(source, source.get(Site, "ams"))
    assert same == fingerprint(dest, dest.get(Site, "ams"))
    dest.get(Interface, "Et2").mtu = 1
    assert same != fingerprint(dest, dest.get(Site, "ams"))


def test_a_loader_knows_what_it_need_not_load() -> None:
    """A digest is remembered until it is forgotten, and can be handed over."""
    digests, digest = Fingerprints(), fingerprint_of("hostname leaf1")
    assert not digests.unchanged("device", "leaf1", digest)
    digests.remember("device", "leaf1", digest)
    again = Fingerprints(digests.known)
    assert again.unchanged("device", "leaf1", digest)
    assert not again.unchanged("device", "leaf1", fingerprint_of("hostname leaf2"))
    again.forget("device", "leaf1")
    assert not again.unchanged("device", "leaf1", digest)
    assert digests.unchanged("device", "leaf1", digest)
