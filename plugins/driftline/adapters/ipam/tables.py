"""What an IPAM holds as it holds it: rows by the server's own ids, which refer to each other by these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .records import Values

    Rows = dict[str, Values]
    """The rows of one kind by their ids; everything in them can be written as JSON."""


@dataclass(slots=True)
class Tables:
    """All that was read, by kind.

    Names are not resolved in here: when a device is renamed, one row changes, and not those of its interfaces.
    """

    rows: dict[str, Rows] = field(default_factory=dict)
    seen: str = ""
    """Up to when changes are in here, by the server's change log; empty: that is not known."""
    applied: list[str] = field(default_factory=list)
    """The entries of the change log that are in here, as far back as others may still turn up."""
    notes: list[str] = field(default_factory=list)
    """What people should know about how it was read."""

    def of(self, kind: str) -> Rows:
        """Return the rows of a kind; empty when there are none."""
        return self.rows.get(kind, {})
