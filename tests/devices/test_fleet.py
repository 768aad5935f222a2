"""The fleet: Nornir's connections and threads, safely."""

from __future__ import annotations

import logging
import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from driftline.devices import Connection, Credentials, Fleet
from driftline.devices.platforms.eos import secure_options
from driftline.devices.platforms.secure import patient, trusting
from driftline.engine.exceptions import AuthenticationFailed, SettingsError, Unreachable, UnusableAnswer
from driftline.lab import Fault, FaultKind, Lab, SimulatedDevice

from .leaf import LEAF, fleet_in, fleet_of, host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nornir.core.task import Result


def the_host(lab: Lab, **options: Any) -> Any:
    """The first leaf as a host."""
    end = lab.endpoints["leaf1"]
    return host("leaf1", end.host, end.port, **{"transport": end.transport, **options})


def test_the_inventory_wins_over_the_credentials(lab: Lab) -> None:
    """What the inventory says about a host counts more than the settings."""
    first = the_host(lab)
    first.password = "admin"
    fleet_of({"leaf1": first}, password="another").driver("leaf1")


def test_the_inventory_is_left_as_it_is(lab: Lab) -> None:
    """No credential of the settings ends up in somebody's inventory."""
    fleet = fleet_in(lab)
    before = fleet.nornir.inventory.dict()
    fleet.driver("leaf1")
    assert before == fleet.nornir.inventory.dict()


def test_the_enable_secret_by_the_names_that_drivers_know(lab: Lab) -> None:
    """Those over eAPI and those over Netmiko call it differently; what the inventory says wins."""
    fleet = fleet_of({"leaf1": the_host(lab, secret="its own")}, enable="en4ble")
    options = fleet._parameters(fleet.host("leaf1"))["extras"]["optional_args"]
    assert (options["enable_password"], options["secret"]) == ("en4ble", "its own")


def test_wrong_credentials(lab: Lab) -> None:
    """A refused password is told as such, without the password."""
    with pytest.raises(AuthenticationFailed) as caught:
        fleet_in(lab, password="wr0ng").driver("leaf1")
    assert "wr0ng" not in str(caught.value)


def test_reopened_with_the_same_options() -> None:
    """A second connection has the enable password too, which NAPALM takes out of the options that it gets."""
    with Lab({"leaf1": LEAF}, enable_password="en4ble", addressing="ports", port=0) as lab:
        fleet = fleet_of({"leaf1": the_host(lab)}, enable="en4ble")
        for _ in range(2):
            assert fleet.driver("leaf1").get_facts()["hostname"] == "leaf1"
            fleet.close("leaf1")
        with pytest.raises(AuthenticationFailed) as caught:
            fleet_of({"leaf1": the_host(lab)}, enable="wr0ng").driver("leaf1")
        assert "wr0ng" not in str(caught.value)


def test_one_unsupported_host_does_not_stop_the_others(lab: Lab) -> None:
    """An inventory may have hosts that driftline can't talk to; only they fail."""
    alien = host("alien", "127.0.0.1", 1, platform="vyos")
    fleet = fleet_of({"leaf1": the_host(lab), "alien": alien})
    fleet.driver("leaf1")
    with pytest.raises(UnusableAnswer, match="vyos"):
        fleet.driver("alien")


@pytest.mark.parametrize(("given", "expected"), [({"timeout": 7.5}, 7.5), ({}, 60)])
def test_the_inventory_s_timeout_wins(lab: Lab, given: dict[str, Any], expected: float) -> None:
    """One slow device can be given more time than the others."""
    slow = the_host(lab)
    slow.connection_options["napalm"].extras = {"optional_args": {"transport": "http"}, **given}
    assert fleet_of({"leaf1": slow}).driver("leaf1").timeout == expected


@pytest.mark.parametrize(
    ("timeouts", "given", "expected"),
    [({"eos": 90}, {}, 90), ({"ios": 90}, {}, 60), ({"eos": 90}, {"timeout": 7.5}, 7.5)],
)
def test_a_platform_s_timeout(
    lab: Lab, timeouts: dict[str, int], given: dict[str, Any], expected: float
) -> None:
    """It wins over that of all devices, and the host's own over both."""
    slow = the_host(lab)
    slow.connection_options["napalm"].extras = {"optional_args": {"transport": "http"}, **given}
    assert fleet_of({"leaf1": slow}, timeouts=timeouts).driver("leaf1").timeout == expected


def test_the_timeout_of_no_platform() -> None:
    """A name that is mistyped is told, with those that there are."""
    with pytest.raises(ValidationError, match=r"'isos' is no platform; there are .*ios"):
        Connection(timeouts={"isos": 90})


