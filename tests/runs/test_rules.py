"""Rules in YAML: what they stop, what they only warn of, and how they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from driftline.adapters import documents
from driftline.engine.exceptions import LoadError
from driftline.engine.overlay import Overlay, after
from driftline.network import Interface, IPAddress, Vlan
from driftline.runs.judging import check_rules
from driftline.runs.rules import Rule
from driftline.runs.validation import Validation, ValidationRefused

from .network import Network, network, plan_for

if TYPE_CHECKING:
    from pathlib import Path

    from driftline.engine.exceptions import Problem

NO_SHUT_UPLINK = Rule.model_validate(
    {
        "never": {
            "model": "interface",
            "where": {"description": "UPLINK*"},
            "then": {"enabled": False},
        },
        "why": "an uplink is never shut",
    }
)
SAME_MTU = Rule.model_validate(
    {
        "equal": {"attributes": ["mtu"], "links": [["leaf1", "Et49/1", "spine1", "Et1"]]},
        "why": "packets are dropped",
    }
)
DESCRIBED = Rule.model_validate(
    {
        "equal": {
            "attributes": ["mtu", "trunk_vlans"],
            "description": r"(?i)uplink (?:to )?(?P<device>\S+)(?: (?P<name>\S+))?",
        },
        "why": "packets are dropped",
    }
)
UPPER = Rule.model_validate(
    {
        "pattern": {"model": "vlan", "attribute": "name", "match": "[A-Z0-9_-]+"},
        "why": "names are in upper case",
    }
)
LEAF = {"device": "leaf1", "name": "Ethernet49/1"}
SPINE = {"device": "spine1", "name": "Ethernet1"}


def changed(**attrs: Any) -> Network:
    """Return the network with other values on the leaf's uplink."""
    intended = network()
    for name, value in attrs.items():
        setattr(intended.get(Interface, LEAF), name, value)
    return intended


def validation(rules: list[Rule], intended: Network, actual: Network | None = None) -> Validation:
    actual = actual or network()
    return Validation(rules, (), plan_for(actual, intended), actual)


def refused(rules: list[Rule], intended: Network, actual: Network | None = None) -> tuple[Problem, ...]:
    """Return why a plan is refused."""
    with pytest.raises(ValidationRefused) as raised:
        validation(rules, intended, actual).check_before()
    return raised.value.problems


# Never ----------------------------------------------------------------------------------------------------


def test_what_must_never_be_stops_the_plan() -> None:
    """The problem names device, object, rule and reason; upper and lower case are one."""
    (problem,) = refused([UPPER, NO_SHUT_UPLINK], changed(enabled=False))

    assert problem.where == "leaf1 interface Ethernet49/1"
    assert problem.code == "RULE-NEVER"
    assert problem.message == "enabled is false (rule 2: an uplink is never shut)"


def test_the_state_after_the_plan_is_judged() -> None:
    """A plan that puts a violation right passes; one that makes it by a description does not."""
    shut = changed(enabled=False)

    assert validation([NO_SHUT_UPLINK], network(), actual=shut).check_before() == ()

    spare, used = changed(enabled=False, description="spare"), changed(enabled=False)
    assert len(refused([NO_SHUT_UPLINK], used, actual=spare)) == 1


def test_violations_that_the_plan_does_not_touch_are_warnings() -> None:
    """A run is not stopped by what was wrong before it."""
    actual, intended = changed(enabled=False), changed(enabled=False)
    intended.get(Vlan, {"device": "leaf1", "vid": 10}).name = "users"

    (warning,) = validation([NO_SHUT_UPLINK], intended, actual).check_before()

    assert warning.where == "leaf1 interface Ethernet49/1"


def test_devices_choose_where_a_rule_holds() -> None:
    """By name or site, as --limit does."""
    for devices, stopped in (
        ("spine*", False),
        ("leaf*", True),
        ("ams", True),
        ("*,!leaf1", False),
        ("none", False),
    ):
        rule = Rule.model_validate(
            {**NO_SHUT_UPLINK.model_dump(exclude_none=True), "never": {
                **NO_SHUT_UPLINK.never.model_dump(exclude_none=True), "devices": devices}}
        )  # fmt: skip
        verdict = check_rules(
            [rule], changed(enabled=False), touched={("interface", Interface.create_unique_id(**LEAF))}
        )
        assert bool(verdict.problems) is stopped


