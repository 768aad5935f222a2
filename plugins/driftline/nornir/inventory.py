"""The inventory plugin: any source of truth of driftline's as a Nornir inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nornir.core.inventory import (
    ConnectionOptions,
    Defaults,
    Group,
    Groups,
    Host,
    Hosts,
    Inventory,
    ParentGroups,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from driftline.adapters.inventory.printing import NornirInventory
    from driftline.settings import Settings

# Nornir imports this module in every script: what takes its time is imported when the inventory is loaded.


class DriftlineInventory:
    """The devices that are intended, with a group for each site, role and platform.

        nr = InitNornir(inventory={"plugin": "driftline_inventory", "options": {"config": "driftline.yml"}})
        nr.filter(site="ams")

    Where a device is reached is what the source tells, else what the Nornir inventory of the settings tells, else
    the address of its management interface. The credentials of the settings are the defaults'.
    """

    def __init__(
        self,
        config: Path | str | None = None,
        limit: str | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the options; nothing is read yet.

        Args:
            config: the settings file; None: `$DRIFTLINE_CONFIG`, else `driftline.yml` here.
            limit: names, sites or roles, as of `driftline --limit`; None: all devices.
            defaults: what a `defaults.yaml` of Nornir's may say.
        """
        self.config = config
        self.limit = limit
        self.defaults = dict(defaults or {})

    def load(self) -> Inventory:
        """Return the inventory.

        Raises:
            SettingsError: the settings can't be used.
            LoadError: the source can't be read whole, or the limit chooses no device.
            InventoryError: a name can't be used, or two become one.
        """
        from pathlib import Path  # noqa: PLC0415

        from driftline.adapters.inventory.printing import nornir_inventory  # noqa: PLC0415
        from driftline.network import Endpoint  # noqa: PLC0415
        from driftline.network.logs import log_as_a_guest  # noqa: PLC0415
        from driftline.reachable import known_hosts, merged  # noqa: PLC0415
        from driftline.reading import choose  # noqa: PLC0415
        from driftline.settings import read_settings  # noqa: PLC0415
        from driftline.workflow import load_intended  # noqa: PLC0415

        log_as_a_guest()
        settings = read_settings(None if self.config is None else Path(self.config))
        intended = load_intended(settings)
        choose(intended, self.limit)
        known = known_hosts(intended, settings)
        told = {name: Endpoint(host.hostname, host.port) for name, host in known.items()}
        made = nornir_inventory(intended, merged(intended, told))
        return _inventory(made, known, self._defaults(settings))

    def _defaults(self, settings: Settings) -> Defaults:
        found = settings.credentials.resolved(settings.folder)
        given = {"username": found.username, **self.defaults}
        if found.password is not None:
            given.setdefault("password", found.password.get_secret_value())
        options = given.pop("connection_options", None) or {}
        return Defaults(**given, connection_options=_connection_options(options))


def _inventory(made: NornirInventory, known: Mapping[str, Host], defaults: Defaults) -> Inventory:
    groups = Groups()
    for name, keys in made.groups.items():
        groups[name] = Group(name, **keys, defaults=defaults)
    hosts = Hosts()
    for name, keys in made.hosts.items():
        parents = ParentGroups([groups[group] for group in keys.get("groups", ())])
        hosts[name] = Host(name, **{**keys, **_way(known.get(name)), "groups": parents}, defaults=defaults)
    return Inventory(hosts, groups, defaults)


def _way(host: Host | None) -> dict[str, Any]:
    """Return how to log in to a host and how to connect to it, as far as another inventory says it."""
    if host is None:
        return {}
    told = {name: value for name in ("username", "password") if (value := getattr(host, name)) is not None}
    names = {
        *host.connection_options,
        *(name for group in host.extended_groups() for name in group.connection_options),
    }
    return {**told, "connection_options": {name: _special(host, name) for name in sorted(names)}}


def _special(host: Host, name: str) -> ConnectionOptions:
    """Return the parameters of a connection without the place that all connections of the host have in common."""
    given = host.get_connection_parameters(name)
    return ConnectionOptions(
        hostname=None if given.hostname == host.hostname else given.hostname,
        port=None if given.port == host.port else given.port,
        username=given.username,
        password=given.password,
        platform=given.platform,
        extras=given.extras,
    )


def _connection_options(given: Mapping[str, Mapping[str, Any]]) -> dict[str, ConnectionOptions]:
    return {name: ConnectionOptions(**options) for name, options in given.items()}
