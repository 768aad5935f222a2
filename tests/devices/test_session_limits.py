"""Limits on sessions: never more at once than are allowed, all is done, and nobody waits for ever."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from driftline.devices.platforms.secure import jump_hosts
from driftline.devices.session_limits import SessionLimits
from driftline.engine.exceptions import SettingsError, Unreachable
from driftline.lab import Lab, server

from .leaf import LEAF, fleet_of, host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from driftline.devices import Fleet
    from driftline.lab.server import EapiProtocol
    from tests.conftest import Fabric

LATENCY = 0.03  # seconds, so that many are under way at once


class Counted:
    """How many requests the devices of a lab answer at once, counted where they come in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.under_way = self.most = 0
        begin, answer = server.EapiProtocol._begin, server.EapiProtocol._answer

        def begun(connection: EapiProtocol, head: bytes, body: bytes) -> None:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            begin(connection, head, body)

        def answered(connection: EapiProtocol, head: bytes, body: bytes) -> None:
            answer(connection, head, body)
            self.under_way -= 1

        monkeypatch.setattr(server.EapiProtocol, "_begin", begun)
        monkeypatch.setattr(server.EapiProtocol, "_answer", answered)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """The requests at the devices' side."""
    return Counted(monkeypatch)


# From the user's seat -----------------------------------------------------------------------------------------


@pytest.fixture
def drifted(fabric: Fabric) -> Fabric:
    """Three devices of one site, all of them drifted, and slow enough to be busy at the same time."""
    for device in fabric.lab:
        fabric.lab[device].change("interface Ethernet1", "description wrong")
        fabric.lab[device].latency = LATENCY
    hosts = fabric.lab.nornir_hosts()
    fabric.write_hosts({name: {**one, "data": {"site": "lab"}} for name, one in hosts.items()})
    fabric.lab.reset_log()
    return fabric


@pytest.mark.parametrize("limit", [None, 1, 2])
def test_a_whole_run_keeps_to_the_limit(drifted: Fabric, counted: Counted, limit: int | None) -> None:
    """All are read, changed and in line; without a limit there are more at once."""
    if limit is not None:
        drifted.setting(connection={"sessions_per_site": limit})
    answer = drifted.run("remediate", "--yes")
    assert answer.status == 0, answer.out + answer.err
    assert counted.most == (limit or len(drifted.lab))
    assert drifted.run("drift").status == 0


@pytest.mark.parametrize("together", [("--scope", "site"), ("--scope", "run"), ("--batch", "3")])
def test_devices_that_change_together_need_their_sessions_at_once(
    drifted: Fabric, together: tuple[str, str]
) -> None:
    """Where there may not be as many, that is said before anything is written; with as many it is done."""
    drifted.setting(connection={"sessions_per_site": 2})
    answer = drifted.run("remediate", "--yes", *together)
    assert answer.status == 1, answer.out + answer.err
    assert "SESSIONS" in answer.out + answer.err
    assert "3 devices change together, and 2 sessions are allowed at site lab" in answer.out + answer.err
    assert drifted.lab.counters.writes == 0
    assert drifted.run("history", "--output", "json").json["runs"] == []
    drifted.setting(connection={"sessions_per_site": 3})
    assert drifted.run("remediate", "--yes", *together).status == 0


def test_batches_take_over_each_other_s_sessions(drifted: Fabric, counted: Counted) -> None:
    """A device that is done with gives its place to the next batch."""
    drifted.setting(connection={"sessions_per_site": 1})
    answer = drifted.run("remediate", "--yes", "--batch", "1")
    assert answer.status == 0, answer.out + answer.err
    assert counted.most == 1


def test_a_device_whose_site_is_not_known(fabric: Fabric) -> None:
    """A limit that can't be kept is no limit: the device is not talked to, and what to do is said."""
    with pytest.raises(SettingsError) as caught:
        fleet_of({"leaf1": host("leaf1", "127.0.0.1", 1)}, sessions_per_site=1).driver("leaf1")
    assert (caught.value.code, "site" in caught.value.hint) == ("DEVICE-NO-SITE", True)


