"""Where foreign exceptions become ours: NAPALM's, pyeapi's, Netmiko's and the sockets' below them."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from driftline.engine.exceptions import (
    AuthenticationFailed,
    DriftlineError,
    TargetError,
    Unreachable,
    UnusableAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_AUTH_HINT = (
    "check the user name and password (DRIFTLINE_CREDENTIALS__USERNAME, ...__PASSWORD, or --ask-pass)"
)


def translate(error: BaseException, device: str, doing: str) -> DriftlineError:
    """Return our error for whatever a driver raised while it was doing something to a device."""
    if isinstance(error, DriftlineError):
        return error
    ours = _translated(error, f"{device}: {doing}")
    ours.__cause__ = error
    return ours


def _translated(error: BaseException, what: str) -> TargetError:
    chain = list(_chain(error))
    names = {cls.__name__ for one in chain for cls in type(one).__mro__}
    text = _text(error)
    if _is_certificate(chain, text):
        return Unreachable(
            f"{what}: the device's TLS certificate is not trusted",
            code="DEVICE-TLS",
            hint="give the certificate authority with connection.ca_file",
        )
    if "Unauthorized" in text or names & {"ConnectAuthError", "NetmikoAuthenticationException"}:
        return AuthenticationFailed(
            f"{what}: the device refused the credentials", code="DEVICE-AUTH", hint=_AUTH_HINT
        )
    if "timed out" in text or names & {"TimeoutError", "ConnectTimeoutError", "CommandTimeoutException"}:
        return Unreachable(
            f"{what}: no answer in time",
            code="DEVICE-TIMEOUT",
            hint="is the device overloaded, or connection.timeout too short?",
        )
    if names & {"OSError", "ConnectionException", "ConnectionClosedException"} or "Socket error" in text:
        return Unreachable(
            f"{what}: {text}",
            code="DEVICE-UNREACHABLE",
            hint="check the address, the port and that the API is enabled",
        )
    if names & {"ConnectionError"}:
        return UnusableAnswer(f"{what}: {text}", code="DEVICE-ANSWER", hint="is this the device's API?")
    return UnusableAnswer(f"{what}: {type(error).__name__}: {text}", code="DEVICE-ERROR")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _is_certificate(chain: list[BaseException], text: str) -> bool:
    return (
        any(isinstance(one, ssl.SSLCertVerificationError) for one in chain)
        or "CERTIFICATE_VERIFY_FAILED" in text
    )


def _text(error: BaseException) -> str:
    """Return the error's first line; drivers like to append whole answers."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
