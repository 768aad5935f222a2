"""The shell's door."""

from .main import main

__all__ = ["main"]
