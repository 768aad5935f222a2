"""What each platform can do, worked out by trying it; `python -m tests.devices.platform_table` writes it down.

The page is `docs/platforms.md`; between its markers stands what this makes, and a test keeps it so. With `--counts`
this only prints how many texts and attributes each platform is tested with.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftline.devices.platforms import PLATFORMS
from driftline.devices.reading import put_silent_ports
from driftline.devices.remediation import _render, lines_between, wanted_after
from driftline.engine.exceptions import PrepareError
from driftline.network import Interface, InterfaceKind, interface_kind

from . import set_text
from .boxes import BOXES
from .leaf import LEAF, create, delete
from .test_remediation import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from driftline.devices.platforms import Platform
    from driftline.devices.state import Change

PAGE = Path(__file__).parents[2] / "docs" / "platforms.md"
CONFIGS = Path(__file__).parent / "configs"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
TEXTS = {
    "eos": LEAF,
    "frr": "hostname leaf1\ninterface eth0\n ip address 10.20.0.1/24\nexit\n! interfaces: eth0 eth1\n",
    **{name: box.text for name, box in BOXES.items()},
}
HOMES = {
    "eos": "Vlan20",
    "frr": "eth0",
    "ios": "Vlan20",
    "nxos": "Vlan20",
    "iosxr": "GigabitEthernet0/0/0/5",
    "junos": "irb.20",
}
LOOPBACKS = {
    "eos": "Loopback9",
    "frr": "lo9",
    "ios": "Loopback9",
    "nxos": "loopback9",
    "iosxr": "Loopback9",
    "junos": "lo0.9",
}
# Others than the defaults, that any platform understands.
VALUES: Mapping[str, Any] = {
    "description": "to b",
    "enabled": False,
    "mtu": 9000,
    "mode": "trunk",
    "access_vlan": 20,
    "trunk_vlans": "10-12",
    "native_vlan": 20,
    "lag": "7",
    "lag_mode": "passive",
    "vrf": "RED",
    "encapsulation_vlan": 77,
}
NAMES = {
    "eos": ("Ethernet6", "Ethernet6.7", "Port-Channel"),
    "ios": ("GigabitEthernet1/0/6", "GigabitEthernet1/0/6.7", "Port-channel"),
    "nxos": ("Ethernet1/6", "Ethernet1/6.7", "port-channel"),
    "iosxr": ("GigabitEthernet0/0/0/4", "GigabitEthernet0/0/0/4.7", "Bundle-Ether"),
    "frr": ("eth1", "eth1.7", ""),
    "junos": ("ge-0/0/6", "ge-0/0/6.7", "ae"),
}
TOGETHER = {
    "access_vlan": {"mode": "access"},
    "trunk_vlans": {"mode": "trunk"},
    "lag": {"lag_mode": "active"},
}
"""What some platforms have an attribute with only."""
HOSTNAMES = {"junos": "set system host-name leaf1\n"}
SIMULATED = {"eos": {attribute for row in ATTRIBUTES for attribute in row[2]}}
REAL = {"frr": {"description", "enabled", "IPv4 address", "IPv6 address"}}
"""What `make test-lab` changes and reads back on routers that nobody here wrote."""
OBJECTS_SIMULATED = {"eos"}


def objects(name: str) -> dict[str, Change]:
    """A change per object that is not an interface's attribute."""
    home, address = HOMES[name], "ip_address"
    return {
        "IPv4 address": create(address, {"interface": home}, address="10.20.0.9/24"),
        "secondary IPv4 address": create(
            address, {"interface": home, "secondary": True}, address="10.20.0.8/24"
        ),
        "IPv6 address": create(address, {"interface": home}, address="3fff:20::1/64"),
        "VLAN and its name": create("vlan", {"name": "new"}, vid=30),
        "logical interface made and removed": create("interface", {}, name=LOOPBACKS[name]),
        "port put back to the factory default": delete("interface", name=NAMES[name][0]),
    }


def why_no_object(platform: Platform, change: Change) -> str | None:
    """Why there is no such object on a platform; None: there is."""
    now = platform.read("leaf1", TEXTS[platform.name])
    put_silent_ports(now, platform, NAMES[platform.name][:1])
    try:
        lines_between(platform, now, wanted_after(platform, now, [change]), [change.key])
    except PrepareError as error:
        return error.message
    return None


def why_no_attribute(platform: Platform, attribute: str) -> str | None:
    """Why no interface of a platform has an attribute; None: some have it, and it is read as it is rendered."""
    refused = platform.unsupported.get(attribute, {})
    if refused.keys() >= set(InterfaceKind):
        return next(iter(refused.values()))
    check_read_as_rendered(platform, attribute)
    return None


