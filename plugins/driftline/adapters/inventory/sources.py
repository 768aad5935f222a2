"""Inventories among the sources of truth: what can be set about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from driftline.adapters.source import Source

from .options import HostOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftline.adapters.source import Place
    from driftline.network import IntendedState


class NornirSource(HostOptions, Source):
    """A Nornir inventory, in Nornir's own words."""

    adapter: Literal["nornir"]
    plugin: str = "SimpleInventory"
    options: dict[str, Any] = Field(default={"host_file": "inventory/nornir/hosts.yaml"})

    def open(self, place: Place) -> IntendedState:
        """Return the dataset of the hosts."""
        from .nornir import NornirInventoryAdapter  # noqa: PLC0415

        return NornirInventoryAdapter(nornir_section(self.plugin, self.options, place), self)

    def identity(self, place: Place) -> str:
        """Return the plugin, and the file of hosts where it has one; its other options may hold secrets."""
        hosts = place.path(Path(str(self.options.get("host_file", "")))).resolve()
        return f"{self.adapter} {self.plugin} {hosts}"


class AnsibleSource(HostOptions, Source):
    """An Ansible inventory: a file, a folder of files, or an executable that prints one."""

    adapter: Literal["ansible"]
    path: Path = Path("inventory/ansible")

    def open(self, place: Place) -> IntendedState:
        """Return the dataset of the hosts."""
        from .ansible import AnsibleInventoryAdapter  # noqa: PLC0415

        return AnsibleInventoryAdapter(place.path(self.path), self)

    def identity(self, place: Place) -> str:
        """Return the inventory."""
        return f"{self.adapter} {place.path(self.path).resolve()}"


def nornir_section(plugin: str, options: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Return Nornir's inventory section, with its files relative to the settings file."""
    placed = {
        name: str(place.path(Path(value))) if name.endswith("_file") else value
        for name, value in options.items()
    }
    return {"plugin": plugin, "options": placed}
