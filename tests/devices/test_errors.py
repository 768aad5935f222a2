"""Every foreign exception becomes one of ours, and none of them tells a secret."""

from __future__ import annotations

import inspect
import json
import ssl
from http.client import BadStatusLine, RemoteDisconnected
from typing import Any

import napalm.base.exceptions
import pyeapi.eapilib
import pytest
from napalm.base import exceptions as theirs
from netmiko.exceptions import NetmikoAuthenticationException, NetmikoTimeoutException, ReadTimeout

from driftline.devices.drivers.frr.vtysh import NoShellError
from driftline.devices.errors import MEANINGS, redacted, translate
from driftline.engine.exceptions import (
    AuthenticationFailed,
    PrepareError,
    TargetError,
    Unreachable,
    UnusableAnswer,
)

NAPALM = [
    cls
    for _, cls in inspect.getmembers(napalm.base.exceptions, inspect.isclass)
    if issubclass(cls, Exception)
]
KINDS: dict[type[Exception], type[TargetError]] = {
    theirs.ConnectionException: Unreachable,
    theirs.ConnectTimeoutError: Unreachable,
    theirs.ConnectionClosedException: Unreachable,
    theirs.CommandTimeoutException: Unreachable,
    theirs.ConnectAuthError: AuthenticationFailed,
}


@pytest.mark.parametrize("cls", NAPALM, ids=lambda cls: cls.__name__)
def test_every_napalm_exception_is_mapped(cls: type[Exception]) -> None:
    """None of NAPALM's exceptions is unknown, and each says what was being done to which device."""
    error = translate(cls("what happened"), "leaf1", "reading it")
    assert KINDS.get(cls, UnusableAnswer) is type(error)
    assert error.message.startswith("leaf1: reading it: ")
    assert {parent.__name__ for parent in cls.__mro__} & set(MEANINGS)


@pytest.mark.parametrize("cls", ["EapiError", "CommandError", "ConnectionError"])
def test_every_pyeapi_exception_is_mapped(cls: str) -> None:
    """Nor is any of pyeapi's."""
    assert {parent.__name__ for parent in getattr(pyeapi.eapilib, cls).__mro__} & set(MEANINGS)


def eapi(cause: Exception | None, text: str) -> Exception:
    """pyeapi's connection error as it raises it, while handling a socket's."""
    try:
        try:
            if cause is not None:
                raise cause
        finally:
            raise pyeapi.eapilib.ConnectionError("http://leaf1", text)
    except pyeapi.eapilib.ConnectionError as error:
        return error


def socket_error(cause: OSError) -> Exception:
    """pyeapi's error for a socket's."""
    return eapi(cause, f"Socket error during eAPI connection: {cause}")


REFUSED = ConnectionRefusedError(111, "Connection refused")
NOT_TRUSTED = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
CASES: list[tuple[str, Exception, type[TargetError], str]] = [
    ("401", eapi(None, "Unauthorized. Unable to authenticate"), AuthenticationFailed, "DEVICE-AUTH"),
    ("timeout", socket_error(TimeoutError("timed out")), Unreachable, "DEVICE-TIMEOUT"),
    ("refused", socket_error(REFUSED), Unreachable, "DEVICE-UNREACHABLE"),
    ("reset", socket_error(ConnectionResetError(104, "reset by peer")), Unreachable, "DEVICE-UNREACHABLE"),
    ("hung up", RemoteDisconnected("closed without response"), Unreachable, "DEVICE-UNREACHABLE"),
    (
        "no such name",
        socket_error(OSError(-2, "Name or service not known")),
        Unreachable,
        "DEVICE-UNREACHABLE",
    ),
    ("not trusted", socket_error(NOT_TRUSTED), Unreachable, "DEVICE-TLS"),
    ("no TLS there", socket_error(ssl.SSLError(1, "WRONG_VERSION_NUMBER")), Unreachable, "DEVICE-TLS"),
    (
        "HTML",
        eapi(json.JSONDecodeError("x", "<html>", 0), "unable to connect to eAPI"),
        UnusableAnswer,
        "DEVICE-ANSWER",
    ),
    ("not HTTP", BadStatusLine("SSH-2.0-OpenSSH"), UnusableAnswer, "DEVICE-ANSWER"),
    ("no version", KeyError("version"), UnusableAnswer, "DEVICE-ANSWER"),
    ("no result", TypeError("'NoneType' object is not subscriptable"), UnusableAnswer, "DEVICE-ANSWER"),
    (
        "refused line",
        pyeapi.eapilib.CommandError(1002, "CLI command 3 of 3 'x' failed"),
        UnusableAnswer,
        "DEVICE-REFUSED",
    ),
    (
        "not permitted",
        pyeapi.eapilib.CommandError(1005, "CLI command 1 of 2 'enable' failed"),
        AuthenticationFailed,
        "DEVICE-AUTH",
    ),
    ("locked", theirs.SessionLockedException("Session is already in use"), UnusableAnswer, "DEVICE-LOCKED"),
    ("too old", theirs.UnsupportedVersion("4.20"), UnusableAnswer, "DEVICE-VERSION"),
    ("no driver", theirs.ModuleImportError("Cannot import 'x'"), UnusableAnswer, "DEVICE-DRIVER"),
    ("slow command", ReadTimeout("Pattern not detected: 'r1#' in output."), Unreachable, "DEVICE-TIMEOUT"),
    ("no shell", NoShellError("r1: this needs an account with a shell"), UnusableAnswer, "DEVICE-NO-SHELL"),
    ("not done", NotImplementedError("not on this platform"), UnusableAnswer, "DEVICE-ERROR"),
]


