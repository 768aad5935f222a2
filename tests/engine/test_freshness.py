"""Freshness: a plan is refused, brought up to date or cut where others have changed what it was computed from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from driftline.engine import Plan
from driftline.engine.exceptions import PlanError
from driftline.engine.executor import execute
from driftline.engine.freshness import Fresh, Freshness, FreshnessPolicy, freshen, stale
from driftline.engine.plan import make_plan

from .inventory import Device, Interface, Inventory, Site, small

REFUSE, OVERWRITE, ACCEPT = FreshnessPolicy


def changed() -> tuple[Inventory, Inventory, Plan]:
    """Return datasets and a plan with an update, a deletion, and a new device with a port."""
    actual, intended = small("actual"), small("intended")
    intended.get(Interface, "Et1").mtu = 9000
    intended.get(Interface, "Et1").tags = ["core"]
    intended.get(Device, "leaf1").remove_child(intended.get(Interface, "Et2"))
    intended.remove(intended.get(Interface, "Et2"))
    leaf3 = intended.put(Device(name="leaf3", role="leaf"), intended.get(Site, "ams"))
    intended.put(Interface(name="Et3", mtu=1500), leaf3)
    plan = make_plan(actual.diff_from(intended), intended, actual)
    assert outline(plan) == ["update Et1", "delete Et2", "create leaf3", "create Et3"]
    return actual, intended, plan.with_native({step.unit: ["a line"] for step in plan.steps})


def outline(plan: Plan) -> list[str]:
    return [f"{step.action} {step.name}" for step in plan.steps]


def under(policy: FreshnessPolicy = OVERWRITE, **rules: FreshnessPolicy) -> Freshness:
    return Freshness(default=policy, rules={name.replace("__", "."): rule for name, rule in rules.items()})


def messages(fresh: Fresh) -> list[str]:
    return [problem.message for problem in fresh.problems]


def take_away(inventory: Inventory, obj: Any, parent: Any) -> None:
    parent.remove_child(obj)
    inventory.remove(obj)


# Nothing that matters -------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", FreshnessPolicy)
def test_fresh(policy: FreshnessPolicy) -> None:
    """Right after planning the plan is applied as it is, whatever the policies."""
    actual, _, plan = changed()

    assert freshen(plan, actual, under(policy)) == Fresh(plan)
    assert stale(plan, actual) == []


@pytest.mark.parametrize("policy", FreshnessPolicy)
def test_changes_elsewhere_do_not_matter(policy: FreshnessPolicy) -> None:
    """What no step was computed from may change: other objects, and other values of the same ones."""
    actual, intended = small("actual"), small("intended")
    intended.get(Interface, "Et1").mtu = 9000
    plan = make_plan(actual.diff_from(intended), intended, actual)
    actual.get(Interface, "Et1").tags = ["new"]
    actual.get(Interface, "Et2").mtu = 1
    actual.put(Device(name="leaf9"), actual.get(Site, "ams"))

    assert freshen(plan, actual, under(policy)) == Fresh(plan)


# Refused --------------------------------------------------------------------------------------------------


def test_stale_value() -> None:
    """A value that changed is named with its device and object, with what was planned and what is there."""
    actual, _, plan = changed()
    actual.get(Interface, "Et1").mtu = 1400

    (problem,) = freshen(plan, actual).problems

    assert (problem.code, problem.where) == ("PLAN-STALE", "interface Et1 interface Et1")
    assert problem.message == "mtu was 1500 when planned and is 1400 now"


def test_every_value_of_what_goes_counts() -> None:
    """A delete relies on all values of its object."""
    actual, _, plan = changed()
    actual.get(Interface, "Et2").tags = ["in use"]

    assert messages(freshen(plan, actual)) == ["tags was [] when planned and is ['in use'] now"]


def test_somebody_did_it_by_hand() -> None:
    """What is as wanted already is told as such, and refused all the same."""
    actual, _, plan = changed()
    actual.get(Interface, "Et1").mtu = 9000
    take_away(actual, actual.get(Interface, "Et2"), actual.get(Device, "leaf1"))
    actual.put(Device(name="leaf3", role="leaf"), actual.get(Site, "ams"))

    fresh = freshen(plan, actual)

    assert messages(fresh) == [
        "mtu was 1500 when planned and is 9000 already, as wanted",
        "it is gone already, as wanted",
        "it exists already, as wanted",
    ]
    assert [change.done for change in fresh.refused] == [True] * 3


def test_came_and_went() -> None:
    """So is what was made in another way, or is gone though it was to change."""
    actual, _, plan = changed()
    take_away(actual, actual.get(Interface, "Et1"), actual.get(Device, "leaf1"))
    actual.put(Device(name="leaf3", role="spine"), actual.get(Site, "ams"))

    expected = ["planned to update, but it is gone", "planned to be created, but it exists by now"]
    assert messages(freshen(plan, actual)) == expected


def test_stale_parent() -> None:
    """So is a parent that went; one that the plan itself makes is none."""
    actual, _, plan = changed()
    actual.remove(actual.get(Site, "ams"))

    assert messages(freshen(plan, actual)) == ["planned below site ams, but that is gone"]


def test_one_refusal_keeps_the_plan_as_it_was() -> None:
    """Where anything is refused, nothing else of the plan is changed."""
    actual, _, plan = changed()
    actual.get(Interface, "Et1").mtu = 1400
    actual.get(Interface, "Et2").mtu = 1400

    fresh = freshen(plan, actual, under(REFUSE, interface__tags=ACCEPT))

    assert (fresh.plan is plan, len(fresh.problems)) == (True, 2)


# Overwritten ----------------------------------------------------------------------------------------------


def test_overwrite() -> None:
    """A step is computed anew from what is there; the plan says what it was made from, and does what was wanted."""
    actual, intended, plan = changed()
    actual.get(Interface, "Et1").mtu = 1400
    actual.get(Interface, "Et2").tags = ["in use"]

    fresh = freshen(plan, actual, under(OVERWRITE))

    update, delete, *others = fresh.plan.steps
    assert (update.before, update.after) == ({"mtu": 1400, "tags": []}, {"mtu": 9000, "tags": ["core"]})
    assert delete.before == {"mtu": 1500, "tags": ["in use"]}
    assert others == list(plan.steps[2:])
    assert [(change.attribute, change.found) for change in fresh.overwritten] == [
        ("mtu", 1400),
        ("tags", ["in use"]),
    ]
    assert fresh.plan.made_from == plan.id
    assert execute(fresh.plan.units, actual).succeeded
    assert not actual.diff_from(intended).has_diffs()


def test_same_change_same_id() -> None:
    """A step that was brought up to date has the id that it has in a plan made from what is there now."""
    actual, intended, plan = changed()
    actual.get(Interface, "Et1").mtu = 1400

    fresh = freshen(plan, actual, under(OVERWRITE))

    assert fresh.plan.steps == make_plan(actual.diff_from(intended), intended, actual).steps


def test_native_lines_of_changed_units_go() -> None:
    """Lines that were made from other values must not be sent."""
    actual, _, plan = changed()
    actual.get(Interface, "Et1").mtu = 1400

    fresh = freshen(plan, actual, under(OVERWRITE))

    assert set(plan.native) - set(fresh.plan.native) == {"interface Et1"}


def test_overwrite_what_others_made() -> None:
    """The creation of what exists by now becomes an update, or nothing; what depends on it stays."""
    actual, intended, plan = changed()
    leaf3 = actual.put(Device(name="leaf3", role="spine"), actual.get(Site, "ams"))

    fresh = freshen(plan, actual, under(OVERWRITE))

    assert outline(fresh.plan) == ["update Et1", "delete Et2", "update leaf3", "create Et3"]
    update, create = fresh.plan.steps[2:]
    assert (update.before, update.after) == ({"role": "spine"}, {"role": "leaf"})
    assert create.depends_on == (update.id,)

    leaf3.role = "leaf"
    fresh = freshen(plan, actual, under(OVERWRITE))

    assert outline(fresh.plan) == ["update Et1", "delete Et2", "create Et3"]
    assert fresh.plan.steps[-1].depends_on == ()
    assert execute(fresh.plan.units, actual).succeeded
    assert not actual.diff_from(intended).has_diffs()


def test_overwrite_what_others_made_elsewhere() -> None:
    """What was made below another parent is moved."""
    actual, intended, plan = changed()
    actual.put(Interface(name="Et3", mtu=1500), actual.get(Device, "leaf2"))

    fresh = freshen(plan, actual, under(OVERWRITE))

    assert outline(fresh.plan)[-1] == "update Et3"
    assert execute(fresh.plan.units, actual).succeeded
    assert not actual.diff_from(intended).has_diffs()


def test_overwrite_what_is_gone() -> None:
    """What was to go and is gone needs nothing; what was to change is made again only from all its values."""
    actual, intended, plan = changed()
    for name in ("Et1", "Et2"):
        take_away(actual, actual.get(Interface, name), actual.get(Device, "leaf1"))

    fresh = freshen(plan, actual, under(OVERWRITE))

    assert outline(fresh.plan) == ["create Et1", "create leaf3", "create Et3"]
    assert execute(fresh.plan.units, actual).succeeded
    assert not actual.diff_from(intended).has_diffs()


def test_gone_with_values_that_nobody_knows() -> None:
    """A change of one value can't bring the object back."""
    actual, intended = small("actual"), small("intended")
    intended.get(Interface, "Et1").mtu = 9000
    plan = make_plan(actual.diff_from(intended), intended, actual)
    take_away(actual, actual.get(Interface, "Et1"), actual.get(Device, "leaf1"))

    assert messages(freshen(plan, actual, under(OVERWRITE))) == ["planned to update, but it is gone"]


