"""The main job on routers that nobody here wrote, from the user's seat."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from driftline.devices.drivers.frr import FRRDriver

from .test_driver import eventually

if TYPE_CHECKING:
    from .conftest import Network

pytestmark = pytest.mark.routers
IN_SYNC = "3 devices, all in sync\n"


def by_hand(network: Network) -> None:
    """Change every attribute that FRR has, on two routers."""
    network.lab.change(
        "r1", "interface eth0", "description temporary", "no ip address 10.0.0.1/24", "ip address 10.0.0.77/24",
        "no ipv6 address 2001:db8::1/64", "ipv6 address 2001:db8::77/64",
    )  # fmt: skip
    network.lab.change("r2", "interface eth1", "no description", "shutdown")


def test_in_sync_is_exit_0(network: Network) -> None:
    """Routers in line with their intent have no drift."""
    answer = network.run("drift")
    assert (answer.out, answer.status) == (IN_SYNC, 0)


def test_drift_by_hand_is_found(network: Network) -> None:
    """What somebody typed into vtysh is shown, running → intended."""
    by_hand(network)
    answer = network.run("drift")
    assert answer.status == 2
    for line in (
        "description: temporary → core",
        "+ address 10.0.0.1/24",
        "- address 10.0.0.77/24",
        "+ address 2001:db8::1/64",
        "- address 2001:db8::77/64",
        "description: (none) → customer",
        "enabled: False → True",
    ):
        assert line in answer.out


def test_remediation_brings_the_routers_back_in_line(network: Network, booted: dict[str, str]) -> None:
    """To the byte, saved, and a second run finds nothing."""
    by_hand(network)
    answer = network.run("remediate", "--yes")
    assert answer.status == 0, answer.out + answer.err
    assert network.running() == booted
    for name in ("r1", "r2"):
        config = network.driver(name).get_config()
        assert config["running"] == config["startup"]
    assert network.run("drift").out == IN_SYNC
    assert network.run("remediate", "--yes").status == 0
    assert network.running() == booted


def test_a_port_that_nothing_was_configured_on(network: Network) -> None:
    """It is not shown in the running configuration, and is there all the same: its intent can be applied."""
    network.edit(
        "r1", "interfaces:\n", "interfaces:\n  lo: {description: router id, addresses: [10.9.9.1/32]}\n"
    )
    assert network.run("drift").status == 2
    answer = network.run("remediate", "--yes")
    assert answer.status == 0, answer.out + answer.err
    assert "interface lo\n description router id\n ip address 10.9.9.1/32\n" in network.running()["r1"]
    assert network.run("drift").out == IN_SYNC


def test_what_the_intent_does_not_model_stays(network: Network, booted: dict[str, str]) -> None:
    """Lines of other protocols in a changed section are not touched."""
    network.lab.change("r1", "interface eth0", "ipv6 nd ra-lifetime 0", "description temporary")
    assert network.run("remediate", "--yes").status == 0
    assert "ipv6 nd mtu 1400\n" in booted["r1"]
    now = network.running()["r1"]
    assert now.replace(" ipv6 nd ra-lifetime 0\n", "") == booted["r1"] != now


def test_kernel_added_and_link_local_addresses_are_no_drift(network: Network) -> None:
    """State is not configuration: `ip addr add` and what IPv6 makes up are seen, and left alone."""
    network.lab.run("r1", "ip", "addr", "add", "203.0.113.1/24", "dev", "eth0")
    try:
        seen = network.driver("r1").get_interfaces_ip()["eth0"]
        assert "203.0.113.1" in seen["ipv4"]
        assert any(address.startswith("fe80:") for address in seen["ipv6"])
        assert network.run("drift").out == IN_SYNC
    finally:
        network.lab.run("r1", "ip", "addr", "del", "203.0.113.1/24", "dev", "eth0")


def test_a_deleted_interface_that_keeps_its_section(network: Network, booted: dict[str, str]) -> None:
    """FRR remembers what was configured on it, and shows it as down; what was configured there can go."""
    lab = network.lab
    lab.run("r1", "ip", "link", "add", "br7", "type", "bridge")
    lab.change("r1", "interface br7", "description gone soon", "ip address 10.7.7.1/24")
    lab.run("r1", "ip", "link", "del", "br7")
    assert "interface br7\n description gone soon\n" in lab.running_config("r1")
    seen = network.driver("r1").get_interfaces()["br7"]
    assert (seen["is_up"], seen["is_enabled"], seen["description"]) == (False, False, "gone soon")
    try:
        # Its address is not what is intended; the interface itself is nobody's to delete.
        answer = network.run("drift")
        assert answer.status == 0
    finally:
        lab.change("r1", "no interface br7")
    assert network.running() == booted


def test_a_bad_line_rolls_the_router_back(network: Network) -> None:
    """FRR refuses a line in the middle of a change: exit 4, to the byte as before, and the others are repaired."""
    network.lab.change("r2", "interface eth1", "shutdown")
    network.edit("r1", "description: core", "description: backbone")
    network.edit("r1", "description: customer", "description: customer | other")  # vtysh takes it for a pipe
    before = network.running()
    answer = network.run("remediate", "--yes")
    assert answer.status == 4, answer.out + answer.err
    assert "% Unknown action" in answer.out + answer.err
    after = network.running()
    assert after["r1"] == before["r1"]
    assert " shutdown" not in after["r2"]
    assert network.driver("r1").has_pending_commit() is False


def test_what_frr_cannot_do_is_refused_when_it_is_planned(network: Network) -> None:
    """An MTU is the kernel's business: the object and the platform are named, and nothing is written."""
    before = network.running()
    network.edit("r1", "description: core,", "description: other, mtu: 9000,")
    answer = network.run("plan")
    assert answer.status == 3
    assert "r1 eth0: mtu is not possible" in answer.out + answer.err
    assert network.run("remediate", "--yes").status == 3
    assert network.running() == before


