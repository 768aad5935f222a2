"""The servers of these tests do what the tests take for granted."""

from __future__ import annotations

import httpx
import pytest

from tests.ipam.servers import EMPTY, LARGE, SMALL, Seed, Server, network

VALIDATE = """
from dcim.models import Device, Interface, Site
from ipam.models import VLAN, IPAddress, Prefix
for model in (Site, VLAN, Prefix, Device, Interface, IPAddress):
    for row in model.objects.all():
        row.full_clean()
print("valid")
"""
SITES = {"netbox": "sites", "nautobot": "locations"}


def get(server: Server, path: str, authorization: str | None = None) -> httpx.Response:
    header = {"Authorization": authorization or server.authorization()}
    return httpx.get(f"{server.url}/api/{path}", headers=header, timeout=60)


def counts(server: Server) -> list[int]:
    """Return how many objects of each kind the API counts."""
    paths = ["dcim/devices", "dcim/interfaces", "ipam/ip-addresses", "ipam/vlans", "ipam/prefixes"]
    lists = [f"dcim/{SITES[server.kind]}", *paths]
    return [get(server, f"{path}/?limit=1").json()["count"] for path in lists]


def expected(seed: Seed) -> list[int]:
    made = network(seed)
    lists = (made.sites, made.devices, made.interfaces, made.addresses, made.vlans, made.prefixes)
    return [len(rows) for rows in lists]


def test_the_large_seed_is_as_large_as_measured_networks() -> None:
    """One hundred sites, a thousand devices; the figures that the documentation gives."""
    assert expected(LARGE) == [100, 1000, 20_000, 4000, 500, 400]
    assert network(LARGE).tagged == 10_000


def test_a_server_answers_its_administrator(server: Server) -> None:
    """The token is good, and it is needed."""
    assert get(server, "dcim/devices/").status_code == 200
    assert get(server, "dcim/devices/", f"Token {'0' * 40}").status_code in (401, 403)


def test_netbox_takes_tokens_of_its_first_kind(netbox: Server) -> None:
    """Tokens of both kinds are in use."""
    assert netbox.token_v1 is not None
    assert get(netbox, "dcim/devices/", f"Token {netbox.token_v1.get_secret_value()}").status_code == 200


def test_a_fresh_database_is_empty(server: Server) -> None:
    """Nothing is in it, and nothing of what was before is seen in it."""
    server.reset(SMALL)
    assert counts(server) == expected(SMALL)
    server.reset(EMPTY)
    assert counts(server) == [0, 0, 0, 0, 0, 0]


def test_the_seed_is_whole(server: Server) -> None:
    """Every kind of link between objects is there."""
    server.reset(SMALL)
    made = network(SMALL)
    assert counts(server) == expected(SMALL)
    assert server.sql("select count(*) from dcim_interface_tagged_vlans") == [[str(made.tagged)]]
    members = len([interface for interface in made.interfaces if interface.lag])
    assert server.sql("select count(*) from dcim_interface where lag_id is not null") == [[str(members)]]
    assert server.sql("select count(*) from dcim_device where primary_ip4_id is not null") == [["4"]]


def test_the_seed_is_valid(server: Server) -> None:
    """It was written in bulk, past the validation of the server, which has nothing against it."""
    server.reset(SMALL)
    code = (
        VALIDATE
        if server.kind == "netbox"
        else VALIDATE.replace("Site", "Location").replace("from ", "from nautobot.")
    )
    assert server.shell(code).split()[-1] == "valid"


def test_a_killed_server_comes_back_with_what_it_had(server: Server) -> None:
    """The connection is refused until it is started again, on the same address."""
    server.reset(SMALL)
    server.kill()
    with pytest.raises(httpx.ConnectError):
        get(server, "status/")
    server.restart()
    assert counts(server) == expected(SMALL)


def test_a_limited_user_may_do_what_is_listed(server: Server) -> None:
    """Other objects are refused."""
    server.reset(SMALL)
    header = server.authorization(server.limited_token(["dcim.view_device"]))
    assert get(server, "dcim/devices/", header).json()["count"] == 4
    assert get(server, "ipam/vlans/", header).status_code == 403