def test_the_longest_timeout() -> None:
    """What has to outlast an answer of any device goes by it."""
    assert [Connection().longest_timeout, Connection(timeouts={"ios": 90}).longest_timeout] == [60, 90]


@pytest.mark.parametrize(
    ("options", "given", "expected"),
    [
        ({"read_timeout_override": 60}, {}, 90),
        ({"read_timeout_override": 120}, {}, 120),
        ({"read_timeout_override": 5}, {"read_timeout_override": 5}, 5),
        ({}, {}, None),
    ],
)
def test_a_command_over_ssh_has_as_long(
    options: dict[str, Any], given: dict[str, Any], expected: int | None
) -> None:
    """Netmiko has a time of its own for reading, which would end before ours."""
    assert patient(options, given, 90).get("read_timeout_override") == expected


@pytest.mark.parametrize("name", ["ssh_config_file", "key_file", "alt_key_file"])
def test_a_file_for_ssh_that_is_not_there(lab: Lab, tmp_path: Path, name: str) -> None:
    """Netmiko goes on without a configuration or known keys: past the jump host, or to nobody that it knows."""
    missing = {name: str(tmp_path / "nothing")}
    with pytest.raises(SettingsError, match=f"leaf1: its {name} .*nothing is not there") as caught:
        fleet_of({"leaf1": host("leaf1", "127.0.0.1", 1, platform="ios", **missing)}).driver("leaf1")
    assert caught.value.code == "DEVICE-SSH-FILE"


def test_one_connection_per_device(lab: Lab, fleet: Fleet) -> None:
    """A device that was connected once stays so for the run."""
    assert fleet.driver("leaf1") is fleet.driver("leaf1")


def test_closing_is_always_possible(lab: Lab, fleet: Fleet) -> None:
    """Connections are closed whatever state the far end is in, and closing twice is no error."""
    driver = fleet.driver("leaf1")
    fleet.driver("leaf2")
    driver.config_session = "gone"
    lab["leaf1"].inject(Fault(FaultKind.REFUSED))
    fleet.close_all()
    assert all(not host.connections for host in fleet.nornir.inventory.hosts.values())
    fleet.close_all()
    fleet.close("leaf1")


def test_failed_hosts_are_worked_on_and_closed(fleet: Fleet) -> None:
    """Nornir leaves failed hosts out of later tasks; a rollback can't."""

    def fail(task: Any) -> Result:
        raise ValueError(task.host.name)

    fleet.driver("leaf1")
    fleet.nornir.run(task=fail)
    assert fleet.nornir.data.failed_hosts == {"leaf1", "leaf2"}
    assert fleet.run(str.upper, ["leaf2", "leaf1"]) == ["LEAF2", "LEAF1"]
    fleet.close_all()
    assert not fleet.host("leaf1").connections


def test_work_that_raises_is_an_error_of_ours(fleet: Fleet) -> None:
    """What was meant to be an outcome, and is not, is not lost either."""

    def fail(name: str) -> None:
        raise ZeroDivisionError(name)

    with pytest.raises(ZeroDivisionError):
        fleet.run(fail, ["leaf1"])


def test_as_many_at_once_as_there_are_workers(tmp_path: Path) -> None:
    """The number of threads is the settings'."""
    (tmp_path / "hosts.yaml").write_text("".join(f"d{n}: {{}}\n" for n in range(3)))
    inventory = {"plugin": "SimpleInventory", "options": {"host_file": str(tmp_path / "hosts.yaml")}}
    fleet = Fleet.from_inventory(inventory, Connection(workers=3), Credentials())
    together = threading.Barrier(3, timeout=5)
    assert sorted(fleet.run(lambda _: together.wait(), fleet.names)) == [0, 1, 2]


def test_an_inventory_that_can_not_be_loaded() -> None:
    """A wrong inventory is a matter of settings."""
    with pytest.raises(SettingsError) as caught:
        Fleet.from_inventory({"plugin": "NoSuchPlugin"}, Connection(), Credentials())
    assert caught.value.code == "SETTINGS-NORNIR"


def test_a_failure_prints_nothing(lab: Lab, capfd: pytest.CaptureFixture[str]) -> None:
    """pyeapi logs tracebacks; a user who has not asked for logs sees none."""
    handlers, logging.root.handlers = logging.root.handlers, []
    lab["leaf1"].inject(Fault(FaultKind.REFUSED))
    try:
        with pytest.raises(Unreachable):
            fleet_in(lab).driver("leaf1")
    finally:
        logging.root.handlers = handlers
    assert capfd.readouterr().err == ""


