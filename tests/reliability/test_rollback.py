"""A step fails, whichever it is: what changes together is as before to the byte, and the rest is as planned.

A sample of the steps; with `DRIFTLINE_RELIABILITY_SECONDS` set, every one of them.
"""

from __future__ import annotations

import random
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from driftline.cli.exit_status import ExitStatus
from driftline.devices.session import DeviceSession
from driftline.engine import DiffSyncStatus
from driftline.engine.results import UnitOutcome
from driftline.lab import Fault, FaultKind
from driftline.lab.sessions import Session

from .network import STEPS
from .stage import Run, Stage, hurried

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from driftline.engine import Step

    from .conftest import Tally

DEVICES = 10
SCOPES = ("unit", "site", "run")
ONCE = random.Random(200)  # noqa: S311 - repeatable, not secret
K = FaultKind


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Ten devices, and a plan of two hundred steps."""
    made = Stage.boot(tmp_path_factory.mktemp("rollback"), DEVICES)
    assert len(made.plan.steps) == 200
    yield made
    made.network.lab.stop()


# The object of a step, in the device's words -----------------------------------------------------------------


def line_of(step: Step) -> str:
    """Return a line that is sent for this object and no other."""
    name = step.name.split()[0]
    if step.action == "delete":
        return f"no vlan {name}" if step.model == "vlan" else "no interface Loopback66"
    if step.model == "ip_address":
        return f"ip address {step.identity['address']}"
    if step.model == "vlan":
        return f"name users-{step.identity['vid']}"
    if step.action == "create":
        return f"interface {name}"
    return f"description {(step.after or {})['description']}"


def undone(step: Step) -> tuple[str, ...]:
    """Return what takes the object's change back on the device."""
    if step.model == "vlan":
        return (f"{'' if step.action == 'delete' else 'no '}vlan {step.identity['vid']}",)
    if step.model == "ip_address":
        vid = step.identity["address"].split(".")[1]
        address = f"ip address {step.identity['address']}"
        return (
            ("interface Loopback66", address)
            if step.action == "delete"
            else (f"interface Vlan{vid}", "no ip address")
        )
    name = step.identity["name"]
    if step.action == "update":
        return f"interface {name}", "description other"
    return (f"{'' if step.action == 'delete' else 'no '}interface {name}",)


# Ways to fail ------------------------------------------------------------------------------------------------


