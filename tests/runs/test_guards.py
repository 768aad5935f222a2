"""Guards: what one run may do at most."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from driftline.engine.exceptions import GuardBreach
from driftline.network import Device, Interface, IPAddress, Vlan
from driftline.runs import Facts, Guards, Window, breaches, counts_of, enforce
from driftline.settings import Settings, read_settings

from .network import Network, network, plan_for

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
Edit = Callable[[Network], object]


def codes(guards: Guards, edit: Edit, **facts: Any) -> list[str]:
    """Return the codes of all breaches of a plan for an intent that was edited."""
    actual, intended = network(), network()
    edit(intended)
    known = {"now": NOW, "objects": {"interface": 8, "ip_address": 5, "vlan": 2}, **facts}
    return [problem.code for problem in breaches(guards, plan_for(actual, intended), actual, Facts(**known))]


def both_devices(intended: Network) -> None:
    for device, name in (("leaf1", "Ethernet1"), ("spine1", "Ethernet1")):
        intended.get("interface", {"device": device, "name": name}).mtu = 9000


def without_vlans(intended: Network) -> None:
    for vid in (10, 20):
        intended.take("vlan", device="leaf1", vid=vid)


# Too much -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, []),
        ({"max_devices": 2}, []),
        ({"max_devices": 1}, ["GUARD-DEVICES"]),
        ({"max_devices": "99%"}, ["GUARD-DEVICES"]),
        ({"max_devices": "100%"}, []),
        ({"max_changes": 1}, ["GUARD-CHANGES"]),
        ({"max_changes": "13.3%"}, ["GUARD-CHANGES"]),  # 1.995 of 15
        ({"max_changes": "13.4%"}, []),
        ({"max_devices": 0, "max_changes": 0}, ["GUARD-DEVICES", "GUARD-CHANGES"]),
    ],
)
def test_changes_are_limited(limits: dict[str, Any], expected: list[str]) -> None:
    """By devices and by objects, by number and by share; all breaches are told at once."""
    assert codes(Guards(**limits), both_devices) == expected


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"max_deletes": 2}, []),
        ({"max_deletes": 1}, ["GUARD-DELETES"]),
        ({"max_deletes": None}, []),
        ({"max_deletes_per_model": {"vlan": 1}}, ["GUARD-DELETES"]),
        ({"max_deletes_per_model": {"vlan": "50%"}}, ["GUARD-DELETES"]),
        ({"max_deletes_per_model": {"vlan": "100%", "interface": 0}}, []),
    ],
)
def test_deletes_are_limited(limits: dict[str, Any], expected: list[str]) -> None:
    """In all, and by the kind of object."""
    assert codes(Guards(**limits), without_vlans) == expected


def test_a_breach_says_which_limit_by_how_much_and_how_to_allow_it() -> None:
    """A person must not have to look anything up."""
    actual, intended = network(), network()
    without_vlans(intended)
    with pytest.raises(GuardBreach) as caught:
        enforce(
            Guards(max_deletes_per_model={"vlan": 1}),
            plan_for(actual, intended),
            actual,
            Facts(NOW, {"vlan": 2, "interface": 6}),
        )
    (problem,) = caught.value.problems
    assert problem.where == "guards.max_deletes_per_model.vlan"
    assert "deletes 2 of 2 vlans, 1 more than the 1 that are allowed" in problem.message
    assert """DRIFTLINE_GUARDS__MAX_DELETES_PER_MODEL='{"vlan": 2}'""" in problem.hint


def test_limits_can_be_raised_for_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment, where everything is text, wins over the file."""
    monkeypatch.setenv("DRIFTLINE_GUARDS__MAX_DELETES", "7")
    monkeypatch.setenv("DRIFTLINE_GUARDS__MAX_DELETES_PER_MODEL", '{"vlan": 2}')
    monkeypatch.setenv("DRIFTLINE_GUARDS__MAX_PLAN_AGE", "1h30m")
    monkeypatch.setenv("DRIFTLINE_GUARDS__ALLOW_PROTECTED", '["leaf1/interface/Management1"]')
    guards = Settings(guards={"max_deletes": "1%", "max_changes": 5}).guards
    assert (guards.max_deletes, guards.max_changes, guards.max_deletes_per_model) == (7, 5, {"vlan": 2})
    assert guards.max_plan_age == timedelta(minutes=90)
    assert guards.allow_protected[0].name == "Management1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_devices": -1},
        {"max_devices": True},
        {"max_deletes": "ten"},
        {"max_deletes": "101%"},
        {"max_deletes_per_model": {"vlans": 1}},
        {"max_plan_age": "1 year"},
        {"max_plan_age": True},
        {"max_source_age": -1},
        {"shrink_floor": 0},
        {"protected": [{}]},
        {"protected": [{"actions": ["delete"], "comment": "all"}]},
        {"protected": [{"model": "port"}]},
        {"protected": [{"model": "vlan", "description": "UPLINK*"}]},
        {"protected": [{"attributes": {"desciption": "UPLINK*"}}]},
        {"protected": [{"device": "*", "actions": ["reboot"]}]},
        {"protected": ["uplink"]},
        {"allow_protected": [""]},
        {"allow_protected": ["leaf1/interface/"]},
        {"max_everything": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    """A limit with a slip in it must not look like one that holds."""
    with pytest.raises(ValidationError):
        Guards(**wrong)


def test_settings_survive_a_journal() -> None:
    """What is kept for a resume is read back as it was."""
    guards = Guards(max_plan_age="24h", protected=[{"device": "ams", "comment": "why"}], max_deletes="2.5%")
    assert Guards.model_validate(guards.model_dump(mode="json")) == guards


# A source of truth that shrank ----------------------------------------------------------------------------


def sized(**sites: dict[str, int]) -> dict[str, dict[str, int]]:
    return sites


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, sized(), []),
        (sized(), sized(ams={"vlan": 5}), []),
        (sized(ams={"vlan": 100}), sized(ams={"vlan": 80}), []),
        (sized(ams={"vlan": 100}), sized(ams={"vlan": 79}), ["GUARD-SHRUNK"] * 3),
        (sized(ams={"vlan": 3}), sized(), ["GUARD-EMPTY"]),  # in all, by kind, by site: said once
        (sized(ams={"vlan": 3}), sized(ams={}), ["GUARD-EMPTY"]),
        # Few objects: 2 of 5 are 40%, and nothing to be alarmed at.
        (sized(ams={"device": 5}), sized(ams={"device": 3}), []),
        (sized(ams={"vlan": 10}, fra={"vlan": 90}), sized(fra={"vlan": 90}), []),
        # One kind of object is gone.
        (sized(ams={"vlan": 20, "interface": 500}), sized(ams={"interface": 500}), ["GUARD-EMPTY"]),
        # One site is gone, or lost half, while the others make up for it.
        (sized(ams={"vlan": 20}, fra={"vlan": 500}), sized(fra={"vlan": 520}), ["GUARD-EMPTY"]),
        (sized(ams={"vlan": 40}, fra={"vlan": 500}), sized(ams={"vlan": 20}, fra={"vlan": 520}), ["GUARD-SHRUNK"]),
        # One kind of object is gone at one site.
        (
            sized(ams={"vlan": 20, "interface": 500}, fra={"vlan": 500}),
            sized(ams={"interface": 500}, fra={"vlan": 500}),
            ["GUARD-EMPTY"],
        ),
    ],
)  # fmt: skip
def test_a_source_that_shrank_is_refused(before: Any, now: Any, expected: list[str]) -> None:
    """Against the last successful run: in all, by kind of object, by site."""
    assert codes(Guards(), lambda _: None, intended=now, intended_before=before) == expected


