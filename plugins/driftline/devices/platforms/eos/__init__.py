"""Arista EOS, through NAPALM's `eos` driver over eAPI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from driftline.devices.platforms.base import Capabilities, Platform
from driftline.devices.platforms.dialect import default_vlan_name
from driftline.devices.platforms.limits import SWITCH_LIMITS
from driftline.devices.platforms.rules import COMMON_WORDS, SWITCHPORT_WORDS, section_rules
from driftline.devices.platforms.secure import check_plain_http, ssh_options, unsafe
from driftline.devices.platforms.templates import section_template

from .reader import EOS_DIALECT, defaults

if TYPE_CHECKING:
    from collections.abc import Mapping

# Not `ip address virtual ...` and its like, which are none of ours.
_PRIMARY = r"^(ip address) \S+/\d+$"
_REFUSED = re.compile(r"CLI command (?P<number>\d+) of \d+ '(?P<line>.*?)' failed")
_SESSIONS = "show configuration sessions detail"
_AHEAD = 3  # the driver sends `enable` and `configure session ...` ahead of the first line, and counts from 1


def secure_options(host: str, options: Mapping[str, Any], tls: Any) -> dict[str, Any]:
    """Return driver options that verify the device: a checked certificate or host key, or no network at all.

    pyeapi does not verify certificates unless it is given a context; Netmiko takes any host key.
    """
    transport = options.get("transport", options.get("eos_transport", "https"))
    checked = {**options, "transport": transport}
    if transport in ("https", "https_session"):
        return {**checked, "context": tls}
    if transport == "ssh":
        return ssh_options(host, checked, tls)
    if transport in ("http", "http_session"):
        check_plain_http(host)
    elif transport not in ("http_local", "socket"):
        raise unsafe(host, transport, "https")
    return checked


def refused_line(message: str) -> tuple[int, str] | None:
    """Return which line of a candidate EOS refused, as eAPI's error says it."""
    match = _REFUSED.search(message)
    return (int(match["number"]) - _AHEAD, match["line"]) if match else None


def candidate_name(driver: Any) -> str:
    """Return the name of the driver's configuration session; empty: it has none."""
    return driver.config_session or ""


def is_pending(driver: Any) -> bool:
    """Return whether a commit waits to be confirmed: one request, where the driver's own way takes two."""
    answer = driver.cli([_SESSIONS], encoding="json")[_SESSIONS]
    states = (session["state"] for session in answer["sessions"].values())
    return "commitTimerSessionName" in answer or any("pendingCommitTimer" in state for state in states)


def candidates(driver: Any) -> list[str]:
    """Return the names of the configuration sessions that are open: one is enough to lock the device."""
    answer = driver.cli([_SESSIONS], encoding="json")[_SESSIONS]
    return [name for name, session in answer["sessions"].items() if session["state"] == "pending"]


def take_up(driver: Any, name: str) -> None:
    """Let the driver go on with a configuration session that is not of its own making; empty: with none."""
    driver.config_session = name or None


EOS = Platform(
    name="eos",
    capabilities=Capabilities(
        candidate=True, candidate_config=True, replace=True, commit_confirmed=1, config_lock=True
    ),
    read=EOS_DIALECT.read,
    section=section_template(__name__),
    defaults=defaults,
    default_vlan_name=default_vlan_name,
    unsupported=SWITCH_LIMITS,
    remediation=section_rules(
        (*COMMON_WORDS, *SWITCHPORT_WORDS, "encapsulation dot1q vlan", "vrf"),
        primary=_PRIMARY,
        # EOS refuses to drop the primary address while there are secondary ones.
        negated={_PRIMARY: "no ip address"},
        order={r"^no ip address \S": -10},
    ),
    reset_interface="default interface {name}",
    vrf_change_drops=("ip address ", "ipv6 address "),
    refused_line=refused_line,
    candidate_name=candidate_name,
    is_pending=is_pending,
    take_up=take_up,
    candidates=candidates,
    secure_options=secure_options,
)
