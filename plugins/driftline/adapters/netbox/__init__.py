"""NetBox: its lists, fields and paths; what it has in common with others is in `adapters.ipam`."""

from driftline.adapters.ipam import dialects
from driftline.adapters.ipam.reading import TableReader
from driftline.adapters.ipam.system import System

from .reading import NetBoxSource
from .writing import WRITER

NETBOX = System(name="netbox", dialect=dialects.NETBOX, reader=TableReader(NetBoxSource()), writer=WRITER)
"""NetBox."""

__all__ = ["NETBOX"]
