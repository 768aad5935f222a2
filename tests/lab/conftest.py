"""A small lab on free ports, and NAPALM's own driver to talk to it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from napalm import get_network_driver

from driftline.lab import Lab, ManualClock, SimulatedDevice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEAF_PASSWORD = "admin"
LEAF = """\
! device: ignored (vEOS-lab, EOS-4.31.2F)
no aaa root
!
username admin privilege 15 role network-admin nopassword
!
hostname leaf1
ip domain-name example.net
!
spanning-tree mode mstp
!
vlan 10
   name users
!
vlan 20-22
!
vrf instance BLUE
!
vrf instance MGMT
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
interface Loopback0
   ip address 10.1.1.1/32
   ipv6 address 2001:db8::1/128
!
interface Management1
   vrf MGMT
   ip address 192.0.2.1/24
!
interface Vlan10
   description users
   ip address 10.10.0.1/24
   ip address 10.10.1.1/24 secondary
   ip address 10.10.2.1/24 secondary
!
ip access-list USERS
   10 permit ip any any
!
ip routing
!
router bgp 65001
   router-id 10.1.1.1
   neighbor 10.0.0.0 remote-as 65000
   !
   address-family ipv4
      neighbor 10.0.0.0 activate
!
management api http-commands
   no shutdown
!
end
"""


@pytest.fixture
def clock() -> ManualClock:
    """A clock that only the test moves."""
    return ManualClock()


@pytest.fixture
def lab(clock: ManualClock) -> Iterator[Lab]:
    """Two leaves on free ports of the loopback address."""
    configs = {"leaf1": LEAF, "leaf2": LEAF.replace("leaf1", "leaf2")}
    with Lab(configs, clock=clock, addressing="ports", port=0) as lab:
        yield lab


@pytest.fixture
def leaf(lab: Lab) -> SimulatedDevice:
    """The device that most tests talk to."""
    return lab["leaf1"]


@pytest.fixture
def connect() -> Iterator[Callable[..., Any]]:
    """Opens NAPALM drivers, and closes them in the end."""
    with contextlib.ExitStack() as stack:

        def opened(device: SimulatedDevice, **changes: Any) -> Any:
            driver = driver_for(device, **changes)
            driver.open()
            stack.callback(closed, driver)
            return driver

        yield opened


def driver_for(
    device: SimulatedDevice, password: str = LEAF_PASSWORD, timeout: float = 5, **optional: Any
) -> Any:
    """An unmodified driver, not yet open."""
    arguments = {"transport": "http", "port": device.port, **optional}
    return get_network_driver("eos")(device.host, "admin", password, timeout=timeout, optional_args=arguments)


def closed(driver: Any) -> None:
    """Close a driver whose device may be beyond talking to."""
    driver.config_session = None
    driver.close()


@pytest.fixture
def driver(connect: Callable[..., Any], leaf: SimulatedDevice) -> Any:
    """A driver connected to the first leaf."""
    return connect(leaf)