# A fleet ------------------------------------------------------------------------------------------------------


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Four devices at two sites, of which each may have one session."""
    names = [f"leaf{number}" for number in range(4)]
    configs = {name: LEAF.replace("leaf1", name) for name in names}
    with Lab(configs, addressing="ports", port=0) as lab:
        ends = lab.endpoints
        hosts = {name: host(name, ends[name].host, ends[name].port, transport="http") for name in names}
        made = fleet_of(hosts, sessions_per_site=1)
        made.sites.update({name: f"site{index % 2}" for index, name in enumerate(names)})
        yield made
        made.close_all()


def connected(fleet: Fleet) -> list[str]:
    return [name for name in fleet.names if fleet.host(name).connections]


def test_an_idle_connection_makes_room(fleet: Fleet) -> None:
    """It stays open as long as nobody needs its place."""
    fleet.run(fleet.driver, ["leaf0", "leaf1"])
    assert connected(fleet) == ["leaf0", "leaf1"]
    fleet.run(fleet.driver, ["leaf2"])
    assert connected(fleet) == ["leaf1", "leaf2"]


def test_a_connection_in_use_is_not_taken_away(fleet: Fleet) -> None:
    """Who has asked for it outside of any work keeps it until it is closed: nothing else says when he is done."""
    fleet.driver("leaf0")
    with pytest.raises(Unreachable) as caught:
        fleet.driver("leaf2")
    assert caught.value.code == "SESSIONS"
    fleet.close("leaf0")
    fleet.driver("leaf2")
    assert connected(fleet) == ["leaf2"]


def test_a_device_that_reconnects_keeps_its_place(fleet: Fleet) -> None:
    """A rollback over a new connection does not have to wait for others."""
    began, waiting = threading.Event(), threading.Event()

    def work(name: str) -> float:
        if name == "leaf2":
            began.wait(5)
            waiting.set()
            fleet.driver(name)
            return time.monotonic()
        fleet.driver(name)
        began.set()
        waiting.wait(5)
        time.sleep(0.1)
        fleet.close(name)
        time.sleep(0.1)
        fleet.driver(name)
        return time.monotonic()

    first, second = fleet.run(work, ["leaf0", "leaf2"])
    assert first < second


# The limits themselves ----------------------------------------------------------------------------------------


def test_at_random() -> None:
    """Many devices in rooms that overlap: never too many at once, all get their turn, and none is cut off at work."""
    pick = random.Random(7)  # noqa: S311 - nothing secret
    most = {"site": 3, "jump host": 2}
    devices = {
        f"d{number}": frozenset(
            {("site", pick.choice("abc"))} | ({("jump host", pick.choice("xy"))} if number % 3 else set())
        )
        for number in range(60)
    }
    inside: set[str] = set()
    working: Counter[str] = Counter()
    broken: list[str] = []
    mine = threading.Lock()

    def close(device: str) -> None:
        with mine:
            inside.discard(device)
            if working[device]:
                broken.append(device)

    limits = SessionLimits(most, close)

    def work(device: str) -> None:
        with limits.working(device):
            limits.enter(device, devices[device])
            with mine:
                working[device] += 1
                inside.add(device)
                rooms = Counter(room for one in inside for room in devices[one])
                broken.extend(str(room) for room in rooms if rooms[room] > most[room[0]])
            time.sleep(0.001)
            with mine:
                working[device] -= 1

    turns = [name for name in devices for _ in range(5)]
    pick.shuffle(turns)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, turns, timeout=60)) == [None] * len(turns)
    assert broken == []


def test_nobody_waits_for_devices_that_wait() -> None:
    """Where all places are held between two phases, none would ever be free: that is an error, not a deadlock."""
    limits = SessionLimits({"site": 1}, lambda _: None)
    limits.hold("d1")
    limits.enter("d1", frozenset({("site", "a")}))
    with pytest.raises(Unreachable, match="d2: all 1 sessions at site a are held"):
        limits.enter("d2", frozenset({("site", "a")}))
    limits.release("d1")
    limits.enter("d2", frozenset({("site", "a")}))


# Jump hosts ---------------------------------------------------------------------------------------------------

CONFIG = """\
Host r1
    HostName 10.0.0.1
    ProxyJump ops@bastion:2222
Host r2 r3
    ProxyCommand ssh -F other -W %h:%p gate
Host far*
    ProxyJump gate,bastion
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("r1", {"ops@bastion:2222"}),
        ("r2", {"ssh -F other -W gate"}),
        ("r3", {"ssh -F other -W gate"}),
        ("far1", {"gate", "bastion"}),
        ("near", set()),
    ],
)
def test_what_a_connection_goes_through(tmp_path: Path, name: str, expected: set[str]) -> None:
    """Devices behind the same jump host are known to be so."""
    (tmp_path / "ssh_config").write_text(CONFIG)
    assert jump_hosts(name, {"ssh_config_file": str(tmp_path / "ssh_config")}) == expected
    assert jump_hosts(name, {}) == set()
