"""Platforms: one declarative description per network operating system."""

from __future__ import annotations

from driftline.engine.exceptions import UnusableAnswer

from .base import Capabilities, Platform
from .eos import EOS

PLATFORMS: dict[str, Platform] = {platform.name: platform for platform in (EOS,)}


def platform_named(name: str | None, device: str) -> Platform:
    """Return a platform by its NAPALM driver's name; raises UnusableAnswer for one that is not supported."""
    try:
        return PLATFORMS[name or ""]
    except KeyError:
        raise UnusableAnswer(
            f"{device}: platform {name!r} is not supported",
            code="DEVICE-PLATFORM",
            hint=f"set the host's platform to one of: {', '.join(sorted(PLATFORMS))}",
        ) from None


__all__ = ["PLATFORMS", "Capabilities", "Platform", "platform_named"]
