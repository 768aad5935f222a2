"""What a platform has to declare."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .secure import ssh_options

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
    candidate_config: bool
    """The driver can read what the whole configuration would be with the candidate."""
    replace: bool
    commit_confirmed: int
    """The granularity of the confirm timer in seconds; 0: there is none."""
    config_lock: bool
    atomic: bool = True
    """A candidate takes effect whole or not at all; False: a line that is refused half-way leaves the others."""

    startup: bool = True
    """There is a startup configuration beside the running one; False: what is committed is saved."""

    @property
    def guarantee(self) -> str:
        """What a change is protected by where there is no confirm timer."""
        whole = "" if self.atomic else "; not atomic: what is refused half-way is undone"
        return f"no commit-confirmed: inverse computed before the write{whole}"


def _whole_line(line: str) -> list[str]:
    return [line]


def _as_they_are(lines: list[str]) -> list[str]:
    return lines


def _not_told(message: str) -> None:  # noqa: ARG001 - others look at it
    return None


def _no_name(driver: Any) -> str:  # noqa: ARG001 - as above
    return ""


def _is_pending(driver: Any) -> bool:
    return bool(driver.has_pending_commit())


def _discard(driver: Any) -> None:
    driver.discard_config()


def _none_listed(driver: Any) -> list[str]:  # noqa: ARG001 - it can't be asked
    return []


def _nothing_to_take_up(driver: Any, name: str) -> None:
    """Do nothing: candidates have no names."""


@dataclass(frozen=True, slots=True)
class Platform:
    """One network operating system, as data and three small functions."""

    name: str
    """What hosts of the platform say in the inventory: NAPALM's name of the driver, unless `driver` is another one."""
    capabilities: Capabilities
    read: Callable[[str, str], DeviceState]
    """(device, running configuration) → what it says, with the platform's defaults filled in."""
    section: Template
    """Renders the declarative section of one `interface` (with its `addresses`) or one `vlan`."""
    defaults: Callable[[InterfaceKind], Mapping[str, Any]]
    """The effective values of the attributes of a kind of interface when nothing is configured."""
    default_vlan_name: Callable[[int], str]
    """The name of a VLAN when none is configured."""
    unsupported: Mapping[str, Mapping[InterfaceKind, str]]
    """Attribute → the kinds of interface that can't have it, and why."""
    remediation: type[HConfigDriverBase]
    """How the difference of two sections becomes lines."""
    reset_interface: str | None
    """The lines that put a physical port back to the factory default; `{name}` is the port.

    Empty: nothing does; None: it is back when all its lines are gone.
    """
    vrf_change_drops: tuple[str, ...]
    """How the lines begin that the device drops by itself when an interface's VRF changes."""
    vrf_change_refused: bool = False
    """The device refuses another VRF for an interface that has addresses, also where they go with it."""
    modes_exclude: bool = False
    """A switched port can't have addresses."""
    mode_loses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Mode → the attributes that a port forgets when it comes into it."""
    mode_change_forgets: tuple[str, ...] = ()
    """The attributes that are sent again when a port changes between switched and routed: their defaults differ."""
    order_free: bool = False
    """Only what comes of all lines together counts, not their order."""
    commands: Callable[[list[str]], list[str]] = _as_they_are
    """Lines, indented by two blanks below their section's → what is sent, where that is not these."""
    config_options: Mapping[str, str] = field(default_factory=dict)
    """What the driver is asked for configurations with, beside which of them."""
    ours: re.Pattern[str] = re.compile(r"interface |vlan \d")
    """How the first lines of the sections look that driftline models."""
    silent_port: re.Pattern[str] = re.compile(r"(?!)")
    """What the names of ports look like that are not shown while nothing is configured on them."""
    split: Callable[[str], list[str]] = _whole_line
    """A line → the lines to send instead, where it is longer than the device takes."""
    noise: str = r"\0"
    """What lines look like that a startup configuration has and a running one does not."""
    refused_line: Callable[[str], tuple[int, str] | None] = _not_told
    """The driver's message about a refused candidate → the index of the line in it, and its text."""
    candidate_name: Callable[[Any], str] = _no_name
    """The driver → what its candidate is called on the device; empty: there is none, or it has no name."""
    is_pending: Callable[[Any], bool] = _is_pending
    """The driver → whether any commit on the device waits to be confirmed; asked as cheaply as can be."""
    discard: Callable[[Any], None] = _discard
    """Lets a driver discard its candidate, and take back at once what waits to be confirmed."""
    take_up: Callable[[Any, str], None] = _nothing_to_take_up
    """Lets a driver go on with the candidate of this name, which another process has left behind; empty: with none."""
    candidates: Callable[[Any], list[str]] = _none_listed
    """The driver → the names of all candidates on the device, whoever staged them; empty: none, or it can't say."""
    driver: str = ""
    """NAPALM's name of the driver, where it is not the platform's: one that verifies whom it talks to."""
    secure_options: Callable[[str, Mapping[str, Any], Any], dict[str, Any]] = ssh_options
    """(host, `optional_args`, TLS context) → `optional_args` that verify whom we talk to."""

    def defaults_on(self, state: DeviceState, kind: InterfaceKind) -> dict[str, Any]:
        """Return the effective values of a kind of interface on one device when nothing is configured."""
        return {**self.defaults(kind), **state.defaults.get(kind, {})}
