"""The control channel of a lab that runs in another process."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from driftline.lab import FaultKind, LabClient, LabError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVER = """
import sys
from driftline.lab import Lab
def ready(): print("up:", *lab.endpoints, flush=True)
text = "hostname {0}\\ninterface Ethernet1\\n   description uplink\\ninterface Ethernet2\\n"
lab = Lab({n: text.format(n) for n in ("leaf1", "leaf2")}, addressing="ports", port=0)
lab.serve_forever(sys.argv[1], on_ready=ready)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the socket."""
    return tmp_path_factory.mktemp("lab")


def started(path: Path) -> subprocess.Popen[bytes]:
    """A lab in another process, when it answers."""
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == b"up: leaf1 leaf2\n"
    return process


@pytest.fixture(scope="module")
def path(folder: Path) -> Iterator[Path]:
    """The socket of a running lab."""
    path = folder / "new" / "control"
    process = started(path)
    yield path
    LabClient(path).stop()
    assert process.wait(5) == 0
    assert not path.exists()


@pytest.fixture
def client(path: Path) -> LabClient:
    """A client of that lab."""
    client = LabClient(path)
    client.clear()
    client.reset()
    return client


def test_devices(client):
    """Names and endpoints."""
    devices = client.devices()
    assert list(devices) == ["leaf1", "leaf2"]
    assert devices["leaf1"]["host"] == "127.0.0.1"
    assert devices["leaf1"]["transport"] == "http"


def test_change_and_show(client):
    """A change out of band, seen in the running configuration but not in the startup configuration."""
    client.change("leaf1", ["interface Ethernet2", "shutdown"])
    assert "interface Ethernet2\n   shutdown" in client.show("leaf1", "running")
    assert "shutdown" not in client.show("leaf1", "startup")
    assert client.show("leaf1", "counters")["writes"] == 1
    assert client.show("leaf1", "log") == []


def test_refused_line(client):
    """The device's own words come back."""
    with pytest.raises(LabError, match="Invalid input") as caught:
        client.change("leaf1", ["interface Ethernet2", "mtu abc"])
    assert caught.value.code == "LAB-LINE-REFUSED"


def test_faults_and_latency(client):
    """A port closes and opens again on request."""
    endpoint = client.devices()["leaf2"]
    address = (endpoint["host"], endpoint["port"])
    client.fault("leaf2", FaultKind.REFUSED)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    client.clear("leaf2")
    socket.create_connection(address).close()
    client.fault("*", "timeout", command="x", skip=1, times=2)
    client.latency("*", 0.0)
    client.clear()


def test_counters(client):
    """Sums over the lab, and a reset."""
    client.change("*", ["vlan 5"])
    assert client.counters().writes == 2
    client.reset()
    assert client.counters().writes == 0


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda client: client.show("leaf9", "running"), "LAB-UNKNOWN-DEVICE"),
        (lambda client: client.show("leaf1", "future"), "LAB-BAD-REQUEST"),
        (lambda client: client.fault("leaf1", "explode"), "LAB-BAD-REQUEST"),
        (lambda client: client._ask("dance"), "LAB-UNKNOWN-REQUEST"),
        (lambda client: client._ask("change"), "LAB-BAD-REQUEST"),
    ],
)
def test_mistakes(client, call, code):
    """Whatever goes wrong has a code, and the channel goes on."""
    with pytest.raises(LabError) as caught:
        call(client)
    assert code == caught.value.code
    assert client.devices()


def test_socket_is_private(path):
    """Only the owner may talk to the lab."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_lab_per_socket(path):
    """A second lab leaves the first one's socket alone."""
    result = subprocess.run(
        [sys.executable, "-c", SERVER, str(path)], capture_output=True, text=True, check=False
    )
    assert "a lab is already controlled through" in result.stderr
    assert LabClient(path).devices()


def test_nobody_there(tmp_path):
    """The hint says how to start one."""
    with pytest.raises(LabError, match="no lab is running at") as caught:
        LabClient(tmp_path / "control").devices()
    assert caught.value.code == "LAB-NOT-RUNNING"
    assert "driftline lab up" in caught.value.hint


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_lab_cleanly(tmp_path, number):
    """The socket is gone and the exit is quiet; a stale socket is no obstacle."""
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    process = started(path)
    process.send_signal(number)
    assert process.wait(5) == 0
    assert not path.exists()
