"""Lists are whole or the load fails: whatever the server cuts, shifts or counts."""

from __future__ import annotations

import re

import pytest
from tests.adapters.ipam.server import Reply, Request, Server, Table

from driftline.adapters.ipam.dialects import NAUTOBOT, NETBOX, Dialect
from driftline.engine.exceptions import UnusableAnswer

BOTH = pytest.mark.parametrize("dialect", [NETBOX, NAUTOBOT], ids=["by id", "by offset"])


@BOTH
@pytest.mark.parametrize("number", [0, 1, 9, 10, 11, 20, 95])
def test_all_rows_are_read_whatever_their_number(dialect: Dialect, number: int) -> None:
    """A list that ends with a page, in the middle of one, and an empty one."""
    with Server(Table(number), dialect) as server, server.client() as client:
        assert [row["id"] for row in client.listed("dcim/devices/", page=10)] == list(range(1, number + 1))


@BOTH
def test_a_server_that_gives_shorter_pages_than_asked_for_loses_nothing(dialect: Dialect) -> None:
    """The administrator may have set a smaller maximum."""
    with Server(Table(95, most=7), dialect) as server, server.client() as client:
        assert len(client.listed("dcim/devices/", page=10)) == 95


def test_one_request_reads_a_list_of_one_page() -> None:
    """The count comes with the page, so it needs no request of its own."""
    with Server(Table(9)) as server, server.client() as client:
        client.listed("dcim/devices/", {"site": "ams"})
        assert [request.query["site"] for request in server.requests] == [["ams"]]


@pytest.mark.parametrize("deleted", [1, 10, 20])
def test_a_row_deleted_while_paging_by_offset_makes_it_begin_anew(deleted: int) -> None:
    """The rows after it move up, and the one between two pages would be lost."""
    table = Table(50)
    table.before_page = lambda page: table.ids.remove(deleted) if page == 3 else None
    with Server(table, NAUTOBOT) as server, server.client() as client:
        found = [row["id"] for row in client.listed("dcim/devices/", page=10)]
    assert found == table.ids
    assert len(found) == 49


def test_a_row_inserted_while_paging_by_offset_makes_it_begin_anew() -> None:
    """The rows after it move down, and one would come twice."""
    table = Table(50)
    table.before_page = lambda page: table.ids.insert(3, 1000) if page == 3 else None
    with Server(table, NAUTOBOT) as server, server.client() as client:
        assert [row["id"] for row in client.listed("dcim/devices/", page=10)] == table.ids


def test_a_row_deleted_while_paging_by_id_loses_no_other() -> None:
    """What was there all the time is there, without beginning anew."""
    table = Table(50)
    table.before_page = lambda page: table.ids.remove(45) if page == 3 else None
    with Server(table) as server, server.client() as client:
        assert [row["id"] for row in client.listed("dcim/devices/", page=10)] == table.ids
    assert table.pages == 6  # five, and one that is empty


def test_a_list_that_changes_all_the_time_fails() -> None:
    """A part is never taken for the whole."""
    table = Table(50)
    table.before_page = lambda page: table.ids.pop(0) if page > 1 else None
    with (
        Server(table, NAUTOBOT) as server,
        server.client() as client,
        pytest.raises(UnusableAnswer, match="moved between two pages") as caught,
    ):
        client.listed("dcim/devices/", page=10)
    assert caught.value.code == "IPAM-COUNT"


@BOTH
def test_a_list_that_ends_before_its_count_fails(dialect: Dialect) -> None:
    """The server counts 50 and gives 20, without a word."""
    table = Table(50)

    def cut(request: Request) -> Reply:
        reply = table(request)
        reply.body["results"] = [row for row in reply.body["results"] if row["id"] <= 20]
        return reply

    with (
        Server(cut, dialect) as server,
        server.client() as client,
        pytest.raises(UnusableAnswer, match="20 rows were read, but the server counts 50") as caught,
    ):
        client.listed("dcim/devices/", page=10)
    assert caught.value.code == "IPAM-COUNT"


def test_a_server_that_ignores_the_cursor_is_noticed() -> None:
    """It would give the same page for ever."""
    table = Table(50)

    def forgetful(request: Request) -> Reply:
        request.query.pop("start", None)
        return table(request)

    with (
        Server(forgetful) as server,
        server.client() as client,
        pytest.raises(UnusableAnswer, match="do not go on by id"),
    ):
        client.listed("dcim/devices/", page=10)


