"""Where foreign exceptions become ours: NAPALM's, pyeapi's, Netmiko's and the sockets' below them.

Exceptions are told apart by the names of their classes, so that no driver has to be installed, or imported,
for another one's sake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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

# What follows such a word, up to the next quotation mark, may be a secret.
_SECRET = re.compile(
    r"""\b(?:(password|passphrase|secret|community|key(?: ascii-text| hexadecimal)?"""
    r"""|key-string|md5|psk|authentication text|(?:auth|priv) [\w-]+"""
    r"""|version (?:1|2c))(['"]?(?:\s*[=:]\s*|\s+)['"]?)"""
    r"""|(input)(['"]?\s*[=:]\s*['"]?))[^'"\n]+""",
    re.IGNORECASE,
)
_ANSWERS = re.compile(r"output: .*(?=errors: )", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What an exception means to us."""

    kind: type[TargetError]
    code: str
    message: str = ""
    """Instead of the exception's own text."""
    hint: str = ""


_TLS = _Meaning(
    Unreachable,
    "DEVICE-TLS",
    "the device's TLS certificate is not trusted",
    "give the certificate authority with connection.ca_file",
)
_NO_TLS = _Meaning(
    Unreachable, "DEVICE-TLS", "there is no TLS at this port", "check the port and the transport"
)
_AUTH = _Meaning(
    AuthenticationFailed,
    "DEVICE-AUTH",
    "the device refused the credentials",
    "check the user name and password (DRIFTLINE_CREDENTIALS__USERNAME, ...__PASSWORD, or --ask-pass)",
)
_NOT_PERMITTED = _Meaning(
    AuthenticationFailed,
    "DEVICE-AUTH",
    "the device does not permit this user to do it",
    "check the user's role, and the enable secret (DRIFTLINE_CREDENTIALS__ENABLE_SECRET)",
)
_HOST_KEY = _Meaning(
    Unreachable,
    "DEVICE-HOST-KEY",
    "its SSH host key is not known",
    "look at the key on the device itself, then put it into ~/.ssh/known_hosts (ssh-keyscan), or name a file of"
    " keys with optional_args.alt_key_file",
)
_OTHER_HOST_KEY = _Meaning(
    Unreachable,
    "DEVICE-HOST-KEY",
    "its SSH host key is another one than the known one",
    "was the device replaced? if not, somebody else answers: the known key is in ~/.ssh/known_hosts",
)
_NO_WAY_IN = _Meaning(
    AuthenticationFailed,
    "DEVICE-AUTH",
    "there is nothing to log in with",
    "give a password, a key with optional_args.key_file, or allow_agent and a key in the agent",
)
_KEY_FILE = _Meaning(
    AuthenticationFailed,
    "DEVICE-KEY-FILE",
    "its key file can't be used",
    "check optional_args.key_file and passphrase: it is a private key that OpenSSH can read",
)
_NO_SESSION = _Meaning(
    Unreachable,
    "DEVICE-SSH",
    "the SSH session ended before anybody was logged in",
    "is connection.timeout too short? behind a jump host: try `ssh -F` with the ssh_config_file by hand, the jump"
    " host's own key must be known, and it can't ask for a password",
)
_TIMEOUT = _Meaning(
    Unreachable,
    "DEVICE-TIMEOUT",
    "no answer in time",
    "is the device overloaded, or connection.timeout too short?",
)
_UNREACHABLE = _Meaning(
    Unreachable, "DEVICE-UNREACHABLE", hint="check the address, the port and that the API is enabled"
)
_ANSWER = _Meaning(UnusableAnswer, "DEVICE-ANSWER", hint="is this the device's API?")
_LOCKED = _Meaning(
    UnusableAnswer,
    "DEVICE-LOCKED",
    hint="somebody else is changing it, or left a candidate behind: look at its configuration sessions",
)
_NO_SHELL = _Meaning(
    UnusableAnswer,
    "DEVICE-NO-SHELL",
    hint="log in as an account with a shell, in the groups frr and frrvty: a change that is not confirmed goes back"
    " by a timer there",
)
_REFUSED = _Meaning(UnusableAnswer, "DEVICE-REFUSED")
_ERROR = _Meaning(UnusableAnswer, "DEVICE-ERROR")

MEANINGS: dict[str, _Meaning] = {
    # The first that an exception, or one below it, is an instance of counts.
    "SSLCertVerificationError": _TLS,
    "ConnectAuthError": _AUTH,
    "NetmikoAuthenticationException": _AUTH,
    "ConnectTimeoutError": _TIMEOUT,
    "CommandTimeoutException": _TIMEOUT,
    "NetmikoTimeoutException": _TIMEOUT,
    "ReadTimeout": _TIMEOUT,
    "TimeoutError": _TIMEOUT,
    "RpcTimeoutError": _TIMEOUT,
    "UnsupportedVersion": _Meaning(UnusableAnswer, "DEVICE-VERSION", "its version is too old for the driver"),
    "ModuleImportError": _Meaning(
        UnusableAnswer, "DEVICE-DRIVER", hint="install the platform's NAPALM driver"
    ),
    "SSLError": _NO_TLS,
    "HostKeyError": _Meaning(
        Unreachable, "DEVICE-HOST-KEY", hint="compare it with the device's, then put it into known_hosts"
    ),
    "ConnectionException": _UNREACHABLE,
    "ConnectError": _UNREACHABLE,
    "OSError": _UNREACHABLE,
    "LockError": _LOCKED,
    "UnlockError": _LOCKED,
    "SessionLockedException": _LOCKED,
    "ReplaceConfigException": _REFUSED,
    "MergeConfigException": _REFUSED,
    "CommitConfirmException": _REFUSED,
    "CommitError": _REFUSED,
    "CommandErrorException": _REFUSED,
    "CommandError": _REFUSED,
    "EapiError": _ANSWER,
    "HTTPException": _ANSWER,
    "LookupError": _ANSWER,
    "TypeError": _ANSWER,
    "ValueError": _ANSWER,
    "AttributeError": _ANSWER,
    "NapalmException": _ERROR,
    "NoShellError": _NO_SHELL,
}

_SSH = {
    r"not found in known_hosts": _HOST_KEY,
    r"Host key for server .* does not match": _OTHER_HOST_KEY,
    r"No authentication methods available": _NO_WAY_IN,
    r"Private key file is encrypted": _KEY_FILE,
    r"paramiko SSHException [\w ]+:\s+(Invalid key|encountered \w+ key|not a valid \w+ private key)": _KEY_FILE,
    r"Paramiko: 'No existing session' error": _NO_SESSION,
}
"""What paramiko says, or Netmiko around it."""


def translate(error: BaseException, device: str, doing: str) -> DriftlineError:
    """Return our error for whatever a driver raised while it was doing something to a device.

    The original is its cause, unless its text holds a secret.
    """
    if isinstance(error, DriftlineError):
        return error
    meaning = _meaning(error)
    text = _text(error)
    ours = meaning.kind(f"{device}: {doing}: {meaning.message or text}", code=meaning.code, hint=meaning.hint)
    ours.__cause__ = error if all(_clean(str(one)) == str(one) for one in _chain(error)) else None
    ours.__suppress_context__ = True
    return ours


def redacted(text: str) -> str:
    """Return a text without what may be a secret in it."""
    return _SECRET.sub(r"\1\2\3\4<removed>", text)


def _clean(text: str) -> str:
    """Return an error's text without what may be a secret, and without answers to other commands before it."""
    return redacted(_ANSWERS.sub("", text))


def _meaning(error: BaseException) -> _Meaning:
    chain = list(_chain(error))
    text = str(error)
    if of_ssh := _ssh("\n".join(map(str, chain))):
        return of_ssh
    if any(type(one).__module__.startswith("pyeapi") for one in chain) and (special := _eapi(chain, text)):
        return special
    names = {cls.__name__ for one in chain for cls in type(one).__mro__}
    return next((meaning for name, meaning in MEANINGS.items() if name in names), _ERROR)


def _ssh(text: str) -> _Meaning | None:
    """Return what only the text of an SSH error, or of one above it, tells: Netmiko calls it a timeout."""
    return next((meaning for said, meaning in _SSH.items() if re.search(said, text)), None)


def _eapi(chain: list[BaseException], text: str) -> _Meaning | None:
    """Return what only the text of a pyeapi error tells."""
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return _TLS
    if "Unauthorized" in text:
        return _AUTH
    if any(getattr(one, "error_code", None) == 1005 for one in chain):  # noqa: PLR2004 - eAPI's own number
        return _NOT_PERMITTED
    if text.startswith("Socket error") and "timed out" in text:
        return _TIMEOUT
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Return an exception and what it came from; an error of ours on the way is another story."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, DriftlineError):
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _text(error: BaseException) -> str:
    """Return the error's first line, told by its class when it is no message; drivers append whole answers."""
    line = (_clean(str(error)).strip().splitlines() or [""])[0][:300]
    return line if " " in line else f"{type(error).__name__} {line}".strip()
