"""Nornir's inventory as intended state, whatever plugin it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from driftline.engine.exceptions import LoadError
from driftline.network import Endpoint

from .adapter import InventoryAdapter
from .hosts import InventoryHost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nornir.core.inventory import Host

    from driftline.engine.exceptions import Problem

    from .options import HostOptions

CONNECTION: Final = "napalm"
"""Whose parameters count: a host may have others for other connections."""


class NornirInventoryAdapter(InventoryAdapter):
    """The hosts of a Nornir inventory.

        intended = NornirInventoryAdapter(
            {"plugin": "SimpleInventory", "options": {"host_file": "hosts.yaml", "group_file": "groups.yaml"}}
        )
        intended.load()

    The section is Nornir's own (`plugin`, `options`, `transform_function`, …); a host's data and that of its
    groups are its variables.
    """

    def __init__(
        self, inventory: Mapping[str, Any], options: HostOptions | None = None, *, name: str = "nornir"
    ) -> None:
        self.inventory = dict(inventory)
        plugin = self.inventory.get("plugin", "SimpleInventory")
        path = self.inventory.get("options", {}).get("host_file", plugin)
        super().__init__(Path(path), options, name=name)

    def hosts(self, problems: list[Problem]) -> Iterator[InventoryHost]:  # noqa: ARG002 - Nornir's are all usable
        """Return the hosts, in their order; raises LoadError when Nornir can't load them."""
        for name, host in nornir_hosts(self.inventory).items():
            groups = frozenset(group.name for group in host.extended_groups())
            if self.is_chosen(groups):
                yield self._host(name, host, groups)

    def _host(self, name: str, host: Host, groups: frozenset[str]) -> InventoryHost:
        given = host.get_connection_parameters(CONNECTION)
        return InventoryHost(
            name=name,
            platform=given.platform,
            groups=groups,
            facts=self.options.facts(host.extended_data()),
            endpoint=Endpoint(given.hostname, given.port),
        )


def nornir_hosts(section: dict[str, Any]) -> Mapping[str, Host]:
    """Return the hosts of a Nornir inventory, in their order; raises LoadError when Nornir can't load it.

    Args:
        section: Nornir's own: `plugin`, `options`, `transform_function`, ….
    """
    from nornir import InitNornir  # noqa: PLC0415 - slow to import, and not every run needs it

    try:
        return InitNornir(inventory=section, logging={"enabled": False}).inventory.hosts
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises
        failure = LoadError(
            f"Nornir can't load its inventory: {_reason(error)}",
            code="INVENTORY-NORNIR",
            hint="check the plugin's name and its options",
        )
    raise failure  # not in the handler: the plugin's own text may quote lines with secrets


def _reason(error: Exception) -> str:
    """Return what a plugin stumbled over, without the lines that a parser of YAML quotes."""
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f"{mark.name}:{mark.line + 1}: {getattr(error, 'problem', 'this is not YAML')}"
    told = str(error).partition("\n")[0]
    return told if isinstance(error, OSError) else f"{type(error).__name__}: {told}"
