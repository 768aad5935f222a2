"""Every driver verifies whom it talks to, whatever the driver does by itself."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

import paramiko
import pytest
from napalm import get_network_driver

from driftline.devices.errors import translate
from driftline.devices.platforms import PLATFORMS
from driftline.devices.platforms.junos.driver import VerifiedJunOSDriver
from driftline.engine.exceptions import DriftlineError, SettingsError, Unreachable
from driftline.lab import Lab

from .leaf import LEAF, fleet_of, host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TLS = ssl.create_default_context()
SSH = {"ssh_strict": True, "system_host_keys": True}
OVER_SSH = ("ios", "iosxr")


@pytest.mark.parametrize("name", OVER_SSH)
@pytest.mark.parametrize("given", [{}, {"ssh_strict": False}, {"system_host_keys": False}])
def test_host_keys_are_checked(name: str, given: dict[str, Any]) -> None:
    """Netmiko would take any; that can't be turned off."""
    assert SSH.items() <= PLATFORMS[name].secure_options("192.0.2.1", given, TLS).items()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"key_file": "id"}, {"key_file": "id", "use_keys": True}),
        ({"alt_key_file": "keys"}, {"alt_key_file": "keys", "alt_host_keys": True}),
        ({"ssh_config_file": "config"}, {"ssh_config_file": "config"}),
        ({"allow_agent": True}, {"allow_agent": True}),
        ({}, {"read_timeout_override": 60}),
        ({"read_timeout_override": 300}, {"read_timeout_override": 300}),
    ],
)
def test_keys_agents_and_jump_hosts(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """They are Netmiko's own options, and what belongs to one is set with it."""
    assert expected.items() <= PLATFORMS["ios"].secure_options("192.0.2.1", given, TLS).items()


def test_telnet_is_refused() -> None:
    """It would send the password in the clear, to anybody."""
    with pytest.raises(SettingsError) as caught:
        PLATFORMS["ios"].secure_options("192.0.2.1", {"transport": "telnet"}, TLS)
    assert caught.value.code == "DEVICE-TRANSPORT"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"transport": "https", "ssl_verify": True, **SSH}),
        ({"ssl_verify": False}, {"ssl_verify": True}),
        ({"ssl_verify": "ca.pem"}, {"ssl_verify": "ca.pem"}),
        ({"nxos_protocol": "https"}, {"transport": "https"}),
    ],
)
def test_nx_api_is_verified(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """NAPALM's driver would not; files are copied over SSH, which is checked as well."""
    assert expected.items() <= PLATFORMS["nxos"].secure_options("192.0.2.1", given, TLS).items()


@pytest.mark.parametrize(("transport", "code"), [("http", "DEVICE-PLAIN-HTTP"), ("ssh", "DEVICE-TRANSPORT")])
def test_nx_api_is_https(transport: str, code: str) -> None:
    """Nothing else leaves the machine."""
    with pytest.raises(SettingsError) as caught:
        PLATFORMS["nxos"].secure_options("192.0.2.1", {"transport": transport}, TLS)
    assert caught.value.code == code


# Against a real SSH server, whose key is known or not ----------------------------------------------------------


@pytest.fixture
def server() -> Iterator[tuple[int, paramiko.PKey]]:
    """An SSH server that shows its key and lets nobody in."""
    key = paramiko.ECDSAKey.generate()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(client)
            transport.add_server_key(key)
            transport.start_server(event=threading.Event(), server=paramiko.ServerInterface())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], key
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def refused(port: int, name: str, tmp_path: Path, key: paramiko.PKey) -> Unreachable:
    """What connecting ends with, where the known key is this one."""
    known = tmp_path / "known_hosts"
    keys = paramiko.HostKeys()
    keys.add(f"[127.0.0.1]:{port}", key.get_name(), key)
    keys.save(str(known))
    fleet = fleet_of({"r1": host("r1", "127.0.0.1", port, platform=name, alt_key_file=str(known))})
    with pytest.raises(Exception) as caught:  # noqa: PT011 - told apart by the caller
        fleet.driver("r1")
    return caught.value


@pytest.mark.parametrize("name", OVER_SSH)
def test_an_unknown_host_key(name: str, server: tuple[int, paramiko.PKey], tmp_path: Path) -> None:
    """It is refused before the password is sent, and what to do is said."""
    other = tmp_path / "none"
    other.touch()
    fleet = fleet_of({"r1": host("r1", "127.0.0.1", server[0], platform=name, alt_key_file=str(other))})
    with pytest.raises(Unreachable) as caught:
        fleet.driver("r1")
    assert caught.value.code == "DEVICE-HOST-KEY"
    assert "known_hosts" in caught.value.hint


@pytest.mark.parametrize("name", OVER_SSH)
def test_another_host_key(name: str, server: tuple[int, paramiko.PKey], tmp_path: Path) -> None:
    """A device with another key than the known one is told from one that is new."""
    error = refused(server[0], name, tmp_path, paramiko.ECDSAKey.generate())
    assert error.code == "DEVICE-HOST-KEY"
    assert "another one" in error.message


