"""What can be set about an IPAM: where it is, what of it takes part, what may be written."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scope(_Part):
    """What of the IPAM takes part; the server does the filtering. Empty: everything."""

    sites: tuple[str, ...] = ()
    """Names of sites (locations in Nautobot)."""
    roles: tuple[str, ...] = ()
    """Names of device roles."""
    tags: tuple[str, ...] = ()
    """Names of tags of devices; a device must have all of them."""
    statuses: tuple[str, ...] = ()
    """Slugs of statuses of devices: `active`, `staged`."""
    tenants: tuple[str, ...] = ()


class Writing(_Part):
    """How the IPAM is written."""

    batch_size: int = Field(default=100, ge=1, le=1000)
    """How many objects one request changes."""
    on_bad_row: Literal["isolate", "refuse"] = "isolate"
    """When one object of a request is refused: write the others, or none of them."""
    owner_tag: str = "driftline"
    """The tag of what driftline has made; only what has it is ever deleted. Empty: nothing is tagged by us."""
    owner_field: str = ""
    """A custom field that says who owns an object; with the value `driftline` it may be deleted, too."""
    delete: Literal["owned", "never", "any"] = "owned"
    """What may be deleted: only what is owned, nothing, or all that the source lacks."""
    namespace: str = "Global"
    """Nautobot: the namespace of prefixes and addresses."""
    location_type: str = "Site"
    """Nautobot: the type of the locations that are made for sites; other types' devices count to the location above."""
    status: str = "active"
    """The status of what is made, where the source tells none."""
    role: str = "network"
    """The role of devices whose role is not known."""
    manufacturer: str = "Unknown"
    """The manufacturer of devices whose platform tells none."""


class Intention(_Part):
    """What of the IPAM is intended on the devices."""

    manage: Literal["listed", "exclusive"] = "listed"
    """Whether logical interfaces, addresses and VLANs that the IPAM lacks are deleted from the devices."""
    reset_unlisted_ports: bool = False
    """With `exclusive`: whether unlisted physical ports are put back to the factory default."""
    vlans: Literal["used", "site", "none"] = "used"
    """Which VLANs a device must have: those that its interfaces use, all of its site, or none are managed."""
    empty: Literal["unmanaged", "empty"] = "unmanaged"
    """What an empty description or MTU in the IPAM means: no opinion, or that it must be empty on the device."""
    attributes: tuple[str, ...] = ()
    """The attributes of interfaces that are managed, in the words of the network models; empty: all that it has."""
    platforms: dict[str, str] = {}
    """Names of platforms in the IPAM → names of NAPALM drivers, where the IPAM does not tell."""


class IpamOptions(_Part):
    """An IPAM."""

    url: str
    """`https://netbox.example.org`; plain HTTP only to this machine itself."""
    token: SecretStr | None = None
    token_file: Path | None = None
    token_command: tuple[str, ...] = ()
    """A command that prints the token, such as that of a vault."""
    ca_file: Path | None = None
    """Certificates of the authorities that sign the server's; default: the system's."""
    timeout: float = Field(default=60, gt=0)
    """Seconds to wait for one answer."""
    retries: int = Field(default=5, ge=0, le=20)
    """How often a request that failed on the way is tried again, where that is safe."""
    requests_per_second: float = Field(default=0, ge=0)
    """The most requests in a second; 0: as many as the server answers."""
    connections: int = Field(default=2, ge=1, le=16)
    """How many requests are under way at once."""
    scope: Scope = Scope()
    write: Writing = Writing()
    intention: Intention = Intention()
    cache: bool = True
    """Whether what was read is kept, so that next time only what has changed is asked for."""
