"""What a kind of server is: everything in which NetBox and Nautobot differ here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .processes import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import SecretStr

INSIDE = Path(__file__).parent / "inside"
"""What runs inside the servers' own programs, with their models."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where one server keeps what is its own."""

    folder: Path
    database: str
    database_port: int
    redis_port: int
    caches: tuple[int, int]
    """Its databases in Redis: for tasks, and for the cache."""


@dataclass(frozen=True, slots=True)
class Product:
    """One kind of server, in the version that the tests are for."""

    kind: str
    version: str
    pythons: tuple[int, ...]
    """The minor versions of Python 3 that it runs on."""
    manage: str
    """The program that runs its management commands."""
    token: SecretStr
    """What a request carries behind `scheme`."""
    scheme: str
    token_v1: SecretStr | None
    configure: Callable[[Site], Mapping[str, str]]
    """Writes its settings, and returns the environment variables that point to them."""
    serve: Callable[[int], list[str]]
    """The command that serves on a port."""

    def shell(self, programs: Path, environment: Mapping[str, str], code: str) -> str:
        """Run Python with the product's models, and return what it prints."""
        return self.run(programs, environment, "shell", "-c", code)

    def run(self, programs: Path, environment: Mapping[str, str], *arguments: str) -> str:
        """Run one of its management commands, and return what it prints."""
        what = f"{self.kind} {arguments[0]}"
        return run([programs / self.manage, *arguments], what, env={**os.environ, **environment}, cwd="/")


def call(product: Product, function: str, *arguments: object) -> str:
    """Return code for `shell` that calls a function of `inside`."""
    module = f"inside_{product.kind}"
    given = ", ".join(map(repr, arguments))
    return f"import sys; sys.path.insert(0, {str(INSIDE)!r}); import {module}; {module}.{function}({given})"
