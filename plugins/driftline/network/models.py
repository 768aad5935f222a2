"""The shared vocabulary: Site › Device › Interface › IPAddress, and Device › Vlan.

Attributes in `_attributes` are *managed*: compared and pushed. The other fields are *observed*: reported,
never pushed. Identity and units: MTU in bytes, speed in Mbit/s, VLAN ids from 1 to 4094.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from driftline.engine import DiffSyncModel

from .names import RESERVED_VLANS, InterfaceKind, interface_kind, name_key, vlan_ranges

DEFAULT_VRF = "default"

Policy = Literal["absent", "listed", "exclusive"]
"""What the intent says about a collection: nothing, only about what it lists, or about all of it."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which of a device's collections the intent owns, and how far."""

    interfaces: Policy = "absent"
    vlans: Policy = "absent"
    addresses: Policy = "absent"
    reset_unlisted_ports: bool = False
    """With exclusive interfaces: put unlisted physical ports back to the factory default."""


@lru_cache(maxsize=65536)
def canonical_address(text: str) -> str:
    """Return the one canonical way to write an address with its prefix length; raises ValueError."""
    return str(ipaddress.ip_interface(text))


def _vlan_list(value: Any) -> Any:
    if value is None or isinstance(value, int):
        return value if value is None else vlan_ranges([value])
    return vlan_ranges(value)


VlanId = Annotated[int, Field(ge=1, le=4094)]
VlanList = Annotated[str, BeforeValidator(_vlan_list)]
Address = Annotated[str, AfterValidator(canonical_address)]
Mode = Literal["access", "trunk", "routed"]
LagMode = Literal["active", "passive", "on"]


class Site(DiffSyncModel):
    """A place with devices."""

    _modelname: ClassVar[str] = "site"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _children: ClassVar[dict[str, str]] = {"device": "devices"}

    name: str
    devices: list[str] = []

    def owns(self, child: DiffSyncModel) -> bool:  # noqa: ARG002 - whatever it is
        """Return False: no device comes or goes by configuration."""
        return False


class Device(DiffSyncModel):
    """A box. What it is (role, platform, serial) is known from the source of truth and never pushed."""

    _modelname: ClassVar[str] = "device"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _children: ClassVar[dict[str, str]] = {"vlan": "vlans", "interface": "interfaces"}

    name: str
    site: str
    role: str | None = None
    platform: str | None = None
    serial: str | None = None
    """Intended: the box must have this serial number. Actual: the one it has."""
    hostname: str | None = None
    model: str | None = None
    os_version: str | None = None
    ownership: Ownership = Ownership()
    interfaces: list[str] = []
    vlans: list[str] = []

    def owns(self, child: DiffSyncModel) -> bool:
        """Return whether an unlisted VLAN or interface is to go."""
        if isinstance(child, Vlan):
            return self.ownership.vlans == "exclusive" and not child.exempt
        if isinstance(child, Interface):
            return self.ownership.interfaces == "exclusive" and self._owns_interface(child)
        return True

    def _owns_interface(self, interface: Interface) -> bool:
        if interface.protected:
            return False
        if interface.kind is InterfaceKind.PHYSICAL:
            return self.ownership.reset_unlisted_ports and not interface.pristine
        return interface.kind.logical


