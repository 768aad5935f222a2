"""The lab's control channel: a Unix socket that takes one JSON request per line, and its client."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import LabError
from .faults import Fault, FaultKind
from .record import Counters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .device import SimulatedDevice
    from .lab import Lab

_LIMIT = 8 * 1024 * 1024
_TIMEOUT = 30.0
_NOT_RUNNING_HINT = "start one with `driftline lab up`"
_GOODBYE = {"result": "goodbye"}
Request = dict[str, Any]


class ControlServer:
    """Answers control requests for a lab that serves in the same event loop."""

    def __init__(self, lab: Lab, path: Path) -> None:
        self._lab = lab
        self._path = path
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen at the path, for the owner only.

        Raises:
            LabError: another lab listens there.
        """
        if _somebody_listens(self._path):
            hint = "stop it, or choose another control path"
            raise LabError("LAB-CONTROL-IN-USE", f"a lab is already controlled through {self._path}", hint)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._talk, sock=_bound(self._path), limit=_LIMIT)

    async def close(self) -> None:
        """Stop listening and remove the socket, if it is ours."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                answer = await asyncio.to_thread(self._answer, line)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
                if answer == _GOODBYE:  # only now: a lab that stops first could not answer any more
                    self._lab.request_stop()
        except (ConnectionError, ValueError):
            pass  # the client went away, or sent more than a line may hold
        finally:
            writer.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            return {"result": _handler(request)(self._lab, request)}
        except LabError as error:
            return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return {
                "error": {"code": "LAB-BAD-REQUEST", "message": f"malformed request: {error!r}", "hint": ""}
            }


def _handler(request: Request) -> Callable[[Lab, Request], Any]:
    handler = _HANDLERS.get(request.get("request", ""))
    if handler is None:
        raise LabError("LAB-UNKNOWN-REQUEST", f"no such request: {request.get('request')!r}")
    return handler


def _somebody_listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def _bound(path: Path) -> socket.socket:
    """A Unix socket that nobody else could ever open, not even for a moment."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        message = f"can't listen at {path}: {error.strerror or error}"
        raise LabError(
            "LAB-CONTROL-UNAVAILABLE", message, "choose a shorter path in a folder of yours"
        ) from error
    finally:
        os.umask(mask)
    return listener


def _chosen(lab: Lab, request: Request) -> Iterator[SimulatedDevice]:
    """The device that a request names; `*` means all."""
    names = list(lab) if request["device"] == "*" else [request["device"]]
    return (lab[name] for name in names)


def _devices(lab: Lab, __: Request) -> dict[str, Any]:
    return {name: endpoint._asdict() for name, endpoint in lab.endpoints.items()}


def _change(lab: Lab, request: Request) -> None:
    for device in _chosen(lab, request):
        device.change(*request["lines"])


def _show(lab: Lab, request: Request) -> Any:
    device = lab[request["device"]]
    match request["what"]:
        case "running":
            return device.running_config
        case "startup":
            return device.startup_config
        case "log":
            return [{"time": r.time, "commands": list(r.commands), "outcome": r.outcome} for r in device.log]
        case "counters":
            return device.counters.as_dict()
        case other:
            raise LabError(
                "LAB-BAD-REQUEST", f"can't show {other!r}", "one of running, startup, log, counters"
            )


def _fault(lab: Lab, request: Request) -> None:
    try:
        kind = FaultKind(request["kind"])
    except ValueError:
        hint = "one of " + ", ".join(kind.value for kind in FaultKind)
        raise LabError("LAB-BAD-REQUEST", f"no fault {request['kind']!r}", hint) from None
    given = {
        key: request[key] for key in ("command", "skip", "times", "text") if request.get(key) is not None
    }
    for device in _chosen(lab, request):
        device.inject(Fault(kind, **given))


def _clear(lab: Lab, request: Request) -> None:
    for device in _chosen(lab, request):
        device.clear_faults()


def _latency(lab: Lab, request: Request) -> None:
    for device in _chosen(lab, request):
        device.latency = float(request["seconds"])


def _counters(lab: Lab, __: Request) -> dict[str, int]:
    return lab.counters.as_dict()


def _reset(lab: Lab, __: Request) -> None:
    lab.reset_log()


def _stop(_lab: Lab, __: Request) -> Any:
    return _GOODBYE["result"]


_HANDLERS: dict[str, Callable[[Lab, Request], Any]] = {
    "devices": _devices,
    "change": _change,
    "show": _show,
    "fault": _fault,
    "clear": _clear,
    "latency": _latency,
    "counters": _counters,
    "reset": _reset,
    "stop": _stop,
}


class LabClient:
    """Talks to a lab in another process; every method raises LabError when none is running."""

    def __init__(self, path: str | Path, *, timeout: float = _TIMEOUT) -> None:
        self._path = Path(path)
        self._timeout = timeout

    def devices(self) -> dict[str, dict[str, Any]]:
        """The endpoints by device."""
        endpoints: dict[str, dict[str, Any]] = self._ask("devices")
        return endpoints

    def change(self, device: str, lines: list[str]) -> None:
        """Change a device's running configuration out of band; `*` means every device."""
        self._ask("change", device=device, lines=lines)

    def show(self, device: str, what: str) -> Any:
        """A device's `running` or `startup` text, its `log` or its `counters`."""
        return self._ask("show", device=device, what=what)

    def fault(
        self, device: str, kind: FaultKind | str, command: str = "", skip: int = 0, times: int | None = None
    ) -> None:
        """Inject a fault; `*` means every device."""
        value = kind.value if isinstance(kind, FaultKind) else kind
        self._ask("fault", device=device, kind=value, command=command, skip=skip, times=times)

    def clear(self, device: str = "*") -> None:
        """Take the faults away."""
        self._ask("clear", device=device)

    def latency(self, device: str, seconds: float) -> None:
        """Make a device answer late; `*` means every device."""
        self._ask("latency", device=device, seconds=seconds)

    def counters(self) -> Counters:
        """The sum of all devices' counters."""
        return Counters(**self._ask("counters"))

    def reset(self) -> None:
        """Empty every log and counter."""
        self._ask("reset")

    def stop(self) -> None:
        """End the lab."""
        self._ask("stop")

    def _ask(self, request: str, **parameters: Any) -> Any:
        line = json.dumps({"request": request, **parameters}).encode() + b"\n"
        answer = json.loads(self._exchange(line))
        if "error" in answer:
            raise LabError(answer["error"]["code"], answer["error"]["message"], answer["error"]["hint"])
        return answer["result"]

    def _exchange(self, line: bytes) -> bytes:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(self._timeout)
                connection.connect(str(self._path))
                connection.sendall(line)
                with connection.makefile("rb") as answers:
                    answer = answers.readline()
        except OSError as error:
            message = f"no lab is running at {self._path}"
            raise LabError("LAB-NOT-RUNNING", message, _NOT_RUNNING_HINT) from error
        if not answer:
            raise LabError("LAB-NOT-RUNNING", f"the lab at {self._path} hung up", _NOT_RUNNING_HINT)
        return answer
