"""A conversation with `vtysh` over SSH, and with the device's own shell where the account has one."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, TypeVar

from napalm.base.exceptions import (
    CommandErrorException,
    CommandTimeoutException,
    ConnectAuthError,
    ConnectionClosedException,
    ConnectionException,
)
from netmiko.cisco import CiscoIosSSH
from netmiko.exceptions import (
    NetmikoAuthenticationException,
    NetmikoTimeoutException,
    ReadException,
    ReadTimeout,
)
from paramiko.ssh_exception import SSHException

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

Answer = TypeVar("Answer")

_PROMPT = r"\n\S+# \Z"
_FIRST_PROMPT = r"\S+[#$>] \Z"
_SETTLED = "terminal length 0"
_NO_SHELL = "Unknown command: exec vtysh"
_LITERALLY = "\x16"  # what follows is text: a question mark asks for help otherwise
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST_KEY = re.compile(
    r"not found in known_hosts|Host key for server .* does not match|host key", re.IGNORECASE
)


class HostKeyError(ConnectionException):  # type: ignore[misc]  # NAPALM has no types
    """The device's host key is unknown, or another one than is known."""


class NoShellError(NotImplementedError):
    """The account logs in to vtysh, and this takes programs on the device."""


class RefusedLineError(CommandErrorException):  # type: ignore[misc]
    """A configuration line that the device refuses; the lines before it have taken effect."""

    def __init__(self, index: int, line: str, said: str) -> None:
        super().__init__(f"line {index + 1} `{line.strip()}` was refused: {said}")
        self.index = index
        self.line = line
        self.said = said


class _Channel(CiscoIosSSH):
    """Netmiko's connection, without its waiting for what a vtysh never does."""

    has_shell = False

    def session_preparation(self) -> None:
        """Get from whatever the account logs in to, to vtysh's prompt."""
        timeout = self.read_timeout_override or 10.0
        self.write_channel("exec vtysh\n")
        greeting = self.read_until_pattern(_FIRST_PROMPT, read_timeout=timeout)
        self.write_channel(f"{_SETTLED}\n")
        # Whatever is still on its way ends with the answer to this.
        said = self.read_until_pattern(rf"{_SETTLED}\n(?:.*\n)*\S+[#$>] \Z", read_timeout=timeout)
        if "not found" in said:
            raise ConnectionException(f"{self.host}: the account's shell finds no vtysh")
        self.has_shell = _NO_SHELL not in greeting + said


class Vtysh:
    """An open session on one router."""

    def __init__(
        self,
        host: str,
        username: str | None,
        password: str | None,
        timeout: float,
        options: Mapping[str, Any],
    ) -> None:
        """Connect.

        Args:
            host: name or address.
            username: the account.
            password: None where a key does it.
            timeout: the seconds that one answer may take.
            options: Netmiko's arguments.

        Raises:
            ConnectionException: there is no connection, or no vtysh at the end of it.
        """
        self.host = host
        self._timeout = timeout
        given = {"conn_timeout": timeout, "read_timeout_override": timeout, **options}
        try:
            self._channel = _Channel(host=host, username=username or "", password=password, **given)
        except NetmikoAuthenticationException as error:
            raise ConnectAuthError(f"{host}: the credentials were refused") from error
        except (NetmikoTimeoutException, ReadException, ReadTimeout, SSHException, OSError) as error:
            raise _failed(host, error) from None  # Netmiko calls whatever goes wrong a timeout

    @property
    def has_shell(self) -> bool:
        """Whether the account can run programs, not only vtysh."""
        return self._channel.has_shell

    @property
    def alive(self) -> bool:
        """Whether the connection still stands, as far as this end knows."""
        client = self._channel.remote_conn_pre
        transport = client.get_transport() if client is not None else None
        closed = getattr(self._channel.remote_conn, "closed", True)
        return transport is not None and transport.is_active() and not closed

    def ask(self, command: str) -> str:
        """Return what vtysh answers to one command; it may be a refusal."""
        if _CONTROL.search(command):
            raise CommandErrorException(f"{self.host}: a line with control characters can't be sent")
        return self._guarded(lambda: self._asked(command))

    def configure(self, lines: Sequence[str]) -> None:
        """Send configuration lines, one after the other, and leave configuration mode.

        Raises:
            RefusedLineError: one was refused, and those after it were not sent.
        """
        self.ask("configure terminal")
        try:
            for index, line in enumerate(lines):
                refusal = refusal_in(self.ask(line.strip()))
                if refusal:
                    raise RefusedLineError(index, line, refusal)
        finally:
            self.ask("end")

    def run(self, *words: str) -> tuple[int, str]:
        """Run a program in the account's shell; return its exit status and what it printed.

        Raises:
            NoShellError: the account has no shell.
        """
        if not self.has_shell:
            raise NoShellError(f"{self.host}: this needs an account with a shell; this one logs in to vtysh")
        return self._guarded(lambda: self._ran(shlex.join(words)))

    def close(self) -> None:
        """Hang up."""
        self._channel.paramiko_cleanup()

    def _asked(self, command: str) -> str:
        self._channel.write_channel(command.replace("?", f"{_LITERALLY}?") + "\n")
        text = str(self._channel.read_until_pattern(_PROMPT, read_timeout=self._timeout))
        __, __, answer = text.partition("\n")  # the echo
        return answer.rpartition("\n")[0] + "\n" if "\n" in answer else ""

    def _ran(self, command: str) -> tuple[int, str]:
        client = self._channel.remote_conn_pre
        if client is None:
            raise ConnectionClosedException(f"{self.host}: the connection is closed")
        __, stdout, __ = client.exec_command(command, timeout=self._timeout)
        text = stdout.read().decode("utf-8", "replace")
        return stdout.channel.recv_exit_status(), text

    def _guarded(self, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except (ReadTimeout, TimeoutError) as error:
            self.close()  # an answer that comes too late would be taken for the next one's
            raise CommandTimeoutException(f"{self.host}: no answer within {self._timeout} s") from error
        except (ReadException, SSHException, OSError, EOFError) as error:
            self.close()
            raise ConnectionClosedException(f"{self.host}: the connection broke") from error


def refusal_in(answer: str) -> str:
    """Return what vtysh says when it refuses a command; empty: it does not."""
    lines = answer.splitlines()
    start = next((number for number, line in enumerate(lines) if line.startswith("% ")), None)
    return "" if start is None else " ".join(line.strip() for line in lines[start:] if line.strip())


def _failed(host: str, error: Exception) -> ConnectionException:
    said = " ".join(str(error).split())
    if _HOST_KEY.search(said):
        return HostKeyError(f"{host}: {said[:200]}")
    return ConnectionException(f"{host}: no connection: {said[:200]}")
