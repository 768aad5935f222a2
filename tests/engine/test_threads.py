"""Several threads: two syncs at once do what each does alone, and nothing global is left behind."""

from __future__ import annotations

import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from driftline.engine import DiffSyncFlags
from driftline.engine.exceptions import ObjectAlreadyExists, ObjectNotFound

from .inventory import Device, Interface, Inventory, Site, raising, small
from .test_bulk import Bulk, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROCEED = DiffSyncFlags.CONTINUE_ON_FAILURE


@pytest.fixture(autouse=True)
def _restless() -> Iterator[None]:
    """Change threads as often as possible, and check that nothing global was changed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    interval, thresholds, config = sys.getswitchinterval(), gc.get_threshold(), structlog.get_config()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)
    assert gc.get_threshold() == thresholds
    assert structlog.get_config() == config


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """Start all at the same moment, each in a thread, and return what they return."""
    start = threading.Barrier(len(work), timeout=30)

    def begun(one: Callable[[], Any]) -> Any:
        start.wait()
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return [future.result(60) for future in [pool.submit(begun, one) for one in work]]


def large(name: str, *, shift: int) -> Inventory:
    """Return an inventory of some hundred objects that differs from those with another shift."""
    inventory = Inventory(name)
    for s in range(3):
        site = inventory.put(Site(name=f"s{s}"))
        for d in range(8):
            device = inventory.put(Device(name=f"s{s}d{d}", role=f"r{(d + shift) % 3}"), site)
            for i in range(shift, 10 + shift):
                inventory.put(Interface(name=f"s{s}d{d}i{i}", mtu=1500 + (i * shift) % 4), device)
    return inventory


def synced(shift: int, *, flags: DiffSyncFlags = DiffSyncFlags.NONE, atomic: bool = False) -> dict[str, Any]:
    """Return what comes out of a sync, in which a hook fails where the flags allow it."""
    actual, intended = large("actual", shift=0), large("intended", shift=shift)
    if flags is PROCEED:
        actual.faults = {("delete", "s1d1i0"): raising(ConnectionError("dead"))}
    diff = actual.diff_from(intended)
    result = actual.sync(intended, diff=diff, flags=flags, atomic=atomic)
    return {
        "diff": diff.str(),
        "summary": diff.summary(),
        "outcomes": [(each.step.name, each.status, each.message) for each in result.objects],
        "content": actual.content,
    }


@pytest.mark.parametrize("options", [{}, {"flags": PROCEED}, {"atomic": True}], ids=str)
def test_two_pairs_at_once(options: dict[str, Any]) -> None:
    """Pairs of adapters that are compared and synchronised at once come out as alone."""
    alone = [synced(shift, **options) for shift in (1, 2, 3, 4)]

    together = at_once(*(lambda shift=shift: synced(shift, **options) for shift in (1, 2, 3, 4)))

    assert alone == together


def test_bulk_syncs_at_once() -> None:
    """So do those with hooks for many objects."""

    def work(size: int) -> Any:
        actual = Bulk("actual").fill(3, size)
        actual.sync(Room("intended").fill(size, 3, height=size))
        return actual.dict(), actual.calls

    alone = [work(size) for size in (2, 9, 30)]

    assert alone == at_once(*(lambda size=size: work(size) for size in (2, 9, 30)))


def test_one_source_for_two() -> None:
    """Two targets can be made like one source at once."""
    intended = large("intended", shift=2)
    targets = [large(f"actual{number}", shift=number) for number in (0, 1, 3)]

    at_once(*(lambda target=target: target.sync_from(intended) for target in targets))

    assert all(not target.diff_from(intended).has_diffs() for target in targets)
    assert not intended.diff_from(large("intended", shift=2)).has_diffs()


def test_an_interrupted_sync_does_not_stop_another() -> None:
    """Ctrl-C in one sync is that one's alone."""
    one, other = small("one"), small("other")
    intended = small("intended")
    intended.get(Interface, "Et1").mtu = 9000
    one.faults = {("update", "Et1"): raising(KeyboardInterrupt())}

    first, second = at_once(lambda: one.sync(intended), lambda: other.sync(intended))

    assert (first.run.interrupted, second.run.interrupted) == (True, False)
    assert other.get(Interface, "Et1").mtu == 9000


def test_readers_and_a_writer() -> None:
    """Readers of an adapter see whole objects while another thread adds, changes and removes some."""
    inventory = large("x", shift=0)
    site = inventory.get(Site, "s0")
    done = threading.Event()
    rounds = 150

    def write() -> int:
        for number in range(rounds):
            device = Device(name=f"new{number}", role="leaf")
            inventory.add(device, parent=site)
            inventory.get(Interface, "s0d0i0").mtu = number
            inventory.update_or_instantiate(Interface, {"name": "s0d0i1"}, {"mtu": number})
            if number % 2:
                site.remove_child(device)
                inventory.remove(device)
        done.set()
        return inventory.count(Device)

    def read() -> int:
        looks = 0
        while not done.is_set() or not looks:
            devices = inventory.get_all(Device)
            assert len({device.name for device in devices}) == len(devices) >= 24
            assert inventory.get(Interface, {"name": "s2d7i9"}).name == "s2d7i9"
            assert inventory.count() >= 267
            assert "device" in inventory.get_all_model_names()
            assert len(inventory.get_by_uids(["s0d0i0", "s0d0i1"], Interface)) == 2
            inventory.dict()
            looks += 1
        return looks

    results = at_once(write, read, read, read)

    assert results[0] == 24 + rounds // 2
    assert all(looks > 0 for looks in results[1:])
    assert len(site.devices) == 8 + rounds // 2


def test_writers_of_one_name() -> None:
    """Of several threads that add an object of one name, one succeeds; removing is as clear."""
    inventory = Inventory("x")

    def add() -> bool:
        try:
            inventory.add(Site(name="ams"))
        except ObjectAlreadyExists:
            return False
        return True

    def remove() -> bool:
        try:
            inventory.store.remove_item("site", "ams")
        except ObjectNotFound:
            return False
        return True

    for _ in range(30):
        assert sum(at_once(add, add, add)) == 1
        assert sum(at_once(remove, remove, remove)) == 1
