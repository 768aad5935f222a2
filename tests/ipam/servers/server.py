"""One running server, with a database of its own that can be made anew under it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
from pydantic import SecretStr

from .processes import free_port, kill, listens, start, stop, wait_for
from .product import call
from .seeding import EMPTY, Seed

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable
    from pathlib import Path

    from .peers import Peers
    from .product import Product, Site


class Server:
    """A NetBox or a Nautobot on the loopback address; stopped by whoever started it."""

    def __init__(self, product: Product, programs: Path, site: Site, peers: Peers) -> None:
        self._product = product
        self._programs = programs
        self._site = site
        self._peers = peers
        self._environment = product.configure(site)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()
        self.kind = product.kind
        self.url = f"http://127.0.0.1:{self._port}"
        self.token = product.token
        self.token_v1 = product.token_v1
        """NetBox also takes tokens of its first kind, which Nautobot has alone."""

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def authorization(self, token: SecretStr | None = None) -> str:
        """Return the header that a request carries, for the token of the administrator unless one is given."""
        return f"{self._product.scheme} {(token or self.token).get_secret_value()}"

    def start(self) -> None:
        """Start, and wait until the API answers."""
        if self.running:
            return
        program, *arguments = self._product.serve(self._port)
        log = self._site.folder / "server.log"
        self._process = start([self._programs / program, *arguments], log, self._environment)
        wait_for(self._answers, self.kind, self._process, log)

    def stop(self) -> None:
        """Stop in order, within seconds."""
        if self._process is not None:
            stop(self._process)
        self.kill()

    def kill(self) -> None:
        """Kill the server and its workers, as `kill -9` does, until the last of them has let go of the port."""
        if self._process is not None:
            kill(self._process)
        while listens(self._port):
            time.sleep(0.01)

    def restart(self) -> None:
        """Stop, unless that was done or it was killed, and start again on the same port."""
        self.stop()
        self.start()

    def reset(self, seed: Seed = EMPTY) -> None:
        """Give it a fresh database, and forget what it has in its cache; it goes on running.

        It connects anew with its next request, as after a restart of the database.
        """
        self._peers.postgres.create(self._site.database, self._peers.template(self._product, seed))
        for cache in self._site.caches:
            self._peers.redis.flush(cache)

    def sql(self, text: str) -> list[list[str]]:
        """Run a statement in its database, and return the rows, every value as text."""
        return self._peers.postgres.sql(text, self._site.database)

    def shell(self, code: str) -> str:
        """Run Python inside the server's program, with its models, and return what it prints; some seconds."""
        return self._product.shell(self._programs, self._environment, code)

    def limited_token(self, permissions: Iterable[str]) -> SecretStr:
        """Make a user who may do only what is listed, such as `dcim.view_device`, and return a token of his."""
        return SecretStr(self.shell(call(self._product, "limited", sorted(permissions))).split()[-1])

    def _answers(self) -> bool:
        try:
            answer = httpx.get(
                f"{self.url}/api/status/", headers={"Authorization": self.authorization()}, timeout=60
            )
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK
