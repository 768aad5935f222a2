"""Where diffsync 2.2.3 is wrong and driftline is right: one scenario each, played with both.

Each scenario returns what can be seen; `check` compares it with what is expected of each package, of diffsync's
where it is installed. docs/coming-from-diffsync.md has the same list in words.
"""

# ruff: noqa: RUF012 - pydantic copies the defaults of fields

from __future__ import annotations

import ast
import contextlib
import enum
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from structlog.testing import capture_logs

from .sides import Package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OURS = "driftline.engine"
THEIRS = "diffsync"
INSTALLED = importlib.util.find_spec(THEIRS) is not None


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


class World(Package):
    """Sites with devices with ports, in one of the packages; the hooks do what `faults` says after their work."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        base, adapter_base = self.model, self.adapter

        class Hooked(base):
            @classmethod
            def create(cls, adapter: Any, ids: Any, attrs: Any) -> Any:
                return adapter.answer("create", super().create(adapter=adapter, ids=ids, attrs=attrs))

            def update(self, attrs: Any) -> Any:
                return self.adapter.answer("update", super().update(attrs))

            def delete(self) -> Any:
                return self.adapter.answer("delete", super().delete())

        class Port(Hooked):
            _modelname = "port"
            _identifiers = ("name",)
            _attributes = ("mtu",)
            name: str
            mtu: int = 1500
            cable: str = ""

        class Device(Hooked):
            _modelname = "device"
            _identifiers = ("name",)
            _attributes = ("role",)
            _children = {"port": "ports"}
            name: str
            role: str = ""
            ports: list[str] = []

        class Site(Hooked):
            _modelname = "site"
            _identifiers = ("name",)
            _children = {"device": "devices"}
            name: str
            devices: list[str] = []

        class Inventory(adapter_base):
            site, device, port = Site, Device, Port
            top_level = ["site"]

            def __init__(self, name: str | None = None) -> None:
                super().__init__(name=name)
                self.faults: dict[tuple[str, str], Callable[[Any], Any]] = {}
                self.completed = 0

            def answer(self, action: str, obj: Any) -> Any:
                return self.faults.get((action, obj.get_unique_id()), lambda done: done)(obj)

            def sync_complete(self, *_: Any, **__: Any) -> None:
                self.completed += 1

        self.port, self.device, self.site, self.inventory = Port, Device, Site, Inventory

    def load(self, tree: dict[str, dict[str, dict[str, int]]], name: str = "inventory") -> Any:
        """Return an inventory of {site: {device: {port: mtu}}}."""
        made = self.inventory(name)
        for site_name, devices in tree.items():
            site = self.put(made, self.site(name=site_name))
            for device_name, ports in devices.items():
                device = self.put(made, self.device(name=device_name), site)
                for port_name, mtu in ports.items():
                    self.put(made, self.port(name=port_name, mtu=mtu), device)
        return made

    def put(self, adapter: Any, obj: Any, parent: Any = None) -> Any:
        """Add an object below its parent."""
        adapter.add(obj)
        if parent is not None:
            parent.add_child(obj)
        return obj

    def sync(self, dest: Any, source: Any, **flags: Any) -> str:
        """Synchronise, and return the name of the exception, if any."""
        try:
            dest.sync_from(source, **flags)
        except Exception as error:  # noqa: BLE001 - which one it is, is what is looked at
            return type(error).__name__
        return ""

    @property
    def go_on(self) -> dict[str, Any]:
        return {"flags": self.flags.CONTINUE_ON_FAILURE}


def names(adapter: Any) -> dict[str, list[str]]:
    """Return the objects of an adapter by model, and the parents that list them."""
    return {
        "devices": sorted(obj.name for obj in adapter.get_all("device")),
        "ports": sorted(obj.name for obj in adapter.get_all("port")),
        "listed": sorted(f"{obj.name}/{uid}" for obj in adapter.get_all("device") for uid in obj.ports),
    }


def check(scenario: Callable[[World], Any], *, theirs: Any, ours: Any) -> None:
    """Play a scenario with both packages."""
    assert scenario(World(OURS)) == ours
    if INSTALLED:
        assert scenario(World(THEIRS)) == theirs


def raising(error: Exception) -> Callable[[Any], Any]:
    def fault(_: Any) -> Any:
        raise error

    return fault


def failed(status: Any) -> Callable[[Any], Any]:
    def fault(obj: Any) -> Any:
        obj.set_status(status, "refused")
        return obj

    return fault


def test_both_are_compared() -> None:
    """Skipped where only driftline's half of each scenario is checked."""
    pytest.importorskip(THEIRS, reason="diffsync is not installed: pip install diffsync==2.2.3")


