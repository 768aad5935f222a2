"""Bulk writes: one bad row spoils no other, and what became of every row is known, or known to be unknown."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import stamina
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.ipam.server import LOST, Reply, Request, Server

from driftline.adapters.ipam.dialects import NAUTOBOT, NETBOX, Dialect
from driftline.adapters.ipam.errors import InDoubt
from driftline.engine.exceptions import AuthenticationFailed, ObjectRefused, Unreachable, UnusableAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BOTH = pytest.mark.parametrize("dialect", [NETBOX, NAUTOBOT], ids=["NetBox", "Nautobot"])


@pytest.fixture(autouse=True)
def hurry() -> Iterator[None]:
    """Try again at once."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


class Ipam:
    """A list that takes bulk writes whole or not at all, and names bad rows as the real systems do.

    Rows named `bad…` are refused. NetBox names the rows; Nautobot gives a list when it creates, and otherwise only
    the error of the first.
    """

    def __init__(self, dialect: Dialect, rows: int = 0) -> None:
        self.dialect = dialect
        self.rows: dict[str, dict[str, Any]] = {
            str(pk): {"id": pk, "name": f"d{pk}"} for pk in range(1, rows + 1)
        }
        self.kept: set[str] = set()
        """Those that something depends on, or that this token may not delete."""
        self.asked: list[tuple[str, int]] = []

    def __call__(self, request: Request) -> Reply:
        if request.method == "GET":
            pks = request.query["id"]
            return Reply(
                {"count": len(found := self._found(pks)), "results": found[: request.number("limit")]}
            )
        rows = request.json
        if request.method == "DELETE" and rows is None:
            return self._delete_one(request.path.strip("/").rpartition("/")[2])
        self.asked.append((request.method, len(rows)))
        return {"POST": self._create, "PATCH": self._change, "DELETE": self._delete}[request.method](rows)

    def _found(self, pks: Sequence[str]) -> list[dict[str, Any]]:
        return [self.rows[pk] for pk in pks if pk in self.rows]

    def _create(self, rows: list[dict[str, Any]]) -> Reply:
        errors = {place: {"name": ["Bad name."]} for place, row in enumerate(rows) if "bad" in row["name"]}
        if errors and self.dialect is NETBOX:
            named = [{"index": place, "errors": error} for place, error in errors.items()]
            return Reply({"detail": "failed", "errors": named}, 400)
        if errors:
            return Reply([errors.get(place, {}) for place in range(len(rows))], 400)
        first = len(self.rows) + 1
        made = [{"id": first + place, **row} for place, row in enumerate(rows)]
        self.rows |= {str(row["id"]): row for row in made}
        return Reply(made, 201)

    def _change(self, rows: list[dict[str, Any]]) -> Reply:
        bad = [row for row in rows if "bad" in row["name"]]
        if bad and self.dialect is NETBOX:
            named = [{"id": row["id"], "errors": {"name": ["Bad name."]}} for row in bad]
            return Reply({"detail": "failed", "errors": named}, 400)
        if bad:
            return Reply({"name": ["Bad name."]}, 400)
        for row in rows:
            if str(row["id"]) in self.rows:
                self.rows[str(row["id"])].update(row)
        return Reply(list(reversed(self._found([str(row["id"]) for row in rows]))))

    def _delete(self, rows: list[dict[str, Any]]) -> Reply:
        pks = [str(row["id"]) for row in rows]
        errors = [
            {
                "id": int(pk),
                "errors": {"__all__": ["1 dependent object(s)"]} if pk in self.rows else {"id": ["gone"]},
            }
            for pk in pks
            if pk in self.kept or pk not in self.rows
        ]
        if self.dialect is NETBOX and errors:
            return Reply({"detail": "failed", "errors": errors}, 409)
        if self.kept & set(pks):
            return Reply({"detail": "1 dependent objects were found: ams-leaf1 (5)"}, 409)
        for pk in pks:
            self.rows.pop(pk, None)
        return Reply(None, 204)

    def _delete_one(self, pk: str) -> Reply:
        return Reply(
            {"detail": "1 dependent objects were found: ams-leaf1 (5)"}, 409 if pk in self.kept else 204
        )


