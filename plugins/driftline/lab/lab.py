"""A lab: many simulated devices behind real sockets, served by one event loop in the background."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import signal
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from .device import SimulatedDevice
from .errors import LabError
from .inventories import ansible_inventory, nornir_hosts
from .record import Counters
from .server import Access, Door, listening_socket

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine, Iterator, Mapping
    from typing import Any, Self

    from .clock import Clock

Addressing = Literal["auto", "addresses", "ports"]
LOCALHOST = "127.0.0.1"
DEFAULT_PORT = 8080
FIRST_ADDRESS = "127.50.0.1"
_START_TIMEOUT = 60.0
_CALL_TIMEOUT = 30.0
_MAX_PORT = 65535
_LAST_ROUNDS = 10


class Endpoint(NamedTuple):
    """Where a client reaches a device; `transport` is the driver's word, `ca_file` what it verifies with."""

    host: str
    port: int
    transport: str
    ca_file: str | None


class Lab:
    r"""Simulated devices by name, each with a configuration text to boot with.

    Example:
        >>> with Lab({"leaf1": "hostname leaf1\ninterface Ethernet1\n"}, addressing="ports", port=0) as lab:
        ...     lab["leaf1"].change("interface Ethernet1", "shutdown")
        ...     lab.endpoints["leaf1"].transport
        'http'
    """

    def __init__(
        self,
        configs: Mapping[str, str],
        *,
        username: str = "admin",
        password: str = "admin",  # noqa: S107 - the credentials of a simulation
        enable_password: str | None = None,
        port: int = DEFAULT_PORT,
        tls: bool = False,
        clock: Clock | None = None,
        latency: float = 0.0,
        first_address: str = FIRST_ADDRESS,
        addressing: Addressing = "auto",
    ) -> None:
        """Boot the devices; nothing listens before `start`, `serve` or a `with` block.

        Raises:
            LabError: a configuration that a device would refuse.
        """
        self._devices = {
            name: SimulatedDevice(name, text, clock=clock, latency=latency) for name, text in configs.items()
        }
        self._access = Access(username, password, enable_password)
        self._port = port
        self._tls = tls
        self._first_address = ipaddress.IPv4Address(first_address)
        self._addressing = addressing
        self._doors: dict[str, Door] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._ca_file: Path | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread: int | None = None
        self._thread: threading.Thread | None = None
        self._stopping: asyncio.Event | None = None

    # The devices

    def __getitem__(self, name: str) -> SimulatedDevice:
        try:
            return self._devices[name]
        except KeyError:
            message = f"no device {name!r} in the lab"
            raise LabError("LAB-UNKNOWN-DEVICE", message, f"it has {_some(self._devices)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._devices)

    def __len__(self) -> int:
        return len(self._devices)

    def __contains__(self, name: object) -> bool:
        return name in self._devices

    @property
    def devices(self) -> tuple[SimulatedDevice, ...]:
        """All devices."""
        return tuple(self._devices.values())

    @property
    def endpoints(self) -> dict[str, Endpoint]:
        """Where the devices listen."""
        transport = "https" if self._tls else "http"
        ca_file = None if self._ca_file is None else str(self._ca_file)
        return {d.name: Endpoint(d.host, d.port, transport, ca_file) for d in self.devices if d.host}

    def nornir_hosts(self) -> dict[str, dict[str, Any]]:
        """The devices as Nornir's hosts file has them, ready to be written as YAML."""
        return nornir_hosts(self.endpoints)

    def ansible_inventory(self, sites: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The devices as Ansible's YAML inventory has them, their password too, in groups where sites are given."""
        return ansible_inventory(self.endpoints, self._access, sites or {})

    @property
    def ca_file(self) -> Path | None:
        """The certificate authority to verify the devices with, while a lab with TLS runs."""
        return self._ca_file

    @property
    def counters(self) -> Counters:
        """The sum of all devices' counters."""
        return sum((device.counters for device in self.devices), Counters())

    def reset_log(self) -> None:
        """Empty every device's log and counters."""
        for device in self.devices:
            device.reset_log()

    def clear_faults(self) -> None:
        """Let every device behave again."""
        for device in self.devices:
            device.clear_faults()

    # In the background

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve in a background thread; returns when every device listens.

        Raises:
            LabError: an address is in use or can't be bound.
        """
        if self._thread is not None:
            raise LabError("LAB-RUNNING", "the lab is running already", "stop it first")
        started = _Started()
        self._thread = threading.Thread(target=self._run, args=(started,), name="driftline-lab", daemon=True)
        self._thread.start()
        try:
            started.wait()
        except BaseException:
            self._thread.join()
            self._thread = None
            raise

    def stop(self) -> None:
        """Hang up, stop listening and end the background thread; does nothing on a lab that isn't running."""
        thread, loop, stopping = self._thread, self._loop, self._stopping
        if thread is None:
            return
        if loop is not None and stopping is not None:
            loop.call_soon_threadsafe(stopping.set)
        thread.join()
        self._thread = None

    def _run(self, started: _Started) -> None:
        async def main() -> None:
            try:
                await self._open()
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
                await self._close()
                started.fail(error)
                return
            started.succeed()
            await self._wait()

        asyncio.run(main())

    # In the caller's event loop

    async def serve(self) -> None:
        """Serve until cancelled, or until `request_stop`."""
        try:
            await self._open()
        except BaseException:
            await self._close()
            raise
        await self._wait()

    def request_stop(self) -> None:
        """Ask a lab that serves to end; safe from any thread."""
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None:
            loop.call_soon_threadsafe(stopping.set)

    def serve_forever(
        self, control_path: str | Path | None = None, *, on_ready: Callable[[], None] | None = None
    ) -> None:
        """Serve in this thread until SIGINT, SIGTERM or a client's `stop`; for the command line.

        `on_ready` is called once everything listens.

        Raises:
            LabError: an address or the control socket is in use.
        """
        asyncio.run(self._serve_with_control(None if control_path is None else Path(control_path), on_ready))

    async def _serve_with_control(
        self, control_path: Path | None, on_ready: Callable[[], None] | None
    ) -> None:
        from .control import ControlServer  # noqa: PLC0415 - the control channel imports this module

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.request_stop)
        control = None if control_path is None else ControlServer(self, control_path)
        try:
            await self._open()
            if control is not None:
                await control.open()
            if on_ready is not None:
                on_ready()
            await self._wait()
        finally:
            if control is not None:
                await control.close()
            await self._close()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    async def _wait(self) -> None:
        try:
            if self._stopping is not None:
                await self._stopping.wait()
        finally:
            await self._close()

    # Doors

    async def _open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._stopping = asyncio.Event()
        addresses = self._addresses()
        context = self._make_tls(host for host, __ in addresses.values())
        for name, (host, port) in addresses.items():
            device = self._devices[name]
            door = Door(device, self._access, context)
            await self._open_door(door, host, port)
            self._doors[name] = door
            device.on_reachability = partial(self._set_reachable, door)

    def _addresses(self) -> dict[str, tuple[str, int]]:
        """One address per device at one port, or where the system has only one, one port per device."""
        if self._use_addresses():
            return {name: (str(self._first_address + n), self._port) for n, name in enumerate(self._devices)}
        if self._port and self._port + len(self._devices) - 1 > _MAX_PORT:
            message = f"{len(self._devices)} devices don't fit above port {self._port}"
            raise LabError("LAB-PORTS-EXHAUSTED", message, "start at a lower port")
        return {
            name: (LOCALHOST, self._port + n if self._port else 0) for n, name in enumerate(self._devices)
        }

    def _use_addresses(self) -> bool:
        if self._addressing != "auto":
            return self._addressing == "addresses"
        try:
            listening_socket(str(self._first_address), 0).close()
        except OSError:
            return False
        return True

    def _make_tls(self, hosts: Iterator[str]) -> ssl.SSLContext | None:
        if not self._tls:
            return None
        from .certificates import make_tls  # noqa: PLC0415 - needs a library that a lab without TLS doesn't

        self._folder = tempfile.TemporaryDirectory(prefix="driftline-lab-")
        context, self._ca_file = make_tls(Path(self._folder.name), hosts)
        return context

    @staticmethod
    async def _open_door(door: Door, host: str, port: int) -> None:
        try:
            await door.open(host, port)
        except OSError as error:
            raise _unbindable(door.device.name, host, port, error) from error

    async def _close(self) -> None:
        for door in self._doors.values():
            door.device.on_reachability = None
            door.shut()
        self._doors.clear()
        for __ in range(_LAST_ROUNDS):  # for connections that were being accepted, and their goodbyes
            await asyncio.sleep(0)
        for device in self.devices:
            device.host, device.port = "", 0
        self._loop = self._stopping = self._loop_thread = self._ca_file = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _set_reachable(self, door: Door, reachable: bool) -> None:  # noqa: FBT001 - a callback with one flag
        """Open or shut a device's door, from whatever thread."""
        if reachable != door.closed:
            return
        if reachable:
            self._call(self._open_door(door, door.device.host, door.device.port))
        elif threading.get_ident() == self._loop_thread:
            door.shut()  # before the request that struck the fault is answered
        else:
            self._call(_shut(door))

    def _call(self, step: Coroutine[Any, Any, None]) -> None:
        """Take a step in the loop, and wait for it unless this is the loop."""
        if self._loop is None:
            step.close()
            return
        future = asyncio.run_coroutine_threadsafe(step, self._loop)
        if threading.get_ident() != self._loop_thread:
            future.result(_CALL_TIMEOUT)


class _Started:
    """How the thread that starts a lab hears from the one that runs it."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._error: BaseException | None = None

    def succeed(self) -> None:
        self._event.set()

    def fail(self, error: BaseException) -> None:
        self._error = error
        self._event.set()

    def wait(self) -> None:
        if not self._event.wait(_START_TIMEOUT):
            raise LabError("LAB-START-TIMEOUT", "the lab didn't start in a minute", "start fewer devices")
        if self._error is not None:
            raise self._error


async def _shut(door: Door) -> None:
    door.shut()


def _unbindable(name: str, host: str, port: int, error: OSError) -> LabError:
    where = f"{host}:{port} for {name}"
    if error.errno == errno.EADDRINUSE:
        hint = "another lab may be running: stop it, or choose another port or first address"
        return LabError("LAB-ADDRESS-IN-USE", f"{where} is in use", hint)
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        return LabError("LAB-TOO-MANY-FILES", f"no file descriptor left at {where}", "raise `ulimit -n`")
    if error.errno == errno.EACCES:
        return LabError("LAB-ADDRESS-DENIED", f"{where} may not be bound", "choose a port above 1023")
    message = f"{where} can't be bound: {error.strerror}"
    return LabError("LAB-ADDRESS-UNAVAILABLE", message, 'use addressing="ports"')


def _some(names: Mapping[str, object]) -> str:
    shown = ", ".join(list(names)[:5])
    return f"{shown}, ..." if len(names) > 5 else shown or "none"  # noqa: PLR2004
