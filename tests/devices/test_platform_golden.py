"""Configurations that nobody here wrote, for IOS, NX-OS, IOS XR and Junos: read, rendered, changed and changed back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from driftline.devices.platforms.sections import sections
from driftline.devices.remediation import _render, lines_between
from driftline.network import InterfaceKind

from . import set_text
from .boxes import BOXES, Box, values
from .leaf import create, port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftline.devices.state import Change, DeviceState
    from driftline.network import Interface

FOLDER = Path(__file__).parent / "configs"
TEXTS = [(BOXES[name], path) for name in BOXES for path in sorted((FOLDER / name).iterdir())]
ENOUGH = {"ios": 16, "nxos": 13, "iosxr": 4, "junos": 12}
NOT_MODELLED = ("Tunnel", "vasi", "nve")
SWITCHED = (InterfaceKind.PHYSICAL, InterfaceKind.LAG)


@pytest.fixture(params=TEXTS, ids=lambda pair: f"{pair[0].name}-{pair[1].stem}")
def golden(request: pytest.FixtureRequest) -> tuple[Box, str]:
    """A platform and one of its configurations, whose last line is the one that devices print."""
    box, path = request.param
    text = path.read_text(encoding="utf-8")
    if box.name == "junos":
        return box, set_text.as_set(text)
    whole = box.name == "nxos" or text.rstrip().endswith("\nend")
    return box, text if whole else f"{text}\nend\n"


def state_of(box: Box, text: str) -> DeviceState:
    """What a configuration says."""
    return box.platform.read("leaf1", text)


def interfaces_in(box: Box, text: str) -> list[tuple[str, list[str]]]:
    """The sections of modelled interfaces, and their lines."""
    found = set_text.sections(text) if box.name == "junos" else list(sections(text))
    return [
        (header.split()[1], lines)
        for header, lines in found
        if header.startswith("interface ") and not header.split()[1].startswith(NOT_MODELLED)
    ]


def rendered(box: Box, text: str) -> str:
    """Everything that driftline knows of a configuration, and the other lines that it goes by."""
    state = state_of(box, text)
    if box.name == "junos":
        return set_text.rendered(box.platform, state, text)
    others = [
        "\n".join([header, *(f" {line}" for line in lines)])
        for header, lines in sections(text)
        if not re.match(r"interface |vlan \d|end$", header)
    ]
    body = _render(box.platform, state, [key for key in state.objects if key[0] != "ip_address"])
    if state.defaults:  # a router's port shows that it has no address, which is nothing to manage
        body = re.sub(
            r"(interface (?:[a-z]*Ether|Port).*\n)", r"\1   no ip address\n", body, flags=re.IGNORECASE
        )
    return "\n".join([*others, body, "end\n" if box.name != "nxos" else ""])


def test_there_are_enough() -> None:
    """The configurations are where the tests look for them."""
    assert {name: len(list((FOLDER / name).iterdir())) for name in BOXES} == ENOUGH


def test_every_modelled_interface_is_read(golden: tuple[Box, str]) -> None:
    """Each section that names a port, a LAG, an SVI, a loopback or a subinterface becomes an object."""
    box, text = golden
    found = list(state_of(box, text).of("interface"))
    assert sorted(name for name, _ in interfaces_in(box, text)) == sorted(one.name for one in found)
    assert InterfaceKind.OTHER not in {one.kind for one in found}


def test_rendered_and_read_again_it_is_the_same(golden: tuple[Box, str]) -> None:
    """Every section rendered from its state says what the original said, unmodelled lines included."""
    box, text = golden
    state = state_of(box, text)
    again = state_of(box, rendered(box, text))
    keys = state.objects.keys() | again.objects.keys()
    assert {key: values(state, key) for key in keys} == {key: values(again, key) for key in keys}


# Lines that say only what is so anyway, are said otherwise when they are rendered, or are taken back again.
SAID = re.compile(
    r"no shutdown|shutdown|(no )?switchport|switchport mode access|no ip address|no (description|mtu)"
    r"|no vrf member.*|no switchport access vlan.*|switchport trunk allowed vlan .*"
    r"|(ip|ipv4|ipv6) address [0-9A-Fa-f.:]+[ /]\S+( secondary)?|mtu (1500|1514)"
    r"|channel-group \d+( mode on)?"
    r"|family (ethernet-switching|inet6? address \S+)"  # there is more below it
)
TAKEN_BACK = ("description this desc should be lost.", "switchport access vlan 5", "vrf member vrf1")


def test_no_line_is_lost(golden: tuple[Box, str]) -> None:
    """Every line below an interface's header is either in a value or kept, but for what goes without saying."""
    box, text = golden
    again = dict(interfaces_in(box, rendered(box, text)))
    for name, lines in interfaces_in(box, text):
        there = [line.strip() for line in again[name]]
        lost = [line.strip() for line in lines if line.strip() not in there]
        silent = [line for line in lost if SAID.fullmatch(line) or line in TAKEN_BACK]
        assert lost == silent or state_of(box, text).why_foreign(f"interface {name}")


