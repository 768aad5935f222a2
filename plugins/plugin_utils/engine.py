# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds the engine: the package that pip has installed beside Ansible, else the one that comes with the collection.

It is loaded when a plugin is, not when a task runs: Ansible does that once, before it forks a process for each host.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.util import spec_from_file_location
from pathlib import Path

from ansible.module_utils.basic import missing_required_lib

BUNDLED = Path(__file__).resolve().parents[1]
PACKAGES = ("driftline", "napalm_frr", "napalm_junos_verified")
OLDEST_PYTHON = (3, 11)


class BundledFinder(MetaPathFinder):
    """Finds the packages that come with the collection, where pip has not installed them: it is asked last."""

    def find_spec(self, fullname, path=None, target=None):
        """Return where a package is; None: it is not one of ours."""
        if fullname not in PACKAGES:
            return None
        folder = BUNDLED / fullname
        return spec_from_file_location(
            fullname, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )


def bundled_version():
    """Return the version of the package that comes with the collection, which is the collection's."""
    for line in (BUNDLED / "driftline" / "__init__.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("__version__"):
            return line.partition("=")[2].strip().strip("\"'")
    return ""


def load(door):
    """Return a module of the engine, and why there is none: one of both is None."""
    if sys.version_info < OLDEST_PYTHON:
        return None, f"driftline.network needs Python 3.11 or newer; Ansible runs on {sys.version.split()[0]}"
    if not any(isinstance(finder, BundledFinder) for finder in sys.meta_path):
        sys.meta_path.append(BundledFinder())
    try:
        package = import_module("driftline")
        if package.__version__ != bundled_version():
            return None, _mismatch(package)
        return import_module(door), None
    except ImportError as error:
        return None, missing_required_lib(error.name or str(error), reason="for driftline.network")


def _mismatch(package):
    return (
        f"the collection driftline.network {bundled_version()} found driftline {package.__version__} in "
        f"{Path(package.__file__).parent}: install both in the same version, "
        f"or uninstall the package (pip uninstall driftline), since the collection brings its own"
    )
