"""What NAPALM's getters read from a simulated device."""

from __future__ import annotations

import pytest
from napalm.base.exceptions import ConnectionException
from pyeapi.eapilib import CommandError
from pyeapi.eapilib import ConnectionError as EapiConnectionError

from driftline.lab import Lab

from .conftest import LEAF, driver_for


def test_facts(driver):
    """Names, version and the interfaces without subinterfaces."""
    facts = driver.get_facts()
    assert (
        facts["hostname"],
        facts["fqdn"],
        facts["vendor"],
        facts["model"],
    ) == ("leaf1", "leaf1.example.net", "Arista", "vEOS-lab")
    assert facts["os_version"].startswith("4.31.2F")
    assert "Ethernet5" in facts["interface_list"]
    assert "Ethernet5.100" not in facts["interface_list"]
    assert facts["uptime"] > 0


def test_serial_number_belongs_to_the_name(lab, connect):
    """Two devices differ, and the same name is the same box in the next lab."""
    serials = [connect(device).get_facts()["serial_number"] for device in lab.devices]
    assert len(set(serials)) == 2
    with Lab({"leaf1": LEAF}, addressing="ports", port=0) as other:
        assert serials[0] == connect(other["leaf1"]).get_facts()["serial_number"]


def test_interfaces(driver):
    """State, description and the MTU in force."""
    interfaces = driver.get_interfaces()
    assert tuple(interfaces["Ethernet1"][key] for key in ("is_up", "is_enabled", "description", "mtu")) == (
        True,
        True,
        "uplink",
        9000,
    )
    assert (interfaces["Ethernet3"]["is_up"], interfaces["Ethernet3"]["is_enabled"]) == (False, False)
    expected = {"Ethernet2": 9214, "Ethernet5": 1500, "Vlan10": 1500, "Loopback0": 65535, "Management1": 1500}
    assert expected == {name: interfaces[name]["mtu"] for name in expected}


def test_subinterface_falls_with_its_parent(leaf, driver):
    """A subinterface is enabled but down while its parent is shut down."""
    leaf.change("interface Ethernet5", "shutdown")
    state = driver.get_interfaces()["Ethernet5.100"]
    assert (state["is_up"], state["is_enabled"]) == (False, True)


def test_addresses(driver):
    """Primary, secondary, IPv6 and the link-local address that EOS makes itself."""
    addresses = driver.get_interfaces_ip()
    assert {"10.10.0.1", "10.10.1.1", "10.10.2.1"} == set(addresses["Vlan10"]["ipv4"])
    loopback = addresses["Loopback0"]["ipv6"]
    assert loopback["2001:db8::1"] == {"prefix_length": 128}
    assert any(address.startswith("fe80::") for address in loopback)


def test_addresses_without_ipv6(leaf, driver):
    """EOS answers an error instead of an empty list, and the driver knows it."""
    leaf.change("interface Loopback0", "no ipv6 address")
    assert driver.get_interfaces_ip()["Loopback0"]["ipv6"] == {}


def test_vlans(driver):
    """Default names, VLAN 1, trunk and access members, and `Cpu` for an SVI."""
    vlans = driver.get_vlans()
    assert {vlan: each["name"] for vlan, each in vlans.items()} == {
        "1": "default",
        "10": "users",
        "20": "VLAN0020",
        "21": "VLAN0021",
        "22": "VLAN0022",
    }
    assert vlans["10"]["interfaces"] == ["Port-Channel1", "Ethernet2", "Cpu"]
    assert vlans["21"]["interfaces"] == ["Port-Channel1"]


def test_lldp_neighbours(driver):
    """Nobody is next door."""
    assert driver.get_lldp_neighbors() == {}


def test_config(leaf, driver):
    """Running and startup come with the comments that EOS prints, the candidate only while there is one."""
    config = driver.get_config()
    assert config["running"].startswith(
        "! Command: show running-config\n! device: leaf1 (vEOS-lab, EOS-4.31.2F)\n"
    )
    assert config["running"].endswith(leaf.running_config)
    assert "! Startup-config last modified at" in config["startup"]
    assert config["startup"].endswith(leaf.startup_config)
    assert config["candidate"] == ""
    driver.load_merge_candidate(config="vlan 99")
    assert "vlan 99\n" in driver.get_config()["candidate"]


def test_sanitized_config(leaf, driver):
    """Secrets are taken out on request."""
    leaf.change("username ops secret sha512 $6$abc")
    assert "secret sha512 <removed>" in driver.get_config(retrieve="running", sanitized=True)["running"]
    assert "$6$abc" in driver.get_config(retrieve="running")["running"]


def test_unknown_command(driver):
    """The error names the command and points at the word."""
    with pytest.raises(CommandError) as caught:
        driver._run_commands(["show version", "show sausages"])
    assert caught.value.error_code == 1002
    assert "CLI command 3 of 3 'show sausages' failed: invalid command" in str(caught.value)
    assert "Invalid input" in str(caught.value)


def test_unsupported_format(driver):
    """A command that the simulator answers as text only isn't converted to JSON."""
    with pytest.raises(CommandError) as caught:
        driver._run_commands(["show running-config"])
    assert caught.value.error_code == 1003


def test_wrong_password(leaf):
    """HTTP basic authentication is checked."""
    with pytest.raises((EapiConnectionError, ConnectionException), match="Unauthorized"):
        driver_for(leaf, password="wrong").open()
    assert leaf.log[-1].outcome == "unauthorized"


def test_enable_password(connect):
    """With an enable password set, a client without it gets nothing."""
    with Lab({"leaf1": LEAF}, enable_password="s3cret", addressing="ports", port=0) as lab:
        with pytest.raises(CommandError, match="enable"):
            driver_for(lab["leaf1"]).open()
        assert connect(lab["leaf1"], enable_password="s3cret").get_facts()["hostname"] == "leaf1"
