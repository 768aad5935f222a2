"""A realistic intent folder of any size: to try things out, to measure, and to feed the simulated gear."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from driftline.adapters.yaml12 import dump

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SITES: Final = ("ams", "fra", "lon")
_FIRST_VLAN: Final = 10
_VLAN_NAMES: Final = ("users", "voice", "printers", "cameras", "guests", "sensors", "lab", "backup")
_UPLINKS: Final = 2
_LAG_PORTS: Final = 2
_FEWEST_PORTS: Final = _UPLINKS + _LAG_PORTS + 1
_MOST: Final = {"sites": 250, "devices": 250, "interfaces": 512, "vlans": 120}

_PROFILES: Final[dict[str, dict[str, Any]]] = {
    "access-port": {"mode": "access", "access_vlan": _FIRST_VLAN, "mtu": 1500, "enabled": True},
    "uplink": {"mode": "routed", "mtu": 9214, "enabled": True},
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a device stands in the topology; every address follows from it, so that none is used twice."""

    site_name: str
    site: int
    device: int
    devices: int
    interfaces: int
    vlans: int

    @property
    def is_spine(self) -> bool:
        return self.device == 0

    @property
    def name(self) -> str:
        return f"{self.site_name}-spine1" if self.is_spine else f"{self.site_name}-leaf{self.device}"

    @property
    def first_uplink(self) -> int:
        return self.interfaces - _UPLINKS + 1

    @property
    def last_link(self) -> int:
        """The last port that a spine has for a leaf."""
        return self.interfaces - _LAG_PORTS


def write_topology(folder: Path, *, sites: int, devices: int, interfaces: int, vlans: int = 4) -> list[str]:
    """Write an intent folder with as many sites, devices a site, ports a device and VLANs a site.

    The first device of a site is its spine, the others are leaves with two routed uplinks to it, access ports
    by profile, a port-channel and an interface for each VLAN.

    Returns:
        The names of the devices, in the order of sites.
    """
    _check({"sites": sites, "devices": devices, "interfaces": interfaces, "vlans": vlans})
    places = [
        _Place(_site_name(site), site, device, devices, interfaces, vlans)
        for site in range(sites)
        for device in range(devices)
    ]
    for name, profile in _PROFILES.items():
        _write(folder / "profiles" / f"{name}.yml", profile)
    for place in places:
        if place.is_spine:
            _write(folder / "sites" / f"{place.site_name}.yml", _site(place))
        _write(folder / "devices" / f"{place.name}.yml", _device(place))
    return [place.name for place in places]


def _check(sizes: dict[str, int]) -> None:
    for what, size in sizes.items():
        least = _FEWEST_PORTS if what == "interfaces" else 1
        if not least <= size <= _MOST[what]:
            raise ValueError(f"{what} must be from {least} to {_MOST[what]}, not {size}")


def _site_name(site: int) -> str:
    return _SITES[site] if site < len(_SITES) else f"s{site + 1:02}"


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump(content), encoding="utf-8")


# Content --------------------------------------------------------------------------------------------------


def _site(place: _Place) -> dict[str, Any]:
    return {
        "description": f"Site {place.site_name}",
        "vlans": {_FIRST_VLAN + index: {"name": _vlan_name(index)} for index in range(place.vlans)},
        "vlans_apply_to": {"roles": ["leaf"]},
        "prefixes": {
            f"10.{place.site}.0.0/16": {"description": "users, loopbacks"},
            str(_links(place)): {"description": "links"},
        },
    }


def _vlan_name(index: int) -> str:
    return _VLAN_NAMES[index] if index < len(_VLAN_NAMES) else f"users-{index}"


def _device(place: _Place) -> dict[str, Any]:
    return {
        "site": place.site_name,
        "role": "spine" if place.is_spine else "leaf",
        "platform": "eos",
        "manage": {"interfaces": "listed"},
        "interfaces": dict(_spine(place) if place.is_spine else _leaf(place)),
    }


def _leaf(place: _Place) -> Iterator[tuple[str, dict[str, Any]]]:
    first_lag_port = place.first_uplink - _LAG_PORTS
    tagged = f"{_FIRST_VLAN}-{_FIRST_VLAN + place.vlans - 1}" if place.vlans > 1 else str(_FIRST_VLAN)
    yield _range("Ethernet", 1, first_lag_port - 1), {"profile": "access-port"}
    if place.vlans > 1:
        yield "Ethernet1", {"description": f"printer {place.device}", "access_vlan": _FIRST_VLAN + 1}
    yield (
        _range("Ethernet", first_lag_port, place.first_uplink - 1),
        {"lag": "Port-Channel1", "lag_mode": "active"},
    )
    for uplink in range(_UPLINKS):
        port = _spine_port(place.device, uplink)
        reaches = f" Ethernet{port}" if port <= place.last_link else ""
        yield (
            f"Ethernet{place.first_uplink + uplink}",
            {
                "profile": "uplink",
                "description": f"to {place.site_name}-spine1{reaches}",
                "addresses": [f"{_link(place, place.device, uplink) + 1}/31"],
            },
        )
    yield "Port-Channel1", {"description": "servers", "mode": "trunk", "trunk_vlans": tagged}
    yield "Loopback0", _loopback(place)
    for index in range(place.vlans):
        address = f"10.{place.site}.{_FIRST_VLAN + index}.{place.device}/24"
        yield f"Vlan{_FIRST_VLAN + index}", {"description": _vlan_name(index), "addresses": [address]}


def _spine(place: _Place) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the spine a link to each leaf as long as it has ports; its last two are a port-channel."""
    last = place.last_link
    for leaf in range(1, place.devices):
        for uplink in range(_UPLINKS):
            port = _spine_port(leaf, uplink)
            if port <= last:
                far = f"{place.site_name}-leaf{leaf} Ethernet{place.first_uplink + uplink}"
                address = f"{_link(place, leaf, uplink)}/31"
                yield (
                    f"Ethernet{port}",
                    {"profile": "uplink", "description": f"to {far}", "addresses": [address]},
                )
    unused = min(last, _UPLINKS * (place.devices - 1))
    if unused < last:
        yield _range("Ethernet", unused + 1, last), {"enabled": False}
    yield _range("Ethernet", last + 1, place.interfaces), {"lag": "Port-Channel1", "lag_mode": "active"}
    yield "Port-Channel1", {"description": "firewall", "mode": "trunk", "trunk_vlans": "all"}
    yield "Loopback0", _loopback(place)


def _loopback(place: _Place) -> dict[str, Any]:
    return {"description": "router id", "addresses": [f"10.{place.site}.0.{place.device + 1}/32"]}


def _range(stem: str, first: int, last: int) -> str:
    return f"{stem}{first}" if first == last else f"{stem}{first}-{last}"


def _spine_port(leaf: int, uplink: int) -> int:
    return (leaf - 1) * _UPLINKS + uplink + 1


def _links(place: _Place) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network((int(ipaddress.IPv4Address("172.16.0.0")) + (place.site << 12), 20))


def _link(place: _Place, leaf: int, uplink: int) -> ipaddress.IPv4Address:
    """Return the spine's address of a link; the leaf has the next one."""
    return _links(place)[2 * (_UPLINKS * leaf + uplink)]
