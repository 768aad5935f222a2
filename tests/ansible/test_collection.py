"""The collection as it is shipped: what is in it, and that it works where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

import driftline

from .conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Ansible, Network

SHIPPED = {
    *("CHANGELOG.md", "CONTRIBUTING.md", "FILES.json", "LICENSE", "LICENSES", "MANIFEST.json", "README.md"),
    *("docs", "driftline.yml", "inventory", "meta", "playbooks", "plugins", "requirements.txt"),
}
PACKAGES = ("driftline", "napalm_frr", "napalm_junos_verified")
OTHER_VERSION = "99.0"


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python environment of a user's, in which there is Ansible, and a folder of installed collections."""

    python: Path
    collections: Path

    def run(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run its Python; what went wrong is in what is returned."""
        own = {"ANSIBLE_COLLECTIONS_PATH": str(self.collections), "PYTHONPATH": "", "LINES": os.devnull}
        return subprocess.run(
            [self.python, *arguments],
            env={**os.environ, **variables, **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def install(self, wheel: Path) -> None:
        """Install a package, whose dependencies are there."""
        options = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
        subprocess.run(
            [sys.executable, "-m", "pip", "--python", self.python, "install", *options, wheel], check=True
        )


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, built."""
    folder = tmp_path_factory.mktemp("built")
    galaxy("build", "--output-path", folder, REPOSITORY)
    return next(folder.glob("*.tar.gz"))


@pytest.fixture
def fresh(tmp_path: Path, tarball: Path) -> Environment:
    """An environment with what the engine needs and without the engine, and the collection from its tarball."""
    made = Environment(tmp_path / "venv" / "bin" / "python", tmp_path / "collections")
    venv.create(tmp_path / "venv", symlinks=True)
    (site,) = (tmp_path / "venv" / "lib").glob("*/site-packages")
    for installed in Path(sysconfig.get_path("purelib")).iterdir():
        if installed.suffix != ".pth" and not installed.name.startswith(PACKAGES):
            (site / installed.name).symlink_to(installed)
    galaxy("install", "--force", "--offline", "--collections-path", made.collections, tarball)
    return made


def galaxy(*arguments: str | Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "ansible", "galaxy", "collection", *arguments], check=True, capture_output=True
    )


def wheel_of(folder: Path, *, version: str = driftline.__version__) -> Path:
    """Build the package, of this checkout but for its version."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, folder)
    for name in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "plugins" / name, folder / "plugins" / name, ignore=ignored)
    said = folder / "plugins" / "driftline" / "__init__.py"
    said.write_text(said.read_text().replace(driftline.__version__, version))
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel"], cwd=folder, check=True)
    return next((folder / "dist").glob("*.whl"))


def metadata(name: str) -> dict:
    return yaml.safe_load((REPOSITORY / name).read_text())


def test_the_collection_has_the_version_of_the_package():
    assert metadata("galaxy.yml")["version"] == driftline.__version__


def test_an_execution_environment_gets_what_the_package_depends_on():
    lines = (REPOSITORY / metadata("meta/execution-environment.yml")["dependencies"]["python"]).read_text()
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert [line for line in lines.splitlines() if not line.startswith("#")] == project["dependencies"]


@pytest.mark.collection
def test_what_is_shipped_is_what_users_need(tarball: Path):
    with tarfile.open(tarball) as archive:
        names = {Path(member.name) for member in archive.getmembers() if member.isfile()}
    engine = {file.relative_to(REPOSITORY) for file in (REPOSITORY / "plugins").rglob("*.py")}
    assert {name.parts[0] for name in names} == SHIPPED
    assert engine <= names
    assert not {name for name in names if "__pycache__" in name.parts or any(p[0] == "." for p in name.parts)}


@pytest.mark.collection
@pytest.mark.parametrize("package", ["installed", "bundled"])
def test_it_works_where_it_is_installed(
    package: str,
    fresh: Environment,
    ansible: Ansible,
    network_of: Callable[..., Network],
    tmp_path_factory: pytest.TempPathFactory,
):
    """The documentation is there, drift is found and put right, with the package beside Ansible or without it."""
    if package == "installed":
        fresh.install(wheel_of(tmp_path_factory.mktemp("package")))
    assert (fresh.run("-c", "import driftline").returncode == 0) is (package == "installed")
    told = fresh.run("-m", "ansible", "doc", "--json", "driftline.network.remediate")
    assert "driftline.network.remediate" in json.loads(told.stdout)

    (device,) = network_of(devices=1).lab.devices
    begun = device.running_config
    device.change("interface Loopback0", "description by hand")
    settings = ("--extra-vars", f"driftline_settings={ansible.folder / 'driftline.yml'}")
    drift = fresh.run(
        "-m", "ansible", "playbook", "driftline.network.drift", *settings, **ansible.environment
    )
    assert "differs from what is intended" in drift.stdout
    done = fresh.run(
        "-m", "ansible", "playbook", "driftline.network.remediate", *settings, **ansible.environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert device.running_config == begun


@pytest.mark.collection
def test_a_package_of_another_version_is_refused(
    fresh: Environment,
    ansible: Ansible,
    network_of: Callable[..., Network],
    tmp_path_factory: pytest.TempPathFactory,
):
    fresh.install(wheel_of(tmp_path_factory.mktemp("package"), version=OTHER_VERSION))
    network_of(devices=1)
    done = fresh.run("-m", "ansible", "playbook", "driftline.network.drift", **ansible.environment)
    assert done.returncode == 2
    assert (
        f"driftline.network {driftline.__version__} found driftline {OTHER_VERSION}"
        in done.stdout + done.stderr
    )
    assert "install both in the same version" in done.stdout + done.stderr
