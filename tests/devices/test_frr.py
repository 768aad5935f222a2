"""FRR without a router: what its answers mean, and the lines from one configuration to another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline.devices.drivers.frr import parsing
from driftline.devices.drivers.frr.candidate import compared, lines_between, merged, tree
from driftline.devices.drivers.frr.vtysh import refusal_in
from driftline.devices.platforms import PLATFORMS
from driftline.devices.platforms.frr import FrrRemediation, secure_options
from driftline.devices.reading import parse
from driftline.devices.remediation import lines_between as native_lines
from driftline.devices.remediation import wanted_after
from driftline.devices.state import Change
from driftline.engine.exceptions import PrepareError

FRR = PLATFORMS["frr"]
RUNNING = """\
frr version 8.4.4
frr defaults traditional
hostname r1
log syslog informational
no ipv6 forwarding
service integrated-vtysh-config
!
ip route 192.0.2.0/24 Null0
!
interface eth0
 description to the core
 ip address 10.0.0.1/24
 ip address 10.0.0.2/24
 ip address 10.0.1.1/32 label lo
 ipv6 address 2001:DB8::1/64
 ipv6 address fe80::5/64
 link-params
  metric 7
 exit-link-params
exit
!
interface eth1
 shutdown
exit
!
interface eth2 vrf red
 ip address 10.0.0.1/24
exit
!
router bgp 65001
 neighbor 10.0.0.9 remote-as 65009
 !
 address-family ipv4 unicast
  network 192.0.2.0/24
 exit-address-family
exit
!
! interfaces: eth0 eth1 lo mgmt0
"""


def test_what_is_configured_is_read_with_the_defaults_of_frr() -> None:
    """Names, descriptions, shutdown and addresses; what is not modelled is kept as it is."""
    state = parse(RUNNING, "r1", FRR)
    assert state.hostname == "r1"
    eth0, eth1, lo = (state.interface(name) for name in ("eth0", "eth1", "lo"))
    assert eth0 is not None
    assert eth1 is not None
    assert lo is not None
    assert (eth0.description, eth0.enabled, eth0.mtu, eth0.vrf) == ("to the core", True, None, None)
    assert (eth1.enabled, eth1.pristine, lo.pristine) == (False, False, True)
    assert [a.address for a in state.addresses_of("eth0")] == ["10.0.0.1/24", "10.0.0.2/24", "2001:db8::1/64"]
    assert state.kept_lines(("interface", eth0.get_unique_id())) == [
        "ip address 10.0.1.1/32 label lo",
        "ipv6 address fe80::5/64",
        "link-params",
        " metric 7",
        "exit-link-params",
    ]


def test_an_interface_in_a_vrf_is_left_alone() -> None:
    """It is not modelled; its address is not taken for one of the default VRF."""
    assert parse(RUNNING, "r1", FRR).interface("eth2") is None


def test_no_interface_goes_by_configuration() -> None:
    """They are the kernel's: even where the intent owns all interfaces, none is deleted or reset."""
    assert all(interface.protected for interface in parse(RUNNING, "r1", FRR).of("interface"))


def test_an_address_on_two_interfaces_is_not_understood() -> None:
    """Nothing can be compared by an identity that two objects have."""
    text = RUNNING.replace("interface eth1\n", "interface eth1\n ip address 10.0.0.1/24\n")
    with pytest.raises(Exception, match="both on eth0 and on eth1"):
        parse(text, "r1", FRR)


def change(model: str, before: dict[str, object], after: dict[str, object], **identity: object) -> Change:
    action = "update" if before and after else "create" if after else "delete"
    return Change(action, model, {"device": "r1", **identity}, before, after)


def lines_for(*changes: Change) -> list[str]:
    now = parse(RUNNING, "r1", FRR)
    wanted = wanted_after(FRR, now, changes)
    return [line.strip() for line in native_lines(FRR, now, wanted, [one.key for one in changes])]


