"""What show commands answer, worked out from the configuration alone: the simulated network is always up."""

from __future__ import annotations

import hashlib
import ipaddress
from typing import TYPE_CHECKING, Any, NamedTuple

from .editor import default_vlan_name
from .names import SWITCHED, split_interface
from .statements import address_of, allowed_vlans, vrf_of
from .tree import (
    ACCESS_VLAN,
    CHANNEL_GROUP,
    DESCRIPTION,
    IPV6_RANK,
    MODE,
    MTU,
    NAME,
    PRIMARY,
    SECONDARY_RANK,
    SHUTDOWN,
    SWITCHPORT,
    Config,
    Section,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

Answer = dict[str, Any]

VERSION = "4.31.2F"
MODEL = "vEOS-lab"
L2_MTU = 9214
L3_MTU = 1500
_MTU = {"Loopback": 65535, "Vxlan": 0}
_HARDWARE = {"Port-Channel": "portChannel", "Management": "ethernet"}
_BANDWIDTH = {"Ethernet": 10_000_000_000, "Port-Channel": 20_000_000_000, "Management": 1_000_000_000}


class Identity(NamedTuple):
    """What a device is, however it is configured."""

    serial: str
    base_mac: int
    booted: float

    @classmethod
    def of(cls, name: str, booted: float) -> Identity:
        """The same serial number and addresses for the same name, in every lab."""
        digest = hashlib.sha256(name.encode()).hexdigest()
        return cls(digest[:32].upper(), 0x001C73000000 | int(digest[32:36], 16) << 8, booted)

    def mac(self, offset: int) -> str:
        """One of the box's MAC addresses."""
        digits = f"{self.base_mac + offset:012x}"
        return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def version(identity: Identity, uptime: float) -> Answer:
    """`show version`."""
    return {
        "mfgName": "Arista",
        "modelName": MODEL,
        "hardwareRevision": "",
        "serialNumber": identity.serial,
        "systemMacAddress": identity.mac(0),
        "version": VERSION,
        "internalVersion": f"{VERSION}-35442176.4312F",
        "architecture": "x86_64",
        "bootupTimestamp": identity.booted,
        "uptime": uptime,
        "memTotal": 2006640,
        "memFree": 1000000,
        "isIntlVersion": False,
    }


def hostname(config: Config) -> Answer:
    """`show hostname`."""
    prefixes = ("ip domain-name ", "dns domain ")
    domains = (b.line.rpartition(" ")[2] for b in config.head if b.line.startswith(prefixes))
    domain = next(domains, "")
    return {"hostname": config.hostname, "fqdn": f"{config.hostname}.{domain}" if domain else config.hostname}


def interfaces(config: Config, identity: Identity) -> Answer:
    """`show interfaces`."""
    names = config.sorted_interfaces()
    return {"interfaces": {name: _interface(config, identity, name, n) for n, name in enumerate(names, 1)}}


def _interface(config: Config, identity: Identity, name: str, number: int) -> Answer:
    section = config.interfaces[name]
    kind = split_interface(name).kind
    answer = {
        "name": name,
        **_status(config, name),
        "hardware": "subinterface" if "." in name else _HARDWARE.get(kind, kind.lower()),
        "forwardingModel": "bridged" if is_switchport(name, section) else "routed",
        "description": section.statements.get(DESCRIPTION, "").partition(" ")[2],
        "mtu": effective_mtu(name, section),
        "bandwidth": _BANDWIDTH.get(kind, 0),
        "lastStatusChangeTimestamp": identity.booted,
        "interfaceAddress": [_ipv4(section)] if PRIMARY in section.statements else [],
    }
    if kind not in {"Loopback", "Vxlan", "Tunnel"}:
        answer["physicalAddress"] = identity.mac(0 if kind == "Vlan" else number)
    return answer


def _status(config: Config, name: str) -> Answer:
    """A port that isn't shut down is up; a subinterface shares the fate of its parent."""
    if SHUTDOWN in config.interfaces[name].statements:
        return {"interfaceStatus": "disabled", "lineProtocolStatus": "down"}
    parent = config.interfaces.get(split_interface(name).parent)
    if parent is not None and SHUTDOWN in parent.statements:
        return {"interfaceStatus": "notconnect", "lineProtocolStatus": "lowerLayerDown"}
    return {"interfaceStatus": "connected", "lineProtocolStatus": "up"}


def is_switchport(name: str, section: Section) -> bool:
    """Whether a port forwards by VLAN."""
    return split_interface(name).kind in SWITCHED and "." not in name and SWITCHPORT not in section.statements


def effective_mtu(name: str, section: Section) -> int:
    """The MTU in force: on a switchport the configured one waits until the port routes."""
    if is_switchport(name, section):
        return L2_MTU
    default = _MTU.get(split_interface(name).kind, L3_MTU)
    return int(section.statements.get(MTU, f"mtu {default}").rpartition(" ")[2])


def ip_interfaces(config: Config) -> Answer:
    """`show ip interface`."""
    found = {}
    for name in config.sorted_interfaces():
        section = config.interfaces[name]
        if PRIMARY in section.statements:
            found[name] = {
                "name": name,
                **_status(config, name),
                "mtu": effective_mtu(name, section),
                "vrf": vrf_of(section),
                "interfaceAddress": _ipv4(section),
            }
    return {"interfaces": found}


def _ipv4(section: Section) -> Answer:
    secondaries = [_host(section.statements[slot]) for slot in section.slots_of(SECONDARY_RANK)]
    return {
        "primaryIp": _host(section.statements[PRIMARY]),
        "secondaryIps": {each["address"]: each for each in secondaries},
        "secondaryIpsOrderedList": secondaries,
        "virtualIp": {"address": "0.0.0.0", "maskLen": 0},  # noqa: S104 - says "none", binds nothing
        "broadcastAddress": "255.255.255.255",
        "dhcp": False,
    }


def _host(line: str) -> Answer:
    address = address_of(line)
    return {"address": address.ip, "maskLen": address.length}


def ipv6_interfaces(config: Config, identity: Identity) -> Answer | None:
    """`show ipv6 interface`; None where EOS answers an error instead of an empty list."""
    found = {}
    for number, name in enumerate(config.sorted_interfaces(), 1):
        section = config.interfaces[name]
        addresses = [_host6(section.statements[slot]) for slot in section.slots_of(IPV6_RANK)]
        if addresses:
            found[name] = {
                "name": name,
                **_status(config, name),
                "mtu": effective_mtu(name, section),
                "vrf": vrf_of(section),
                "linkLocal": {"address": _link_local(identity.base_mac + number), "subnet": "fe80::/64"},
                "addresses": addresses,
            }
    return {"interfaces": found} if found else None


def _host6(line: str) -> Answer:
    address = address_of(line)
    return {"address": address.ip, "subnet": f"{ipaddress.IPv6Address(address.first)}/{address.length}"}


def _link_local(mac: int) -> str:
    high, low = (mac >> 24) ^ 0x020000, mac & 0xFFFFFF
    return str(ipaddress.IPv6Address((0xFE80 << 112) | (high << 40) | (0xFFFE << 24) | low))


def vlans(config: Config) -> Answer:
    """`show vlan`; as on EOS `Cpu` is a member wherever an SVI is."""
    ids = sorted({1, *config.vlans})
    members = _members(config, ids)
    return {
        "sourceDetail": "",
        "vlans": {
            str(vlan): {
                "name": _vlan_name(config, vlan),
                "status": _vlan_status(config.vlans.get(vlan)),
                "dynamic": False,
                "interfaces": {name: {"privatePromoted": False} for name in members[vlan]},
            }
            for vlan in ids
        },
    }


def _vlan_name(config: Config, vlan: int) -> str:
    section = config.vlans.get(vlan)
    named = section.statements.get(NAME) if section else None
    return named.partition(" ")[2] if named else default_vlan_name(vlan)


def _vlan_status(section: Section | None) -> str:
    suspended = section is not None and any(block.line == "state suspend" for block in section.extra)
    return "suspended" if suspended else "active"


def _members(config: Config, ids: list[int]) -> dict[int, list[str]]:
    """Which ports carry each VLAN: those that are up, and Port-Channels instead of their members."""
    members: dict[int, list[str]] = {vlan: [] for vlan in ids}
    for name in config.sorted_interfaces():
        for vlan in _carried(name, config.interfaces[name], ids):
            if vlan in members:
                members[vlan].append(name)
    for vlan in ids:
        svi = config.interfaces.get(f"Vlan{vlan}")
        if svi is not None and SHUTDOWN not in svi.statements:
            members[vlan].append("Cpu")
    return members


def _carried(name: str, section: Section, ids: list[int]) -> Iterable[int]:
    statements = section.statements
    if not is_switchport(name, section) or SHUTDOWN in statements or CHANNEL_GROUP in statements:
        return ()
    if statements.get(MODE, "").startswith("switchport mode trunk"):
        allowed = allowed_vlans(section)
        return [vlan for vlan in ids if vlan in allowed]
    return (int(statements.get(ACCESS_VLAN, "1").rpartition(" ")[2]),)
