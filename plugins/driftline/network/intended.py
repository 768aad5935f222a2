"""The dataset of what is intended on a network, wherever that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from driftline.engine import Adapter

from .models import Device, Interface, IPAddress, Site, Vlan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a device is reached."""

    hostname: str | None = None
    """A name or an address."""
    port: int | None = None


class IntendedState(Adapter):
    """What is intended: sites, their devices, and what each device is to have.

    Adapters for sources of truth derive from it and fill it in `load()`, which raises LoadError with every problem
    and then leaves nothing half-loaded. Attributes on which the source has no opinion are not managed.
    """

    site = Site
    device = Device
    interface = Interface
    ip_address = IPAddress
    vlan = Vlan
    top_level: ClassVar[tuple[str, ...]] = ("site",)  # type: ignore[misc]

    on_rows: Callable[[str, int], object] | None = None
    """Called while it is loaded with what is read (`interfaces`) and how many more of it there are by now."""
    touched: datetime | None = None
    """When the source was changed or fetched last; None: it does not tell."""
    notes: tuple[str, ...] = ()
    """What was left out of it, and why, for people."""
    endpoints: Mapping[str, Endpoint] = {}
    """Where the devices are reached, as far as the source tells."""
    facts: Mapping[str, object] = {}
    """What loading cost, where it is told: requests, seconds."""