def test_an_empty_approved_diff() -> None:
    """Somebody approved that nothing is done; diffsync computes a diff of its own, and does everything."""

    def scenario(world: World) -> Any:
        source, dest = world.load({"ams": {}}), world.load({})
        dest.sync_from(source, diff=world.diff())
        return len(dest)

    check(scenario, theirs=1, ours=0)


def test_a_child_that_moves_to_a_parent_that_comes_first() -> None:
    """diffsync refuses to create what is there already, and stops halfway."""

    def scenario(world: World) -> Any:
        source, dest = (
            world.load({"s": {"a": {"p": 1}, "b": {}}}),
            world.load({"s": {"a": {}, "b": {"p": 1}}}),
        )
        return world.sync(dest, source), names(dest)["listed"]

    check(scenario, theirs=("ObjectNotCreated", ["b/p"]), ours=("", ["a/p"]))


def test_a_child_that_moves_while_failures_are_ignored() -> None:
    """diffsync loses the object; it is updated where it goes, and keeps its identity."""

    def scenario(world: World) -> Any:
        source, dest = (
            world.load({"s": {"a": {"p": 9000}, "b": {}}}),
            world.load({"s": {"a": {}, "b": {"p": 1}}}),
        )
        world.sync(dest, source, **world.go_on)
        found = dest.get_or_none("port", "p")
        return names(dest)["listed"], found and found.mtu, found and found.adapter is dest

    check(scenario, theirs=([], None, None), ours=(["a/p"], 9000, True))


def test_a_child_that_moves_from_a_parent_that_goes() -> None:
    """The port outlives its old device."""

    def scenario(world: World) -> Any:
        source, dest = world.load({"s": {"a": {"p": 1}}}), world.load({"s": {"b": {"p": 1}}})
        world.sync(dest, source, **world.go_on)
        return names(dest)

    check(
        scenario,
        theirs={"devices": ["a"], "ports": [], "listed": []},
        ours={"devices": ["a"], "ports": ["p"], "listed": ["a/p"]},
    )


@pytest.mark.parametrize("error", ["ObjectNotUpdated", "ConnectionError"])
def test_an_update_that_fails_after_the_record_was_changed(error: str) -> None:
    """diffsync keeps the new value and calls it a success, and the next diff is clean."""

    def scenario(world: World) -> Any:
        source, dest = world.load({"s": {"a": {"p": 9000}}}), world.load({"s": {"a": {"p": 1500}}})
        kind = getattr(world.errors, error, ConnectionError)
        dest.faults = {("update", "p"): raising(kind("the device refused"))}
        world.sync(dest, source, **world.go_on)
        port = dest.get("port", "p")
        return port.mtu, port.get_status()[0].value, dest.diff_from(source).summary()["update"]

    check(scenario, theirs=(9000, "success", 0), ours=(1500, "error", 1))


def test_a_hook_that_fails_unexpectedly_while_failures_are_ignored() -> None:
    """diffsync's flag knows its own exceptions only; any other ends the run halfway."""

    def scenario(world: World) -> Any:
        source, dest = world.load({"s": {"a": {}, "b": {"p": 1}}}), world.load({"s": {}})
        dest.faults = {("create", "a"): raising(ConnectionError("timeout"))}
        return world.sync(dest, source, **world.go_on), names(dest)["devices"]

    check(scenario, theirs=("ConnectionError", []), ours=("", ["b"]))


def test_a_hook_that_returns_nothing_has_changed_nothing() -> None:
    """diffsync calls `sync_complete` all the same."""

    def scenario(world: World) -> Any:
        source, dest = world.load({"s": {}}), world.load({})
        dest.faults = {("create", "s"): lambda _: None}
        return world.sync(dest, source), len(dest), dest.completed

    check(scenario, theirs=("", 0, 1), ours=("", 0, 0))


