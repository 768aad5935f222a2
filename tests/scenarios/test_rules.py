"""Rules and validators, from the user's seat: what must hold whatever the intent says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from driftline import workflow
from driftline.engine.results import UnitOutcome
from driftline.lab import Fault, FaultKind
from driftline.settings import read_settings

if TYPE_CHECKING:
    from tests.conftest import Fabric

NEVER = {
    "never": {"model": "interface", "where": {"description": "uplink*"}, "then": {"enabled": False}},
    "why": "an uplink is never shut",
}
EQUAL = {
    "equal": {"attributes": ["mtu"], "links": [["leaf1", "Ethernet6", "core1", "Ethernet1"]]},
    "why": "frames that are too long are lost",
}
PATTERN = {
    "pattern": {"model": "vlan", "attribute": "name", "match": "[a-z-]+"},
    "why": "the monitoring needs it",
}


def rules(fabric: Fabric, *rules: dict[str, Any], **more: Any) -> None:
    """Write rules into the settings."""
    file = fabric.folder / "driftline.yml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "rules": list(rules), **more}))


VIOLATIONS = [
    (
        NEVER,
        "description: uplink\n    enabled: true",
        "description: uplink\n    enabled: false",
        NEVER["why"],
    ),
    (EQUAL, "mtu: 9000", "mtu: 9100", EQUAL["why"]),
    (PATTERN, "30: {name: servers}", "30: {name: Servers!}", PATTERN["why"]),
]


@pytest.mark.parametrize(("rule", "old", "new", "why"), VIOLATIONS, ids=["never", "equal", "pattern"])
def test_a_plan_that_violates_a_rule_is_refused(
    fabric: Fabric, rule: dict[str, Any], old: str, new: str, why: str
) -> None:
    """The mistake is in the intent: nothing is written, and the rule's reason is told; without the rule it goes."""
    rules(fabric, rule)
    fabric.edit("leaf1", old, new)
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 1, answer.out
    assert why in answer.err
    assert fabric.lab.counters.writes == 0
    rules(fabric)
    assert fabric.run("remediate", "--yes").status == 0


def test_a_device_that_is_against_a_rule_when_it_is_read_back_is_rolled_back(fabric: Fabric) -> None:
    """Somebody shuts the uplink whose description we change, after we looked: rolled back, with the rule's reason."""
    rules(fabric, NEVER)
    fabric.lab["leaf1"].change("interface Ethernet6", "description uplnik")
    settings = read_settings(fabric.folder / "driftline.yml")
    loaded = workflow.load(settings)
    try:
        made = workflow.plan(loaded, workflow.detect(loaded), settings)
        fabric.lab["leaf1"].change("interface Ethernet6", "shutdown")
        before = fabric.lab["leaf1"].running_config
        applied = workflow.apply(made, loaded.actual, settings, intended=loaded.intended)
    finally:
        loaded.actual.close()
    (unit,) = applied.result.units
    assert unit.outcome is UnitOutcome.ROLLED_BACK
    assert NEVER["why"] in str(unit.error)
    assert fabric.lab["leaf1"].running_config == before


def disliked(context: Any) -> str:
    """Be a validator of devices as they were read back."""
    return f"{context.unit} is not to my taste"


disliked.stage = "post"  # type: ignore[attr-defined]


def test_a_validator_can_have_a_device_rolled_back(fabric: Fabric) -> None:
    """Asked when the device was read back, before the change is permanent: exit 4, and as before."""
    rules(fabric, validators=["tests.scenarios.test_rules:disliked"])
    fabric.lab["leaf1"].change("interface Ethernet1", "description wrong")
    before = fabric.running()
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 4
    assert "leaf1 is not to my taste" in answer.out
    assert fabric.running() == before


def test_violations_that_were_there_before_are_notes(fabric: Fabric) -> None:
    """What the plan does not touch is told, and does not stop it."""
    fabric.lab["leaf2"].change("interface Vlan99", "shutdown")
    where = {"model": "interface", "where": {"description": "somebody*"}, "then": {"enabled": False}}
    rules(fabric, {"never": where, "why": "it is somebody's"})
    fabric.lab["leaf2"].change("interface Ethernet1", "description wrong")
    answer = fabric.run("remediate", "--yes", "--output", "json")
    assert answer.status == 0, answer.out
    assert any("it is somebody's" in note for note in answer.json["notes"])


def objects(context: Any) -> list[str]:
    """Be a validator that does not like what is planned."""
    return [f"{len(context.plan.steps)} changes are too many on a Saturday"]


def test_a_validator_in_python_can_forbid_a_run(fabric: Fabric) -> None:
    """Its words are told, and nothing is written."""
    rules(fabric, validators=["tests.scenarios.test_rules:objects"])
    fabric.lab["leaf1"].change("interface Ethernet1", "description wrong")
    fabric.lab.reset_log()
    answer = fabric.run("remediate", "--yes")
    assert (answer.status, fabric.lab.counters.writes) == (1, 0)
    assert "1 changes are too many on a Saturday" in answer.err


def test_a_lost_answer_does_not_hide_a_violation(fabric: Fabric) -> None:
    """A rule that can't be judged, since the device does not answer any more, is no rule that is obeyed."""
    rules(fabric, NEVER)
    fabric.lab["leaf1"].change("interface Ethernet1", "description wrong")
    before = fabric.lab["leaf1"].running_config
    fabric.lab["leaf1"].inject(Fault(FaultKind.RESET_BEFORE, command="show running-config", skip=2, times=1))
    assert fabric.run("remediate", "--yes").status == 4
    assert fabric.lab["leaf1"].running_config == before