# Accepted -------------------------------------------------------------------------------------------------


def test_accept() -> None:
    """What others have changed is left, value by value; an object that was to go stays."""
    actual, _, plan = changed()
    actual.get(Interface, "Et1").mtu = 1400
    actual.get(Interface, "Et2").mtu = 1400

    fresh = freshen(plan, actual, under(ACCEPT))

    assert outline(fresh.plan) == ["update Et1", "create leaf3", "create Et3"]
    assert (fresh.plan.steps[0].before, fresh.plan.steps[0].after) == ({"tags": []}, {"tags": ["core"]})
    assert [change.message for change in fresh.accepted] == ["mtu was 1500 when planned and is 1400 now"] * 2


def test_accept_everything_of_a_step() -> None:
    """A step of which nothing is left goes."""
    actual, _, plan = changed()
    actual.get(Interface, "Et1").mtu = 1400
    actual.get(Interface, "Et1").tags = ["other"]

    assert outline(freshen(plan, actual, under(ACCEPT)).plan) == ["delete Et2", "create leaf3", "create Et3"]


def test_accept_what_others_made() -> None:
    """What others have made is left as it is, and what was to come below it is dropped, and told."""
    actual, _, plan = changed()
    actual.put(Device(name="leaf3", role="spine"), actual.get(Site, "ams"))

    fresh = freshen(plan, actual, under(ACCEPT))

    assert outline(fresh.plan) == ["update Et1", "delete Et2"]
    (dropped,) = fresh.dropped
    assert (dropped.step.name, dropped.why) == ("Et3", "it needs what is left out: create device leaf3")


