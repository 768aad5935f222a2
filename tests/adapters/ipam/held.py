"""An IPAM in memory: it becomes what it should hold, as if that had been written and read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftline.adapters.ipam.intended import IpamIntent, fill
from driftline.adapters.ipam.models import MODELS
from driftline.adapters.ipam.names import slug
from driftline.adapters.ipam.observed import Observed, observed_state
from driftline.adapters.ipam.options import Intention, IpamOptions, Writing
from driftline.engine import DiffSyncModelFlags

if TYPE_CHECKING:
    from driftline.engine import Adapter, Diff

WRITING = Writing()


class Held(Observed):
    """An IPAM's dataset, without a server behind it."""

    options = IpamOptions(url="https://ipam.example.org")


def empty() -> Held:
    """Return an IPAM that holds nothing."""
    return Held(name="ipam")


def read_back(held: Adapter) -> None:
    """Let an IPAM be as it is read: all of it takes part, with ids, and a platform's driver is its slug."""
    for number, row in enumerate(row for model in MODELS for row in held.get_all(model)):
        row.model_flags = DiffSyncModelFlags.NONE
        row.pk = row.pk or number
        row.manage(row._attributes)
    for term in held.get_all("term"):
        term.driver = slug(term.name) if term.kind == "platform" else None


def holding(network: Adapter, held: Held | None = None) -> Held:
    """Return an IPAM that was synced from a network."""
    held = held or empty()
    held.sync_from(observed_state(network, WRITING, held))
    read_back(held)
    return held


def intended_of(held: Any, **intention: Any) -> IpamIntent:
    """Return what an IPAM intends."""
    state = IpamIntent(held, Intention(**intention))
    state.notes = tuple(fill(state, held, state.intention))
    return state


def left(network: Adapter, held: Held) -> Diff:
    """Return what an IPAM would have to change to hold a network."""
    found = held.diff_from(observed_state(network, WRITING, held))
    read_back(held)
    return found
