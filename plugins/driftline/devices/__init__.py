"""Live gear: reading it, changing it, and what each platform is like."""

from .adapter import DeviceAdapter, Expected
from .fleet import Connection, Credentials, Fleet

__all__ = ["Connection", "Credentials", "DeviceAdapter", "Expected", "Fleet"]
