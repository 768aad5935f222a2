"""The page about platforms says what is so."""

from __future__ import annotations

import pytest

from driftline.devices.platforms import PLATFORMS
from driftline.network import Interface, InterfaceKind

from .platform_table import PAGE, VALUES, check_read_as_rendered, counts, generated, written


def test_the_page_is_up_to_date() -> None:
    """`python -m tests.devices.platform_table` writes it."""
    page = PAGE.read_text(encoding="utf-8")
    assert generated() in page
    assert written(page) == page


def test_every_attribute_is_in_the_table() -> None:
    """No managed attribute is left out."""
    assert set(VALUES) == set(Interface._attributes)


def test_texts_and_attributes_are_counted() -> None:
    """Five platforms are tested with texts by others, four of them with at least ten; FRR with routers instead."""
    lines = [line.strip("| ").split(" | ") for line in counts().splitlines()[2:]]
    found = {name.strip("`"): (int(texts), int(attributes)) for name, texts, attributes in lines}
    assert set(PLATFORMS) == set(found)
    assert {name for name, (texts, _) in found.items() if texts >= 10} == {"eos", "ios", "junos", "nxos"}
    assert found["junos"] == (12, len(VALUES))


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_is_rendered_is_read(name: str) -> None:
    """Each attribute that a platform has comes back as it was rendered."""
    platform = PLATFORMS[name]
    for attribute in VALUES:
        if platform.unsupported.get(attribute, {}).keys() < set(InterfaceKind):
            check_read_as_rendered(platform, attribute)


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_refusal_has_a_reason(name: str) -> None:
    """What is not possible says why, for each kind of interface."""
    assert all(reason for kinds in PLATFORMS[name].unsupported.values() for reason in kinds.values())
