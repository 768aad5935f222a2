"""From intent to simulated devices: the configurations with which a lab is in line with an intent folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from driftline.adapters.intent import IntentAdapter
from driftline.devices.platforms import platform_named
from driftline.network import InterfaceKind, name_order

if TYPE_CHECKING:
    from pathlib import Path

    from driftline.devices.platforms import Platform

SPARE_PORTS = 2
"""Ports that every box has beyond those that its intent lists."""

_PREAMBLE = """\
transceiver qsfp default-mode 4x10G
service routing protocols model multi-agent
hostname {name}
spanning-tree mode mstp
"""
_POSTAMBLE = """\
interface Management1
   description out of band
ip routing
management api http-commands
   no shutdown
"""


def configurations(intent: Path) -> dict[str, str]:
    """Return, per device of an intent folder, a running configuration that is in line with it.

    Raises:
        LoadError: the intent is wrong, or a device's platform can't be simulated.
    """
    return simulation(intent).configs


class Simulation(NamedTuple):
    """What a lab for an intent is made of."""

    configs: dict[str, str]
    """The devices' configurations to boot with, which are in line with the intent."""
    sites: dict[str, str]
    """Where the devices are."""


def simulation(intent: Path) -> Simulation:
    """Return the devices of an intent folder as a lab can have them; raises LoadError as `configurations` does."""
    intended = IntentAdapter(intent)
    intended.load()
    devices: list[Any] = list(intended.get_all("device"))
    configs = {device.name: _configuration(intended, device) for device in devices}
    return Simulation(configs, {device.name: device.site for device in devices})


def _configuration(intended: IntentAdapter, device: Any) -> str:
    platform = platform_named(device.platform, device.name)
    interfaces: list[Any] = list(intended.get_by_uids(device.interfaces, "interface"))
    vlans = intended.get_by_uids(device.vlans, "vlan")
    vrfs = sorted({interface.vrf for interface in interfaces if interface.vrf})
    return "\n".join(
        [
            _PREAMBLE.format(name=device.name),
            *(platform.section.render(vlan=vlan) for vlan in vlans),
            *(f"vrf instance {vrf}" for vrf in vrfs),
            *(_interface(intended, platform, interface) for interface in interfaces),
            *(f"interface Ethernet{number}" for number in _spare(interfaces)),
            _POSTAMBLE,
        ]
    )


def _interface(intended: IntentAdapter, platform: Platform, interface: Any) -> str:
    defaults = platform.defaults(interface.kind)
    for name, value in defaults.items():
        if getattr(interface, name) is None:
            setattr(interface, name, value)
    addresses = intended.get_by_uids(interface.addresses, "ip_address")
    return platform.section.render(vlan=None, interface=interface, addresses=addresses, defaults=defaults)


def _spare(interfaces: list[Any]) -> range:
    ports = [name_order(i.name)[1] for i in interfaces if i.kind is InterfaceKind.PHYSICAL]
    last = max((numbers[0] for numbers in ports if numbers), default=0)
    return range(last + 1, last + 1 + SPARE_PORTS)
