"""What an IPAM holds, in the words of both NetBox and Nautobot: terms, sites, VLANs, prefixes, devices, addresses.

Its shape is the IPAM's, not the network's: a VLAN belongs to a site and not to a device, and an address may be
assigned to no interface at all. Attributes in `_attributes` are compared and written; the other fields are only
read. Units: MTU in bytes, speed in Mbit/s, VLAN ids from 1 to 4094.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator

from driftline.engine import DiffSyncModel
from driftline.network.models import Address, VlanId, VlanList
from driftline.network.names import name_key

GLOBAL = ""
"""The site of a VLAN that belongs to none, and the VRF of what is in the global table."""

TermKind = Literal["manufacturer", "device_type", "role", "platform", "location_type", "vrf"]
Mode = Literal["access", "tagged", "tagged-all"]

RENAMED_FROM = "renamed_from"
"""In a step that makes an interface: the name of the one that becomes it."""
RENAMED_TO = "renamed_to"
"""In a step that deletes an interface: the name under which it stays."""


def mac_key(text: str) -> str:
    """Return the twelve hexadecimal digits of a MAC address, however it is written."""
    return "".join(character for character in text.casefold() if character in "0123456789abcdef")


def canonical_mac(text: str) -> str:
    """Return a MAC address as both systems write it; raises ValueError when it is none."""
    digits = mac_key(text).upper()
    if len(digits) != 12:  # noqa: PLR2004 - 48 bits
        raise ValueError(f"{text!r} is no MAC address")
    return ":".join(digits[start : start + 2] for start in range(0, 12, 2))


Mac = Annotated[str, AfterValidator(canonical_mac)]


class Row(DiffSyncModel):
    """An object of an IPAM."""

    pk: int | str | None = None
    """The IPAM's own id: a number in NetBox, a UUID in Nautobot; None: it is not there yet."""
    changed: str | None = None
    """When it was changed last, as the IPAM writes it: what a write is made on condition of."""
    tags: tuple[str, ...] = ()
    """The names of its tags."""
    owner: str | None = None
    """The value of the custom field that says who owns it, where one is set up."""


class Term(Row):
    """What other objects refer to by its name: a manufacturer, a device type, a role, a platform, a VRF."""

    _modelname: ClassVar[str] = "term"
    _identifiers: ClassVar[tuple[str, ...]] = ("kind", "name")
    _attributes: ClassVar[tuple[str, ...]] = ()

    kind: TermKind
    name: str
    """A device type's is `manufacturer/model`."""
    driver: str | None = None
    """Of a platform: the name of its driver as NAPALM knows it (`eos`), where the IPAM tells."""

    def get_shortname(self) -> str:
        """Return what it is, and its name."""
        return f"{self.kind.replace('_', ' ')} {self.name}"


class Site(Row):
    """A site in NetBox, a location in Nautobot."""

    _modelname: ClassVar[str] = "site"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = ("status",)

    name: str
    status: str = "active"
    """As a slug: `active`, `planned`, `staged`."""


class Vlan(Row):
    """A VLAN of a site, or of the whole network."""

    _modelname: ClassVar[str] = "vlan"
    _identifiers: ClassVar[tuple[str, ...]] = ("site", "group", "vid")
    _attributes: ClassVar[tuple[str, ...]] = ("name", "status")

    site: str = GLOBAL
    group: str = ""
    vid: VlanId
    name: str
    status: str = "active"

    def get_shortname(self) -> str:
        """Return its number, and where it belongs."""
        group = f" ({self.group})" if self.group else ""
        return f"{self.vid} of {self.site}{group}" if self.site else f"{self.vid}{group}"


class Prefix(Row):
    """A prefix."""

    _modelname: ClassVar[str] = "prefix"
    _identifiers: ClassVar[tuple[str, ...]] = ("vrf", "prefix")
    _attributes: ClassVar[tuple[str, ...]] = ("status",)

    vrf: str = GLOBAL
    prefix: str
    status: str = "active"
    site: str | None = None

    def get_shortname(self) -> str:
        """Return the prefix, with its VRF when that is not the global table."""
        return f"{self.prefix} (vrf {self.vrf})" if self.vrf else self.prefix


