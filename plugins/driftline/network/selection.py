"""Choosing devices by pattern, as Ansible's `--limit` does."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .models import Device


def select(devices: Iterable[Device], pattern: str) -> set[str]:
    """Return the names of the devices that a pattern chooses.

    A pattern is a list, separated by commas or colons, of names, of sites, or of roles, each with the
    wildcards `*` and `?`; `!part` takes devices out, and `&part` keeps only those that also match. An empty
    pattern chooses nothing: in a script it is a variable that was not set, hardly a wish to change everything.
    """
    pool = list(devices)
    parts = [part.strip() for part in re.split(r"[,:]", pattern) if part.strip(" !&")]
    if not parts:
        return set()
    plain = [part for part in parts if part[0] not in "!&"]
    chosen = {device.name for device in pool if not plain or any(_matches(device, part) for part in plain)}
    for part in parts:
        if part[0] == "&":
            chosen &= {device.name for device in pool if _matches(device, part[1:])}
        elif part[0] == "!":
            chosen -= {device.name for device in pool if _matches(device, part[1:])}
    return chosen


def _matches(device: Device, pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in (device.name, device.site, device.role) if name)
