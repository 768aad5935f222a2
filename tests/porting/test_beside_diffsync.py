"""Random datasets, compared and synchronised by diffsync 2.2.3 and by driftline: both must make the same of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from structlog.testing import capture_logs

from .forest import CONTINUE, IGNORE, NATURAL, SKIP_CHILDREN, Case, Schema, case, schema, walk
from .sides import Package, content, elements, ordered

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("diffsync", reason="diffsync is not installed: pip install diffsync==2.2.3")

TREES, BATCHES = 3000, 10
QUICK = 3
"""Batches that are part of `make test`; the others are part of `make test-samples`."""
SCHEMAS = {number: schema(number) for number in range(16)}
THEIRS, OURS = Package("diffsync"), Package("driftline.engine")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


@dataclass
class Seen:
    """What can be seen of one package's comparison and synchronisation."""

    before: dict[str, Any]
    after: dict[str, Any]
    refused: bool
    completed: int


def run(package: Package, case: Case, schema: Schema) -> Seen:
    """Let a package do the case."""
    source_class, dest_class = package.adapters(case.schema, schema)
    source = package.load(source_class, case.source, "here", case)
    dest = package.load(dest_class, case.dest, "there", case)
    objects = {(name, obj.get_unique_id()): obj for name in schema.kinds for obj in dest.get_all(name)}
    calls: dict[str, tuple[int, int]] = {}

    def progress(stage: str, current: int, total: int) -> None:
        calls[stage] = current, total

    options = {"diff_class": package.order(case.order), "flags": package.flags(case.flags)}
    diff = dest.diff_from(source, callback=progress, **options)
    before = described(diff) | {"source": told(source, schema), "dest": told(dest, schema)}
    before["loaded again"] = content(_again(source))
    error = ""
    try:
        dest.sync_from(source, diff=diff, callback=progress, **options)
    except Exception as refusal:  # noqa: BLE001 - which one it is, is compared
        error = type(refusal).__name__
    for name in schema.kinds:
        objects |= {(name, obj.get_unique_id()): obj for obj in dest.get_all(name)}
    changed = {call[1:3] for call in dest.hooks if call[:3] not in case.refusals}
    statuses = {key: (objects[key].get_status()[0].value, objects[key].get_status()[1]) for key in changed}
    after = {
        "error": error,
        "hooks": dest.hooks,
        "content": content(dest),
        "statuses": statuses,
        "totals": {stage: total for stage, (_, total) in calls.items()},
        "again": described(dest.diff_from(source)),
    }
    refused = any(call[:3] in case.refusals for call in dest.hooks)
    return Seen(before | {"progress": calls}, after, refused, dest.completed)


def told(adapter: Any, schema: Schema) -> dict[str, Any]:
    """Return everything that an adapter tells of itself and of its objects."""
    objects = [obj for name in sorted(schema.kinds) for obj in adapter.get_all(name)]
    return {
        "content": content(adapter),
        "names": {name for name in adapter.get_all_model_names() if adapter.count(name)},
        "text": adapter.str(),
        "indented": adapter.str(indent=2),
        "self": (str(adapter), repr(adapter), adapter.name, adapter.type, len(adapter)),
        "objects": [(str(obj), repr(obj), obj.get_shortname(), obj.get_identifiers()) for obj in objects],
        "attrs": [ordered(obj.get_attrs()) for obj in objects],
        "alone": [obj.str(include_children=False) for obj in objects],
        "json": [obj.json() for obj in objects if not obj.model_flags.value],
    }


def _again(adapter: Any) -> Any:
    again = type(adapter)()
    again.load_from_dict(adapter.dict())
    return again


def described(diff: Any) -> dict[str, Any]:
    """Return everything that a diff tells."""
    return {
        "summary": diff.summary(),
        "dict": ordered(diff.dict()),
        "text": diff.str(),
        "indented": diff.str(indent=4),
        "len": len(diff),
        "has_diffs": diff.has_diffs(),
        "groups": diff.groups(),
        "models_processed": diff.models_processed,
        "elements": elements(diff),
    }


@pytest.mark.parametrize(
    "batch",
    [batch if batch < QUICK else pytest.param(batch, marks=pytest.mark.proof) for batch in range(BATCHES)],
)
def test_both_make_the_same_of_random_trees(batch: int) -> None:
    """Texts, values, counts, order, what the hooks are told, and what is there afterwards."""
    for seed in range(batch, TREES, BATCHES):
        compare(case(seed, SCHEMAS))


