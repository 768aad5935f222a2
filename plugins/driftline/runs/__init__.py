"""What a run must obey."""

from .batches import Batches, cut, dependencies, pairs_from, parse_sizes
from .guards import (
    Counts,
    Facts,
    Guards,
    breaches,
    by_model,
    counts_of,
    enforce,
    enforce_amounts,
    enforce_records,
    expect_not_gone,
)
from .health import CommandCheck, GetterCheck, HealthCheck, HookCheck, asked, evaluate
from .protection import ObjectPattern, Protected
from .windows import Window, closed, is_open, next_closed, next_open

__all__ = [
    "Batches",
    "CommandCheck",
    "Counts",
    "Facts",
    "GetterCheck",
    "Guards",
    "HealthCheck",
    "HookCheck",
    "ObjectPattern",
    "Protected",
    "Window",
    "asked",
    "breaches",
    "by_model",
    "closed",
    "counts_of",
    "cut",
    "dependencies",
    "enforce",
    "enforce_amounts",
    "enforce_records",
    "evaluate",
    "expect_not_gone",
    "is_open",
    "next_closed",
    "next_open",
    "pairs_from",
    "parse_sizes",
]