@pytest.mark.parametrize("limit", [None, "100%", 1000])
def test_a_source_may_shrink_when_that_is_meant(limit: Any) -> None:
    """The way to allow it that the hint names is one."""
    shrunk = {"intended_before": sized(ams={"vlan": 100}), "intended": sized()}
    assert codes(Guards(max_shrink=limit), lambda _: None, **shrunk) == []


def test_objects_are_counted_by_site_and_model() -> None:
    """What the next run compares with."""
    assert counts_of(network()) == {
        "ams": {"device": 1, "interface": 7, "ip_address": 5, "vlan": 2},
        "fra": {"device": 1, "interface": 1},
    }


# Too old --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "expected"), [(None, []), (23, []), (24, []), (25, ["GUARD-SOURCE-AGE", "GUARD-PLAN-AGE"])]
)
def test_old_sources_and_plans_are_refused(hours: int | None, expected: list[str]) -> None:
    """Where their age is known."""
    time = None if hours is None else NOW - timedelta(hours=hours)
    guards = Guards(max_source_age="24h", max_plan_age=86400)
    assert codes(guards, lambda _: None, source_time=time, plan_time=time) == expected


def test_an_old_plan_is_told_with_its_age() -> None:
    """By how much, in words that people use."""
    guards, actual = Guards(max_plan_age="2h"), network()
    facts = Facts(NOW, plan_time=NOW - timedelta(days=1, hours=4))
    (problem,) = breaches(guards, plan_for(actual, network()), actual, facts)
    assert "1d 4h ago: 1d 2h more than the 2h that are allowed" in problem.message


