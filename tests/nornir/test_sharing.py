"""How many times the source of truth is loaded, and for whom."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from driftline.nornir import Session, detect_drift, plan_changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from nornir.core import Nornir
    from nornir.core.task import Task

    from tests.conftest import Fabric


def test_a_session_loads_once_for_as_many_runs_as_it_is_given_to(
    fabric: Fabric, nornir: Callable[..., Nornir], loads: list[str]
) -> None:
    """Runs of different sets and tasks share what one session has loaded."""
    nr, session = nornir(), Session(fabric.folder / "driftline.yml")
    nr.run(task=detect_drift, session=session)
    nr.filter(site="ams").run(task=plan_changes, session=session)
    assert len(loads) == 1


def test_a_path_made_anew_by_every_host_is_the_same_path(
    fabric: Fabric, nornir: Callable[..., Nornir], loads: list[str]
) -> None:
    """What a task of the user's own passes on is made by each host for itself."""

    def visit(task: Task) -> None:
        task.run(task=detect_drift, settings=Path(str(fabric.folder)) / "driftline.yml")

    assert not nornir("serial").run(task=visit).failed
    assert len(loads) == 1


def test_hosts_that_come_back_after_a_failure_are_in_a_new_run(
    fabric: Fabric, nornir: Callable[..., Nornir], loads: list[str]
) -> None:
    """A host that was left out of the run before is not compared with what that run had loaded."""
    nr = nornir("serial")
    nr.data.failed_hosts.add("core1")
    assert sorted(nr.run(task=detect_drift)) == ["leaf1", "leaf2"]
    fabric.edit("leaf1", "description: uplink", "description: changed since")
    nr.data.reset_failed_hosts()
    assert nr.run(task=detect_drift)["leaf1"].diff
    assert len(loads) == 2


def test_runs_of_two_scripts_parts_do_not_share(
    fabric: Fabric, nornir: Callable[..., Nornir], loads: list[str]
) -> None:
    """Each filter makes a run of its own, and so do other settings."""
    nr = nornir()
    for site in ("ams", "fra"):
        assert not nr.filter(site=site).run(task=detect_drift).failed
    assert len(loads) == 2


def test_a_nornir_object_that_nobody_uses_is_forgotten(nornir: Callable[..., Nornir]) -> None:
    """A script that makes one filter after the other does not fill the memory with their loads."""
    nr = nornir("serial")
    chosen = nr.filter(site="ams")
    assert not chosen.run(task=detect_drift).failed
    gone = weakref.ref(chosen)
    del chosen
    gc.collect()
    assert gone() is None
