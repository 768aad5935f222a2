"""Platforms: one declarative description per network operating system."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import entry_points

from driftline.engine.exceptions import UnusableAnswer

from .base import Capabilities, Platform
from .eos import EOS
from .frr import FRR
from .ios import IOS
from .iosxr import IOSXR
from .junos import JUNOS
from .nxos import NXOS

PLATFORMS: dict[str, Platform] = {platform.name: platform for platform in (EOS, FRR, IOS, IOSXR, JUNOS, NXOS)}
"""The platforms that come with driftline."""
GROUP = "driftline.platforms"
"""The entry points under which other packages bring platforms; each names a `Platform`."""


def platform_named(name: str | None, device: str) -> Platform:
    """Return a platform by its NAPALM driver's name; raises UnusableAnswer for one that is not supported."""
    platform = PLATFORMS.get(name or "") or _of_others(name or "")
    if platform is None:
        raise UnusableAnswer(
            f"{device}: platform {name!r} is not supported",
            code="DEVICE-PLATFORM",
            hint=f"set the host's platform to one of: {', '.join(platform_names())}",
        )
    return platform


def platform_names() -> list[str]:
    """Return the names of all platforms, also those that other packages bring."""
    return sorted({*PLATFORMS, *(point.name for point in entry_points(group=GROUP))})


@lru_cache
def _of_others(name: str) -> Platform | None:
    """Return a platform that another package brings; raises UnusableAnswer when it is broken."""
    point = next(iter(entry_points(group=GROUP, name=name)), None)
    if point is None:
        return None
    try:
        found = point.load()
    except Exception as error:
        raise _broken(name, f"it can't be imported: {error}") from error
    if not isinstance(found, Platform):
        raise _broken(name, f"{point.value} is no Platform")
    return found


def _broken(name: str, why: str) -> UnusableAnswer:
    return UnusableAnswer(
        f"platform {name!r} of another package: {why}",
        code="DEVICE-PLATFORM",
        hint="mend or remove the package",
    )


__all__ = ["GROUP", "PLATFORMS", "Capabilities", "Platform", "platform_named", "platform_names"]
