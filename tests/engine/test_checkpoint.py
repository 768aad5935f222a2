"""Checkpoints: a sync that was cut off goes on where it was, and does everything once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import date
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, ClassVar

import pytest

from driftline.engine import Adapter, Diff, DiffSyncFlags, DiffSyncModel, DiffSyncStatus
from driftline.engine.exceptions import CheckpointError

PROCEED = DiffSyncFlags.CONTINUE_ON_FAILURE
SUCCESS = DiffSyncStatus.SUCCESS


class Host(DiffSyncModel):
    """A record whose hooks append a line to the adapter's file: that is the system."""

    _modelname: ClassVar[str] = "host"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = ("address", "since", "tags")
    _unordered: ClassVar[tuple[str, ...]] = ("tags",)
    _children: ClassVar[dict[str, str]] = {"port": "ports"}

    name: str
    address: IPv4Address | None = None
    since: date | None = None
    tags: list[str] = []  # noqa: RUF012 - pydantic copies the defaults of fields
    ports: list[str] = []  # noqa: RUF012

    @classmethod
    def create(cls, adapter: Any, ids: dict[str, Any], attrs: dict[str, Any]) -> Any:
        """Write that it was created."""
        obj = super().create(adapter, ids, attrs)
        adapter.write("create", obj)
        return obj

    def update(self, attrs: dict[str, Any]) -> Any:
        """Write that it was updated."""
        obj = super().update(attrs)
        self.adapter.write("update", obj)
        return obj

    def delete(self) -> Any:
        """Write that it was deleted."""
        self.adapter.write("delete", self)
        return super().delete()


class Port(Host):
    """What a host has."""

    _modelname: ClassVar[str] = "port"
    _children: ClassVar[dict[str, str]] = {}


class Hosts(Adapter):
    """Hosts, as the file tells."""

    host = Host
    port = Port
    top_level: ClassVar[list[str]] = ["host"]

    def __init__(self, name: str, file: Path) -> None:
        super().__init__(name)
        self.file = file
        self.limit: int | None = None
        self.error: BaseException | None = None

    def load(self) -> None:
        """Read what the hooks have written, line by line."""
        for line in self.file.read_text().splitlines() if self.file.exists() else ():
            action, model, values = json.loads(line)
            cls = self.model_class(model)
            if action == "create":
                parent = self.get_or_none(Host, values["name"].partition("/")[0]) if model == "port" else None
                self.add(cls(**values), parent)
            elif action == "update":
                self.get(cls, values["name"]).update_base({k: v for k, v in values.items() if k != "name"})
            else:
                self.remove(self.get(cls, values["name"]))

    def write(self, action: str, obj: Any) -> None:
        """Append a line; after `limit` lines, fail in the middle: the line is written, but nobody hears of it."""
        with self.file.open("a") as file:
            file.write(
                json.dumps([action, obj.get_type(), obj.model_dump(mode="json", include=FIELDS)]) + "\n"
            )
        if self.limit is not None:
            self.limit -= 1
            if not self.limit and self.error is not None:
                raise self.error
            if not self.limit:
                os.kill(os.getpid(), signal.SIGKILL)


FIELDS = {"name", "address", "since", "tags"}


def hosts(file: Path) -> Hosts:
    """Return what is there."""
    actual = Hosts("actual", file)
    actual.load()
    return actual