# Protected objects ----------------------------------------------------------------------------------------


REFUSED = ["GUARD-PROTECTED"]


def interface(name: str, device: str = "leaf1", **values: Any) -> Edit:
    """Return the edit that gives an interface other values."""

    def edit(intended: Network) -> None:
        found = intended.get("interface", {"device": device, "name": name})
        for key, value in values.items():
            setattr(found, key, value)

    return edit


def gone(model: str, **identity: Any) -> Edit:
    """Return the edit that takes an object out of the intent."""
    return lambda intended: intended.take(model, device="leaf1", **identity)


def readdressed(name: str, old: str, new: str) -> Edit:
    """Return the edit that gives an interface another address."""

    def edit(intended: Network) -> None:
        gone("ip_address", vrf="default", address=old)(intended)
        intended.put(IPAddress(device="leaf1", address=new, interface=name))

    return edit


LIFELINES: list[Edit] = [
    interface("Management1", enabled=False),
    interface("Management1", vrf="MGMT"),
    readdressed("Management1", "192.0.2.11/24", "192.0.2.12/24"),
]
"""What would cut off the management interface."""

CONNECTED: list[tuple[str, Edit]] = [
    ("10.0.10.1", interface("Vlan10", enabled=False)),
    ("10.0.10.1", interface("Vlan10", vrf="RED")),
    ("10.0.10.1", gone("vlan", vid=10)),
    ("10.0.10.1", readdressed("Vlan10", "10.0.10.1/24", "10.0.10.2/24")),
    ("10.1.0.1", interface("Ethernet49/1", lag="Port-Channel1", lag_mode="active")),
    ("10.1.0.1", interface("Ethernet49/1", mode="access", access_vlan=20)),
    ("10.7.0.1", interface("Port-Channel7.100", encapsulation_vlan=101)),
    ("10.7.0.1", interface("Port-Channel7", enabled=False)),
]
"""What would cut off somebody who is connected to an address."""

HARMLESS: list[Edit] = [
    interface("Management1", description="out of band"),
    interface("Management1", mtu=1400),
    interface("Vlan10", description="users"),
    interface("Ethernet1", enabled=False),
    gone("vlan", vid=20),
    lambda intended: setattr(intended.get("vlan", {"device": "leaf1", "vid": 10}), "name", "users"),
    lambda intended: intended.put(IPAddress(device="leaf1", address="10.9.9.9/24", interface="Vlan20")),
    lambda intended: intended.put(Vlan(device="leaf1", vid=30)),
]


@pytest.mark.parametrize("edit", LIFELINES)
def test_the_management_interface_is_always_protected(edit: Edit) -> None:
    """Without any setting; and it can be allowed."""
    assert set(codes(Guards(max_deletes=None), edit)) == {"GUARD-PROTECTED"}
    assert codes(Guards(max_deletes=None, allow_protected=["leaf1/interface/Ma1"]), edit) == []


@pytest.mark.parametrize(("address", "edit"), CONNECTED)
def test_what_we_are_connected_through_is_always_protected(address: str, edit: Edit) -> None:
    """The address, its interface, and the VLAN of an SVI; nothing of the kind when we are connected elsewhere."""
    guards = Guards(max_deletes=None)
    assert set(codes(guards, edit, connected={"leaf1": address})) == {"GUARD-PROTECTED"}
    assert codes(guards, edit, connected={"leaf1": "10.0.20.1", "spine1": address}) == []
    assert codes(guards, edit, connected={"leaf1": "leaf1.example.net"}) == []


