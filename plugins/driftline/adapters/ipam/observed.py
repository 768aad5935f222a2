"""What an IPAM should hold of a network: its devices, or its intent, in the words of the IPAM's models.

Only that on which the source has an opinion is compared and written; what the IPAM alone knows (types, roles,
statuses of what is there already) stays as it is.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, ClassVar, Final

from driftline.engine import Adapter, DiffSyncModelFlags
from driftline.network import (
    DEFAULT_VRF,
    MAX_VLAN,
    IntendedState,
    InterfaceKind,
    expand_vlans,
    interface_kind,
)
from driftline.network import Device as NetworkDevice
from driftline.network import Interface as NetworkInterface
from driftline.network import IPAddress as NetworkAddress
from driftline.network import Vlan as NetworkVlan

from .hardware import MANUFACTURERS, interface_type
from .intended import napalm_name
from .models import GLOBAL, Device, Interface, IPAddress, Prefix, Row, Site, Term, Vlan
from .view import restrict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .options import Writing

_MANY: Final = 1000
"""VLANs on one trunk of which no more are made for the trunk's sake alone: a range that is meant for what may come."""


class Observed(Adapter):
    """What an IPAM should hold."""

    term = Term
    site = Site
    vlan = Vlan
    prefix = Prefix
    device = Device
    interface = Interface
    ip_address = IPAddress
    top_level: ClassVar[tuple[str, ...]] = ("term", "site", "vlan", "prefix", "device", "ip_address")  # type: ignore[misc]

    notes: tuple[str, ...] = ()
    """What was left out or chosen, and why, for people."""


def observed_state(
    network: Adapter, options: Writing, known: Adapter, *, name: str = "observed", parents: bool = False
) -> Observed:
    """Return what an IPAM should hold of a network, and keep everything else that it holds out of the comparison.

    Args:
        network: what the devices have, or what is intended on them.
        options: what things are called that the network does not tell.
        known: what the IPAM holds, loaded.
        parents: whether every address needs a prefix that it is in, also one of a host.
    """
    projection = _Projection(Observed(name=name), network, options, known, parents=parents)
    for device in projection.devices:
        projection.add(device)
    projection.finish()
    restrict(known, projection.made, projection.whole(), projection.whole_sites())
    projection.made.notes = tuple(projection.notes)
    return projection.made