class Interface(DiffSyncModel):
    """A port, a port-channel, a loopback, an SVI or a subinterface."""

    _modelname: ClassVar[str] = "interface"
    _identifiers: ClassVar[tuple[str, ...]] = ("device", "name")
    _shortname: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = (
        "description",
        "enabled",
        "mtu",
        "mode",
        "access_vlan",
        "trunk_vlans",
        "native_vlan",
        "lag",
        "lag_mode",
        "vrf",
        "encapsulation_vlan",
    )
    _children: ClassVar[dict[str, str]] = {"ip_address": "addresses"}
    _normalise: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "name": name_key,
        "lag": lambda name: None if name is None else name_key(name),
    }

    device: str
    name: str
    description: str | None = None
    enabled: bool = True
    mtu: int | None = None
    """In bytes; None: the platform's default for this kind of interface."""
    mode: Mode | None = None
    """None: the interface has no choice (a loopback, an SVI)."""
    access_vlan: VlanId | None = None
    trunk_vlans: VlanList | None = None
    """Canonical ranges (`10-12,20`), `all` or `none`."""
    native_vlan: VlanId | None = None
    lag: str | None = None
    """The port-channel that this port is a member of."""
    lag_mode: LagMode | None = None
    vrf: str | None = None
    """None: the default VRF."""
    encapsulation_vlan: VlanId | None = None
    """The 802.1Q tag of a subinterface."""
    owns_addresses: Policy = "absent"
    protected: bool = False
    """Part of what keeps the device itself together (an MLAG peer link); never deleted as unlisted."""
    pristine: bool = False
    """Nothing at all is configured on it."""
    section: str | None = None
    """A digest of its whole native section, lines that driftline does not model included."""
    oper_up: bool | None = None
    speed: float | None = None
    """In Mbit/s; None: not known."""
    mac: str | None = None
    addresses: list[str] = []

    @property
    def kind(self) -> InterfaceKind:
        """What it is, as its name tells."""
        return interface_kind(self.name)

    def get_read_set(self) -> dict[str, Any]:
        """Return what deleting it relies on: also that nobody has hung anything else on it since."""
        return {**self.get_attrs(), "section": self.section}

    def owns(self, child: DiffSyncModel) -> bool:
        """Return whether an unlisted address is to go.

        Beside exclusive ownership there are two cases in which it goes whether we like it or not, so the
        plan has to say so: a listed primary IPv4 address displaces another one, and a device drops an
        interface's addresses when its VRF changes.
        """
        if not isinstance(child, IPAddress) or self.owns_addresses == "exclusive":
            return True
        if "vrf" in self.get_managed() and child.vrf != (self.vrf or DEFAULT_VRF):
            return True
        return child.primary_ipv4 and self._lists_primary_ipv4()

    def _lists_primary_ipv4(self) -> bool:
        listed = self.adapter.get_by_uids(self.addresses, "ip_address") if self.adapter else []
        return any(address.primary_ipv4 for address in listed)


class IPAddress(DiffSyncModel):
    """An address with its prefix length, in a VRF of a device."""

    _modelname: ClassVar[str] = "ip_address"
    _identifiers: ClassVar[tuple[str, ...]] = ("device", "vrf", "address")
    _shortname: ClassVar[tuple[str, ...]] = ("address",)
    _attributes: ClassVar[tuple[str, ...]] = ("interface", "secondary")
    _normalise: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"interface": name_key}

    device: str
    vrf: str = DEFAULT_VRF
    address: Address
    interface: str
    secondary: bool = False

    def get_shortname(self) -> str:
        """Return the address, with its VRF when that is not the default one."""
        return self.address if self.vrf == DEFAULT_VRF else f"{self.address} (vrf {self.vrf})"

    @property
    def host(self) -> str:
        """The address without its prefix length."""
        return self.address.partition("/")[0]

    @property
    def is_ipv4(self) -> bool:
        """Whether it is an IPv4 address."""
        return ":" not in self.address

    @property
    def primary_ipv4(self) -> bool:
        """Whether it is the one address that an interface has as its primary IPv4 address."""
        return self.is_ipv4 and not self.secondary


class Vlan(DiffSyncModel):
    """A VLAN in a device's VLAN database."""

    _modelname: ClassVar[str] = "vlan"
    _identifiers: ClassVar[tuple[str, ...]] = ("device", "vid")
    _shortname: ClassVar[tuple[str, ...]] = ("vid",)
    _attributes: ClassVar[tuple[str, ...]] = ("name",)

    device: str
    vid: VlanId
    name: str | None = None
    """None: the device's own default name."""
    protected: bool = False
    """Part of what keeps the device itself together (an MLAG peer VLAN); never deleted as unlisted."""
    section: str | None = None
    """A digest of its whole native section, lines that driftline does not model included."""

    def get_read_set(self) -> dict[str, Any]:
        """Return what deleting it relies on: also that nobody has hung anything else on it since."""
        return {**self.get_attrs(), "section": self.section}

    @property
    def exempt(self) -> bool:
        """Whether it is never deleted as unlisted."""
        return self.protected or self.vid in RESERVED_VLANS
