"""One leaf as text, as a state, and as the intended state of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.state import GlobalState
from nornir.plugins.runners import ThreadedRunner

from driftline.devices import DeviceAdapter, Expected, Fleet
from driftline.devices.fleet import Connection, Credentials
from driftline.devices.platforms import PLATFORMS
from driftline.devices.reading import parse
from driftline.devices.remediation import lines_between, wanted_after
from driftline.devices.state import CLASSES, Change, DeviceState
from driftline.engine import Adapter
from driftline.engine.plan import make_plan
from driftline.network import DEFAULT_VRF, Device, Interface, IPAddress, Site, Vlan, change_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from driftline.engine import Plan
    from driftline.lab import Lab

PASSWORD = "admin"
EOS = PLATFORMS["eos"]
LEAF = """\
hostname leaf1
!
banner motd
vlan 666
interface Ethernet1
   shutdown
EOF
!
vlan 10
   name users
   state suspend
!
vlan 20-22
!
vrf instance BLUE
!
vrf instance RED
!
interface Port-Channel1
   description to server
   switchport trunk allowed vlan 10,20-22
   switchport mode trunk
!
interface Ethernet1
   description uplink
   mtu 9000
   no switchport
   ip address 10.0.0.1/31
!
interface Ethernet2
   description user port
   switchport access vlan 10
   storm-control broadcast level 1
   spanning-tree portfast
   service-policy type qos input MARK
!
interface Ethernet3
   shutdown
!
interface Ethernet4
   channel-group 1 mode active
!
interface Ethernet5
   no switchport
!
interface Ethernet5.100
   encapsulation dot1q vlan 100
   vrf BLUE
   ip address 10.5.0.1/24
!
interface Ethernet6
!
interface Loopback0
   ip address 10.1.1.1/32
   ipv6 address 2001:db8::1/128
!
interface Management1
   ip address 192.0.2.1/24
!
interface Vlan10
   description users
   ip address 10.10.0.1/24
   ip address 10.10.1.1/24 secondary
   ip address 10.10.2.1/24 secondary
   ip virtual-router address 10.10.0.254
!
interface Vlan20
   ip address 10.20.0.1/24
