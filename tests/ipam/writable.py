"""A dataset that writes to a real server, and what a test asks the server itself afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from driftline.adapters.ipam import hooks
from driftline.adapters.ipam.adapter import IpamAdapter
from driftline.adapters.ipam.options import IpamOptions
from driftline.adapters.ipam.order import linked, order
from driftline.engine import Adapter
from driftline.engine.enum import DiffSyncStatus
from driftline.engine.executor import execute
from driftline.engine.plan import make_plan
from tests.ipam.loading import SYSTEMS

if TYPE_CHECKING:
    from driftline.engine.plan import Plan
    from driftline.engine.results import RunResult
    from tests.ipam.servers import Server


class _Filled(Adapter):
    """Ways for a test to fill a dataset."""

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


class Records(_Filled):
    """Records of an IPAM, wherever they come from."""

    term = hooks.Term
    site = hooks.Site
    vlan = hooks.Vlan
    prefix = hooks.Prefix
    device = hooks.Device
    interface = hooks.Interface
    ip_address = hooks.IPAddress
    top_level = IpamAdapter.top_level


class Writable(_Filled, IpamAdapter):
    """The dataset of a real server, to which it writes."""

    def __init__(self, server: Server, **options: Any) -> None:
        given = {"url": server.url, "token": server.token, **options}
        super().__init__(SYSTEMS[server.kind], IpamOptions.model_validate(given), folder=Path())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def like(self, other: _Filled) -> Self:
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
