"""The HTTP server in front of one device: small, asynchronous, and able to hang up rudely."""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
import socket
import struct
from typing import TYPE_CHECKING, NamedTuple, cast

import structlog

from .eapi import Delivery, Response, respond

if TYPE_CHECKING:
    import ssl

    from .device import SimulatedDevice

MAX_BODY = 16 * 1024 * 1024
MAX_HEAD = 64 * 1024
BACKLOG = 128
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n)", re.IGNORECASE)
_AUTHORIZATION = re.compile(rb"\r\nauthorization:[ \t]*([^\r]*?)[ \t]*(?=\r\n)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close[ \t]*(?=\r\n)", re.IGNORECASE)
_CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)
_LINGER_NOT = struct.pack("ii", 1, 0)

_log = structlog.get_logger(__name__)


class Access(NamedTuple):
    """Who may talk to the devices of a lab."""

    username: str
    password: str
    enable_password: str | None = None

    @property
    def header(self) -> bytes:
        """The Authorization header of a client that may."""
        return b"Basic " + base64.b64encode(f"{self.username}:{self.password}".encode())


class EapiProtocol(asyncio.Protocol):
    """One connection: as many requests as the client likes, one after the other."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport, so that the door can close it."""
        self._transport = cast("asyncio.Transport", transport)
        self._door.connections.add(self)
        if self._door.closed:
            self.reset()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the interface of asyncio
        """Forget the connection."""
        self._transport = None
        self._door.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Collect bytes until a request is complete."""
        self._buffer += data
        if not self._busy:
            self._serve()

    def _serve(self) -> None:
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            if len(self._buffer) > MAX_HEAD:
                self._send(b"431 Request Header Fields Too Large", b"", close=True)
            return
        head = self._buffer[: head_end + 2]
        length = _LENGTH.search(head)
        wanted = int(length[1]) if length else 0
        if wanted > MAX_BODY:
            self._send(b"413 Content Too Large", b"", close=True)
            return
        body_start = head_end + 4
        if len(self._buffer) - body_start < wanted:
            if _CONTINUE.search(head) and len(self._buffer) == body_start and self._transport:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        body = self._buffer[body_start : body_start + wanted]
        self._buffer = self._buffer[body_start + wanted :]
        self._begin(head, body)

    def _begin(self, head: bytes, body: bytes) -> None:
        """Answer now, or when the latency of the device is over."""
        self._busy = True
        latency = self._door.device.latency
        if latency > 0:
            asyncio.get_running_loop().call_later(latency, self._answer, head, body)
        else:
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if self._transport is None and self._door.closed:
            return
        close = _CLOSE.search(head) is not None
        status, response = self._respond(head, body)
        match response.delivery:
            case Delivery.ANSWER:
                self._send(status, response.body, close=close)
            case Delivery.UNAUTHORIZED:
                self._send(
                    b"401 Unauthorized", b"Unable to authenticate user: Bad username/password combination"
                )
            case Delivery.RESET:
                self.reset()
            case Delivery.SILENCE:
                return
        self._busy = False
        if self._buffer and self._transport:
            self._serve()

    def _respond(self, head: bytes, body: bytes) -> tuple[bytes, Response]:
        line = head.split(b"\r\n", 1)[0].split(b" ")
        given = _AUTHORIZATION.search(head)
        if given is None or not hmac.compare_digest(given[1], self._door.authorization):
            self._door.device.turn_away()
            return b"", Response(Delivery.UNAUTHORIZED)
        if len(line) != len((b"method", b"path", b"version")) or line[1] != b"/command-api":
            return b"404 Not Found", Response(Delivery.ANSWER)
        if line[0] != b"POST":
            return b"405 Method Not Allowed", Response(Delivery.ANSWER)
        return b"200 OK", self._execute(body)

    def _execute(self, body: bytes) -> Response:
        try:
            return respond(self._door.device, body, self._door.access.enable_password)
        except Exception:  # noqa: BLE001
            # A defect of the simulator must look like a broken device, not stop the other devices.
            _log.exception("request failed", device=self._door.device.name)
            return Response(Delivery.RESET)

    def _send(self, status: bytes, body: bytes, *, close: bool = False) -> None:
        if self._transport is None:
            return
        extra = b'WWW-Authenticate: Basic realm="COMMAND_API_AUTH"\r\n' if status.startswith(b"401") else b""
        extra += b"Connection: close\r\n" if close else b""
        self._transport.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s"
            % (status, extra, len(body), body)
        )
        if close:
            self._transport.close()

    def reset(self) -> None:
        """Hang up with a TCP reset."""
        if self._transport is None:
            return
        connection = self._transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()


class Door:
    """The listener of one device; can be shut and opened again while the lab runs."""

    def __init__(self, device: SimulatedDevice, access: Access, tls: ssl.SSLContext | None) -> None:
        self.device = device
        self.access = access
        self.authorization = access.header
        self.connections: set[EapiProtocol] = set()
        self.closed = True
        self._tls = tls
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> None:
        """Listen; raises OSError where the address can't be bound."""
        listener = listening_socket(host, port)
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: EapiProtocol(self), sock=listener, ssl=self._tls, backlog=BACKLOG
            )
        except BaseException:
            listener.close()
            raise
        self.device.host, self.device.port = host, listener.getsockname()[1]
        self.closed = False

    def shut(self) -> None:
        """Stop listening and hang up on everybody."""
        self.closed = True
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self.connections):
            connection.reset()


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket; the port may be in use by a connection that is about to end, but by no listener."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
