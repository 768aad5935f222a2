"""The lab of routers: why it can't run, and that it ends what it started, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from driftline.cli import main
from driftline.lab import LabError
from driftline.lab.frr import Router, RouterLab, host, why_not
from driftline.lab.frr.record import started_at
from tests.docs.test_examples import skip_without_routers

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_without_root_one_line_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The code is stable, and nothing was made."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    folder = tmp_path / "frr"
    status = main(["lab", "frr", "up", "--folder", str(folder), "--hosts", str(tmp_path / "hosts.yml")])
    assert status == 1
    assert capsys.readouterr().err.splitlines()[0] == (
        "LAB-FRR-ROOT routers need root, for network namespaces"
        if sys.platform == "linux"
        else "LAB-FRR-LINUX routers need Linux's network namespaces"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_missing_program_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Debian calls the packages is the hint."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host.shutil, "which", lambda name, path: None if name == "vtysh" else name)
    reason = why_not()
    assert reason is not None
    assert (reason.code, reason.hint) == (
        "LAB-FRR-MISSING",
        "apt-get install frr frr-pythontools openssh-server",
    )


def test_a_number_that_cannot_be(tmp_path: Path) -> None:
    """It is said before anything is looked at."""
    with pytest.raises(LabError, match="0 routers are not from 1 to 250"):
        RouterLab(tmp_path / "frr").up(0)


def test_down_without_a_lab_does_nothing(tmp_path: Path) -> None:
    """There is nothing to end."""
    assert RouterLab(tmp_path / "frr").down() == 0


def test_a_record_that_is_none_is_an_error(tmp_path: Path) -> None:
    """What can't be understood is not taken for an empty lab."""
    (tmp_path / "lab.json").write_text("{")
    with pytest.raises(LabError, match="is no record of a lab"):
        RouterLab(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart by what Linux says of them")
def test_a_process_of_somebody_else_is_left_alone() -> None:
    """Another process got the number of one that is over: it was started at another time."""
    with subprocess.Popen(["sleep", "60"]) as process:
        stranger = Router("r1", 1, "192.0.2.1", process.pid, "1")
        assert not stranger.running
        stranger.kill()
        assert process.poll() is None
        ours = Router("r1", 1, "192.0.2.1", process.pid, started_at(process.pid))
        assert ours.running
        ours.kill()
        assert not ours.running
        process.returncode = 0


@pytest.fixture
def other(tmp_path: Path) -> Iterator[RouterLab]:
    """A lab of its own."""
    skip_without_routers()
    lab = RouterLab(tmp_path / "other", network="198.18.95.0/24", prefix="fro")
    yield lab
    processes = [router.pid for router in lab.routers.values() if router.running]
    lab.down()
    assert [pid for pid in processes if started_at(pid)] == []
    assert links() == set()
    assert not (tmp_path / "other").exists()


def links() -> set[str]:
    """Return the links on this machine that are the other lab's; a namespace takes a moment to go."""
    time.sleep(0.2)
    return {link.name for link in Path("/sys/class/net").glob("fro*")}


@pytest.mark.routers
def test_a_start_that_did_not_get_far_is_cleaned_up(
    other: RouterLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was made until then is on record; the next one can begin anew."""

    def fails(_self: RouterLab, router: Router, _pid: int) -> None:
        raise LabError("LAB-FRR-SYSTEM", f"no ports for {router.name}")

    monkeypatch.setattr(RouterLab, "_plug", fails)
    with pytest.raises(LabError, match="no ports for r1"):
        other.up(2)
    assert links() == {"fro-mgmt", "fro-data"}
    assert [router.running for router in other.routers.values()] == [True, False]
    again = RouterLab(other.folder)
    assert again.down() == 1
    assert links() == set()


@pytest.mark.routers
def test_up_starts_what_is_missing(other: RouterLab) -> None:
    """It can be repeated; what runs goes on, and what was switched off boots with what it had saved."""
    assert [router.name for router in other.up(1)] == ["r1"]
    first = other.routers["r1"]
    other.change("r1", "interface eth0", "description saved", "do write memory")
    assert [router.name for router in other.up(2)] == ["r2"]
    assert other.routers["r1"] == first
    other.off("r1")
    with pytest.raises(LabError, match="r1 is switched off"):
        other.running_config("r1")
    assert [router.name for router in RouterLab(other.folder).up(2)] == ["r1"]
    assert " description saved\n" in other.running_config("r1")


@pytest.mark.routers
def test_a_second_lab_needs_names_of_its_own(other: RouterLab, tmp_path: Path) -> None:
    """What another lab has made is not touched."""
    other.up(1)
    with pytest.raises(LabError, match="there is a link fro-mgmt already"):
        RouterLab(tmp_path / "second", network="198.18.94.0/24", prefix="fro").up(1)
    with pytest.raises(LabError, match="is in use on this machine"):
        RouterLab(tmp_path / "second", network="198.18.95.0/24", prefix="frx").up(1)
    assert RouterLab(tmp_path / "second").down() == 0
    assert other.routers["r1"].running
