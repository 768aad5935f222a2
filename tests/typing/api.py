"""Programs that use the engine's public API, for the type checker only; they are never run.

`mypy tests/typing` must pass, and with `--strict` every unneeded `type: ignore` is an error: the lines that
have one must be wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, assert_type

from driftline.engine import (
    Adapter,
    Conflict,
    ConflictResolutionStrategy,
    Diff,
    DiffElement,
    DiffSyncFlags,
    DiffSyncModel,
    DiffSyncModelFlags,
    DiffSyncStatus,
    Plan,
    Snapshot,
    Step,
    SyncResult,
    load_together,
)
from driftline.engine.exceptions import DriftlineError, Problem
from driftline.engine.executor import execute
from driftline.engine.freshness import stale
from driftline.engine.plan import make_plan
from driftline.engine.policy import Policy
from driftline.engine.results import RunResult, StepResult, UnitOutcome, UnitResult
from driftline.engine.store.cached import CachedStore
from driftline.engine.store.local import LocalStore
from driftline.engine.store.redis import RedisStore
from driftline.engine.store.sqlite import SqliteStore
from driftline.engine.transaction import MemoryTransaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from driftline.engine.store import BaseStore
    from driftline.engine.transaction import Transaction
    from driftline.engine.typing import Dataset, Dispatch, ProgressCallback, Validator


class Vlan(DiffSyncModel):
    """A model as users write it."""

    _modelname: ClassVar[str] = "vlan"
    _identifiers: ClassVar[tuple[str, ...]] = ("device", "vid")
    _attributes: ClassVar[tuple[str, ...]] = ("name",)
    _normalise: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"name": str.casefold}

    device: str
    vid: int
    name: str | None = None

    @classmethod
    def create(cls, adapter: Any, ids: dict[str, Any], attrs: dict[str, Any]) -> Self | None:
        """Push a new VLAN."""
        created = super().create(adapter=adapter, ids=ids, attrs=attrs)
        if created is not None:
            created.set_status(DiffSyncStatus.SUCCESS, "pushed")
        return created

    def update(self, attrs: dict[str, Any]) -> Self | None:
        """Push new values."""
        return super().update(attrs)

    def delete(self) -> Self | None:
        """Push the removal."""
        return None if self.vid == 1 else super().delete()


class Network(Adapter):
    """An adapter as users write it."""

    vlan = Vlan
    top_level: Sequence[str] = ("vlan",)

    def load(self) -> None:
        """Load."""
        self.add(Vlan(device="leaf1", vid=10, model_flags=DiffSyncModelFlags.NATURAL_DELETION_ORDER))

    def unit_of(self, modelname: str, identity: Mapping[str, Any]) -> str:
        """Return the device."""
        return str(identity["device"])

    def transaction(self, unit: str) -> Transaction:
        """Return a transaction."""
        return MemoryTransaction()

    def sync_complete(
        self, source: Adapter, diff: Diff, flags: DiffSyncFlags = DiffSyncFlags.NONE, logger: Any = None
    ) -> None:
        """Save."""


class Backwards(Diff):
    """A diff class with an order of its own."""

    @classmethod
    def order_children_vlan(cls, children: Mapping[str, DiffElement]) -> Iterator[DiffElement]:
        """Return the elements from last to first."""
        return reversed(list(children.values()))


def objects(network: Network) -> None:
    """By class, objects have their class's type."""
    assert_type(network.get(Vlan, "leaf1__10"), Vlan)
    assert_type(network.get(Vlan, {"device": "leaf1", "vid": 10}), Vlan)
    assert_type(network.get_or_none(Vlan, "leaf1__10"), Vlan | None)
    assert_type(network.get_all(Vlan), list[Vlan])
    assert_type(network.get_by_uids(["leaf1__10"], Vlan), list[Vlan])
    assert_type(network.get("vlan", "leaf1__10"), Any)
    assert_type(network.get_or_instantiate(Vlan, {"device": "leaf1", "vid": 10}), tuple[Vlan, bool])
    assert_type(network.update_or_add_model_instance(Vlan(device="leaf1", vid=10)), tuple[Vlan, bool])
    assert_type(network.count(Vlan), int)
    assert_type(network.str(), str)
    network.get(Vlan, 10)  # type: ignore[call-overload]
    network.add("vlan")  # type: ignore[arg-type]


def models(vlan: Vlan) -> None:
    """Models are typed records."""
    assert_type(vlan.manage({"name"}), Vlan)
    assert_type(vlan.get_status(), tuple[DiffSyncStatus, str])
    assert_type(vlan.get_identifiers(), dict[str, Any])
    assert_type(vlan.dict(), dict[str, Any])
    assert_type(vlan.json(), str)
    assert_type(Vlan.create(Network(), {}, {}), Vlan | None)
    assert_type(vlan.name, str | None)
    Vlan(device="leaf1")  # type: ignore[call-arg]
    vlan.set_status("success")  # type: ignore[arg-type]


