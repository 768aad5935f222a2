"""Plans with any content are values that can be kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftline.engine import Plan
from driftline.engine.exceptions import PlanError
from driftline.engine.plan import ObjectRef, Step, Target

TEXT = st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
VALUES = st.dictionaries(TEXT, JSON, max_size=3)
STEPS = st.builds(
    Step,
    id=TEXT,
    action=st.sampled_from(["create", "update", "delete"]),
    model=TEXT,
    identity=VALUES,
    name=TEXT,
    unit=st.sampled_from(["a", "b", "c"]),
    parent=st.none() | st.builds(ObjectRef, model=TEXT, identity=VALUES),
    before=st.none() | VALUES,
    after=st.none() | VALUES,
    depends_on=st.lists(TEXT, max_size=2).map(tuple),
)
PLANS = st.builds(
    Plan,
    source=TEXT,
    target=st.builds(Target, name=TEXT, type=TEXT),
    inputs=TEXT,
    steps=st.lists(STEPS, max_size=4).map(tuple),
    identities=st.dictionaries(TEXT, st.dictionaries(TEXT, TEXT, max_size=2), max_size=2),
    native=st.dictionaries(TEXT, st.lists(TEXT, max_size=2).map(tuple), max_size=2),
    made_from=TEXT,
    version=st.just(1),
    format=st.just("driftline-plan"),
    id=st.just(""),
)


IDS = [str(number) for number in range(7)]


@st.composite
def working(draw: st.DrawFn) -> Plan:
    """Return a plan whose steps depend on each other, in no particular order."""
    steps = [
        Step(
            number,
            "update",
            "vlan",
            {"vid": number},
            number,
            draw(st.sampled_from(["a", "b"])),
            None,
            {},
            {},
            tuple(sorted(draw(st.sets(st.sampled_from([*IDS[:place], "gone"]), max_size=2)))),
        )
        for place, number in enumerate(IDS[: draw(st.integers(0, 7))])
    ]
    return Plan(
        source="intent",
        target=Target("devices", "devices"),
        inputs="",
        steps=tuple(draw(st.permutations(steps))),
        native={unit: (unit,) for unit in ("a", "b")},
    )


WORKING = working()


@settings(max_examples=80, deadline=None)
@given(PLANS)
def test_round_trip(plan: Plan) -> None:
    """Whatever is in a plan, it is read back as it was, to the byte and to the id."""
    again = Plan.from_json(plan.to_json())

    assert plan == again
    assert plan.id == again.id
    assert plan.to_json() == again.to_json() == Plan.from_json(again.to_json().encode()).to_json()


@settings(max_examples=60, deadline=None)
@given(PLANS, st.data())
def test_any_edit_is_noticed(plan: Plan, data: st.DataObject) -> None:
    """Whichever value of a saved plan is changed, it is refused."""
    content = json.loads(plan.to_json())
    name = data.draw(st.sampled_from(sorted(content)))
    content[name] = data.draw(JSON.filter(lambda value: _differs(value, content[name])))

    with pytest.raises(PlanError):
        Plan.from_json(json.dumps(content))


def _differs(value: Any, old: Any) -> bool:
    """Return whether a value is another one for a plan, to which 1.0 and True are what JSON says."""
    return json.dumps(value, sort_keys=True) != json.dumps(old, sort_keys=True) and value != old


@settings(max_examples=60, deadline=None)
@given(PLANS, st.sets(st.sampled_from(["a", "b", "c"])))
def test_restricted(plan: Plan, units: set[str]) -> None:
    """A part of a plan has the steps of its units, in their order, and is sealed."""
    part = plan.restricted_to(units)

    assert [step for step in plan.steps if step.unit in units] == list(part.steps)
    assert part == Plan.from_json(part.to_json())


@settings(max_examples=150, deadline=None)
@given(WORKING, st.sets(st.sampled_from(IDS)))
def test_filtered(plan: Plan, wanted: set[str]) -> None:
    """A smaller plan has what was chosen, less exactly what can't be done without the rest; and says so."""
    part, dropped = plan.filtered(lambda step: step.id in wanted)

    chosen, there, told = wanted & ids(plan), ids(part), {each.step.id for each in dropped}
    assert (there | told, there & told) == (chosen, set())
    for step in plan.steps:
        broken = not (set(step.depends_on) & ids(plan)) <= there
        assert step.id not in chosen or broken == (step.id in told)
    assert [step for step in plan.steps if step.id in there] == list(part.steps)
    whole = {unit for unit, steps in plan.units.items() if steps == part.units.get(unit)}
    assert part is plan or part.native.keys() == plan.native.keys() & whole
    assert part.made_from == ("" if part is plan else plan.id)


def ids(plan: Plan) -> set[str]:
    return {step.id for step in plan.steps}
