"""Connection options that verify whom we talk to; several drivers do not by themselves.

Netmiko takes any host key unless it is told not to; NAPALM's `nxos` does not verify certificates.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
import ssl
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paramiko import SSHConfig

READ_TIMEOUT = 60
"""Seconds that one command may take over SSH; a large running configuration takes longer than Netmiko waits."""

_FILES = ("ssh_config_file", "key_file", "alt_key_file")


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


def check_files(device: str, options: Mapping[str, Any]) -> None:
    """Raise SettingsError when a file for SSH is not there: Netmiko goes on without it, by another way."""
    for name in _FILES:
        file = options.get(name)
        if file and not Path(file).expanduser().exists():
            raise SettingsError(
                f"{device}: its {name} {file} is not there",
                code="DEVICE-SSH-FILE",
                hint=f"mend optional_args.{name} in the inventory; a relative path is relative to where you are",
            )


def patient(options: dict[str, Any], given: Mapping[str, Any], timeout: float) -> dict[str, Any]:
    """Return options that let a command over SSH take as long as any answer may, unless they say otherwise.

    Args:
        given: the options as the inventory has them.
    """
    if "read_timeout_override" in given or "read_timeout_override" not in options:
        return options
    return {**options, "read_timeout_override": max(options["read_timeout_override"], timeout)}


def trusting(options: dict[str, Any], ca_file: Path | None) -> dict[str, Any]:
    """Return options with the authorities by name that a driver is to trust which takes no TLS context.

    Without a file they are the system's; the driver's own would be a list that comes with a package.
    """
    if options.get("ssl_verify") is not True:
        return options
    system = ssl.get_default_verify_paths()
    return {**options, "ssl_verify": str(ca_file or system.cafile or system.capath or True)}


def jump_hosts(host: str, options: Mapping[str, Any]) -> frozenset[str]:
    """Return what a connection goes through, as its `ssh_config_file` has it; empty: it goes there by itself.

    A jump host is called as `ProxyJump` does; a `ProxyCommand` is known by its words but the device's own name.
    """
    file = options.get("ssh_config_file")
    if not file:
        return frozenset()
    said = _ssh_config(str(Path(file).expanduser())).lookup(host)
    if "proxycommand" in said:  # it comes first for Netmiko, too
        own = rf"\[?({re.escape(host)}|{re.escape(said['hostname'])})]?(:\d+)?"
        words = shlex.split(said["proxycommand"])
        return frozenset({" ".join(word for word in words if not re.fullmatch(own, word))})
    return frozenset(hop for hop in said.get("proxyjump", "").split(",") if hop)


@lru_cache
def _ssh_config(file: str) -> SSHConfig:
    """Return what an OpenSSH client's configuration says; raises SettingsError."""
    from paramiko import SSHConfig  # noqa: PLC0415 - it takes long, and few need it
    from paramiko.ssh_exception import ConfigParseError  # noqa: PLC0415

    try:
        return SSHConfig.from_path(file)
    except (OSError, UnicodeDecodeError, ConfigParseError) as error:
        raise SettingsError(
            f"the ssh_config_file {file} can't be read: {error}",
            code="DEVICE-SSH-FILE",
            hint="it is a configuration file of OpenSSH's client",
        ) from error


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
