"""Cisco IOS and IOS XE, through NAPALM's `ios` driver over SSH.

A confirm timer needs `archive` in the device's configuration; a merge is not atomic.
"""

from __future__ import annotations

from typing import Any

from driftline.devices.platforms.base import Capabilities, Platform
from driftline.devices.platforms.dialect import default_vlan_name
from driftline.devices.platforms.limits import SWITCH_LIMITS, SWITCHING_LOST
from driftline.devices.platforms.rules import (
    COMMON_WORDS,
    LAYER_ORDER,
    SWITCHPORT_WORDS,
    section_rules,
    split_trunk_list,
)
from driftline.devices.platforms.templates import section_template

from .reader import IOS_DIALECT, defaults


def discard(driver: Any) -> None:
    """Let the driver take back a commit that waits to be confirmed; discarding the candidate does not."""
    if driver.has_pending_commit():
        driver.rollback()
    driver.discard_config()


IOS = Platform(
    name="ios",
    capabilities=Capabilities(
        candidate=True,
        candidate_config=False,
        replace=True,
        commit_confirmed=60,
        config_lock=False,
        atomic=False,
    ),
    read=IOS_DIALECT.read,
    section=section_template(__name__),
    defaults=defaults,
    default_vlan_name=default_vlan_name,
    unsupported=SWITCH_LIMITS,
    remediation=section_rules(
        (*COMMON_WORDS, *SWITCHPORT_WORDS, "encapsulation dot1Q", "vrf forwarding", "ip vrf forwarding"),
        primary=r"^(ip address) \S+ \S+$",
        order=LAYER_ORDER,
    ),
    reset_interface="default interface {name}",
    vrf_change_drops=("ip address ", "ipv6 address ", "ipv6 enable"),
    discard=discard,
    modes_exclude=True,
    mode_loses=SWITCHING_LOST,
    split=split_trunk_list,
    noise=r"Using \d+ out of \d+ bytes.*",
)
