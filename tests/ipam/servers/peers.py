"""Everything that the servers stand on, and the servers: started together, stopped together."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .environment import cache, environment, locked, migrated_dump
from .nautobot import NAUTOBOT
from .netbox import NETBOX
from .postgres import Postgres, Redis
from .product import INSIDE, Product, Site, call
from .seeding import EMPTY, Seed, network
from .server import Server

if TYPE_CHECKING:
    from collections.abc import Iterable

PRODUCTS = {product.kind: product for product in (NETBOX, NAUTOBOT)}
KINDS = tuple(PRODUCTS)
ROOM = 2 * 1024**3
"""How many bytes we need at most: two large networks, with their templates."""


class Peers:
    """A PostgreSQL and a Redis of our own, with as many servers as are asked for; a context manager.

    What takes long is made once and kept in the cache: virtual environments, and a dump of the database of each seed.
    In one session each dump is restored once, to a template of which the servers' databases are clones.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="driftline-ipam-", dir=memory()))
        self._folder.chmod(0o755)  # the database's user passes through
        self._ends = ExitStack()
        self._ends.callback(shutil.rmtree, self._folder, ignore_errors=True)
        self._numbers = itertools.count()
        self._templates: dict[tuple[str, str], str] = {}
        self.postgres = Postgres(self._folder)
        self.redis = Redis(self._folder)

    def __enter__(self) -> Self:
        try:
            for part in (self.postgres, self.redis):
                self._ends.callback(part.stop)
                part.start()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def prepare(self, kinds: Iterable[str] = KINDS) -> None:
        """Make what is missing of several kinds at once; on a machine that has nothing that takes minutes.

        What can't be made is said when such a server is started.
        """
        with ThreadPoolExecutor() as pool:
            for kind in kinds:
                pool.submit(self.template, PRODUCTS[kind], EMPTY)

    def serve(self, kind: str, seed: Seed = EMPTY) -> Server:
        """Start a server.

        Raises:
            UnavailableError: This machine can't run it.
            FailedError: It should, and did not.
        """
        product = PRODUCTS[kind]
        programs = environment(product)
        server = Server(product, programs, self._site(kind), self)
        server.reset(seed)
        self._ends.callback(server.kill)  # what it would finish is thrown away
        server.start()
        return server

    def template(self, product: Product, seed: Seed) -> str:
        """Return the database to clone for a seed; it is restored, or made, when it is first asked for."""
        known = self._templates.get((product.kind, seed.name))
        if known is not None:
            return known
        site = self._site(f"{product.kind}_{seed.name}")
        dump = cache() / f"{seed.name}-{product.kind}-{product.version}-{fingerprint(product, seed)}.dump"
        with locked(dump.stem):
            if dump.exists():
                self.postgres.restore(site.database, dump)
            else:
                self._make(product, seed, site)
                self.postgres.dump(site.database, dump)
        self._templates[product.kind, seed.name] = site.database
        return site.database

    def _make(self, product: Product, seed: Seed, site: Site) -> None:
        """Make a seed's database, from a migrated one."""
        programs = environment(product)
        variables = product.configure(site)
        migrated = migrated_dump(product)
        if migrated is not None:
            self.postgres.restore(site.database, migrated)
        else:
            self.postgres.create(site.database)
            product.run(programs, variables, "migrate", "--no-input")
            self.postgres.dump(site.database, cache() / f"{product.kind}-{product.version}.dump")
        data = site.folder / "network.json"
        data.write_text(json.dumps(asdict(network(seed))))
        v1 = product.token_v1.get_secret_value() if product.token_v1 else ""
        product.shell(
            programs, variables, call(product, "fill", str(data), product.token.get_secret_value(), v1)
        )

    def _site(self, name: str) -> Site:
        """Return a place for a server, with a folder, a database and caches that are no other's."""
        number = next(self._numbers)
        database = f"{name}_{number}"
        folder = self._folder / database
        folder.mkdir()
        return Site(folder, database, self.postgres.port, self.redis.port, (number * 2, number * 2 + 1))


def memory() -> Path | None:
    """Return a file system in memory that has room for us: databases are thousands of files, written and removed."""
    folder = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    return folder if folder.is_dir() and shutil.disk_usage(folder).free > ROOM else None


def fingerprint(product: Product, seed: Seed) -> str:
    """Return what changes when a seed's data, or how it is filled in, changes."""
    filling = (INSIDE / f"inside_{product.kind}.py").read_bytes()
    data = json.dumps(asdict(network(seed))).encode()
    return sha256(filling + data + product.token.get_secret_value().encode()).hexdigest()[:8]
