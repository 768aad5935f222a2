"""What is made once and kept: virtual environments and dumps of databases, below one folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .processes import UnavailableError, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .product import Product


def cache() -> Path:
    """Return the folder in which everything is kept: `$DRIFTLINE_IPAM_CACHE`, or one in the user's own cache."""
    folder = Path(os.environ.get("DRIFTLINE_IPAM_CACHE") or Path.home() / ".cache/driftline/ipam")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time make something in the cache."""
    with (cache() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def migrated_dump(product: Product) -> Path | None:
    """Return a dump of a freshly migrated database: from `$DRIFTLINE_IPAM_DUMPS`, else from the cache, if any."""
    name = f"{product.kind}-{product.version}.dump"
    folders = [os.environ.get("DRIFTLINE_IPAM_DUMPS"), cache()]
    files = [Path(folder) / name for folder in folders if folder]
    return next((file for file in files if file.is_file()), None)


def environment(product: Product) -> Path:
    """Return the folder of programs of a product's virtual environment, which is made if it is not there.

    Raises:
        UnavailableError: No Python here fits.
        FailedError: The installation failed.
    """
    folder = cache() / f"{product.kind}-{product.version}"
    with locked(folder.name):
        if not (folder / "ready").exists() or not runs(folder / "bin/python"):
            python = find_python(product)
            shutil.rmtree(folder, ignore_errors=True)
            run([python, "-m", "venv", folder], "making a virtual environment")
            package = f"{product.kind}=={product.version}"
            quiet = ("--quiet", "--disable-pip-version-check")
            run((folder / "bin/pip", "install", *quiet, package), f"installing {package}")
            (folder / "ready").touch()
    return folder / "bin"


def find_python(product: Product) -> Path:
    """Return a Python that the product runs on, the oldest first: it has been tried most."""
    for minor in product.pythons:
        for python in (Path(sys.executable), *pythons(minor)):
            if version(python) == minor:
                return python
    names = ", ".join(f"3.{minor}" for minor in product.pythons)
    raise UnavailableError(f"{product.kind} {product.version} needs one of Python {names}; none is here")


def pythons(minor: int) -> Iterator[Path]:
    """Find what may be a Python 3.`minor`: on the path, or among the builds of pyenv, which need not be on it."""
    found = shutil.which(f"python3.{minor}")
    if found:
        yield Path(found)
    yield from sorted((Path.home() / ".pyenv/versions").glob(f"3.{minor}.*/bin/python"))


def version(python: Path) -> int | None:
    """Return the minor version of a Python 3 that can make virtual environments."""
    code = "import ensurepip, sys, venv; print(sys.version_info.minor)"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return int(answer.stdout) if answer.returncode == 0 else None


def runs(python: Path) -> bool:
    return python.exists() and version(python) is not None
