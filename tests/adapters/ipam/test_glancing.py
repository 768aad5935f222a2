"""What tells that lists are still as they were read, and what becomes of a dataset when the server does not answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.ipam.server import TOKEN, Reply, Request, Server

from driftline.adapters.ipam.adapter import IpamAdapter
from driftline.adapters.ipam.cache import TableCache
from driftline.adapters.ipam.glancing import are_as_read
from driftline.adapters.ipam.kinds import Selection
from driftline.adapters.ipam.options import IpamOptions
from driftline.adapters.ipam.tables import Tables
from driftline.adapters.netbox import NETBOX
from driftline.adapters.netbox.reading import NetBoxSource
from driftline.engine.exceptions import TargetError

OURS = {"1": {"name": "ams"}, "2": {"name": "fra"}}
URL = "https://netbox.example.org"
SITE: dict[str, Any] = {
    "changed": "2026-11-21T12:00:00Z",
    "tags": [],
    "owner": None,
    "name": "ams",
    "status": "active",
}


@pytest.mark.parametrize(
    ("rows", "same"),
    [
        ([{"pk": "2", "name": "fra"}, {"pk": "1", "name": "ams"}], True),
        ([{"pk": "1", "name": "ams"}, {"pk": "2", "name": "ber"}], False),
        ([{"pk": "1"}], False),
        ([{"pk": "1"}, {"pk": "2"}, {"pk": "3"}], False),
        ([{"pk": "1"}, {"pk": "3"}], False),
        ([], False),
    ],
)
def test_rows_are_ours_or_not(rows: list[dict[str, Any]], *, same: bool) -> None:
    """No more, no fewer, no others, and what is told of each is as we have it."""
    assert are_as_read(rows, OURS) == same


@pytest.mark.parametrize(
    ("count", "newest", "stale"),
    [
        (1, "2026-11-21T12:00:00+00:00", set()),
        (0, "2026-11-21T12:00:00+00:00", {"site"}),
        (2, "2026-11-21T12:00:00+00:00", {"site"}),
        (1, "2026-11-21T12:00:01+00:00", {"site"}),
    ],
    ids=["as it was", "one less", "one more", "changed"],
)
def test_netbox_is_asked_for_lengths_and_for_what_was_changed_last(
    count: int, newest: str, stale: set[str]
) -> None:
    """A list of one site, in two requests for all lists."""

    def reply(request: Request) -> Reply:
        asked = re.findall(r"(\w+_list)\(", request.json["query"])
        if "gte" in request.json["query"]:
            rows = [{"id": "1", "last_updated": newest}]
        else:
            rows = [{"id": str(each)} for each in range(count)]
        return Reply({"data": {name: rows if name == "site_list" else [] for name in asked}})

    tables, options = Tables({"site": {"1": SITE}}), IpamOptions(url=URL)
    with Server(reply) as server, server.client() as client:
        glances = NetBoxSource().glances(client, Selection(options), tables)
        assert set().union(*(glance.changed() for glance in glances)) == stale
        assert len(server.requests) == 2


def test_a_load_that_fails_loads_nothing_of_what_was_kept(tmp_path: Path) -> None:
    """What is known is made objects of while the server is asked, and forgotten when it does not answer."""
    with Server(lambda _request: Reply({"detail": "no"}, 500)) as server:
        options = IpamOptions.model_validate({"url": server.url, "token": TOKEN, "retries": 0})
        TableCache("netbox", options, tmp_path).save(
            Tables({"site": {"1": SITE}}, seen="2026-11-21T12:00:00Z")
        )
        ipam = IpamAdapter(NETBOX, options, folder=Path(), state_dir=tmp_path)
        with pytest.raises(TargetError, match="500"):
            ipam.load()
        assert ipam.count() == 0
        ipam.close()
