"""One device per platform as text, and the lines that changes of it give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from driftline.devices.platforms import PLATFORMS
from driftline.devices.reading import parse, put_silent_ports
from driftline.devices.remediation import lines_back, lines_between, wanted_after
from driftline.network import name_key

from .cli_model import CliDevice
from .junos_box import JUNOS
from .set_model import SetDevice

if TYPE_CHECKING:
    from driftline.devices.platforms import Platform
    from driftline.devices.state import Change, DeviceState

CATALYST = """\
version 16.12
hostname leaf1
vtp mode transparent
banner motd ^C
interface GigabitEthernet1/0/1
 shutdown
^C
vrf definition BLUE
 rd 1:1
vrf definition RED
ip vrf OLD
vlan 10
 name users
 state suspend
vlan 20-22
interface Port-channel1
 description to server
 switchport trunk allowed vlan 10,20-21
 switchport trunk allowed vlan add 22
 switchport mode trunk
interface GigabitEthernet1/0/1
 description uplink
 mtu 9000
 no switchport
 ip address 10.0.0.1 255.255.255.254
interface GigabitEthernet1/0/2
 description user port
 switchport access vlan 10
 switchport mode access
 storm-control broadcast level 1.00
 spanning-tree portfast
interface GigabitEthernet1/0/3
 shutdown
interface GigabitEthernet1/0/4
 channel-group 1 mode active
interface GigabitEthernet1/0/5
 no switchport
 no ip address
interface GigabitEthernet1/0/5.100
 encapsulation dot1Q 100
 vrf forwarding BLUE
 ip address 10.5.0.1 255.255.255.0
interface GigabitEthernet1/0/6
interface Loopback0
 ip address 10.1.1.1 255.255.255.255
 ipv6 address 2001:DB8::1/128
interface Vlan10
 description users
 ip address 10.10.0.1 255.255.255.0
 ip address 10.10.1.1 255.255.255.0 secondary
 ip address 10.10.2.1 255.255.255.0 secondary
 ip helper-address 10.9.9.9
interface Vlan20
 ip address 10.20.0.1 255.255.255.0
end
"""
NEXUS = """\
version 9.3(8)
hostname leaf1
feature interface-vlan
feature lacp
vrf context BLUE
  rd auto
vrf context RED
system default switchport
vlan 1,10,20-22
vlan 10
  name users
  vn-segment 10010
interface Vlan10
  description users
  no shutdown
  ip address 10.10.0.1/24
  ip address 10.10.1.1/24 secondary
  ip address 10.10.2.1/24 secondary
  ip router ospf 1 area 0.0.0.0
  hsrp 1
    ip 10.10.0.254
interface Vlan20
  no shutdown
  ip address 10.20.0.1/24
interface port-channel1
  description to server
  switchport mode trunk
  switchport trunk allowed vlan 10,20-21
  switchport trunk allowed vlan add 22
interface Ethernet1/1
  description uplink
  no switchport
  mtu 9000
  ip address 10.0.0.1/31
  no shutdown
interface Ethernet1/2
  description user port
  switchport access vlan 10
  storm-control broadcast level 1.00
  spanning-tree port type edge
interface Ethernet1/3
  shutdown
interface Ethernet1/4
  channel-group 1 mode active
interface Ethernet1/5
  no switchport
  no shutdown
interface Ethernet1/5.100
  encapsulation dot1q 100
  vrf member BLUE
  ip address 10.5.0.1/24
  no shutdown
interface Ethernet1/6
interface mgmt0
  vrf member management
  ip address 192.0.2.1/24
interface loopback0
  ip address 10.1.1.1/32
  ipv6 address 2001:db8::1/128
"""
XR = """\
hostname leaf1
vrf BLUE
 address-family ipv4 unicast
 !
!
vrf RED
!
interface Bundle-Ether1
 description to core
!
interface Loopback0
 ipv4 address 10.1.1.1 255.255.255.255
 ipv6 address 2001:db8::1/128
!
interface GigabitEthernet0/0/0/0
 description uplink
 mtu 9014
 ipv4 address 10.0.0.1 255.255.255.254
 load-interval 30
!
interface GigabitEthernet0/0/0/1
 shutdown
!
interface GigabitEthernet0/0/0/2
 bundle id 1 mode active
!
interface GigabitEthernet0/0/0/3
 ipv4 address 10.10.0.1 255.255.255.0
 ipv4 address 10.10.1.1 255.255.255.0 secondary
 ipv4 address 10.10.2.1 255.255.255.0 secondary