def test_progress_is_taken_back_when_a_list_is_read_anew() -> None:
    """What was told adds up to what was read."""
    table = Table(50)
    table.before_page = lambda page: table.ids.remove(1) if page == 3 else None
    told: list[int] = []
    with Server(table, NAUTOBOT) as server, server.client() as client:
        client.listed("dcim/devices/", page=10, progress=told.append)
    assert sum(told) == 49
    assert min(told) < 0


@pytest.mark.parametrize(("version", "by_id"), [("4.10", True), ("4.6", True), ("4.5", False)])
def test_older_netbox_is_paged_by_offset(version: str, *, by_id: bool) -> None:
    """It does not know the cursor, and would silently ignore it."""
    with Server(Table(50), version=version) as server, server.client() as client:
        assert len(client.listed("dcim/devices/", page=10)) == 50
        assert any("start" in request.query for request in server.requests) == by_id


def test_rows_among_many_ids_are_asked_for_in_short_requests() -> None:
    """A server closes the connection on a long one."""
    pks = [f"{number:08d}-aaaa-bbbb-cccc-0123456789ab" for number in range(120)]

    def among(request: Request) -> Reply:
        assert sum(len(pk) + 4 for pk in request.query["id"]) < 1600
        rows = [{"id": pk} for pk in request.query["id"]]
        return Reply({"count": len(rows), "results": rows})

    with Server(among, NAUTOBOT) as server, server.client() as client:
        assert [row["id"] for row in client.among("dcim/interfaces/", "id", pks)] == pks
        assert client.requests == 1 + 4  # the version, then 120 ids of 39 characters


class GraphQL:
    """One list in GraphQL that is cut at a number of rows, beside the same list in REST."""

    def __init__(self, number: int, *, most: int, missing: int = 0) -> None:
        self.table = Table(number)
        self.rows = [{"id": str(each)} for each in self.table.ids[: number - missing]]
        self.most = most

    def __call__(self, request: Request) -> Reply:
        if request.method == "GET":
            return self.table(request)
        asked = {name: int(value) for name, value in re.findall(r"(\w+): (\d+)", request.json["query"])}
        limit = min(asked["limit"], self.most)
        rows = [row for row in self.rows if int(row["id"]) >= asked.get("start", 0)]
        return Reply({"data": {"device_list": rows[asked.get("offset", 0) :][:limit]}})


def devices(page: str) -> str:
    return f"{{ device_list({page}) {{ id }} }}"


@BOTH
@pytest.mark.parametrize("most", [1000, 7])
def test_a_list_in_graphql_that_is_cut_without_a_word_is_read_whole(dialect: Dialect, most: int) -> None:
    """NetBox cuts at 1,000, or at what its administrator has set."""
    with (
        Server(GraphQL(2345 if most == 1000 else 50, most=most), dialect) as server,
        server.client() as client,
    ):
        rows = client.graphql_listed(devices, path="dcim/devices/")
    assert len(rows) == (2345 if most == 1000 else 50)


@BOTH
def test_a_list_in_graphql_that_has_fewer_rows_than_rest_counts_fails(dialect: Dialect) -> None:
    """It would read as deletion."""
    with (
        Server(GraphQL(50, most=1000, missing=1), dialect) as server,
        server.client() as client,
        pytest.raises(UnusableAnswer, match="49 rows were read, but the server counts 50") as caught,
    ):
        client.graphql_listed(devices, path="dcim/devices/")
    assert caught.value.code == "IPAM-COUNT"


@pytest.mark.parametrize("status", [200, 400])
def test_errors_in_graphql_are_told_in_the_servers_words(status: int) -> None:
    """Both systems have their own status for them."""
    reply = Reply({"data": None, "errors": [{"message": "Cannot query field 'x'"}]}, status)
    with (
        Server(lambda _request: reply) as server,
        server.client() as client,
        pytest.raises(UnusableAnswer, match="Cannot query field 'x'") as caught,
    ):
        client.graphql("{x}")
    assert caught.value.code == "IPAM-GRAPHQL"


def test_data_beside_errors_in_graphql_is_not_used() -> None:
    """It may lack what the errors are about."""
    reply = Reply({"data": {"device_list": []}, "errors": [{"message": "timeout"}]})
    with (
        Server(lambda _request: reply) as server,
        server.client() as client,
        pytest.raises(UnusableAnswer, match="timeout"),
    ):
        client.graphql("{device_list{id}}")
