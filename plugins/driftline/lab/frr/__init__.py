"""Routers that nobody here wrote: FRRouting behind OpenSSH, each in Linux namespaces of its own."""

from __future__ import annotations

from .host import why_not
from .lab import DEFAULT_FOLDER, DEFAULT_NETWORK, DEFAULT_PREFIX, RouterLab
from .record import Router

__all__ = ["DEFAULT_FOLDER", "DEFAULT_NETWORK", "DEFAULT_PREFIX", "Router", "RouterLab", "why_not"]
