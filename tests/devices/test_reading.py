"""Reading a device: an answer that is not whole is a failure, never an empty device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driftline.devices import DeviceAdapter, Expected
from driftline.devices.reading import check_identity, parse
from driftline.engine.exceptions import (
    AuthenticationFailed,
    DriftlineError,
    Unreachable,
    UnusableAnswer,
    WrongTarget,
)
from driftline.lab import Fault, FaultKind, Lab, SimulatedDevice

from .leaf import EOS, LEAF, adapter_of, fleet_in, fleet_of, host, state_of, with_lines

if TYPE_CHECKING:
    from driftline.devices import Fleet

K = FaultKind


def failure(fleet: Fleet, serial: str | None = None) -> DriftlineError:
    """Why the first leaf could not be read; the second one always can."""
    adapter = DeviceAdapter(fleet, [Expected("leaf1", "lab", serial), Expected("leaf2", "lab")])
    adapter.load()
    assert set(adapter.failures) == {"leaf1"}
    assert {interface.device for interface in adapter.get_all("interface")} == {"leaf2"}
    return adapter.failures["leaf1"]


FAULTS: list[tuple[FaultKind, str, type[DriftlineError], str]] = [
    (K.REFUSED, "", Unreachable, "DEVICE-UNREACHABLE"),
    (K.TIMEOUT, "show version", Unreachable, "DEVICE-TIMEOUT"),
    (K.RESET_BEFORE, "show running", Unreachable, "DEVICE-UNREACHABLE"),
    (K.RESET_AFTER, "show interfaces", Unreachable, "DEVICE-UNREACHABLE"),
    (K.LOST_REPLY, "show running", Unreachable, "DEVICE-TIMEOUT"),
    (K.UNAUTHORIZED, "", AuthenticationFailed, "DEVICE-AUTH"),
    (K.COMMAND_ERROR, "show hostname", UnusableAnswer, "DEVICE-REFUSED"),
    (K.EMPTY, "show version", UnusableAnswer, "DEVICE-ANSWER"),
    (K.EMPTY, "show hostname", UnusableAnswer, "DEVICE-ANSWER"),
    (K.EMPTY, "show interfaces", UnusableAnswer, "DEVICE-EMPTY"),
    (K.EMPTY, "show running", UnusableAnswer, "DEVICE-EMPTY"),
]


@pytest.mark.parametrize(("kind", "command", "error", "code"), FAULTS)
def test_a_fault_while_reading(
    lab: Lab, kind: FaultKind, command: str, error: type[DriftlineError], code: str
) -> None:
    """A device that can't be read whole is a failure of its own, with nothing of it loaded."""
    lab["leaf1"].inject(Fault(kind, command=command))
    found = failure(fleet_in(lab, timeout=0.4))
    assert (error, code) == (type(found), found.code)
    assert found.message.startswith("leaf1: ")


def test_the_second_look_at_the_interfaces(lab: Lab) -> None:
    """A getter that answers nothing is a failure also when an earlier one answered."""
    lab["leaf1"].inject(Fault(K.EMPTY, command="show interfaces", skip=1))
    assert failure(fleet_in(lab)).code == "DEVICE-EMPTY"


@pytest.mark.parametrize("name", ["leaf9", "localhost"])
def test_another_box(leaf: SimulatedDevice, fleet: Fleet, name: str) -> None:
    """A box that calls itself by another name is not the one that is meant."""
    leaf.change(f"hostname {name}")
    found = failure(fleet)
    assert isinstance(found, WrongTarget)
    assert repr(name) in found.message


@pytest.mark.parametrize("name", ["LEAF1", "leaf1.example.net"])
def test_the_same_box(name: str) -> None:
    """Case and domain make no other box."""
    check_identity("leaf1", name)
    check_identity(name, "leaf1")


def test_another_serial_number(fleet: Fleet) -> None:
    """A box that was exchanged is not written to before its serial number is intended."""
    found = failure(fleet, serial="JPE123")
    assert isinstance(found, WrongTarget)
    assert "'JPE123'" in found.message


def test_the_right_serial_number(leaf: SimulatedDevice, fleet: Fleet) -> None:
    """The intended serial number is no obstacle."""
    adapter = DeviceAdapter(fleet, [Expected("leaf1", "lab", leaf.identity.serial)])
    adapter.load()
    assert adapter.failures == {}
    assert adapter.identify("leaf1") == {"site": "lab", "hostname": "leaf1", "serial": leaf.identity.serial}


@pytest.mark.parametrize("platform", ["vyos", "", "EOS"])
def test_an_unsupported_platform(lab: Lab, platform: str) -> None:
    """A device of another platform is a failure that names those that are supported."""
    hosts = {n: host(n, e.host, e.port, transport="http") for n, e in lab.endpoints.items()}
    hosts["leaf1"].platform = platform
    found = failure(fleet_of(hosts))
    assert found.code == "DEVICE-PLATFORM"
    assert "eos" in found.hint


