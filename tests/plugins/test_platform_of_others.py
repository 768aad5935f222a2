"""A platform of others: found by its entry point, and as good as our own."""

from __future__ import annotations

import pytest

from driftline.devices.platforms import PLATFORMS, platform_named, platform_names
from driftline.devices.reading import parse
from driftline.devices.remediation import lines_back, lines_between, wanted_after
from driftline.devices.state import Change
from driftline.engine.exceptions import UnusableAnswer

TEXT = """\
hostname r1
routing-instance BLUE
interface ethernet0
 description uplink
 ip address 10.0.0.1/24
 queue 7
interface loopback0
"""


@pytest.mark.usefixtures("_installed")
def test_it_is_found_by_its_name() -> None:
    """A host's platform can be one that another package brings."""
    assert platform_named("acme", "r1").name == "acme"
    assert "acme" in platform_names()


@pytest.mark.usefixtures("_installed")
def test_it_reads_and_renders() -> None:
    """From a configuration to lines and back, with its own words and what all platforms have in common."""
    acme = platform_named("acme", "r1")
    now = parse(TEXT, "r1", acme)
    change = Change(
        "update", "interface", {"device": "r1", "name": "ethernet0"}, {}, {"mtu": 9000, "vrf": "BLUE"}
    )
    moved = [
        Change("delete", "ip_address", {"device": "r1", "vrf": "default", "address": "10.0.0.1/24"}, {}, {}),
        Change(
            "create",
            "ip_address",
            {"device": "r1", "vrf": "BLUE", "address": "10.0.0.1/24"},
            {},
            {"interface": "ethernet0"},
        ),
    ]
    wanted = wanted_after(acme, now, [change, *moved])
    keys = [one.key for one in (change, *moved)]
    there = [line.strip() for line in lines_between(acme, now, wanted, keys)]
    assert there == ["interface ethernet0", "mtu 9000", "routing-instance BLUE", "ip address 10.0.0.1/24"]
    back = [line.strip() for line in lines_back(acme, wanted, now, keys)]
    assert back == ["interface ethernet0", "no mtu", "no routing-instance", "ip address 10.0.0.1/24"]


@pytest.mark.usefixtures("_installed")
def test_ours_win() -> None:
    """No package takes the place of a platform that comes with driftline."""
    assert platform_named("eos", "leaf1") is PLATFORMS["eos"]


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("name", ["half", "gone"])
def test_a_broken_one_is_told_from_a_missing_one(name: str) -> None:
    """It is said which one, and what is wrong with it."""
    with pytest.raises(UnusableAnswer, match=f"platform '{name}' of another package") as caught:
        platform_named(name, "r1")
    assert caught.value.code == "DEVICE-PLATFORM"


def test_an_unknown_one_names_those_that_are_known() -> None:
    """Without the package it is not supported."""
    with pytest.raises(UnusableAnswer) as caught:
        platform_named("acme", "r1")
    assert "eos, frr, ios, iosxr, junos, nxos" in caught.value.hint
