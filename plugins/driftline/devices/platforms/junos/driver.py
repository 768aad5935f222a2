"""NAPALM's `junos` driver, but for one thing: it checks the device's host key.

NAPALM does not hand PyEZ's `hostkey_verify` on, and no option of its own does. The keys are looked up in
`~/.ssh/known_hosts`, or in the `UserKnownHostsFile` of the `ssh_config_file`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jnpr.junos.exception import ConnectAuthError, ConnectError  # type: ignore[import-untyped]
from napalm.base.exceptions import ConnectionException
from napalm.junos import JunOSDriver
from ncclient.transport.errors import SSHUnknownHostError  # type: ignore[import-untyped]
from paramiko import HostKeys, SSHConfig

if TYPE_CHECKING:
    from collections.abc import Mapping


class VerifiedJunOSDriver(JunOSDriver):  # type: ignore[misc]
    """NAPALM's driver, to which an unknown device is a failure."""

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(hostname, username, password, timeout, optional_args)
        self.device._hostkey_verify = True  # noqa: SLF001 - what PyEZ's parameter of this name sets

    def open(self) -> None:
        """Connect; raises ConnectionException, which says so where the host key is not the known one."""
        try:
            super().open()
        except ConnectAuthError:
            raise
        except ConnectError as error:
            cause = getattr(error, "_orig", None) or error.__context__
            # Where there is no file of known hosts, nobody is known; ncclient only says that it is missing.
            unknown = isinstance(cause, SSHUnknownHostError) or (
                isinstance(cause, FileNotFoundError) and not self._known_hosts().exists()
            )
            text = self._unknown() if unknown else str(cause or error)
            raise ConnectionException(text) from error

    def _unknown(self) -> str:
        """Return which of both it is: a device that is not known, or another one than the known."""
        known = HostKeys()
        file = self._known_hosts()
        if file.exists():
            known.load(str(file))
        names = (self.hostname, f"[{self.hostname}]:{self.port}")
        if any(known.lookup(name) for name in names):
            return f"Host key for server {self.hostname!r} does not match the known one"
        return f"Server {self.hostname!r} not found in known_hosts"

    def _known_hosts(self) -> Path:
        given = Path(self.ssh_config_file or "~/.ssh/config").expanduser()
        config = SSHConfig.from_path(str(given)).lookup(self.hostname) if given.exists() else {}
        return Path(config.get("userknownhostsfile", "~/.ssh/known_hosts")).expanduser()