!
interface GigabitEthernet0/0/0/4
 description free
!
interface GigabitEthernet0/0/0/5
 ipv4 address 10.20.0.1 255.255.255.0
!
interface GigabitEthernet0/0/0/5.100
 vrf BLUE
 ipv4 address 10.5.0.1 255.255.255.0
 encapsulation dot1q 100
!
end
"""


@dataclass(frozen=True)
class Box:
    """A platform with a device."""

    name: str
    text: str
    ports: tuple[str, ...]
    """Physical ports that are always there."""
    logical: tuple[str, ...]
    switched: str = ""
    """A port that switches, and on which little is configured."""

    @property
    def platform(self) -> Platform:
        """The platform."""
        return PLATFORMS[self.name]

    def state(self, text: str | None = None) -> DeviceState:
        """What a configuration says, the box's own one by default; with ports that it need not show."""
        state = parse(self.text if text is None else text, "leaf1", self.platform)
        below = [one.name.partition(".")[0] for one in state.of("interface")]
        put_silent_ports(state, self.platform, [*self.ports, *below])
        return state

    def device(self, text: str | None = None) -> CliDevice | SetDevice:
        """A device with this configuration."""
        given = self.text if text is None else text
        return SetDevice(given) if self.name == "junos" else CliDevice(self.name, given)

    def lines(self, *changes: Change, text: str | None = None) -> list[str]:
        """The lines that make these changes, without their indentation."""
        now = self.state(text)
        wanted = wanted_after(self.platform, now, changes)
        found = lines_between(self.platform, now, wanted, [change.key for change in changes])
        return [line.strip() for line in found]

    def differences(self, *changes: Change, text: str | None = None) -> dict[Any, Any]:
        """What is other than wanted on the device after the changes, and then other than before after the way back."""
        device = self.device(text)
        before = device.running_config
        now = self.state(before)
        wanted = wanted_after(self.platform, now, changes)
        keys = [change.key for change in changes]
        device.change(*lines_between(self.platform, now, wanted, keys))
        found = self.state(device.running_config)
        wrong = {
            key: (wanted.objects.get(key), found.objects.get(key))
            for key in wanted.objects.keys() | found.objects.keys()
            if values(wanted, key) != values(found, key)
        }
        device.change(*lines_back(self.platform, found, now, keys))
        return wrong or ({} if device.running_config == before else {"back": device.running_config})


def values(state: DeviceState, key: Any) -> Any:
    """An object's managed values, and the lines that are not managed; devices show them in an order of their own."""
    obj = state.objects.get(key)
    if obj is None:
        return None
    attrs = obj.get_attrs()
    lag = attrs.get("lag") and name_key(attrs["lag"])
    return {**attrs, "lag": lag}, sorted(map(str.strip, state.kept_lines(key)))


BOXES = {
    box.name: box
    for box in (
        Box(
            "ios",
            CATALYST,
            tuple(f"GigabitEthernet1/0/{n}" for n in range(1, 7)),
            (
                "Port-channel1",
                "Port-channel2",
                "GigabitEthernet1/0/5.100",
                "Loopback0",
                "Loopback1",
                "Vlan10",
                "Vlan20",
            ),
            "GigabitEthernet1/0/6",
        ),
        Box(
            "nxos",
            NEXUS,
            (*(f"Ethernet1/{n}" for n in range(1, 7)), "mgmt0"),
            (
                "port-channel1",
                "port-channel2",
                "Ethernet1/5.100",
                "loopback0",
                "loopback1",
                "Vlan10",
                "Vlan20",
            ),
            "Ethernet1/6",
        ),
        Box(
            "iosxr",
            XR,
            tuple(f"GigabitEthernet0/0/0/{n}" for n in range(6)),
            ("Bundle-Ether1", "Bundle-Ether2", "GigabitEthernet0/0/0/5.100", "Loopback0", "Loopback1"),
        ),
        Box(
            "junos",
            JUNOS,
            (*(f"ge-0/0/{n}" for n in range(1, 8)), "fxp0"),
            (
                "ae0",
                "ae1",
                "ge-0/0/5.100",
                "lo0.0",
                "lo0.1",
                "irb.10",
                "irb.20",
                "ge-0/0/1.0",
                "ge-0/0/2.0",
                "ge-0/0/3.0",
                "ge-0/0/6.0",
                "ae0.0",
            ),
            "ge-0/0/6.0",
        ),
    )
}
