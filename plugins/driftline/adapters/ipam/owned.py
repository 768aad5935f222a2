"""What of an IPAM may be deleted: what driftline has made, by its mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .models import Row
    from .options import Writing

OWNER = "driftline"
"""The value of the custom field for what is ours."""


def owned(row: Row, options: Writing) -> bool:
    """Return whether an object has driftline's mark."""
    by_tag = bool(options.owner_tag) and options.owner_tag in row.tags
    return by_tag or (bool(options.owner_field) and row.owner == OWNER)


def deletable(row: Row, options: Writing) -> bool:
    """Return whether an object may be deleted; terms never are, since others refer to them by their names."""
    if row.get_type() == "term" or options.delete == "never":
        return False
    return options.delete == "any" or owned(row, options)
