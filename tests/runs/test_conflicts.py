"""Three-way: what somebody changed on a device since the last run, what the intent changed, and who wins."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from driftline.engine import Plan
from driftline.engine.conflicts import ConflictError, ConflictKind, ConflictResolutionStrategy
from driftline.engine.exceptions import LoadError, PlanError
from driftline.engine.plan import make_plan
from driftline.network import Interface, IPAddress, Vlan, change_order, expand_vlans
from driftline.runs.conflicts import Conflicts, Resolved, expect_decided, resolve_conflicts
from driftline.runs.snapshots import load_base, save_base

from .network import Network, network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PORT = {"device": "leaf1", "name": "Ethernet1"}
DEVICES = ("leaf1", "spine1")


@dataclass
class Story:
    """A network that had a successful run, and what happened to it since."""

    folder: Path
    intended: Network
    actual: Network

    def resolve(self, decisions: Any = None, **policies: Any) -> Resolved:
        """Return what is to be done now."""
        base = load_base(self.folder, DEVICES)
        diff = self.actual.diff_from(self.intended)
        return resolve_conflicts(diff, base, Conflicts(**policies), decisions)

    def plan(self, **policies: Any) -> Plan:
        resolved = self.resolve(**policies)
        made = make_plan(resolved.diff, self.intended, self.actual, order=change_order)
        return made.with_conflicts(resolved.conflicts)

    def run(self, **policies: Any) -> Plan:
        """Apply what is to be done, and remember it."""
        resolved, plan = self.resolve(**policies), self.plan(**policies)
        expect_decided(plan)
        self.actual.sync_from(self.intended, diff=resolved.diff)
        save_base(self.folder, self.actual, DEVICES, plan.conflicts)
        return plan

    def port(self, side: Network) -> Any:
        return side.get(Interface, PORT)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """Return a network that is as intended, and remembered so."""
    made = Story(tmp_path / "base", network(), network())
    made.run()
    return made


def told(resolved: Resolved | Plan) -> list[tuple[str, str, str | None]]:
    return [
        (each.where, each.kind.value, each.winner.value if each.winner else None)
        for each in resolved.conflicts
    ]


# What the user sees ---------------------------------------------------------------------------------------


def test_a_change_by_somebody_else_is_told(story: Story) -> None:
    """It is overwritten by default, and the plan says that it was made on the device and not in the intent."""
    story.port(story.actual).description = "temporary"
    story.port(story.intended).mtu = 9000

    plan = story.run()

    assert told(plan) == [("leaf1 interface Ethernet1 description", "local", "source_wins")]
    assert story.port(story.actual).description is None
    assert story.port(story.actual).mtu == 9000


def test_both_changed_it(story: Story) -> None:
    """All three values are told, and who wins by the attribute's rule."""
    story.port(story.actual).description = "by hand"
    story.port(story.intended).description = "by intent"

    (conflict,) = story.resolve(rules={"interface.description": "dest_wins"}).conflicts

    assert (conflict.kind, conflict.unit, conflict.model) == (
        ConflictKind.BOTH_CHANGED,
        "leaf1",
        "interface",
    )
    assert (conflict.base, conflict.source, conflict.dest) == (None, "by intent", "by hand")
    assert (conflict.winner, conflict.value) == (ConflictResolutionStrategy.DEST_WINS, "by hand")


def test_the_most_specific_rule_counts(story: Story) -> None:
    """An attribute's before its model's before the default."""
    port = story.port(story.actual)
    port.description, port.mtu = "by hand", 9000
    story.actual.get(Vlan, {"device": "leaf1", "vid": 10}).name = "by hand"

    resolved = story.resolve(
        default="merge", rules={"interface": "dest_wins", "interface.mtu": "source_wins"}
    )

    assert {(each.where, each.winner.value) for each in resolved.conflicts if each.winner} == {
        ("leaf1 interface Ethernet1 description", "dest_wins"),
        ("leaf1 interface Ethernet1 mtu", "source_wins"),
        ("leaf1 vlan 10 name", "dest_wins"),  # the device's change alone is the merged value
    }


