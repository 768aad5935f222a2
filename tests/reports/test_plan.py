"""Plans as people and machines see them, and how two of them differ."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from driftline.engine import Conflict, Plan
from driftline.engine.conflicts import ConflictKind, ConflictResolutionStrategy
from driftline.engine.plan import ObjectRef, Step, Target
from driftline.reports import plan_diff, plan_rows, plan_view

LEAF = ObjectRef("device", {"name": "leaf1"})


def step(action: Any, model: str, name: str, *, unit: str = "leaf1", **values: Any) -> Step:
    values.setdefault("before", None)
    values.setdefault("after", None)
    return Step(
        name, action, model, {"device": unit, "name": name}, name, unit, values.pop("parent", LEAF), **values
    )


UPDATE = step(
    "update",
    "interface",
    "Et1",
    before={"description": None, "mtu": 1500},
    after={"description": "desk", "mtu": 9000},
)
CREATE = step("create", "vlan", "20", after={"name": "voice"})
DELETE = step("delete", "interface", "Vlan30", before={"enabled": True, "vrf": None, "section": "a7"})
ELSEWHERE = step("create", "vlan", "20", unit="core1", after={"name": "voice"})


def plan(*steps: Step, **more: Any) -> Plan:
    more.setdefault("identities", {"leaf1": {"site": "lab", "hostname": "leaf1"}, "core1": {"site": "ams"}})
    return Plan(source="intent", target=Target("devices", "devices"), inputs="0", steps=steps, **more)


# One plan -------------------------------------------------------------------------------------------------


def test_shown() -> None:
    """Site by site and device by device: what must be true, what changes, the lines, and what protects it."""
    made = plan(UPDATE, CREATE, DELETE, ELSEWHERE, native={"leaf1": ["vlan 20", "  name voice"]})

    text = plan_view(made, {"core1": "commit-confirmed"}).to_text()

    assert text.splitlines() == [
        f"plan {made.id}",
        "  intent → devices (devices), inputs 0",
        "site ams",
        "  core1",
        "    guarantee: commit-confirmed",
        "    + vlan 20",
        "        name: voice",
        "site lab",
        "  leaf1 (hostname leaf1)",
        "    ~ interface Et1",
        "        description: (none) → desk",
        "        mtu: 1500 → 9000",
        "    + vlan 20",
        "        name: voice",
        "    - interface Vlan30",
        "        enabled: True",
        "    gets:",
        "      vlan 20",
        "        name voice",
        "2 to create, 1 to update, 1 to delete, on 2 devices",
    ]


def test_shown_as_json() -> None:
    """For machines: the same, with each step's whole read-set."""
    shown = json.loads(json.dumps(plan_view(plan(UPDATE, DELETE)).to_dict()))

    (device,) = shown["devices"]
    assert (device["site"], device["device"], device["identity"]) == ("lab", "leaf1", {"hostname": "leaf1"})
    update, delete = device["steps"]
    assert (update["before"], update["after"]["mtu"]) == ({"description": None, "mtu": 1500}, 9000)
    assert delete["before"]["section"] == "a7"
    assert delete["parent"] == {"model": "device", "identity": {"name": "leaf1"}}


def test_conflicts_are_shown() -> None:
    """A conflict stands with its device, with all three values, and who wins or that nobody does yet."""
    one = Conflict(ConflictKind.BOTH_CHANGED, "vlan", "20", {}, "name", "a", "b", "c", unit="leaf1")
    other = replace(one, base=1, source=2, dest=3, winner=ConflictResolutionStrategy.SOURCE_WINS)
    view = plan_view(plan(CREATE, conflicts=(one, other)))

    lines = [line.strip() for line in view.to_text().splitlines() if "!" in line]
    assert lines == [
        (
            "! vlan 20 name: a at the last run, the intent says b, the device c: to be decided, as with "
            "--decide 'leaf1 vlan 20 name=dest_wins'"
        ),
        "! vlan 20 name: 1 at the last run, the intent says 2, the device 3: the intent wins",
    ]
    told = json.loads(json.dumps(view.to_dict()))["devices"][0]["conflicts"]
    assert [(each["kind"], each["winner"]) for each in told] == [
        ("both_changed", None),
        ("both_changed", "source_wins"),
    ]


def test_part_says_so() -> None:
    """A part of a plan names the plan that it was made from."""
    whole = plan(UPDATE, ELSEWHERE)

    assert f"  made from plan {whole.id}" in plan_view(whole.restricted_to(["leaf1"])).to_text().splitlines()