@pytest.mark.parametrize(
    ("error", "kind", "code"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_it_means(error: Exception, kind: type[TargetError], code: str) -> None:
    """What people have to do about it differs, so the kind and the code do."""
    ours = translate(error, "leaf1", "connecting")
    assert (kind, code) == (type(ours), ours.code)
    assert ours.__cause__ is error


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Server '[192.0.2.1]:22' not found in known_hosts", "DEVICE-HOST-KEY"),
        ("Host key for server '192.0.2.1' does not match: got 'AA', expected 'BB'", "DEVICE-HOST-KEY"),
        ("A paramiko SSHException occurred:\n\nNo authentication methods available", "DEVICE-AUTH"),
        (
            "\nA paramiko SSHException occurred during connection creation:\n\nInvalid key\n",
            "DEVICE-KEY-FILE",
        ),
        (
            "A paramiko SSHException occurred during connection creation: not a valid OPENSSH private key file",
            "DEVICE-KEY-FILE",
        ),
        ("Paramiko: 'No existing session' error: try increasing 'conn_timeout'", "DEVICE-SSH"),
        ("TCP connection to device failed.", "DEVICE-TIMEOUT"),
    ],
)
def test_what_netmiko_calls_a_timeout(said: str, code: str) -> None:
    """Only the text tells what it was; each of these was seen with OpenSSH at the other end."""
    ours = translate(NetmikoTimeoutException(said), "r1", "connecting")
    assert (ours.code, bool(ours.hint)) == (code, True)


def test_a_key_without_its_passphrase() -> None:
    """It is told from credentials that the device refused: the device was not even asked."""
    error = NetmikoAuthenticationException(
        "Authentication to device failed.\n\nPrivate key file is encrypted"
    )
    assert translate(error, "r1", "connecting").code == "DEVICE-KEY-FILE"


def test_napalm_around_pyeapi() -> None:
    """A socket's error is recognised through both layers above it."""
    error = theirs.ConnectionException("wrapped")
    error.__context__ = socket_error(TimeoutError("timed out"))
    assert translate(error, "leaf1", "connecting").code == "DEVICE-TIMEOUT"


def test_ours_stay_as_they_are() -> None:
    """An error that is ours already is not wrapped again."""
    ours = Unreachable("leaf1: gone")
    assert translate(ours, "leaf1", "reading it") is ours


def test_an_earlier_error_of_ours_is_another_story() -> None:
    """What goes wrong during a rollback is not taken for what the rollback is for."""
    earlier = PrepareError("earlier")
    earlier.__cause__ = TimeoutError("timed out")
    error = theirs.CommitError("no")
    error.__context__ = earlier
    assert translate(error, "leaf1", "rolling back").code == "DEVICE-REFUSED"


SECRETS = [
    "CLI command 1 of 2 'enable input=s3cr3t)' failed",
    "CLI command 1 of 2 {'cmd': 'enable', 'input': 's3cr3t'} failed",
    "CLI command 4 of 9 'username admin secret sha512 s3cr3t' failed: invalid command",
    "CLI command 4 of 9 'neighbor 10.0.0.1 password 7 s3cr3t' failed: invalid command",
    "CLI command 4 of 9 'ip ospf message-digest-key 1 md5 7 s3cr3t' failed: invalid command",
    "login failed: password=s3cr3t",
    "snmp-server community s3cr3t ro",
]


@pytest.mark.parametrize("text", SECRETS)
@pytest.mark.parametrize(
    "make", [theirs.MergeConfigException, Exception, lambda t: pyeapi.eapilib.CommandError(1000, t)]
)
def test_secrets_are_not_told(make: Any, text: str) -> None:
    """Neither the message nor the chain of causes has the secret."""
    ours = translate(make(text), "leaf1", "loading the candidate")
    assert "s3cr3t" not in str(ours)
    assert ours.__cause__ is None


def test_what_is_no_secret_is_told() -> None:
    """A device's words are not mangled."""
    text = (
        "CLI command 3 of 4 'mtu 1' failed: invalid command [errors: ['% Invalid input (at token 1: '1')']]"
    )
    assert text == redacted(text)


def test_only_the_first_line_is_told() -> None:
    """Drivers like to append whole answers."""
    assert (
        translate(theirs.CommitError("no\nwhole answer"), "leaf1", "x").message == "leaf1: x: CommitError no"
    )
