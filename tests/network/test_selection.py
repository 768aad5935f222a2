"""Choosing devices."""

from __future__ import annotations

import pytest

from driftline.network import Device, select

DEVICES = [
    Device(name="ams-leaf1", site="ams", role="leaf"),
    Device(name="ams-leaf2", site="ams", role="leaf"),
    Device(name="ams-spine1", site="ams", role="spine"),
    Device(name="fra-leaf1", site="fra", role="leaf"),
    Device(name="fra-oob", site="fra"),
]
ALL = {device.name for device in DEVICES}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("ams-leaf1", {"ams-leaf1"}),
        ("ams-leaf?", {"ams-leaf1", "ams-leaf2"}),
        ("fra", {"fra-leaf1", "fra-oob"}),
        ("spine", {"ams-spine1"}),
        ("ams-leaf1,fra-oob", {"ams-leaf1", "fra-oob"}),
        ("ams-leaf1:fra-oob", {"ams-leaf1", "fra-oob"}),
        (" ams-leaf1 , fra-oob ", {"ams-leaf1", "fra-oob"}),
        ("leaf,&ams", {"ams-leaf1", "ams-leaf2"}),
        ("ams,!spine", {"ams-leaf1", "ams-leaf2"}),
        ("!leaf", {"ams-spine1", "fra-oob"}),
        ("&fra", {"fra-leaf1", "fra-oob"}),
        ("*", ALL),
        ("AMS", set()),
        ("nobody", set()),
    ],
)
def test_patterns(pattern: str, expected: set[str]) -> None:
    """Names, sites and roles are chosen, left out, and intersected."""
    assert expected == select(DEVICES, pattern)


@pytest.mark.parametrize("pattern", ["", " ", ",", "!", "&", "!,&", ": ,"])
def test_empty_pattern(pattern: str) -> None:
    """A pattern that says nothing chooses nothing: it is a variable that was not set."""
    assert select(DEVICES, pattern) == set()


def test_device_without_a_role() -> None:
    """A missing role is no role, not an empty one."""
    assert select(DEVICES, "*,!") == ALL
