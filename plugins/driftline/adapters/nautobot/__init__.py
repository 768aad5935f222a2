"""Nautobot: its lists, fields and paths; what it has in common with others is in `adapters.ipam`."""

from driftline.adapters.ipam import dialects
from driftline.adapters.ipam.reading import TableReader
from driftline.adapters.ipam.system import System

from .reading import NautobotSource
from .writing import WRITER

NAUTOBOT = System(
    name="nautobot",
    dialect=dialects.NAUTOBOT,
    reader=TableReader(NautobotSource()),
    writer=WRITER,
    hosts_need_prefixes=True,
)
"""Nautobot."""

__all__ = ["NAUTOBOT"]