class Device(Row):
    """A device."""

    _modelname: ClassVar[str] = "device"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = ("site", "role", "device_type", "platform", "serial", "status")
    _children: ClassVar[dict[str, str]] = {"interface": "interfaces"}

    name: str
    site: str
    role: str
    device_type: str
    """As `manufacturer/model`."""
    platform: str | None = None
    """The platform's name in the IPAM; its driver is that term's."""
    serial: str = ""
    status: str = "active"
    tenant: str | None = None
    primary_ip4: str | None = None
    primary_ip6: str | None = None
    """With its prefix length."""
    interfaces: list[str] = []  # noqa: RUF012 - each record gets its own


class Interface(Row):
    """An interface of a device."""

    _modelname: ClassVar[str] = "interface"
    _identifiers: ClassVar[tuple[str, ...]] = ("device", "name")
    _shortname: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = (
        "type",
        "enabled",
        "description",
        "mtu",
        "mac",
        "mode",
        "untagged_vlan",
        "tagged_vlans",
        "lag",
        "parent",
        "vrf",
    )
    _normalise: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "name": name_key,
        "lag": lambda name: None if name is None else name_key(name),
        "parent": lambda name: None if name is None else name_key(name),
        "mac": lambda mac: None if mac is None else mac_key(mac),
        # They say how a step is carried out: no interface has them, so nothing differs by them.
        RENAMED_FROM: lambda _name: None,
        RENAMED_TO: lambda _name: None,
    }

    device: str
    name: str
    type: str = "other"
    """As a slug: `1000base-t`, `lag`, `virtual`, `other`."""
    enabled: bool = True
    description: str = ""
    mtu: int | None = None
    """In bytes; None: not known."""
    mac: Mac | None = None
    mode: Mode | None = None
    """`tagged-all` stands for a trunk of all VLANs; None: not switched, or not known."""
    untagged_vlan: VlanId | None = None
    tagged_vlans: VlanList = "none"
    """Canonical ranges (`10-12,20`), or `none`."""
    lag: str | None = None
    """The name of the port-channel, on the same device."""
    parent: str | None = None
    """The name of the interface that a subinterface belongs to."""
    vrf: str | None = None
    speed: float | None = None
    """In Mbit/s; None: not known. Only read."""
    mgmt_only: bool = False


class IPAddress(Row):
    """An address with its prefix length, in a VRF, on an interface or on none."""

    _modelname: ClassVar[str] = "ip_address"
    _identifiers: ClassVar[tuple[str, ...]] = ("vrf", "address", "holder")
    _shortname: ClassVar[tuple[str, ...]] = ("address",)
    _attributes: ClassVar[tuple[str, ...]] = ("device", "interface", "status", "role", "primary")
    _normalise: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "interface": lambda name: None if name is None else name_key(name),
    }

    vrf: str = GLOBAL
    address: Address
    holder: str = ""
    """Empty, unless several devices share the address (anycast, VRRP …): then the one that this is the address of."""
    device: str | None = None
    interface: str | None = None
    """The interface that it is assigned to; None, as is the device: it is assigned to none."""
    status: str = "active"
    role: str | None = None
    """As a slug: `anycast`, `vrrp`, `secondary`, `loopback`."""
    primary: bool = False
    """Whether it is its device's primary address of its family."""

    def get_shortname(self) -> str:
        """Return the address, with its VRF and whose it is, where that has to be said."""
        vrf = f" (vrf {self.vrf})" if self.vrf else ""
        return f"{self.address}{vrf} on {self.holder}" if self.holder else f"{self.address}{vrf}"

    @property
    def is_ipv4(self) -> bool:
        """Whether it is an IPv4 address."""
        return ":" not in self.address


SHARED_ROLES = frozenset({"anycast", "vip", "vrrp", "hsrp", "glbp", "carp"})
"""The roles of addresses that several devices may have."""

MODELS: tuple[type[Row], ...] = (Term, Site, Vlan, Prefix, Device, Interface, IPAddress)
