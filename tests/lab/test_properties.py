"""Whatever is typed: an abort leaves no trace, and the text stays canonical."""

from __future__ import annotations

import json

import hypothesis.strategies as st
from hypothesis import given, settings

from driftline.lab import Fault, FaultKind, LabError, ManualClock, SimulatedDevice
from driftline.lab.eapi import respond

from .conftest import LEAF

VLANS = st.integers(1, 40).map(str)
INTERFACES = st.sampled_from(
    [
        "Ethernet1",
        "et2",
        "Ethernet3",
        "Ethernet5.100",
        "Vlan10",
        "Vlan20",
        "Loopback0",
        "Loopback1",
        "po1",
        "Po2",
        "ma1",
    ]
)
ADDRESSES = st.builds(
    "10.{}.{}.1/{}".format, st.integers(0, 12), st.integers(0, 2), st.sampled_from([24, 31, 32])
)
STATEMENTS = st.one_of(
    st.sampled_from(
        [
            "description some text",
            "shutdown",
            "no switchport",
            "switchport",
            "switchport mode trunk",
            "switchport mode access",
            "channel-group 1 mode active",
            "vrf BLUE",
            "storm-control broadcast level 1",
            "spanning-tree portfast",
            "ip ospf cost 5",
            "mtu 9000",
        ]
    ),
    st.builds("switchport access vlan {}".format, VLANS),
    st.builds("switchport trunk native vlan {}".format, VLANS),
    st.builds(
        "switchport trunk allowed vlan {} {}".format, st.sampled_from(["", "add", "remove", "except"]), VLANS
    ),
    st.builds("ip address {}{}".format, ADDRESSES, st.sampled_from(["", " secondary"])),
    st.builds("ipv6 address 2001:db8::{}/64".format, st.integers(1, 9)),
)
NEGATION = st.sampled_from(["", "", "no ", "default "])
GLOBALS = st.sampled_from(
    [
        "ip routing",
        "ip route 0.0.0.0/0 10.0.0.0",
        "ntp server 192.0.2.1",
        "username admin privilege 15 role network-admin nopassword",
        "spanning-tree mode mstp",
        "no aaa root",
        "vrf instance BLUE",
        "vrf instance RED",
        "router bgp 65001",
        "ip access-list USERS",
    ]
)
GROUPS = st.one_of(
    st.tuples(st.builds("interface {}".format, INTERFACES), st.builds("{}{}".format, NEGATION, STATEMENTS)),
    st.tuples(st.builds("{}interface {}".format, st.sampled_from(["no ", "default "]), INTERFACES)),
    st.tuples(st.builds("vlan {}".format, VLANS), st.sampled_from(["name one", "no name", "state suspend"])),
    st.tuples(st.builds("no vlan {}".format, VLANS)),
    st.tuples(st.builds("{}{}".format, NEGATION, GLOBALS)),
    st.tuples(
        st.just("router bgp 65001"),
        st.builds(
            "{}{}".format,
            NEGATION,
            st.sampled_from(["neighbor 10.0.0.0 remote-as 65009", "maximum-paths 4", "vlan 10"]),
        ),
    ),
)
SCRIPTS = st.lists(GROUPS, max_size=12)


def device() -> SimulatedDevice:
    """A leaf on a clock that stands still."""
    return SimulatedDevice("leaf1", LEAF, clock=ManualClock())


def run(target: SimulatedDevice, *commands: str) -> bool:
    """Send a request as the server would; whether it was accepted."""
    request = {"method": "runCmds", "params": {"cmds": commands, "format": "text"}, "id": 1}
    return b'"result"' in respond(target, json.dumps(request).encode()).body


def accepted(script: list[tuple[str, ...]]) -> tuple[SimulatedDevice, list[str]]:
    """A device after those groups of a script that it takes, and their lines."""
    target, lines = device(), []
    for group in script:
        try:
            target.change(*group)
        except LabError:
            continue
        lines.extend([*group, "exit", "exit"])
    return target, lines


@given(SCRIPTS)
@settings(max_examples=150, deadline=None)
def test_abort_restores_every_byte(script):
    """A timed commit of anything, taken back, is as if it had never been."""
    lines = accepted(script)[1]
    leaf = device()
    before = leaf.running_config
    assert run(leaf, "configure session s", *lines, "end", "configure session s commit timer 00:01:00")
    assert run(leaf, "configure session s abort")
    assert before == leaf.running_config


@given(SCRIPTS)
@settings(max_examples=150, deadline=None)
def test_text_is_canonical(script):
    """Whatever a device runs, its text read from a file or line by line gives the same text."""
    leaf, _ = accepted(script)
    text = leaf.running_config
    assert text == SimulatedDevice("leaf1", text).running_config
    lines = [line.strip() for line in text.splitlines() if not line.strip().startswith("!")]
    assert run(leaf, "configure session s", "rollback clean-config", *lines[:-1], "end")
    assert leaf.session_diff("s") == ""


@given(SCRIPTS)
@settings(max_examples=75, deadline=None)
def test_session_and_direct_change_agree(script):
    """The same lines have the same effect in a session and out of band."""
    changed, lines = accepted(script)
    leaf = device()
    assert run(leaf, "configure session s", *lines, "end", "configure session s commit", "write memory")
    assert changed.running_config == leaf.running_config == leaf.startup_config


@given(SCRIPTS)
@settings(max_examples=75, deadline=None)
def test_half_a_commit_is_a_configuration_too(script):
    """A partial commit leaves a device that can still be read, and repaired from its file."""
    lines = accepted(script)[1]
    leaf = device()
    before = leaf.running_config
    leaf.inject(Fault(FaultKind.PARTIAL_COMMIT))
    assert run(leaf, "copy startup-config flash:rollback-0", "configure session s", *lines, "end")
    assert not run(leaf, "configure session s commit")
    assert run(leaf, "show running-config")
    assert run(leaf, "configure replace flash:rollback-0")
    assert before == leaf.running_config
