"""Real NetBox and Nautobot servers, one of each for all tests; every module starts with empty databases.

They are started by `make test-ipam` only. Where a program is missing that one needs, its tests are skipped, with the
reason; where one fails to start, they fail.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.ipam.servers import KINDS, Peers, Server, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need servers, so that they can be chosen or left out."""
    for item in items:
        if "peers" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.ipam)


@pytest.fixture(scope="session")
def peers() -> Iterator[Peers]:
    """What the servers stand on; everything that is started ends with it."""
    if "DRIFTLINE_TEST_IPAM" not in os.environ:
        pytest.skip("NetBox and Nautobot are started by `make test-ipam` only")
    with ExitStack() as ends:
        try:
            made = ends.enter_context(Peers())
        except UnavailableError as reason:
            pytest.skip(f"no servers here: {reason}")
        made.prepare()
        yield made


@pytest.fixture(scope="session")
def serve(peers: Peers) -> Callable[[str], Server]:
    """Start a kind of server when it is first asked for."""
    started: dict[str, Server] = {}

    def serve(kind: str) -> Server:
        if kind not in started:
            try:
                started[kind] = peers.serve(kind)
            except UnavailableError as reason:
                pytest.skip(f"no {kind} here: {reason}")
        return started[kind]

    return serve


@pytest.fixture(scope="module")
def netbox(serve: Callable[[str], Server]) -> Server:
    """A NetBox in which nothing is but its administrator; `reset` gives a test that again, or a seed."""
    return fresh(serve("netbox"))


@pytest.fixture(scope="module")
def nautobot(serve: Callable[[str], Server]) -> Server:
    """A Nautobot in which nothing is but its administrator; `reset` gives a test that again, or a seed."""
    return fresh(serve("nautobot"))


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, peers: Peers) -> Server:
    """Each kind of server in turn."""
    made: Server = request.getfixturevalue(request.param)
    return made


def fresh(server: Server) -> Server:
    """Give a server that an earlier module may have filled, or killed, a fresh database."""
    server.reset()
    server.start()
    return server
