"""Real NetBox and Nautobot servers for tests and developers, on the loopback addresses of this machine."""

from __future__ import annotations

from .peers import KINDS, Peers
from .processes import FailedError, UnavailableError
from .seeding import EMPTY, LARGE, SEEDS, SMALL, Seed, SeededNetwork, network
from .server import Server

__all__ = [
    "EMPTY",
    "KINDS",
    "LARGE",
    "SEEDS",
    "SMALL",
    "FailedError",
    "Peers",
    "Seed",
    "SeededNetwork",
    "Server",
    "UnavailableError",
    "network",
]