@contextmanager
def a_hook_that_raises(stage: Stage, step: Step, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The hook of this very object fails."""
    original = DeviceSession.stage

    def raising(session: DeviceSession, change: Any) -> None:
        if (change.model, dict(change.identity)) == (step.model, dict(step.identity)):
            raise RuntimeError("broken")
        original(session, change)

    patch.setattr(DeviceSession, "stage", raising)
    yield


@contextmanager
def a_refused_line(stage: Stage, step: Step, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The device refuses a line of this object."""
    stage.network.lab[step.unit].inject(Fault(K.COMMAND_ERROR, command=f"^{line_of(step)}$", times=1))
    yield


@contextmanager
def a_swallowed_line(stage: Stage, step: Step, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The device takes a line of this object and does nothing."""
    apply = Session.apply

    def swallow(session: Session, command: str, heredoc: str | None) -> None:
        if session.base.hostname != step.unit or command != line_of(step):
            apply(session, command, heredoc)

    patch.setattr(Session, "apply", swallow)
    yield


@contextmanager
def a_lying_commit(stage: Stage, step: Step, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The device commits all but this object."""
    commit = DeviceSession.commit

    def lying(session: DeviceSession, revert_in: int | None) -> None:
        commit(session, revert_in)
        if session.device == step.unit:
            stage.network.lab[step.unit].change(*undone(step))

    patch.setattr(DeviceSession, "commit", lying)
    yield


def with_fault(fault: Fault) -> Callable[..., Any]:
    """Return a way to fail that is a fault of the object's device."""

    def way(stage: Stage, step: Step, patch: pytest.MonkeyPatch) -> Any:
        stage.network.lab[step.unit].inject(fault)
        return nullcontext()

    return way


OF_A_STEP: dict[str, Callable[..., Any]] = {
    "a hook that raises": a_hook_that_raises,
    "a refused line": a_refused_line,
    "a swallowed line": a_swallowed_line,
    "a commit that leaves it out": a_lying_commit,
}
OF_A_DEVICE: dict[str, Callable[..., Any]] = {
    "a commit that stops halfway": with_fault(Fault(K.PARTIAL_COMMIT, times=1)),
    "a commit that lies": with_fault(Fault(K.LYING_OK, times=1)),
    "a refused confirm": with_fault(Fault(K.COMMAND_ERROR, command="commit$", times=1)),
    "a confirm that lies": with_fault(Fault(K.LYING_OK, skip=1, times=1)),
    "a confirm that is not saved": with_fault(Fault(K.RESET_BEFORE, command="write memory", times=1)),
}
WAYS = OF_A_STEP | OF_A_DEVICE


@pytest.mark.parametrize("scope", SCOPES)
def test_fail_at_a_step(
    stage: Stage, scope: str, monkeypatch: pytest.MonkeyPatch, tally: Tally, *, thorough: bool
) -> None:
    """Running and startup configurations are byte-identical to before, and the exit status says rolled back."""
    steps, ways = list(stage.plan.steps), list(OF_A_STEP)
    numbers = range(len(steps)) if thorough else [ONCE.randrange(len(steps)) for _ in ways]
    for turn, number in enumerate(numbers):
        # Every kind of step fails in every way, on one device or another.
        way = ways[(turn + number // STEPS + SCOPES.index(scope)) % len(ways)]
        fail(stage, scope, steps[number], way, monkeypatch, tally)

    tally.check()


@pytest.mark.parametrize("way", OF_A_DEVICE)
@pytest.mark.parametrize("scope", SCOPES)
def test_fail_at_a_commit_or_a_confirm(
    stage: Stage, scope: str, way: str, monkeypatch: pytest.MonkeyPatch, tally: Tally, *, thorough: bool
) -> None:
    """The same when a device fails as a whole, also when others have been confirmed by then."""
    first = list({step.unit: step for step in stage.plan.steps}.values())
    for step in first if thorough else ONCE.sample(first, 1):
        fail(stage, scope, step, way, monkeypatch, tally)

    tally.check()


def fail(
    stage: Stage, scope: str, step: Step, way: str, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    """Apply the plan, fail, and look at everything."""
    with hurried(monkeypatch, stage.network.clock), monkeypatch.context() as patch:
        run = stage.run(scope, around=lambda _: WAYS[way](stage, step, patch))
    wrong = [*run.wrong(), *wrong_steps(run, stage, scope, step, culprit=way in OF_A_STEP)]
    tally.add(f"failed at a step, {scope}: {way}", f"{step.unit} {step.name}: {wrong}" if wrong else "")
    stage.put_back()


def wrong_steps(run: Run, stage: Stage, scope: str, step: Step, *, culprit: bool) -> list[str]:
    """Return what is wrong with who was changed, who was not, and who is said to be the culprit."""
    group, found = stage.group(scope, step.unit), list[str]()
    if run.status is not ExitStatus.ROLLED_BACK:
        found.append(f"exit status {run.status!r}")
    if run.named(UnitOutcome.APPLIED) != stage.before.keys() - group:
        found.append(f"applied: {sorted(run.named(UnitOutcome.APPLIED))}")
    results = {each.step.id: each for each in run.units[step.unit].steps}
    if culprit and results[step.id].status is not DiffSyncStatus.ERROR:
        found.append(f"the culprit is said to be {results[step.id].status}: {run.units[step.unit].error}")
    if any(each.status is DiffSyncStatus.SUCCESS for name in group for each in run.units[name].steps):
        found.append("a step that was taken back is said to be done")
    return found
