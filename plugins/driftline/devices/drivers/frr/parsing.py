"""What FRR's show commands say, in NAPALM's words."""

from __future__ import annotations

import json
import re
from typing import Any

_VERSION = re.compile(r"^FRRouting (?P<version>\S+) \((?P<host>[^)]*)\)", re.MULTILINE)
_HEADER = ("Building configuration...", "Current configuration:")
_UNKNOWN = -1.0


def facts(version: str, interfaces: dict[str, Any]) -> dict[str, Any]:
    """Return the facts; raises ValueError when this is not FRR."""
    match = _VERSION.search(version)
    if match is None:
        raise ValueError("`show version` does not say that this is FRRouting")
    return {
        "uptime": _UNKNOWN,
        "vendor": "FRRouting",
        "model": "FRRouting",
        "hostname": match["host"],
        "fqdn": match["host"],
        "os_version": match["version"],
        "serial_number": "",
        "interface_list": sorted(interfaces),
    }


def interface_objects(text: str) -> dict[str, Any]:
    """Return the answer of a `show interface ... json`; raises ValueError when it is none."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("`show interface json` does not answer with an object")
    return found


def interfaces(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the interfaces; what FRR leaves out is not known, or not so."""
    return {
        name: {
            # The operational state is not there when the interface is shut down.
            "is_up": one.get("operationalStatus") == "up",
            "is_enabled": one.get("administrativeStatus") == "up",
            "description": str(one.get("description", "")),
            "last_flapped": _UNKNOWN,
            "mtu": int(one.get("mtu", 0)),
            "speed": float(one.get("speed", _UNKNOWN)),
            "mac_address": str(one.get("hardwareAddress", "")).upper(),
        }
        for name, one in found.items()
    }


def addresses(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the addresses that the interfaces have, whoever gave them to them."""
    answer: dict[str, dict[str, Any]] = {}
    for name, one in found.items():
        for entry in one.get("ipAddresses", ()):
            address, __, length = str(entry["address"]).partition("/")
            family = "ipv6" if ":" in address else "ipv4"
            answer.setdefault(name, {}).setdefault(family, {})[address] = {"prefix_length": int(length)}
    return answer


def configuration(answer: str) -> str:
    """Return a configuration from its first line to its last, as it would be saved.

    Raises:
        ValueError: it is cut short.
    """
    lines = answer.rstrip().splitlines()
    if not lines or lines[-1] != "end":
        raise ValueError("the running configuration is cut short: its last line is not `end`")
    start = max((number for number, line in enumerate(lines) if line in _HEADER), default=-1) + 1
    body = lines[start:-1]
    while body and body[0].strip() in ("", "!"):
        body.pop(0)
    return "\n".join(body) + "\n"
