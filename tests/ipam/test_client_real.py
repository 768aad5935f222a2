"""The HTTP client against real servers: what they answer to good and bad requests of each kind."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from driftline.adapters.ipam.client import Client
from driftline.adapters.ipam.dialects import NAUTOBOT, NETBOX
from driftline.adapters.ipam.errors import InDoubt
from driftline.adapters.ipam.options import IpamOptions
from driftline.engine.exceptions import AuthenticationFailed, ObjectRefused, UnusableAnswer
from tests.ipam.servers import LARGE, SMALL, Server, network

if TYPE_CHECKING:
    from collections.abc import Sequence

MAKERS = "dcim/manufacturers/"
DIALECTS = {"netbox": NETBOX, "nautobot": NAUTOBOT}
LISTS = {
    "netbox": "interface_list({page}) {{ id name }}",
    "nautobot": "interfaces({page}) {{ id name }}",
}


def client(server: Server, **settings: Any) -> Client:
    """Return a client of a server."""
    options = {"url": server.url, "token": server.token, **settings}
    return Client(IpamOptions.model_validate(options), DIALECTS[server.kind], Path())


def maker(server: Server, name: str) -> dict[str, Any]:
    """Return what a manufacturer is made of: an object that needs no other."""
    return (
        {"name": name, "slug": name.casefold().replace(" ", "-")}
        if server.kind == "netbox"
        else {"name": name}
    )


def said(answers: Sequence[dict[str, Any] | ObjectRefused | None]) -> list[Any]:
    """Return names of what was written, and messages of what was refused."""
    return [each["name"] if isinstance(each, dict) else each and each.message for each in answers]


def query(server: Server, page: str) -> str:
    """Return the query of one page of interfaces."""
    return "{" + LISTS[server.kind].format(page=page) + "}"


def test_the_version_is_the_servers(server: Server) -> None:
    """It is asked for before anything else."""
    server.reset()
    with client(server) as asked:
        assert asked.version[:2] == tuple(map(int, asked.dialect.tried.split(".")))
        assert asked.requests == 1


def test_both_versions_of_netbox_tokens_are_taken(netbox: Server) -> None:
    """Bearer for the new ones, Token for the old."""
    assert netbox.token_v1 is not None
    for token in (netbox.token, netbox.token_v1):
        with client(netbox, token=token) as asked:
            assert asked.count(MAKERS) == 0


@pytest.mark.parametrize("token", ["nbt_nosuchkey.nosuchtoken", "0" * 40])
def test_a_wrong_token_is_told(server: Server, token: str) -> None:
    """It is the token, and not a permission, that is wrong."""
    with pytest.raises(AuthenticationFailed, match="token") as caught, client(server, token=token):
        pass
    assert (caught.value.code, "check the token" in caught.value.hint) == ("IPAM-AUTH", True)


def test_a_token_that_may_not_is_told_what_is_missing(server: Server) -> None:
    """To read, and to write."""
    server.reset()
    token = server.limited_token(["dcim.view_manufacturer"])
    with client(server, token=token) as asked:
        assert asked.listed(MAKERS) == []
        with pytest.raises(AuthenticationFailed) as caught:
            asked.listed("dcim/interfaces/")
        assert "permission to view dcim/interfaces" in caught.value.hint
        with pytest.raises(AuthenticationFailed) as caught:
            asked.create(MAKERS, [maker(server, "Acme")])
        assert "permission to add dcim/manufacturers" in caught.value.hint


def test_a_wrong_address_is_told(server: Server) -> None:
    """A sub-path that is none."""
    with pytest.raises(UnusableAnswer) as caught, client(server, url=f"{server.url}/ipam/"):
        pass
    assert caught.value.code == "IPAM-NOT-FOUND"


def test_objects_are_created_changed_and_deleted_in_bulk(server: Server) -> None:
    """And read back with the ids that they were given."""
    server.reset()
    with client(server, write={"batch_size": 4}) as asked:
        names = [f"Maker {number}" for number in range(10)]
        made = asked.create(MAKERS, [maker(server, name) for name in names])
        assert said(made) == names
        rows = [
            {"id": each["id"], "name": f"{each['name']}x"}
            for each in reversed(made)
            if isinstance(each, dict)
        ]
        assert said(asked.update(MAKERS, rows)) == [row["name"] for row in rows]
        assert {row["name"] for row in asked.listed(MAKERS, page=3)} == {f"{name}x" for name in names}
        assert asked.count(MAKERS) == 10
        pks = [row["id"] for row in rows]
        assert asked.delete(MAKERS, pks) == [None] * 10
        assert asked.delete(MAKERS, pks) == [None] * 10  # gone already
        assert asked.count(MAKERS) == 0


def test_one_bad_row_of_a_hundred_is_refused_alone_when_created(server: Server) -> None:
    """In the server's own words."""
    server.reset()
    with client(server) as asked:
        rows = [maker(server, f"Maker {number}") for number in range(100)]
        rows[37] = maker(server, "x" * 300)
        before = asked.requests
        answers = asked.create(MAKERS, rows)
        assert [place for place, each in enumerate(answers) if isinstance(each, ObjectRefused)] == [37]
        assert said(answers)[37].startswith("name: Ensure this field has no more than")
        assert (asked.requests - before, asked.count(MAKERS)) == (2, 99)


