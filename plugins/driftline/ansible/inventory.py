"""The intended devices as an inventory of Ansible: any source that the settings can name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftline.adapters.inventory.nornir import CONNECTION
from driftline.adapters.inventory.printing import ansible_list
from driftline.engine.exceptions import DriftlineError
from driftline.network.logs import log_as_a_guest
from driftline.reachable import endpoints_of, known_hosts
from driftline.reading import choose
from driftline.reports.terminal import error_text
from driftline.workflow import load_intended

from .call import Call, is_secretive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nornir.core.inventory import Host

__all__ = ["DriftlineError", "error_told", "host_variables", "source_inventory"]


def source_inventory(settings: str | None, limit: str | None, folder: Path) -> dict[str, Any]:
    """Return the intended devices as a dynamic inventory: groups by name, and `_meta` with the hosts' variables.

    Args:
        settings: the settings file; None: the usual one.
        limit: names, sites or roles; None: all devices.
        folder: where paths are looked for that are not where Ansible was started.

    Raises:
        DriftlineError: the settings can't be used, the source or the settings' Nornir inventory can't be read, or the
            limit chooses no device.
    """
    log_as_a_guest()
    asked = Call("", {"settings": settings}, variables=lambda _: {}, shared=folder, folder=folder)
    found = asked.settings()
    intended = load_intended(found)
    choose(intended, limit)
    known = known_hosts(intended, found)
    listed = ansible_list(intended, endpoints_of(intended, known))
    for name, variables in listed["_meta"]["hostvars"].items():
        if name in known:
            variables.update(_connecting(known[name]))
    return listed


def host_variables(listed: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the hosts of a dynamic inventory of ours, each with its variables and those of its groups."""
    groups: dict[str, dict[str, Any]] = {name: {} for name in listed["all"]["hosts"]}
    for group in listed["all"]["children"]:
        for name in listed[group]["hosts"]:
            groups[name].update(listed[group]["vars"])
    for name, variables in listed["_meta"]["hostvars"].items():
        yield name, {**groups[name], **variables}


def error_told(error: DriftlineError) -> str:
    """Return an error in words: its code, every problem, and what to try."""
    return error_text(error).plain


def _connecting(host: Host) -> dict[str, Any]:
    """Return how a host of Nornir's is connected to, without secrets: an inventory is printed, and cached in files."""
    given = host.get_connection_parameters(CONNECTION)
    options = _without_secrets((given.extras or {}).get("optional_args") or {})
    told = {"ansible_user": given.username, "driftline_optional_args": options}
    return {name: value for name, value in told.items() if value}


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_secrets(item) for name, item in value.items() if not is_secretive(name)}
    if isinstance(value, (list, tuple)):
        return [_without_secrets(item) for item in value]
    return value
