"""Requests on their way: a pool of connections, how fast and how often they are sent, what is tried again."""

from __future__ import annotations

import threading
import time
import weakref
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import httpx
import stamina

from .address import is_loopback, tls_context
from .errors import is_tls, unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import SecretStr

    from .options import IpamOptions

_BUSY: Final = 429
_PASSING: Final = frozenset({502, 503, 504})
"""What a proxy answers while the server behind it starts again."""
_LONGEST_WAIT: Final = 120.0
"""For how many seconds a server may ask us to wait before that counts as a refusal."""
_CONNECTING: Final = 10.0
"""The most seconds for getting a connection, however long the answer may take."""
_IDLE: Final = 1.5
"""After how many idle seconds a connection is given up: gunicorn closes them after two, and a request that is
sent at that moment is lost."""
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout)
"""What failed before anything was sent, so that even a write can be tried again."""


class LostAnswer(Exception):
    """A write was sent, and there was no answer, or one that does not say whether it was done."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class _TryAgain(Exception):
    """An answer that may be another one next time; `wait`: the seconds that the server asked for."""

    def __init__(self, response: httpx.Response, wait: float | None) -> None:
        super().__init__(f"answered {response.status_code}")
        self.response = response
        self.wait = wait


class Pace:
    """Lets so many requests pass in a second, evenly, whichever thread they come from."""

    def __init__(self, per_second: float) -> None:
        self._between = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for this request's turn."""
        if not self._between:
            return
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._between
        time.sleep(max(0.0, turn - time.monotonic()))


class Sender:
    """Sends requests to one server with one token; may be used by several threads at once."""

    def __init__(
        self, title: str, url: httpx.URL, token: SecretStr, scheme: str, options: IpamOptions, folder: Path
    ) -> None:
        self.title = title
        self.url = url
        self.requests = 0
        self._token = token
        self._options = options
        self._pace = Pace(options.requests_per_second)
        self._lock = threading.Lock()
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"{scheme} {token.get_secret_value()}", "Accept": "application/json"},
            verify=tls_context(folder / options.ca_file if options.ca_file else None),
            limits=httpx.Limits(
                max_connections=options.connections,
                max_keepalive_connections=options.connections,
                keepalive_expiry=_IDLE,
            ),
            # A proxy from the environment would get to see what is sent unencrypted to this machine.
            trust_env=not is_loopback(url.host),
            follow_redirects=False,
        )
        self.close = weakref.finalize(self, self._http.close)
        """Close all connections; done at the latest when nobody needs this any more."""

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
        patience: float = 0,
    ) -> httpx.Response:
        """Return the server's answer, of whatever status.

        Args:
            path: Below the server's address.
            repeatable: Whether it does no harm when the server gets the request twice.
            patience: How many seconds longer than usual the answer may take.

        Raises:
            Unreachable: There was none, and nothing was written.
            LostAnswer: The request was sent, is not repeatable, and the answer was lost.

        """
        timeout = httpx.Timeout(
            self._options.timeout + patience, connect=min(self._options.timeout, _CONNECTING), pool=None
        )
        request = self._http.build_request(
            method, path, params=params, json=json, headers=headers, timeout=timeout
        )
        try:
            return self._with_retries(request, repeatable=repeatable)
        except _TryAgain as last:
            return last.response
        except httpx.RequestError as error:
            request.headers.pop("Authorization", None)  # the error holds the request
            if repeatable or isinstance(error, _NOT_SENT):
                raise unreachable(self.title, str(self.url), error) from error
            raise LostAnswer(str(error) or type(error).__name__) from error

    def without_token(self, text: str) -> str:
        """Return a server's words without our token, should it repeat it."""
        return text.replace(self._token.get_secret_value(), "…")

    def _with_retries(self, request: httpx.Request, *, repeatable: bool) -> httpx.Response:
        def again(error: Exception) -> bool | float:
            if isinstance(error, _TryAgain):
                return True if error.wait is None else error.wait
            return repeatable or isinstance(error, _NOT_SENT)

        def worth_it(error: Exception) -> bool | float:
            return isinstance(error, httpx.TransportError | _TryAgain) and not is_tls(error) and again(error)

        for attempt in stamina.retry_context(
            on=worth_it,
            attempts=self._options.retries + 1,
            timeout=None,
            wait_initial=0.5,
            wait_max=15,
        ):
            with attempt:
                return self._once(request, repeatable=repeatable)
        raise AssertionError("there is at least one attempt")  # pragma: no cover

    def _once(self, request: httpx.Request, *, repeatable: bool) -> httpx.Response:
        self._pace.wait()
        with self._lock:
            self.requests += 1
        response = self._http.send(request)
        wait = _asked_to_wait(response)
        if response.status_code == _BUSY and (wait or 0) <= _LONGEST_WAIT:
            raise _TryAgain(response, wait)
        if response.status_code in _PASSING and repeatable:
            raise _TryAgain(response, min(wait, _LONGEST_WAIT) if wait is not None else None)
        return response


def _asked_to_wait(response: httpx.Response) -> float | None:
    """Return how many seconds a server asks to wait, if it does: it says so as a number or as a date."""
    value = response.headers.get("retry-after", "")
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
