"""A dataset that writes to a real server, and what a test asks the server itself afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from driftline.adapters.ipam import dialects, hooks
from driftline.adapters.ipam.client import Client
from driftline.adapters.ipam.options import IpamOptions
from driftline.adapters.ipam.order import linked, order
from driftline.adapters.nautobot.writing import WRITER as NAUTOBOT
from driftline.adapters.netbox.writing import WRITER as NETBOX
from driftline.engine import Adapter
from driftline.engine.enum import DiffSyncStatus
from driftline.engine.executor import execute
from driftline.engine.plan import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from driftline.engine.plan import Plan
    from driftline.engine.results import RunResult
    from tests.ipam.servers import Server


@dataclass(frozen=True)
class Kind:
    """A kind of IPAM, as far as it is written."""

    name: str
    dialect: dialects.Dialect
    writer: Any
    reader: Any = None


SYSTEMS = {
    "netbox": Kind("netbox", dialects.NETBOX, NETBOX),
    "nautobot": Kind("nautobot", dialects.NAUTOBOT, NAUTOBOT),
}


class Records(Adapter):
    """Records of an IPAM, wherever they come from."""

    term = hooks.Term
    site = hooks.Site
    vlan = hooks.Vlan
    prefix = hooks.Prefix
    device = hooks.Device
    interface = hooks.Interface
    ip_address = hooks.IPAddress
    top_level = ("term", "site", "vlan", "prefix", "device", "ip_address")

    def put(self, model: str, **values: Any) -> Any:
        """Add a record; an interface below its device."""
        cls = self.model_class(model)
        parent = self.get("device", {"name": values["device"]}) if model == "interface" else None
        return self.add_many(cls, [values], parent)[0]

    def copy(self) -> Records:
        """Return the same records again, to be changed as a test wants it."""
        made = Records("intended")
        made.load_from_dict(self.dict(exclude_defaults=False))
        return made


class Writable(hooks.BulkHooks, Records):
    """The same, with hooks that write to a server."""

    def __init__(self, server: Server, folder: Path, **options: Any) -> None:
        super().__init__(server.kind)
        self.system: Any = SYSTEMS[server.kind]
        self.options = IpamOptions.model_validate(
            {"url": server.url, "token": server.token, "timeout": 60, **options}
        )
        self.client = Client(self.options, self.system.dialect, folder)
        self.client.connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.client.close()

    def like(self, other: Records) -> Self:
        """Take over what another dataset knows of the same server."""
        self.load_from_dict(other.dict(exclude_defaults=False))
        return self

    def rows(self, model: str, **params: Any) -> list[dict[str, Any]]:
        """Return what the server itself shows of a model."""
        endpoint = self.system.writer.endpoints[model]
        return self.client.listed(endpoint.path, {**endpoint.shown, **params})

    def planned(self, source: Adapter) -> Plan:
        """Return the plan to become like a source."""
        diff = self.diff_from(source)
        return linked(make_plan(diff, source, self, order=order), self)

    def become(self, source: Adapter) -> RunResult:
        """Carry out the plan to become like a source."""
        return execute(self.planned(source).units, self)

    def by_hand(self, model: str, record: Any, **fields: Any) -> dict[str, Any]:
        """Change an object as somebody else would, in the server's own words."""
        endpoint = self.system.writer.endpoints[model]
        (answer,) = self.client.update(endpoint.path, [{"id": record.pk, **fields}])
        assert isinstance(answer, dict), answer
        return answer


def failures(result: RunResult) -> dict[str, str]:
    """Return what was not done, by name, with the message."""
    return {
        each.step.name: f"{each.status.value}: {each.message}"
        for unit in result.units
        for each in unit.steps
        if each.status is not DiffSyncStatus.SUCCESS
    }


def network(ports: int = 4) -> Records:
    """Return a small network: two sites, a device with a port-channel, subinterface, VLANs and addresses."""
    made = Records("intended")
    for kind, name in (
        ("manufacturer", "Arista"),
        ("device_type", "Arista/DCS-7050"),
        ("role", "leaf"),
        ("platform", "eos"),
        ("vrf", "blue"),
    ):
        made.put("term", kind=kind, name=name)
    for site in ("Amsterdam", "Berlin"):
        made.put("site", name=site)
        for vid in (10, 20, 21):
            made.put("vlan", site=site, vid=vid, name=f"vlan{vid}")
    made.put("vlan", vid=99, name="everywhere")
    for prefix in ("192.0.2.0/24", "2001:db8::/64"):
        made.put("prefix", prefix=prefix)
    for device in ("leaf1", "leaf2"):
        made.put(
            "device",
            name=device,
            site="Amsterdam",
            role="leaf",
            device_type="Arista/DCS-7050",
            platform="eos",
            serial=f"S-{device}",
        )
        made.put("interface", device=device, name="Ethernet2", type="1000base-t", lag="Port-Channel1")
        made.put(
            "interface",
            device=device,
            name="Port-Channel1",
            type="lag",
            mode="tagged",
            untagged_vlan=10,
            tagged_vlans="20-21,99",
            mtu=9000,
        )
        made.put(
            "interface", device=device, name="Ethernet1.10", type="virtual", parent="Ethernet1", vrf="blue"
        )
        made.put(
            "interface",
            device=device,
            name="Ethernet1",
            type="1000base-t",
            description="to the spine",
            enabled=False,
            mac="00:11:22:33:44:55",
        )
        made.put("interface", device=device, name="Loopback0", type="virtual")
        for port in range(3, ports + 1):
            made.put(
                "interface",
                device=device,
                name=f"Ethernet{port}",
                type="1000base-t",
                mode="access",
                untagged_vlan=10,
            )
    for number, device in enumerate(("leaf1", "leaf2"), 1):
        made.put(
            "ip_address",
            address=f"192.0.2.{number}/32",
            device=device,
            interface="Loopback0",
            primary=True,
        )
        made.put(
            "ip_address", address=f"2001:db8::{number}/64", device=device, interface="Loopback0", primary=True
        )
    return made
