"""JSON-RPC as eAPI speaks it: one request in, the bytes of one response out, and the faults on the way."""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from .cli import Cli
from .errors import CommandRefusedError
from .faults import Fault, FaultKind

if TYPE_CHECKING:
    from .device import SimulatedDevice

_MAX_LOGGED_OUTCOME = 300


class Delivery(enum.Enum):
    """What becomes of a response on the wire."""

    ANSWER = "answer"
    UNAUTHORIZED = "unauthorized"
    RESET = "reset"
    SILENCE = "silence"


class Response(NamedTuple):
    """A response, and how it reaches the client, if at all."""

    delivery: Delivery
    body: bytes = b""


class BadRequestError(Exception):
    """A body that isn't an eAPI request; the argument is the JSON-RPC error object."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Request(NamedTuple):
    """A request taken apart; each command comes with its input, if it has one."""

    id: Any
    style: str
    commands: list[tuple[str, str | None]]

    @classmethod
    def parse(cls, body: bytes) -> Request:
        """Read the body of a POST."""
        try:
            request = json.loads(body)
        except ValueError:
            raise BadRequestError(-32700, "Unable to parse request: not JSON") from None
        if not isinstance(request, dict) or request.get("method") != "runCmds":
            raise BadRequestError(-32601, "Method not found: the method is runCmds")
        params = request.get("params")
        if not isinstance(params, dict) or not isinstance(params.get("cmds"), list):
            raise BadRequestError(-32602, "Invalid params: cmds must be a list")
        style = params.get("format") or "json"
        if style not in {"json", "text"}:
            raise BadRequestError(-32602, "Invalid params: format is json or text")
        return cls(request.get("id"), style, [_command(each) for each in params["cmds"]])


def _command(command: Any) -> tuple[str, str | None]:
    if isinstance(command, str):
        return command, None
    if isinstance(command, dict) and isinstance(command.get("cmd"), str):
        given = command.get("input")
        return command["cmd"], given if isinstance(given, str) else None
    raise BadRequestError(-32602, "Invalid params: a command is a string or has a cmd")


def respond(device: SimulatedDevice, body: bytes, enable_password: str | None = None) -> Response:
    """Execute a request on a device, with whatever faults are armed."""
    try:
        request = Request.parse(body)
    except BadRequestError as error:
        return Response(Delivery.ANSWER, _error(None, error.code, str(error), None))
    with device.lock:
        device.settle()
        device.count(requests=1)
        return _Execution(device, request, enable_password).run()


class _Execution:
    """One request on its way through a device."""

    def __init__(self, device: SimulatedDevice, request: Request, enable_password: str | None) -> None:
        self._device = device
        self._request = request
        self._cli = Cli(device, request.style, enable_password)
        self._texts = tuple(command for command, __ in request.commands)

    def run(self) -> Response:
        struck = self._device.faults.strike_request(list(self._texts)) if self._device.faults else None
        if struck is None:
            return Response(Delivery.ANSWER, self._execute(len(self._texts)))
        fault, index = struck
        return self._struck(fault, index)

    def _struck(self, fault: Fault, index: int) -> Response:
        match fault.kind:
            case FaultKind.UNAUTHORIZED:
                return self._undone(Delivery.UNAUTHORIZED, "unauthorized")
            case FaultKind.TIMEOUT:
                return self._undone(Delivery.SILENCE, "not executed, no answer")
            case FaultKind.REFUSED:
                self._device.set_reachable(reachable=False)
                return self._undone(Delivery.RESET, "port closed")
            case FaultKind.RESET_BEFORE:
                self._execute(index, "reset before the answer")
                return Response(Delivery.RESET)
            case FaultKind.RESET_AFTER:
                self._execute(len(self._texts), "executed, then reset")
                return Response(Delivery.RESET)
            case _:
                self._execute(len(self._texts), "executed, answer lost")
                return Response(Delivery.SILENCE)

    def _undone(self, delivery: Delivery, outcome: str) -> Response:
        self._device.note(self._texts, outcome)
        return Response(delivery)

    def _execute(self, count: int, outcome: str = "ok") -> bytes:
        """Run the first commands, up to the first that is refused."""
        done: list[bytes] = []
        for command, given in self._request.commands[:count]:
            self._device.count(commands=1)
            try:
                done.append(self._cli.run(command, given))
            except CommandRefusedError as error:
                refused = f"refused: {error.text}"[:_MAX_LOGGED_OUTCOME]
                self._device.note(self._texts, refused if outcome == "ok" else f"{outcome}; {refused}")
                return self._refusal(command, error, done)
        self._device.note(self._texts, outcome)
        return b'{"jsonrpc": "2.0", "id": %s, "result": [%s]}' % (_json(self._request.id), b", ".join(done))

    def _refusal(self, command: str, error: CommandRefusedError, done: list[bytes]) -> bytes:
        position, total = len(done) + 1, len(self._texts)
        message = f"CLI command {position} of {total} '{command}' failed: {error.reason}"
        data = b"[%s]" % b", ".join([*done, _json({"errors": [error.text]})])
        return _error(self._request.id, error.code, message, data)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _error(request_id: Any, code: int, message: str, data: bytes | None) -> bytes:
    tail = b', "data": %s' % data if data is not None else b""
    return b'{"jsonrpc": "2.0", "id": %s, "error": {"code": %d, "message": %s%s}}' % (
        _json(request_id),
        code,
        _json(message),
        tail,
    )