@pytest.mark.parametrize(
    ("where", "met"),
    [
        ({"name": "Et49/*"}, True),
        ({"name": "ethernet49/1"}, True),
        ({"name": "Ethernet4"}, False),
        ({"mode": "routed", "mtu": None}, True),
        ({"access_vlan": 20}, False),
        ({"enabled": True}, False),
        ({"vrf": "*"}, False),
    ],
)
def test_conditions(where: dict[str, Any], *, met: bool) -> None:
    """Texts with wildcards, names in any spelling, numbers, truth, and nothing."""
    rule = Rule.model_validate(
        {"never": {"model": "interface", "where": where, "then": {"enabled": False}}, "why": "so"}
    )

    verdict = check_rules([rule], changed(enabled=False), touched=())

    assert bool(verdict.warnings) is met


def test_what_is_not_known_is_not_judged() -> None:
    """Of a new object only the values that the plan sets are known before the device is read back."""
    rule = Rule.model_validate(
        {
            "never": {
                "model": "interface",
                "where": {"name": "Loopback*"},
                "then": {"mtu": None},
            },
            "why": "so",
        }
    )
    intended = network()
    loopback = Interface(device="leaf1", name="Loopback0", description="id").manage(["description"])
    intended.put(loopback)
    judged = validation([rule], intended)

    assert judged.check_before() == ()
    read_back = {("interface", loopback.get_unique_id()): Interface(device="leaf1", name="Loopback0")}
    assert [each.code for each in judged.check_after("leaf1", read_back)] == ["RULE-NEVER"]


# Both ends ------------------------------------------------------------------------------------------------


def test_both_ends_of_a_listed_link_are_equal() -> None:
    """Any spelling of a name will do; the end that the plan changes is named first."""
    (problem,) = refused([SAME_MTU], changed(mtu=9000))

    assert problem.where == "leaf1 interface Ethernet49/1"
    assert problem.code == "RULE-EQUAL"
    assert problem.message == (
        "mtu is 9000, and not set at the other end, spine1 Ethernet1 (rule 1: packets are dropped)"
    )


def test_a_link_end_that_the_plan_does_not_change_stops_it_too() -> None:
    """The other end of the link is changed: that is where it would break."""
    intended = network()
    intended.get(Interface, SPINE).mtu = 9000

    (problem,) = refused([SAME_MTU], intended)

    assert problem.where == "spine1 interface Ethernet1"


def test_links_that_descriptions_tell() -> None:
    """Each link is judged once, though both ends name it; an end that is nowhere is a warning."""
    actual, intended = network(), changed(mtu=9000)
    for each in (actual, intended):
        each.get(Interface, LEAF).description = "uplink to spine1 Et1"
        each.get(Interface, SPINE).description = "UPLINK leaf1 Ethernet49/1"
        each.get(Interface, {"device": "leaf1", "name": "Ethernet1"}).description = "uplink to fw1 eth0"

    assert len(refused([DESCRIBED], intended, actual)) == 1
    assert [(one.code, one.where) for one in validation([DESCRIBED], actual, actual).check_before()] == [
        ("RULE-LINK", "leaf1 interface Ethernet1")
    ]


def test_a_listed_end_that_is_not_there_is_a_warning() -> None:
    """It may be a device that could not be read."""
    rule = Rule.model_validate(
        {"equal": {"attributes": ["mtu"], "links": [["leaf1", "Et49/1", "gone", "Et1"]]}, "why": "so"}
    )

    (warning,) = validation([rule], changed(mtu=9000)).check_before()

    assert warning.code == "RULE-LINK"
    assert "gone Et1" in warning.message


def test_a_link_is_judged_by_what_both_ends_are_going_to_have() -> None:
    """While one device is changed before the other, neither is rolled back for it."""
    intended = changed(mtu=9000)
    intended.get(Interface, SPINE).mtu = 9000
    judged = validation([SAME_MTU], intended)
    uid = Interface.create_unique_id(**LEAF)

    assert judged.check_before() == ()
    assert judged.check_after("leaf1", {("interface", uid): Interface(**LEAF, mtu=9000)}) == []
    (problem,) = judged.check_after("leaf1", {("interface", uid): Interface(**LEAF, mtu=1500)})
    assert problem.code == "RULE-EQUAL"


# Patterns -------------------------------------------------------------------------------------------------


def test_values_look_as_they_must() -> None:
    """The whole value must match."""
    intended = network()
    intended.get(Vlan, {"device": "leaf1", "vid": 10}).name = "USERS old"

    (problem,) = refused([UPPER], intended)

    assert problem.where == "leaf1 vlan 10"
    assert problem.message == (
        "name is 'USERS old', which is not like [A-Z0-9_-]+ (rule 1: names are in upper case)"
    )


@pytest.mark.parametrize(("required", "problems"), [(False, 0), (True, 1)])
def test_a_value_that_is_missing(*, required: bool, problems: int) -> None:
    """It is wrong only where one is required."""
    state = Network("devices")
    state.grow("leaf1")
    state.put(Vlan(device="leaf1", vid=10))
    rule = Rule.model_validate(
        {"pattern": {"model": "vlan", "attribute": "name", "match": ".+", "required": required}, "why": "so"}
    )

    assert len(check_rules([rule], state, touched=()).warnings) == problems


