"""The HTTP client of an IPAM: lists proved whole, bulk writes with bad rows isolated, clear errors.

    with Client(options, NETBOX, folder) as client:
        devices = client.listed("dcim/devices/", {"site": "ams"})

Paths are those below the API: `dcim/devices/`. It may be used by several threads at once.
"""

from __future__ import annotations

import re
import time
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

from driftline.engine.exceptions import TargetError, UnusableAnswer

from . import paging
from .address import base_url
from .api import Api
from .changing import Changing
from .dialects import Dialect
from .errors import words_of
from .tokens import find_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from driftline.engine.exceptions import ObjectRefused

    from .options import IpamOptions
    from .paging import Progress, Rows

    Params = Mapping[str, Any]

__all__ = ["Client", "Dialect"]

_QUERY_LENGTH: Final = 1500
"""The most characters of a query: uWSGI has 4,096 for all that it knows of a request, and has the query in it
twice; it closes the connection on a longer one."""
_GRAPHQL_PATIENCE: Final = 60
"""How many seconds longer GraphQL may take: for its first query each process of the server builds the schema."""


def _silent(_more: int) -> None:
    pass


class Client:
    """Asks one IPAM, and changes it."""

    def __init__(self, options: IpamOptions, dialect: Dialect, folder: Path) -> None:
        """Check the settings; nothing is asked yet. `folder` is what relative paths in them are relative to."""
        token = find_token(options, dialect, folder)
        self.dialect = dialect
        self.url = base_url(options.url)
        self._api = Api(self.url, token, dialect, options, folder)
        self._changing = Changing(self._api, options.write, self._there)

    def __enter__(self) -> Self:
        try:
            self.connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.dialect.title} at {self.url})"

    def connect(self) -> None:
        """Ask for the version; raises TargetError when it is too old, the token is refused, or it is no such server."""
        __ = self.version

    def close(self) -> None:
        """Close all connections."""
        self._api.sender.close()

    @property
    def requests(self) -> int:
        """How many requests were made."""
        return self._api.sender.requests

    @cached_property
    def version(self) -> tuple[int, ...]:
        """The server's version in two parts; raises UnusableAnswer when it is too old.

        Asked of the API's start page: Nautobot asks its workers before it answers for its status, which takes a
        second.
        """
        response = self._api.sender.send("GET", "api/")
        page, text = self._api.read(response), response.headers.get("API-Version", "")
        version = _version(text)
        if not version or not self._is_ours(page):
            raise UnusableAnswer(
                f"{self.url} is no {self.dialect.title}: its API's start page is another one",
                code="IPAM-NOT-FOUND",
                hint="check `url`, and whether the source is of the right kind",
            )
        if version < self.dialect.minimum:
            oldest = ".".join(map(str, self.dialect.minimum))
            raise UnusableAnswer(
                f"{self.dialect.title} at {self.url} is {text}; {oldest} or newer is needed",
                code="IPAM-VERSION",
                hint=f"upgrade {self.dialect.title}; it is tested with {self.dialect.tried}",
            )
        return version

    # Reading

    def get(self, path: str, params: Params | None = None) -> Any:
        """Return the JSON of one answer."""
        return self._api.ask("GET", path, params)

    def options(self, path: str) -> Any:
        """Return what the API says of a list's fields and their choices."""
        return self._api.ask("OPTIONS", path)

    def count(self, path: str, params: Params | None = None) -> int:
        """Return the server's own count of a list."""
        page = self.get(path, {**(params or {}), "limit": 1, **dict(self.dialect.only_ids)})
        return self._results(path, page)[1]

    def listed(
        self, path: str, params: Params | None = None, *, page: int = 1000, progress: Progress = _silent
    ) -> Rows:
        """Return all rows of a list, sorted by id; raises UnusableAnswer when they can't be proved to be all.

        Args:
            params: Filters and what is to be shown; `fields` must have the id.
            page: How many rows to ask for at once; the server may give fewer.
            progress: Called with how many more rows there are.

        """
        filters = dict(params or {})
        field, by = self.dialect.order

        def ordered(offset: int) -> tuple[Rows, int]:
            asked = {**filters, field: by, "limit": page, "offset": offset}
            return self._results(path, self.get(path, asked))

        def from_id(start: int) -> Rows:
            # The count of a page by id is none, so the first page is asked for by offset.
            return list(self.get(path, {**filters, "limit": page, "start": start})["results"])

        def attempt(told: Progress) -> tuple[Rows, int]:
            first, expected = ordered(0)
            told(len(first))
            if self._has(self.dialect.cursor_since):
                return paging.by_id(first, from_id, expected, told), expected
            return paging.by_offset(first, lambda offset: ordered(offset)[0], expected, told), expected

        return paging.whole(
            f"{self.dialect.title} {path}", attempt, partial(self.count, path, params), progress
        )

    def among(self, path: str, field: str, values: Iterable[object], params: Params | None = None) -> Rows:
        """Return the rows whose field is one of some values, such as those with these ids.

        They are asked for in as many requests as their number needs.
        """
        rows: Rows = []
        for part in _parts(field, values):
            rows += self.listed(path, {**(params or {}), field: part})
        return rows

    def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the data of a query; raises UnusableAnswer when the server has errors to tell."""
        response = self._api.sender.send(
            "POST",
            self.dialect.graphql,
            json={"query": query, "variables": dict(variables or {})},
            patience=_GRAPHQL_PATIENCE,
        )
        answer = self._api.read(response, even=frozenset({400}))
        errors = answer.get("errors") if isinstance(answer, dict) else "no data"
        data = answer.get("data") if isinstance(answer, dict) else None
        if errors or not isinstance(data, dict):
            said = words_of(
                [each.get("message") if isinstance(each, dict) else each for each in errors or ()]
            )
            raise UnusableAnswer(
                f"{self.dialect.title}: GraphQL answered: {self._api.sender.without_token(said) or 'no data'}",
                code="IPAM-GRAPHQL",
                hint=f"this was tried with {self.dialect.title} {self.dialect.tried}; check the filters in `scope`",
            )
        return data

    def graphql_listed(
        self,
        build: Callable[[str], str],
        variables: Mapping[str, Any] | None = None,
        *,
        path: str,
        params: Params | None = None,
        page: int = 0,
        progress: Progress = _silent,
    ) -> Rows:
        """Return all rows of one list in GraphQL, proved against the count of the same list in REST.

        Args:
            build: Returns the query of a single list of objects with their `id`; it is given the arguments of the
                list that ask for one page, such as `pagination: {start: 0, limit: 1000}`.
            path: The list in REST.
            params: Its filters there, which mean the same as those in the query.
            page: How many rows to ask for at once; 0: as many as is good for this server.
            progress: Called with how many more rows there are.

        """
        limit = page or self.dialect.graphql_limit
        cursor = self._has(self.dialect.cursor_since)
        arguments = self.dialect.graphql_cursor if cursor else self.dialect.graphql_page

        def read(position: int) -> Rows:
            query = build(arguments.format(start=position, offset=position, limit=limit))
            (rows,) = self.graphql(query, variables).values()
            return list(rows)

        def attempt(told: Progress) -> tuple[Rows, int]:
            expected = self.count(path, params)
            follow = paging.by_id if cursor else paging.by_offset
            return follow([], read, expected, told), expected

        what = f"{self.dialect.title} GraphQL of {path}"
        return paging.whole(what, attempt, partial(self.count, path, params), progress)

    def wait(self, seconds: float = 180) -> None:
        """Wait until the server answers again; raises TargetError when it does not in that time."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.get("")
            except TargetError:
                if time.monotonic() > end:
                    raise
                time.sleep(1)
            else:
                return

    # Writing

    def create(self, path: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any] | ObjectRefused]:
        """Create objects; returns each as the server shows it, or why it was refused, in order.

        Raises:
            InDoubt: An answer was lost; what is known and what is not is in it.
            TargetError: Nothing was written.

        """
        return self._changing.create(path, rows)

    def update(
        self, path: str, rows: Sequence[Mapping[str, Any]], *, if_match: str | None = None
    ) -> list[dict[str, Any] | ObjectRefused]:
        """Change objects; rows have their `id` and what is to be changed. Otherwise like `create`.

        Args:
            if_match: Of a single row: its `last_updated` as it was read; when it has changed since, the row is
                refused (`IPAM-CHANGED`). Servers that have no such condition (`has_conditions`) ignore it.

        """
        if if_match is not None and self.has_conditions and len(rows) == 1:
            return [self._changing.update_if(path, rows[0], if_match)]
        return self._changing.update(path, rows)

    def delete(self, path: str, pks: Sequence[int | str]) -> list[ObjectRefused | None]:
        """Delete objects; returns None for each that is gone, or why it was refused, in order."""
        return self._changing.delete(path, [{"id": pk} for pk in pks])

    @property
    def has_conditions(self) -> bool:
        """Whether a single object can be changed on condition that nobody else has changed it."""
        return self._has(self.dialect.etag_since)

    def _there(self, path: str, rows: Sequence[Mapping[str, Any]]) -> set[str]:
        """Return the ids of those rows that are there."""
        found = self.among(path, "id", [row["id"] for row in rows], dict(self.dialect.only_ids))
        return {str(row["id"]) for row in found}

    def _results(self, path: str, page: object) -> tuple[Rows, int]:
        """Return the rows of a page of a list, and how many the whole list has."""
        rows = page.get("results") if isinstance(page, dict) else None
        count = page.get("count") if isinstance(page, dict) else None
        if not isinstance(rows, list) or not isinstance(count, int):
            raise UnusableAnswer(
                f"{self.dialect.title}: api/{path} answered with no list",
                code="IPAM-ANSWER",
                hint="check that `url` is where the server's start page is",
            )
        return rows, count

    def _is_ours(self, page: object) -> bool:
        """Tell by its start page whether an API is of our kind: only one of the two has GraphQL below it."""
        below = self.dialect.graphql.startswith("api/")
        return isinstance(page, dict) and "dcim" in page and ("graphql" in page) == below

    def _has(self, since: tuple[int, ...] | None) -> bool:
        return since is not None and self.version >= since


def _version(text: str) -> tuple[int, ...]:
    """Return `4.7` as (4, 7); empty when it is no version."""
    found = re.match(r"\d+(\.\d+)+", text)
    return tuple(map(int, found[0].split("."))) if found else ()


def _parts(field: str, values: Iterable[object]) -> Iterator[list[str]]:
    """Yield the values in parts that a query has room for."""
    part: list[str] = []
    room = _QUERY_LENGTH
    for value in map(str, values):
        room -= len(quote(value, safe="")) + len(field) + 2
        if part and room < 0:
            yield part
            part, room = [], _QUERY_LENGTH - len(value) - len(field) - 2
        part.append(value)
    if part:
        yield part
