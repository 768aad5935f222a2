"""The inventory plugin: any source of truth of driftline's as a Nornir inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

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
    from driftline.network import IntendedState
    from driftline.settings import Settings

NAME: Final = "driftline_inventory"
"""What the plugin is called in Nornir's configuration."""

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
        from driftline.reading import choose  # noqa: PLC0415
        from driftline.settings import read_settings  # noqa: PLC0415
        from driftline.workflow import load_intended  # noqa: PLC0415

        from .logs import log_as_nornir_does  # noqa: PLC0415

        log_as_nornir_does()
        settings = read_settings(None if self.config is None else Path(self.config))
        intended = load_intended(settings)
        choose(intended, self.limit)
        made = nornir_inventory(intended, intended.endpoints)
        return _inventory(made, _known_hosts(intended, settings), self._defaults(settings))

    def _defaults(self, settings: Settings) -> Defaults:
        found = settings.credentials.resolved(settings.folder)
        given = {"username": found.username, **self.defaults}
        if found.password is not None:
            given.setdefault("password", found.password.get_secret_value())
        options = given.pop("connection_options", None) or {}
        return Defaults(**given, connection_options=_connection_options(options))


def _known_hosts(intended: IntendedState, settings: Settings) -> Mapping[str, Host]:
    """Return the hosts of the settings' own Nornir inventory, for a source that does not tell where devices are."""
    from driftline.devices import Fleet  # noqa: PLC0415
    from driftline.engine.exceptions import SettingsError  # noqa: PLC0415

    if intended.endpoints or settings.nornir.plugin == NAME:
        return {}
    credentials = settings.credentials.resolved(settings.folder)
    try:
        fleet = Fleet.from_inventory(settings.nornir_inventory, settings.device_connection, credentials)
    except SettingsError:
        if "nornir" in settings.model_fields_set:
            raise
        return {}  # nobody said that there is one
    return fleet.nornir.inventory.hosts


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
    """Return how a host is reached, as far as another inventory says it."""
    if host is None:
        return {}
    plain = ("hostname", "port", "username", "password")
    told = {name: value for name in plain if (value := getattr(host, name)) is not None}
    names = {
        *host.connection_options,
        *(name for group in host.extended_groups() for name in group.connection_options),
    }
    options = {name: host.get_connection_parameters(name) for name in sorted(names)}
    return {**told, "connection_options": options}


def _connection_options(given: Mapping[str, Mapping[str, Any]]) -> dict[str, ConnectionOptions]:
    return {name: ConnectionOptions(**options) for name, options in given.items()}
