"""Connection options that verify whom we talk to; several drivers do not by themselves.

Netmiko takes any host key unless it is told not to; NAPALM's `nxos` does not verify certificates.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

READ_TIMEOUT = 60
"""Seconds that one command may take over SSH; a large running configuration takes longer than Netmiko waits."""


def ssh_options(host: str, options: Mapping[str, Any], tls: Any) -> dict[str, Any]:  # noqa: ARG001 - SSH has no TLS
    """Return options for a driver over Netmiko: the host key must be known, by the system or by `alt_key_file`.

    A `key_file` is used when it is given; an agent and a jump host (`ssh_config_file`) where they are asked for.
    """
    checked = {"read_timeout_override": READ_TIMEOUT, **options, "ssh_strict": True, "system_host_keys": True}
    if "alt_key_file" in options:
        checked["alt_host_keys"] = True
    if "key_file" in options:
        checked["use_keys"] = True
    if checked.get("transport", "ssh") != "ssh":
        raise unsafe(host, checked["transport"], "ssh")
    return checked


def check_plain_http(host: str) -> None:
    """Raise SettingsError unless plain HTTP to a host stays on this machine."""
    if not _is_loopback(host):
        raise SettingsError(
            f"{host}: plain HTTP to a device would send the password in the clear",
            code="DEVICE-PLAIN-HTTP",
            hint="use transport https; plain HTTP is for loopback only",
        )


def unsafe(host: str, transport: str, safe: str) -> SettingsError:
    """Return the error for a transport that does not verify whom it talks to."""
    return SettingsError(
        f"{host}: transport {transport!r} does not verify whom it talks to",
        code="DEVICE-TRANSPORT",
        hint=f"use transport {safe}",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def https_options(host: str, options: Mapping[str, Any], tls: Any) -> dict[str, Any]:
    """Return options for a driver over HTTPS that checks certificates with a file of authorities, or the system's.

    Files are copied over SSH, so the host key must be known as well.
    """
    transport = options.get("transport", options.get("nxos_protocol", "https"))
    checked = ssh_options(host, {**options, "transport": "ssh"}, tls)
    checked |= {"transport": transport, "ssl_verify": options.get("ssl_verify") or True}
    if transport == "http":
        check_plain_http(host)
    elif transport != "https":
        raise unsafe(host, transport, "https")
    return checked
