"""A small network in memory, and plans for it, as the guards meet them."""

from __future__ import annotations

from typing import Any, ClassVar

from driftline.engine import Adapter, Plan
from driftline.engine.plan import make_plan
from driftline.network import Device, Interface, IPAddress, Site, Vlan, change_order
from driftline.network.models import Ownership

EXCLUSIVE = Ownership(interfaces="exclusive", vlans="exclusive", addresses="exclusive")


class Network(Adapter):
    """Devices as units."""

    site = Site
    device = Device
    interface = Interface
    ip_address = IPAddress
    vlan = Vlan
    top_level: ClassVar[list[str]] = ["site"]

    def unit_of(self, modelname: str, identity: Any) -> str:
        return str(identity["name"] if modelname == "device" else identity["device"])

    def identify(self, unit: str) -> dict[str, str]:
        return {"site": self.get("device", {"name": unit}).site}

    def grow(self, name: str, site: str = "ams", role: str = "leaf") -> None:
        """Add a device, and its site when that is new."""
        home = self.get_or_none("site", site) or Site(name=site)
        if not self.has("site", site):
            self.add(home)
        device = Device(name=name, site=site, role=role, ownership=EXCLUSIVE)
        self.add(device)
        home.add_child(device)

    def put(self, obj: Any) -> Any:
        """Add an object below its device or interface."""
        self.add(obj)
        if isinstance(obj, IPAddress):
            above = self.get("interface", {"device": obj.device, "name": obj.interface})
        else:
            above = self.get("device", {"name": obj.device})
        above.add_child(obj)
        return obj

    def take(self, model: str, **identity: Any) -> None:
        """Remove an object with all that is below it."""
        obj = self.get(model, identity)
        for above_model, field in self.parent_fields(model):
            for above in self.get_all(above_model):
                if obj.get_unique_id() in getattr(above, field):
                    above.remove_child(obj)
        self.remove(obj, remove_children=True)


def network() -> Network:
    """Return a leaf with a management port, an SVI, an uplink and a port, and a spine with an uplink."""
    made = Network("devices")
    made.grow("leaf1")
    made.grow("spine1", site="fra", role="spine")
    for name, values in {
        "Management1": {},
        "Ethernet1": {"mode": "access", "access_vlan": 20},
        "Ethernet49/1": {"description": "Uplink to spine1", "mode": "routed"},
        "Port-Channel7.100": {"encapsulation_vlan": 100},
        "Port-Channel7": {"mode": "routed"},
        "Vlan10": {},
        "Vlan20": {},
    }.items():
        made.put(Interface(device="leaf1", name=name, owns_addresses="exclusive", **values))
    made.put(Interface(device="spine1", name="Ethernet1", description="UPLINK leaf1", mode="routed"))
    for vid in (10, 20):
        made.put(Vlan(device="leaf1", vid=vid, name=f"v{vid}"))
    for interface, address in {
        "Management1": "192.0.2.11/24",
        "Ethernet49/1": "10.1.0.1/31",
        "Port-Channel7.100": "10.7.0.1/24",
        "Vlan10": "10.0.10.1/24",
        "Vlan20": "10.0.20.1/24",
    }.items():
        made.put(IPAddress(device="leaf1", address=address, interface=interface))
    return made


def plan_for(actual: Network, intended: Network) -> Plan:
    """Return the plan that makes the actual network as intended."""
    return make_plan(actual.diff_from(intended), intended, actual, order=change_order)
