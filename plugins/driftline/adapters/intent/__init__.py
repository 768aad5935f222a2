"""Intended state in files: one YAML file for each site, device and profile."""

from .adapter import IntentAdapter
from .adopting import Adoption, adopt
from .choosing import Choice
from .discovering import Discovery, discover
from .draft import Change
from .writing import IntentWriteError

__all__ = [
    "Adoption",
    "Change",
    "Choice",
    "Discovery",
    "IntentAdapter",
    "IntentWriteError",
    "adopt",
    "discover",
]