!
end
"""


def state_of(text: str, device: str = "leaf1") -> DeviceState:
    """What a configuration says."""
    return parse(text, device, EOS)


def with_lines(*changes: tuple[str, ...]) -> str:
    """The leaf with lines added below headers: `("interface Ethernet6", "mtu 9000")`."""
    text = LEAF
    for header, *lines in changes:
        below = "".join(f"   {line}\n" for line in lines)
        text = text.replace(f"{header}\n", f"{header}\n{below}", 1)
    return text


# Changes --------------------------------------------------------------------------------------------------


def update(model: str, after: dict[str, Any], **identity: Any) -> Change:
    """New values for an object of the leaf."""
    return Change("update", model, _identity(model, identity), {}, after)


def create(model: str, after: dict[str, Any], **identity: Any) -> Change:
    """A new object on the leaf."""
    return Change("create", model, _identity(model, identity), {}, after)


def delete(model: str, **identity: Any) -> Change:
    """An object of the leaf that is to go."""
    return Change("delete", model, _identity(model, identity), {}, {})


def _identity(model: str, given: dict[str, Any]) -> dict[str, Any]:
    vrf = {"vrf": DEFAULT_VRF} if model == "ip_address" else {}
    return {"device": "leaf1", **vrf, **given}


def port(name: str, **after: Any) -> Change:
    """New values for an interface of the leaf."""
    return update("interface", after, name=name)


def lines_for(*changes: Change, text: str = LEAF) -> list[str]:
    """The lines that make these changes on the leaf, without their indentation."""
    now = state_of(text)
    wanted = wanted_after(EOS, now, changes)
    return [line.strip() for line in lines_between(EOS, now, wanted, [change.key for change in changes])]


def changes_between(now: DeviceState, wanted: Mapping[tuple[str, str], Any]) -> list[Change]:
    """The changes that make the objects of a state those wanted; VLAN 1 and missing ports stay."""
    found = []
    for key, obj in wanted.items():
        there = now.objects.get(key)
        if there is None:
            found.append(Change("create", key[0], obj.get_identifiers(), {}, obj.get_attrs()))
        elif there.get_attrs() != obj.get_attrs():
            found.append(Change("update", key[0], obj.get_identifiers(), there.get_attrs(), obj.get_attrs()))
    gone = [(key, obj) for key, obj in now.objects.items() if key not in wanted]
    found += [Change("delete", key[0], obj.get_identifiers(), {}, {}) for key, obj in gone]
    return found


# A fleet --------------------------------------------------------------------------------------------------


def fleet_of(
    hosts: Mapping[str, Host], *, password: str = PASSWORD, enable: str | None = None, **connection: Any
) -> Fleet:
    """A fleet without an inventory file."""
    ConnectionPluginRegister.auto_register()
    inventory = Inventory(Hosts(hosts), Groups(), Defaults())
    nornir = Nornir(inventory, runner=ThreadedRunner(num_workers=4), config=Config(), data=GlobalState())
    credentials = Credentials(username="admin", password=password, enable_secret=enable)
    return Fleet.from_nornir(nornir, Connection(**connection), credentials)


def host(
    name: str, address: str, port: int, *, timeout: float = 5.0, platform: str = "eos", **options: Any
) -> Host:
    """A host of a fleet."""
    extras = {"timeout": timeout, "optional_args": options}
    connection = {"napalm": ConnectionOptions(extras=extras)}
    return Host(name, hostname=address, port=port, platform=platform, connection_options=connection)


def fleet_in(lab: Lab, *, timeout: float = 5.0, **connection: Any) -> Fleet:
    """The fleet that a lab simulates."""
    hosts = {
        name: host(name, end.host, end.port, timeout=timeout, transport=end.transport)
        for name, end in lab.endpoints.items()
    }
    return fleet_of(hosts, **connection)


def adapter_of(fleet: Fleet) -> DeviceAdapter:
    """The actual state of a fleet, loaded."""
    adapter = DeviceAdapter(fleet, [Expected(name, "lab") for name in fleet.names])
    adapter.load()
    return adapter


class Intent(Adapter):
    """What a test intends."""

    site = Site
    device = Device
    interface = Interface
    ip_address = IPAddress
    vlan = Vlan
    top_level: ClassVar[list[str]] = ["site"]


def intent_after(adapter: DeviceAdapter, *changes: Change) -> Intent:
    """The intent that the devices are as they are, but for these changes."""
    intent = Intent("intent")
    intent.add(Site(name="lab", devices=list(adapter.expected)))
    for name, now in adapter._states.items():
        mine = [change for change in changes if change.identity["device"] == name]
        _put(intent, name, wanted_after(adapter.platform_of(name), now, mine))
    return intent


def _put(intent: Intent, name: str, state: DeviceState) -> None:
    device = Device(name=name, site="lab", ownership={"interfaces": "exclusive", "vlans": "exclusive"})
    intent.add(device)
    for (model, _), obj in state.objects.items():
        fresh = CLASSES[model](**{field: getattr(obj, field) for field in _fields(obj)})
        intent.add(fresh)
        if model != "ip_address":
            device.add_child(fresh)
    for address in state.of("ip_address"):
        owner = intent.get("interface", {"device": name, "name": address.interface})
        owner.owns_addresses = "exclusive"
        owner.add_child(intent.get("ip_address", address.get_unique_id()))


def _fields(obj: Any) -> Iterable[str]:
    return {*obj._identifiers, *obj._attributes}


def plan_of(adapter: DeviceAdapter, intent: Intent) -> Plan:
    """The plan to make the devices as intended."""
    made = make_plan(adapter.diff_from(intent), intent, adapter, order=change_order)
    return made.with_native(adapter.preview(made.units))