def test_vlan_lists_are_merged(story: Story) -> None:
    """As the sets that they are: what either side added, without what either took away."""
    for side in (story.intended, story.actual):
        story.port(side).trunk_vlans = "10-20"
    story.run()
    story.port(story.intended).trunk_vlans = "10-20,30"
    story.port(story.actual).trunk_vlans = "10-19,40"

    story.run(rules={"interface.trunk_vlans": "merge"})

    assert story.port(story.actual).trunk_vlans == "10-19,30,40"


def test_an_undecided_plan_is_not_applied(story: Story) -> None:
    """It names what is to be decided; the step is in the plan, as the intent says it."""
    story.port(story.actual).description = "by hand"
    story.port(story.intended).description = "by intent"
    plan = story.plan(rules={"interface.description": "manual"})

    with pytest.raises(ConflictError) as raised:
        expect_decided(plan)

    assert raised.value.code == "CONFLICT-UNDECIDED"
    assert "leaf1 interface Ethernet1" in str(raised.value)
    assert [step.after for step in plan.steps] == [{"description": "by intent"}]
    assert told(plan) == [("leaf1 interface Ethernet1 description", "both_changed", None)]


def test_what_can_not_be_merged_is_undecided(story: Story) -> None:
    """Nothing is guessed."""
    story.port(story.actual).mtu = 9216
    story.port(story.intended).mtu = 9000

    assert told(story.resolve(default="merge")) == [("leaf1 interface Ethernet1 mtu", "both_changed", None)]


def test_an_undecided_conflict_stops_only_its_own_steps(story: Story) -> None:
    """The part of the plan without it can be applied."""
    story.port(story.actual).mtu = 9216
    story.port(story.intended).mtu = 9000
    story.intended.get(Vlan, {"device": "leaf1", "vid": 10}).name = "new"
    story.intended.get(Interface, {"device": "spine1", "name": "Ethernet1"}).mtu = 9000
    plan = story.plan(default="manual")

    with pytest.raises(ConflictError):
        expect_decided(plan)
    expect_decided(plan.restricted_to(["spine1"]))
    expect_decided(plan.filtered(lambda step: step.model == "vlan").plan)


@pytest.mark.parametrize(
    ("place", "decision", "mtu"),
    [
        ("leaf1 interface Ethernet1 mtu", "source_wins", 9000),
        ("leaf1 interface Ethernet1 mtu", "dest_wins", 9216),
        ("leaf1 interface *", "dest_wins", 9216),
    ],
)
def test_a_decision(story: Story, place: str, decision: str, mtu: int) -> None:
    """Somebody says who wins, once; it is not asked again while nobody changes anything."""
    story.port(story.actual).mtu = 9216
    story.port(story.intended).mtu = 9000

    story.run(default="manual", decisions={place: decision})

    assert story.port(story.actual).mtu == mtu
    expect_decided(story.plan(default="manual"))
    assert story.plan(default="manual").steps == ()


def test_a_decision_about_nothing(story: Story) -> None:
    """It was mistyped, or is no longer needed."""
    with pytest.raises(PlanError) as raised:
        story.resolve(decisions={"leaf1 interface Ethernet9 mtu": "dest_wins"})
    assert raised.value.code == "DECISION-UNUSED"


def test_without_an_earlier_run_nothing_is_said(tmp_path: Path) -> None:
    """Also of single devices that had none: they are compared as they are."""
    story = Story(tmp_path / "base", network(), network())
    story.port(story.actual).mtu = 9216
    story.actual.get(Interface, {"device": "spine1", "name": "Ethernet1"}).mtu = 9216

    assert told(story.resolve(default="dest_wins")) == []
    save_base(story.folder, network(), ["spine1"])
    resolved = story.resolve(default="dest_wins")
    assert told(resolved) == [("spine1 interface Ethernet1 mtu", "local", "dest_wins")]
    assert [each.name for each in resolved.diff.walk() if each.action] == ["Ethernet1"]


def test_a_plan_on_paper_has_its_conflicts(story: Story) -> None:
    """They are part of the plan's digest, and are read back."""
    story.port(story.actual).mtu = 9216
    plan = story.plan(default="dest_wins")

    again = Plan.from_json(plan.to_json())

    assert again == plan
    assert again.conflicts == plan.conflicts != ()
    with pytest.raises(PlanError):
        Plan.from_json(plan.to_json().replace("9216", "9217"))


