"""Where an IPAM is: its address checked, and the certificates that its server is held against."""

from __future__ import annotations

import ipaddress
import ssl
from typing import TYPE_CHECKING

import httpx

from driftline.engine.exceptions import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def base_url(text: str) -> httpx.URL:
    """Return the address of a server, ending in a slash; raises SettingsError when no token may be sent there."""
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        raise SettingsError("url is no address", hint="write it as https://netbox.example.org") from None
    if url.scheme not in ("https", "http") or not url.host:
        raise SettingsError("url must begin with https:// and name a host")
    if url.userinfo or url.query or url.fragment:
        # The address is shown in messages, so what may be a password in it is not repeated here.
        raise SettingsError(
            f"url of {url.host} holds more than an address", hint="leave out user, password, ? and #"
        )
    if url.scheme == "http" and not is_loopback(url.host):
        raise SettingsError(
            f"url {url} would send the token unencrypted",
            hint="use https://; http:// is only for this machine",
        )
    path = url.path.rstrip("/").removesuffix("/api")
    return url.copy_with(path=f"{path}/")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return what servers' certificates are held against: the file's authorities, or else the system's."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror if not isinstance(error, ssl.SSLError) else "it holds no certificate"
        raise SettingsError(f"ca_file {ca_file} can't be used: {reason}") from error