def test_nothing_lies_between_a_state_and_itself(golden: tuple[Box, str]) -> None:
    """A device that is as wanted is sent nothing."""
    box, text = golden
    state = state_of(box, text)
    keys = [key for key in state.objects if key[0] not in state.impossible]
    assert lines_between(box.platform, state, state.copy(), keys) == []


# Each attribute, on each text ----------------------------------------------------------------------------------

WORDS = {
    "ios": {
        "lag": "channel-group 9 mode active",
        "vrf": "{old}vrf forwarding {vrf}",
        "tag": "encapsulation dot1Q 99",
    },
    "nxos": {
        "lag": "channel-group 9 mode active",
        "vrf": "vrf member {vrf}",
        "tag": "encapsulation dot1q 99",
    },
    "iosxr": {"lag": "bundle id 9 mode active", "vrf": "vrf {vrf}", "tag": "encapsulation dot1q 99"},
}
Case = tuple[str, "Change", str, str]
"""An attribute, a change of it alone, its interface, and the line."""
LAGS = {"ios": "Port-channel9", "nxos": "port-channel9", "iosxr": "Bundle-Ether9"}


def changes_of(box: Box, state: DeviceState) -> Iterator[Case]:
    """Every attribute with a change of it, where the text has an interface for it, its name, and the line."""
    words = WORDS[box.name]
    for one in list(state.of("interface"))[:12]:
        yield "description", port(one.name, description="golden test"), one.name, "description golden test"
        line = "shutdown" if one.enabled else "no shutdown"
        yield "enabled", port(one.name, enabled=not one.enabled), one.name, line
        yield "mtu", port(one.name, mtu=9100), one.name, "mtu 9100"
        if one.kind is InterfaceKind.PHYSICAL and one.lag is None:
            yield "lag", port(one.name, lag=LAGS[box.name]), one.name, words["lag"]
        if one.kind is InterfaceKind.SUBINTERFACE:
            yield "encapsulation_vlan", port(one.name, encapsulation_vlan=99), one.name, words["tag"]
        yield from layer_changes(box, state, one)


def layer_changes(box: Box, state: DeviceState, one: Interface) -> Iterator[Case]:
    """The changes that go with what a port is."""
    if one.mode in ("access", "trunk"):
        yield "access_vlan", port(one.name, access_vlan=99), one.name, "switchport access vlan 99"
        yield "native_vlan", port(one.name, native_vlan=98), one.name, "switchport trunk native vlan 98"
        line = "switchport trunk allowed vlan 97-98"
        yield "trunk_vlans", port(one.name, trunk_vlans="97-98"), one.name, line
    if one.mode == "access":
        yield "mode", port(one.name, mode="trunk"), one.name, "switchport mode trunk"
    if one.mode == "routed" or one.access_vlan is None:
        address = create(
            "ip_address", {"interface": one.name}, vrf=one.vrf or "default", address="3fff:99::1/64"
        )
        yield "address", address, one.name, "ipv6 address 3fff:99::1/64"
    vrf = next((name for name in sorted(state.vrfs) if name != one.vrf), None)
    if (
        vrf
        and (one.mode == "routed" or one.access_vlan is None)
        and not state.addresses_of(one.name)
        and not one.vrf
    ):
        old = "ip " if vrf in state.ipv4_vrfs else ""
        yield "vrf", port(one.name, vrf=vrf), one.name, WORDS[box.name]["vrf"].format(vrf=vrf, old=old)


