"""Adopting drift: the intent says what the devices have, and nothing else in the files changes."""

from __future__ import annotations

import difflib
import shutil
import tempfile
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftline.adapters.intent import Adoption, Choice, IntentWriteError, adopt
from driftline.engine import Diff
from tests.adapters.actual_state import FABRIC, drift, load, read, running
from tests.scenarios.test_every_kind import BY_HAND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftline.engine.diff import DiffElement

CHANGES = dict(BY_HAND)
LEAF2 = [
    ["no vlan 20"],
    ["vlan 10", "name people"],
    ["interface Ethernet3", "description desk", "switchport access vlan 99"],
    ["interface Vlan10", "ip address 10.0.10.22/24"],
    ["interface Vlan10", "no ip address"],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The fabric's intent, to be edited."""
    return Path(shutil.copytree(FABRIC / "intent", tmp_path / "intent"))


def adopted(folder: Path, *lines: list[str], device: str = "leaf1", **choice: Any) -> Adoption:
    """Change a device by hand and adopt what is chosen of it, without writing."""
    intended = load(folder)
    diff = drift(read(running({device: [*lines]})), intended)
    return adopt(intended, diff, Choice(**choice))


def asks(diff: Diff) -> dict[tuple[str, str], Any]:
    """Return what a diff asks for, object by object."""
    return {
        (element.type, str(sorted(element.keys.items()))): (element.action, element.get_attrs_diffs())
        for element in diff.walk()
        if element.action
    }


def objects(diff: Diff) -> Iterator[tuple[DiffElement, DiffElement]]:
    """Return the objects that differ, each with the one that hangs directly below its device."""
    for site in diff.differing():
        for device in site.child_diff.differing():
            for top in device.child_diff.in_order():
                yield from ((one, top) for one in (top, *top.child_diff.walk()) if one.action)


# All of it, and one alone ---------------------------------------------------------------------------------

# What no intent can say: rules of the files forbid it.
UNSAYABLE = {
    "create port-channel": "INTENT-LAG-NOT-LISTED",
    "update lag member to another lag": "INTENT-LAG-NOT-LISTED",
    "update routed to switched": "INTENT-ADDRESS-ON-SWITCHPORT",
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_adopted_is_no_drift_any_more(folder: Path, name: str) -> None:
    """Every kind of change by hand becomes intent, and then the device is as intended."""
    actual = read(running({"leaf1": [CHANGES[name]]}))
    intended = load(folder)
    diff = drift(actual, intended)
    assert diff.has_diffs()
    adoption = adopt(intended, diff)
    assert {problem.code for problem in adoption.problems} == ({UNSAYABLE[name]} if name in UNSAYABLE else set())
    if name in UNSAYABLE:
        assert adoption.changes == ()
    else:
        assert adoption.write() == [folder / "devices/leaf1.yml"]
        assert drift(actual, load(folder)).str() == "(no diffs)"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(list(CHANGES)), min_size=1, max_size=6, unique=True),
    st.lists(st.sampled_from(LEAF2), max_size=3, unique_by=str),
    st.randoms(use_true_random=False),
)
def test_all_is_adopted_or_one_and_nothing_else(names, more, random):
    """After adopting one object that object is no drift any more, and the rest of the drift is what it was."""
    actual = read(running({"leaf1": [CHANGES[name] for name in names], "leaf2": more}))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(shutil.copytree(FABRIC / "intent", Path(scratch) / "intent"))
        intended = load(folder)
        diff = drift(actual, intended)
        before = asks(diff)
        if before:
            one, _ = random.choice(list(objects(diff)))
            adoption = adopt(intended, diff, choice_of(one))
            adoption.write()
            after = asks(drift(actual, load(folder)))
            gone = before.keys() - after.keys()
            assert {key: value for key, value in before.items() if key not in gone} == after
            assert gone <= family_of(one, diff)
            assert key_of(one) in gone or adoption.problems
        intended = load(folder)
        adoption = adopt(intended, drift(actual, intended))
        adoption.write()
        left = asks(drift(actual, load(folder)))
        assert bool(left) is bool(adoption.problems)


def choice_of(element: DiffElement) -> Choice:
    """Return the choice of one object."""
    names = {"interface": "name", "vlan": "vid", "ip_address": "address"}
    name = str(element.keys[names[element.type]])
    return Choice(devices=str(element.keys["device"]), models=(element.type,), objects=(name,))


def key_of(element: DiffElement) -> tuple[str, str]:
    return element.type, str(sorted(element.keys.items()))


def family_of(one: DiffElement, diff: Diff) -> set[tuple[str, str]]:
    """Return the objects that may go along with one: those that share an interface with one of its name."""
    tops = [top for other, top in objects(diff) if choice_of(other) == choice_of(one)]
    return {key_of(element) for top in tops for element in (top, *top.child_diff.walk())}
