"""Intent folders for tests: a small valid one, of which each test replaces what it is about."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SITE = """\
vlans:
  10: {name: users}
  20: {name: voice}
vlans_apply_to: {roles: [leaf]}
prefixes:
  10.1.0.0/16: {}
  10.9.0.0/24: {vrf: mgmt}
"""
PROFILE = """\
mode: access
access_vlan: 10
mtu: 1500
enabled: true
"""
DEVICE = """\
site: ams
role: leaf
platform: eos
"""


class IntentFolder:
    """Writes files below a folder, over a valid site, profile and device."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("sites/ams.yml", SITE)
        self.write("profiles/access-port.yml", PROFILE)
        self.write("devices/ams-leaf1.yml", DEVICE)

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file; text is dedented."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return path

    def device(self, text: str, name: str = "ams-leaf1") -> Path:
        """Write a device's file: what is below its site, role and platform (lines 1 to 3)."""
        return self.write(f"devices/{name}.yml", DEVICE + dedent(text))


@pytest.fixture
def intent(tmp_path: Path) -> IntentFolder:
    """Return a small valid intent folder."""
    return IntentFolder(tmp_path / "intent")
