"""The network that servers are seeded with: one, in several sizes, the same in both kinds of server.

A device has twenty interfaces: `Ethernet1` is routed, 2 to 12 are access ports, 13 and 14 trunks, 15 and 16 members
of the trunk `Port-Channel1`; `Loopback0`, `Management1` and the VLAN interface `Vlan10` have addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VLANS = {10: "users", 20: "voice", 30: "printers", 40: "guests", 50: "native"}
ROLES = ("core", "distribution", "access")


@dataclass(frozen=True, slots=True)
class Seed:
    """How much network there is; at most 200 sites, with at most 100 devices each."""

    name: str
    sites: int
    devices_per_site: int


EMPTY = Seed("empty", sites=0, devices_per_site=0)
SMALL = Seed("small", sites=2, devices_per_site=2)
LARGE = Seed("large", sites=100, devices_per_site=10)
SEEDS = {seed.name: seed for seed in (EMPTY, SMALL, LARGE)}


@dataclass(frozen=True, slots=True)
class SeededSite:
    """A site in NetBox, a location of the type `Site` in Nautobot; active."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class SeededVlan:
    """A VLAN of a site."""

    site: str
    vid: int
    name: str


@dataclass(frozen=True, slots=True)
class SeededPrefix:
    """A network that addresses lie in."""

    site: str
    prefix: str
    vid: int | None


@dataclass(frozen=True, slots=True)
class SeededDevice:
    """An active device."""

    name: str
    site: str
    role: str
    serial: str
    primary_address: str


@dataclass(frozen=True, slots=True)
class SeededInterface:
    """An interface; `type` and `mode` in the words that both kinds of server have."""

    device: str
    name: str
    type: str
    enabled: bool = True
    mtu: int | None = None
    description: str = ""
    mode: str = ""
    untagged_vlan: int | None = None
    tagged_vlans: tuple[int, ...] = ()
    lag: str | None = None


@dataclass(frozen=True, slots=True)
class SeededAddress:
    """An address on an interface, with its mask."""

    device: str
    interface: str
    address: str
    prefix: str
    """The prefix that it lies in."""


@dataclass(frozen=True, slots=True)
class SeededNetwork:
    """Everything that a seed puts into a server; all devices are of one type and platform."""

    sites: list[SeededSite]
    vlans: list[SeededVlan]
    prefixes: list[SeededPrefix]
    devices: list[SeededDevice]
    interfaces: list[SeededInterface]
    addresses: list[SeededAddress]
    roles: tuple[str, ...] = ROLES
    manufacturer: str = "Arista"
    device_type: str = "DCS-7050SX3"
    platform: str = "eos"
    network_driver: str = "arista_eos"

    @property
    def tagged(self) -> int:
        """How often a VLAN is tagged on an interface."""
        return sum(len(interface.tagged_vlans) for interface in self.interfaces)


def network(seed: Seed) -> SeededNetwork:
    """Return what a server with this seed holds."""
    made = SeededNetwork([], [], [], [], [], [])
    for number in range(seed.sites):
        site = f"site{number + 1:03}"
        made.sites.append(SeededSite(site, number))
        made.vlans.extend(SeededVlan(site, vid, name) for vid, name in VLANS.items())
        made.prefixes.extend(prefixes_of(site, number))
        for place in range(seed.devices_per_site):
            add_device(made, site, number, place)
    return made


def prefixes_of(site: str, number: int) -> Iterator[SeededPrefix]:
    """Return a site's networks: for management, users, loopbacks, and links between routers."""
    for third, vid in ((0, None), (10, 10), (254, None), (255, None)):
        yield SeededPrefix(site, f"10.{number}.{third}.0/24", vid)


def add_device(made: SeededNetwork, site: str, number: int, place: int) -> None:
    """Add the device at a place in a site, with its interfaces and addresses."""
    name = f"{site}-sw{place + 1:02}"
    addresses = {
        "Management1": f"10.{number}.0.{place + 1}/24",
        "Vlan10": f"10.{number}.10.{place + 1}/24",
        "Loopback0": f"10.{number}.254.{place + 1}/32",
        "Ethernet1": f"10.{number}.255.{place * 2}/31",
    }
    role = ROLES[min(place, len(ROLES) - 1)]
    serial = f"SN{number:03}{place:03}"
    made.devices.append(SeededDevice(name, site, role, serial, addresses["Management1"]))
    made.interfaces.extend(interfaces_of(name))
    for interface, address in addresses.items():
        made.addresses.append(SeededAddress(name, interface, address, prefix_of(address)))


def prefix_of(address: str) -> str:
    """Return the site's network that an address lies in."""
    return str(ip_network(address.partition("/")[0]).supernet(new_prefix=24))


def interfaces_of(device: str) -> Iterator[SeededInterface]:
    """Return a device's interfaces; a LAG comes before its members."""
    trunk = tuple(vid for vid in VLANS if vid != 50)
    yield SeededInterface(
        device,
        "Port-Channel1",
        "lag",
        mtu=9214,
        description="uplink",
        mode="tagged",
        untagged_vlan=50,
        tagged_vlans=trunk,
    )
    yield SeededInterface(device, "Loopback0", "virtual", description="router id")
    yield SeededInterface(device, "Vlan10", "virtual", description="users' gateway", mtu=1500)
    yield SeededInterface(device, "Management1", "1000base-t", description="management")
    for port in range(1, 17):
        yield port_of(device, port)


def port_of(device: str, port: int) -> SeededInterface:
    """Return one of the sixteen ports, by what it is for."""
    name, kind = f"Ethernet{port}", "1000base-t"
    if port == 1:
        return SeededInterface(device, name, kind, description="link to the next router", mtu=9214)
    if port <= 12:
        voice, enabled = port % 4 == 0, port != 12
        vid = 20 if voice else 10
        return SeededInterface(device, name, kind, enabled, None, f"desk {port}", "access", vid)
    if port <= 14:
        return SeededInterface(device, name, kind, True, 1500, "access point", "tagged", None, (10, 20, 30))
    return SeededInterface(device, name, kind, mtu=9214, description="uplink member", lag="Port-Channel1")
