"""Ansible's inventory as intended state: `ansible-inventory` reads it, so that all of its ways are understood."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from driftline.adapters.documents import load_error
from driftline.engine.exceptions import LoadError, Problem
from driftline.network import Endpoint

from .adapter import InventoryAdapter
from .hosts import InventoryHost, wrong_host
from .network_os import platform_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .options import HostOptions

COMMAND: Final = "ansible-inventory"
_TIMEOUT: Final = 300.0
"""Seconds; a dynamic inventory may have to ask a slow server."""
_ENVIRONMENT: Final = {
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",  # else what can't be parsed is only missing
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_FORCE_COLOR": "0",
}
_TOLD: Final = re.compile(r"^(?:\[ERROR\]: |ERROR! |Origin: )(.+)$", re.MULTILINE)
_VAULT, _UNSAFE = "__ansible_vault", "__ansible_unsafe"


class AnsibleInventoryAdapter(InventoryAdapter):
    """The hosts of an Ansible inventory: a file, a folder of files, or an executable that prints one.

        intended = AnsibleInventoryAdapter(Path("inventory/ansible"))
        intended.load()

    Variables come as Ansible merges them, from group_vars and host_vars too. What is encrypted in them stays
    so, and is not looked at; where whole files are encrypted, Ansible has to know the vault's password in one
    of its own ways (`ansible.cfg`, `ANSIBLE_VAULT_PASSWORD_FILE`).
    """

    def __init__(
        self,
        path: Path,
        options: HostOptions | None = None,
        *,
        timeout: float = _TIMEOUT,
        name: str = "ansible",
    ) -> None:
        super().__init__(path, options, name=name)
        self.timeout = timeout

    def hosts(self, problems: list[Problem]) -> Iterator[InventoryHost]:
        """Return the hosts by name; raises LoadError when Ansible can't read the inventory."""
        listed = _listed(self.path, self.timeout)
        variables = listed.pop("_meta", {}).get("hostvars", {})
        for name, groups in sorted(_groups_of_hosts(listed).items()):
            if not self.is_chosen(groups):
                continue
            try:
                yield self._host(name, groups, variables.get(name, {}))
            except LoadError as error:
                problems.extend(error.problems)

    def _host(self, name: str, groups: frozenset[str], variables: Mapping[str, Any]) -> InventoryHost:
        network_os = _clear(name, "ansible_network_os", variables.get("ansible_network_os"))
        facts = self.options.facts(variables)
        return InventoryHost(
            name=name,
            platform=platform_of(str(network_os)) if network_os else None,
            groups=groups,
            facts={fact: _fact(name, fact, value, self.options) for fact, value in facts.items()},
            endpoint=_endpoint(variables),
        )


# Asking Ansible -------------------------------------------------------------------------------------------


def _listed(path: Path, timeout: float) -> dict[str, Any]:
    """Return the inventory in the shape of a dynamic one: groups by name, and `_meta` with the variables."""
    if not path.exists():
        problem = Problem(str(path), "INVENTORY-MISSING", "there is no such inventory", "correct the path")
        raise load_error("The Ansible inventory can't be loaded", [problem])
    try:
        answer = subprocess.run(  # noqa: S603 - the user's own inventory, read by the user's own Ansible
            [_command(), f"--inventory={path}", "--list"],
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _failed(path, f"{COMMAND} did not end within {timeout:g} seconds") from None
    if answer.returncode != 0:
        raise _failed(path, f"{COMMAND} failed with status {answer.returncode}{_told(answer.stderr)}")
    found = _parsed(answer.stdout)
    if found is None:
        raise _failed(path, f"{COMMAND} did not answer with JSON")
    return found


def _command() -> str:
    """Return the command: the one on the PATH, else the one beside this Python."""
    found = shutil.which(COMMAND) or shutil.which(COMMAND, path=str(Path(sys.executable).parent))
    if found is None:
        raise LoadError(
            f"there is no command {COMMAND}, which reads Ansible inventories",
            code="INVENTORY-NO-ANSIBLE",
            hint="install ansible-core where driftline is, or put its folder on the PATH",
        )
    return found


def _told(stderr: str) -> str:
    """Return Ansible's own errors: not its warnings, which quote lines of the inventory, secrets too."""
    return "".join(f"; {told.strip()}" for told in _TOLD.findall(stderr))


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None  # without the cause, which holds the whole text
    return found if isinstance(found, dict) else None


def _failed(path: Path, message: str) -> LoadError:
    hint = (
        f"see what `{COMMAND} -i {path} --list` says; for encrypted files Ansible needs the vault's password"
    )
    return LoadError(message, code="INVENTORY-ANSIBLE", hint=hint)


# Groups ---------------------------------------------------------------------------------------------------


def _groups_of_hosts(listed: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return the groups of every host, also those that it is in by way of another group."""
    above: dict[str, set[str]] = defaultdict(set)
    for name, group in listed.items():
        for child in group.get("children", ()):
            above[child].add(name)
    found: dict[str, set[str]] = defaultdict(set)
    for name, group in listed.items():
        for host in group.get("hosts", ()):
            found[host].update(_with_those_above({name}, above))
    return {host: frozenset(groups) for host, groups in found.items()}


def _with_those_above(groups: Iterable[str], above: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    for group in groups:
        found |= {group} | _with_those_above(above.get(group, ()), above)
    return found


# Variables ------------------------------------------------------------------------------------------------


def _fact(host: str, fact: str, value: Any, options: HostOptions) -> Any:
    clear = _clear(host, options.variable(fact), value)
    return _with_vlan_ids(clear) if fact == "intent" and isinstance(clear, dict) else clear


def _with_vlan_ids(intent: dict[str, Any]) -> dict[str, Any]:
    """Return an intent whose VLANs have numbers for keys again: JSON has made text of them."""
    vlans = intent.get("vlans")
    if not isinstance(vlans, dict):
        return intent
    return {**intent, "vlans": {int(vid) if vid.isdecimal() else vid: keys for vid, keys in vlans.items()}}


def _clear(host: str, variable: str, value: Any) -> Any:
    """Return a value as it is meant; raises LoadError when it is encrypted, or a template that a play fills in."""
    if isinstance(value, list):
        return [_clear(host, variable, item) for item in value]
    if isinstance(value, dict):
        if _UNSAFE in value:
            return value[_UNSAFE]
        if _VAULT not in value:
            return {key: _clear(host, variable, item) for key, item in value.items()}
        message, hint = f"the variable {variable} is encrypted", "write it in the clear; it is no secret"
        raise wrong_host(host, "INVENTORY-ENCRYPTED", message, hint)
    if isinstance(value, str) and "{{" in value:
        message = f"the variable {variable} holds a template, which Ansible fills in in a play only"
        raise wrong_host(host, "INVENTORY-TEMPLATE", message, "write the value itself, or mark it !unsafe")
    return value


def _endpoint(variables: Mapping[str, Any]) -> Endpoint:
    """Return where a host is reached; a template is not known, which harms nobody."""
    hostname, port = variables.get("ansible_host"), str(variables.get("ansible_port", ""))
    known = isinstance(hostname, str) and "{{" not in hostname
    return Endpoint(hostname if known else None, int(port) if port.isdecimal() else None)
