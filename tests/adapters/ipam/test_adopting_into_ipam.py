"""Adopting into an IPAM: the chosen drift is gone afterwards, and the rest is what it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.actual_state import drift, read, running
from tests.adapters.ipam.held import Held, holding, intended_of, read_back
from tests.adapters.test_adopting import CHANGES, LEAF2, asks, choice_of, family_of, objects

from driftline.adapters.intent import Choice
from driftline.adapters.ipam.adopting import Adoption, adopt
from driftline.engine import DiffSyncModelFlags

pytestmark = pytest.mark.usefixtures("quiet")
WHOLE = {"manage": "exclusive", "empty": "empty"}


def drift_now(actual: Any, held: Held, **intention: Any) -> Any:
    """Return what would have to change on the devices to be as the IPAM says."""
    return drift(actual, intended_of(held, **intention))


def adopted(actual: Any, held: Held, choice: Choice, **intention: Any) -> Adoption:
    """Adopt what is chosen of the drift, and write it."""
    intended = intended_of(held, **intention)
    adoption = adopt(intended, actual, drift(actual, intended), choice)
    held.sync_from(adoption.source)
    read_back(held)
    return adoption


# VLANs belong to sites in an IPAM: a device can't have one less, or one without a name. And no port can be in a
# port-channel that is not there.
UNSAYABLE = {
    "create vlan": "ADOPT-FROM-SITE",
    "update vlan without name": "ADOPT-FROM-SITE",
    "update lag member to another lag": "ADOPT-INTERFACE",
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_adopted_is_no_drift_any_more(name: str) -> None:
    """Every kind of change by hand goes into the IPAM, and then the device is as intended."""
    held = holding(read(running()))
    actual = read(running({"leaf1": [CHANGES[name]]}))
    adoption = adopted(actual, held, Choice(), **WHOLE)
    codes = {problem.code for problem in adoption.problems}
    assert codes == ({UNSAYABLE[name]} if name in UNSAYABLE else set())
    assert drift_now(actual, held, **WHOLE).has_diffs() == (name in UNSAYABLE)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(list(CHANGES)), min_size=1, max_size=5, unique=True),
    st.lists(st.sampled_from(LEAF2), max_size=3, unique_by=str),
    st.randoms(use_true_random=False),
)
def test_one_is_adopted_and_nothing_else(names: Any, more: Any, random: Any) -> None:
    """After adopting one object, what is gone of the drift is that object's, and nothing is new."""
    held = holding(read(running()))
    actual = read(running({"leaf1": [CHANGES[name] for name in names], "leaf2": more}))
    diff = drift_now(actual, held, **WHOLE)
    before = asks(diff)
    if not before:
        return
    one, _ = random.choice(list(objects(diff)))
    adopted(actual, held, choice_of(one), **WHOLE)
    after = asks(drift_now(actual, held, **WHOLE))
    assert after.keys() <= before.keys()
    assert before.keys() - after.keys() <= family_of(one, diff)


def test_one_attribute_is_adopted_alone() -> None:
    """The port is still shut down, which is not what is intended."""
    held = holding(read(running()))
    actual = read(running({"leaf1": [["interface Ethernet3", "shutdown", "description desk"]]}))
    adoption = adopted(actual, held, Choice(attributes=["description"]))
    assert adoption.problems == ()
    port = held.get("interface", {"device": "leaf1", "name": "Ethernet3"})
    assert (port.description, port.enabled) == ("desk", True)
    (left,) = (one for one in drift_now(actual, held).walk() if one.action)
    assert left.get_attrs_diffs() == {"+": {"enabled": True}, "-": {"enabled": False}}


def test_what_an_access_port_needs_comes_along() -> None:
    """A VLAN that the IPAM does not have."""
    held = holding(read(running()))
    by_hand = [["vlan 77", "name guests"], ["interface Ethernet2", "switchport access vlan 77"]]
    actual = read(running({"leaf1": by_hand}))
    adopted(actual, held, Choice(objects=["Ethernet2"]))
    vlan = held.get("vlan", {"site": "lab", "group": "", "vid": 77})
    assert (vlan.name, vlan.status) == ("guests", "active")
    assert drift_now(actual, held).str() == "(no diffs)"


def test_what_driftline_has_not_made_is_not_deleted() -> None:
    """The refusal names the object and the way out."""
    held = holding(read(running()))
    port = held.get("interface", {"device": "leaf1", "name": "Loopback0"})
    port.model_flags |= DiffSyncModelFlags.NO_DELETE
    actual = read(running({"leaf1": [["no interface Loopback0"]]}))
    intended = intended_of(held)
    (problem,) = adopt(intended, actual, drift(actual, intended)).problems
    assert (problem.where, problem.code) == ("leaf1", "ADOPT-NOT-OWNED")
    assert problem.message.startswith("interface Loopback0: ")


def test_an_address_needs_its_interface() -> None:
    """An address alone can't be at an interface that the IPAM does not have; with it, it can."""
    held = holding(read(running()))
    actual = read(running({"leaf1": [["interface Loopback9", "ip address 10.9.9.9/32"]]}))
    (problem,) = adopted(actual, held, Choice(models=["ip_address"]), **WHOLE).problems
    assert problem.code == "ADOPT-INTERFACE"
    adoption = adopted(actual, held, Choice(models=["interface"]), **WHOLE)
    assert adoption.problems == ()
    assert drift_now(actual, held, **WHOLE).str() == "(no diffs)"


def test_a_name_that_others_of_the_site_give_a_vlan_stays() -> None:
    """What one device calls it is not what the site calls it."""
    held = holding(read(running()))
    actual = read(running({"leaf1": [["vlan 10", "name people"]]}))
    (problem,) = adopted(actual, held, Choice()).problems
    assert problem.code == "ADOPT-FROM-SITE"
    assert problem.hint == "see leaf2"


def test_what_an_ipam_can_not_say_is_refused_alone() -> None:
    """A trunk of nearly all VLANs is not listed one by one; the description is adopted."""
    held = holding(read(running()))
    by_hand = ["interface Ethernet3", "switchport trunk allowed vlan 2-4094", "description desk"]
    actual = read(running({"leaf1": [by_hand]}))
    (problem,) = adopted(actual, held, Choice()).problems
    assert (problem.code, problem.message) == (
        "ADOPT-VALUE",
        "interface Ethernet3: an IPAM can't say its trunk_vlans",
    )
    assert held.get("interface", {"device": "leaf1", "name": "Ethernet3"}).description == "desk"
    (one,) = (one for one in drift_now(actual, held).walk() if one.action)
    assert list(one.get_attrs_diffs()["+"]) == ["trunk_vlans"]