def test_units_that_are_no_devices() -> None:
    """Where a unit has no site, none is shown."""
    assert plan_view(plan(CREATE, identities={})).to_text().splitlines()[2:] == [
        "  leaf1",
        "    + vlan 20",
        "        name: voice",
        "1 to create, 0 to update, 0 to delete, on 1 device",
    ]


def test_empty_plan() -> None:
    """An empty plan says that there is nothing to do."""
    assert plan_view(plan()).to_text().splitlines()[-1] == "nothing to do"


def test_what_would_not_be_seen_is_quoted() -> None:
    """Blanks, and characters that a terminal obeys, are shown as they are written in code."""
    made = plan(
        step("update", "interface", "Et1", before={"description": " "}, after={"description": "\x1b[2J"})
    )

    assert r"description: ' ' → '\x1b[2J'" in plan_view(made).to_text()


def test_rows() -> None:
    """A plan's changes can stand in a drift report; what only machines care for is left out."""
    update, delete = plan_rows(plan(UPDATE, DELETE))

    assert (update.site, update.device, update.label) == ("lab", "leaf1", "interface Et1")
    assert delete.changes == (("enabled", True, None), ("vrf", None, None))


# Two plans ------------------------------------------------------------------------------------------------


def test_same() -> None:
    """Plans that do the same do not differ, whatever else was around when they were made."""
    one, other = plan(UPDATE, CREATE), plan(UPDATE, CREATE).model_copy(update={"inputs": "1"})

    diff = plan_diff(one, Plan(**other.model_dump(exclude={"id"})))

    assert (diff.same, diff.devices, diff.summary) == (True, (), "both plans do the same")
    assert diff.to_dict()["same_inputs"] is False


def test_difference() -> None:
    """What only one has, and what does the same to other values, device by device."""
    other = step("update", "interface", "Et1", before={"mtu": 1500}, after={"mtu": 1400})
    a = plan(UPDATE, CREATE, native={"leaf1": ["mtu 9000", "vlan 20"]})
    b = plan(other, DELETE, ELSEWHERE, native={"leaf1": ["mtu 1400", "vlan 20"]})

    diff = plan_diff(a, b)

    assert diff.to_text().splitlines() == [
        f"A: plan {a.id}",
        f"B: plan {b.id}",
        "site ams",
        "  core1",
        "    B + vlan 20",
        "          name: voice",
        "site lab",
        "  leaf1",
        "    A + vlan 20",
        "          name: voice",
        "    B - interface Vlan30",
        "          enabled: True",
        "    ~ interface Et1",
        "      A description: (none) → desk",
        "      A mtu: 1500 → 9000",
        "      B mtu: 1500 → 1400",
        "      --- A",
        "      +++ B",
        "      @@ -1,2 +1,2 @@",
        "      -mtu 9000",
        "      +mtu 1400",
        "       vlan 20",
        "1 only in A, 2 only in B, 1 changed, on 2 devices",
    ]
    told = json.loads(json.dumps(diff.to_dict()))
    assert [each["device"] for each in told["devices"]] == ["core1", "leaf1"]
    assert told["devices"][1]["changed"][0]["b"]["after"] == {"mtu": 1400}


def test_difference_is_symmetric() -> None:
    """What is only in A is only in B the other way round."""
    a, b = plan(UPDATE, CREATE), plan(CREATE, DELETE)

    there, back = plan_diff(a, b).devices[0], plan_diff(b, a).devices[0]

    assert (there.only_a, there.only_b) == (back.only_b, back.only_a) == ((UPDATE,), (DELETE,))


def test_another_action_is_another_change() -> None:
    """To create an object and to update it are two things."""
    update = step("update", "vlan", "20", before={"name": "data"}, after={"name": "voice"})
    (device,) = plan_diff(plan(CREATE), plan(update)).devices

    assert (device.only_a, device.only_b, device.changed) == ((CREATE,), (update,), ())


def test_moved_elsewhere() -> None:
    """An object that goes below another parent is told, though its values are the same."""
    values = {"before": {}, "after": {}}
    a = plan(step("update", "interface", "Et1", **values))
    b = plan(step("update", "interface", "Et1", parent=ObjectRef("device", {"name": "leaf2"}), **values))

    lines = plan_diff(a, b).to_text().splitlines()

    assert lines[3:-1] == [
        "  leaf1",
        "    ~ interface Et1",
        "      A below device leaf1",
        "      B below device leaf2",
    ]


def test_other_target() -> None:
    """Plans for different targets differ, also when they do the same."""
    other = Plan(**{**plan(UPDATE).model_dump(exclude={"id"}), "target": Target("spares", "devices")})

    diff = plan_diff(plan(UPDATE), other)

    assert (diff.same, diff.summary) == (False, "both plans do the same, to different targets")
