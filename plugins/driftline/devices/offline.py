"""Configurations without devices: what a text says, and the lines that an intent would be."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING

from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory

from driftline.engine.exceptions import UnusableAnswer
from driftline.engine.plan import make_plan
from driftline.network import Device, Interface, InterfaceKind, change_order

from .adapter import DeviceAdapter, Expected
from .fleet import Connection, Credentials, Fleet
from .platforms import PLATFORMS, platform_named
from .reading import Reading, parse, put_silent_ports

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftline.engine import Adapter
    from driftline.network import IntendedState

    from .platforms import Platform
    from .state import DeviceState

_LINUX = re.compile(r"\A(Eth|Lo)(?:ernet(?=\d+\Z)|opback\Z)")


def parsed(text: str, device: str, platform: str, site: str) -> Adapter:
    """Return a dataset with one device from the text of its running configuration.

    Raises:
        UnusableAnswer: the platform is not supported, or this is no configuration of that platform.
    """
    state = parse(text, device, platform_named(platform, device))
    if platform in PLATFORMS:
        _expect_best(text, state, platform)
    return _Unread(state, platform, site)


def rendered(intended: IntendedState, platform: str) -> list[str]:
    """Return the lines that make what is intended for a device, on one with nothing configured.

    The physical ports that are listed exist there, and so do the VRFs that are named.

    Raises:
        PlanError: the platform can't do it all; it names every such object.
        UnusableAnswer: the platform is not supported.
    """
    (device,) = intended.get_all(Device)
    blank = _Unread(_blank(intended, device, platform_named(platform, device.name)), platform, device.site)
    blank.fit(intended)
    blank.expect_possible()
    made = make_plan(blank.diff_from(intended), intended, blank, order=change_order)
    lines = blank.preview(made.units)
    blank.expect_possible()
    return lines.get(device.name, [])


class _Unread(DeviceAdapter):
    """A device of which all that is known is a state; nobody contacts it."""

    def __init__(self, state: DeviceState, platform: str, site: str) -> None:
        super().__init__(_fleet_of(state.device, platform), [Expected(state.device, site)])
        self._add(Reading(state.device, {"hostname": state.hostname, "os_version": ""}, {}, state))

    def expect_possible(self) -> None:
        """Raise what keeps the device from being as intended."""
        for failure in self.failures.values():
            raise failure


def _fleet_of(device: str, platform: str) -> Fleet:
    """Return a fleet of one device, which can't be reached: no certificate is trusted."""
    inventory = Inventory(Hosts({device: Host(device, platform=platform)}), Groups(), Defaults())
    return Fleet(Nornir(inventory), Connection(), Credentials(), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def _expect_best(text: str, state: DeviceState, platform: str) -> None:
    """Raise UnusableAnswer when another platform understands more of a text: that is the one it is of."""
    found = {name: _found_in(text, state.device, other) for name, other in PLATFORMS.items()}
    best = max(found, key=found.__getitem__)
    if found[best] > found[platform]:
        raise UnusableAnswer(
            f"{state.device}: this is no configuration of {platform}: {best} understands more of it",
            code="CONFIG-PLATFORM",
            hint=f"say that the platform is {best}, or give another text",
        )


def _found_in(text: str, device: str, platform: Platform) -> int:
    """Return how many addresses, and interfaces of a kind that it knows, a platform finds in a text."""
    try:
        state = platform.read(device, text)
    except ValueError:
        return 0
    known = sum(interface.kind is not InterfaceKind.OTHER for interface in state.of("interface"))
    return known + sum(1 for __ in state.of("ip_address"))


def _blank(intended: IntendedState, device: Device, platform: Platform) -> DeviceState:
    """Return a device with nothing configured that has the ports which are intended."""
    interfaces = intended.get_by_uids(device.interfaces, Interface)
    ports = [interface.name.partition(".")[0] for interface in interfaces]
    try:
        state = platform.read(device.name, _text(ports))
    except ValueError:  # it is not written in sections, and does not show ports without configuration
        state = platform.read(device.name, "")
    put_silent_ports(state, platform, ports)
    for key, obj in [*state.objects.items()]:
        if isinstance(obj, Interface) and obj.kind.logical and not obj.protected:
            state.drop(key)
    state.vrfs |= {interface.vrf for interface in interfaces if interface.vrf}
    return state


def _text(ports: Iterable[str]) -> str:
    """Return a configuration with nothing but ports, and a device's VLANs where it has them in it.

    Linux calls its ports by what is short for others elsewhere; the last name that a platform takes is its own.
    """
    names = (name for port in ports for name in (port, _LINUX.sub(lambda match: match[1].lower(), port)))
    return "".join(["vtp mode transparent\n", *(f"interface {name}\n" for name in names), "end\n"])
