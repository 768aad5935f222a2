"""Inventories for tests: files below a folder, and the real `ansible-inventory`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a file below the test's folder; its text is dedented."""

    def written(name: str, text: str, mode: int = 0o644) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        path.chmod(mode)
        return path

    return written


@pytest.fixture
def ansible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of Ansible's commands, with no settings of Ansible's around."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which("ansible-inventory") or shutil.which("ansible-inventory", path=beside)
    if found is None:
        pytest.skip("there is no command ansible-inventory: install ansible-core")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / ".ansible"))
    monkeypatch.delenv("ANSIBLE_VAULT_PASSWORD_FILE", raising=False)
    return Path(found).parent
