"""Writes of which it is known what became of them, also when the server went away meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import Unreachable

from .answers import difference, identified
from .errors import InDoubt
from .in_doubt import MISSING, Patience, careful, when_back

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .client import Client
    from .fields import Endpoint
    from .in_doubt import LookUp, Send
    from .records import Values
    from .system import Pk

_LOOK_UP = 25
"""How many objects are looked up by one request."""
_GONE = 60
"""For how many seconds nothing is tried after a server has not come back: each object would be waited for in vain."""


class SureClient:
    """Writes through a client; returns an answer for each row, in order: also those errors that the client raises."""

    def __init__(self, client: Client, title: str, patience: Patience) -> None:
        self.client = client
        self.patience = patience
        self._title = title
        self._gone_until = 0.0

    def create(self, endpoint: Endpoint, rows: Sequence[Values]) -> list[Any]:
        """Make objects; those that were made although the answer was lost are found again by what identifies them."""
        return self._written(
            rows,
            lambda part: self.client.create(endpoint.written_at, part),
            lambda part: self._made(endpoint, part),
        )

    def update(self, endpoint: Endpoint, rows: Sequence[Values], condition: str | None = None) -> list[Any]:
        """Change objects; those that were changed although the answer was lost have what was sent."""
        return self._written(
            rows,
            lambda part: self.client.update(endpoint.written_at, part, if_match=condition),
            lambda part: self._changed(endpoint, part),
        )

    def delete(self, endpoint: Endpoint, pks: Sequence[Pk]) -> list[Any]:
        """Delete objects; None for each that is gone."""
        return self._written(
            [{"id": pk} for pk in pks],
            lambda part: self.client.delete(endpoint.path, [row["id"] for row in part]),
            lambda part: self._deleted(endpoint, part),
        )

    def when_back(self, look: Callable[[], Any]) -> Any:
        """Return what there is to see, once the server lets us; raises TargetError when it does not come back."""
        if time.monotonic() < self._gone_until:
            raise self._not_tried()
        try:
            return when_back(look, self.patience.returns)
        except Unreachable:
            self._gone_until = time.monotonic() + _GONE
            raise

    def _written(self, rows: Sequence[Values], send: Send, look_up: LookUp) -> list[Any]:
        if not rows:
            return []
        if time.monotonic() < self._gone_until:
            return [self._not_tried()] * len(rows)
        answers = careful(rows, send, look_up, self.patience)
        if any(isinstance(answer, Unreachable | InDoubt) for answer in answers):
            self._gone_until = time.monotonic() + _GONE
        return answers

    def _not_tried(self) -> Unreachable:
        return Unreachable(f"not tried: {self._title} has not come back", code="IPAM-UNREACHABLE")

    def _made(self, endpoint: Endpoint, rows: Sequence[Values]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(rows), _LOOK_UP):
            part = rows[start : start + _LOOK_UP]
            params = {
                which: sorted({str(row[name]) for row in part})
                for name, which in endpoint.identity.items()
                if which and all(row.get(name) is not None for row in part)
            }
            there = self.client.listed(endpoint.path, {**endpoint.shown, **params})
            found += [self._match(endpoint, row, there) for row in part]
        return found

    def _match(self, endpoint: Endpoint, sent: Values, there: Sequence[Values]) -> Any:
        for row in there:
            if identified(sent, row, endpoint.identity, endpoint.seen_as):
                return row
        return MISSING

    def _changed(self, endpoint: Endpoint, rows: Sequence[Values]) -> list[Any]:
        now = self._by_pk(endpoint, rows)
        sent = [{name: value for name, value in row.items() if name != "id"} for row in rows]
        return [
            MISSING if shown is None or difference(values, shown, endpoint.seen_as) else shown
            for shown, values in zip(now, sent, strict=True)
        ]

    def _deleted(self, endpoint: Endpoint, rows: Sequence[Values]) -> list[Any]:
        return [None if shown is None else MISSING for shown in self._by_pk(endpoint, rows)]

    def _by_pk(self, endpoint: Endpoint, rows: Sequence[Values]) -> list[Values | None]:
        pks = [row["id"] for row in rows]
        found = {row["id"]: row for row in self.client.among(endpoint.path, "id", pks, endpoint.shown)}
        return [found.get(pk) for pk in pks]
