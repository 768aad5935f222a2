"""What an IPAM should hold of a network: its devices, or its intent, in the words of the IPAM's models.

Only that on which the source has an opinion is compared and written; what the IPAM alone knows (types, roles,
statuses of what is there already) stays as it is.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

from driftline.engine import Adapter, DiffSyncModelFlags
from driftline.network import Device as NetworkDevice
from driftline.network import IntendedState, InterfaceKind, interface_kind
from driftline.network import Interface as NetworkInterface
from driftline.network import IPAddress as NetworkAddress
from driftline.network import Vlan as NetworkVlan

from .hardware import MANUFACTURERS, interface_type
from .known import Known
from .models import SHARED_ROLES, Device, Interface, IPAddress, Prefix, Row, Site, Term, Vlan
from .observed_ports import is_too_wide, port_values, vids_of
from .site_vlans import SiteVlans
from .view import View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .options import Writing


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
    view: View = View()
    """How much of the network the source sees."""

    def restrict(self, held: Adapter) -> None:
        """Keep what the source does not speak of out of a comparison with what the IPAM holds; once for every load."""
        self.view.restrict(held, self)


def observed_state(
    network: Adapter,
    options: Writing,
    known: Adapter,
    *,
    name: str = "observed",
    parents: bool = False,
    platforms: Mapping[str, str] | None = None,
) -> Observed:
    """Return what an IPAM should hold of a network, and keep everything else that it holds out of the comparison.

    Args:
        network: what the devices have, or what is intended on them.
        options: what things are called that the network does not tell.
        known: what the IPAM holds, loaded.
        name: the name of the dataset.
        parents: whether every address needs a prefix that it is in, also one of a host.
        platforms: the drivers of the IPAM's platforms, where it does not tell.
    """
    projection = _Projection(
        Observed(name=name), network, options, Known(known, platforms or {}), parents=parents
    )
    for device in projection.devices:
        projection.add(device)
    projection.finish()
    projection.made.restrict(known)
    return projection.made


class _Projection:
    """A network on its way into an IPAM."""

    def __init__(
        self, made: Observed, network: Adapter, options: Writing, known: Known, *, parents: bool
    ) -> None:
        self.made = made
        self._notes: list[str] = []
        self._network = network
        self._options = options
        self._known = known
        self._parents = parents
        everything: list[NetworkDevice] = sorted(network.get_all("device"), key=lambda one: one.name)
        self.devices = [one for one in everything if not _ignored(one)]
        self._unread = {known.site(one.site) for one in everything if _ignored(one)}
        self._vlans = SiteVlans(known, options.status)
        self._shared = _shared_hosts(network, {device.name for device in self.devices})

    def finish(self) -> None:
        """Add the VLANs of the sites, and tell how much of the network this is."""
        for vlan in self._vlans.vlans():
            if not self.made.has("vlan", vlan.get_unique_id()):
                self.made.add(vlan)
        self.made.notes = (*self._notes, *self._vlans.notes)
        self.made.view = self._view()

    # Whose view is whole ----------------------------------------------------------------------------------

    def _view(self) -> View:
        intended = isinstance(self._network, IntendedState)
        whole = {
            device.name
            for device in self.devices
            if not intended or device.ownership.interfaces == "exclusive"
        }
        ports = [port for port in self._network.get_all(NetworkInterface) if intended]
        return View(
            devices=frozenset(whole),
            open_ports=frozenset(
                Interface.create_unique_id(device=port.device, name=port.name)
                for port in ports
                if port.owns_addresses != "exclusive"
            ),
            sites=frozenset(self._whole_sites(intended=intended)),
            has_ports=not intended,
        )

    def _whole_sites(self, *, intended: bool) -> set[str]:
        used = {device.site for device in self.made.get_all(Device)}
        there = [device for device in self._known.ipam.get_all(Device) if device.site in used]
        unseen = {device.site for device in there if not self.made.has("device", device.get_unique_id())}
        partly = {
            self._known.site(device.site)
            for device in self.devices
            if intended and device.ownership.vlans != "exclusive"
        }
        return used - unseen - self._unread - partly

    # Devices ----------------------------------------------------------------------------------------------

    def add(self, device: NetworkDevice) -> None:
        """Add a device with all that it has."""
        site = self._known.site(device.site)
        self._once(Site, {"name": site}, {"status": self._options.status})
        there = self._known.device(device.name)
        made = Device(name=device.name, **self._device_values(device, site, there))
        if there is not None:
            told = {name for name in ("role", "platform", "serial") if getattr(device, name)}
            made.manage({"site", *told})
        self.made.add(made)
        for vlan in self._network.get_by_uids(device.vlans, NetworkVlan):
            if vlan.model_flags & DiffSyncModelFlags.SKIP_UNMATCHED_SRC:
                continue  # it may be there or not
            self._vlans.had(site, vlan.vid, vlan.name, told="name" in vlan.get_managed())
        for interface in self._network.get_by_uids(device.interfaces, NetworkInterface):
            self._add_interface(made, interface)

    def _device_values(self, device: NetworkDevice, site: str, there: Device | None) -> dict[str, Any]:
        driver = device.platform
        return {
            "site": site,
            "role": self._term("role", device.role or (there.role if there else self._options.role)),
            "device_type": there.device_type if there else self._device_type(device),
            "platform": driver and self._term("platform", self._known.platform(driver, there), driver=driver),
            "serial": device.serial or "",
            "status": there.status if there else self._options.status,
        }

    def _device_type(self, device: NetworkDevice) -> str:
        model = device.model or "Unknown"
        maker = self._known.term(
            "manufacturer", MANUFACTURERS.get(device.platform or "", self._options.manufacturer)
        )
        named = self._known.device_type(model) or f"{maker}/{model}"
        self._term("manufacturer", named.partition("/")[0])
        return self._term("device_type", named)

    def _term(self, kind: str, name: str, **more: Any) -> str:
        spelled = self._known.term(kind, name)
        self._once(Term, {"kind": kind, "name": spelled}, {}, **more)
        return spelled

    def _once(self, model: type[Row], ids: dict[str, Any], values: Mapping[str, Any], **more: Any) -> None:
        """Add an object that others refer to, with these values if the IPAM does not have it yet."""
        if self.made.get_or_none(model.get_type(), ids) is None:
            there = self._known.ipam.get_or_none(model.get_type(), ids)
            self.made.add(model(**ids, **values, **more).manage(() if there is not None else values))

    # Interfaces -------------------------------------------------------------------------------------------

    def _add_interface(self, device: Device, interface: NetworkInterface) -> None:
        there = self._known.interface(device.name, interface.name)
        values = {**port_values(interface, there), **self._parent(device, interface)}
        if values.get("vrf"):
            self._term("vrf", values["vrf"])
        if is_too_wide(interface):
            self._notes.append(
                f"{device.name} {interface.name}: what it carries is not taken over: too many VLANs to list"
            )
        self._vlans.mentioned(device.site, vids_of(values, there))
        made = Interface(
            device=device.name,
            name=interface.name if there is None else there.name,
            **{"type": interface_type(interface.name), **values},
        )
        self.made.add(made.manage({*values, "type"} if there is None else values))
        device.add_child(made)
        for address in self._network.get_by_uids(interface.addresses, NetworkAddress):
            self._add_address(made, address)

    def _parent(self, device: Device, interface: NetworkInterface) -> dict[str, str]:
        """Return the interface that a subinterface belongs to, if that is anywhere."""
        if interface_kind(interface.name) is not InterfaceKind.SUBINTERFACE:
            return {}
        ids = {"device": device.name, "name": interface.name.rpartition(".")[0]}
        datasets = (self._network, self._known.ipam)
        found = (dataset.get_or_none("interface", ids) for dataset in datasets)
        return next(({"parent": port.name} for port in found if port is not None), {})

    # Addresses --------------------------------------------------------------------------------------------

    def _add_address(self, interface: Interface, address: NetworkAddress) -> None:
        host = ipaddress.ip_interface(address.address)
        if host.is_link_local:
            return
        shared = (address.vrf, address.host) in self._shared
        ids = self._known.address_ids(address, shared=shared)
        if ids["vrf"]:
            self._term("vrf", ids["vrf"])
        there = self._known.ipam.get_or_none(IPAddress, ids)
        role = "anycast" if shared else "secondary" if address.secondary else None
        made = IPAddress(
            **ids, device=address.device, interface=interface.name, status=self._options.status, role=role
        )
        told = {"status", "role"} if there is None else _role_told(made, there, address)
        self.made.add(made.manage({"device", "interface", *told}))
        if self._parents or host.network.prefixlen < host.max_prefixlen:
            prefix = {"vrf": ids["vrf"], "prefix": str(host.network)}
            self._once(Prefix, prefix, {"status": self._options.status})


def _role_told(made: IPAddress, there: IPAddress, address: NetworkAddress) -> set[str]:
    """Return `role` where the network says another one than the IPAM; of most roles it knows nothing."""
    if made.role == "anycast":
        return set() if made.holder else {"role"}
    if there.role in SHARED_ROLES:
        return set()
    is_one, was_one = made.role == "secondary", there.role == "secondary"
    return {"role"} if is_one != was_one and "secondary" in address.get_managed() else set()


def _ignored(device: NetworkDevice) -> bool:
    return bool(device.model_flags & DiffSyncModelFlags.IGNORE)


def _shared_hosts(network: Adapter, devices: set[str]) -> set[tuple[str, str]]:
    """Return the hosts, with their VRF, that several devices have."""
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for address in network.get_all(NetworkAddress):
        if address.device in devices:
            holders[address.vrf, address.host].add(address.device)
    return {host for host, names in holders.items() if len(names) > 1}