class _Projection:
    """A network on its way into an IPAM."""

    def __init__(
        self, made: Observed, network: Adapter, options: Writing, known: Adapter, *, parents: bool
    ) -> None:
        self.made = made
        self.notes: list[str] = []
        self._network = network
        self._options = options
        self._known = known
        self._parents = parents
        everything: list[NetworkDevice] = sorted(network.get_all("device"), key=lambda one: one.name)
        self.devices = [one for one in everything if not _ignored(one)]
        self._missing = {one.site for one in everything if _ignored(one)}
        self._sites = _spellings(site.name for site in known.get_all(Site))
        self._platforms = {
            napalm_name(term, {}): term.name for term in known.get_all(Term) if term.kind == "platform"
        }
        self._types = {
            term.name.partition("/")[2].casefold(): term.name
            for term in known.get_all(Term)
            if term.kind == "device_type"
        }
        self._groups = {(vlan.site, vlan.vid): vlan.group for vlan in known.get_all(Vlan)}
        self._names: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
        self._shared = _shared_hosts(network, {device.name for device in self.devices})

    # Whose view is whole ----------------------------------------------------------------------------------

    def whole(self) -> set[str]:
        """Return the devices of which the source knows every interface and address."""
        if not isinstance(self._network, IntendedState):
            return {device.name for device in self.devices}
        return {
            device.name
            for device in self.devices
            if device.ownership.interfaces == device.ownership.addresses == "exclusive"
        }

    def whole_sites(self) -> set[str]:
        """Return the sites of which the source knows every VLAN that is in use."""
        devices = [device for device in self._known.get_all(Device) if device.site in self._used_sites()]
        unseen = {device.site for device in devices if not self.made.has("device", device.get_unique_id())}
        missing = {self._site_name(site) for site in self._missing}
        partly = {
            self._site_name(device.site)
            for device in self.devices
            if isinstance(self._network, IntendedState) and device.ownership.vlans != "exclusive"
        }
        return self._used_sites() - unseen - missing - partly

    def _used_sites(self) -> set[str]:
        return {site.name for site in self.made.get_all(Site)}

    # Devices ----------------------------------------------------------------------------------------------

    def add(self, device: NetworkDevice) -> None:
        """Add a device with all that it has."""
        site = self._site_name(device.site)
        self._once(Site, {"name": site}, {"status": self._options.status})
        there = self._known.get_or_none("device", {"name": device.name})
        made = Device(name=device.name, **self._device_values(device, site, there))
        self.made.add(made.manage(self._told(device, there, made)))
        for vlan in self._network.get_by_uids(device.vlans, NetworkVlan):
            self._vote(site, vlan.vid, vlan.name if "name" in vlan.get_managed() else None)
        for interface in self._network.get_by_uids(device.interfaces, NetworkInterface):
            self._add_interface(made, interface)

    def _device_values(self, device: NetworkDevice, site: str, there: Device | None) -> dict[str, Any]:
        platform = self._platform(device.platform)
        device_type = self._device_type(device) if there is None else there.device_type
        role = self._term("role", device.role or (self._options.role if there is None else there.role))
        return {
            "site": site,
            "role": role,
            "device_type": device_type,
            "platform": platform,
            "serial": device.serial or "",
            "status": self._options.status if there is None else there.status,
        }

    def _told(self, device: NetworkDevice, there: Device | None, made: Device) -> set[str]:
        """Return the attributes on which the source has an opinion."""
        if there is None:
            return set(made._attributes)  # noqa: SLF001 - all of them are needed to make it
        told = {"site", "platform"} if made.platform else {"site"}
        told |= {name for name in ("role", "serial") if getattr(device, name)}
        return told

    def _platform(self, driver: str | None) -> str | None:
        if driver is None:
            return None
        return self._term("platform", self._platforms.get(driver, driver), driver=driver)

    def _device_type(self, device: NetworkDevice) -> str:
        model = device.model or "Unknown"
        maker = MANUFACTURERS.get(device.platform or "", self._options.manufacturer)
        named = self._types.get(model.casefold(), f"{maker}/{model}")
        self._term("manufacturer", named.partition("/")[0])
        return self._term("device_type", named)

    def _term(self, kind: str, name: str, **more: Any) -> str:
        self._once(Term, {"kind": kind, "name": name}, {}, **more)
        return name

    def _site_name(self, name: str) -> str:
        return self._sites.get(name.casefold(), name)

    def _once(self, model: type[Row], ids: dict[str, Any], values: Mapping[str, Any], **more: Any) -> None:
        """Add an object that others refer to, with these values if the IPAM does not have it yet."""
        if self.made.get_or_none(model.get_type(), ids) is None:
            there = self._known.get_or_none(model.get_type(), ids)
            self.made.add(model(**ids, **values, **more).manage(() if there is not None else values))

    # Interfaces -------------------------------------------------------------------------------------------

    def _add_interface(self, device: Device, interface: NetworkInterface) -> None:
        there = self._known.get_or_none("interface", {"device": device.name, "name": interface.name})
        values = self._interface_values(device, interface)
        made = Interface(
            device=device.name,
            name=interface.name if there is None else there.name,
            **{"type": interface_type(interface.name), **values},
        )
        self.made.add(made.manage({*values, "type"} if there is None else set(values)))
        device.add_child(made)
        for address in self._network.get_by_uids(interface.addresses, NetworkAddress):
            self._add_address(device, made, address)

    def _interface_values(self, device: Device, interface: NetworkInterface) -> dict[str, Any]:
        """Return the values on which the source has an opinion."""
        told = interface.get_managed()
        plain = ("enabled", "mtu", "lag", "vrf")
        values: dict[str, Any] = {name: getattr(interface, name) for name in plain if name in told}
        if "description" in told:
            values["description"] = interface.description or ""
        if interface.mac:
            values["mac"] = interface.mac
        if values.get("vrf"):
            self._term("vrf", values["vrf"])
        kind = interface_kind(interface.name)
        if kind is InterfaceKind.SUBINTERFACE:
            values["parent"] = interface.name.rpartition(".")[0]
        return {**values, **self._switching(device, interface, kind)}

    def _switching(self, device: Device, interface: NetworkInterface, kind: InterfaceKind) -> dict[str, Any]:
        told = interface.get_managed()
        if kind is InterfaceKind.SUBINTERFACE:
            if "encapsulation_vlan" not in told or interface.encapsulation_vlan is None:
                return {}
            tag = str(interface.encapsulation_vlan)
            return self._with_vlans(device, {"mode": "tagged", "untagged_vlan": None, "tagged_vlans": tag})
        if "mode" not in told or kind not in (InterfaceKind.PHYSICAL, InterfaceKind.LAG):
            return {}
        if interface.mode == "access":
            access = interface.access_vlan
            return self._with_vlans(
                device, {"mode": "access", "untagged_vlan": access, "tagged_vlans": "none"}
            )
        if interface.mode == "trunk":
            return self._trunk(device, interface)
        return {"mode": None, "untagged_vlan": None, "tagged_vlans": "none"}

    def _trunk(self, device: Device, interface: NetworkInterface) -> dict[str, Any]:
        vids = expand_vlans(interface.trunk_vlans or "all")
        values = {"mode": "tagged", "untagged_vlan": interface.native_vlan, "tagged_vlans": "none"}
        if len(vids) >= MAX_VLAN - 1:  # some platforms leave out the native one
            return self._with_vlans(device, {**values, "mode": "tagged-all"})
        if len(vids) > _MANY:
            self.notes.append(
                f"{device.name} {interface.name}: its {len(vids)} tagged VLANs are not taken over: too many"
            )
            del values["tagged_vlans"]
            return self._with_vlans(device, values)
        return self._with_vlans(device, {**values, "tagged_vlans": interface.trunk_vlans or "none"})

    def _with_vlans(self, device: Device, values: dict[str, Any]) -> dict[str, Any]:
        """Note the VLANs that values refer to: they must be in the IPAM."""
        for vid in expand_vlans(values.get("tagged_vlans", "none")):
            self._vote(device.site, vid, None)
        if values["untagged_vlan"] is not None:
            self._vote(device.site, values["untagged_vlan"], None)
        return values

    # Addresses --------------------------------------------------------------------------------------------

    def _add_address(self, device: Device, interface: Interface, address: NetworkAddress) -> None:
        host = ipaddress.ip_interface(address.address)
        if host.is_link_local:
            return
        vrf = GLOBAL if address.vrf == DEFAULT_VRF else self._term("vrf", address.vrf)
        shared = (address.vrf, address.host) in self._shared
        ids = {"vrf": vrf, "address": address.address, "holder": device.name if shared else ""}
        role = "anycast" if shared else "secondary" if address.secondary else None
        made = IPAddress(
            **ids, device=device.name, interface=interface.name, status=self._options.status, role=role
        )
        told = {"device", "interface"}
        if self._known.get_or_none("ip_address", ids) is None:
            told |= {"status", "role"}
        elif role == "secondary" and "secondary" in address.get_managed():
            told.add("role")
        self.made.add(made.manage(told))
        self._add_prefix(vrf, host)

    def _add_prefix(self, vrf: str, host: ipaddress.IPv4Interface | ipaddress.IPv6Interface) -> None:
        if host.network.prefixlen == host.max_prefixlen and not self._parents:
            return
        ids = {"vrf": vrf, "prefix": str(host.network)}
        self._once(Prefix, ids, {"status": self._options.status})

    # VLANs ------------------------------------------------------------------------------------------------

    def _vote(self, site: str, vid: int, name: str | None) -> None:
        self._names[site, vid].update([name] if name else [])

    def finish(self) -> None:
        """Add the VLANs of the sites, under the name that most devices give them."""
        for (site, vid), names in sorted(self._names.items()):
            name = names.most_common(1)[0][0] if names else None
            if len(names) > 1:
                told = ", ".join(f"{name!r} on {count}" for name, count in names.most_common())
                self.notes.append(
                    f"VLAN {vid} of site {site} has several names: {told} devices; {name!r} is taken"
                )
            self._add_vlan(site, vid, name)

    def _add_vlan(self, site: str, vid: int, name: str | None) -> None:
        home = site if (site, vid) in self._groups or (GLOBAL, vid) not in self._groups else GLOBAL
        ids = {"site": home, "group": self._groups.get((home, vid), ""), "vid": vid}
        if self.made.get_or_none("vlan", ids) is not None:
            return
        there = self._known.get_or_none("vlan", ids)
        vlan = Vlan(**ids, name=name or f"VLAN{vid:04d}", status=self._options.status)
        told = {"name", "status"} if there is None else {"name"} if name and home == site else set()
        self.made.add(vlan.manage(told))


def _ignored(device: NetworkDevice) -> bool:
    return bool(device.model_flags & DiffSyncModelFlags.IGNORE)


def _spellings(names: Iterable[str]) -> dict[str, str]:
    return {name.casefold(): name for name in names}


def _shared_hosts(network: Adapter, devices: set[str]) -> set[tuple[str, str]]:
    """Return the hosts, with their VRF, that several devices have."""
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for address in network.get_all(NetworkAddress):
        if address.device in devices:
            holders[address.vrf, address.host].add(address.device)
    return {host for host, names in holders.items() if len(names) > 1}
