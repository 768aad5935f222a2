"""The lists that are read of an IPAM, and what says which part of them takes part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from .client import Client
    from .options import IpamOptions
    from .records import Values
    from .tables import Tables

Params = dict[str, Any]
"""Filters of a list, as REST has them."""
Told = Callable[[int], object]
"""Called with how many more rows were read."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One list of a server."""

    name: str
    path: str
    """The list in REST."""
    changed_as: str
    """What the change log calls its objects: `dcim.device`; empty: nothing of its own."""
    by: Literal["", "site", "device", "interface", "address"] = ""
    """Which objects of the scope it is narrowed by; empty: it is always read whole."""
    part_of: str = ""
    """The kind that its rows are fields of, where these are cheaper to ask for by themselves."""
    blank: tuple[tuple[str, Any], ...] = ()
    """The fields that such a part fills, as they are where it has no row; an empty tuple is an empty list."""
    logged: bool = True
    """Whether the change log tells all that can change in it; else it is read anew every time."""
    proved: bool = True
    """Whether the client proves each of its lists; else the pages are put together and counted here."""

    @property
    def label(self) -> str:
        """What it is called towards people: `device types`."""
        return self.path.rstrip("/").rpartition("/")[2].replace("-", " ")


@dataclass(frozen=True, slots=True)
class Selection:
    """The scope in the server's own ids."""

    options: IpamOptions
    sites: tuple[str, ...] | None = None
    """None: all."""
    devices: Params | None = None
    """The filters of the devices; None: all."""
    has_mark: bool = False
    """Whether the server knows the tag that marks what is ours."""
    words: dict[str, str] = field(default_factory=dict)
    """The words of GraphQL for types of interfaces → the API's, where they differ; filled while reading."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a list looks like from outside."""

    count: int
    newest: str | None
    """When an object of it was changed last; None: that is not told."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of the change log."""

    pk: str
    time: str
    action: str
    """`create`, `update`, `delete`."""
    of: str
    """What was changed: `dcim.device`."""
    what: str
    """Its id."""
    also: tuple[tuple[str, str], ...] = ()
    """What it belongs to, and its id: the interfaces of a MAC address."""


class Source(Protocol):
    """How the lists of one kind of IPAM are asked for."""

    kinds: tuple[Kind, ...]
    """A part comes after what it is a part of."""
    log: str
    """The change log in REST."""
    since: str
    """Its filter for what was changed since a time."""
    sort: str
    """The parameter that sorts a list."""
    brief: Params
    """Parameters that make a list show as little as possible, when its objects were changed among it."""
    structural: frozenset[str]
    """Objects that others carry the name of in a way that is not seen here: when one changes, all is read anew."""

    def select(self, client: Client, options: IpamOptions) -> Selection:
        """Return the scope in ids; raises LoadError for a name that the server does not have."""

    def where(self, client: Client, kind: Kind, selection: Selection, tables: Tables) -> list[Params]:
        """Return the filters that give a list's rows in the scope, in parts that can be read at the same time."""

    def rows(
        self, client: Client, kind: Kind, selection: Selection, params: Params, told: Told
    ) -> list[Values]:
        """Return the rows that pass these filters, each with its id as `pk`."""

    def complete(self, client: Client, kind: Kind, selection: Selection, pks: list[str]) -> list[Values]:
        """Return the rows with these ids as far as they are there, with the fields of all their parts."""

    def changes(self, client: Client, since: str) -> list[Change]:
        """Return the change log since a time."""

    def places(self, tables: Tables, options: IpamOptions) -> dict[str, str | None]:
        """Return by the ids of places the id of the site that each is or belongs to; None: to none that takes part."""