def changes_of_junos(box: Box, state: DeviceState) -> Iterator[Case]:
    """The same for Junos, where ports and units have different ones; lines are separated by a `;`."""
    for one in list(state.of("interface"))[:12]:
        path = f"interfaces {one.name.replace('.', ' unit ')}"
        if state.why_foreign(f"interface {one.name}"):
            continue
        yield "description", port(one.name, description="golden"), one.name, f"set {path} description golden"
        verb = "set" if one.enabled else "delete"
        yield "enabled", port(one.name, enabled=not one.enabled), one.name, f"{verb} {path} disable"
        values = {"mtu": 9100, "native_vlan": 98, "encapsulation_vlan": 99}
        words = {"mtu": "mtu", "native_vlan": "native-vlan-id", "encapsulation_vlan": "vlan-id"}
        for name, value in values.items():
            if one.kind not in box.platform.unsupported[name]:
                yield name, port(one.name, **{name: value}), one.name, f"set {path} {words[name]} {value}"
        if one.kind is InterfaceKind.PHYSICAL and one.lag is None:
            line = f"set {path} gigether-options 802.3ad ae9"
            yield "lag", port(one.name, lag="ae9", lag_mode="on"), one.name, line
        if "." in one.name:
            yield from unit_changes(state, one, path)


def unit_changes(state: DeviceState, one: Interface, path: str) -> Iterator[Case]:
    """The changes that go with what a unit is."""
    vlan = f"{path} family ethernet-switching vlan"
    there = [f"delete {vlan} members {word}" for word, _ in state.spelling.members[one.name]]
    if one.mode == "trunk":
        lines = ";".join([*there, f"set {vlan} members 97-98"])
        yield "trunk_vlans", port(one.name, trunk_vlans="97-98"), one.name, lines
    elif one.mode == "access":
        yield (
            "access_vlan",
            port(one.name, access_vlan=99),
            one.name,
            ";".join([*there, f"set {vlan} members 99"]),
        )
        gone = [f"delete {vlan}"] if there else []
        lines = ";".join([*gone, f"set {path} family ethernet-switching interface-mode trunk"])
        yield "mode", port(one.name, mode="trunk"), one.name, lines
    else:
        given = {"vrf": one.vrf or "default", "address": "3fff:99::1/64"}
        line = f"set {path} family inet6 address 3fff:99::1/64"
        yield "address", create("ip_address", {"interface": one.name}, **given), one.name, line
    vrf = next((name for name in sorted(state.vrfs) if one.vrf is None), None)
    if vrf and one.mode in ("routed", None) and not state.addresses_of(one.name):
        yield "vrf", port(one.name, vrf=vrf), one.name, f"set routing-instances {vrf} interface {one.name}"


def test_each_attribute_there_and_back(golden: tuple[Box, str]) -> None:
    """An attribute that changes alone gives exactly its line; the device is as wanted, and then as before."""
    box, text = golden
    text = box.device(text).running_config
    junos = box.name == "junos"
    state = box.state(text)
    seen = set()
    for attribute, change, name, line in changes_of_junos(box, state) if junos else changes_of(box, state):
        lines = box.lines(change, text=text)
        again = [kept.line.strip() for kept in resent(box, state, change)]
        assert (line.split(";") if junos else [f"interface {name}", line, *again]) == lines, attribute
        assert box.differences(change, text=text) == {}, attribute
        seen.add(attribute)
    assert {"description", "enabled"} | ({"mtu"} if not junos else set()) <= seen


def resent(box: Box, state: DeviceState, change: Change) -> list[Any]:
    """What the device drops with a VRF, and is sent again."""
    drops = box.platform.vrf_change_drops if "vrf" in change.after else ()
    return [kept for kept in state.kept.get(change.key, ()) if drops and kept.line.startswith(drops)]
