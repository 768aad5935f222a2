"""What is tried again and what is not, how fast, and what a user is told when it fails."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import stamina
from tests.adapters.ipam.server import LOST, Reply, Request, Server

from driftline.adapters.ipam.dialects import NAUTOBOT, NETBOX
from driftline.adapters.ipam.sending import Pace
from driftline.engine.exceptions import (
    AuthenticationFailed,
    SettingsError,
    TargetError,
    Unreachable,
    UnusableAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LIST = {"count": 1, "results": [{"id": 1}]}


@pytest.fixture(autouse=True)
def hurry() -> Iterator[None]:
    """Try again at once, but not more often than the settings say."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


class Sometimes:
    """Gives some replies first, and then a good one."""

    def __init__(self, *replies: Reply, then: Any = LIST) -> None:
        self.replies = list(replies)
        self.then = then

    def __call__(self, _request: Request) -> Reply:
        return self.replies.pop(0) if self.replies else Reply(self.then)


@pytest.mark.parametrize(
    "reply",
    [
        LOST,
        Reply(LIST, cut=5),
        Reply("<h1>Bad Gateway</h1>", 502),
        Reply({}, 503),
        Reply({}, 504),
        Reply({}, 429),
    ],
    ids=["reset", "reset in the middle", "502", "503", "504", "429"],
)
def test_a_read_that_fails_on_the_way_is_tried_again(reply: Reply) -> None:
    """Servers restart, and proxies answer for them."""
    with Server(Sometimes(reply, reply)) as server, server.client() as client:
        assert client.listed("dcim/devices/") == [{"id": 1}]
        assert client.requests == 1 + 3


def test_a_read_in_graphql_is_tried_again() -> None:
    """It is a POST, but changes nothing."""
    with Server(Sometimes(LOST, then={"data": {"a": 1}})) as server, server.client() as client:
        assert client.graphql("{a}") == {"a": 1}


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (LOST, Unreachable, "IPAM-UNREACHABLE"),
        (Reply({}, 429), UnusableAnswer, "IPAM-RATE"),
        (Reply({}, 503), UnusableAnswer, "IPAM-SERVER"),
    ],
    ids=["reset", "429", "503"],
)
def test_a_read_that_fails_for_good_ends_after_the_retries(
    reply: Reply, error: type[TargetError], code: str
) -> None:
    """The settings say how many."""
    with Server(lambda _request: reply) as server, server.client(retries=2) as client:
        with pytest.raises(error) as caught:
            client.get("dcim/devices/")
        assert len(server.requests) == 3
    assert caught.value.code == code


def test_an_error_of_the_server_in_the_middle_of_a_list_fails_it() -> None:
    """The pages before it are not used, and the place and the server's words are told."""
    page = {"count": 3000, "results": [{"id": each} for each in range(1, 1001)]}
    with Server(Sometimes(Reply(page), then=None)) as server, server.client() as client:
        server._handle = Sometimes(Reply(page), Reply({"error": "out of memory"}, 500))
        with pytest.raises(
            UnusableAnswer, match=r"GET /api/dcim/devices/ answered 500: out of memory"
        ) as caught:
            client.listed("dcim/devices/")
    assert caught.value.code == "IPAM-SERVER"


def test_the_time_that_a_busy_server_asks_for_is_kept() -> None:
    """Sooner would only make it busier."""
    with (
        stamina.set_testing(False),
        Server(Sometimes(Reply({}, 429, {"Retry-After": "1"}))) as server,
        server.client() as client,
    ):
        start = time.monotonic()
        client.get("dcim/devices/")
    assert 1 <= time.monotonic() - start < 5


def test_a_server_that_asks_for_too_much_patience_is_not_waited_for() -> None:
    """An hour is as good as a refusal."""
    reply = Reply({}, 429, {"Retry-After": "3600"})
    with Server(lambda _request: reply) as server, server.client() as client:
        with pytest.raises(UnusableAnswer) as caught:
            client.get("dcim/devices/")
        assert len(server.requests) == 1
    assert caught.value.code == "IPAM-RATE"


@pytest.mark.parametrize(
    ("reply", "error", "code", "told"),
    [
        (Reply({"detail": "Invalid v2 token"}, 403), AuthenticationFailed, "IPAM-AUTH", "check the token"),
        (Reply({"detail": "Token expired"}, 401), AuthenticationFailed, "IPAM-AUTH", "check the token"),
        (
            Reply({"detail": "You do not have permission."}, 403),
            AuthenticationFailed,
            "IPAM-AUTH",
            "permission to view dcim/devices",
        ),
        (Reply("<h1>Not Found</h1>", 404), UnusableAnswer, "IPAM-NOT-FOUND", "sub-path"),
        (Reply("<html>Please log in</html>"), UnusableAnswer, "IPAM-HTML", "login page"),
        (Reply("what"), UnusableAnswer, "IPAM-HTML", "wrong address"),
        (Reply([1, 2]), UnusableAnswer, "IPAM-ANSWER", "start page"),
        (Reply({"name": ["Unknown filter field"]}, 400), UnusableAnswer, "IPAM-ANSWER", "settings"),
    ],
    ids=["bad token", "expired", "no permission", "404", "html", "no json", "no list", "bad filter"],
)
def test_an_answer_that_is_no_good_is_explained(
    reply: Reply, error: type[TargetError], code: str, told: str
) -> None:
    """Every error has a code, names what was asked, and says what to try."""
    with Server(lambda _request: reply) as server, server.client() as client:
        with pytest.raises(error, match="dcim/devices/") as caught:
            client.count("dcim/devices/")
        assert len(server.requests) == 1
    assert (caught.value.code, told in caught.value.hint) == (code, True)


