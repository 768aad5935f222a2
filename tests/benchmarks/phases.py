"""What `engine.py` measures, one task per process: prints CPU seconds, bytes and whether the results were right.

    python tests/benchmarks/phases.py hierarchy --package driftline.engine --shape 20x50x100

Imports nothing of driftline's before a task asks for its package: a rival's interpreter runs this file too.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import logging
import os
import resource
import sys
import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from fabric import Fabric, Site, generate, load, load_bulk, make_adapter, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MODELS = ("site", "device", "interface")


class Skipped(Exception):
    """The package has no such function (yet); the text says which."""


@dataclass(frozen=True)
class Work:
    """What a task is given."""

    package: str
    shape: tuple[int, int, int]
    change: float
    file: Path

    def fabric(self) -> Fabric:
        """Return the data of both sides."""
        return generate(*self.shape, self.change)

    def adapters(self, *names: str) -> list[Any]:
        """Return empty adapters of the package with these names."""
        adapter_class = make_adapter(self.package)
        return [adapter_class(name=name) for name in names]

    def need(self, name: str, where: Any) -> None:
        """Skip the task when the package has no such method."""
        if not hasattr(where, name):
            raise Skipped(f"{self.package} has no `{name}`")


class Stopwatch(dict[str, float]):
    """CPU seconds by phase."""

    def time(self, phase: str, work: Callable[[], Any]) -> Any:
        """Do the work and note what it took; the garbage of what was before is collected first."""
        gc.collect()
        started = time.process_time()
        result = work()
        self[phase] = time.process_time() - started
        return result


# The same work for both engines -----------------------------------------------------------------------------


def hierarchy(work: Work) -> dict[str, Any]:
    """Load, compare and synchronise sites with devices with interfaces."""
    fabric, watch = work.fabric(), Stopwatch()
    spare, source, target, empty = work.adapters("spare", "source", "target", "empty")
    watch.time("construct", lambda: construct(spare, fabric.source) and None)
    watch.time("load one by one", lambda: load(source, fabric.source))
    load(target, fabric.target)
    grown, right = with_changes(watch, source, target, fabric)
    right += without_changes(watch, source, target)
    watch.time("create all", lambda: empty.sync_from(source))
    return {
        "cpu": watch,
        "right": [*right, equal(source, empty)],
        "objects": size(fabric.source),
        "expected": fabric.expected,
        "diff_rss": grown,
        "peak_rss": peak(),
    }


def with_changes(watch: Stopwatch, source: Any, target: Any, fabric: Fabric) -> tuple[int, list[bool]]:
    """Compare, show and synchronise; return by how much the process grew with the diff, and what was right."""
    before = resident()
    diff = watch.time("diff with changes", lambda: target.diff_from(source))
    grown = resident() - before
    right = [
        agrees(watch.time("summary", diff.summary), fabric.expected),
        count_actions(watch.time("dict", diff.dict)) == fabric.expected,
        watch.time("str", diff.str).count("MISSING in") == missing(fabric),
    ]
    watch.time("sync", lambda: target.sync_from(source, diff=diff))
    return grown, right


def without_changes(watch: Stopwatch, source: Any, target: Any) -> list[bool]:
    """Compare and synchronise two sides that are equal by now; return what was right."""
    diff = watch.time("diff without changes", lambda: target.diff_from(source))
    right = [not diff.has_diffs(), equal(source, target)]
    watch.time("sync without changes", lambda: target.sync_from(source, diff=diff))
    return right


def bulk(work: Work) -> dict[str, Any]:
    """Load in bulk, where the package can; else one by one, which is then its only way."""
    fabric, watch = work.fabric(), Stopwatch()
    (source,) = work.adapters("source")
    can = hasattr(source, "bulk") and hasattr(source, "add_many")
    if not can and work.package != "diffsync":
        work.need("add_many", source)
    watch.time("bulk load", lambda: (load_bulk if can else load)(source, fabric.source))
    return {"cpu": watch, "right": [loaded(source, fabric.source)], "objects": size(fabric.source)}


def memory(work: Work) -> dict[str, Any]:
    """Trace what the objects in the store need, and what a comparison leaves in memory; the input is made before."""
    fabric = work.fabric()
    source, target = work.adapters("source", "target")
    tracemalloc.start()
    before = traced()
    load(source, fabric.source)
    stored = traced() - before
    load(target, fabric.target)
    before = traced()
    diff = target.diff_from(source)
    kept = traced() - before
    return {
        "bytes": {"memory of the diff": kept, "memory per model": stored / size(fabric.source)},
        "right": [agrees(diff.summary(), fabric.expected)],
    }


def parent(work: Work) -> dict[str, Any]:
    """Load, compare and synchronise many children of one parent."""
    fabric, watch = work.fabric(), Stopwatch()
    source, target = work.adapters("source", "target")
    watch.time("load", lambda: load(source, fabric.source))
    load(target, fabric.target)
    diff = watch.time("diff", lambda: target.diff_from(source))
    right = [agrees(diff.summary(), fabric.expected)]
    watch.time("sync", lambda: target.sync_from(source, diff=diff))
    right += [not target.diff_from(source).has_diffs(), equal(source, target)]
    return {"cpu": watch, "right": right, "objects": size(fabric.source)}


def construct(adapter: Any, side: list[Site]) -> list[Any]:
    """Make the objects, and put them nowhere."""
    made = []
    for site, devices in side:
        made.append(adapter.site(**site))
        for device, interfaces in devices:
            made.append(adapter.device(**device))
            made.extend([adapter.interface(**row) for row in interfaces])
    return made


# The floor --------------------------------------------------------------------------------------------------

Node = tuple[dict[str, Any], dict[str, Any]]


def floor(work: Work) -> dict[str, Any]:
    """Compare the same data as nested dictionaries: no model, no identity, no order, no flag."""
    fabric, watch = work.fabric(), Stopwatch()
    source, target = nested(fabric.source), nested(fabric.target)
    found: dict[str, list[str]] = {"create": [], "update": [], "delete": []}
    watch.time("floor", lambda: walk(source, target, **found))
    counts = {action: len(keys) for action, keys in found.items()}
    return {"cpu": watch, "right": [counts == fabric.expected], "objects": size(fabric.source)}


def nested(side: list[Site]) -> dict[str, Node]:
    """Return `{name: (values, children)}`."""
    return {
        site["name"]: (
            site,
            {
                device["name"]: (device, {row["name"]: (row, {}) for row in interfaces})
                for device, interfaces in devices
            },
        )
        for site, devices in side
    }


def walk(
    source: dict[str, Node], target: dict[str, Node], create: list[str], update: list[str], delete: list[str]
) -> None:
    """Append what is to be created, updated and deleted."""
    for name, (values, below) in source.items():
        found = target.get(name)
        if found is None:
            create.append(name)
            walk(below, {}, create, update, delete)
            continue
        if values != found[0]:
            update.append(name)
        if below or found[1]:
            walk(below, found[1], create, update, delete)
    for name in target.keys() - source.keys():
        delete.append(name)
        walk({}, target[name][1], create, update, delete)


# Ours alone -------------------------------------------------------------------------------------------------


def incremental(work: Work) -> dict[str, Any]:
    """Change 1 % of the interfaces, scattered over all devices or all on a few, and compare what changed."""
    try:
        module = importlib.import_module(f"{work.package}.incremental")
    except ModuleNotFoundError:
        raise Skipped(f"{work.package} has no `incremental`") from None
    fabric, watch = work.fabric(), Stopwatch()
    source, target = work.adapters("source", "target")
    load(source, fabric.source)
    load(target, fabric.source)
    comparison = module.IncrementalDiff(source, target)
    right = [not watch.time("first", comparison.calculate).has_diffs()]
    ports = source.get_all("interface")
    share = len(ports) // 100
    for where, dirty in (("scattered", ports[::100]), ("on a few devices", ports[1 : share * 2 : 2])):
        for port in dirty:
            port.mtu += 1
            source.update(port)
        some = watch.time(where, comparison.calculate)
        every = watch.time(f"full, {where}", lambda: target.diff_from(source))
        right += [some.summary() == every.summary(), some == every, every.summary()["update"] >= len(dirty)]
        target.sync_from(source, diff=every)
        comparison.calculate()
    return {"cpu": watch, "right": right, "objects": size(fabric.source)}


def write(work: Work) -> dict[str, Any]:
    """Write a diff as JSON Lines; with a traced second writing, to see what it needs beside the diff itself."""
    fabric, watch = work.fabric(), Stopwatch()
    source, target = work.adapters("source", "target")
    load(source, fabric.source)
    load(target, fabric.target)
    diff = target.diff_from(source)
    work.need("to_json_lines", diff)
    watch.time("write", lambda: diff.to_json_lines(work.file))
    needed = traced_peak(lambda: diff.to_json_lines(work.file))
    right = [agrees(diff.summary(), fabric.expected), type(diff).from_json_lines(work.file) == diff]
    changes = sum(fabric.expected.values())
    return {
        "cpu": watch,
        "right": right,
        "changes": changes,
        "beside": needed,
        "file": work.file.stat().st_size,
    }


def read(work: Work) -> dict[str, Any]:
    """Read that diff in a process that has nothing else; with a traced second reading beside what stays."""
    diff_class, watch = importlib.import_module(work.package).Diff, Stopwatch()
    work.need("from_json_lines", diff_class)
    diff = watch.time("read", lambda: diff_class.from_json_lines(work.file))
    summary = diff.summary()
    del diff
    kept: list[Any] = []
    needed = traced_peak(lambda: kept.append(diff_class.from_json_lines(work.file)))
    stays = tracemalloc.get_traced_memory()[0]
    return {"cpu": watch, "right": [kept[0].summary() == summary], "peak": needed, "stays": stays}


# Are the results right? -------------------------------------------------------------------------------------


def agrees(summary: dict[str, int], expected: dict[str, int]) -> bool:
    """Return whether a summary counts what was generated."""
    return {action: summary[action] for action in expected} == expected


def missing(fabric: Fabric) -> int:
    """Return how many objects one of the sides lacks."""
    return fabric.expected["create"] + fabric.expected["delete"]


def count_actions(tree: dict[str, Any]) -> dict[str, int]:
    """Return how many elements of a diff's `dict()` create, update and delete."""
    counts = {"create": 0, "update": 0, "delete": 0}
    for element in elements(tree):
        new, old = element.get("+"), element.get("-")
        if new is not None and old is not None:
            counts["update"] += bool(new)  # empty: it is there for what is below it
        elif new is not None or old is not None:
            counts["delete" if new is None else "create"] += 1
    return counts


