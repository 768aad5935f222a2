"""What a run must obey."""

from .guards import Guards, check

__all__ = ["Guards", "check"]