def test_a_row_that_is_there_already_is_refused_alone(server: Server) -> None:
    """Twice in one request, or there before it."""
    server.reset()
    with client(server) as asked:
        asked.create(MAKERS, [maker(server, "Acme")])
        rows = [maker(server, name) for name in ("Acme", "One", "Two")]
        answers = asked.create(MAKERS, rows)
        assert isinstance(answers[0], ObjectRefused)
        assert "already exists" in answers[0].message
        assert said(answers)[1:] == ["One", "Two"]


def test_one_bad_row_of_many_is_refused_alone_when_changed(server: Server) -> None:
    """NetBox names it, Nautobot does not."""
    server.reset()
    with client(server) as asked:
        made = asked.create(MAKERS, [maker(server, f"Maker {number}") for number in range(20)])
        rows = [{"id": each["id"], "description": "new"} for each in made if isinstance(each, dict)]
        rows[5]["name"] = "x" * 300
        before = asked.requests
        answers = asked.update(MAKERS, rows)
        assert [place for place, each in enumerate(answers) if isinstance(each, ObjectRefused)] == [5]
        assert asked.requests - before <= (2 if server.kind == "netbox" else 11)
        changed = {row["id"] for row in asked.listed(MAKERS) if row["description"] == "new"}
        assert changed == {row["id"] for row in rows} - {rows[5]["id"]}


def test_none_is_written_when_one_is_bad_and_the_settings_say_so(server: Server) -> None:
    """The others name the culprit."""
    server.reset()
    with client(server, write={"on_bad_row": "refuse"}) as asked:
        rows = [maker(server, name) for name in ("One", "x" * 300, "Three")]
        answers = asked.create(MAKERS, rows)
        assert said(answers)[1].startswith("name: Ensure this field")
        assert said(answers)[0].startswith("not written because of row 2 of its request: name:")
        assert asked.count(MAKERS) == 0


def test_what_is_in_use_is_not_deleted_and_what_uses_it_is_named(server: Server) -> None:
    """The others are deleted all the same."""
    server.reset()
    with client(server) as asked:
        made = [
            each
            for each in asked.create(MAKERS, [maker(server, name) for name in "ABC"])
            if isinstance(each, dict)
        ]
        model = {"manufacturer": made[1]["id"], "model": "Model 1"}
        asked.create(
            "dcim/device-types/", [{**model, **({"slug": "model-1"} if server.kind == "netbox" else {})}]
        )
        answers = asked.delete(MAKERS, [each["id"] for each in made])
        assert (answers[0], answers[2]) == (None, None)
        assert isinstance(answers[1], ObjectRefused)
        assert "Model 1" in answers[1].message
        assert [row["name"] for row in asked.listed(MAKERS)] == ["B"]


def test_a_change_of_what_is_gone_is_refused_alone(server: Server) -> None:
    """Somebody has deleted it meanwhile."""
    server.reset()
    with client(server) as asked:
        made = [
            each
            for each in asked.create(MAKERS, [maker(server, name) for name in "AB"])
            if isinstance(each, dict)
        ]
        asked.delete(MAKERS, [made[0]["id"]])
        answers = asked.update(MAKERS, [{"id": each["id"], "description": "new"} for each in made])
        assert isinstance(answers[0], ObjectRefused)
        assert said(answers)[1] == "B"


