"""An interface that was renamed in one IPAM is renamed in the other where its ids say so, and never on a guess."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.ipam.test_order import Ipam, ipams

from driftline.adapters.ipam import counterparts, models, preparing
from driftline.adapters.ipam.models import RENAMED_FROM, RENAMED_TO
from driftline.adapters.ipam.order import linked, order
from driftline.adapters.ipam.renaming import as_changes, paired, whole
from driftline.engine import DiffSyncModelFlags
from driftline.engine.exceptions import PlanError
from driftline.engine.executor import execute
from driftline.engine.plan import Plan, make_plan, select_steps
from driftline.sync_history import taken_back

if TYPE_CHECKING:
    from driftline.engine.plan import Step

Ports = dict[int, str]
"""The names of interfaces by their ids; those of the second device begin with its name and a slash."""
LEAF = {"site": "ams", "role": "leaf", "device_type": "Acme/X"}


class Side(Ipam):
    """An IPAM with ids, on a server of some kind."""

    def __init__(self, name: str, ports: Ports | None = None) -> None:
        super().__init__(name)
        self.type = f"netbox https://{name}"
        if ports is not None:
            for device in ("one", "two"):
                self.put("device", name=device, **LEAF)
        for pk, text in (ports or {}).items():
            device, _, name = text.rpartition("/")
            self.put("interface", pk=pk, device=device or "one", name=name)


def numbered(ipam: Ipam, name: str, first: int = 1) -> Any:
    """Give an IPAM the name of a side, and its interfaces ids."""
    ipam.name, ipam.type = name, f"netbox https://{name}"
    for pk, row in enumerate(ipam.get_all("interface"), first):
        row.pk = pk
    return ipam


def compare(state: Path, source: Any, held: Any) -> dict[str, str]:
    return counterparts.compare(state, source, held)


def names(renamed: dict[str, str]) -> set[tuple[str, str]]:
    """Return what is renamed, from and to."""
    return {(old, uid.rpartition("__")[2]) for uid, old in renamed.items()}


def planned(held: Ipam, source: Ipam, renamed: dict[str, str]) -> Plan:
    made = make_plan(held.diff_from(source), source, held, order=order)
    return linked(paired(made, renamed, held), held)


def short(plan: Plan) -> list[tuple[str, str]]:
    return [(step.action, step.name) for step in plan.steps]


def marks(step: Step) -> dict[str, Any]:
    """Return what a step says of a rename."""
    values = {**(step.before or {}), **(step.after or {})}
    return {name: values[name] for name in (RENAMED_FROM, RENAMED_TO) if name in values}


# What was renamed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "held", "expected"),
    [
        ({7: "swp0"}, {7: "swp1"}, {1: "swp0"}, {("swp0", "swp1")}),
        ({7: "swp0", 8: "swp8"}, {7: "swp0", 8: "swp9"}, {1: "swp0", 2: "swp8"}, {("swp8", "swp9")}),
        ({7: "swp0"}, {7: "swp1", 8: "swp0"}, {1: "swp0"}, set()),
        ({7: "swp0"}, {7: "swp1"}, {1: "swp0", 2: "swp1"}, set()),
        ({7: "swp0"}, {7: "swp1"}, {}, set()),
        ({7: "swp0"}, {7: "two/swp1"}, {1: "swp0"}, set()),
        ({7: "swp0", 8: "swp1"}, {7: "swp1", 8: "swp0"}, {1: "swp0", 2: "swp1"}, set()),
        ({7: "swp0", 8: "swp1"}, {7: "swp1", 8: "swp2"}, {1: "swp0", 2: "swp1"}, set()),
        ({7: "swp5"}, {7: "swp1"}, {1: "swp0"}, set()),
        ({}, {7: "swp1"}, {1: "swp0"}, set()),
    ],
    ids=[
        "renamed",
        "one of two",
        "another has the old name",
        "the target has both names",
        "the target has neither",
        "on another device",
        "two swap their names",
        "one takes the other's name",
        "never the same",
        "not seen before",
    ],
)
def test_only_what_is_sure_is_renamed(
    tmp_path: Path, before: Ports, now: Ports, held: Ports, expected: set[tuple[str, str]]
) -> None:
    """The two had the same name once, the target has the old one still, and nothing else has either."""
    there = Side("new", held)
    assert compare(tmp_path, Side("old", before), there) == {}
    assert names(compare(tmp_path, Side("old", now), there)) == expected
    assert names(compare(tmp_path, Side("old", now), there)) == expected, "it is not forgotten by looking"


def test_what_was_renamed_in_the_target_gets_its_name_back(tmp_path: Path) -> None:
    """It is the same interface, whichever side has renamed it."""
    source = Side("old", {7: "swp0"})
    compare(tmp_path, source, Side("new", {1: "swp0"}))
    assert names(compare(tmp_path, source, Side("new", {1: "mine"}))) == {("mine", "swp0")}
    assert compare(tmp_path, source, Side("new", {2: "mine"})) == {}


def test_what_a_sync_has_made_is_known_without_another_look(tmp_path: Path) -> None:
    """Its name says which it is when the sync ends; a sync of other sources knows nothing of it."""
    held = Side("new", {1: "swp0"})
    compare(tmp_path, Side("old", {7: "swp0", 8: "swp5"}), held)
    held = Side("new", {1: "swp0", 2: "swp5"})
    counterparts.settle(tmp_path, "other", held)  # type: ignore[arg-type]
    renamed = Side("old", {7: "swp0", 8: "swp6"})
    assert compare(tmp_path, renamed, held) == {}
    compare(tmp_path, Side("old", {7: "swp0", 8: "swp5"}), Side("new", {1: "swp0"}))
    counterparts.settle(tmp_path, "old", held)  # type: ignore[arg-type]
    assert names(compare(tmp_path, renamed, held)) == {("swp5", "swp6")}


def test_names_that_were_swapped_and_synced_are_the_new_ones(tmp_path: Path) -> None:
    """After that the interfaces are who they are called."""
    held = Side("new", {1: "swp0", 2: "swp1"})
    compare(tmp_path, Side("old", {7: "swp0", 8: "swp1"}), held)
    compare(tmp_path, Side("old", {7: "swp1", 8: "swp0"}), held)
    counterparts.settle(tmp_path, "old", held)  # type: ignore[arg-type]
    assert names(compare(tmp_path, Side("old", {7: "swp9", 8: "swp0"}), held)) == {("swp1", "swp9")}


def test_one_that_two_may_be_is_neither(tmp_path: Path) -> None:
    """A second interface had taken the old name before both were renamed."""
    held = Side("new", {1: "swp0"})
    for ports in ({7: "swp0"}, {7: "swp1", 8: "swp0"}):
        compare(tmp_path, Side("old", ports), held)
    assert compare(tmp_path, Side("old", {7: "swp1", 8: "swp2"}), held) == {}


def test_another_server_has_other_ids(tmp_path: Path) -> None:
    """Though the settings call it the same."""
    held, source = Side("new", {1: "swp0"}), Side("old", {7: "swp0"})
    compare(tmp_path, source, held)
    moved = Side("old", {7: "swp1"})
    moved.type = "netbox https://elsewhere"
    assert compare(tmp_path, moved, held) == {}


def test_what_is_damaged_is_not_believed(tmp_path: Path) -> None:
    """Then nothing is known, and that is no error."""
    held = Side("new", {1: "swp0"})
    compare(tmp_path, Side("old", {7: "swp0"}), held)
    (file,) = (tmp_path / "counterparts").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    file.write_bytes(file.read_bytes().replace(b'"7"', b'"8"'))
    assert compare(tmp_path, Side("old", {7: "swp1", 8: "swp2"}), held) == {}


# What is planned ------------------------------------------------------------------------------------------


def test_a_plan_says_which_steps_are_one_rename(tmp_path: Path) -> None:
    """Its creation names the old one, its deletion the new one, and needs it; the guards see one change."""
    held = Side("new", {1: "swp0", 2: "swp5"})
    compare(tmp_path, Side("old", {7: "swp0"}), held)
    source = Side("old", {7: "swp1"})
    plan = planned(held, source, compare(tmp_path, source, held))
    made, gone, other = plan.steps
    assert short(plan) == [("create", "swp1"), ("delete", "swp0"), ("delete", "swp5")]
    assert [marks(step) for step in plan.steps] == [{RENAMED_FROM: "swp0"}, {RENAMED_TO: "swp1"}, {}]
    assert gone.depends_on == (made.id,)
    assert other.depends_on == ()
    assert whole(plan) == plan == Plan.from_json(plan.to_json())
    assert short(as_changes(plan)) == [("create", "swp1"), ("delete", "swp5")]


def test_an_interface_that_may_not_be_deleted_is_renamed_all_the_same(tmp_path: Path) -> None:
    """Nothing of it is deleted: it is changed, as everything is whose values are wrong, whoever has made it."""
    held = Side("new", {1: "swp0"})
    compare(tmp_path, Side("old", {7: "swp0"}), held)
    held.get("interface", {"device": "one", "name": "swp0"}).model_flags |= DiffSyncModelFlags.IGNORE
    source = Side("old", {7: "swp1"})
    assert short(planned(held, source, {})) == [("create", "swp1")]
    plan = planned(held, source, compare(tmp_path, source, held))
    assert short(plan) == [("create", "swp1"), ("delete", "swp0")]
    assert plan == planned(held, source, compare(tmp_path, source, held))


def test_half_a_rename_is_none() -> None:
    """Without the deletion it is made anew, and what needs it still does; without the creation nothing is deleted."""
    held, source = Side("new", {1: "swp0"}), Side("old", {7: "swp1", 8: "swp1.5"})
    source.get("interface", {"device": "one", "name": "swp1.5"}).parent = "swp1"
    plan = planned(held, source, {source.get_all("interface")[0].get_unique_id(): "swp0"})
    creations = whole(select_steps(plan, actions=["create"]).plan)
    made, below = creations.steps
    assert [marks(step) for step in creations.steps] == [{}, {}]
    assert below.depends_on == (made.id,)
    assert not select_steps(plan, actions=["delete"]).plan.steps
    (deletion,) = (step for step in plan.steps if step.action == "delete")
    assert not whole(plan.with_steps([deletion])).steps


def test_ports_of_a_device_that_moves_are_not_renamed() -> None:
    """At the other site they have other VLANs."""
    held, source = Side("new", {1: "swp0"}), Side("old", {7: "swp1"})
    source.get("device", "one").site = "ber"
    plan = planned(held, source, {source.get_all("interface")[0].get_unique_id(): "swp0"})
    assert [marks(step) for step in plan.steps] == [{}, {}, {}]


def test_a_rename_is_taken_back_by_one() -> None:
    """From the new name to the old one; twice taken back it is what it was."""
    held, source = Side("new", {1: "swp0"}), Side("old", {7: "swp1"})
    plan = planned(held, source, {source.get_all("interface")[0].get_unique_id(): "swp0"})
    back = [taken_back(step) for step in plan.steps]
    assert [(step.action, step.name, marks(step)) for step in back] == [
        ("delete", "swp1", {RENAMED_TO: "swp0"}),
        ("create", "swp0", {RENAMED_FROM: "swp1"}),
    ]
    again = [taken_back(step) for step in back]
    assert [(step.id, step.before, step.after) for step in again] == [
        (step.id, step.before, step.after) for step in plan.steps
    ]


def test_only_the_name_and_what_differs_is_sent() -> None:
    """Also what is to be empty; the object stays the same, and its tags."""
    held = Side("new", {1: "swp0"})
    old = held.get("interface", {"device": "one", "name": "swp0"})
    old.description, old.mtu, old.tags, old.type = "up", 9000, ("mine",), "1000base-t"
    wanted = {RENAMED_FROM: "swp0", "description": "up", "mtu": None, "type": "1000base-t"}
    item = preparing.renamed(models.Interface, {"device": "one", "name": "swp1"}, wanted, held, "the IPAM")
    assert (item.failure, item.changes) == (None, {"name": "swp1", "mtu": None})
    assert (item.pk, item.tags) == (1, ("mine",))
    assert (old.name, item.wanted.get_identifiers()["name"]) == ("swp0", "swp1")
    gone = preparing.renamed(
        models.Interface, {"device": "one", "name": "swp1"}, {RENAMED_FROM: "swp7"}, held, "the IPAM"
    )
    assert gone.failure is not None


@given(there=ipams(), sources=st.lists(ipams(), min_size=1, max_size=3), data=st.data())
@settings(deadline=None, max_examples=40)
def test_whatever_the_ids_say_the_target_becomes_as_it_should(
    there: Ipam, sources: list[Ipam], data: st.DataObject
) -> None:
    """Every rename is a pair of steps for an object of one device, and the end is the same as without."""
    held = numbered(there, "new")
    with tempfile.TemporaryDirectory() as folder:
        for source in sources:
            numbered(source, "old")
            ports = source.get_all("interface")
            for pk, row in zip(data.draw(st.permutations(range(8))), ports, strict=False):
                row.pk = pk
            renamed = compare(Path(folder), source, held)
    try:
        plan = planned(held, sources[-1], renamed)
    except PlanError:
        return
    pairs = [step for step in plan.steps if marks(step)]
    creations = {step.identity["name"]: step for step in pairs if step.action == "create"}
    assert len(pairs) == 2 * len(creations) <= 2 * len(renamed)
    assert whole(plan) == plan
    for gone in (step for step in pairs if step.action == "delete"):
        made = creations[(gone.before or {})[RENAMED_TO]]
        assert made.id in gone.depends_on
        assert made.identity["device"] == gone.identity["device"]
    number = count()
    for step in plan.steps:
        assert execute({f"{next(number)}": [step]}, held).succeeded, step
    assert held.dangling() == []
    assert not held.diff_from(sources[-1]).has_diffs()
