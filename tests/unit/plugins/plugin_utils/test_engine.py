"""The engine is found, or it is said why not."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from ansible_collections.driftline.network.plugins.plugin_utils import engine

if TYPE_CHECKING:
    from collections.abc import Iterator

DOOR = "driftline.ansible.tasks"


@pytest.fixture(autouse=True)
def _unloaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of the engine is loaded, before a test and after it."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    loaded = {
        name: module for name, module in sys.modules.items() if name.partition(".")[0] in engine.PACKAGES
    }
    for name in loaded:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in engine.PACKAGES]:
        del sys.modules[name]
    sys.modules.update(loaded)


def test_the_packages_that_come_with_the_collection_are_found_and_no_others():
    finder = engine.BundledFinder()
    origins = [finder.find_spec(name).origin for name in engine.PACKAGES]
    assert origins == [str(engine.BUNDLED / name / "__init__.py") for name in engine.PACKAGES]
    assert finder.find_spec("yaml") is None


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "structlog", None)
    module, problem = engine.load(DOOR)
    assert module is None
    assert "(structlog)" in problem


def test_a_package_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch):
    other = ModuleType("driftline")
    other.__version__, other.__file__ = "99.0", "/elsewhere/driftline/__init__.py"
    monkeypatch.setitem(sys.modules, "driftline", other)
    module, problem = engine.load(DOOR)
    assert module is None
    assert (
        f"driftline.network {engine.bundled_version()} found driftline 99.0 in /elsewhere/driftline"
        in problem
    )
    assert "pip uninstall driftline" in problem


def test_a_python_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "OLDEST_PYTHON", (99, 0))
    module, problem = engine.load(DOOR)
    assert module is None
    assert "needs Python" in problem
