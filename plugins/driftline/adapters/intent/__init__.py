"""Intended state in files: one YAML file for each site, device and profile."""

from .adapter import IntentAdapter

__all__ = ["IntentAdapter"]
