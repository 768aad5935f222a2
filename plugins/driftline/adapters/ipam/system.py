"""What differs between one kind of IPAM and another, behind the same names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from .client import Client, Dialect
    from .fields import Endpoint, Item, Surroundings
    from .kinds import Source
    from .models import Row
    from .options import IpamOptions
    from .records import Values
    from .tables import Tables

    Pk = int | str

    Progress = Callable[[str, int], object]
    """Called with what is read (`interfaces`) and how many more of it there are by now."""


class Reader(Protocol):
    """Reads an IPAM."""

    source: Source
    """How its lists are asked for."""

    def read(self, client: Client, options: IpamOptions, progress: Progress) -> Tables:
        """Read all that takes part, or raise: a part is never taken for the whole."""

    def read_changes(
        self, client: Client, options: IpamOptions, known: Tables, progress: Progress
    ) -> Tables | None:
        """Bring what was read before up to date; None: it can't be told what has changed, so all must be read."""


class Writer(Protocol):
    """Says how objects are written."""

    endpoints: Mapping[str, Endpoint]
    """Where the objects of each model are and how they are written; a term's model is `term.` and its kind."""

    def tag(self, name: str) -> Values:
        """Return what a new tag is made of."""

    def last_changes(self, client: Client, path: str, pks: Sequence[Pk]) -> dict[Pk, str]:
        """Return when objects were changed last, of those that are still there, in one request."""

    def shared_as(self, row: Row) -> Hashable:
        """Return what rows have in common that are one object there, such as an address of several devices; or None."""

    def used_by_others(self, items: Sequence[Item], around: Surroundings) -> set[Item]:
        """Return the items whose object something else uses, too, that is not in the dataset; so it must stay."""

    def before(self, items: Sequence[Item], around: Surroundings) -> None:
        """Make what must be there first; an item for which that fails is given its failure."""

    def after(self, items: Sequence[Item], around: Surroundings) -> None:
        """Write what of these objects is kept elsewhere; an item for which that fails is given its failure."""

    def detach(self, items: Sequence[Item], around: Surroundings) -> None:
        """Take what of these rows is theirs alone off objects that stay, because other rows share them."""


@dataclass(frozen=True, slots=True)
class System:
    """A kind of IPAM."""

    name: str
    """`netbox`, `nautobot`."""
    dialect: Dialect
    reader: Reader
    writer: Writer
    hosts_need_prefixes: bool = False
    """Whether every address needs a prefix that it is in, also one that is its host's alone."""
