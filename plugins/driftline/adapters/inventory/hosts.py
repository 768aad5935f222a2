"""Hosts as an inventory knows them, and what they become: the device files of an intent, without files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from driftline.adapters.documents import Document, KeyPath, LineTable
from driftline.adapters.intent.files import Folder, IntentFile, IntentFiles, intent_file
from driftline.adapters.intent.schema import DeviceFile, SiteFile
from driftline.engine.exceptions import LoadError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from driftline.network import Endpoint

    from .options import HostOptions


@dataclass(frozen=True, slots=True)
class InventoryHost:
    """One host: all of it that driftline has a use for, and no secrets."""

    name: str
    platform: str | None
    """NAPALM's name of the driver."""
    groups: frozenset[str]
    """The groups it is in, also by way of another group."""
    facts: Mapping[str, Any]
    """`site`, `role`, `serial` and `intent`, as far as variables tell them."""
    endpoint: Endpoint


class _HostDocument(Document):
    """What an inventory says of one host: its problems have no line."""

    __slots__ = ()

    def where(self, path: KeyPath = ()) -> str:  # noqa: ARG002 - there is nothing finer to tell
        """Return the host's name."""
        return self.name


def intent_of(hosts: Iterable[InventoryHost], options: HostOptions, problems: list[Problem]) -> IntentFiles:
    """Return hosts as the files of an intent; what is wrong with them is added to the problems."""
    devices: dict[str, IntentFile[DeviceFile]] = {}
    for host in hosts:
        try:
            document = _document(host.name, _device_keys(host, options))
            devices[host.name] = intent_file(host.name, document, DeviceFile)
        except LoadError as error:
            problems.extend(error.problems)
    names = {device.content.site for device in devices.values()}
    sites = {name: IntentFile(name, SiteFile(), _document(name, {})) for name in sorted(names)}
    return IntentFiles(
        sites=Folder(sites, frozenset(sites)),
        devices=Folder(devices, frozenset(devices)),
        profiles=Folder(),
    )


def _document(name: str, keys: dict[str | int, Any]) -> Document:
    return _HostDocument(name=name, data=keys, lines=LineTable([0, {}]))


def _device_keys(host: InventoryHost, options: HostOptions) -> dict[str | int, Any]:
    """Return the keys of a host's device file: what its variable for the intent says comes first."""
    intent = host.facts.get("intent", {})
    if not isinstance(intent, dict):
        raise wrong_host(
            host.name,
            "INVENTORY-INTENT",
            f"the variable {options.intent_variable} is not a map",
            "write it in the shape of a device file, or name another one with `intent_variable`",
        )
    told = {
        "site": _named(host, "site", options.site_groups) or options.default_site,
        "role": _named(host, "role", options.role_groups),
        "platform": host.platform,
        "serial": host.facts.get("serial") or None,
    }
    keys = {**{key: value for key, value in told.items() if value is not None}, **intent}
    if "platform" not in keys:
        raise wrong_host(
            host.name,
            "INVENTORY-PLATFORM",
            "its platform is not known",
            "set it in the inventory, or choose the network's hosts with `groups`",
        )
    return keys


def _named(host: InventoryHost, fact: str, patterns: Iterable[str]) -> Any:
    """Return a host's site or role: as a variable tells it, else by the groups that it is in."""
    if host.facts.get(fact):
        return host.facts[fact]
    matches = {
        group: match[match.re.groups]
        for pattern in patterns
        for group in host.groups
        if (match := re.fullmatch(re.escape(pattern).replace(r"\*", "(.+)"), group))
    }
    if len(set(matches.values())) > 1:
        raise wrong_host(
            host.name,
            "INVENTORY-AMBIGUOUS",
            f"its groups {' and '.join(sorted(matches))} name more than one {fact}",
            f"set a variable for its {fact}, or choose other groups with `{fact}_groups`",
        )
    return next(iter(matches.values()), None)


def wrong_host(name: str, code: str, message: str, hint: str) -> LoadError:
    """Return the error for one host that can't be used."""
    return LoadError(f"The host {name} can't be used", problems=[Problem(name, code, message, hint)])
