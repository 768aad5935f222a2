"""What an IPAM should hold of an interface: only that on which the source has an opinion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from driftline.network import MAX_VLAN, InterfaceKind, expand_vlans, interface_kind

from .intended import encapsulation
from .models import mac_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftline.network import Interface as NetworkInterface

    from .models import Interface

_MANY: Final = 1000
"""VLANs of a trunk that are still listed one by one: a wider range is meant for what may come."""
_PLAIN: Final = ("enabled", "mtu", "lag", "vrf")
_NOT_SWITCHED: Final = {"mode": None, "untagged_vlan": None, "tagged_vlans": "none"}
_MAC_DIGITS: Final = 12


def port_values(interface: NetworkInterface, there: Interface | None) -> dict[str, Any]:
    """Return the values of an interface on which the source has an opinion."""
    told = interface.get_managed()
    values: dict[str, Any] = {name: getattr(interface, name) for name in _PLAIN if name in told}
    if "description" in told:
        values["description"] = interface.description or ""
    if _is_mac(interface.mac):
        values["mac"] = interface.mac
    return {**values, **_switching(interface, there)}


def is_too_wide(interface: NetworkInterface) -> bool:
    """Return whether an interface is a trunk of more VLANs than an IPAM is to list, and not of all of them."""
    if interface.mode != "trunk" or not {"mode", "trunk_vlans"} <= set(interface.get_managed()):
        return False
    return _MANY < len(expand_vlans(interface.trunk_vlans or "all")) < MAX_VLAN


def vids_of(values: Mapping[str, Any], there: Interface | None) -> set[int]:
    """Return the VLANs that an interface refers to with these values."""
    before = (
        {} if there is None else {name: getattr(there, name) for name in ("untagged_vlan", "tagged_vlans")}
    )
    after = {**before, **values}
    untagged = after.get("untagged_vlan")
    return {*expand_vlans(after.get("tagged_vlans", "none")), *([untagged] if untagged else [])}


def _is_mac(text: str | None) -> bool:
    digits = mac_key(text or "")
    return len(digits) == _MAC_DIGITS and digits.strip("0") != ""


def _switching(interface: NetworkInterface, there: Interface | None) -> dict[str, Any]:
    kind, told = interface_kind(interface.name), interface.get_managed()
    if kind is InterfaceKind.SUBINTERFACE:
        return _tag(interface.encapsulation_vlan, there) if "encapsulation_vlan" in told else {}
    if kind not in (InterfaceKind.PHYSICAL, InterfaceKind.LAG) or "mode" not in told:
        return {}
    if interface.lag is not None or is_too_wide(interface):
        # A member is switched as its port-channel is. Half a trunk would be read as one of no VLANs.
        return {}
    if interface.mode == "access":
        access = {"untagged_vlan": interface.access_vlan} if "access_vlan" in told else {}
        return {"mode": "access", **access, "tagged_vlans": "none"}
    return _trunk(interface, there) if interface.mode == "trunk" else dict(_NOT_SWITCHED)


def _tag(vid: int | None, there: Interface | None) -> dict[str, Any]:
    """Return the values of a subinterface, unless the IPAM says the same already in its own way."""
    if there is not None and encapsulation(there) == vid:
        return {}
    return (
        dict(_NOT_SWITCHED) if vid is None else {**_NOT_SWITCHED, "mode": "tagged", "tagged_vlans": str(vid)}
    )


def _trunk(interface: NetworkInterface, there: Interface | None) -> dict[str, Any]:
    told = interface.get_managed()
    values = {"untagged_vlan": interface.native_vlan} if "native_vlan" in told else {}
    if "trunk_vlans" not in told:
        is_one = there is not None and there.mode in ("tagged", "tagged-all")
        return values if is_one else {**values, "mode": "tagged-all", "tagged_vlans": "none"}
    vlans = interface.trunk_vlans or "all"
    if vlans == "all":
        return {**values, "mode": "tagged-all", "tagged_vlans": "none"}
    return {**values, "mode": "tagged", "tagged_vlans": vlans}