def test_accept_that_a_parent_is_gone() -> None:
    """What can't be made below a parent that is gone is dropped, where that is accepted."""
    actual, _, plan = changed()
    actual.remove(actual.get(Site, "ams"))

    fresh = freshen(plan, actual, under(ACCEPT))

    assert outline(fresh.plan) == ["update Et1", "delete Et2"]
    assert [each.step.name for each in fresh.dropped] == ["leaf3", "Et3"]


def test_what_is_left_is_not_taken_along() -> None:
    """Where an object is left as it was found, what is above it is not deleted either."""
    actual, intended = small("actual"), Inventory("intended")
    intended.put(Site(name="ams"))
    plan = make_plan(actual.diff_from(intended), intended, actual)
    actual.get(Interface, "Et1").mtu = 1400

    fresh = freshen(plan, actual, under(OVERWRITE, interface=ACCEPT))

    assert outline(fresh.plan) == ["delete leaf2"]
    assert {each.step.name for each in fresh.dropped} == {"leaf1", "Et2"}


# Policies -------------------------------------------------------------------------------------------------


def test_most_specific_policy_wins() -> None:
    """An attribute's rule comes before its model's, and that before the default."""
    policies = under(REFUSE, interface=OVERWRITE, interface__mtu=ACCEPT)

    found = [
        policies.policy("interface", "mtu"),
        policies.policy("interface", "tags"),
        policies.policy("site"),
    ]
    assert found == [ACCEPT, OVERWRITE, REFUSE]


def test_policies_of_one_object() -> None:
    """Each value has its own policy."""
    actual, _, plan = changed()
    actual.get(Interface, "Et1").mtu = 1400
    actual.get(Interface, "Et1").tags = ["other"]

    fresh = freshen(plan, actual, under(REFUSE, interface=OVERWRITE, interface__mtu=ACCEPT))

    assert (fresh.plan.steps[0].before, fresh.plan.steps[0].after) == (
        {"tags": ["other"]},
        {"tags": ["core"]},
    )


def test_an_object_that_goes_is_judged_as_a_whole() -> None:
    """One value of it that is not to be overwritten is enough."""
    actual, _, plan = changed()
    actual.get(Interface, "Et2").mtu = 1400
    actual.get(Interface, "Et2").tags = ["in use"]

    assert len(freshen(plan, actual, under(OVERWRITE, interface__mtu=REFUSE)).problems) == 2
    assert len(freshen(plan, actual, under(ACCEPT, interface__mtu=REFUSE)).problems) == 2
    assert "delete Et2" not in outline(freshen(plan, actual, under(OVERWRITE, interface__mtu=ACCEPT)).plan)


@pytest.mark.parametrize("name", ["port", "interface.speed", "interface.mtu.x", ""])
def test_rule_about_nothing(name: str) -> None:
    """A rule about something that does not exist is refused: it would protect nothing."""
    actual, _, plan = changed()

    with pytest.raises((PlanError, ValidationError)):
        freshen(plan, actual, Freshness(rules={name: OVERWRITE}))


def test_plan_for_another_kind_of_target() -> None:
    """A plan about models that the target does not know is refused."""
    actual, _, plan = changed()
    text = plan.to_json().replace('"interface"', '"port"')
    other = Plan(**{**json.loads(text), "id": ""})

    with pytest.raises(PlanError, match="it has no port") as caught:
        freshen(other, actual)

    assert caught.value.code == "PLAN-TARGET"


def test_told_as_plain_values() -> None:
    """All that was changed by others can be put into a report."""
    actual, _, plan = changed()
    actual.get(Interface, "Et1").mtu = 1400

    told = json.loads(json.dumps(freshen(plan, actual, under(OVERWRITE)).to_dict()))

    assert (told["made_from"], told["refused"], told["dropped"]) == (plan.id, [], [])
    (change,) = told["overwritten"]
    assert (change["name"], change["planned"], change["found"], change["wanted"]) == ("Et1", 1500, 1400, 9000)