def check_read_as_rendered(platform: Platform, attribute: str) -> None:
    """Fail unless a value that is rendered is the value that is read."""
    *names, lag = NAMES[platform.name]
    name = next(n for n in names if interface_kind(n) not in platform.unsupported.get(attribute, ()))
    now = platform.read("leaf1", TEXTS[platform.name])
    interface = now.interface(name) or blank(platform, name)
    given = TOGETHER.get(attribute, {}) | {attribute: VALUES[attribute]}
    values = {
        field: getattr(interface, field) for field in type(interface).model_fields if field != "adapter"
    }
    wanted = now.copy()
    if attribute in ("lag", "lag_mode"):
        given["lag"] = f"{lag}7"
        wanted.put(blank(platform, given["lag"]))
    wanted.put(Interface(**values | given))
    keys = [
        ("interface", one.get_unique_id()) for one in wanted.of("interface") if one.name in (name, f"{lag}7")
    ]
    text = "\n".join(set_text.as_commands(platform, _render(platform, wanted, keys)))
    last = {"eos": "end\n", "ios": "end\n", "iosxr": "end\n"}.get(platform.name, "")
    first = HOSTNAMES.get(platform.name, "hostname leaf1\nvrf context RED\n")
    found = platform.read("leaf1", f"{first}{text}\n{last}").interface(name)
    assert found is not None
    assert found.same(attribute, given[attribute], getattr(found, attribute)), (platform.name, attribute)


def blank(platform: Platform, name: str) -> Interface:
    """An interface on which nothing is configured."""
    return Interface(device="leaf1", name=name, **platform.defaults(interface_kind(name)))


def rows() -> tuple[list[tuple[str, dict[str, str]]], list[str]]:
    """Per attribute and object what holds on each platform, and the reasons that are referred to."""
    reasons: list[str] = []
    found: list[tuple[str, dict[str, str]]] = []
    for attribute in VALUES:
        whys = {name: why_no_attribute(platform, attribute) for name, platform in PLATFORMS.items()}
        found.append((f"`{attribute}`", {n: cell(n, attribute, why, reasons) for n, why in whys.items()}))
    for what in objects("eos"):
        whys = {name: why_no_object(platform, objects(name)[what]) for name, platform in PLATFORMS.items()}
        found.append((what, {n: cell(n, what, why, reasons) for n, why in whys.items()}))
    return found, reasons


def cell(name: str, what: str, why: str | None, reasons: list[str]) -> str:
    """The letters of one platform and one attribute or object."""
    if why is not None:
        reason = f"{name}: {why.removeprefix('leaf1: ')}"
        if reason not in reasons:
            reasons.append(reason)
        return f"– ({reasons.index(reason) + 1})"
    simulated = what in SIMULATED.get(name, ()) or (name in OBJECTS_SIMULATED and what not in VALUES)
    return "LR" + "S" * simulated + "N" * (what in REAL.get(name, ()))


def table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = list(head)
    all_lines = [head, ["---"] * len(head), *lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in all_lines)


def capabilities() -> str:
    """What each system can do to make a change safe."""
    yes = {True: "yes", False: "no"}
    found = []
    for name, platform in PLATFORMS.items():
        can = platform.capabilities
        timer = f"in steps of {can.commit_confirmed} s" if can.commit_confirmed else "none"
        found.append(
            [f"`{name}`", yes[can.candidate], yes[can.atomic], timer, yes[can.replace], yes[can.config_lock]]
        )
    head = ["platform", "candidate without effect", "atomic commit", "confirm timer", "whole replace", "lock"]
    return table(head, found)


def counts() -> str:
    """How many configuration texts, written by others, each platform's reader is tested with."""
    found = []
    for name, platform in PLATFORMS.items():
        folder = CONFIGS / name
        texts = len(list(folder.iterdir())) if folder.is_dir() else 0
        possible = [a for a in VALUES if platform.unsupported.get(a, {}).keys() != set(InterfaceKind)]
        found.append([f"`{name}`", str(texts), str(len(possible))])
    return table(["platform", "configuration texts by others", "attributes of an interface"], found)


def generated() -> str:
    """What stands between the markers of the page."""
    found, reasons = rows()
    names = list(PLATFORMS)
    body = table(
        ["", *(f"`{n}`" for n in names)], [[what, *(cells[n] for n in names)] for what, cells in found]
    )
    notes = "".join(f"{number}. {reason}\n" for number, reason in enumerate(reasons, 1))
    return f"{body}\n{notes}\n## To make a change safe\n\n{capabilities()}\n## Tested with\n\n{counts()}"


def written(page: str) -> str:
    """The page with the tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{generated()}\n{END}{after}"


if __name__ == "__main__":
    if "--counts" in sys.argv:
        print(counts())
    else:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
