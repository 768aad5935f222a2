"""What Ansible tells of a task: the host, its variables, the arguments, and where it is run."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from driftline.adapters.inventory.network_os import platform_of
from driftline.adapters.inventory.options import NO_SITE
from driftline.engine.exceptions import SettingsError
from driftline.network import Device
from driftline.settings import FILE, Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VARIABLES: Final = (
    "ansible_host",
    "ansible_ssh_host",
    "ansible_port",
    "ansible_ssh_port",
    "ansible_user",
    "ansible_ssh_user",
    "ansible_password",
    "ansible_ssh_pass",
    "ansible_become_password",
    "ansible_become_pass",
    "ansible_network_os",
    "ansible_ssh_private_key_file",
    "ansible_private_key_file",
    "ansible_httpapi_use_ssl",
    "driftline_optional_args",
    "site",
    "role",
)
"""The variables of a host that count, for how it is reached and for where it is."""
_SECRETIVE: Final = re.compile(r"secret|passw|passphrase|token|community|pkey|key$", re.IGNORECASE)


def is_secretive(name: object) -> bool:
    """Return whether an option of a driver is called like one whose value nobody may see."""
    return _SECRETIVE.search(str(name)) is not None


def platform_told(variables: Mapping[str, Any]) -> str | None:
    """Return the platform that a host's variables name; None: they name none."""
    network_os = variables.get("ansible_network_os")
    return platform_of(str(network_os)) if network_os else None


@dataclass(frozen=True, slots=True)
class Call:
    """One task on one host; all values are plain ones."""

    host: str
    arguments: Mapping[str, Any]
    """As documented, with the defaults filled in."""
    variables: Callable[[str], Mapping[str, Any]]
    """The `VARIABLES` of any host of the inventory."""
    shared: Path
    """A folder of this run of Ansible, which only its processes can read and which goes when it ends."""
    check: bool = False
    """Whether nothing may be changed."""
    wants_diff: bool = False
    folder: Path = Path()
    """That of the playbook."""
    task: str = ""
    """The same for all hosts of a task."""
    hosts: tuple[str, ...] = ()
    """All hosts of the play."""

    @property
    def limit(self) -> str | None:
        """The devices to work on in one go, `all` as Ansible has it; None: only the host."""
        limit = self.arguments.get("limit") or None
        return "*" if limit == "all" else limit

    def device(self, name: str) -> Device:
        """Return what the variables of a host say of the device that it is."""
        told = self.variables(name)
        role = told.get("role")
        return Device(
            name=name,
            site=str(told.get("site") or NO_SITE),
            role=None if role is None else str(role),
            platform=platform_told(told),
        )

    def path(self, given: str) -> Path:
        """Return a path: as it is seen from where Ansible was started, else from the playbook."""
        path = Path(given).expanduser()
        beside = self.folder / path
        return beside if not path.exists() and beside.exists() else path

    def settings(self, *, optional: bool = False) -> Settings:
        """Return the settings: those of the argument, of `$DRIFTLINE_CONFIG`, of `driftline.yml` here or there.

        Args:
            optional: whether the task can do without; then the defaults hold, and the environment.

        Raises:
            SettingsError: there are none, or something in them is wrong.
        """
        named = self.arguments.get("settings") or os.environ.get("DRIFTLINE_CONFIG")
        path = self.path(named or FILE)
        if optional and not named and not path.is_file():
            return Settings(folder=self.folder)
        try:
            return read_settings(path)
        except SettingsError as error:
            if error.code == "SETTINGS-MISSING":
                error.hint = "name it with `settings`, or in the environment variable DRIFTLINE_CONFIG"
            raise