@pytest.mark.parametrize("status", ["FAILURE", "ERROR"])
def test_a_create_that_says_that_it_failed(status: str) -> None:
    """diffsync stores the object and goes on below it."""

    def scenario(world: World) -> Any:
        source, dest = world.load({"s": {"a": {"p": 1}}}), world.load({"s": {}})
        dest.faults = {("create", "a"): failed(world.status[status])}
        world.sync(dest, source)
        return names(dest)

    check(
        scenario,
        theirs={"devices": ["a"], "ports": ["p"], "listed": ["a/p"]},
        ours={"devices": [], "ports": [], "listed": []},
    )


def test_an_update_that_says_that_it_failed() -> None:
    """diffsync keeps the values that the device refused."""

    def scenario(world: World) -> Any:
        source, dest = world.load({"s": {"a": {"p": 9000}}}), world.load({"s": {"a": {"p": 1500}}})
        dest.faults = {("update", "p"): failed(world.status.FAILURE)}
        world.sync(dest, source)
        return dest.get("port", "p").mtu, dest.diff_from(source).has_diffs()

    check(scenario, theirs=(9000, False), ours=(1500, True))


def test_a_delete_that_says_that_it_failed() -> None:
    """diffsync forgets the object, which is still on the device."""

    def scenario(world: World) -> Any:
        source, dest = world.load({"s": {}}), world.load({"s": {"a": {"p": 1}}})
        dest.faults = {("delete", "a"): failed(world.status.FAILURE)}
        world.sync(dest, source)
        return names(dest)

    check(
        scenario,
        theirs={"devices": [], "ports": [], "listed": []},
        ours={"devices": ["a"], "ports": ["p"], "listed": ["a/p"]},
    )


def bottom_up(world: World) -> Any:
    dest = world.load({"s": {"a": {"p": 1}}})
    dest.get("device", "a").model_flags = world.model_flags.NATURAL_DELETION_ORDER
    return dest


def test_a_parent_whose_child_can_not_be_deleted() -> None:
    """diffsync deletes the parent nevertheless; the child is left over without one."""

    def scenario(world: World) -> Any:
        source, dest = world.load({"s": {}}), bottom_up(world)
        dest.faults = {("delete", "p"): raising(world.errors.ObjectNotDeleted("in use"))}
        world.sync(dest, source, **world.go_on)
        return names(dest)

    check(
        scenario,
        theirs={"devices": [], "ports": ["p"], "listed": []},
        ours={"devices": ["a"], "ports": ["p"], "listed": ["a/p"]},
    )


def test_who_is_logged_when_children_are_deleted_first() -> None:
    """diffsync logs the parent's deletion as that of its last child."""

    def scenario(world: World) -> Any:
        structlog.reset_defaults()
        with capture_logs() as events:
            bottom_up(world).sync_from(world.load({"s": {}}))
        return [event["unique_id"] for event in events if event["event"] == "Deleted successfully"]

    check(scenario, theirs=["p", "p"], ours=["p", "a"])


def test_the_status_of_what_was_not_touched() -> None:
    """diffsync's unchanged objects lose theirs."""

    def scenario(world: World) -> Any:
        source, dest = world.load({"s": {"a": {}, "b": {}}}), world.load({"s": {"a": {}}})
        dest.sync_from(source)
        return {obj.name: obj.get_status()[0].value for obj in dest.get_all("device")}

    check(scenario, theirs={"a": "unknown", "b": "success"}, ours={"a": "success", "b": "success"})


def test_an_update_with_a_wrong_value() -> None:
    """diffsync stores whatever comes."""

    def scenario(world: World) -> Any:
        port = world.port(name="p")
        with contextlib.suppress(world.errors.ObjectNotUpdated):
            port.update_base({"mtu": "nine"})
        return port.mtu

    check(scenario, theirs="nine", ours=1500)


def test_an_update_of_what_is_no_attribute() -> None:
    """diffsync changes any field, an identifier too."""

    def scenario(world: World) -> Any:
        port = world.port(name="p")
        for field in ("name", "cable"):
            with contextlib.suppress(world.errors.ObjectNotUpdated):
                port.update_base({field: "x"})
        return port.name, port.cable

    check(scenario, theirs=("x", "x"), ours=("p", ""))


def test_different_identities_have_different_unique_ids() -> None:
    """diffsync joins the parts by two underscores, whatever is in them."""

    def scenario(world: World) -> Any:
        class Lag(world.model):
            _identifiers = ("device", "name")
            device: str
            name: str

        one, other = Lag(device="x__y", name="z"), Lag(device="x", name="y__z")
        return one.get_unique_id() == other.get_unique_id(), Lag(device="x", name="y").get_unique_id()

    check(scenario, theirs=(True, "x__y"), ours=(False, "x__y"))


