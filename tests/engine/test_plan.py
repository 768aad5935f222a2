"""Plans: values that can be kept, checked and read back."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from driftline import network
from driftline.engine import Adapter, DiffSyncModel, DiffSyncModelFlags, Plan
from driftline.engine.exceptions import PlanError
from driftline.engine.executor import execute
from driftline.engine.freshness import stale
from driftline.engine.plan import make_plan, plan_schema, select_steps

from .inventory import Device, Interface, Inventory, Site, small

if TYPE_CHECKING:
    from driftline.engine import Step


def changed() -> tuple[Inventory, Inventory]:
    """Return datasets that differ by an update, a creation, a deletion and a new device."""
    actual, intended = small("actual"), small("intended")
    intended.get(Interface, "Et1").mtu = 9000
    intended.get(Device, "leaf1").remove_child(intended.get(Interface, "Et2"))
    intended.remove(intended.get(Interface, "Et2"))
    leaf3 = intended.put(Device(name="leaf3"), intended.get(Site, "ams"))
    intended.put(Interface(name="Et3"), leaf3)
    return actual, intended


def planned(actual: Inventory, intended: Inventory) -> Plan:
    return make_plan(actual.diff_from(intended), intended, actual)


def outline(plan: Plan) -> list[str]:
    return [f"{step.action} {step.name}" for step in plan.steps]


def step_of(plan: Plan, name: str) -> Step:
    return next(step for step in plan.steps if step.name == name)


# Making ---------------------------------------------------------------------------------------------------


def test_steps() -> None:
    """Parents come before their children, and each step knows what it was computed from."""
    plan = planned(*changed())

    assert outline(plan) == ["update Et1", "delete Et2", "create leaf3", "create Et3"]
    assert (plan.steps[0].before, plan.steps[0].after) == ({"mtu": 1500}, {"mtu": 9000})
    assert (plan.steps[1].before, plan.steps[1].after) == ({"mtu": 1500, "tags": []}, None)
    assert (plan.steps[3].before, plan.steps[3].after) == (None, {"mtu": None, "tags": []})
    assert (plan.steps[2].id,) == plan.steps[3].depends_on


def test_read_set() -> None:
    """An update relies on the values it changes, a delete on all of the object, a create on its parent alone."""
    update, delete, device, interface = planned(*changed()).steps

    assert update.before is not None
    assert delete.before is not None
    assert update.before.keys() == (update.after or {}).keys()
    assert delete.before.keys() == set(Interface._attributes)
    assert device.before is interface.before is None
    assert [step.parent and step.parent.model for step in (device, interface)] == ["site", "device"]


def test_read_set_of_a_device_object() -> None:
    """What is deleted on a device also relies on the digest of its whole native section."""
    vlan = network.Vlan(device="sw1", vid=20, name="voice", section="3f")
    svi = network.Interface(device="sw1", name="Vlan20", section="a7")
    ours = [vlan, svi]

    assert [obj.get_read_set()["section"] for obj in ours] == ["3f", "a7"]
    assert all(set(obj._attributes) < obj.get_read_set().keys() for obj in ours)


def test_same_inputs_same_bytes() -> None:
    """The same inputs give the same plan, ids of steps included."""
    assert planned(*changed()).to_json() == planned(*changed()).to_json()


def test_inputs() -> None:
    """The digest of the inputs tells other values, and which side has them."""
    actual, intended = changed()
    plans = [planned(actual, intended), planned(intended, actual), planned(intended, intended)]

    assert len({plan.inputs for plan in plans}) == 3


def test_step_ids_are_unique() -> None:
    """No two steps share an id."""
    plan = planned(*changed())

    assert len(plan.steps) == len({step.id for step in plan.steps})


def test_order() -> None:
    """A sort key sets the order; equal keys keep the tree's."""
    actual, intended = changed()
    plan = make_plan(actual.diff_from(intended), intended, actual, order=lambda step: step.action)

    assert outline(plan) == ["create leaf3", "create Et3", "delete Et2", "update Et1"]


def test_moves_come_before_deletions() -> None:
    """What moves out of an object that goes has moved before it goes, even from an earlier branch of the tree."""
    actual, intended = Inventory("actual"), Inventory("intended")
    for inventory in (actual, intended):
        ams, fra = inventory.put(Site(name="ams")), inventory.put(Site(name="fra"))
        inventory.put(Device(name="new"), fra)
        parent = (
            inventory.put(Device(name="old"), ams) if inventory is actual else inventory.get(Device, "new")
        )
        inventory.put(Interface(name="Et1"), parent)

    plan = planned(actual, intended)

    assert outline(plan) == ["update Et1", "delete old"]
    assert (plan.steps[0].id,) == plan.steps[1].depends_on