def elements(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return all elements of a diff's `dict()`."""
    for model in MODELS:
        for element in tree.get(model, {}).values():
            yield element
            yield from elements(element)


def equal(one: Any, other: Any) -> bool:
    """Return whether two adapters hold the same objects, without asking their engine for a diff."""
    return len(one) == len(other) and all(
        obj.get_attrs() == other.get(model, obj.get_unique_id()).get_attrs()
        for model in MODELS
        for obj in one.get_all(model)
    )


def loaded(adapter: Any, side: list[Site]) -> bool:
    """Return whether an adapter holds what was loaded, each object below its parent."""
    listed = [obj.devices for obj in adapter.get_all("site")] + [
        obj.interfaces for obj in adapter.get_all("device")
    ]
    names = [row["name"] for _, devices in side for device in devices for row in device.interfaces]
    right = [port.name for port in adapter.get_all("interface")] == names
    return right and len(adapter) == size(side) == len(side) + sum(map(len, listed))


# Memory -----------------------------------------------------------------------------------------------------


def resident() -> int:
    """Return the memory that this process has now, in bytes; 0 where there is no /proc."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """Return the most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def traced() -> int:
    """Return what Python's allocators hold since the tracing began, garbage left out."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def traced_peak(work: Callable[[], Any]) -> int:
    """Return the most memory that the work held at once."""
    tracemalloc.start()
    work()
    return tracemalloc.get_traced_memory()[1]


TASKS = {task.__name__: task for task in (hierarchy, bulk, memory, parent, floor, incremental, write, read)}


def main(arguments: Iterable[str] | None = None) -> None:
    """Do one task, and print what it took as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--package", default="driftline.engine")
    parser.add_argument("--shape", default="20x50x10", help="sites x devices x interfaces")
    parser.add_argument("--change", type=float, default=0.01)
    parser.add_argument("--file", type=Path, default=Path("diff.jsonl"))
    options = parser.parse_args(list(arguments) if arguments is not None else None)
    # Both engines log below WARNING for every object; a careful user does not have that rendered.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    sites, devices, interfaces = (int(part) for part in options.shape.split("x"))
    work = Work(options.package, (sites, devices, interfaces), options.change, options.file)
    try:
        result = TASKS[options.task](work)
    except Skipped as reason:
        result = {"skipped": str(reason)}
    print(json.dumps({**result, "right": all(result.get("right", [True]))}))


if __name__ == "__main__":
    main()
