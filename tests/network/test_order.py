"""The order of change."""

from __future__ import annotations

import random
from typing import Any

from driftline.engine import Step
from driftline.network import change_order


def step(action: str, model: str, *, unit: str = "leaf1", **values: Any) -> Step:
    """Return a step; the identity is made of the values that belong to it."""
    identity = {"device": unit} | {key: values[key] for key in ("name", "vid", "address") if key in values}
    rest = {key: value for key, value in values.items() if key not in identity}
    name = str(values.get("name") or values.get("vid") or values.get("address"))
    return Step(
        id=f"{unit} {action} {name}",
        action=action,
        model=model,
        identity=identity,
        name=name,
        unit=unit,
        parent=None,
        before=rest if action == "delete" else None,
        after=None if action == "delete" else rest,
    )


def test_order_of_change() -> None:
    """What others need is made first and dropped last."""
    expected = [
        step("create", "vlan", vid=10),
        step("update", "vlan", vid=20),
        step("create", "interface", name="Port-Channel1"),
        step("update", "interface", name="Ethernet1"),
        step("update", "interface", name="Ethernet2"),
        step("update", "interface", name="Ethernet10"),
        step("create", "interface", name="Loopback0"),
        step("create", "interface", name="Ethernet2.100"),
        step("create", "interface", name="Vlan10"),
        step("delete", "ip_address", address="10.0.0.2/24", interface="Ethernet1", secondary=True),
        step("delete", "ip_address", address="10.0.0.1/24", interface="Ethernet1", secondary=False),
        step("create", "ip_address", address="10.1.0.1/24", interface="Vlan10", secondary=False),
        step("create", "ip_address", address="10.1.0.2/24", interface="Vlan10", secondary=True),
        step("delete", "interface", name="Vlan30"),
        step("delete", "interface", name="Ethernet3.100"),
        step("delete", "interface", name="Loopback9"),
        step("delete", "interface", name="Port-Channel3"),
        step("delete", "vlan", vid=30),
        step("create", "vlan", vid=10, unit="leaf2"),
    ]
    shuffled = random.Random(7).sample(expected, len(expected))  # noqa: S311 - an order, no secret

    assert [one.id for one in expected] == [one.id for one in sorted(shuffled, key=change_order)]


def test_order_is_complete() -> None:
    """No two different objects of a device have the same place, so plans have one order."""
    steps = [
        step("create", "interface", name="Ethernet1/1"),
        step("create", "interface", name="Ethernet1/1.1"),
        step("create", "ip_address", address="10.0.0.1/24", interface="Ethernet1"),
        step("create", "ip_address", address="10.0.0.2/24", interface="Ethernet1"),
        step("create", "vlan", vid=1),
        step("create", "vlan", vid=11),
    ]

    assert len(steps) == len({change_order(one) for one in steps})