@pytest.mark.parametrize("name", OVER_SSH)
def test_a_known_host_key(name: str, server: tuple[int, paramiko.PKey], tmp_path: Path) -> None:
    """With the right key it comes to the password, which this server does not take."""
    assert refused(server[0], name, tmp_path, server[1]).code == "DEVICE-AUTH"


# Junos: the driver that checks host keys, where NAPALM's own does not ------------------------------------------------


def junos(port: int, tmp_path: Path, *keys: paramiko.PKey) -> DriftlineError:
    """What connecting ends with, where these keys are known; its `ssh_config_file` says where."""
    known, config = tmp_path / "known_hosts", tmp_path / "config"
    hosts = paramiko.HostKeys()
    for key in keys:
        hosts.add(f"[127.0.0.1]:{port}", key.get_name(), key)
    hosts.save(str(known))
    config.write_text(f"Host *\n  UserKnownHostsFile {known}\n", encoding="utf-8")
    given = {"ssh_config_file": str(config), "port": port}
    options = PLATFORMS["junos"].secure_options("127.0.0.1", given, TLS)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - told apart by the caller
        VerifiedJunOSDriver("127.0.0.1", "admin", "secret", 5, options).open()
    return translate(caught.value, "r1", "connecting")


def test_junos_with_an_unknown_host_key(server: tuple[int, paramiko.PKey], tmp_path: Path) -> None:
    """It is refused before the password is sent, and what to do is said."""
    error = junos(server[0], tmp_path)
    assert error.code == "DEVICE-HOST-KEY"
    assert "not known" in error.message


def test_junos_with_another_host_key(server: tuple[int, paramiko.PKey], tmp_path: Path) -> None:
    """A device with another key than the known one is told from one that is new."""
    error = junos(server[0], tmp_path, paramiko.ECDSAKey.generate())
    assert error.code == "DEVICE-HOST-KEY"
    assert "another one" in error.message


def test_junos_with_a_known_host_key(server: tuple[int, paramiko.PKey], tmp_path: Path) -> None:
    """With the right key it comes to the password, which this server does not take."""
    assert junos(server[0], tmp_path, server[1]).code == "DEVICE-AUTH"


def test_junos_that_does_not_answer(tmp_path: Path) -> None:
    """It can't be reached, which is another thing than not to be trusted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert junos(port, tmp_path).code == "DEVICE-UNREACHABLE"


@pytest.mark.parametrize(
    "given", [{}, {"lock_disable": True}, {"config_private": True}, {"config_lock": True}]
)
def test_junos_is_locked_while_it_is_changed(given: dict[str, Any]) -> None:
    """Nobody else's uncommitted lines are committed with ours, and the lock is not held longer."""
    safe = {"lock_disable": False, "config_private": False, "config_lock": False}
    assert safe.items() <= PLATFORMS["junos"].secure_options("192.0.2.1", given, TLS).items()


def test_junos_and_an_option_that_it_would_not_follow() -> None:
    """A file of known hosts that nobody looks into is no safety."""
    with pytest.raises(SettingsError, match="alt_key_file"):
        PLATFORMS["junos"].secure_options("192.0.2.1", {"alt_key_file": "keys"}, TLS)


def test_napalm_finds_the_driver_that_checks() -> None:
    """By the name that the platform says."""
    assert get_network_driver(PLATFORMS["junos"].driver) is VerifiedJunOSDriver


def test_the_fleet_takes_the_driver_that_checks(server: tuple[int, paramiko.PKey], tmp_path: Path) -> None:
    """And so no password is sent to an unknown device."""
    config = tmp_path / "config"
    config.write_text(f"Host *\n  UserKnownHostsFile {tmp_path / 'none'}\n", encoding="utf-8")
    fleet = fleet_of(
        {"r1": host("r1", "127.0.0.1", server[0], platform="junos", ssh_config_file=str(config))}
    )
    with pytest.raises(Unreachable) as caught:
        fleet.driver("r1")
    assert caught.value.code == "DEVICE-HOST-KEY"


# Against a TLS server, whose authority is known or not ----------------------------------------------------------


@pytest.fixture(scope="module")
def secure() -> Iterator[Lab]:
    """Something behind TLS; it does not speak NX-API, which is found out only by who talks to it."""
    with Lab({"leaf1": LEAF}, tls=True, addressing="ports", port=0) as lab:
        yield lab


def connect(lab: Lab, **options: Any) -> str:
    """The code of what connecting with NAPALM's own `nxos` driver ends with."""
    end = lab.endpoints["leaf1"]
    with pytest.raises(DriftlineError) as caught:
        fleet_of({"n1": host("n1", end.host, end.port, platform="nxos", **options)}).driver("n1")
    return caught.value.code


@pytest.mark.parametrize("options", [{}, {"ssl_verify": False}])
def test_an_untrusted_certificate(secure: Lab, options: dict[str, Any]) -> None:
    """Nothing is sent, whatever the inventory's options say."""
    secure.reset_log()
    assert connect(secure, **options) == "DEVICE-TLS"
    assert secure["leaf1"].counters.requests == 0


def test_a_trusted_certificate(secure: Lab) -> None:
    """With a file of authorities it comes to talking."""
    assert connect(secure, ssl_verify=str(secure.ca_file)) == "DEVICE-ANSWER"
