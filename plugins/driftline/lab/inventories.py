"""The devices of a lab as inventories, ready to be written as YAML."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .lab import Endpoint
    from .server import Access


def nornir_hosts(endpoints: Mapping[str, Endpoint]) -> dict[str, dict[str, Any]]:
    """Return the devices as Nornir's hosts file has them."""
    return {
        name: {
            "hostname": endpoint.host,
            "port": endpoint.port,
            "platform": "eos",
            "connection_options": {
                "napalm": {"extras": {"optional_args": {"transport": endpoint.transport}}}
            },
        }
        for name, endpoint in endpoints.items()
    }


def ansible_inventory(
    endpoints: Mapping[str, Endpoint], access: Access, sites: Mapping[str, str]
) -> dict[str, Any]:
    """Return the devices as Ansible's YAML inventory has them, with a group for each site that is known."""
    from driftline.adapters.inventory.groups import group_name  # noqa: PLC0415 - the simulator stands alone

    members: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for name in endpoints:
        if name in sites:
            members[sites[name]][name] = {}
    children = {
        group_name("site", site): {"vars": {"site": site}, "hosts": hosts} for site, hosts in members.items()
    }
    return {
        "all": {
            "vars": {
                "ansible_connection": "local",  # for everything but driftline's own tasks
                "ansible_network_os": "arista.eos.eos",
                "ansible_user": access.username,
                "ansible_password": access.password,
            },
            "hosts": {name: _variables(endpoint) for name, endpoint in endpoints.items()},
            "children": children,
        }
    }


def _variables(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "ansible_host": endpoint.host,
        "ansible_port": endpoint.port,
        "ansible_httpapi_use_ssl": endpoint.transport == "https",
    }
