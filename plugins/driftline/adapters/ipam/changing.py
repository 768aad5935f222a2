"""The requests that change an IPAM: sent once, unless it does no harm that the server gets them twice."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import httpx

from . import bulk
from .errors import InDoubt, refused
from .sending import LostAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from driftline.engine.exceptions import ObjectRefused

    from .api import Api
    from .errors import Answer
    from .options import Writing

    Row = Mapping[str, Any]
    Rows = Sequence[Row]

_SERVER_ERROR: Final = 500
_REFUSALS: Final = frozenset({httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND, httpx.codes.CONFLICT})


class Changing:
    """Creates, changes and deletes objects in bulk."""

    def __init__(self, api: Api, writing: Writing, there: Callable[[str, Rows], set[str]]) -> None:
        """Nothing is sent yet; `there` returns the ids of those rows of a list that are there."""
        self._api = api
        self._isolate = writing.on_bad_row == "isolate"
        self._batch_size = writing.batch_size
        self._there = there

    def create(self, path: str, rows: Rows) -> list[Any]:
        """Return each object as the server shows it, or why it was refused."""
        return self._bulk("POST", path, rows, partial(bulk.in_order, path))

    def update(self, path: str, rows: Rows) -> list[Any]:
        """Return each object as the server shows it, or why it was refused."""
        return self._bulk("PATCH", path, rows, partial(bulk.by_pk, path))

    def delete(self, path: str, rows: Rows) -> list[Any]:
        """Return None for each object that is gone, or why it was refused."""
        answers = self._bulk("DELETE", path, rows, partial(self._deleted, path))
        if not self._api.dialect.counts_dependents or not self._isolate:
            return answers
        return [self._alone(path, row) if answer else None for row, answer in zip(rows, answers, strict=True)]

    def update_if(self, path: str, row: Row, changed: str) -> dict[str, Any] | ObjectRefused:
        """Change one object, on condition that it was changed last when we think."""
        values = {name: value for name, value in row.items() if name != "id"}
        headers = {"If-Match": _etag(changed)}
        try:
            response = self._api.sender.send(
                "PATCH", _one(path, row), json=values, headers=headers, repeatable=False
            )
            self._lost_if_failed(response)
        except LostAnswer as lost:
            what = f"{path}: the answer to a write of one row was lost: {lost}"
            raise InDoubt(
                what, path=path, rows=[row], answers=[None], known=[False], status=lost.status
            ) from lost
        if response.status_code == httpx.codes.PRECONDITION_FAILED:
            return refused("somebody else has changed it since it was read", code="IPAM-CHANGED")
        if response.status_code in _REFUSALS:
            return refused(self._reason(response))
        shown: dict[str, Any] = self._api.read(response)
        return shown

    def _bulk(self, method: str, path: str, rows: Rows, take: bulk.Take) -> list[Any]:
        writing = bulk.Bulk(
            path,
            rows,
            send=partial(self._send, method, path),
            take=take,
            there=partial(self._there, path) if method == "DELETE" else None,
            isolate=self._isolate,
        )
        return writing.run(self._batch_size)

    def _send(self, method: str, path: str, rows: Rows) -> bulk.Said:
        """Send rows; returns an answer that is a success, or says something about rows; raises on any other."""
        # What is deleted twice is deleted; anything else that is sent twice may be there twice.
        deleting = method == "DELETE"
        response = self._api.sender.send(
            method, f"api/{path}", json=list(rows), repeatable=deleting, patience=len(rows)
        )
        if not deleting:
            self._lost_if_failed(response)
        if response.status_code == httpx.codes.NO_CONTENT:
            return bulk.Said(accepted=True, body=None, words="")
        body = self._api.json(response)
        if response.is_success or not bulk.is_about_rows(response.status_code, body, rows):
            body = self._api.read(response)
        return bulk.Said(accepted=response.is_success, body=body, words=self._reason(response))

    def _lost_if_failed(self, response: httpx.Response) -> None:
        """Raise LostAnswer when a server failed: whether before or after it wrote, it does not say."""
        if response.status_code >= _SERVER_ERROR:
            raise LostAnswer(self._reason(response), response.status_code)

    def _reason(self, response: httpx.Response) -> str:
        return self._api.words(response) or f"the server answered {response.status_code}"

    def _deleted(self, path: str, rows: Rows, _answer: object) -> list[Answer]:
        """Return what became of rows that the server says it has deleted; it may have left some out silently."""
        left = set() if self._api.dialect.tells_missing else self._there(path, rows)
        return [refused("this token may not delete it") if str(row["id"]) in left else None for row in rows]

    def _alone(self, path: str, row: Row) -> ObjectRefused | None:
        """Delete by itself what was refused in bulk: then the server names what depends on it."""
        response = self._api.sender.send("DELETE", _one(path, row))
        if response.is_success or response.status_code == httpx.codes.NOT_FOUND:
            return None
        return refused(self._reason(response))


def _one(path: str, row: Row) -> str:
    """Return the path of one object of a list."""
    return f"api/{path.partition('?')[0]}{row['id']}/"


def _etag(changed: str) -> str:
    """Return the ETag of an object that was changed last at a time: the API itself writes that time otherwise."""
    return f'W/"{datetime.fromisoformat(changed).astimezone(UTC).isoformat()}"'
