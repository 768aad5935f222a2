"""Options for the `junos` driver that keep it safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftline.devices.platforms.secure import unsafe
from driftline.engine.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping


def secure_options(host: str, options: Mapping[str, Any], tls: Any) -> dict[str, Any]:  # noqa: ARG001 - SSH has no TLS
    """Return options for the driver, which always checks the host key, and locks while it changes something.

    Raises SettingsError for options that it would not follow.
    """
    if options.get("transport", "ssh") != "ssh":
        raise unsafe(host, str(options["transport"]), "ssh")
    if "alt_key_file" in options:
        raise SettingsError(
            f"{host}: junos does not know the option alt_key_file",
            code="DEVICE-OPTIONS",
            hint="name the file of known hosts as UserKnownHostsFile in the file that ssh_config_file names",
        )
    return {**options, "lock_disable": False, "config_lock": False, "config_private": False}
