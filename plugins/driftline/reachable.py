"""Where the devices of the intent are reached: as its source tells, else as the settings' own Nornir inventory does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from driftline.adapters.inventory.nornir import CONNECTION, nornir_hosts
from driftline.engine.exceptions import LoadError
from driftline.network import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nornir.core.inventory import Host

    from driftline.network import IntendedState
    from driftline.settings import Settings

OWN_PLUGIN: Final = "driftline_inventory"
"""Nornir's name for the inventory that driftline makes of the intent: it has nothing to tell about it."""
_NOWHERE: Final = Endpoint()


def known_hosts(intended: IntendedState, settings: Settings) -> Mapping[str, Host]:
    """Return the hosts of the settings' Nornir inventory, by name.

    Where the settings name none, the usual one counts if it is there and the source leaves any device out.

    Raises:
        LoadError: the inventory that the settings name can't be loaded.
    """
    return hosts_of(settings, usual=_leaves_out(intended))


def hosts_of(settings: Settings, *, usual: bool = False) -> Mapping[str, Host]:
    """Return the hosts of the Nornir inventory that the settings name; raises LoadError when it can't be loaded.

    Args:
        usual: whether the usual one counts where they name none.
    """
    named = "nornir" in settings.model_fields_set
    if settings.nornir.plugin == OWN_PLUGIN or not (named or usual):
        return {}
    try:
        return nornir_hosts(settings.nornir_inventory)
    except LoadError:
        if named:
            raise
        return {}


def endpoints_of(intended: IntendedState, known: Mapping[str, Host]) -> dict[str, Endpoint]:
    """Return where the devices are reached through NAPALM, as far as the source or a host of Nornir's tells."""
    through = {name: host.get_connection_parameters(CONNECTION) for name, host in known.items()}
    return merged(intended, {name: Endpoint(way.hostname, way.port) for name, way in through.items()})


def merged(intended: IntendedState, known: Mapping[str, Endpoint]) -> dict[str, Endpoint]:
    """Return where the devices are reached: what the source tells comes first, name and port each for itself."""
    told = {
        name: (intended.endpoints.get(name, _NOWHERE), known.get(name, _NOWHERE)) for name in _names(intended)
    }
    return {
        name: Endpoint(first.hostname or other.hostname, first.port or other.port)
        for name, (first, other) in told.items()
    }


def _leaves_out(intended: IntendedState) -> bool:
    return any(not intended.endpoints.get(name, _NOWHERE).hostname for name in _names(intended))


def _names(intended: IntendedState) -> list[str]:
    return [device.name for device in intended.get_all("device")]