def test_an_address_by_its_interface() -> None:
    """Conditions know the identity too."""
    rule = Rule.model_validate(
        {
            "pattern": {
                "model": "ip_address",
                "attribute": "address",
                "match": r".*/31",
                "where": {"interface": "Et*"},
            },
            "why": "links have two ends",
        }
    )
    intended = network()
    intended.put(IPAddress(device="leaf1", address="10.2.0.1/24", interface="Ethernet1"))

    assert [one.where for one in refused([rule], intended)] == ["leaf1 ip_address 10.2.0.1/24"]


# How they are written -------------------------------------------------------------------------------------


class Settings(BaseModel):
    """The part of the settings file."""

    model_config = ConfigDict(extra="forbid")

    rules: list[Rule] = []


def test_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    """As everywhere in the settings."""
    file = tmp_path / "driftline.yml"
    file.write_text(
        "rules:\n"
        "  - never: {model: interface, wher: {description: U*}, then: {enabled: false}}\n"
        "    why: so\n"
        "  - pattern: {model: vlan, attribute: label, match: '[A-Z]+'}\n"
        "    why: so\n"
        "  - pattern: {model: vlan, attribute: name, match: '[A-Z+'}\n"
        "    why: so\n"
        "  - why: so\n"
    )
    with pytest.raises(LoadError) as raised:
        documents.validate(documents.read(file, "driftline.yml"), Settings, "SETTINGS")

    assert [problem.where for problem in raised.value.problems] == [
        "driftline.yml:2",
        "driftline.yml:4",
        "driftline.yml:6",
        "driftline.yml:8",
    ]
    assert "did you mean 'where'" in raised.value.problems[0].hint


@pytest.mark.parametrize(
    "rule",
    [
        {"why": "no kind"},
        {"never": {"model": "interface", "then": {"enabled": False}}},
        {"never": {"model": "interface", "then": {}}, "why": "x"},
        {"never": {"model": "device", "then": {"role": "x"}}, "why": "x"},
        {"never": {"model": "interface", "then": {"mtu": 1.5}}, "why": "x"},
        {"equal": {"attributes": [], "links": [["a", "b", "c", "d"]]}, "why": "x"},
        {"equal": {"attributes": ["mtu"]}, "why": "x"},
        {"equal": {"attributes": ["mtu"], "links": [["a", "b", "c"]]}, "why": "x"},
        {"equal": {"attributes": ["mtu"], "description": "to (?P<device>.+)"}, "why": "x"},
        {
            "equal": {"attributes": ["mtu"], "links": [["a", "b", "c", "d"]], "description": "(?P<device>.)(?P<name>)"},
            "why": "x",
        },
        {
            "never": {"model": "vlan", "then": {"vid": 1}},
            "pattern": {"model": "vlan", "attribute": "name", "match": "x"},
            "why": "two kinds",
        },
    ],
)  # fmt: skip
def test_what_is_no_rule(rule: dict[str, Any]) -> None:
    """It is refused when the settings are read."""
    with pytest.raises(ValidationError):
        Rule.model_validate(rule)


# The state after a plan -----------------------------------------------------------------------------------


def test_state_after_a_plan_is_the_intended_one() -> None:
    """All objects are as a run would leave them, and the dataset is not touched."""
    actual, intended = network(), changed(mtu=9000, description="UPLINK")
    intended.put(Vlan(device="leaf1", vid=30, name="new"))
    intended.take("vlan", device="leaf1", vid=20)
    before = actual.dict()

    state = after(plan_for(actual, intended).steps, actual)

    for model in ("interface", "ip_address", "vlan"):
        found = {each.get_unique_id(): each.get_attrs() for each in state.get_all(model)}
        assert found == {each.get_unique_id(): each.get_attrs() for each in intended.get_all(model)}
    assert state.get_or_none(Vlan, {"device": "leaf1", "vid": 20}) is None
    assert state.get("vlan", "leaf1__30").name == "new"
    assert state.get("device", "leaf1") is actual.get("device", "leaf1")
    assert before == actual.dict()


def test_an_overlay_over_another() -> None:
    """The upper one counts; what is in neither is the dataset's."""
    actual = network()
    (key,) = (("vlan", "leaf1__10"),)
    lower = Overlay(actual, {key: None})
    upper = Overlay(lower, {key: Vlan(device="leaf1", vid=10, name="back")})

    assert [each.vid for each in lower.get_all(Vlan)] == [20]
    assert [(each.vid, each.name) for each in upper.get_all(Vlan)] == [(20, "v20"), (10, "back")]
