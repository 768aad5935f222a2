"""How the servers' values become ours."""

from __future__ import annotations

from typing import Any

import pytest

from driftline.adapters.ipam import values


@pytest.mark.parametrize(
    ("kbits", "mbits"),
    [(1_000_000, 1000), (2_500, 2.5), (0, None), (-1, None), (None, None)],
)
def test_speeds_are_in_mbits(kbits: int | None, mbits: float | None) -> None:
    """Both systems have kbit/s; 0 and -1 mean unknown."""
    assert values.speed(kbits) == mbits


@pytest.mark.parametrize(("theirs", "ours"), [(9214, 9214), (0, None), (-1, None), (None, None)])
def test_an_mtu_that_is_none(theirs: int | None, ours: int | None) -> None:
    """Drivers give 0 where they do not know."""
    assert values.mtu(theirs) == ours


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("00:1c:73:aa:bb:cc", "00:1C:73:AA:BB:CC"),
        ("001c.73aa.bbcc", "00:1C:73:AA:BB:CC"),
        ("00-1C-73-AA-BB-CC", "00:1C:73:AA:BB:CC"),
        ("", None),
        (None, None),
        ("none", None),
    ],
)
def test_mac_addresses_in_any_spelling(text: str | None, ours: str | None) -> None:
    """What is no MAC address is not known."""
    assert values.mac(text) == ours


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("access", "access"),
        ("TAGGED_ALL", "tagged-all"),
        ({"value": "tagged", "label": "Tagged"}, "tagged"),
        ("q-in-q", None),
        ("", None),
        (None, None),
    ],
)
def test_modes(theirs: Any, ours: str | None) -> None:
    """As REST and as GraphQL tell them."""
    assert values.mode(theirs) == ours


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("active", "active"),
        ({"value": "active", "label": "Active"}, "active"),
        ({"name": "End-of-Life"}, "end-of-life"),
        (None, None),
    ],
)
def test_choices_are_slugs(theirs: Any, ours: str | None) -> None:
    """Nautobot has names only."""
    assert values.choice(theirs) == ours


def test_times_of_rest_and_graphql_are_the_same() -> None:
    """Else an object would look changed that is not."""
    assert values.moment("2026-11-21T23:49:10.214902+00:00") == values.moment("2026-11-21T23:49:10.214902Z")


def test_addresses_of_one_link() -> None:
    """fe80::/10 ends at febf."""
    texts = ("fe80::1/64", "FEBF::1/64", "fec0::1/64", "10.0.0.1/8")
    assert [each for each in texts if values.is_link_local(each)] == [
        "fe80::1/64",
        "FEBF::1/64",
    ]