def named(*names: str) -> list[dict[str, Any]]:
    return [{"name": name} for name in names]


def said(answers: Sequence[dict[str, Any] | ObjectRefused | None]) -> list[Any]:
    """Return names of what was written, and messages of what was refused."""
    return [each["name"] if isinstance(each, dict) else each and each.message for each in answers]


@BOTH
def test_objects_are_created_in_order_and_in_batches(dialect: Dialect) -> None:
    """The settings say how many go into one request."""
    ipam = Ipam(dialect)
    with Server(ipam, dialect) as server, server.client(write={"batch_size": 2}) as client:
        assert said(client.create("dcim/devices/", named("a", "b", "c", "d", "e"))) == [
            "a",
            "b",
            "c",
            "d",
            "e",
        ]
    assert ipam.asked == [("POST", 2), ("POST", 2), ("POST", 1)]


@BOTH
def test_nothing_to_write_is_no_request(dialect: Dialect) -> None:
    """An empty list would be refused."""
    with Server(Ipam(dialect), dialect) as server, server.client() as client:
        assert client.create("x/", []) == client.update("x/", []) == client.delete("x/", []) == []
        assert server.requests == []


@BOTH
@given(bad=st.lists(st.booleans(), max_size=12))
@settings(max_examples=12, deadline=None)
def test_exactly_the_bad_rows_are_refused_when_created_and_changed(dialect: Dialect, bad: list[bool]) -> None:
    """Whichever they are, and in few requests."""
    rows = [{"id": place + 1, "name": "bad" if each else f"n{place}"} for place, each in enumerate(bad)]
    expected = ["name: Bad name." if each else f"n{place}" for place, each in enumerate(bad)]
    ipam = Ipam(dialect, rows=len(rows))
    with Server(ipam, dialect) as server, server.client() as client:
        assert said(client.create("dcim/devices/", named(*(row["name"] for row in rows)))) == expected
        assert said(client.update("dcim/devices/", rows)) == expected
    assert len([each for each in ipam.rows.values() if each["name"] == "bad"]) == 0


def test_one_bad_row_of_a_hundred_costs_few_requests() -> None:
    """Where the server names it, two; where it does not, two for each of the seven halvings."""
    rows = [{"id": pk, "name": "bad" if pk == 37 else "n"} for pk in range(1, 101)]
    for dialect, most in ((NETBOX, 2), (NAUTOBOT, 15)):
        ipam = Ipam(dialect, rows=100)
        with Server(ipam, dialect) as server, server.client() as client:
            answers = client.update("dcim/devices/", rows)
        refused = [place for place, each in enumerate(answers) if isinstance(each, ObjectRefused)]
        assert (refused, answers[36].code) == ([36], "IPAM-REFUSED")  # type: ignore[union-attr]
        assert len(ipam.asked) <= most


@BOTH
def test_none_is_written_when_the_settings_say_so(dialect: Dialect) -> None:
    """The culprit has its reason, and the others name it."""
    ipam = Ipam(dialect)
    with Server(ipam, dialect) as server, server.client(write={"on_bad_row": "refuse"}) as client:
        answers = client.create("dcim/devices/", named("a", "bad", "c"))
    because = "not written because of row 2 of its request: name: Bad name."
    assert said(answers) == [because, "name: Bad name.", because]
    assert (ipam.rows, len(ipam.asked)) == ({}, 1)


def test_none_is_changed_when_the_server_does_not_say_which_row_is_bad() -> None:
    """To find it would be to write the others."""
    ipam = Ipam(NAUTOBOT, rows=3)
    with Server(ipam, NAUTOBOT) as server, server.client(write={"on_bad_row": "refuse"}) as client:
        answers = client.update("dcim/devices/", [{"id": 1, "name": "bad"}, {"id": 2, "name": "x"}])
    assert (
        said(answers)
        == ["not written: the server refuses one of the 2 rows of its request: name: Bad name."] * 2
    )
    assert ipam.rows["2"]["name"] == "d2"


