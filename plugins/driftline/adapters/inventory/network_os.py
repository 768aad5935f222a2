"""Platforms by the names that Ansible (`ansible_network_os`) and NAPALM give them."""

from __future__ import annotations

from typing import Final

from netutils.lib_mapper import (
    ANSIBLE_LIB_MAPPER,
    ANSIBLE_LIB_MAPPER_REVERSE,
    NAPALM_LIB_MAPPER,
    NAPALM_LIB_MAPPER_REVERSE,
)

_PLATFORMS: Final[dict[str, str]] = {
    **{
        network_os: NAPALM_LIB_MAPPER_REVERSE[normalised]
        for network_os, normalised in ANSIBLE_LIB_MAPPER.items()
        if normalised in NAPALM_LIB_MAPPER_REVERSE
    },
    "frr.frr.frr": "frr",
}
_NETWORK_OS: Final[dict[str, str]] = {
    **{
        platform: ANSIBLE_LIB_MAPPER_REVERSE[normalised]
        for platform, normalised in NAPALM_LIB_MAPPER.items()
        if normalised in ANSIBLE_LIB_MAPPER_REVERSE
    },
    "frr": "frr.frr.frr",
}


def platform_of(network_os: str) -> str:
    """Return NAPALM's name; one that Ansible's collections do not have (`eos`, one's own) is taken as it is."""
    return _PLATFORMS.get(network_os, network_os)


def network_os_of(platform: str) -> str:
    """Return Ansible's name; that of a platform without a collection is the platform's own."""
    return _NETWORK_OS.get(platform, platform)
