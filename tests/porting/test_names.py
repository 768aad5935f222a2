"""Everything that diffsync 2.2.3 offers by name is here under the same name, with the same parameters."""

from __future__ import annotations

import importlib
import inspect
import logging
import pkgutil
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import structlog

from driftline.engine import Adapter, Diff, DiffSync, DiffSyncFlags, DiffSyncModel, DSync, DSyncModel
from driftline.engine.helpers import DiffSyncDiffer, DiffSyncSyncer
from driftline.engine.logging import enable_console_logging
from driftline.engine.utils import (
    OrderedDefaultDict,
    get_path,
    intersection,
    set_key,
    symmetric_difference,
    tree_string,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGINE = "driftline.engine"
INSIDE = {
    "helpers.DiffSyncDiffer": "its steps: calculate_diffs is what others call",
    "helpers.DiffSyncSyncer": "its steps: perform_sync is what others call",
    "log": "an old home of `logging`",
}
"""What is not here: diffsync's own inner workings."""
STEPS = {"calculate_diffs", "perform_sync"}


def public(theirs: Any, module: str) -> Iterator[tuple[str, Any]]:
    """Return what a module of diffsync defines, and what its classes define."""
    for name, value in vars(theirs).items():
        if name.startswith("_") or getattr(value, "__module__", "") != theirs.__name__:
            continue
        if isinstance(value, TypeVar):
            continue
        path = f"{module}.{name}".lstrip(".")
        yield path, value
        if inspect.isclass(value):
            for member in vars(value):
                if not member.startswith(("_", "model_")) and (path not in INSIDE or member in STEPS):
                    yield f"{path}.{member}", getattr(value, member)


def modules(root: Any) -> list[str]:
    names = [info.name for info in pkgutil.walk_packages(root.__path__, f"{root.__name__}.")]
    return ["", *(name.removeprefix(f"{root.__name__}.") for name in names)]


def here(path: str) -> Any:
    """Return what is here under a path of diffsync's, a module's path or one within a module."""
    names = path.split(".")
    found = importlib.import_module(ENGINE)
    for name in names:
        try:
            found = getattr(found, name)
        except AttributeError:
            found = importlib.import_module(f"{found.__name__}.{name}")
    return found


def parameters(value: Any) -> list[str]:
    return [name for name in inspect.signature(value).parameters if name not in ("args", "kwargs")]


def test_every_name_is_here() -> None:
    """Modules, functions, classes and their methods, with all parameters in their order."""
    root = pytest.importorskip("diffsync", reason="diffsync is not installed: pip install diffsync==2.2.3")
    different = []
    for module in modules(root):
        if module in INSIDE or module == "store.redis":  # theirs needs an old redis client to be imported
            continue
        theirs = importlib.import_module(f"diffsync.{module}".rstrip("."))
        for path, value in public(theirs, module):
            try:
                ours = here(path)
            except (AttributeError, ImportError):
                different.append(f"{path} is missing")
                continue
            if inspect.isfunction(value) or inspect.ismethod(value):
                wanted = parameters(value)
                if parameters(ours)[: len(wanted)] != wanted:
                    different.append(f"{path}{inspect.signature(ours)} instead of {inspect.signature(value)}")
    assert different == [], "\n".join(different)


def test_diffsync_is_deprecated() -> None:
    """Adapters of the name that they had before version 2 say so, and work."""

    class Old(DiffSync):
        """An adapter of old."""

    with pytest.warns(DeprecationWarning, match="use 'Adapter' instead"):
        old = Old("old")
    assert isinstance(old, Adapter)
    assert old.name == "old"


def test_dsync_names() -> None:
    """The first names are not deprecated, they are just other names."""
    assert isinstance(DSync(), Adapter)
    adapter = DSync()
    made = DSyncModel.create(dsync=adapter, ids={}, attrs={})
    assert made is not None
    assert made.dsync is made.adapter is adapter


class Vlan(DiffSyncModel):
    """A VLAN."""

    _modelname = "vlan"
    _identifiers = ("vid",)
    vid: int


class Vlans(Adapter):
    """VLANs; it counts its completed syncs."""

    vlan = Vlan
    top_level = ("vlan",)
    completed = 0

    def sync_complete(self, *_: Any, **__: Any) -> None:
        """Count."""
        self.completed += 1


def test_differ_and_syncer() -> None:
    """Programs that make a comparison and a sync of their own get what the adapter would do, bit by bit."""
    source, dest = Vlans("source"), Vlans("dest")
    source.add(Vlan(vid=1))
    calls: list[tuple[str, int, int]] = []

    differ = DiffSyncDiffer(
        src_diffsync=source, dst_diffsync=dest, flags=DiffSyncFlags.NONE, diff_class=Diff, callback=None
    )
    diff = differ.calculate_diffs()
    assert differ.calculate_diffs() is diff
    assert diff == dest.diff_from(source)

    def sync() -> bool:
        return DiffSyncSyncer(
            diff=diff,
            src_diffsync=source,
            dst_diffsync=dest,
            flags=DiffSyncFlags.CONTINUE_ON_FAILURE,
            callback=lambda *call: calls.append(call),
        ).perform_sync()

    assert sync() is True
    assert calls[-1] == ("sync", 1, 1)
    assert dest.count() == 1
    assert sync() is False  # it is there already
    assert dest.completed == 0  # that is the adapter's affair


def test_utils() -> None:
    """The small functions do what their names say."""
    tree: dict[str, Any] = {}
    set_key(tree, ["a", "b"])
    set_key(tree, ["a", "c", "d"])
    set_key(tree, ["e"])
    assert tree == {"a": {"b": {}, "c": {"d": {}}}, "e": {}}
    assert get_path(tree, "d") == ["a", "c", "d"]
    assert get_path(tree, "x") is None
    assert tree_string(tree, "root") == "root\n├── a\n│   ├── b\n│   └── c\n│       └── d\n└── e"
    assert intersection([3, 1, 2], [1, 3]) == [3, 1]
    assert symmetric_difference([3, 1], [1, 2]) == [2, 3]
    groups = OrderedDefaultDict[str, list[int]](list)
    groups["b"].append(1)
    assert groups["a"] == []
    assert list(groups) == ["b", "a"]


@pytest.mark.parametrize(("verbosity", "level"), [(0, "WARNING"), (1, "INFO"), (2, "DEBUG"), (9, "DEBUG")])
def test_console_logging(verbosity: int, level: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Events of the level that was asked for are printed, for people; others are not."""
    root = logging.getLogger()
    before, root.handlers = (root.handlers, root.level), []
    try:
        enable_console_logging(verbosity)
        log = structlog.get_logger("driftline")
        for each in ("debug", "info", "warning"):
            getattr(log, each)(f"{each} event", device="leaf1")
    finally:
        root.handlers, root.level = before
    printed = capsys.readouterr().err
    shown = {each for each in ("debug", "info", "warning") if f"{each} event" in printed}
    order = ["DEBUG", "INFO", "WARNING"]
    assert shown == {each.lower() for each in order[order.index(level) :]}