@pytest.mark.parametrize("edit", HARMLESS)
def test_other_changes_go_on(edit: Edit) -> None:
    """A description, an MTU or another object is nobody's lifeline."""
    assert codes(Guards(max_deletes=None), edit, connected={"leaf1": "10.0.10.1"}) == []


@pytest.mark.parametrize(
    ("pattern", "edit", "expected"),
    [
        # By description, as it is on the device, whatever the plan makes of it.
        ({"description": "UPLINK*"}, interface("Ethernet49/1", enabled=False), REFUSED),
        ({"description": "UPLINK*"}, interface("Ethernet49/1", enabled=False, description="x"), REFUSED),
        ({"description": "UPLINK*"}, interface("Ethernet1", enabled=False, description="uplink"), REFUSED),
        ({"description": "UPLINK*"}, interface("Ethernet1", enabled=False), []),
        # By name in any spelling, by attribute, by device, site or role.
        ({"model": "interface", "name": "Et49/*"}, interface("Ethernet49/1", mtu=9000), REFUSED),
        ({"model": "interface", "name": "Et4/*"}, interface("Ethernet49/1", mtu=9000), []),
        ({"attributes": {"access_vlan": 20}}, interface("Ethernet1", mtu=9000), REFUSED),
        ({"attributes": {"access_vlan": 21}}, interface("Ethernet1", mtu=9000), []),
        ({"model": "vlan", "name": "20"}, gone("vlan", vid=20), REFUSED),
        ({"model": "vlan", "attributes": {"name": "v2*"}}, gone("vlan", vid=20), REFUSED),
        ({"device": "spine"}, interface("Ethernet1", device="spine1", mtu=9000), REFUSED),
        ({"device": "fra"}, interface("Ethernet1", device="spine1", mtu=9000), REFUSED),
        ({"device": "fra"}, interface("Ethernet1", mtu=9000), []),
        # What hangs on an interface is part of it; what is new on a device changes the device.
        ({"description": "UPLINK*"}, gone("ip_address", vrf="default", address="10.1.0.1/31"), REFUSED),
        ({"device": "leaf1"}, lambda intended: intended.put(Vlan(device="leaf1", vid=30)), REFUSED),
        ({"model": "vlan"}, lambda intended: intended.put(Vlan(device="leaf1", vid=30)), []),
        # Against some actions only.
        ({"name": "Et1", "actions": ["shutdown"]}, interface("Ethernet1", enabled=False), REFUSED),
        ({"name": "Et1", "actions": ["shutdown"]}, interface("Ethernet1", mtu=9000), []),
        ({"name": "Et1", "actions": ["change"]}, interface("Ethernet1", enabled=False), REFUSED),
        ({"name": "20", "actions": ["delete"]}, gone("vlan", vid=20), REFUSED),
        ({"name": "20", "actions": ["shutdown", "change"]}, gone("vlan", vid=20), []),
    ],
)
def test_objects_are_protected_by_pattern(pattern: dict[str, Any], edit: Edit, expected: list[str]) -> None:
    """Uplinks, spines, a VLAN: whatever a pattern means."""
    devices = [Device(name="leaf1", site="ams", role="leaf"), Device(name="spine1", site="fra", role="spine")]
    guards = Guards(max_deletes=None, protected=[pattern])
    assert codes(guards, edit, devices=devices) == expected


@pytest.mark.parametrize("text", ["leaf1/interface/Ma1", "*/interface/Management*", "ams/*/*", "leaf/*/Ma*"])
def test_what_is_allowed_may_be_written_as_a_text(text: str) -> None:
    """For a command line, or the environment."""
    devices = [Device(name="leaf1", site="ams", role="leaf")]
    guards = Guards(allow_protected=[text])
    assert codes(guards, interface("Management1", enabled=False), devices=devices) == []


