"""Datasets that read a real server, and a client with which a test changes what is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftline.adapters.ipam.adapter import IpamAdapter
from driftline.adapters.ipam.options import IpamOptions
from driftline.adapters.nautobot import NAUTOBOT
from driftline.adapters.netbox import NETBOX

if TYPE_CHECKING:
    from driftline.adapters.ipam.client import Client
    from tests.ipam.servers import Server

SYSTEMS = {"netbox": NETBOX, "nautobot": NAUTOBOT}


_OPEN: list[IpamAdapter] = []


def dataset(server: Server, state: Path | None = None, **options: Any) -> IpamAdapter:
    """Return the dataset of a server, not loaded yet; with a cache where there is a folder for it."""
    settings = IpamOptions.model_validate({"url": server.url, "token": server.token, **options})
    _OPEN.append(IpamAdapter(SYSTEMS[server.kind], settings, folder=Path(), state_dir=state))
    return _OPEN[-1]


def close_all() -> None:
    """Close the connections of all datasets that were made."""
    while _OPEN:
        _OPEN.pop().close()


def loaded(server: Server, state: Path | None = None, **options: Any) -> IpamAdapter:
    """Return the dataset of a server."""
    made = dataset(server, state, **options)
    made.load()
    return made


def facts(ipam: IpamAdapter) -> dict[str, Any]:
    """Return all that was loaded, in an order that does not depend on the server."""
    return {
        model: dict(sorted(objects.items())) for model, objects in ipam.dict(exclude_defaults=False).items()
    }


def create(client: Client, path: str, **fields: Any) -> Any:
    """Create an object past the adapter, and return its id."""
    (made,) = client.create(path, [fields])
    assert isinstance(made, dict), made
    return made["id"]


def change(client: Client, path: str, pk: Any, **fields: Any) -> None:
    """Change an object past the adapter."""
    (made,) = client.update(path, [{"id": pk, **fields}])
    assert isinstance(made, dict), made
