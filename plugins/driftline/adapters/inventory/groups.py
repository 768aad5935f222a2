"""What the groups of an inventory are called that is made of devices."""

from __future__ import annotations

import re
from typing import Final

_NOT_IN_GROUPS: Final = re.compile(r"[^A-Za-z0-9_]")


def group_name(kind: str, value: str) -> str:
    """Return the group of the devices that have a site, a role or a platform in common: `site_ams`."""
    return _NOT_IN_GROUPS.sub("_", f"{kind}_{value}")