def test_the_lines_for_each_attribute() -> None:
    """A description is negated without its value; an address goes before another one comes."""
    description = change("interface", {"description": None}, {"description": "spare"}, name="eth1")
    assert lines_for(description) == ["interface eth1", "description spare"]
    none = change("interface", {"description": "to the core"}, {"description": None}, name="eth0")
    assert lines_for(none) == ["interface eth0", "no description"]
    up = change("interface", {"enabled": False}, {"enabled": True}, name="eth1")
    assert lines_for(up) == ["interface eth1", "no shutdown"]
    down = change("interface", {"enabled": True}, {"enabled": False}, name="lo")
    assert lines_for(down) == ["interface lo", "shutdown"]
    values = {"interface": "eth1", "secondary": False}
    new = change("ip_address", {}, values, vrf="default", address="2001:db8:1::1/64")
    assert lines_for(new) == ["interface eth1", "ipv6 address 2001:db8:1::1/64"]


def test_an_address_is_replaced_by_two_lines() -> None:
    """FRR adds addresses, it never replaces one."""
    text = RUNNING.replace("description to the core", "description core")
    now = parse(text, "r1", FRR)
    changes = [
        change("ip_address", {"interface": "eth0"}, {}, vrf="default", address="10.0.0.1/24"),
        change("ip_address", {}, {"interface": "eth0"}, vrf="default", address="10.0.0.3/24"),
    ]
    wanted = wanted_after(FRR, now, changes)
    lines = [line.strip() for line in native_lines(FRR, now, wanted, [one.key for one in changes])]
    assert lines == ["interface eth0", "no ip address 10.0.0.1/24", "ip address 10.0.0.3/24"]


@pytest.mark.parametrize(
    ("impossible", "why"),
    [
        (change("interface", {}, {"description": "x"}, name="Loopback1"), "can't make one"),
        (
            change("interface", {"description": None}, {"description": "a  b"}, name="eth1"),
            "one space of several",
        ),
        (
            change(
                "ip_address",
                {},
                {"interface": "eth0", "secondary": True},
                vrf="default",
                address="10.9.0.2/24",
            ),
            "secondary",
        ),
        (change("vlan", {}, {"name": "users"}, vid=10), "no VLANs"),
    ],
)
def test_what_frr_cannot_do_names_the_object(impossible: Change, why: str) -> None:
    """An interface that is not there, a description that would be changed, a secondary address, a VLAN."""
    with pytest.raises(PrepareError, match=why) as caught:
        lines_for(impossible)
    assert next(iter(caught.value.culprits))[0] in ("interface", "ip_address", "vlan")


def test_host_keys_are_verified_whatever_the_inventory_says() -> None:
    """`ssh_strict: false` has no effect; a file of host keys is used when it is named."""
    assert secure_options("r1", {"ssh_strict": False}, None)["ssh_strict"] is True
    assert secure_options("r1", {}, None)["system_host_keys"] is True
    assert secure_options("r1", {"alt_key_file": "f"}, None)["alt_host_keys"] is True


def test_the_rules_are_made() -> None:
    """The driver of the remediation can be made without arguments."""
    assert FrrRemediation().rules.negate_with


# The driver's own -----------------------------------------------------------------------------------------


def test_a_configuration_that_is_cut_short_is_refused() -> None:
    """Its last line is `end`, or it is not whole."""
    answer = f"Building configuration...\n\nCurrent configuration:\n!\n{RUNNING}end\n"
    assert parsing.configuration(answer) == RUNNING
    with pytest.raises(ValueError, match="cut short"):
        parsing.configuration(answer.removesuffix("end\n"))
    with pytest.raises(ValueError, match="cut short"):
        parsing.configuration("")


def test_another_system_is_not_taken_for_frr() -> None:
    """What does not say that it is FRRouting has no facts."""
    with pytest.raises(ValueError, match="FRRouting"):
        parsing.facts("Cisco IOS Software", {"eth0": {}})


