"""Intended addresses: each by itself, all of an interface, and all of the network."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from driftline.engine.exceptions import Problem
from driftline.network import DEFAULT_VRF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .merging import Merged
    from .schema import AddressEntry, PrefixEntry

Interface: TypeAlias = "ipaddress.IPv4Interface | ipaddress.IPv6Interface"
Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

_LONGEST_WITH_BROADCAST: Final = 30


@dataclass(frozen=True, slots=True)
class IntendedAddress:
    """An address of an interface, and where it is written."""

    device: str
    interface: str
    vrf: str
    value: Interface
    secondary: bool
    anycast: bool
    written: str
    """The address as the file spells it."""
    merged: Merged

    @property
    def where(self) -> str:
        """The file and line; only looked up for a problem."""
        return self.merged.where("addresses", self.written)

    @property
    def text(self) -> str:
        """The address with its prefix length, in its canonical form."""
        return str(self.value)

    @property
    def primary_ipv4(self) -> bool:
        """Whether it claims to be the one primary IPv4 address of its interface."""
        return self.value.version == 4 and not self.secondary  # noqa: PLR2004 - the IP version


def interface_addresses(
    device: str, interface: str, merged: Merged, problems: list[Problem]
) -> tuple[IntendedAddress, ...]:
    """Return the addresses of an interface in the order in which they are written."""
    vrf = merged.values.get("vrf") or DEFAULT_VRF
    found: list[IntendedAddress] = []
    for text, entry in (merged.addresses or {}).items():
        wrong = wrong_address(text, entry)
        if wrong is not None:
            code, message, hint = wrong
            where = merged.where("addresses", text)
            problems.append(Problem(where, code, f"{device} {interface}: {text}: {message}", hint))
            continue
        found.append(
            IntendedAddress(
                device, interface, vrf, _parsed(text), entry.secondary, entry.anycast, text, merged
            )
        )
    problems.extend(_primaries(found))
    return tuple(found)


@lru_cache(maxsize=65536)
def _parsed(text: str) -> Interface:
    return ipaddress.ip_interface(text)


def wrong_address(text: str, entry: AddressEntry) -> tuple[str, str, str] | None:
    """Return the code, the message and the hint for an address that no interface can have."""
    if "/" not in text:
        return (
            "INTENT-ADDRESS",
            "the prefix length is missing",
            f"write {text}/24, or /32 for a single address",
        )
    try:
        value = _parsed(text)
    except ValueError:
        return "INTENT-ADDRESS", "this is not an IP address", "write it as 10.1.10.1/24 or 2001:db8::1/64"
    if value.ip.is_multicast or value.ip.is_unspecified or "%" in text:
        return (
            "INTENT-ADDRESS",
            "an interface can't have this address",
            "use a unicast address without a zone",
        )
    if isinstance(value, ipaddress.IPv4Interface):
        return _wrong_host(value)
    if entry.secondary:
        return "INTENT-SECONDARY-IPV6", "IPv6 knows no secondary addresses", "remove secondary"
    return None


def _wrong_host(value: ipaddress.IPv4Interface) -> tuple[str, str, str] | None:
    network = value.network
    if network.prefixlen > _LONGEST_WITH_BROADCAST:
        return None
    for kind, reserved in (("network", network.network_address), ("broadcast", network.broadcast_address)):
        if value.ip == reserved:
            message = f"this is the {kind} address of {network}"
            return "INTENT-NOT-A-HOST", message, "use an address between the two"
    return None


def _primaries(addresses: Sequence[IntendedAddress]) -> Iterator[Problem]:
    primaries = [address for address in addresses if address.primary_ipv4]
    for address in primaries[1:]:
        yield Problem(
            where=address.where,
            code="INTENT-TWO-PRIMARIES",
            message=(
                f"{address.device} {address.interface}: {address.text} and {primaries[0].text} "
                "are both primary"
            ),
            hint="mark all but one with secondary: true",
        )


# All of the network ---------------------------------------------------------------------------------------


def check_duplicates(addresses: Iterable[IntendedAddress]) -> Iterator[Problem]:
    """Return a problem for every place that claims a host address that another place has in the same VRF."""
    first: dict[tuple[str, int, int], IntendedAddress] = {}
    own: dict[tuple[str, str, int, int], IntendedAddress] = {}
    for address in addresses:
        host = address.vrf, address.value.version, int(address.value.ip)
        other = own.setdefault((address.device, *host), address)
        if other is address:
            other = first.setdefault(host, address)
        elsewhere_too = (address.anycast and other.anycast) or address.value.is_link_local
        # Within one device an address is one object, and no device takes it at two interfaces of a VRF.
        if other is not address and (other.device == address.device or not elsewhere_too):
            yield _duplicate(address, other)


def _duplicate(address: IntendedAddress, other: IntendedAddress) -> Problem:
    one_device = other.device == address.device
    return Problem(
        where=address.where,
        code="INTENT-DUPLICATE-ADDRESS",
        message=(
            f"{address.device} {address.interface}: {address.value.ip} in VRF {address.vrf} "
            f"is also at {other.device} {other.interface} ({other.where})"
        ),
        hint="one device can have it once only" if one_device else "mark every occurrence with anycast: true",
    )


def check_prefixes(
    addresses: Iterable[IntendedAddress], site: str, prefixes: Mapping[str, PrefixEntry]
) -> Iterator[Problem]:
    """Return a problem for every address that lies in no prefix of the site.

    A family of which the site lists no prefix in the VRF is not checked; a VRF of which it lists none at all
    is more likely misspelled.
    """
    if not prefixes:
        return
    by_vrf: dict[str, list[Network]] = {}
    for text, entry in prefixes.items():
        by_vrf.setdefault(entry.vrf or DEFAULT_VRF, []).append(ipaddress.ip_network(text))
    for address in addresses:
        listed = by_vrf.get(address.vrf, [])
        family = [network for network in listed if network.version == address.value.version]
        if any(address.value.ip in network for network in family) or address.value.is_link_local:
            continue
        if family or not listed:
            yield Problem(
                where=address.where,
                code="INTENT-OUTSIDE-PREFIXES",
                message=(
                    f"{address.device} {address.interface}: {address.text} lies in no prefix of site {site} "
                    f"in VRF {address.vrf}"
                ),
                hint=f"correct the address or its VRF, or add the prefix to sites/{site}.yml",
            )
