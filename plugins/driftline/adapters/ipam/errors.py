"""What an IPAM's answers mean when they are no good ones, in driftline's own errors.

Codes: `IPAM-AUTH`, `IPAM-NOT-FOUND`, `IPAM-VERSION`, `IPAM-HTML`, `IPAM-REDIRECT`, `IPAM-RATE`, `IPAM-SERVER`,
`IPAM-ANSWER`, `IPAM-GRAPHQL`, `IPAM-TLS`, `IPAM-UNREACHABLE`, `IPAM-COUNT`, `IPAM-IN-DOUBT`; of single objects
`IPAM-REFUSED` and `IPAM-CHANGED`.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, Final

from driftline.engine.exceptions import (
    AuthenticationFailed,
    ObjectRefused,
    TargetError,
    Unreachable,
    UnusableAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import httpx

    Answer = dict[str, Any] | ObjectRefused | None
    """What became of a row: the object as the server shows it, why it was refused; None: gone, or not known."""

_LONGEST: Final = 300
"""How much of a server's own words is repeated; a page of HTML says nothing to anybody."""
_ACTIONS: Final = {"GET": "view", "OPTIONS": "view", "POST": "add", "PATCH": "change", "DELETE": "delete"}
_NO_FIELD: Final = frozenset({"__all__", "non_field_errors", "detail", "error", "errors"})
"""Where the servers put what is wrong with an object as a whole."""


class InDoubt(TargetError):
    """The answer to a write was lost: some of it may have been written, so look before it is sent again."""

    default_code = "IPAM-IN-DOUBT"
    default_hint = "look up what is there before anything is sent again"

    def __init__(
        self,
        message: str,
        *,
        path: str,
        rows: Sequence[Mapping[str, Any]],
        answers: Sequence[Answer],
        known: Sequence[bool],
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.path = path
        self.rows = tuple(rows)
        """Those that may or may not have been written; empty: what was sent is known, the rest was not sent."""
        self.answers = tuple(answers)
        """As the method would have returned them, of all the rows that it was given."""
        self.status = status
        """What the server answered, where it did: 500 and above; it may have written or not."""
        self.known = tuple(known)
        """Of each of these rows, whether its answer is known; the others are in doubt or were not sent."""


def unreachable(title: str, url: str, error: httpx.RequestError) -> Unreachable:
    """Return the error for a request that got no answer."""
    tls = _tls_reason(error)
    if tls is not None:
        return Unreachable(
            f"{title} at {url}: its certificate is not trusted: {tls}",
            code="IPAM-TLS",
            hint="name the authority's certificate in `ca_file`, or correct the host name in `url`",
        )
    reason = str(error) or type(error).__name__
    return Unreachable(
        f"{title} at {url} gave no answer: {reason}",
        code="IPAM-UNREACHABLE",
        hint="check `url`, the route, and that the server runs; raise `timeout` when it is slow",
    )


def _tls_reason(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return getattr(error, "verify_message", "") or error.reason or "TLS handshake failed"
        error = error.__cause__ or error.__context__
    return None


def is_tls(error: BaseException) -> bool:
    """Tell whether a request failed because the server's certificate or its TLS is not accepted."""
    return _tls_reason(error) is not None


def failed(title: str, response: httpx.Response, words: str) -> TargetError:
    """Return the error for an answer that is none of the good ones; `words` are the server's own."""
    status = response.status_code
    where = f"{title}: {response.request.method} {response.url.path} answered {status}"
    said = f"{where}: {words}" if words else where
    if status == 401 or (status == 403 and "token" in words.casefold()):  # noqa: PLR2004 - HTTP
        return AuthenticationFailed(
            said, code="IPAM-AUTH", hint="check the token: whether it is whole, enabled and not expired"
        )
    if status == 403:  # noqa: PLR2004 - HTTP
        return AuthenticationFailed(said, code="IPAM-AUTH", hint=_permission(response))
    if status == 404:  # noqa: PLR2004 - HTTP
        return UnusableAnswer(
            said,
            code="IPAM-NOT-FOUND",
            hint=f"check that `url` is where {title} is, with its sub-path if it has one",
        )
    if status == 429:  # noqa: PLR2004 - HTTP
        return UnusableAnswer(said, code="IPAM-RATE", hint="lower `requests_per_second` and try again later")
    if status >= 500:  # noqa: PLR2004 - HTTP
        return UnusableAnswer(
            said, code="IPAM-SERVER", hint="look at the server's log; what was read so far is not used"
        )
    return UnusableAnswer(
        said, code="IPAM-ANSWER", hint="check the settings of this source against the message"
    )


def _permission(response: httpx.Response) -> str:
    """Return which permission is missing."""
    path = response.url.path
    __, __, object_type = path.partition("/api/")
    action = _ACTIONS.get(response.request.method, "use")
    return f"give the token's user the permission to {action} {(object_type or path).strip('/')}"


def redirected(title: str, response: httpx.Response) -> UnusableAnswer:
    """Return the error for an answer that sends us elsewhere; a token is shown to nobody else."""
    target = response.headers.get("location", "").partition("?")[0]
    return UnusableAnswer(
        f"{title}: {response.url} redirects to {target or 'nowhere'}",
        code="IPAM-REDIRECT",
        hint="set `url` to the server's own address; redirects are not followed, because the token would go along",
    )


def no_json(title: str, response: httpx.Response) -> UnusableAnswer:
    """Return the error for an answer that is a web page, or nothing that can be read."""
    page = "html" in response.headers.get("content-type", "").casefold()
    what = "a web page" if page else "something other than JSON"
    return UnusableAnswer(
        f"{title}: {response.url} answered with {what}",
        code="IPAM-HTML",
        hint="this is a login page or a wrong address: set `url` to where the server's start page is",
    )


def refused(words: str, *, code: str = "IPAM-REFUSED") -> ObjectRefused:
    """Return the error for one object that the server does not take."""
    hints = {
        "IPAM-CHANGED": "read the IPAM again and make a new plan",
        "IPAM-REFUSED": "correct the object as the server says",
    }
    return ObjectRefused(words, code=code, hint=hints[code])


def words_of(body: object) -> str:
    """Return what a server's JSON says is wrong, on one line: `name: This field is required.; …`."""
    return "; ".join(dict.fromkeys(_said(body, "")))[:_LONGEST]


def _said(value: object, field: str) -> Iterator[str]:
    """Yield every message in a server's answer, with the field that it is about."""
    if isinstance(value, dict):
        for name, below in value.items():
            inner = field if name in _NO_FIELD else f"{field}.{name}" if field else str(name)
            yield from _said(below, inner)
    elif isinstance(value, list):
        for below in value:
            yield from _said(below, field)
    elif value not in (None, ""):
        yield f"{field}: {value}" if field else str(value)
