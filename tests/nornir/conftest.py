"""A script's own Nornir, over the devices of the lab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from nornir import InitNornir

from tests.conftest import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from nornir.core import Nornir

    from tests.conftest import Fabric


@pytest.fixture
def nornir(fabric: Fabric) -> Callable[..., Nornir]:
    """Return what makes a Nornir object as scripts do, with an inventory of their own and groups by site."""

    def make(runner: str = "threaded", **more: Any) -> Nornir:
        hosts = fabric.lab.nornir_hosts()
        for name, host in hosts.items():
            host["data"] = {"site": "ams" if name.startswith("leaf") else "fra"}
            host |= {"username": "operator", "password": CANARY}
        fabric.write_hosts(hosts)
        options = {"host_file": str(fabric.folder / "hosts.yml")}
        user_defined = {"driftline": str(fabric.folder / "driftline.yml")}
        return InitNornir(
            inventory={"plugin": "SimpleInventory", "options": options},
            runner={"plugin": runner},
            logging={"enabled": False},
            user_defined=user_defined,
            **more,
        )

    yield make
    (fabric.folder / "hosts.yml").unlink(missing_ok=True)  # the script's own, with a password in it
