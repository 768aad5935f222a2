"""What driftline has made is known by a custom field, where no tag is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.ipam.fabric import Rest
from tests.ipam.loading import loaded
from tests.ipam.writable import Writable, failures, network

if TYPE_CHECKING:
    from tests.ipam.servers import Server

BY_FIELD = {"write": {"owner_tag": "", "owner_field": "owner"}}
KINDS = {
    "netbox": {
        "site": "dcim.site",
        "vlan": "ipam.vlan",
        "prefix": "ipam.prefix",
        "device": "dcim.device",
        "interface": "dcim.interface",
        "ip_address": "ipam.ipaddress",
    },
    "nautobot": {
        "site": "dcim.location",
        "vlan": "ipam.vlan",
        "prefix": "ipam.prefix",
        "device": "dcim.device",
        "interface": "dcim.interface",
        "ip_address": "ipam.ipaddress",
    },
}


def test_what_is_ours_has_the_field_and_nothing_else_is_deleted(server: Server) -> None:
    """It is written, read back by a fresh load, and decides what may be deleted; nothing is tagged."""
    server.reset()
    rest = Rest(server)
    named = {"name": "owner"} if server.kind == "netbox" else {"label": "owner", "key": "owner"}
    types = {"netbox": "object_types", "nautobot": "content_types"}[server.kind]
    rest.create("extras/custom-fields", **named, type="text", **{types: list(KINDS[server.kind].values())})
    with Writable(server, **BY_FIELD) as there:
        assert failures(there.become(network())) == {}
        for model in KINDS[server.kind]:
            for row in there.rows(model):
                assert row["custom_fields"]["owner"] == "driftline", model
                assert not row["tags"], model
    fresh = loaded(server, **BY_FIELD)
    fresh.close()
    for model in KINDS[server.kind]:
        assert {row.owner for row in fresh.get_all(model)} == {"driftline"}, model
    foreign = rest.port("leaf2", "Ethernet2")
    rest.change("dcim/interfaces", foreign, custom_fields={"owner": "somebody"})
    with Writable(server, **BY_FIELD) as there:
        there.load()
        wanted = there.copy()
        for device in ("leaf1", "leaf2"):
            gone = wanted.get("interface", {"device": device, "name": "Ethernet2"})
            wanted.get("device", device).remove_child(gone)
            wanted.remove(gone)
        assert [step.identity["device"] for step in there.planned(wanted).steps] == ["leaf1"]
        assert failures(there.become(wanted)) == {}
    assert rest.count("dcim/interfaces", device="leaf1", name="Ethernet2") == 0
    assert rest.port("leaf2", "Ethernet2")["id"] == foreign["id"]
    rest.close()
