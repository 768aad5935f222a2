"""Names as both systems derive them."""

from __future__ import annotations

import re


def slug(name: str) -> str:
    """Return a name as both systems make a slug of it: `Access Switch` is `access-switch`."""
    return re.sub(r"[^a-z0-9_]+", "-", name.casefold()).strip("-")