def wanted(size: int = 20) -> Hosts:
    """Return what is wanted: hosts with one port each."""
    intended = Hosts("intended", Path(os.devnull))
    for number in range(size // 2):
        host = Host(
            name=f"h{number}",
            address=IPv4Address(number),
            since=date(2026, 1, 1 + number % 28),
            tags=["b", "a"],
        )
        intended.add(host)
        intended.add(Port(name=f"h{number}/1"), host)
    return intended


def lines(file: Path) -> Counter[str]:
    """Return how often each object was written to."""
    return Counter(json.loads(line)[2]["name"] for line in file.read_text().splitlines())


@pytest.fixture
def system(tmp_path: Path) -> Path:
    return tmp_path / "system"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint"


def cut_off(system: Path, checkpoint: Path, after: int, size: int = 20) -> Diff:
    """Cut a sync off while it does its n-th change; return its diff."""
    actual = hosts(system)
    diff = actual.diff_from(wanted(size))
    actual.limit, actual.error = after, KeyboardInterrupt()
    result = actual.sync(wanted(size), diff=diff, checkpoint=checkpoint)
    assert result.run.interrupted
    return diff


# Being killed ---------------------------------------------------------------------------------------------


KILLED = """
import sys
from pathlib import Path
from tests.engine.test_checkpoint import hosts, wanted

system, checkpoint, diff = map(Path, sys.argv[1:])
actual = hosts(system)
changes = actual.diff_from(wanted(500))
diff.write_text(changes.to_json())
actual.limit = 237
actual.sync(wanted(500), diff=changes, checkpoint=checkpoint)
"""


def test_kill(system: Path, checkpoint: Path, tmp_path: Path) -> None:
    """A process is killed at the 237th of 500 changes; another does the rest, and nothing twice."""
    saved = tmp_path / "diff.json"
    root = Path(__file__).parents[2]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(system), str(checkpoint), str(saved)], cwd=root, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(lines(system)) == 237

    actual = hosts(system)
    result = actual.sync(wanted(500), diff=Diff.from_json(saved.read_text()), checkpoint=checkpoint)

    assert {each.status for each in result.objects} == {SUCCESS}
    assert len(result.objects) == 500
    assert lines(system) == Counter(f"h{n}{port}" for n in range(250) for port in ("", "/1"))
    assert not hosts(system).diff_from(wanted(500)).has_diffs()
    assert not checkpoint.exists()


# Going on -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [1, 2, 7, 20])
def test_going_on(after: int, system: Path, checkpoint: Path) -> None:
    """Wherever it was cut off, everything is done once; the one in doubt is looked up in the target."""
    diff = cut_off(system, checkpoint, after)

    result = hosts(system).sync(wanted(), diff=diff, checkpoint=checkpoint)

    assert set(lines(system).values()) == {1}
    assert len(lines(system)) == 20
    assert [each.step.name for each in result.objects] == [
        f"h{n}{port}" for n in range(10) for port in ("", "/1")
    ]
    before = [each for each in result.objects if each.message.startswith("done before")]
    assert len(before) == after
    assert not checkpoint.exists()


def test_updates_and_deletions(system: Path, checkpoint: Path) -> None:
    """What was updated or deleted when it was cut off is found done, also when its value is spelled otherwise."""
    hosts(system).sync_from(wanted())
    intended = wanted()
    intended.remove(intended.get(Host, "h9"), remove_children=True)
    intended.get(Host, "h3").tags = ["c", "d"]
    actual = hosts(system)
    diff = actual.diff_from(intended)
    actual.limit, actual.error = 1, KeyboardInterrupt()
    actual.sync(intended, diff=diff, checkpoint=checkpoint)
    again = hosts(system)
    again.get(Host, "h3").tags = ["d", "c"]

    result = again.sync(intended, diff=diff, checkpoint=checkpoint)

    assert [(each.step.name, each.status) for each in result.objects] == [
        ("h3", SUCCESS),
        ("h9", SUCCESS),
        ("h9/1", SUCCESS),
    ]
    assert lines(system)["h3"] == 2
    assert not hosts(system).diff_from(intended).has_diffs()


def test_failures_are_tried_again(system: Path, checkpoint: Path) -> None:
    """The file stays when something failed; the next time only that is tried."""
    actual = hosts(system)
    diff = actual.diff_from(wanted())
    system.mkdir()  # nothing can be written
    assert len(actual.sync(wanted(), diff=diff, checkpoint=checkpoint, flags=PROCEED).failed) == 20
    system.rmdir()
    assert checkpoint.exists()

    assert hosts(system).sync(wanted(), diff=diff, checkpoint=checkpoint).failed == ()
    assert len(lines(system)) == 20
    assert not checkpoint.exists()


def test_progress_goes_on(system: Path, checkpoint: Path) -> None:
    """The callback counts what was done before."""
    diff, calls = cut_off(system, checkpoint, 5), []

    def callback(stage: str, current: int, total: int) -> None:
        calls.append((stage, current, total))

    hosts(system).sync(wanted(), diff=diff, checkpoint=checkpoint, callback=callback)

    assert calls[0] == ("sync", 6, 20)
    assert calls[-1] == ("sync", 20, 20)


