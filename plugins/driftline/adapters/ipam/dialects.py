"""How the two systems' interfaces differ as far as HTTP goes: only data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs in HTTP between one kind of IPAM and another."""

    name: str
    title: str
    minimum: tuple[int, ...]
    """The oldest version that has what is asked of it."""
    tried: str
    """The version that the tests run against."""
    token_variable: str
    """The environment variable that holds the token as a last resort."""
    token_schemes: tuple[tuple[str, str], ...]
    """How tokens begin → the scheme that they are sent with; the first that fits."""
    graphql: str
    """The path of GraphQL below the server's own."""
    graphql_page: str
    """How a list in GraphQL is asked for one page by offset; `{offset}` and `{limit}` are filled in."""
    graphql_limit: int
    """How many rows one answer of GraphQL has at most by default."""
    order: tuple[str, str]
    """The parameter that sorts a REST list by id."""
    cursor_since: tuple[int, ...] | None = None
    """Since when a list can be paged by id, which no change by others can shift; None: it can't be."""
    graphql_cursor: str = ""
    """The same page by id; `{start}` and `{limit}` are filled in."""
    etag_since: tuple[int, ...] | None = None
    """Since when `If-Match` is honoured; None: it is not."""
    tells_missing: bool = False
    """Whether a bulk request that names an object that is not there is refused; else it is left out silently."""
    counts_dependents: bool = False
    """Whether a bulk deletion that is refused says only how many objects depend on each; else it names them."""
    only_ids: tuple[tuple[str, str], ...] = ()
    """Parameters that make a list show as little as possible, for counting it."""

    def scheme(self, token: str) -> str:
        """Return the scheme of the `Authorization` header for a token."""
        return next(scheme for start, scheme in self.token_schemes if token.startswith(start))


NETBOX: Final = Dialect(
    name="netbox",
    title="NetBox",
    minimum=(4, 3),  # filters in GraphQL have their present shape since then
    tried="4.7",
    token_variable="NETBOX_TOKEN",  # noqa: S106 - a name
    token_schemes=(("nbt_", "Bearer"), ("", "Token")),
    graphql="graphql/",
    graphql_page="pagination: {{offset: {offset}, limit: {limit}}}",
    graphql_limit=1000,
    order=("ordering", "id"),
    cursor_since=(4, 6),
    graphql_cursor="pagination: {{start: {start}, limit: {limit}}}",
    etag_since=(4, 6),
    tells_missing=True,
    counts_dependents=True,
    only_ids=(("fields", "id"),),
)

NAUTOBOT: Final = Dialect(
    name="nautobot",
    title="Nautobot",
    minimum=(2, 4),  # the oldest version that its makers still support
    tried="3.2",
    token_variable="NAUTOBOT_TOKEN",  # noqa: S106 - a name
    token_schemes=(("", "Token"),),
    graphql="api/graphql/",
    graphql_page="limit: {limit}, offset: {offset}",
    graphql_limit=5000,
    order=("sort", "id"),
)
