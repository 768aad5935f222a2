"""Loading: in bulk, with fewer looks of the garbage collector, and from several systems at once."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING, Any

import pytest

from driftline.engine.loading import bulk_load, fewer_collections, load_together

from .inventory import Inventory, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    """Check that each test leaves the garbage collector as it was."""
    before, enabled = gc.get_threshold(), gc.isenabled()
    yield
    gc.unfreeze()
    assert (gc.get_threshold(), gc.isenabled()) == (before, enabled)


class Remote:
    """Something that loads itself."""

    def __init__(self, load: Callable[[], object]) -> None:
        self.load = load


# The garbage collector ------------------------------------------------------------------------------------


@pytest.mark.parametrize("context", [fewer_collections, bulk_load])
def test_fewer_collections(context: Any) -> None:
    """The collector looks less often, and as often as before afterwards; also after an error."""
    before = gc.get_threshold()
    with context():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before

    with pytest.raises(ValueError, match="boom"), context():
        raise ValueError("boom")
    assert gc.get_threshold() == before


@pytest.mark.parametrize("context", [fewer_collections, bulk_load])
def test_nested(context: Any) -> None:
    """Only the outermost puts the thresholds back."""
    before = gc.get_threshold()
    with context():
        inside = gc.get_threshold()
        with context():
            pass
        assert gc.get_threshold() == inside
    assert gc.get_threshold() == before


def test_two_threads() -> None:
    """The last of two threads to leave puts the thresholds back, whichever came first."""
    before = gc.get_threshold()
    both, one_is_out = threading.Barrier(2, timeout=10), threading.Event()
    seen: list[Any] = []

    def first() -> None:
        with bulk_load():
            both.wait()
        one_is_out.set()

    def second() -> None:
        with bulk_load():
            both.wait()
            one_is_out.wait(10)
            seen.append(gc.get_threshold())

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen[0] != before
    assert gc.get_threshold() == before


def test_own_thresholds_are_kept() -> None:
    """Who has set other thresholds gets those back."""
    before = gc.get_threshold()
    gc.set_threshold(123, 4, 5)
    try:
        with bulk_load():
            pass
        assert gc.get_threshold() == (123, 4, 5)
    finally:
        gc.set_threshold(*before)


def test_garbage_of_a_bulk_load_is_collected_by_the_next() -> None:
    """What a bulk load has set aside is looked at again, so that nothing is kept for ever."""

    class Loop:
        def __init__(self) -> None:
            self.me = self

    gc.collect()
    with bulk_load():
        loop = Loop()
    del loop
    gc.collect()
    with bulk_load():
        gc.collect()
        assert not [each for each in gc.get_objects() if isinstance(each, Loop)]


def test_bulk() -> None:
    """An adapter's `bulk` is such a context; what is loaded in it is there at once."""
    inventory = Inventory("x")
    with inventory.bulk():
        inventory.add_many(Site, [{"name": "ams"}, {"name": "lon"}])
        assert inventory.count(Site) == 2


# Several at once ------------------------------------------------------------------------------------------


def test_at_once() -> None:
    """Two adapters that wait for each other are loaded: each has a thread of its own."""
    meeting = threading.Barrier(3, timeout=10)

    load_together(*(Remote(meeting.wait) for _ in range(3)))

    assert not meeting.broken


def test_none() -> None:
    """Nothing to load is loaded."""
    load_together()


def test_errors() -> None:
    """All are loaded to the end; then the first error is raised as it is, with a note for each other."""
    loaded: list[str] = []

    def fail(error: BaseException) -> Callable[[], object]:
        def load() -> None:
            raise error

        return load

    first = ConnectionError("no route")
    with pytest.raises(ConnectionError) as caught:
        load_together(
            Remote(lambda: loaded.append("a")),
            Remote(fail(first)),
            Remote(fail(ValueError("bad data"))),
            Remote(lambda: loaded.append("b")),
        )

    assert caught.value is first
    assert caught.value.__notes__ == ["another adapter failed to load too: bad data"]
    assert sorted(loaded) == ["a", "b"]


def test_adapters() -> None:
    """Real adapters are loaded together, and can be compared."""

    class Loads(Inventory):
        def load(self) -> None:
            self.add(Site(name="ams"))

    one, other = Loads("one"), Loads("other")
    load_together(one, other)

    assert not one.diff_from(other).has_diffs()
    assert len(one) == 1
