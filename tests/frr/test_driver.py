"""The NAPALM driver, as anybody who knows NAPALM uses it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest
from napalm import get_network_driver
from napalm.base.exceptions import CommitConfirmException, CommitError, ConnectAuthError, LockError

from driftline.devices.drivers.frr.vtysh import HostKeyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Network

pytestmark = pytest.mark.routers
CHANGE = """\
interface eth1
 description what? this
 no ip address 10.1.1.1/24
 ip address 10.1.1.9/24
 ipv6 address 2001:db8:9::1/64
 shutdown
interface mgmt0
 description out of band
"""
BAD_LINE = CHANGE.replace(" shutdown", " ip address 224.0.0.1/24\n shutdown")


def eventually(is_so: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.2)
    return is_so()


def test_facts_interfaces_and_addresses(network: Network) -> None:
    """The getters tell what the router is, what ports it has, and the addresses in effect."""
    driver = network.driver("r1")
    facts = driver.get_facts()
    assert (facts["hostname"], facts["vendor"]) == ("r1", "FRRouting")
    assert facts["os_version"][0].isdigit()
    assert facts["interface_list"] == ["eth0", "eth1", "lo", "mgmt0"]
    assert driver.get_interfaces()["eth0"]["description"] == "core"
    assert driver.get_interfaces_ip()["eth0"]["ipv4"] == {"10.0.0.1": {"prefix_length": 24}}
    # The kernel looks first whether nobody else has an IPv6 address.
    assert eventually(lambda: "2001:db8::1" in driver.get_interfaces_ip()["eth0"].get("ipv6", ()), 5)
    driver.close()
    assert driver.is_alive() == {"is_alive": False}


def test_a_port_that_is_shut_down_has_no_operational_state(network: Network) -> None:
    """FRR leaves keys out; they are read as what they mean."""
    network.lab.change("r1", "interface eth1", "shutdown", "no description")
    eth1 = network.driver("r1").get_interfaces()["eth1"]
    assert (eth1["is_enabled"], eth1["is_up"], eth1["description"]) == (False, False, "")


def test_running_and_startup_configuration_are_alike_when_saved(network: Network) -> None:
    """Both are whole configurations in the same form, so they can be compared."""
    config = network.driver("r1").get_config()
    assert config["running"] == config["startup"]
    assert config["candidate"] == ""


def test_a_merge_is_compared_committed_and_taken_back(network: Network) -> None:
    """The life of a change: what it would do, what it did and saved, and back to the byte."""
    driver = network.driver("r1")
    before = driver.get_config()
    driver.load_merge_candidate(config=CHANGE)
    diff = driver.compare_config().splitlines()
    assert "- description customer" in diff
    assert "+ description what? this" in diff
    assert driver.get_config()["running"] == before["running"]
    driver.commit_config()
    after = driver.get_config()
    assert (
        " description what? this\n ip address 10.1.1.9/24\n ipv6 address 2001:db8:9::1/64\n shutdown\n"
        in (after["running"])
    )
    assert after["running"] == after["startup"]
    driver.rollback()
    assert driver.get_config() == before


def test_replacing_with_what_is_there_changes_nothing(network: Network) -> None:
    """A configuration replaces itself without a line; a discarded candidate is gone."""
    driver = network.driver("r1")
    driver.load_replace_candidate(config=driver.get_config()["running"])
    assert driver.compare_config() == ""
    driver.load_merge_candidate(config=CHANGE)
    assert driver.compare_config() != ""
    driver.discard_config()
    assert driver.compare_config() == ""
    with pytest.raises(CommitError, match="no candidate"):
        driver.commit_config()


def test_a_configuration_is_replaced_as_a_whole(network: Network) -> None:
    """Other descriptions, addresses, routes and neighbours: everything is as in the text, and back again."""
    driver = network.driver("r1")
    before = driver.get_config()["running"]
    wanted = (
        before.replace("core", "backbone")
        .replace(" ip address 10.1.1.1/24\n", "")
        .replace("ip route 192.0.2.0/24 Null0", "ip route 198.51.100.0/24 Null0")
        .replace("neighbor 10.0.0.9 remote-as 65009", "neighbor 10.0.0.8 remote-as 65008")
    )
    driver.load_replace_candidate(config=wanted)
    driver.commit_config()
    assert driver.get_config()["running"] == wanted
    driver.rollback()
    assert driver.get_config()["running"] == before


@pytest.mark.parametrize(("user", "revert_in"), [("netops", None), ("netops", 30), ("vtyonly", None)])
def test_a_bad_line_in_the_middle_leaves_the_router_as_it_was(
    network: Network, user: str, revert_in: int | None
) -> None:
    """FRR applies what comes before it; that is taken back to the byte, and no timer stays armed."""
    before = network.running()
    driver = network.driver("r1", user)
    driver.load_merge_candidate(config=BAD_LINE)
    with pytest.raises(CommitError, match=r"line 6 `ip address 224.0.0.1/24` was refused: % Invalid address"):
        driver.commit_config(revert_in=revert_in)
    assert network.running() == before
    assert driver.has_pending_commit() is False


def test_a_timed_commit_that_is_confirmed_stays(network: Network) -> None:
    """Confirming disarms the timer and saves."""
    driver = network.driver("r1")
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config(revert_in=3)
    assert driver.has_pending_commit() is True
    changed = driver.get_config()
    assert changed["startup"] != changed["running"]
    driver.confirm_commit()
    time.sleep(4)
    assert driver.has_pending_commit() is False
    config = driver.get_config()
    assert config["running"] == config["startup"] == changed["running"]


def test_a_timed_commit_reverts_when_the_process_is_killed(network: Network) -> None:
    """Between commit and confirm the process dies; the router goes back by itself, to the byte."""
    before = network.running()
    host = network.lab.nornir_hosts()["r1"]
    script = f"""
        import time
        from napalm import get_network_driver
        options = {host["connection_options"]["napalm"]["extras"]["optional_args"]!r}
        driver = get_network_driver("frr")({host["hostname"]!r}, "netops", "", optional_args=options)
        driver.open()
        driver.load_merge_candidate(config={CHANGE!r})
        driver.commit_config(revert_in=4)
        print("committed", flush=True)
        time.sleep(60)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"committed\n"
        committed = time.monotonic()
        assert network.running() != before
        process.kill()
    assert eventually(lambda: network.running() == before, 10)
    assert 2 < time.monotonic() - committed < 8
    driver = network.driver("r1")
    assert eventually(lambda: not driver.has_pending_commit(), 5)


