"""What a platform has to declare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hier_config.platforms.driver_base import HConfigDriverBase
    from jinja2 import Template

    from driftline.devices.state import DeviceState
    from driftline.network import InterfaceKind


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the operating system can do to make a change safe."""

    candidate: bool
    """A change can be staged and shown before it has any effect."""
    replace: bool
    commit_confirmed: int
    """The granularity of the confirm timer in seconds; 0: there is none."""
    config_lock: bool


@dataclass(frozen=True, slots=True)
class Platform:
    """One network operating system, as data and three small functions."""

    name: str
    """NAPALM's name of the driver."""
    capabilities: Capabilities
    read: Callable[[str, str], DeviceState]
    """(device, running configuration) → what it says, with the platform's defaults filled in."""
    section: Template
    """Renders the declarative section of one `interface` (with its `addresses`) or one `vlan`."""
    defaults: Callable[[InterfaceKind], Mapping[str, Any]]
    """The effective values of the attributes of a kind of interface when nothing is configured."""
    default_vlan_name: Callable[[int], str]
    """The name of a VLAN when none is configured."""
    unsupported: Mapping[str, frozenset[InterfaceKind]]
    """Attribute → the kinds of interface that can't have it."""
    remediation: type[HConfigDriverBase]
    """How the difference of two sections becomes lines."""
    reset_interface: str
    """The line that puts a physical port back to the factory default; `{name}` is the port."""
    vrf_change_drops: tuple[str, ...]
    """How the lines begin that the device drops by itself when an interface's VRF changes."""
    refused_line: Callable[[str], tuple[int, str] | None]
    """The driver's message about a refused candidate → the index of the line in it, and its text."""
    candidate_name: Callable[[Any], str]
    """The driver → what its candidate is called on the device; empty: there is none, or it has no name."""
    take_up: Callable[[Any, str], None]
    """Lets a driver go on with the candidate of this name, which another process has left behind."""
    secure_options: Callable[[str, Mapping[str, Any], Any], dict[str, Any]]
    """(host, `optional_args`, TLS context) → `optional_args` that verify whom we talk to."""