@pytest.mark.parametrize(
    "policies",
    [
        {"default": "theirs"},
        {"rules": {"interface.mtu": "theirs"}},
        {"rules": {"interface.descr": "manual"}},
        {"rules": {"port": "manual"}},
        {"rule": {}},
    ],
)
def test_policies_that_make_no_sense(policies: dict[str, Any]) -> None:
    """A misspelt rule would never be used; it is an error."""
    with pytest.raises(ValidationError):
        Conflicts.model_validate(policies)


# Runs that follow each other ------------------------------------------------------------------------------


def test_what_a_device_kept_it_keeps(story: Story) -> None:
    """The next run does not overwrite what this one left, though the intent still says otherwise."""
    story.port(story.actual).description = "by hand"
    story.port(story.intended).description = "by intent"
    story.run(default="dest_wins")

    plan = story.run(default="dest_wins")

    assert plan.steps == ()
    assert told(plan) == [("leaf1 interface Ethernet1 description", "local", "dest_wins")]
    assert story.port(story.actual).description == "by hand"


def test_an_interface_that_was_deleted_by_hand_stays_away(story: Story) -> None:
    """With all that was on it, however many runs follow."""
    story.intended.get(
        IPAddress, {"device": "leaf1", "vrf": "default", "address": "10.0.20.1/24"}
    ).secondary = True
    story.actual.take("interface", device="leaf1", name="Vlan20")

    for _ in range(3):
        story.run(default="dest_wins")
        assert story.actual.get_or_none(Interface, {"device": "leaf1", "name": "Vlan20"}) is None


def test_an_interface_that_is_no_longer_intended_but_was_changed_stays(story: Story) -> None:
    """With all that is on it, however many runs follow."""
    story.intended.take("interface", device="leaf1", name="Vlan20")
    story.actual.get(
        IPAddress, {"device": "leaf1", "vrf": "default", "address": "10.0.20.1/24"}
    ).secondary = True

    for _ in range(3):
        story.run(default="dest_wins")
        assert story.actual.get(Interface, {"device": "leaf1", "name": "Vlan20"}).addresses