def test_another_process_sees_a_pending_commit_and_takes_it_back(network: Network) -> None:
    """It is known by its name; nobody else may commit while it waits."""
    before = network.running()
    first, second = network.driver("r1"), network.driver("r1")
    first.load_merge_candidate(config=CHANGE)
    first.commit_config(revert_in=60)
    name = first.config_session
    first.close()
    assert second.has_pending_commit() is True
    second.load_merge_candidate(config="interface eth0\n description other")
    with pytest.raises(CommitError, match="waits to be confirmed"):
        second.commit_config()
    with pytest.raises(LockError, match="waits to be confirmed"):
        second.commit_config(revert_in=60)
    second.discard_config()
    assert second.has_pending_commit() is True
    second.config_session = name
    second.discard_config()
    assert second.has_pending_commit() is False
    assert network.running() == before


def test_another_process_confirms_by_name(network: Network) -> None:
    """A run that was cut off can be gone on with."""
    first, second = network.driver("r1"), network.driver("r1")
    first.load_merge_candidate(config=CHANGE)
    first.commit_config(revert_in=5)
    second.config_session = "somebody else's"
    with pytest.raises(CommitConfirmException, match="waits instead"):
        second.confirm_commit()
    second.config_session = first.config_session
    second.confirm_commit()
    assert second.has_pending_commit() is False
    with pytest.raises(CommitConfirmException, match="does not wait any more"):
        first.confirm_commit()


def test_an_account_without_a_shell_has_no_timer(network: Network) -> None:
    """It is said before anything is changed; without a timer, the account can change and take back."""
    before = network.running()
    driver = network.driver("r1", "vtyonly")
    driver.load_merge_candidate(config=CHANGE)
    with pytest.raises(NotImplementedError, match="account with a shell"):
        driver.commit_config(revert_in=60)
    assert network.running() == before
    driver.commit_config()
    assert network.running() != before
    driver.rollback()
    assert network.running() == before


def test_a_broken_connection_is_made_anew(network: Network) -> None:
    """What was begun over it can be taken back."""
    before = network.running()
    driver = network.driver("r1")
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config(revert_in=60)
    network.lab.run("r1", "pkill", "-f", "[s]shd: netops")
    assert eventually(lambda: not driver.is_alive()["is_alive"], 5)
    driver.discard_config()
    assert network.running() == before


def test_an_unknown_host_key_is_refused(network: Network) -> None:
    """No key is taken on trust."""
    with pytest.raises(HostKeyError, match="known_hosts"):
        network.driver("r1", alt_key_file="/dev/null")


def test_a_wrong_password_is_an_authentication_error(network: Network) -> None:
    """The right one is in a file of the lab's."""
    password = (network.lab.folder / "password").read_text().strip()
    options = {"alt_host_keys": True, "alt_key_file": str(network.lab.folder / "known_hosts")}
    host = network.lab.routers["r1"].address
    get_network_driver("frr")(host, "netops", password, optional_args=options).open()
    with pytest.raises(ConnectAuthError):
        get_network_driver("frr")(host, "netops", "wrong", optional_args=options).open()


def test_napalms_ios_driver_loads_nothing_on_frr(network: Network) -> None:
    """The wrong driver answers with nothing instead of failing, and its merge fails before it writes."""
    before = network.running()
    password = (network.lab.folder / "password").read_text().strip()
    driver = get_network_driver("ios")(network.lab.routers["r1"].address, "vtyonly", password)
    driver.open()
    try:
        assert driver.get_interfaces() == {}
        assert driver.get_facts()["os_version"] in ("", "Unknown")
        with pytest.raises(Exception, match=r"."):
            driver.load_merge_candidate(config="interface eth0\n description wrong")
    finally:
        driver.close()
    assert network.running() == before
