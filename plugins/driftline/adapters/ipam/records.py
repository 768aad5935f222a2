"""What was read of an IPAM, as plain values: what models are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Values = dict[str, Any]
"""The fields of one object; everything in it can be written as JSON."""


@dataclass(slots=True)
class Records:
    """All that takes part, by the models' names, with fields named as in the models."""

    rows: dict[str, list[Values]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    """What was left out, and why, for people: a device without a name, an address that is no one's."""
