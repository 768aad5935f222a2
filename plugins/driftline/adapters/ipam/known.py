"""What an IPAM holds already, found by the words of the network, so that nothing is made twice for its spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftline.network import DEFAULT_VRF

from .hardware import napalm_name
from .models import GLOBAL, Device, Interface, IPAddress, Site, Term, Vlan
from .names import slug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftline.engine import Adapter
    from driftline.network import IPAddress as NetworkAddress


class Known:
    """Looks up in a loaded IPAM."""

    def __init__(self, ipam: Adapter, platforms: Mapping[str, str]) -> None:
        self.ipam = ipam
        self._sites = {slug(site.name): site.name for site in ipam.get_all(Site)}
        terms = ipam.get_all(Term)
        self._terms: dict[tuple[str, str], str] = {(term.kind, slug(term.name)): term.name for term in terms}
        self._types = {
            slug(term.name.partition("/")[2]): term.name for term in terms if term.kind == "device_type"
        }
        self._drivers = {term.name: napalm_name(term, platforms) for term in terms if term.kind == "platform"}
        self._groups: dict[tuple[str, int], str] = {}
        for vlan in ipam.get_all(Vlan):
            self._groups.setdefault((vlan.site, vlan.vid), vlan.group)

    def site(self, name: str) -> str:
        """Return how the IPAM spells a site."""
        return self._sites.get(slug(name), name)

    def term(self, kind: str, name: str) -> str:
        """Return how the IPAM spells what others refer to; two VRFs may differ in their spelling alone."""
        return name if kind == "vrf" else self._terms.get((kind, slug(name)), name)

    def device_type(self, model: str) -> str | None:
        """Return the name of the device type of a model, whoever makes it."""
        return self._types.get(slug(model))

    def platform(self, driver: str, there: Device | None) -> str:
        """Return the platform of a driver: the one that the device has, if it is of this driver."""
        if there is not None and there.platform and self._drivers.get(there.platform) == driver:
            return there.platform
        named = sorted(name for name, its in self._drivers.items() if its == driver)
        return driver if driver in named or not named else named[0]

    def device(self, name: str) -> Device | None:
        """Return a device."""
        return self.ipam.get_or_none(Device, {"name": name})

    def interface(self, device: str, name: str) -> Interface | None:
        """Return an interface, however its name is spelled."""
        return self.ipam.get_or_none(Interface, {"device": device, "name": name})

    def vlan_ids(self, site: str, vid: int) -> dict[str, Any]:
        """Return what tells a VLAN from others: the site's own, else one of all sites, else as it would be made."""
        home = GLOBAL if (site, vid) not in self._groups and (GLOBAL, vid) in self._groups else site
        return {"site": home, "group": self._groups.get((home, vid), ""), "vid": vid}

    def address_ids(self, address: NetworkAddress, *, shared: bool) -> dict[str, str]:
        """Return what tells an address from others: as the device has it in the IPAM, else as it would be made.

        Args:
            shared: whether other devices have it, too.
        """
        place = {
            "vrf": GLOBAL if address.vrf == DEFAULT_VRF else address.vrf,
            "address": address.address,
        }
        mine, plain = {**place, "holder": address.device}, {**place, "holder": ""}
        if self.ipam.get_or_none(IPAddress, mine) is not None:
            return mine
        there = self.ipam.get_or_none(IPAddress, plain)
        return plain if not shared or (there is not None and there.device == address.device) else mine
