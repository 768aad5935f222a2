"""NAPALM's driver for FRRouting: its shell, `vtysh`, over SSH."""

from __future__ import annotations

from .driver import FRRDriver

__all__ = ["FRRDriver"]