# Whom we talk to ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secure() -> Iterator[Lab]:
    """A leaf behind TLS."""
    with Lab({"leaf1": LEAF}, tls=True, addressing="ports", port=0) as lab:
        yield lab


def test_a_trusted_certificate(secure: Lab) -> None:
    """With its authority in the settings the device is talked to."""
    fleet = fleet_of({"leaf1": the_host(secure)}, ca_file=secure.ca_file)
    assert fleet.driver("leaf1").get_facts()["hostname"] == "leaf1"


@pytest.mark.parametrize("options", [{}, {"enforce_verification": False}, {"context": None}])
def test_a_certificate_that_is_not_trusted(secure: Lab, options: dict[str, Any]) -> None:
    """Without it nobody is, whatever the inventory's options say."""
    secure.reset_log()
    with pytest.raises(Unreachable) as caught:
        fleet_of({"leaf1": the_host(secure, **options)}).driver("leaf1")
    assert caught.value.code == "DEVICE-TLS"
    assert secure["leaf1"].counters.requests == 0


@pytest.mark.parametrize("options", [{}, {"ssl_verify": False}])
def test_the_authorities_of_nx_api(secure: Lab, options: dict[str, Any]) -> None:
    """They are the same as for all others. With them it comes to talking, and this is no NX-API."""
    end = secure.endpoints["leaf1"]
    switch = {"n1": host("n1", end.host, end.port, platform="nxos", **options)}
    with pytest.raises(UnusableAnswer):
        fleet_of(switch, ca_file=secure.ca_file).driver("n1")
    with pytest.raises(Unreachable) as caught:
        fleet_of(switch).driver("n1")
    assert caught.value.code == "DEVICE-TLS"


def test_the_system_s_authorities(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a file of one's own a driver trusts whom the system does; a file that the inventory names stays."""
    (tmp_path / "ca.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert trusting({"ssl_verify": True}, None) == {"ssl_verify": str(tmp_path / "ca.pem")}
    assert trusting({"ssl_verify": "theirs.pem"}, tmp_path) == {"ssl_verify": "theirs.pem"}
    assert trusting({}, tmp_path) == {}


def test_a_file_without_certificates(tmp_path: Path, lab: Lab) -> None:
    """A wrong authority file is found before any device is talked to."""
    file = tmp_path / "ca.pem"
    file.write_text("nothing")
    with pytest.raises(SettingsError) as caught:
        fleet_of({"leaf1": the_host(lab)}, ca_file=file)
    assert caught.value.code == "SETTINGS-CA-FILE"


TLS = ssl.create_default_context()


@pytest.mark.parametrize("address", ["192.0.2.1", "leaf1.example.net", "2001:db8::1"])
@pytest.mark.parametrize("transport", ["http", "http_session"])
def test_plain_http_leaves_no_loopback(address: str, transport: str) -> None:
    """No password goes over a network in the clear."""
    with pytest.raises(SettingsError) as caught:
        secure_options(address, {"transport": transport}, TLS)
    assert caught.value.code == "DEVICE-PLAIN-HTTP"


@pytest.mark.parametrize("transport", ["https_certs", "my.own.Transport"])
def test_transports_that_do_not_verify(transport: str) -> None:
    """What verifies nobody is refused."""
    with pytest.raises(SettingsError) as caught:
        secure_options("192.0.2.1", {"transport": transport}, TLS)
    assert caught.value.code == "DEVICE-TRANSPORT"


@pytest.mark.parametrize(
    ("host_name", "options", "expected"),
    [
        ("192.0.2.1", {}, {"transport": "https", "context": TLS}),
        ("192.0.2.1", {"eos_transport": "https_session"}, {"transport": "https_session", "context": TLS}),
        ("192.0.2.1", {"transport": "ssh"}, {"ssh_strict": True, "system_host_keys": True}),
        ("127.50.0.1", {"transport": "http"}, {"transport": "http"}),
        ("localhost", {"transport": "http"}, {"transport": "http"}),
        ("192.0.2.1", {"transport": "socket"}, {"transport": "socket"}),
    ],
)
def test_safe_options(host_name: str, options: dict[str, Any], expected: dict[str, Any]) -> None:
    """Every other transport verifies whom it talks to, or does not leave the machine."""
    assert expected.items() <= secure_options(host_name, options, TLS).items()


def test_plain_http_of_one_host_fails_that_host(leaf: SimulatedDevice, lab: Lab) -> None:
    """An unsafe host is refused by itself, and nothing was sent to it."""
    fleet = fleet_of({"far": host("far", "192.0.2.1", 80, transport="http"), "leaf1": the_host(lab)})
    with pytest.raises(SettingsError):
        fleet.driver("far")
    fleet.driver("leaf1")
