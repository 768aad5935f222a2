"""A PostgreSQL server and a Redis server of our own, in a folder that is thrown away."""

from __future__ import annotations

import csv
import io
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from .processes import FailedError, UnavailableError, free_port, listens, run, start, stop, wait_for

if TYPE_CHECKING:
    import subprocess

USER = "postgres"


def programs() -> Path:
    """Return the folder of the newest PostgreSQL's programs.

    Raises:
        UnavailableError: There is none.
    """
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(debian, key=lambda file: float(file.parts[-3]), default=None)
    found = newest or shutil.which("initdb")
    if found is None:
        raise UnavailableError("PostgreSQL is not installed")
    return Path(found).parent


class Postgres:
    """Databases by name, on a free port of the loopback address; nothing is kept when it stops."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "postgres"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def start(self) -> None:
        """Make a cluster and start it; root can't, so it then runs as the system's user `postgres`."""
        owner = USER if os.geteuid() == 0 else None
        self._folder.mkdir()
        if owner:
            shutil.chown(self._folder, owner)
        data = self._folder / "data"
        options = ["-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "-U", USER]
        run([programs() / "initdb", "-D", data, *options], "initdb", user=owner, cwd="/")
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._folder,
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "max_wal_size": "128MB",
        }
        given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        log = self._folder.parent / "postgres.log"
        process = start([programs() / "postgres", "-D", data, *given], log, user=owner)
        self._process = process
        wait_for(self._ready, "PostgreSQL", process, log)

    def stop(self) -> None:
        """Stop at once, whoever is still connected, and write nothing: all of it is thrown away."""
        if self._process is not None:
            stop(self._process, signal.SIGQUIT)

    def sql(self, text: str, database: str = USER) -> list[list[str]]:
        """Run a statement and return its rows, every value as text."""
        options = ["--no-psqlrc", "--csv", "--tuples-only", "-v", "ON_ERROR_STOP=1"]
        printed = run([*self._client("psql", database), *options, "-c", text], "SQL")
        return list(csv.reader(io.StringIO(printed)))

    def names(self) -> set[str]:
        return {row[0] for row in self.sql("select datname from pg_database")}

    def create(self, database: str, template: str = "template0") -> None:
        """Make a database, or make it anew, as a clone of another to which nobody is connected."""
        self.drop(database)
        self.sql(f'create database "{database}" template "{template}"')

    def drop(self, database: str) -> None:
        """Remove a database, under whoever is connected."""
        self.sql(f'drop database if exists "{database}" with (force)')

    def restore(self, database: str, dump: Path) -> None:
        """Make a database of a dump, with the statistics that its queries are planned by."""
        self.create(database)
        run(
            [*self._client("pg_restore", database), "--no-owner", "--exit-on-error", dump],
            f"restoring {dump}",
        )
        self.sql("analyze", database)

    def dump(self, database: str, to: Path) -> None:
        """Write a dump; it is there whole or not at all."""
        unfinished = to.with_suffix(f".{os.getpid()}")
        run([*self._client("pg_dump", database), "-Fc", "-f", unfinished], f"dumping {database}")
        unfinished.rename(to)

    def _client(self, program: str, database: str) -> list[str | Path]:
        return [programs() / program, "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database]

    def _ready(self) -> bool:
        try:
            return bool(self.names())
        except FailedError:
            return False


class Redis:
    """A cache for each server: two databases by number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def start(self) -> None:
        """Start it.

        Raises:
            UnavailableError: It is not installed.
        """
        if shutil.which("redis-server") is None:
            raise UnavailableError("redis-server is not installed")
        log = self._folder / "redis.log"
        command = [
            "redis-server",
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--databases",
            "64",
        ]
        process = start([*command, "--dir", self._folder], log)
        self._process = process
        wait_for(lambda: listens(self.port), "Redis", process, log)

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process)

    def flush(self, database: int) -> None:
        """Forget what is in a database."""
        run(["redis-cli", "-p", str(self.port), "-n", str(database), "flushdb"], "flushing a cache")
