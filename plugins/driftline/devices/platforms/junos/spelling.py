"""How a Junos device writes what could be written otherwise, so that only what changes is sent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Spelling:
    """How a device writes what could be written otherwise, by the names of interfaces."""

    members: dict[str, list[tuple[str, frozenset[int]]]] = field(default_factory=lambda: defaultdict(list))
    """The words that a unit's VLANs are listed with, and the VLANs that each stands for."""
    silent: set[str] = field(default_factory=set)
    """The access ports that do not say that they are."""
    families: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The address families that are there without an address."""
    primary: set[tuple[str, str]] = field(default_factory=set)
    """The units and their addresses that say that they are primary."""
    lacp: dict[str, str] = field(default_factory=dict)
    """The mode of LACP of an aggregated interface."""
    options: dict[str, str] = field(default_factory=dict)
    """Where a member says its aggregated interface: `gigether-options`, or on some models `ether-options`."""
    routing: dict[int, str] = field(default_factory=dict)
    """The routing interface that a VLAN names."""
    units: set[str] = field(default_factory=set)
    """The units that were there."""
    vlans: dict[str, frozenset[int]] = field(default_factory=dict)
    """What is below `vlans`, by name."""
    listed: set[str] = field(default_factory=set)
    """Those of them that are more VLANs than one, or none: they are no objects."""