@pytest.fixture
def quiet() -> Iterator[None]:
    """Keep the log of hundreds of runs out of the report of a failed one."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.configure(**before)


# The table ------------------------------------------------------------------------------------------------

STRATEGIES = st.sampled_from(["source_wins", "dest_wins", "merge", "manual"])
UNDECIDED = object()
GONE = "gone"
TABLE = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def expected_value(strategy: str, base: Any, source: Any, dest: Any, merge: Callable[..., Any]) -> Any:
    """Return what the device has afterwards, by the table of the documentation."""
    if dest in (source, base):
        return source
    if source == base:
        return source if strategy == "source_wins" else dest
    if strategy == "merge":
        return merge(base, source, dest)
    return {"source_wins": source, "dest_wins": dest, "manual": UNDECIDED}[strategy]


def never(*_: Any) -> Any:
    return UNDECIDED


def merged_vlans(*sides: str | None) -> Any:
    if None in sides[1:]:
        return UNDECIDED
    base, source, dest = (set(expand_vlans(side or "none")) for side in sides)
    return (source & dest) | (source - base) | (dest - base)


def one_run(strategy: str, sides: list[Any], set_side: Callable[[Network, Any], None]) -> Any:
    """Bring a base, an intent and a device about, and return the device after a run, or UNDECIDED."""
    with TemporaryDirectory() as folder:
        story = Story(Path(folder), network(), network())
        for side in (story.intended, story.actual):
            set_side(side, sides[0])
        story.run()
        set_side(story.intended, sides[1])
        set_side(story.actual, sides[2])
        try:
            story.run(default=strategy)
        except ConflictError:
            return UNDECIDED
        # Whatever was kept is kept: as long as nobody changes anything, nothing is to be done.
        before = story.actual.dict()
        assert story.run(default=strategy).steps == ()
        assert before == story.actual.dict()
        return story.actual


@TABLE
@pytest.mark.usefixtures("quiet")
@given(STRATEGIES, st.lists(st.sampled_from([None, 1500, 9000]), min_size=3, max_size=3))
def test_table_of_plain_values(strategy: str, sides: list[Any]) -> None:
    """Every combination of what was, what is intended and what is there."""
    found = one_run(strategy, sides, lambda side, value: setattr(side.get(Interface, PORT), "mtu", value))

    expected = expected_value(strategy, *sides, never)
    assert found is UNDECIDED if expected is UNDECIDED else found.get(Interface, PORT).mtu == expected


VLANS = st.one_of(st.none(), st.sampled_from(["none", "10", "10-12", "11,20", "10,20", "all"]))


@TABLE
@pytest.mark.usefixtures("quiet")
@given(STRATEGIES, st.lists(VLANS, min_size=3, max_size=3))
def test_table_of_vlan_lists(strategy: str, sides: list[Any]) -> None:
    """As plain values, but they can be merged."""
    found = one_run(
        strategy, sides, lambda side, value: setattr(side.get(Interface, PORT), "trunk_vlans", value)
    )

    expected = expected_value(strategy, *sides, merged_vlans)
    if expected is UNDECIDED or found is UNDECIDED:
        assert expected is found
        return
    value = found.get(Interface, PORT).trunk_vlans
    assert (set(expand_vlans(value)) if isinstance(expected, set) else value) == expected


def set_vlan(side: Network, value: str) -> None:
    found = side.get_or_none(Vlan, {"device": "leaf1", "vid": 30})
    if value == GONE:
        if found:
            side.take("vlan", device="leaf1", vid=30)
    elif found:
        found.name = value
    else:
        side.put(Vlan(device="leaf1", vid=30, name=value))


@TABLE
@pytest.mark.usefixtures("quiet")
@given(STRATEGIES, st.lists(st.sampled_from([GONE, "a", "b"]), min_size=3, max_size=3))
def test_table_of_objects(strategy: str, sides: list[str]) -> None:
    """An object that is gone is a value as any other; only nothing is merged with nothing."""
    found = one_run(strategy, sides, set_vlan)

    expected = expected_value(strategy, *sides, never)
    if expected is UNDECIDED or found is UNDECIDED:
        assert expected is found
        return
    vlan = found.get_or_none(Vlan, {"device": "leaf1", "vid": 30})
    assert (GONE if vlan is None else vlan.name) == expected


# The files ------------------------------------------------------------------------------------------------


def test_files_are_for_their_owner_and_per_device(story: Story) -> None:
    """One device's success changes one file."""
    files = {file.name: file for file in story.folder.iterdir()}
    before = {name: file.read_bytes() for name, file in files.items()}
    story.port(story.actual).mtu = 9000

    save_base(story.folder, story.actual, ["leaf1"])

    assert files.keys() == {"leaf1.json", "spine1.json"}
    assert stat.S_IMODE(story.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in files.values()} == {0o600}
    assert [name for name, file in files.items() if file.read_bytes() != before[name]] == ["leaf1.json"]
    assert json.loads(files["leaf1.json"].read_text())["format"] == "driftline-snapshot"


def test_names_of_devices_stay_in_the_folder(tmp_path: Path) -> None:
    """Whatever a device is called."""
    actual = Network("devices")
    for name in ("../../up", "a/b", "..", "ä b"):
        actual.grow(name)

    save_base(tmp_path / "base", actual, [device.name for device in actual.get_all("device")])

    assert len(list((tmp_path / "base").iterdir())) == 4
    assert [file.name for file in tmp_path.iterdir()] == ["base"]
    base = load_base(tmp_path / "base", ["..", "ä b", "none"])
    assert base is not None
    assert base.devices == {"..", "ä b"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "driftline-snapshot", "version": 9}'])
def test_a_broken_file_is_told(story: Story, text: str) -> None:
    """With its name, and what becomes of it when it is removed."""
    (story.folder / "leaf1.json").write_text(text)

    with pytest.raises(LoadError, match=r"leaf1\.json") as raised:
        load_base(story.folder, DEVICES)

    assert raised.value.code == "BASE-FORMAT"
    assert "remove it" in raised.value.hint