def porting(actual: Network, intended: Network) -> None:
    """The diffsync way."""

    def progress(stage: str, current: int, total: int) -> None:
        print(stage, current, total)

    callback: ProgressCallback = progress
    diff = actual.diff_from(intended, diff_class=Backwards, callback=callback)
    assert_type(diff, Diff)
    assert_type(diff.summary(), dict[str, int])
    assert_type(diff.str(), str)
    for element in diff.get_children():
        assert_type(element, DiffElement)
        assert_type(element.action, str | None)
        assert_type(element.get_attrs_diffs(), dict[str, dict[str, Any]])
    flags = DiffSyncFlags.CONTINUE_ON_FAILURE | DiffSyncFlags.LOG_UNCHANGED_RECORDS
    assert_type(actual.sync_from(intended, flags=flags, diff=diff), Diff)
    intended.sync_to(actual, Diff, DiffSyncFlags.NONE, progress)
    actual.diff_from("intended")  # type: ignore[arg-type]
    actual.sync_from(intended, callback=print_nothing)  # type: ignore[arg-type]


def print_nothing() -> None:
    """Have the wrong signature for a callback."""


def synchronising(actual: Network, intended: Network, folder: Path) -> None:
    """More than diffsync: outcomes, validators, all or nothing, dry runs, checkpoints."""

    def small(diff: Diff) -> bool:
        return len(diff) < 100

    validator: Validator = small
    actual.add_pre_sync_validator(validator)
    actual.add_post_sync_validator(small)
    result = actual.sync(intended, atomic=True, dry_run=True, checkpoint=folder / "checkpoint")
    assert_type(result, SyncResult)
    assert_type(result.failed, tuple[StepResult, ...])
    assert_type(result.objects[0].status, DiffSyncStatus)
    assert_type(actual.sync_from_transactional(intended, rollback_on_failure=False), tuple[Diff, bool])
    assert_type(actual.sync_from_dry_run(intended), tuple[Diff, dict[str, list[DiffElement]]])
    assert_type(actual.calculate_diffs_parallel(intended, max_workers=2), Diff)
    actual.sync(intended, Diff, DiffSyncFlags.NONE, None, None, True)  # type: ignore[call-arg]
    actual.add_pre_sync_validator(print_nothing)  # type: ignore[arg-type]


def loading(actual: Network, intended: Network) -> None:
    """One by one below a parent, many at once, several adapters at once."""
    with actual.bulk():
        assert_type(actual.add_many(Vlan, [{"device": "leaf1", "vid": 10}]), list[Vlan])
    actual.add(Vlan(device="leaf1", vid=20), parent=None)
    load_together(actual, intended)
    load_together(actual, "intended")  # type: ignore[arg-type]


def asking(diff: Backwards, base: Snapshot, folder: Path) -> None:
    """A diff answers questions, settles conflicts and is kept in files."""
    assert_type(diff.filter(lambda element: element.action == "create"), Backwards)
    assert_type(diff.filter_by_action("delete").filter_by_type(Vlan), Backwards)
    assert_type(diff.query(type="vlan", attribute="name"), list[DiffElement])
    assert_type(diff.get_statistics(), dict[str, Any])
    assert_type(diff.impact().to_dict(), dict[str, Any])
    assert_type(diff.conflicts(base), list[Conflict])
    assert_type(diff.resolve(ConflictResolutionStrategy.MERGE, base), Backwards)
    assert_type(diff.to_json(folder / "diff.json", indent=2), str)
    assert_type(Backwards.from_json(diff.to_json()), Backwards)
    assert_type(diff.to_json_lines(folder / "diff.jsonl"), int)
    assert_type(Backwards.from_json_lines(folder / "diff.jsonl"), Backwards)


def stores(folder: Path) -> None:
    """Every store is one to an adapter."""
    Network("mine", SqliteStore(folder / "mine.db"))
    Network("mine", RedisStore(store_id="mine", url="redis://localhost:6379/0"))
    Network("mine", CachedStore(SqliteStore(folder / "mine.db"), size=1000), enable_cache=False)
    with SqliteStore(folder / "mine.db") as store:
        assert_type(store.count(model=Vlan), int)


def planning(actual: Network, intended: Network, text: str) -> Plan:
    """The driftline way: plan, keep, check."""
    plan = make_plan(actual.diff_from(intended), intended, actual, order=lambda step: step.name)
    assert_type(plan.steps, tuple[Step, ...])
    assert_type(plan.units, dict[str, list[Step]])
    assert_type(plan.to_json(), str)
    assert_type(Plan.from_json(text), Plan)
    assert_type(plan.restricted_to({"leaf1"}).with_native({"leaf1": ["no vlan 10"]}), Plan)
    assert_type(stale(plan, actual), list[Problem])
    plan.source = "other"  # type: ignore[misc]
    return plan


def applying(plan: Plan, actual: Network) -> bool:
    """Apply, all units at once or in turn, and look at what became of them."""

    def on_unit(unit: UnitResult) -> None:
        assert_type(unit.outcome, UnitOutcome)
        assert_type(unit.error, DriftlineError | None)

    def reverse(work: Callable[[Any], Any], units: Sequence[Any]) -> Iterable[Any]:
        return [work(unit) for unit in reversed(units)]

    dispatch: Dispatch = reverse
    result = execute(
        plan.units,
        actual,
        policy=Policy(revert_in=60, stop_on_failure=True),
        dispatch=dispatch,
        on_unit=on_unit,
        halt=threading.Event(),
    )
    assert_type(result, RunResult)
    assert_type([step.status for unit in result.units for step in unit.steps], list[DiffSyncStatus])
    Policy(60)  # a frozen value
    execute(plan, actual)  # type: ignore[arg-type]
    return result.succeeded


def protocols(network: Network) -> None:
    """Implementations fit what the engine asks for."""
    dataset: Dataset = network
    transaction: Transaction = MemoryTransaction()
    store: BaseStore = LocalStore(adapter=network)
    print(dataset, transaction, store)