def test_identifiers_that_are_no_text() -> None:
    """To diffsync an enumeration's member and the value that it was saved as are two identities."""

    class Color(enum.Enum):
        RED = "red"

    def scenario(world: World) -> Any:
        class Cable(world.model):
            _identifiers = ("color", "number")
            color: Color
            number: int

        return Cable(color=Color.RED, number=1).get_unique_id(), Cable.create_unique_id(color="red", number=1)

    check(scenario, theirs=("Color.RED__1", "red__1"), ours=("red__1", "red__1"))


def test_siblings_that_share_a_short_name() -> None:
    """diffsync can't compare them at all."""

    def scenario(world: World) -> Any:
        class Address(world.model):
            _modelname = "address"
            _identifiers = ("vrf", "ip")
            _shortname = ("ip",)
            vrf: str
            ip: str

        class Addresses(world.adapter):
            address = Address
            top_level = ["address"]

        source, dest = Addresses(name="source"), Addresses(name="dest")
        for vrf in ("blue", "red"):
            source.add(Address(vrf=vrf, ip="10.0.0.1"))
        return world.sync(dest, source), len(dest)

    check(scenario, theirs=("ObjectAlreadyExists", 0), ours=("", 2))


def test_a_child_that_is_listed_but_missing() -> None:
    """diffsync's error does not say who lists it."""

    def scenario(world: World) -> Any:
        source, dest = world.load({"s": {"a": {}}}), world.load({})
        source.get("device", "a").ports.append("gone")
        try:
            dest.diff_from(source)
        except Exception as error:  # noqa: BLE001 - whichever it is, what it says is looked at
            return "gone" in str(error), "device" in str(error) and "a" in str(error).replace("device", "")
        return None

    check(scenario, theirs=(True, False), ours=(True, True))


def test_a_removed_object_belongs_to_nobody() -> None:
    """diffsync's adapter is false when its last object goes, so that one keeps it."""

    def scenario(world: World) -> Any:
        dest = world.load({"s": {}})
        site = dest.get("site", "s")
        dest.remove(site)
        return site.adapter is None

    check(scenario, theirs=False, ours=True)


def test_the_summary_of_a_diff_made_by_hand() -> None:
    """diffsync calculates how many were skipped, wrongly when it has not counted the others itself."""

    def scenario(world: World) -> Any:
        diff = world.diff()
        element = importlib.import_module(f"{world.root}.diff").DiffElement("port", "p", {"name": "p"})
        element.add_attrs(source={"mtu": 1}, dest={"mtu": 2})
        diff.add(element)
        return diff.summary()["update"], diff.summary()["skip"]

    check(scenario, theirs=(1, -2), ours=(1, 0))


def test_progress_arrives() -> None:
    """diffsync's never does when something is ignored."""

    def scenario(world: World) -> Any:
        source, dest = world.load({"s": {"a": {}}, "t": {}}), world.load({"s": {"a": {}}})
        source.get("site", "s").model_flags = world.model_flags.IGNORE
        calls = []
        dest.diff_from(source, callback=lambda *call: calls.append(call))
        return calls[-1][1] == calls[-1][2]

    check(scenario, theirs=False, ours=True)


def test_asking_leaves_no_trace() -> None:
    """diffsync's store gets a group of every model that somebody asked for."""

    def scenario(world: World) -> Any:
        dest = world.load({})
        dest.get_or_none("nothing", "x")
        dest.get_all("nothing")
        return dest.dict()

    check(scenario, theirs={"nothing": {}}, ours={})


def test_a_dump_of_objects_with_flags_is_json() -> None:
    """diffsync's has an enumeration in it."""

    def scenario(world: World) -> Any:
        dest = world.load({"s": {}})
        dest.get("site", "s").model_flags = world.model_flags.IGNORE
        try:
            text = json.dumps(dest.dict())
        except TypeError as error:
            return type(error).__name__
        again = world.inventory()
        again.load_from_dict(json.loads(text))
        return again.get("site", "s").model_flags is world.model_flags.IGNORE

    check(scenario, theirs="TypeError", ours=True)


