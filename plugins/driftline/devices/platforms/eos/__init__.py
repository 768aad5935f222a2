"""Arista EOS, through NAPALM's `eos` driver over eAPI."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from hier_config.models import (
    IdempotentCommandsRule,
    MatchRule,
    NegationDefaultWithRule,
    OrderingRule,
)
from hier_config.platforms.driver_base import HConfigDriverBase, HConfigDriverRules
from jinja2 import Environment, PackageLoader, StrictUndefined

from driftline.devices.platforms.base import Capabilities, Platform
from driftline.engine.exceptions import SettingsError
from driftline.network import InterfaceKind

from .reader import default_vlan_name, defaults, read

if TYPE_CHECKING:
    from collections.abc import Mapping

_INTERFACE = MatchRule(startswith="interface ")

# A line of these kinds replaces the one that is there, and its negation takes no value.
_SCALARS = (
    "description",
    "mtu",
    "switchport access vlan",
    "switchport trunk native vlan",
    "switchport trunk allowed vlan",
    "switchport mode",
    "channel-group",
    "encapsulation dot1q vlan",
    "vrf",
)
# Not `ip address virtual ...` and its like, which are none of ours.
_PRIMARY = MatchRule(re_search=r"^(ip address) \S+/\d+$")
_REFUSED = re.compile(r"CLI command (?P<number>\d+) of \d+ '(?P<line>.*?)' failed")
_AHEAD = 3  # the driver sends `enable` and `configure session ...` ahead of the first line, and counts from 1


class EosRemediation(HConfigDriverBase):
    """How EOS turns a section into another; only for sections that our own template rendered."""

    @staticmethod
    def _instantiate_rules() -> HConfigDriverRules:
        scalars = [(_INTERFACE, MatchRule(startswith=f"{word} ")) for word in _SCALARS]
        name = (MatchRule(startswith="vlan "), MatchRule(startswith="name "))
        negations = [
            NegationDefaultWithRule(match_rules=rules, use=f"no {word}")
            for rules, word in zip(scalars, _SCALARS, strict=True)
        ]
        return HConfigDriverRules(
            idempotent_commands=[
                *(IdempotentCommandsRule(match_rules=rules) for rules in scalars),
                IdempotentCommandsRule(match_rules=name),
                # A new primary address replaces the old one; a secondary one never does.
                IdempotentCommandsRule(match_rules=(_INTERFACE, _PRIMARY)),
            ],
            negate_with=[
                *negations,
                NegationDefaultWithRule(match_rules=name, use="no name"),
                # EOS refuses to drop the primary address while there are secondary ones.
                NegationDefaultWithRule(match_rules=(_INTERFACE, _PRIMARY), use="no ip address"),
            ],
            ordering=[
                OrderingRule(match_rules=(_INTERFACE, MatchRule(startswith="no ip address ")), weight=-10),
                # What others refer to goes last.
                OrderingRule(match_rules=(MatchRule(startswith="no interface "),), weight=10),
                OrderingRule(match_rules=(MatchRule(startswith="no vlan "),), weight=20),
            ],
        )


def secure_options(host: str, options: Mapping[str, Any], tls: Any) -> dict[str, Any]:
    """Return driver options that verify the device: a checked certificate or host key, or no network at all.

    pyeapi does not verify certificates unless it is given a context; Netmiko takes any host key.
    """
    transport = options.get("transport", options.get("eos_transport", "https"))
    checked = {**options, "transport": transport}
    if transport in ("https", "https_session"):
        return {**checked, "context": tls}
    if transport == "ssh":
        return {**checked, "ssh_strict": True, "system_host_keys": True}
    if transport in ("http", "http_session") and not _is_loopback(host):
        raise SettingsError(
            f"{host}: plain HTTP to a device would send the password in the clear",
            code="DEVICE-PLAIN-HTTP",
            hint="use transport https; plain HTTP is for loopback only",
        )
    if transport not in ("http", "http_session", "http_local", "socket"):
        raise SettingsError(
            f"{host}: transport {transport!r} does not verify whom it talks to",
            code="DEVICE-TRANSPORT",
            hint="use transport https",
        )
    return checked


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refused_line(message: str) -> tuple[int, str] | None:
    """Return which line of a candidate EOS refused, as eAPI's error says it."""
    match = _REFUSED.search(message)
    return (int(match["number"]) - _AHEAD, match["line"]) if match else None


def candidate_name(driver: Any) -> str:
    """Return the name of the driver's configuration session; empty: it has none."""
    return driver.config_session or ""


def take_up(driver: Any, name: str) -> None:
    """Let the driver go on with a configuration session that is not of its own making."""
    driver.config_session = name


_ROUTED_ONLY = frozenset(
    {InterfaceKind.LOOPBACK, InterfaceKind.SVI, InterfaceKind.MANAGEMENT, InterfaceKind.SUBINTERFACE}
)
_NOT_PORTS = frozenset(
    {InterfaceKind.LOOPBACK, InterfaceKind.SVI, InterfaceKind.SUBINTERFACE, InterfaceKind.LAG}
)

EOS = Platform(
    name="eos",
    capabilities=Capabilities(candidate=True, replace=True, commit_confirmed=1, config_lock=True),
    read=read,
    section=Environment(
        loader=PackageLoader("driftline.devices.platforms.eos", "."),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - it renders configuration lines, not HTML
    ).get_template("section.j2"),
    defaults=defaults,
    default_vlan_name=default_vlan_name,
    unsupported={
        **dict.fromkeys(("mode", "access_vlan", "trunk_vlans", "native_vlan"), _ROUTED_ONLY),
        **dict.fromkeys(("lag", "lag_mode"), _NOT_PORTS | {InterfaceKind.MANAGEMENT}),
        "encapsulation_vlan": frozenset(InterfaceKind) - {InterfaceKind.SUBINTERFACE},
    },
    remediation=EosRemediation,
    reset_interface="default interface {name}",
    vrf_change_drops=("ip address ", "ipv6 address "),
    refused_line=refused_line,
    candidate_name=candidate_name,
    take_up=take_up,
    secure_options=secure_options,
)