def compare(case: Case) -> None:
    """Compare what both make of one case."""
    theirs, ours = (run(package, case, SCHEMAS[case.schema]) for package in (THEIRS, OURS))
    said = f"seed {case.seed}"
    their_progress, our_progress = theirs.before.pop("progress"), ours.before.pop("progress")
    their_totals, our_totals = theirs.after.pop("totals"), ours.after.pop("totals")
    assert theirs.before == ours.before, said
    assert theirs.after == ours.after, said
    # Theirs counts a hook that was called as a change, also when it refused.
    changed = any(call[:3] not in case.refusals for call in ours.after["hooks"])
    stopped = bool(ours.after["error"])
    assert ours.completed == (changed and not stopped), said
    if not ours.refused:
        assert theirs.completed == ours.completed, said
    # Theirs stops short of its total when a flag or a refusal leaves something out, or does not begin; ours arrives.
    assert their_totals == {stage: our_totals[stage] for stage in their_totals}, said
    for stage, (current, total) in our_progress.items():
        assert total > 0, (said, stage)
        assert (current == total) or stopped, (said, stage)
        assert their_progress.get(stage, (0, 0))[0] <= total, (said, stage)


def events(package: Package, case: Case) -> tuple[list[Any], list[Any]]:
    """Return what a package logs of a sync, apart from it what it logs of unchanged objects.

    Those are told of in between by diffsync, at the end by driftline, which does not visit them before.
    """
    source_class, dest_class = package.adapters(case.schema, SCHEMAS[case.schema])
    source = package.load(source_class, case.source, "here", case)
    dest = package.load(dest_class, case.dest, "there", case)
    options = {"diff_class": package.order(case.order), "flags": package.flags(case.flags)}
    structlog.reset_defaults()
    with capture_logs() as logged:
        dest.sync_from(source, **options)
    plain = {"src": str, "dst": str, "flags": lambda flags: flags.value, "diffs": ordered}
    told = [{name: plain.get(name, _same)(value) for name, value in event.items()} for event in logged]
    unchanged = [event for event in told if event["event"].startswith("No changes")]
    return [event for event in told if event not in unchanged], unchanged


def _same(value: Any) -> Any:
    return value


def test_both_log_the_same() -> None:
    """Events, their levels and their facts, in the same order.

    Without refusals, and where no parent is deleted after its children: there diffsync names the wrong object.
    """
    cases = [case(seed, SCHEMAS) for seed in range(300)]
    quiet = [each for each in cases if not each.refusals and not _bottom_up(each)]
    assert len(quiet) > 100
    for each in quiet:
        (theirs, their_unchanged), (ours, our_unchanged) = events(THEIRS, each), events(OURS, each)
        assert theirs == ours, f"seed {each.seed}"
        assert their_unchanged == our_unchanged, f"seed {each.seed}"


def _bottom_up(case: Case) -> bool:
    return any(node.flags & NATURAL for node in walk(case.dest))


@pytest.mark.parametrize("number", SCHEMAS)
def test_both_tell_the_same_of_random_schemas(number: int) -> None:
    """The drawing of the tree, and the order in which models are loaded."""
    theirs, ours = (package.adapters(number, SCHEMAS[number]) for package in (THEIRS, OURS))
    for one, other in zip(theirs, ours, strict=True):
        assert one.get_tree_traversal() == other.get_tree_traversal()
        assert ordered(one.get_tree_traversal(as_dict=True)) == ordered(
            other.get_tree_traversal(as_dict=True)
        )
        assert one._get_initial_value_order() == other._get_initial_value_order()


def test_the_trees_are_varied() -> None:
    """Half of the trees differ much, flags and refusals take part, and every action happens often."""
    cases = [case(seed, SCHEMAS) for seed in range(0, TREES, 10)]
    nodes = [node for each in cases for node in walk(each.source) + walk(each.dest)]
    assert len(nodes) > 20 * len(cases)
    assert {node.flags for node in nodes} >= {0, IGNORE, SKIP_CHILDREN}
    assert sum(bool(each.refusals) for each in cases) > len(cases) / 10
    assert sum(each.flags & CONTINUE for each in cases) > len(cases) / 10
