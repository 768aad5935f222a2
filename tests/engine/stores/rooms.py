"""A small dataset for the stores: rooms with racks, with everything that a store has to keep."""

# ruff: noqa: RUF012 - pydantic copies the defaults of fields

from __future__ import annotations

import enum
from datetime import datetime
from ipaddress import IPv4Interface
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from driftline.engine import Adapter, DiffSyncModel

if TYPE_CHECKING:
    from driftline.engine.store import BaseStore


class State(enum.Enum):
    """How a rack is."""

    PLANNED = "planned"
    IN_USE = "in use"


class Rack(DiffSyncModel):
    """A rack in a room."""

    _modelname = "rack"
    _identifiers = ("room", "name")
    _attributes = ("units", "state", "address", "tags", "seen")

    room: str
    name: str
    units: int = 42
    state: State = State.PLANNED
    address: IPv4Interface | None = None
    tags: set[str] = Field(default_factory=set)
    seen: datetime | None = None
    native: dict[str, int] | None = Field(default=None, exclude=True)


class Room(DiffSyncModel):
    """A room with racks."""

    _modelname = "room"
    _identifiers = ("name",)
    _attributes = ("floor",)
    _children: ClassVar[dict[str, str]] = {"rack": "racks"}

    name: str
    floor: int = 0
    racks: list[str] = []


class Building(Adapter):
    """Rooms with racks."""

    room = Room
    rack = Rack
    top_level: ClassVar[list[str]] = ["room"]


def building(store: BaseStore, rooms: int = 2, racks: int = 3) -> Building:
    """Return rooms with racks in a store."""
    made = Building("building", internal_storage_engine=store)
    for number in range(rooms):
        room = Room(name=f"r{number}")
        made.add(room)
        for place in range(racks):
            rack = Rack(room=room.name, name=f"k{place}")
            made.add(rack)
            room.add_child(rack)
    return made
