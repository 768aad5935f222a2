"""The fleet: Nornir's connections and threads, safely."""

from __future__ import annotations

import logging
import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest

from driftline.devices import Connection, Credentials, Fleet
from driftline.devices.platforms.eos import secure_options
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
