"""The shared vocabulary of networks: models, names, and the order of change."""

from .intended import Endpoint, IntendedState
from .models import (
    DEFAULT_VRF,
    Device,
    Interface,
    IPAddress,
    Ownership,
    Policy,
    Site,
    Vlan,
    canonical_address,
)
from .names import (
    MAX_VLAN,
    MIN_VLAN,
    RESERVED_VLANS,
    InterfaceKind,
    canonical_name,
    expand_vlans,
    interface_kind,
    name_key,
    name_order,
    vlan_ranges,
)
from .order import change_order
from .selection import select

__all__ = [
    "DEFAULT_VRF",
    "MAX_VLAN",
    "MIN_VLAN",
    "RESERVED_VLANS",
    "Device",
    "Endpoint",
    "IPAddress",
    "IntendedState",
    "Interface",
    "InterfaceKind",
    "Ownership",
    "Policy",
    "Site",
    "Vlan",
    "canonical_address",
    "canonical_name",
    "change_order",
    "expand_vlans",
    "interface_kind",
    "name_key",
    "name_order",
    "select",
    "vlan_ranges",
]
