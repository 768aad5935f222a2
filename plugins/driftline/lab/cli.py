"""The device's command line as eAPI offers it: a list of commands in, a list of answers out."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from . import answers
from .errors import (
    CommandRefusedError,
    InvalidCommandError,
    UnauthorizedCommandError,
    UnconvertedCommandError,
)
from .faults import FaultKind
from .sessions import MAX_COMPLETED, MAX_PENDING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .device import SimulatedDevice
    from .editor import Editor
    from .sessions import Session

_SESSION = re.compile(
    r"configure session (?P<name>\S+)(?: (?P<verb>commit|abort)(?: timer (?P<timer>\S+))?)?"
)
_NAMED = re.compile(r"show session-config named (?P<name>\S+?)(?P<sanitized> sanitized)?(?P<diffs> diffs?)?")
_TIMER = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})")
_SECRET = re.compile(r"((?:secret|password|key|md5|auth|community)(?: (?:sha512|sha256|0|5|7|8a))?) \S+")
_COMMIT_FAULTS = (FaultKind.PARTIAL_COMMIT, FaultKind.LYING_OK)
_EMPTY_KEYS = {
    "show interfaces": "interfaces",
    "show ip interface": "interfaces",
    "show ipv6 interface": "interfaces",
    "show vlan": "vlans",
    "show lldp neighbors": "lldpNeighbors",
}
_FOREIGN_SESSION = "someone-else"
_EMPTY_ANSWER = {"json": b"{}", "text": b'{"output": ""}'}


class Cli:
    """One request's command line: enters with a login, remembers the mode from command to command."""

    def __init__(self, device: SimulatedDevice, style: str, enable_password: str | None = None) -> None:
        self._device = device
        self._style = style
        self._enable_password = enable_password
        self._session: Session | None = None
        self._direct: Editor | None = None

    def run(self, command: str, given: str | None = None) -> bytes:
        """Run one command and return its answer as JSON.

        Raises:
            CommandRefusedError: the device refuses it.
        """
        command = command.strip()
        if self._device.faults:
            self._fail_on_purpose(command)
        if command == "enable":
            self._enable(given)
        elif command.startswith("show "):
            return self._show(command)
        elif command in {"end", "abort"} and self._in_configuration:
            self._leave(command)
        elif self._in_configuration and not command.startswith("configure "):
            self._configure(command, given)
        else:
            self._exec(command)
        return _EMPTY_ANSWER[self._style]

    def _fail_on_purpose(self, command: str) -> None:
        fault = self._device.faults.strike_command(command, (FaultKind.COMMAND_ERROR,))
        if fault is not None:
            raise CommandRefusedError(fault.text)

    def _enable(self, given: str | None) -> None:
        if self._enable_password is not None and given != self._enable_password:
            raise UnauthorizedCommandError("% Bad secret")

    # Configuration mode

    @property
    def _in_configuration(self) -> bool:
        return self._session is not None or self._direct is not None

    def _leave(self, command: str) -> None:
        if command == "abort" and self._session is not None:
            self._device.abort(self._session.name)
        self._session = self._direct = None

    def _configure(self, command: str, given: str | None) -> None:
        if self._session is not None:
            if command == "commit":
                self._commit(f"configure session {self._session.name} commit", self._session.name, None)
                self._session = None
            else:
                self._session.apply(command, given)
        elif self._direct is not None:
            self._direct.apply(command, given)
            self._device.install(self._direct.config.copy())

    # Commands of the exec mode

    def _exec(self, command: str) -> None:
        self._session = self._direct = None
        if match := _SESSION.fullmatch(command):
            self._session_command(match)
        elif command in {"configure", "configure terminal"}:
            self._direct = self._device.edit()
        elif command in {"write memory", "write", "copy running-config startup-config"}:
            self._device.write_memory()
        elif command.startswith("copy startup-config flash:"):
            self._device.copy_startup(command.partition("flash:")[2])
        elif command.startswith("configure replace flash:"):
            self._device.replace_running(command.partition("flash:")[2])
        else:
            raise InvalidCommandError(command.split(" ", maxsplit=1)[0], 0)

    def _session_command(self, match: re.Match[str]) -> None:
        name, verb, timer = match["name"], match["verb"], match["timer"]
        if verb == "commit":
            self._commit(match[0], name, None if timer is None else _seconds(timer))
        elif timer is not None:
            raise InvalidCommandError("timer", 4)
        elif verb == "abort":
            self._device.abort(name)
        else:
            self._session = self._device.enter_session(name)

    def _commit(self, command: str, name: str, timer: float | None) -> None:
        fault = self._device.faults.strike_command(command, _COMMIT_FAULTS) if self._device.faults else None
        self._device.commit(name, timer, fault)

    # Show commands

    def _show(self, command: str) -> bytes:
        if self._device.faults and self._device.faults.strike_command(command, (FaultKind.EMPTY,)):
            return self._empty(command)
        if command in _CACHED_JSON:
            self._require("json", command)
            return self._cached(command, _CACHED_JSON[command])
        if command in _LIVE_JSON:
            self._require("json", command)
            return json.dumps(_LIVE_JSON[command](self._device)).encode()
        self._require("text", command)
        if command in _RUNNING:
            return self._cached(command, lambda device: {"output": _running(device, command)})
        return _text(self._text(command))

    def _require(self, style: str, command: str) -> None:
        known = (
            command in _CACHED_JSON
            or command in _LIVE_JSON
            or command in _RUNNING
            or command == "show startup-config"
        )
        if not known and not _NAMED.fullmatch(command):
            raise InvalidCommandError(command.split(" ")[1], 1)
        if style != self._style:
            raise UnconvertedCommandError(f"% The simulator answers '{command}' as {style} only")

    def _cached(self, command: str, make: Callable[[SimulatedDevice], dict[str, Any]]) -> bytes:
        device = self._device
        answer: bytes = device.cached(command, lambda: json.dumps(make(device)).encode())
        return answer

    def _text(self, command: str) -> str:
        device = self._device
        if command == "show startup-config":
            config = device.startup
            return _header(command, config.hostname, STARTUP_COMMENT) + config.render()
        match = _NAMED.fullmatch(command)
        if match is None:
            raise InvalidCommandError(command.split(" ")[1], 1)
        if match["diffs"]:
            return device.session_diff(match["name"])
        text = _header(command, device.running.hostname) + device.session_text(match["name"])
        return sanitized(text) if match["sanitized"] else text

    def _empty(self, command: str) -> bytes:
        if self._style == "text":
            return _EMPTY_ANSWER["text"]
        key = _EMPTY_KEYS.get(command)
        return json.dumps({key: [] if key == "lldpNeighbors" else {}} if key else {}).encode()