def test_vlans_are_refused_when_they_are_compared(network: Network) -> None:
    """FRR has none: `drift` says so already, by object and platform."""
    network.edit("r1", "interfaces:\n", "vlans: {10: {name: users}}\ninterfaces:\n")
    answer = network.run("drift")
    assert answer.status == 3
    assert "PLAN-UNSUPPORTED r1 vlan 10: a VLAN is not possible on frr: FRR has no VLANs" in answer.out


def test_ports_are_called_as_the_router_calls_them(network: Network) -> None:
    """Also where an address is to come, which has no port on the router yet."""
    network.lab.change("r1", "interface eth1", "no ip address 10.1.1.1/24")
    answer = network.run("drift")
    assert "+ address 10.1.1.1/24  (interface eth1)" in answer.out
    assert "Ethernet" not in network.run("plan", "--output", "json").out


def test_an_interface_that_is_not_there_is_refused(network: Network) -> None:
    """FRR would keep its configuration for the day when it comes; it is no change that can be verified."""
    before = network.running()
    network.edit("r1", "interfaces:\n", "interfaces:\n  Loopback7: {description: router id}\n")
    answer = network.run("remediate", "--yes")
    assert answer.status == 3, answer.out + answer.err
    assert "Loopback7" in answer.out + answer.err
    assert network.running() == before


def test_an_account_without_a_shell_can_read_but_has_no_timer(network: Network) -> None:
    """driftline does not change a router that it can't leave to go back by itself, and says why."""
    hosts = network.lab.nornir_hosts("vtyonly")
    (network.folder / "hosts.yml").write_text(yaml.safe_dump(hosts))
    assert network.run("drift").out == IN_SYNC
    network.lab.change("r1", "interface eth1", "shutdown")
    before = network.running()
    answer = network.run("remediate", "--yes")
    assert answer.status == 4, answer.out + answer.err
    assert "DEVICE-NO-SHELL r1: committing: " in answer.out
    assert "this needs an account with a shell" in answer.out
    assert "try: log in as an account with a shell" in answer.out
    assert (
        "it had unsaved changes" not in answer.out
    )  # what is saved is in a file that the account can't read
    assert network.running() == before


