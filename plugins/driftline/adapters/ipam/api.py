"""One request to an IPAM and what its answer means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .errors import failed, no_json, redirected, words_of
from .sending import Sender

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import httpx
    from pydantic import SecretStr

    from .dialects import Dialect
    from .options import IpamOptions


class Api:
    """Asks the interface of one server."""

    def __init__(
        self, url: httpx.URL, token: SecretStr, dialect: Dialect, options: IpamOptions, folder: Path
    ) -> None:
        self.dialect = dialect
        self.sender = Sender(
            dialect.title, url, token, dialect.scheme(token.get_secret_value()), options, folder
        )

    def ask(self, method: str, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the JSON of an answer; the path is below the API."""
        return self.read(self.sender.send(method, f"api/{path}", params=params))

    def read(self, response: httpx.Response, *, even: frozenset[int] = frozenset()) -> Any:
        """Return an answer's JSON; raises TargetError unless it is a success, or of one of the `even` statuses."""
        title = self.dialect.title
        if response.is_redirect:
            raise redirected(title, response)
        if not response.is_success and response.status_code not in even:
            raise failed(title, response, self.words(response))
        body = self.json(response)
        if body is None:
            raise no_json(title, response)
        return body

    def json(self, response: httpx.Response) -> Any:
        """Return an answer's JSON, an error's without our token should it repeat it; None: it has none."""
        try:
            if response.is_success:
                return response.json()
            return json.loads(self.sender.without_token(response.text))
        except ValueError:
            return None

    def words(self, response: httpx.Response) -> str:
        """Return what the server says is wrong."""
        return words_of(self.json(response))