def test_what_a_token_may_not_delete_is_not_taken_for_deleted(server: Server) -> None:
    """Nautobot leaves it out without a word; NetBox says that it does not exist."""
    server.reset()
    with client(server) as asked:
        (made,) = asked.create(MAKERS, [maker(server, "Acme")])
        assert isinstance(made, dict)
    token = server.limited_token(["dcim.view_manufacturer"])
    with client(server, token=token) as asked, pytest.raises(AuthenticationFailed):
        asked.delete(MAKERS, [made["id"]])


def test_a_change_is_made_only_if_nobody_was_faster(netbox: Server) -> None:
    """Of a single object, compared by the server itself."""
    netbox.reset()
    with client(netbox) as asked:
        (made,) = asked.create(MAKERS, [maker(netbox, "Acme")])
        assert isinstance(made, dict)
        row = {"id": made["id"], "description": "first"}
        (first,) = asked.update(MAKERS, [row], if_match=made["last_updated"])
        assert isinstance(first, dict)
        assert first["description"] == "first"
        (late,) = asked.update(MAKERS, [{**row, "description": "late"}], if_match=made["last_updated"])
        assert isinstance(late, ObjectRefused)
        assert late.code == "IPAM-CHANGED"
        assert asked.get(f"{MAKERS}{made['id']}/")["description"] == "first"


def test_more_than_a_thousand_rows_are_read_whole_by_graphql(server: Server) -> None:
    """NetBox cuts a list at 1,000 without a word."""
    server.reset(LARGE)
    seeded = network(LARGE)
    with client(server) as asked:
        start, before = time.monotonic(), asked.requests
        rows = asked.graphql_listed(lambda page: query(server, page), path="dcim/interfaces/")
        seconds, requests = time.monotonic() - start, asked.requests - before
        assert len({row["id"] for row in rows}) == len(seeded.interfaces)
        assert sorted(row["name"] for row in rows) == sorted(each.name for each in seeded.interfaces)
        if server.kind == "netbox":
            assert len(asked.graphql("{ interface_list { id } }")["interface_list"]) == 1000
    print(f"{server.kind}: {len(rows)} interfaces by GraphQL, {requests} requests, {seconds:.1f} s")


def test_more_than_a_thousand_rows_are_read_whole_by_rest(server: Server) -> None:
    """A page ends where the server wants it to."""
    server.reset(LARGE)
    with client(server) as asked:
        vlans = asked.listed("ipam/ip-addresses/", page=5000)
        assert (
            len({row["id"] for row in vlans})
            == asked.count("ipam/ip-addresses/")
            == len(network(LARGE).addresses)
        )


def test_rows_among_many_ids_are_found(server: Server) -> None:
    """uWSGI closes the connection on a long request."""
    server.reset(SMALL)
    with client(server) as asked:
        pks = [row["id"] for row in asked.listed("dcim/interfaces/")]
        assert {row["id"] for row in asked.among("dcim/interfaces/", "id", pks)} == set(pks)


def test_a_mistake_in_a_query_is_told(server: Server) -> None:
    """In the server's own words."""
    with client(server) as asked, pytest.raises(UnusableAnswer, match="nothing") as caught:
        asked.graphql("{ nothing }")
    assert caught.value.code == "IPAM-GRAPHQL"


def test_a_server_killed_in_the_middle_of_a_write_leaves_a_doubt_and_no_half(server: Server) -> None:
    """What became of it is looked up when the server is back."""
    server.reset()
    with client(server, write={"batch_size": 500}, retries=0) as asked:
        rows = [maker(server, f"Maker {number}") for number in range(500)]
        killer = threading.Timer(1, server.kill)
        killer.start()
        with pytest.raises(InDoubt) as caught:
            asked.create(MAKERS, rows)
        killer.join()
        assert (len(caught.value.rows), any(caught.value.known)) == (500, False)
        with ThreadPoolExecutor() as threads:
            back = threads.submit(asked.wait)
            server.start()
            back.result()
        assert asked.count(MAKERS) in (0, 500)
