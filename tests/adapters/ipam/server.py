"""A real HTTP server on loopback for what NetBox and Nautobot can't be made to do: fail, shift, lose answers."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias
from urllib.parse import parse_qs, urlsplit

from driftline.adapters.ipam.client import Client
from driftline.adapters.ipam.dialects import NETBOX, Dialect
from driftline.adapters.ipam.options import IpamOptions

if TYPE_CHECKING:
    import ssl

TOKEN = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Request:
    """What was asked."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    json: Any

    def number(self, name: str, default: int = 0) -> int:
        return int(self.query.get(name, [str(default)])[0])


@dataclass(frozen=True)
class Reply:
    """What is answered; `cut`: after how many bytes of it the connection is reset."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


LOST = Reply(cut=0)
"""The connection is reset before anything is answered."""

Handle: TypeAlias = Callable[[Request], Reply]


class Server:
    """Answers as a function says, and notes what was asked; the version is answered by itself."""

    def __init__(
        self,
        handle: Handle,
        dialect: Dialect = NETBOX,
        *,
        version: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.dialect = dialect
        self.requests: list[Request] = []
        self._version = version or dialect.tried
        self._handle = handle
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def client(self, **settings: Any) -> Client:
        """Return a client of this server."""
        options = {"url": self.url, "token": TOKEN, **settings}
        return Client(IpamOptions.model_validate(options), self.dialect, Path())

    def reply(self, request: Request) -> Reply:
        if request.path.endswith("/api/"):
            lists = {"dcim": "", **({"graphql": ""} if self.dialect.graphql.startswith("api/") else {})}
            return Reply(lists, headers={"API-Version": self._version})
        self.requests.append(request)
        return self._handle(request)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.casefold(): value for name, value in self.headers.items()}
                self.send(
                    server.reply(
                        Request(
                            self.command,
                            parts.path,
                            parse_qs(parts.query),
                            headers,
                            json.loads(body) if body else None,
                        )
                    )
                )

            do_GET = do_POST = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815 - the library's names

            def send(self, reply: Reply) -> None:
                text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
                body = b"" if reply.status == 204 else text.encode()
                kind = "text/html" if text.startswith("<") else "application/json"
                if reply.cut == 0:
                    self.reset()
                    return
                self.send_response(reply.status)
                for name, value in {"Content-Type": kind, **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: reply.cut])
                if reply.cut is not None:
                    self.reset()

            def reset(self) -> None:
                """Close the connection with a reset, as a process does that is killed."""
                self.wfile.flush()
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                self.wfile = self.rfile  # nothing is flushed into a closed socket

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        return Handler


class Table:
    """A list as both systems page it: by `offset` with a count, or by `start` without one."""

    def __init__(self, number: int, *, most: int = 1000) -> None:
        self.ids = list(range(1, number + 1))
        self.most = most
        self.pages = 0
        self.before_page: Callable[[int], object] = lambda _page: None
        """Called with the number of the page before it is read; counts of one row are no pages."""

    def __call__(self, request: Request) -> Reply:
        limit = min(request.number("limit", 50), self.most)
        if limit > 1:
            self.pages += 1
            self.before_page(self.pages)
        if "start" in request.query:
            ids = [each for each in self.ids if each >= request.number("start")][:limit]
            return Reply({"count": None, "results": [{"id": each} for each in ids]})
        offset = request.number("offset")
        ids = self.ids[offset : offset + limit]
        return Reply({"count": len(self.ids), "results": [{"id": each} for each in ids]})
