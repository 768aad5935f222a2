"""driftline keeps a network true to its intent."""

__version__ = "0.1.0"

__all__ = ["__version__"]