@BOTH
def test_changes_are_matched_to_their_rows_whatever_the_servers_order(dialect: Dialect) -> None:
    """It answers sorted by something of its own."""
    with Server(Ipam(dialect, rows=3), dialect) as server, server.client() as client:
        answers = client.update("dcim/devices/", [{"id": 2, "name": "b"}, {"id": 1, "name": "a"}])
    assert said(answers) == ["b", "a"]


def test_a_change_of_what_is_gone_is_refused() -> None:
    """Nautobot leaves it out of its answer without a word."""
    with Server(Ipam(NAUTOBOT, rows=1), NAUTOBOT) as server, server.client() as client:
        answers = client.update("dcim/devices/", [{"id": 1, "name": "a"}, {"id": 7, "name": "b"}])
    assert said(answers) == ["a", "there is no object 7 that this token may change"]


@BOTH
@pytest.mark.parametrize("on_bad_row", ["isolate", "refuse"])
def test_what_is_gone_already_counts_as_deleted(dialect: Dialect, on_bad_row: str) -> None:
    """Somebody else, or an earlier request, has done it; the others are deleted all the same."""
    ipam = Ipam(dialect, rows=2)
    with Server(ipam, dialect) as server, server.client(write={"on_bad_row": on_bad_row}) as client:
        assert client.delete("dcim/devices/", [1, 7, 2]) == [None, None, None]
    assert ipam.rows == {}


@BOTH
def test_a_deletion_that_is_refused_names_what_depends_on_the_object(dialect: Dialect) -> None:
    """NetBox does so only for a single one."""
    ipam = Ipam(dialect, rows=5)
    ipam.kept = {"3"}
    with Server(ipam, dialect) as server, server.client() as client:
        answers = said(client.delete("dcim/devices/", [1, 2, 3, 4, 5]))
    assert answers == [None, None, "1 dependent objects were found: ams-leaf1 (5)", None, None]
    assert list(ipam.rows) == ["3"]


def test_a_deletion_that_was_silently_left_out_is_noticed() -> None:
    """Nautobot leaves out what the token may not delete, and says that all went well."""
    with (
        Server(
            lambda request: Reply(None, 204) if request.method == "DELETE" else kept(request), NAUTOBOT
        ) as server,
        server.client() as client,
    ):
        assert said(client.delete("dcim/devices/", [1, 2])) == [None, "this token may not delete it"]


def kept(request: Request) -> Reply:
    return Reply({"count": 1, "results": [{"id": 2}]})


@BOTH
@pytest.mark.parametrize("verb", ["create", "update"])
@pytest.mark.parametrize("reply", [LOST, Reply([], cut=1), Reply("<h1>", 502), Reply({"error": "boom"}, 500)])
def test_a_write_whose_answer_is_lost_is_sent_once_and_is_in_doubt(
    dialect: Dialect, verb: str, reply: Reply
) -> None:
    """Sent again, it might be there twice; what was known before is not forgotten."""
    ipam = Ipam(dialect, rows=9)
    ipam_then_lost = [ipam]
    rows = [
        {"id": 1, "name": "a"},
        {"id": 2, "name": "b"},
        {"id": 3, "name": "c"},
        {"id": 4, "name": "d"},
        {"id": 5, "name": "e"},
    ]

    def answer(request: Request) -> Reply:
        return ipam_then_lost.pop()(request) if ipam_then_lost else reply

    with Server(answer, dialect) as server, server.client(write={"batch_size": 2}) as client:
        with pytest.raises(InDoubt) as caught:
            getattr(client, verb)("dcim/devices/", rows)
        assert len(server.requests) == 2
    doubt = caught.value
    assert (doubt.code, doubt.path) == ("IPAM-IN-DOUBT", "dcim/devices/")
    assert [row["name"] for row in doubt.rows] == ["c", "d"]
    assert doubt.known == (True, True, False, False, False)
    assert said(doubt.answers) == ["a", "b", None, None, None]
    assert doubt.status == (reply.status if reply.cut is None else None)