def test_cut_off_twice(system: Path, checkpoint: Path) -> None:
    """A sync can be cut off again; what was done the first time is still known, also after a torn last line."""
    diff = cut_off(system, checkpoint, 5)
    with checkpoint.open("r+") as file:
        file.truncate(checkpoint.stat().st_size - 4)
    actual = hosts(system)
    actual.limit, actual.error = 5, KeyboardInterrupt()
    actual.sync(wanted(), diff=diff, checkpoint=checkpoint)

    assert all(json.loads(line) for line in checkpoint.read_text().splitlines() if line.endswith("}"))
    hosts(system).sync(wanted(), diff=diff, checkpoint=checkpoint)

    assert set(lines(system).values()) == {1}


# The file -------------------------------------------------------------------------------------------------


def test_only_the_owner_reads_it(system: Path, checkpoint: Path) -> None:
    """Nobody else may read what was done; no values are in it."""
    cut_off(system, checkpoint, 5)

    assert checkpoint.stat().st_mode & 0o777 == 0o600
    assert "h1" not in checkpoint.read_text()


@pytest.mark.parametrize("keep", [0, 1, 25, -1])
def test_killed_at_the_very_beginning(keep: int, system: Path, checkpoint: Path) -> None:
    """A file whose first line was not finished belongs to a sync that did nothing: it is begun anew."""
    diff = cut_off(system, checkpoint, 1)
    system.unlink()
    header = checkpoint.read_text().splitlines(keepends=True)[0]
    checkpoint.write_text(header[:keep])

    assert hosts(system).sync(wanted(), diff=diff, checkpoint=checkpoint).failed == ()
    assert len(lines(system)) == 20


@pytest.mark.parametrize(
    "content", [b"hello\n", b"{}\n", b"[]\n", b'{"format":"other"}\n', b"\xff\xfe\x00", b"\n", b"hello"]
)
def test_another_file(content: bytes, system: Path, checkpoint: Path) -> None:
    """A file that is no checkpoint is neither used nor changed, and nothing is done."""
    checkpoint.write_bytes(content)

    with pytest.raises(CheckpointError, match="is no checkpoint of this version"):
        hosts(system).sync(wanted(), checkpoint=checkpoint)

    assert checkpoint.read_bytes() == content
    assert not system.exists()


def test_another_diff(system: Path, checkpoint: Path) -> None:
    """A checkpoint belongs to the changes it was made for."""
    cut_off(system, checkpoint, 5)
    before = checkpoint.read_bytes()

    with pytest.raises(CheckpointError) as caught:
        hosts(system).sync(wanted(18), checkpoint=checkpoint)

    assert (caught.value.code, checkpoint.read_bytes()) == ("CHECKPOINT-OTHER", before)


def test_unusable_path(system: Path, tmp_path: Path) -> None:
    """A path that can't be written is told before anything is done."""
    for path in (tmp_path, tmp_path / "no" / "where"):
        with pytest.raises(CheckpointError, match="can't be used"):
            hosts(system).sync(wanted(), checkpoint=path)

    assert not system.exists()


def test_atomic(system: Path, checkpoint: Path) -> None:
    """An atomic sync leaves nothing half-done, so it has no checkpoint: both at once are refused."""
    with pytest.raises(CheckpointError) as caught:
        hosts(system).sync(wanted(), atomic=True, checkpoint=checkpoint)

    assert caught.value.code == "CHECKPOINT-ATOMIC"
    assert not system.exists()
    assert not checkpoint.exists()


def test_dry_run(system: Path, checkpoint: Path) -> None:
    """A dry run writes no checkpoint either."""
    hosts(system).sync(wanted(), dry_run=True, checkpoint=checkpoint)

    assert not checkpoint.exists()


def test_file_is_closed(system: Path, checkpoint: Path) -> None:
    """Whatever ends the sync, no file stays open."""

    def callback(stage: str, current: int, total: int) -> None:
        if stage == "sync":
            raise RuntimeError("boom")

    before = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(3):
        with pytest.raises(RuntimeError, match="boom"):
            hosts(system).sync(wanted(), callback=callback, checkpoint=checkpoint)
        checkpoint.unlink()

    assert len([*Path("/proc/self/fd").iterdir()]) == before