def test_natural_deletion_order() -> None:
    """An object that goes last depends on all that goes before it."""
    actual, intended = small("actual"), Inventory("intended")
    for model in (Site, Device):
        for obj in actual.get_all(model):
            obj.model_flags = DiffSyncModelFlags.NATURAL_DELETION_ORDER

    plan = planned(actual, intended)

    assert outline(plan) == ["delete Et1", "delete Et2", "delete leaf1", "delete leaf2", "delete ams"]
    assert {step.id for step in plan.steps[:-1]} == set(plan.steps[-1].depends_on)


def test_plan_is_of_its_moment() -> None:
    """What is changed in place afterwards, in either dataset, does not change the plan."""
    actual, intended = small("actual"), small("intended")
    actual.get(Interface, "Et1").tags = ["old"]
    intended.get(Interface, "Et1").tags = ["new"]
    plan = planned(actual, intended)

    actual.get(Interface, "Et1").tags.append("x")
    intended.get(Interface, "Et1").tags.append("y")

    assert (plan.steps[0].before, plan.steps[0].after) == ({"tags": ["old"]}, {"tags": ["new"]})
    assert len(stale(plan, actual)) == 1


def test_restricted_to() -> None:
    """A part of a plan is a plan with an id of its own."""
    plan = planned(*changed())
    part = plan.restricted_to(["interface Et1"])

    assert outline(part) == ["update Et1"]
    assert ["interface Et1"] == list(part.units) == list(part.identities)
    assert plan.id != part.id
    assert part == Plan.from_json(part.to_json())


def test_part_says_what_it_was_made_from() -> None:
    """However often a plan is cut, the part names the plan that was reviewed; a whole one names none."""
    plan = planned(*changed())
    part = plan.restricted_to(["interface Et1", "interface Et2"]).restricted_to(["interface Et2"])

    assert (plan.made_from, part.made_from) == ("", plan.id)
    assert plan.restricted_to(plan.units) is plan
    assert plan.restricted_to(["interface Et1"], draft=True).made_from == ""


def test_filtered() -> None:
    """What depends on something that is left out goes too, also by way of others, and is told."""
    plan = planned(*changed())

    part, dropped = plan.filtered(lambda step: step.name != "leaf3")

    assert outline(part) == ["update Et1", "delete Et2"]
    assert [str(each) for each in dropped] == [
        "interface Et3: create interface Et3: it needs what is left out: create device leaf3"
    ]


def test_filtered_native() -> None:
    """A unit whose steps were cut loses its lines: they were made from all of them."""
    actual, intended = (small(name, atomic=True) for name in ("actual", "intended"))
    for port in ("Et1", "Et2"):
        intended.get(Interface, port).mtu = 9000
    whole = planned(actual, intended).with_native({"all": ["a", "b"]})

    part = whole.filtered(lambda step: step.name == "Et1").plan

    assert (whole.native, part.native) == ({"all": ("a", "b")}, {})
    assert whole.filtered(lambda _: True).plan is whole


@pytest.mark.parametrize(
    ("models", "actions", "expected"),
    [
        ([], [], ["update Et1", "delete Et2", "create leaf3", "create Et3"]),
        (["device"], [], ["create leaf3"]),
        (["interface"], [], ["update Et1", "delete Et2"]),
        ([], ["delete", "update"], ["update Et1", "delete Et2"]),
        (["interface"], ["delete"], ["delete Et2"]),
        (["site"], [], []),
    ],
)
def test_select_steps(models: list[str], actions: list[str], expected: list[str]) -> None:
    """A plan can be cut to some models and actions; applying the part does that and nothing else."""
    actual, intended = changed()
    plan = planned(actual, intended)

    part, dropped = select_steps(plan, models=models, actions=actions)

    assert outline(part) == expected
    assert [each.step.name for each in dropped] == (
        ["Et3"] if models == ["interface"] and not actions else []
    )
    assert execute(part.units, actual).succeeded
    assert actual.hooks == [(line.split()[0], line.split()[1]) for line in expected]


def test_unknown_action() -> None:
    """A misspelt action is refused, with the words that there are."""
    with pytest.raises(PlanError, match="no action 'remove'") as caught:
        select_steps(planned(*changed()), actions=["remove", "update"])

    assert (caught.value.code, caught.value.hint) == ("PLAN-ACTION", "choose of create, delete, update")