def test_plain_http_to_another_machine(lab: Lab) -> None:
    """A device that would get the password in the clear is a failure, and the others are read."""
    hosts = {n: host(n, e.host, e.port, transport="http") for n, e in lab.endpoints.items()}
    hosts["leaf1"].hostname = "192.0.2.1"
    assert failure(fleet_of(hosts)).code == "DEVICE-PLAIN-HTTP"


def test_a_device_that_is_in_no_inventory(lab: Lab, fleet: Fleet) -> None:
    """What is intended, and can't be found, is a failure."""
    adapter = DeviceAdapter(fleet, [Expected("leaf1", "lab"), Expected("spine1", "lab")])
    adapter.load()
    assert adapter.failures["spine1"].code == "DEVICE-NOT-IN-INVENTORY"
    assert set(adapter.failures) == {"spine1"}


def test_progress_is_told_for_each_device(fleet: Fleet, lab: Lab) -> None:
    """Devices are told as they are done, also those that fail."""
    lab["leaf1"].inject(Fault(K.UNAUTHORIZED))
    done: list[str] = []
    DeviceAdapter(fleet, [Expected(name, "lab") for name in fleet.names]).load(done.append)
    assert sorted(done) == ["leaf1", "leaf2"]


def test_what_is_observed(fleet: Fleet) -> None:
    """Serial number, version and operational state are there, beside what is managed."""
    adapter = adapter_of(fleet)
    device = adapter.get("device", {"name": "leaf1"})
    assert (device.platform, device.hostname, device.site) == ("eos", "leaf1", "lab")
    assert device.serial
    assert device.os_version
    port = adapter.get("interface", {"device": "leaf1", "name": "Ethernet1"})
    assert port.oper_up is True
    assert port.mac
    assert port.speed


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (LEAF.removesuffix("end\n"), "cut short"),
        (LEAF[: LEAF.index("interface Loopback0")], "cut short"),
        ("hostname leaf1\nend\n", "without interfaces"),
        (LEAF.replace("vlan 20-22", "vlan 20-9999"), "not within"),
        (
            with_lines(("hostname leaf1\n!\ninterface defaults", "mtu 9000")) + "interface defaults\nend\n",
            "defaults",
        ),
        (LEAF.replace("hostname leaf1\n", "switchport default mode routed\n"), "default mode"),
        (with_lines(("interface Ethernet6", "ip address 10.1.1.1/32")), "both on Ethernet6 and on Loopback0"),
    ],
)
def test_a_configuration_that_can_not_be_understood(text: str, why: str) -> None:
    """A configuration that is cut short, or means something else than it seems to, is not used."""
    with pytest.raises(UnusableAnswer, match=why):
        parse(text, "leaf1", EOS)


def test_what_the_reader_sees() -> None:
    """The leaf's text as values."""
    state = state_of(LEAF)
    port = state.interface("et2")
    assert port is not None
    assert (port.access_vlan, port.mode, port.enabled, port.mtu) == (10, "access", True, 1500)
    assert [line.line for line in state.kept["interface", port.get_unique_id()]] == [
        "storm-control broadcast level 1",
        "spanning-tree portfast",
        "service-policy type qos input MARK",
    ]
    assert state.vrfs == {"BLUE", "RED"}
    assert sorted(vlan.vid for vlan in state.of("vlan")) == [1, 10, 20, 21, 22]
    assert [a.address for a in state.addresses_of("Vlan10")] == [
        "10.10.0.1/24",
        "10.10.1.1/24",
        "10.10.2.1/24",
    ]


def test_banners_are_no_configuration() -> None:
    """What somebody wrote into a banner is neither a VLAN nor a disabled port."""
    state = state_of(LEAF)
    assert 666 not in {vlan.vid for vlan in state.of("vlan")}
    assert state.interface("Ethernet1").enabled


def test_modes_inside_an_interface_are_not_read_as_its_lines() -> None:
    """A line of an inner mode says nothing about the interface."""
    text = with_lines(("interface Ethernet6", "evpn ethernet-segment", "   shutdown"))
    assert state_of(text).interface("Ethernet6").enabled


@pytest.mark.parametrize("name", ["Vxlan1", "Tunnel5", "Dps1", "Recirc-Channel7", "profile users"])
def test_what_driftline_does_not_model(name: str) -> None:
    """Sections of other kinds are not taken for ports."""
    text = LEAF.removesuffix("end\n") + f"interface {name}\n   mtu 9000\n!\nend\n"
    assert len(list(state_of(LEAF).of("interface"))) == len(list(state_of(text).of("interface")))


def test_the_peer_link_is_protected() -> None:
    """What keeps an MLAG pair together is marked: the SVI, its VLAN, the port-channel and its members."""
    mlag = "vlan 4094\n   trunk group MLAG\n!\ninterface Vlan4094\n!\nmlag configuration\n   domain-id X\n"
    ends = "   local-interface Vlan4094\n   peer-link Port-Channel1\n!\nend\n"
    state = state_of(LEAF.removesuffix("end\n") + mlag + ends)
    protected = {i.name for i in state.of("interface") if i.protected}
    assert protected == {"Vlan4094", "Port-Channel1", "Ethernet4"}
    assert [vlan.vid for vlan in state.of("vlan") if vlan.protected] == [4094]