STARTUP_COMMENT = "! Startup-config last modified at Thu Jan  1 00:00:00 2026 by admin\n"


def _text(output: str) -> bytes:
    return json.dumps({"output": output}).encode()


def _seconds(timer: str) -> float:
    match = _TIMER.fullmatch(timer)
    if match is None or timer == "00:00:00":
        raise InvalidCommandError(timer, 5)
    hours, minutes, seconds = map(int, match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


def _header(command: str, hostname: str, comment: str = "") -> str:
    """The comments that EOS prints above a configuration."""
    return (
        f"! Command: {command}\n{comment}! device: {hostname} ({answers.MODEL}, EOS-{answers.VERSION})\n"
        "!\n! boot system flash:/vEOS-lab.swi\n!\n"
    )


def _running(device: SimulatedDevice, command: str) -> str:
    text = _header(command, device.running.hostname) + device.running_config
    return sanitized(text) if command.endswith(" sanitized") else text


def sanitized(text: str) -> str:
    """A configuration with its secrets removed."""
    return _SECRET.sub(r"\1 <removed>", text)


def _ipv6(device: SimulatedDevice) -> dict[str, Any]:
    answer = answers.ipv6_interfaces(device.running, device.identity)
    if answer is None:
        raise CommandRefusedError("No IPv6 configured interfaces")
    return answer


def _sessions(device: SimulatedDevice) -> dict[str, Any]:
    listed = {session.name: _session(device, session) for session in device.all_sessions()}
    if device.faults and device.faults.strike_command(
        "show configuration sessions", (FaultKind.SESSION_LOCKED,)
    ):
        listed[_FOREIGN_SESSION] = {"state": "pending", "description": "", "instances": {}, "commitUser": ""}
    return {"maxSavedSessions": MAX_COMPLETED, "maxOpenSessions": MAX_PENDING, "sessions": listed}


def _session(device: SimulatedDevice, session: Session) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "state": session.state.value,
        "description": "",
        "instances": {},
        "commitUser": "",
    }
    commit_by = device.commit_by(session)
    return answer if commit_by is None else {**answer, "commitBy": commit_by}


_RUNNING = frozenset(
    f"show running-config{full}{clean}" for full in ("", " all") for clean in ("", " sanitized")
)

# Answers that hold until the running configuration changes.
_CACHED_JSON: dict[str, Callable[[SimulatedDevice], dict[str, Any]]] = {
    "show hostname": lambda device: answers.hostname(device.running),
    "show interfaces": lambda device: answers.interfaces(device.running, device.identity),
    "show ip interface": lambda device: answers.ip_interfaces(device.running),
    "show ipv6 interface": _ipv6,
    "show vlan": lambda device: answers.vlans(device.running),
    "show lldp neighbors": lambda _: {"lldpNeighbors": []},
}
# Answers that depend on the moment.
_LIVE_JSON: dict[str, Callable[[SimulatedDevice], dict[str, Any]]] = {
    "show version": lambda device: answers.version(device.identity, device.uptime),
    "show configuration sessions": _sessions,
    "show configuration sessions detail": _sessions,
}