def test_with_native() -> None:
    """The lines that a unit would be sent are part of what is sealed."""
    plan = planned(*changed())
    other = plan.with_native({"interface Et1": ["mtu 9000"]})

    assert other.native == {"interface Et1": ("mtu 9000",)}
    assert plan.id != other.id


def test_empty_plan() -> None:
    """An empty plan is a plan, and applies nothing."""
    actual = small("actual")
    plan = planned(actual, small("intended"))

    assert plan
    assert (plan.steps, plan.units) == ((), {})
    assert execute(plan.units, actual).succeeded
    assert actual.hooks == []


def test_frozen() -> None:
    """A plan can't be changed."""
    with pytest.raises(ValidationError):
        planned(*changed()).source = "other"


# Keeping --------------------------------------------------------------------------------------------------


def test_round_trip() -> None:
    """What is read back is what was written, to the byte."""
    plan = planned(*changed())
    again = Plan.from_json(plan.to_json())

    assert plan == again
    assert plan.to_json() == again.to_json()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("steps", 0, "after", "mtu"), 1),
        (("steps", 0, "unit"), "other"),
        (("target", "name"), "other"),
        (("inputs",), "0"),
        (("id",), "0"),
        (("id",), ""),
    ],
)
def test_changed_file(path: tuple[Any, ...], value: Any) -> None:
    """A plan that was edited is refused, also when its id was taken out."""
    data = json.loads(planned(*changed()).to_json())
    *way, last = path
    part = data
    for name in way:
        part = part[name]
    part[last] = value

    with pytest.raises(PlanError, match="the content does not match the plan's id"):
        Plan.from_json(json.dumps(data))


def test_file_without_an_id() -> None:
    """A plan whose id is missing is refused."""
    data = json.loads(planned(*changed()).to_json())
    del data["id"]

    with pytest.raises(PlanError):
        Plan.from_json(json.dumps(data))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "JSON"),
        ("[]", "object"),
        ("{}", "source"),
        ('{"version": 2}', "version"),
        ('{"odd": 1}', "source"),
    ],
)
def test_no_plan(text: str, place: str) -> None:
    """What is no plan is refused with the place that is wrong."""
    with pytest.raises(PlanError, match=place) as caught:
        Plan.from_json(text)

    assert caught.value.code == "PLAN-FORMAT"


def test_schema() -> None:
    """The published JSON Schema is that of the model; after a change of the model, write it anew."""
    published = Path(__file__).parents[2] / "docs" / "plan.schema.json"

    assert plan_schema() == published.read_text()


def test_schema_names_what_a_file_has() -> None:
    """Every part of a plan file is in the schema, and what the schema requires is in every file."""
    schema, file = json.loads(plan_schema()), json.loads(planned(*changed()).to_json())

    assert schema["properties"].keys() == file.keys()
    assert set(schema["required"]) <= file.keys()
    for step in file["steps"]:
        assert schema["$defs"]["Step"]["properties"].keys() == step.keys()


class Colour(enum.Enum):
    """An identifier that is not text."""

    RED = "red"


class Rich(DiffSyncModel):
    """A model with values that JSON does not have."""

    _modelname = "rich"
    _identifiers = ("colour", "day")
    _attributes = ("tags", "address", "pair")

    colour: Colour
    day: dt.datetime
    tags: set[str] = set()  # noqa: RUF012 - pydantic copies the defaults of fields
    address: ipaddress.IPv4Address | None = None
    pair: tuple[int, int] = (0, 0)


class RichAdapter(Adapter):
    """Rich things."""

    rich = Rich
    top_level = ("rich",)


def rich(**values: Any) -> RichAdapter:
    adapter = RichAdapter("rich")
    adapter.add(Rich(colour=Colour.RED, day=dt.datetime(2026, 1, 2, tzinfo=dt.UTC), **values))
    return adapter


def test_values_that_json_does_not_have() -> None:
    """A plan with sets, addresses and dates survives being saved: it finds its objects, and is not stale."""
    actual = rich(tags={"a", "b"}, address="10.0.0.1", pair=(1, 2))
    intended = rich(tags={"c", "a", "d"}, address="10.0.0.2", pair=(3, 4))
    made = make_plan(actual.diff_from(intended), intended, actual)

    plan = Plan.from_json(made.to_json())

    assert made.id == plan.id
    assert (plan.steps[0].after or {})["tags"] == ["a", "c", "d"]
    assert stale(plan, actual) == []
    assert execute(plan.units, actual).succeeded
    assert not actual.diff_from(intended).has_diffs()