def test_a_deletion_whose_answer_is_lost_is_sent_again() -> None:
    """Twice deleted is deleted: the second time all are gone already."""
    ipam = Ipam(NETBOX, rows=3)
    lost = [True]

    def answer(request: Request) -> Reply:
        reply = ipam(request)
        return LOST if lost and lost.pop() else reply

    with Server(answer) as server, server.client() as client:
        assert client.delete("dcim/devices/", [1, 2, 3]) == [None, None, None]
    assert ipam.rows == {}


def test_a_busy_server_is_sent_the_write_again() -> None:
    """It has said that it did not take it."""
    ipam = Ipam(NETBOX)
    busy = [Reply({}, 429)]
    with Server(lambda request: busy.pop() if busy else ipam(request)) as server, server.client() as client:
        assert said(client.create("dcim/devices/", named("a"))) == ["a"]


def test_a_server_that_is_not_there_leaves_no_doubt() -> None:
    """Nothing was sent, so nothing was written."""
    with Server(Ipam(NETBOX)) as server:
        client = server.client(retries=1)
    with closing(client), pytest.raises(Unreachable):
        client.create("dcim/devices/", named("a"))


@BOTH
def test_a_token_that_may_not_write_is_no_rows_fault(dialect: Dialect) -> None:
    """It is said which permission is missing, once."""
    reply = Reply({"detail": "You do not have permission to perform this action."}, 403)
    with Server(lambda _request: reply, dialect) as server, server.client() as client:
        with pytest.raises(AuthenticationFailed) as caught:
            client.create("dcim/devices/", named("a", "b"))
        assert len(server.requests) == 1
    assert "permission to add dcim/devices" in caught.value.hint


def test_a_row_that_the_token_may_not_write_is_refused_alone() -> None:
    """NetBox names it, with the same status."""
    ipam = Ipam(NETBOX)
    forbidden = [Reply({"errors": [{"index": 0, "errors": {"__all__": ["No permission."]}}]}, 403)]
    with (
        Server(lambda request: forbidden.pop() if forbidden else ipam(request)) as server,
        server.client() as client,
    ):
        assert said(client.create("dcim/devices/", named("a", "b"))) == ["No permission.", "b"]


def test_an_answer_that_does_not_show_every_row_is_not_believed() -> None:
    """Which one is missing can't be known."""
    with (
        Server(lambda _request: Reply([{"id": 1}], 201)) as server,
        server.client() as client,
        pytest.raises(UnusableAnswer, match="something else came back"),
    ):
        client.create("dcim/devices/", named("a", "b"))


def test_a_change_is_made_on_condition_that_nobody_was_faster() -> None:
    """NetBox compares its own time of the last change; the API writes that in other words than the header."""

    def compare(request: Request) -> Reply:
        same = request.headers["if-match"] == 'W/"2026-11-21T23:46:25.123456+00:00"'
        return Reply({"id": 1, **request.json} if same else {"detail": "changed"}, 200 if same else 412)

    with Server(compare) as server, server.client() as client:
        row = [{"id": 1, "name": "a"}]
        assert said(client.update("dcim/devices/", row, if_match="2026-11-21T23:46:25.123456Z")) == ["a"]
        assert said(client.update("dcim/devices/", row, if_match="2026-11-22T00:46:25.123456+01:00")) == ["a"]
        (late,) = client.update("dcim/devices/", row, if_match="2026-11-21T20:00:00Z")
        assert [request.path for request in server.requests] == ["/api/dcim/devices/1/"] * 3
    assert isinstance(late, ObjectRefused)
    assert late.code == "IPAM-CHANGED"