def test_a_protected_object_is_named_with_the_reason() -> None:
    """Which object, why, and what to write to allow it; and that does."""
    actual, intended = network(), network()
    interface("Ethernet49/1", enabled=False)(intended)
    plan, shield = plan_for(actual, intended), {"description": "uplink*", "comment": "the only one"}
    (problem,) = breaches(Guards(protected=[shield]), plan, actual, Facts(NOW))
    assert problem.where == "leaf1 interface Ethernet49/1"
    assert problem.message == (
        "the plan would shut it down, but guards.protected has description uplink* (the only one)"
    )
    assert "leaf1/interface/Ethernet49/1" in problem.hint
    allowed = Guards(protected=[shield], allow_protected=["leaf1/interface/Ethernet49/1"])
    assert breaches(allowed, plan, actual, Facts(NOW)) == []


def test_every_hint_is_a_way_out() -> None:
    """What it says to allow is what was refused, also for an address in a VRF and for a VLAN."""
    actual, intended = network(), network()
    for side in (actual, intended):
        side.put(Interface(device="leaf1", name="Vlan30", vrf="RED", owns_addresses="exclusive"))
    for address in ("10.3.0.1/24", "2001:db8::1/64"):
        actual.put(IPAddress(device="leaf1", vrf="RED", address=address, interface="Vlan30"))
    without_vlans(intended)
    plan, shield = plan_for(actual, intended), [{"device": "leaf1"}]
    found = breaches(Guards(max_deletes=None, protected=shield), plan, actual, Facts(NOW))
    assert len(found) == 4
    texts = [problem.hint.split(" put ")[1].split(" into ")[0] for problem in found]
    allowed = Guards(max_deletes=None, protected=shield, allow_protected=texts)
    assert breaches(allowed, plan, actual, Facts(NOW)) == []


def test_devices_of_a_plan_are_known_by_their_site() -> None:
    """Also where nobody says which devices there are: a saved plan tells the sites of its own."""
    shield = Guards(protected=[{"device": "fra"}])
    assert codes(shield, interface("Ethernet1", device="spine1", mtu=9000), devices=()) == ["GUARD-PROTECTED"]


# The page about all this --------------------------------------------------------------------------------------


def test_the_settings_of_the_page_are_settings(tmp_path: Path) -> None:
    """Every YAML block of docs/guards.md is read as it stands, by the strict reader."""
    page = (Path(__file__).parents[2] / "docs" / "guards.md").read_text()
    file = tmp_path / "driftline.yml"
    read = []
    for block in re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        file.write_text(block)
        read.append(read_settings(file))
    assert [bool(one.guards.protected) for one in read] == [True, False, False]
    assert [len(one.windows) for one in read] == [1, 2, 0]
    assert read[2].apply.batches is not None
    assert len(read[2].apply.batches.health) == 2


# All together ---------------------------------------------------------------------------------------------


def test_every_breach_is_told_at_once() -> None:
    """Guards and change windows in one error, so that nobody has to find them one by one."""
    actual, intended = network(), network()
    both_devices(intended)
    interface("Management1", enabled=False)(intended)
    plan = plan_for(actual, intended)
    facts, windows = Facts(NOW, plan_time=NOW - timedelta(days=3)), [Window(deny="*")]
    with pytest.raises(GuardBreach) as caught:
        enforce(Guards(max_devices=1, max_plan_age="24h"), plan, actual, facts, windows=windows)
    found = [problem.code for problem in caught.value.problems]
    assert found == ["GUARD-DEVICES", "GUARD-PLAN-AGE", "GUARD-PROTECTED", "GUARD-WINDOW"]


def test_an_empty_plan_passes() -> None:
    """Nothing to do is nothing to forbid."""
    actual = network()
    enforce(
        Guards(max_devices=0, max_changes=0, max_deletes=0),
        plan_for(actual, network()),
        actual,
        Facts(NOW),
        windows=[Window(deny="*")],
    )


def test_objects_that_were_not_read_are_judged_by_the_plan() -> None:
    """A delete carries all values of its object, so it can't slip through where the object is unknown."""
    actual, intended = network(), network()
    actual.put(Interface(device="leaf1", name="Port-Channel9", description="UPLINK old"))
    plan = plan_for(actual, intended)
    guards = Guards(protected=[{"description": "UPLINK*"}], max_deletes=None)
    found = breaches(guards, plan, Network("empty"), Facts(NOW))
    assert [problem.where for problem in found] == ["leaf1 interface Port-Channel9"]