def test_keys_that_frr_leaves_out() -> None:
    """No operational state: down. No description: none. Link-local and kernel-added addresses are shown."""
    found = {
        "eth0": {"administrativeStatus": "down", "mtu": 1500},
        "eth1": {
            "administrativeStatus": "up",
            "operationalStatus": "up",
            "ipAddresses": [{"address": "fe80::1/64"}, {"address": "10.0.0.1/24"}],
        },
    }
    eth0 = parsing.interfaces(found)["eth0"]
    assert (eth0["is_up"], eth0["is_enabled"], eth0["description"], eth0["speed"]) == (False, False, "", -1.0)
    assert parsing.addresses(found) == {
        "eth1": {"ipv6": {"fe80::1": {"prefix_length": 64}}, "ipv4": {"10.0.0.1": {"prefix_length": 24}}}
    }


def test_refusals_begin_with_a_percent_sign() -> None:
    """Also those of several lines, and behind a warning of another program."""
    assert refusal_in("vtysh_pam: failed\n") == ""
    assert refusal_in("") == ""
    failed = (
        "% Configuration failed.\n\nError type: validation\nError description: only inactive interfaces\n"
    )
    assert (
        refusal_in(failed)
        == "% Configuration failed. Error type: validation Error description: only inactive interfaces"
    )


def test_a_merge_is_shown_by_section() -> None:
    """Single values are replaced, addresses added, and negations take lines away."""
    lines = (
        "interface eth0\n description new\n no ip address 10.0.0.2/24\n ip address 10.0.0.3/24\n"
        "interface eth1\n no shutdown\n"
    )
    assert compared(RUNNING, merged(RUNNING, lines)).splitlines() == [
        " interface eth0",
        "- description to the core",
        "- ip address 10.0.0.2/24",
        "+ description new",
        "+ ip address 10.0.0.3/24",
        " interface eth1",
        "- shutdown",
    ]


def test_lines_from_one_configuration_to_another() -> None:
    """What goes goes first; nested sections are left as FRR leaves them; interfaces stay."""
    wanted = (
        RUNNING.replace(" description to the core\n", "")
        .replace("interface eth1\n shutdown\nexit\n!\n", "")
        .replace("no ipv6 forwarding\n", "")
        .replace("network 192.0.2.0/24", "network 198.51.100.0/24")
    )
    assert lines_between(RUNNING, wanted) == [
        "ipv6 forwarding",
        "interface eth1",
        " no shutdown",
        "exit",
        "interface eth0",
        " no description",
        "exit",
        "router bgp 65001",
        " address-family ipv4 unicast",
        "  no network 192.0.2.0/24",
        "  network 198.51.100.0/24",
        " exit-address-family",
        "exit",
    ]


STATEMENTS = st.lists(
    st.sampled_from(
        [
            "description a",
            "description b",
            "shutdown",
            "ip address 10.0.0.1/24",
            "ip address 10.0.0.2/24",
            "ipv6 nd mtu 1400",
        ]
    ),
    unique_by=lambda line: line if line[:3] != "des" else "des",
)
CONFIGS = st.dictionaries(st.sampled_from(["eth0", "eth1", "lo"]), STATEMENTS).map(
    lambda ports: "".join(
        f"interface {name}\n" + "".join(f" {line}\n" for line in lines) + "exit\n!\n"
        for name, lines in ports.items()
    )
)


@given(CONFIGS, CONFIGS)
def test_the_lines_lead_from_any_configuration_to_any_other(before: str, after: str) -> None:
    """Merging them into the one gives the other, as far as anything is configured."""
    there = tree(merged(before, "\n".join(lines_between(before, after))))
    assert configured(there) == configured(tree(after))


def configured(root: object) -> dict[str, set[str]]:
    return {text: set(line.below) for text, line in root.below.items() if line.below}  # type: ignore[attr-defined]
