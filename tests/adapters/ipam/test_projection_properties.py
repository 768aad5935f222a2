"""Networks go into an IPAM and come back as they were, as far as an IPAM can tell."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.actual_state import read, running
from tests.adapters.ipam.held import holding, intended_of, left
from tests.adapters.test_discovering import network
from tests.devices.test_circular import leaves

from driftline.network import Interface, IPAddress, Vlan

pytestmark = pytest.mark.usefixtures("quiet")
SITES = st.booleans()
STATES = st.lists(leaves(), min_size=1, max_size=3)
KEEPS = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


def networks_of(states: list[dict[Any, Any]], *, together: bool) -> Any:
    """Return a network of leaves, at one site or each at its own; VLANs without a name keep their default one."""
    names = [f"leaf{number}" for number, _ in enumerate(states, start=1)]
    objects = [
        obj.model_copy(update={"device": name})
        for name, state in zip(names, states, strict=True)
        for obj in state.values()
    ]
    return network(*objects, devices={name: "lab" if together else f"at-{name}" for name in names})


NETWORKS = st.builds(networks_of, STATES, together=SITES)


def fitted(intended: Any) -> Any:
    """Spell the default names of VLANs as devices have them: not at all."""
    for vlan in intended.get_all(Vlan):
        if vlan.name == f"VLAN{vlan.vid:04d}":
            vlan.name = None
    return intended


def vlans_told_apart(dataset: Any) -> set[tuple[str, int]]:
    """Return the VLANs that are not called the same, or not there, on all devices of a site."""
    sites: dict[str, list[Any]] = {}
    for device in dataset.get_all("device"):
        sites.setdefault(device.site, []).append(dataset.get_by_uids(device.vlans, Vlan))
    return {
        (site, vlan.vid)
        for site, members in sites.items()
        for vlans in members
        for vlan in vlans
        if any((vlan.vid, vlan.name) not in {(one.vid, one.name) for one in other} for other in members)
    }


def without_vlans(diff: Any) -> list[str]:
    return [
        f"{one.type} {one.keys} {one.get_attrs_diffs()}"
        for one in diff.walk()
        if one.action and one.type != "vlan"
    ]


def left_out_of(diff: Any, gone: set[str]) -> list[str]:
    """Return what differs on devices that are still there: no device goes by itself from an IPAM."""
    devices = [one for site in diff.differing() for one in site.child_diff.differing()]
    return [line for one in devices if one.name not in gone for line in without_vlans(one.child_diff)]


@settings(max_examples=150, **KEEPS)
@given(NETWORKS, st.sampled_from(["unmanaged", "empty"]))
def test_what_went_into_an_ipam_is_intended(dataset: Any, empty: str) -> None:
    """No drift afterwards, but for VLANs on which devices of a site don't agree."""
    apart = vlans_told_apart(dataset)
    diff = dataset.diff_from(fitted(intended_of(holding(dataset), empty=empty)))
    assert without_vlans(diff) == []
    sites = {device.name: device.site for device in dataset.get_all("device")}
    drifted = {(sites[one.keys["device"]], one.keys["vid"]) for one in diff.walk() if one.type == "vlan"}
    assert drifted <= apart


@settings(max_examples=100, **KEEPS)
@given(NETWORKS)
def test_an_ipam_that_holds_all_owns_all(dataset: Any) -> None:
    """Exclusive: nothing is deleted, also no VLAN that the site has and no port of the device uses."""
    intended = fitted(intended_of(holding(dataset), manage="exclusive", empty="empty"))
    diff = dataset.diff_from(intended)
    assert without_vlans(diff) == []
    assert [one.keys for one in diff.walk() if one.action == "delete"] == []


@settings(max_examples=60, **KEEPS)
@given(NETWORKS)
def test_a_second_time_there_is_nothing_to_write(dataset: Any) -> None:
    """What was written is what would be written again."""
    held = holding(dataset)
    assert left(dataset, held).str() == "(no diffs)"


@settings(max_examples=80, **KEEPS)
@given(NETWORKS, NETWORKS)
def test_an_ipam_follows_any_change(before: Any, after: Any) -> None:
    """From any network to any other: written once, it is as it would be."""
    held = holding(after, holding(before))
    assert left(after, held).str() == "(no diffs)"
    gone = {device.name for device in before.get_all("device")} - {
        one.name for one in after.get_all("device")
    }
    assert left_out_of(after.diff_from(intended_of(held)), gone) == []


def test_the_fabric_comes_back_from_an_ipam() -> None:
    """Every kind of object, read from running configurations, with the device adapter's own fitting."""
    actual = read(running())
    for intention in ({}, {"empty": "empty"}, {"empty": "empty", "manage": "exclusive"}):
        intended = intended_of(holding(actual), **intention)
        actual.fit(intended)
        assert actual.failures == {}
        assert actual.diff_from(intended).str() == "(no diffs)"
        assert intended.notes == ()
        assert actual.count(IPAddress) == intended.count(IPAddress)
        assert actual.count(Interface) == intended.count(Interface)