def test_loading_what_the_adapter_does_not_know() -> None:
    """diffsync drops it without a word."""

    def scenario(world: World) -> Any:
        dest = world.inventory()
        try:
            dest.load_from_dict({"site": {"s": {"name": "s"}}, "rack": {"r": {"name": "r"}}})
        except Exception as error:  # noqa: BLE001 - whichever it is, what it says is looked at
            return "rack" in str(error), len(dest)
        return len(dest)

    check(scenario, theirs=1, ours=(True, 0))


def test_equal_records_of_two_adapters() -> None:
    """To diffsync they differ: it compares the adapters too."""

    def scenario(world: World) -> Any:
        one, other = world.load({"s": {}}, "one"), world.load({"s": {}}, "other")
        return one.get("site", "s") == other.get("site", "s"), one.get("site", "s") == world.site(name="t")

    check(scenario, theirs=(False, False), ours=(True, False))


def test_children_in_fields_of_different_names() -> None:
    """diffsync looks in the destination for the source's field."""

    def scenario(world: World) -> Any:
        class Site(world.model):
            _modelname = "site"
            _identifiers = ("name",)
            _children = {"device": "boxes"}
            name: str
            boxes: list[str] = []

        class Boxes(world.inventory):
            site = Site

        source, dest = world.load({"s": {"a": {}}}), Boxes("boxes")
        dest.add(Site(name="s"))
        return world.sync(dest, source), dest.get("site", "s").boxes

    check(scenario, theirs=("AttributeError", []), ours=("", ["a"]))


def test_a_kind_of_children_that_the_destination_does_not_have() -> None:
    """Below an old parent diffsync skips them, below a new one it breaks off when it comes to them."""

    def scenario(world: World) -> Any:
        class Device(world.device):
            _children = {}

        class Bare(world.inventory):
            device = Device

        source, dest = world.load({"s": {"a": {"p": 1}, "b": {}}}), Bare("bare")
        raised = world.sync(dest, source)
        return raised, names(dest)["devices"], names(dest)["ports"]

    check(scenario, theirs=("ObjectStoreWrongType", ["a"], []), ours=("", ["a", "b"], []))


def test_diffs_can_be_compared() -> None:
    """To diffsync two diffs are equal only when they are one, and elements whatever is below them."""

    def scenario(world: World) -> Any:
        def diff(mtu: int) -> Any:
            return world.load({"s": {"a": {"p": 1}}}).diff_from(world.load({"s": {"a": {"p": mtu}}}))

        one, other = next(diff(2).get_children()), next(diff(3).get_children())
        return diff(2) == diff(2), diff(2) == diff(3), one == other

    check(scenario, theirs=(False, False, True), ours=(True, False, False))


def test_a_diff_can_be_read_back() -> None:
    """diffsync has no way back from a diff's values."""

    def scenario(world: World) -> Any:
        if not hasattr(world.diff, "from_json"):
            return None
        source, dest = world.load({"s": {"a": {"p": 1}}}), world.load({"s": {}})
        diff = dest.diff_from(source)
        again = world.diff.from_json(diff.to_json())
        dest.sync_from(source, diff=again)
        return again == diff, names(dest)["listed"]

    check(scenario, theirs=None, ours=(True, ["a/p"]))


def test_no_pickle_anywhere() -> None:
    """diffsync's Redis store runs whatever code somebody has left in Redis; here nothing knows how to."""
    files = Path(importlib.import_module("driftline").__file__ or "").parent.rglob("*.py")
    trees = {file: ast.parse(file.read_text()) for file in files}
    imported = {
        (file.name, name)
        for file, tree in trees.items()
        for node in ast.walk(tree)
        for name in _imported(node)
        if name.split(".")[0] in ("pickle", "cPickle", "dill", "marshal", "shelve")
    }
    assert len(trees) > 20
    assert imported == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_nothing_is_deleted_below_what_could_not_be() -> None:
    """Here both are right: also where children are deleted first, what is above them has its say."""

    def scenario(world: World) -> Any:
        source, dest = world.load({}), bottom_up(world)
        dest.faults = {("delete", "s"): raising(world.errors.ObjectNotDeleted("in use"))}
        world.sync(dest, source, **world.go_on)
        return names(dest)

    kept = {"devices": ["a"], "ports": ["p"], "listed": ["a/p"]}
    check(scenario, theirs=kept, ours=kept)