def test_redirects_are_not_followed() -> None:
    """The token would be shown to whoever is there."""
    with Server(lambda _request: Reply(LIST)) as elsewhere:
        away = Reply("", 302, {"Location": f"{elsewhere.url}/login/?next=secret"})
        with (
            Server(lambda _request: away) as server,
            server.client() as client,
            pytest.raises(UnusableAnswer, match=r"redirects to .*/login/$") as caught,
        ):
            client.get("dcim/devices/")
        assert elsewhere.requests == []
    assert caught.value.code == "IPAM-REDIRECT"


@pytest.mark.parametrize(
    ("dialect", "version", "told"),
    [(NETBOX, "4.2", "4.3 or newer is needed"), (NAUTOBOT, "1.6", "2.4 or newer is needed")],
)
def test_a_version_that_is_too_old_is_refused(dialect: Any, version: str, told: str) -> None:
    """Before anything is read."""
    with (
        Server(lambda _request: Reply(LIST), dialect, version=version) as server,
        pytest.raises(UnusableAnswer, match=told) as caught,
        server.client(),
    ):
        pass
    assert caught.value.code == "IPAM-VERSION"


def test_another_kind_of_ipam_is_noticed() -> None:
    """Only Nautobot has GraphQL below its API."""
    with Server(lambda _request: Reply(LIST), NAUTOBOT) as server:
        server_of_other_kind = server.client()
        server_of_other_kind._api.dialect = server_of_other_kind.dialect = NETBOX
        with pytest.raises(UnusableAnswer, match="is no NetBox"), server_of_other_kind:
            pass


def test_a_server_that_is_not_there_is_unreachable() -> None:
    """Nothing listens on the port any more."""
    with Server(lambda _request: Reply(LIST)) as server:
        client = server.client(retries=1)
    with pytest.raises(Unreachable, match="refused") as caught, client:
        pass
    assert caught.value.code == "IPAM-UNREACHABLE"


@pytest.mark.parametrize("path", ["", "/", "/netbox", "/netbox/", "/netbox/api/"])
def test_a_server_below_a_path_is_found(path: str) -> None:
    """Behind a proxy; the slash at the end, and `api`, may be written or not."""
    with Server(lambda _request: Reply(LIST)) as server, server.client(url=server.url + path) as client:
        client.get("dcim/devices/")
        below = path.removesuffix("/").removesuffix("/api")
        assert [request.path for request in server.requests] == [f"{below}/api/dcim/devices/"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://netbox.example.org", "unencrypted"),
        ("http://192.0.2.1:8000", "unencrypted"),
        ("http://127.0.0.1.example.org", "unencrypted"),
        ("http://[2001:db8::1]/", "unencrypted"),
        ("https://user:hunter2@netbox.example.org", "more than an address"),
        ("https://netbox.example.org/?token=hunter2", "more than an address"),
        ("netbox.example.org", "https://"),
        ("ftp://netbox.example.org", "https://"),
        ("", "https://"),
        ("https://netbox:example", "no address"),
    ],
)
def test_an_address_that_no_token_may_be_sent_to_is_refused(url: str, told: str) -> None:
    """Before anything is sent; a password in it is not repeated."""
    with Server(lambda _request: Reply(LIST)) as server, pytest.raises(SettingsError) as caught:
        server.client(url=url)
    assert told in f"{caught.value} {caught.value.hint}"
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.3.2.1:1", "http://[::1]:1", "https://x.example"]
)
def test_this_machine_itself_may_be_asked_without_encryption(url: str) -> None:
    """As with a server that is tried, or a tunnel."""
    with Server(lambda _request: Reply(LIST)) as server:
        server.client(url=url).close()


def test_a_proxy_does_not_get_what_is_sent_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would see the token, unencrypted."""
    with Server(lambda _request: Reply(LIST)) as proxy, Server(lambda _request: Reply(LIST)) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        with server.client() as client:
            client.get("dcim/devices/")
        assert (len(proxy.requests), len(server.requests)) == (0, 1)


def test_requests_are_counted_across_threads_and_share_the_connections() -> None:
    """The settings say how many are under way at once."""
    under_way, most, lock = 0, 0, threading.Lock()

    def slow(_request: Request) -> Reply:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with lock:
            under_way -= 1
        return Reply(LIST)

    with Server(slow) as server, server.client(connections=3) as client:
        threads = [threading.Thread(target=client.get, args=("dcim/devices/",)) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert client.requests == 1 + 30
    assert most <= 3


def test_requests_are_no_faster_than_the_settings_say() -> None:
    """Twenty in a second: eleven take at least half a second, whichever thread they come from."""
    pace = Pace(20)
    start = time.monotonic()
    threads = [threading.Thread(target=pace.wait) for _ in range(11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.5 <= time.monotonic() - start < 2


def test_the_rate_holds_for_a_client() -> None:
    """The version is the first request, six follow."""
    with Server(lambda _request: Reply(LIST)) as server:
        start = time.monotonic()
        with server.client(requests_per_second=20) as client:
            for _ in range(6):
                client.get("dcim/devices/")
    assert time.monotonic() - start >= 0.3