def test_the_wrong_platform_is_a_load_failure_with_a_hint(network: Network) -> None:
    """NAPALM's `ios` driver connects to FRR and reads nothing; that is no empty device, and nothing is written."""
    before = network.running()
    hosts = network.lab.nornir_hosts("vtyonly")
    hosts["r1"]["platform"] = "ios"
    (network.folder / "hosts.yml").write_text(yaml.safe_dump(hosts))
    answer = network.run("remediate", "--yes")
    told = answer.out + answer.err
    assert answer.status == 3, told
    assert "DEVICE-EMPTY r1: it answered with no" in told
    assert "is the platform right?" in told
    assert network.running() == before


def test_a_router_that_is_switched_off_while_it_is_read_yields_no_deletes(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it counts as missing, the others are repaired, and the run is incomplete: exit 3."""
    by_hand(network)
    pull_the_plug_before(monkeypatch, network, "r3", "get_interfaces")
    answer = network.run("remediate", "--yes")
    assert answer.status == 3, answer.out + answer.err
    assert "2 applied and read back" in answer.out
    answer = network.run("drift", "--output", "json")
    assert answer.status == 3
    assert answer.json["drift"] == []
    assert [failure["device"] for failure in answer.json["failures"]] == ["r3"]


def test_a_router_that_is_switched_off_before_its_commit(
    network: Network, monkeypatch: pytest.MonkeyPatch, booted: dict[str, str]
) -> None:
    """No success is claimed for it, the others are changed, and it boots with what it had saved."""
    by_hand(network)
    pull_the_plug_before(monkeypatch, network, "r1", "commit_config")
    answer = network.run("remediate", "--yes")
    assert answer.status in (4, 5), answer.out + answer.err
    assert "1 applied and read back" in answer.out
    network.lab.on("r1")
    assert network.running() == booted
    assert network.run("drift").out == IN_SYNC


def pull_the_plug_before(monkeypatch: pytest.MonkeyPatch, network: Network, name: str, method: str) -> None:
    """Switch a router off when the driver is about to do something on it."""
    original = getattr(FRRDriver, method)
    address = network.lab.routers[name].address

    def pulled(self: FRRDriver, *arguments: Any, **named: Any) -> Any:
        if self.hostname == address:
            network.lab.off(name)
        return original(self, *arguments, **named)

    monkeypatch.setattr(FRRDriver, method, pulled)


def test_a_change_reverts_when_driftline_is_killed_before_it_confirms(
    network: Network, booted: dict[str, str]
) -> None:
    """The process is killed between commit and confirm; the router is as before when its timer has run out."""
    by_hand(network)
    before = network.running()
    killed = _killed_at(network, "confirm_commit")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert network.running() != before
    assert eventually(lambda: network.running() == before, 15)
    assert booted != before


def test_a_killed_run_is_resumed(network: Network, booted: dict[str, str]) -> None:
    """Another process takes up what was left waiting, and the routers end as if nothing had happened."""
    by_hand(network)
    killed = _killed_at(network, "confirm_commit")
    assert killed.returncode == -signal.SIGKILL
    run = network.run("history", "--output", "json").json["runs"][0]["id"]
    answer = network.run("resume", run)
    assert answer.status == 0, answer.out + answer.err
    assert network.running() == booted


def _killed_at(network: Network, method: str) -> subprocess.CompletedProcess[bytes]:
    script = f"""
        import os, signal
        from driftline.cli import main
        from driftline.devices.drivers.frr import FRRDriver
        FRRDriver.{method} = lambda self: os.kill(os.getpid(), signal.SIGKILL)
        main(["remediate", "--yes", "--config", {str(network.folder / "driftline.yml")!r}])
    """
    words = [sys.executable, "-c", textwrap.dedent(script)]
    return subprocess.run(words, capture_output=True, check=False, timeout=60, env=os.environ)
