"""Changing a device through NAPALM's unmodified driver, with everything that can go wrong on the way."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from napalm.eos.eos import EOSDriver

from driftline.devices import session as session_module
from driftline.devices.session import DeviceSession
from driftline.engine import DiffSyncStatus
from driftline.engine.exceptions import (
    ConfirmError,
    PrepareError,
    RollbackError,
    TransactionError,
    VerifyError,
)
from driftline.engine.executor import Policy, execute
from driftline.engine.results import UnitOutcome
from driftline.lab import Counters, Fault, FaultKind, Lab, RealClock, SimulatedDevice
from driftline.lab.sessions import Session

from .leaf import EOS, LEAF, adapter_of, create, delete, fleet_in, intent_after, plan_of, port, update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from driftline.devices import DeviceAdapter, Fleet
    from driftline.engine.results import RunResult, UnitResult

TIMEOUT = 0.4
CHANGES = (
    port("Ethernet6", description="new", mode="trunk"),
    create("vlan", {"name": "new"}, vid=30),
    delete("ip_address", address="10.10.2.1/24"),
)
K = FaultKind

# What the driver asks of the device in each phase: (a command, how often it comes before that).
PHASES = {
    "begin": ("show running-config", 0),
    "startup": ("show startup-config", 0),
    "lock": ("show configuration sessions$", 0),
    "load": (r"configure session \S+$", 0),
    "candidate": ("show session-config", 0),
    "commit": ("commit timer", 0),
    "verify": ("show running-config", 1),
    "pending": ("show configuration sessions detail", 1),
    "confirm": ("commit$", 0),
    "save": ("write memory", 0),
    "disarmed": ("show configuration sessions detail", 2),
    "read back": ("show running-config", 2),
}
READING_BACK = ("disarmed", "read back")
TRANSIENT = (K.TIMEOUT, K.UNAUTHORIZED, K.RESET_BEFORE, K.RESET_AFTER, K.LOST_REPLY, K.COMMAND_ERROR)
EXECUTED = (K.RESET_AFTER, K.LOST_REPLY)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_POLL", 0.05)
    monkeypatch.setattr(session_module, "_GRACE", 2)


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A leaf whose timers run by themselves."""
    configs = {"leaf1": LEAF, "leaf2": LEAF.replace("hostname leaf1", "hostname leaf2")}
    with Lab(configs, clock=RealClock(), addressing="ports", port=0) as lab:
        yield lab


@pytest.fixture
def fleet(lab: Lab) -> Iterator[Fleet]:
    """The fleet, with little patience."""
    fleet = fleet_in(lab, timeout=TIMEOUT)
    yield fleet
    lab.clear_faults()
    fleet.close_all()


@pytest.fixture
def adapter(fleet: Fleet, lab: Lab) -> DeviceAdapter:
    """The actual state, read before anything goes wrong."""
    adapter = adapter_of(fleet)
    assert adapter.failures == {}
    lab.reset_log()
    return adapter


def run(adapter: DeviceAdapter, *changes: Any, revert_in: int | None = 30) -> RunResult:
    """Plan the changes and apply the plan."""
    made = plan_of(adapter, intent_after(adapter, *(changes or CHANGES)))
    adapter.planned = made.native
    return execute(made.units, adapter, policy=Policy(revert_in), dispatch=adapter.fleet.dispatch)


def run_one(adapter: DeviceAdapter, *changes: Any, revert_in: int | None = 30) -> UnitResult:
    """Plan the changes of one device and apply the plan."""
    (result,) = run(adapter, *changes, revert_in=revert_in).units
    return result


def statuses(result: UnitResult) -> set[DiffSyncStatus]:
    """The statuses of a unit's steps."""
    return {step.status for step in result.steps}


def assert_applied(result: UnitResult, leaf: SimulatedDevice) -> None:
    """It is as planned, for good, and saved."""
    assert result.outcome is UnitOutcome.APPLIED, result.error
    assert statuses(result) == {DiffSyncStatus.SUCCESS}
    assert "description new" in leaf.running_config
    assert leaf.running_config == leaf.startup_config
    assert "pending" not in " ".join(leaf.sessions.values())


def assert_rolled_back(result: UnitResult, leaf: SimulatedDevice, before: str) -> None:
    """It is what it was, to the byte, and every step says so."""
    assert result.outcome is UnitOutcome.ROLLED_BACK, result.error
    assert DiffSyncStatus.SUCCESS not in statuses(result)
    assert before == leaf.running_config
    assert "pending" not in " ".join(leaf.sessions.values())


# Nothing goes wrong ---------------------------------------------------------------------------------------


def test_one_session_one_timed_commit_one_confirm(adapter: DeviceAdapter, lab: Lab) -> None:
    """Many objects on a device are one change; the device beside it is not touched."""
    result = run_one(adapter)
    assert_applied(result, lab["leaf1"])
    assert len(result.steps) == 3
    assert result.guarantee == "commit-confirmed, 30 s"
    assert result.warnings == ()
    counters = lab["leaf1"].counters
    assert (counters.sessions_opened, counters.timed_commits, counters.confirms) == (1, 1, 1)
    assert (counters.commits, counters.aborts) == (0, 0)
    assert lab["leaf2"].counters == Counters()


def test_what_a_change_costs(adapter: DeviceAdapter, lab: Lab, fleet: Fleet) -> None:
    """Fourteen requests, the connection included, whatever is changed."""
    fleet.close("leaf1")
    assert_applied(run_one(adapter), lab["leaf1"])
    assert lab["leaf1"].counters.requests == 14


def test_both_devices_change_at_once(adapter: DeviceAdapter, lab: Lab) -> None:
    """Every changed device gets its own session, and each exactly one."""
    second = update("interface", {"description": "new"}, device="leaf2", name="Ethernet6")
    result = run(adapter, *CHANGES, second)
    assert result.succeeded
    assert lab.counters.timed_commits == lab.counters.confirms == lab.counters.sessions_opened == 2


def test_nothing_intended_nothing_done(adapter: DeviceAdapter, lab: Lab) -> None:
    """A fleet that is as intended is not contacted again."""
    made = plan_of(adapter, intent_after(adapter))
    assert made.steps == ()
    assert execute(made.units, adapter, dispatch=adapter.fleet.dispatch).units == ()
    assert lab.counters == Counters()


def test_what_the_candidate_changes(adapter: DeviceAdapter) -> None:
    """The report has the difference between what runs and the candidate, as the device shows both."""
    diff = run_one(adapter).native_diff.splitlines()
    assert {
        "+vlan 30",
        "+   name new",
        "+   description new",
        "+   switchport mode trunk",
        "-   ip address 10.10.2.1/24 secondary",
    } == _changed(diff)


def test_the_devices_own_diff(adapter: DeviceAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the candidate can't be read whole, it is the device that says what it would change."""
    blind = replace(EOS, capabilities=replace(EOS.capabilities, candidate_config=False))
    monkeypatch.setattr(type(adapter), "platform_of", lambda *_: blind)
    diff = run_one(adapter).native_diff.splitlines()
    assert {"+   description new", "+vlan 30", "-   ip address 10.10.2.1/24 secondary"} <= _changed(diff)


def _changed(diff: list[str]) -> set[str]:
    return {line for line in diff if line[0] in "+-"}


def test_without_a_timer(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """Where no timer is wanted the commit is for good, read back, and says so."""
    result = run_one(adapter, revert_in=None)
    assert_applied(result, leaf)
    assert result.guarantee == "no commit-confirmed: inverse computed before the write"
    assert (leaf.counters.commits, leaf.counters.timed_commits, leaf.counters.confirms) == (1, 0, 0)


def test_unsaved_changes_are_reported(adapter: DeviceAdapter, lab: Lab, fleet: Fleet) -> None:
    """Confirming saves what somebody else had not saved, and the report says that."""
    lab["leaf1"].change("interface Ethernet3", "description not saved")
    result = run_one(adapter_of(fleet))
    assert_applied(result, lab["leaf1"])
    assert result.warnings == ("it had unsaved changes before; they were saved together with ours",)


# Every fault at every phase -------------------------------------------------------------------------------


def expected(phase: str, kind: FaultKind) -> UnitOutcome:
    """What becomes of a unit whose device shows a fault, once, in a phase."""
    if phase in ("begin", "startup"):
        return UnitOutcome.NOT_REACHED
    if phase in READING_BACK or (phase in ("confirm", "save") and kind in EXECUTED):
        return UnitOutcome.APPLIED  # it is confirmed, saved, and read
    return UnitOutcome.ROLLED_BACK


@pytest.mark.parametrize("kind", TRANSIENT, ids=lambda kind: kind.value)
@pytest.mark.parametrize("phase", PHASES)
def test_a_fault_in_a_phase(
    adapter: DeviceAdapter, leaf: SimulatedDevice, phase: str, kind: FaultKind
) -> None:
    """A device that fails once ends whole: as planned, or what it was to the byte."""
    before, (command, skip) = leaf.running_config, PHASES[phase]
    leaf.inject(Fault(kind, command=command, skip=skip, times=1))
    result = run_one(adapter)
    outcome = expected(phase, kind)
    assert outcome is result.outcome, result.error
    if outcome is UnitOutcome.APPLIED:
        assert_applied(result, leaf)
        assert (leaf.counters.timed_commits, leaf.counters.confirms) == (1, 1)
        return
    assert before == leaf.running_config
    assert leaf.counters.timed_commits <= 1
    assert statuses(result) <= {DiffSyncStatus.FAILURE, DiffSyncStatus.ERROR}
    assert "pending" not in " ".join(leaf.sessions.values())


@pytest.mark.parametrize("phase", ["begin", "lock", "candidate", "verify", "pending", *READING_BACK])
def test_an_empty_answer_in_a_phase(adapter: DeviceAdapter, leaf: SimulatedDevice, phase: str) -> None:
    """An empty answer is never taken for an empty device."""
    before, (command, skip) = leaf.running_config, PHASES[phase]
    leaf.inject(Fault(K.EMPTY, command=command, skip=skip, times=1))
    result = run_one(adapter)
    if phase in READING_BACK:
        assert_applied(result, leaf)
        return
    assert result.outcome in (UnitOutcome.NOT_REACHED, UnitOutcome.ROLLED_BACK)
    assert before == leaf.running_config


@pytest.mark.parametrize("phase", PHASES)
def test_the_device_is_gone_and_comes_back(adapter: DeviceAdapter, leaf: SimulatedDevice, phase: str) -> None:
    """A device that can't be reached any more takes an unconfirmed change back by itself; we wait and look."""
    before, (command, skip) = leaf.running_config, PHASES[phase]
    leaf.inject(Fault(K.REFUSED, command=command, skip=skip))
    back = threading.Timer(1.2, leaf.clear_faults)
    back.start()
    result = run_one(adapter, revert_in=1)
    back.join()
    if phase in READING_BACK:
        assert_applied(result, leaf)
    elif phase in ("begin", "startup"):
        assert result.outcome is UnitOutcome.NOT_REACHED
    else:
        assert result.outcome is UnitOutcome.ROLLED_BACK, result.error
    if phase not in READING_BACK:
        assert before == leaf.running_config


@pytest.mark.parametrize("phase", ["verify", "confirm", *READING_BACK])
def test_the_device_is_gone_for_good(adapter: DeviceAdapter, leaf: SimulatedDevice, phase: str) -> None:
    """What can't be read back is not claimed: neither that it is applied nor that it was taken back."""
    command, skip = PHASES[phase]
    leaf.inject(Fault(K.REFUSED, command=command, skip=skip))
    result = run_one(adapter, revert_in=1)
    assert result.outcome is UnitOutcome.ROLLBACK_FAILED
    assert statuses(result) == {DiffSyncStatus.ERROR}
    assert result.error is not None
    assert isinstance(result.error.rollback_error, RollbackError)


@pytest.mark.parametrize("kind", [K.RESET_BEFORE, K.COMMAND_ERROR, K.TIMEOUT], ids=lambda kind: kind.value)
def test_a_candidate_is_not_left_behind(
    adapter: DeviceAdapter, leaf: SimulatedDevice, kind: FaultKind
) -> None:
    """A candidate that can't be discarded at the first try would lock others out: it is tried again."""
    leaf.inject(Fault(K.COMMAND_ERROR, command="show session-config"), Fault(kind, command="abort", times=1))
    result = run_one(adapter)
    assert result.outcome is UnitOutcome.ROLLED_BACK
    assert leaf.sessions == {}


def test_a_timer_over_nothing_is_disarmed(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """A commit that changed nothing has armed a timer all the same; it does not stay."""
    before = leaf.running_config
    leaf.inject(Fault(K.LYING_OK, times=1), Fault(K.RESET_BEFORE, command="abort", times=2))
    assert_rolled_back(run_one(adapter), leaf, before)
    assert leaf.counters.timer_reverts == 0


def test_undoing_saves_what_others_had_not_saved(adapter: DeviceAdapter, lab: Lab, fleet: Fleet) -> None:
    """To undo a permanent change is to commit and to save; that it saved more than ours is said."""
    lab["leaf1"].change("interface Ethernet3", "description not saved")
    before = lab["leaf1"].running_config
    lab["leaf1"].inject(Fault(K.RESET_BEFORE, command="write memory", times=1))
    result = run_one(adapter_of(fleet))
    assert_rolled_back(result, lab["leaf1"], before)
    assert lab["leaf1"].startup_config == before
    assert "saved together with ours" in result.warnings[0]


def test_gone_before_the_commit_is_no_failed_rollback(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """A candidate has no effect, so there is nothing to restore; that it may be left behind is said."""
    leaf.inject(Fault(K.REFUSED, command="show session-config"))
    result = run_one(adapter)
    assert result.outcome is UnitOutcome.ROLLED_BACK
    assert result.warnings == ("its candidate could not be discarded; it has no effect, but it may lock",)


# What only a commit can do --------------------------------------------------------------------------------


@pytest.mark.parametrize("revert_in", [30, None], ids=["timed", "for good"])
@pytest.mark.parametrize("kind", [K.PARTIAL_COMMIT, K.LYING_OK], ids=lambda kind: kind.value)
def test_a_bad_commit(
    adapter: DeviceAdapter, leaf: SimulatedDevice, kind: FaultKind, revert_in: int | None
) -> None:
    """A commit that stops halfway, or says ok and does nothing, is found out and taken back."""
    before = leaf.running_config
    leaf.inject(Fault(kind, times=1))
    result = run_one(adapter, revert_in=revert_in)
    assert_rolled_back(result, leaf, before)
    if kind is K.LYING_OK:
        assert isinstance(result.error, VerifyError)
        assert "said ok, and changed nothing" in result.error.message
        assert statuses(result) == {DiffSyncStatus.ERROR}


@pytest.mark.parametrize("kind", [K.RESET_AFTER, K.LOST_REPLY], ids=lambda kind: kind.value)
def test_an_answer_lost_without_a_timer(
    adapter: DeviceAdapter, leaf: SimulatedDevice, kind: FaultKind
) -> None:
    """A permanent commit in doubt is read, and undone by its inverse."""
    before = leaf.running_config
    leaf.inject(Fault(kind, command="session .* commit$", times=1))
    assert_rolled_back(run_one(adapter, revert_in=None), leaf, before)


def test_confirmed_but_not_saved_is_taken_back(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """A confirmed change that a restart would lose is undone by its inverse: all or nothing."""
    before = leaf.running_config
    leaf.inject(Fault(K.RESET_BEFORE, command="write memory", times=1))
    assert_rolled_back(run_one(adapter), leaf, before)
    assert leaf.counters.confirms == 1
    assert leaf.startup_config == before


def test_a_confirm_in_doubt_is_looked_up(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """A confirm whose answer was lost is read before anything is redone, and the report says so."""
    leaf.inject(Fault(K.LOST_REPLY, command="commit$", times=1))
    result = run_one(adapter)
    assert_applied(result, leaf)
    assert "confirmed and saved all the same" in result.warnings[0]


def test_a_timer_that_still_runs_is_no_confirmation(lab: Lab, fleet: Fleet, leaf: SimulatedDevice) -> None:
    """Where the repair makes the device what it has saved, only its timer tells that nobody confirmed."""
    leaf.change("interface Ethernet6", "description drifted")
    before = leaf.running_config
    leaf.inject(Fault(K.TIMEOUT, command="commit$", times=1))
    result = run_one(adapter_of(fleet), port("Ethernet6", description=None))
    assert_rolled_back(result, leaf, before)
    assert isinstance(result.error, ConfirmError)


def test_the_inverse_needs_a_session_of_its_own(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """A driver that could not abort remembers a session that is over; the inverse does not go into it."""
    before = leaf.running_config
    leaf.inject(
        Fault(K.RESET_AFTER, command="session .* commit$", times=1), Fault(K.COMMAND_ERROR, command="abort")
    )
    assert_rolled_back(run_one(adapter, revert_in=None), leaf, before)


def test_a_confirm_that_says_ok_and_does_nothing(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """Its timer would take the change back later: it is taken back now, in what was saved too, and is a failure."""
    before = leaf.running_config, leaf.startup_config
    leaf.inject(Fault(K.LYING_OK, skip=1, times=1))
    result = run_one(adapter)
    assert_rolled_back(result, leaf, before[0])
    assert isinstance(result.error, ConfirmError)
    assert "its timer still runs" in result.error.message
    assert (leaf.running_config, leaf.startup_config) == before
    assert leaf.counters.timer_reverts == 0


# What the device made of the lines --------------------------------------------------------------------------


def swallowing(monkeypatch: pytest.MonkeyPatch, line: str, instead: str = "") -> None:
    """Have the device accept a line, and do nothing or something else."""
    apply = Session.apply

    def swallow(session: Session, command: str, heredoc: str | None) -> None:
        if command != line:
            apply(session, command, heredoc)
        elif instead:
            apply(session, instead, heredoc)

    monkeypatch.setattr(Session, "apply", swallow)


def assert_not_committed(result: UnitResult, leaf: SimulatedDevice, before: str, told: str) -> None:
    """It was found before the commit, and nothing was written."""
    assert_rolled_back(result, leaf, before)
    assert isinstance(result.error, PrepareError)
    assert result.error.code == "DEVICE-CANDIDATE"
    assert told in result.error.message
    assert leaf.counters.timed_commits == leaf.counters.commits == leaf.counters.writes == 0
    assert leaf.sessions == {}


@pytest.mark.parametrize(("instead", "told"), [("", "is None"), ("description other", "is 'other'")])
def test_a_line_that_the_device_swallows(
    adapter: DeviceAdapter, leaf: SimulatedDevice, monkeypatch: pytest.MonkeyPatch, instead: str, told: str
) -> None:
    """A line that has no effect, or another one, is found in the candidate, and the object is the culprit."""
    before = leaf.running_config
    leaf.reset_log()
    swallowing(monkeypatch, "description new", instead)
    result = run_one(adapter)
    assert_not_committed(result, leaf, before, told)
    culprits = {step.step.name for step in result.steps if step.status is DiffSyncStatus.ERROR}
    assert culprits == {"Ethernet6"}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("vlan 77",), "vlan"),
        (
            ("interface Ethernet6", "storm-control broadcast level 1"),
            "'storm-control broadcast level 1' was not",
        ),
        (("interface Ethernet2", "no spanning-tree portfast"), "'spanning-tree portfast' is gone"),
        (("router bgp 65001",), "'router bgp 65001' is not as it was"),
        (
            ("interface Vlan10", "ip ospf authentication-key secret-77"),
            "'ip ospf authentication-key <removed>'",
        ),
    ],
    ids=lambda value: value[-1].split()[0] if isinstance(value, tuple) else "",
)
def test_somebody_types_into_our_session(
    adapter: DeviceAdapter,
    leaf: SimulatedDevice,
    monkeypatch: pytest.MonkeyPatch,
    lines: tuple[str, ...],
    told: str,
) -> None:
    """What nobody planned is not committed, be it modelled or not, in a planned section or elsewhere."""
    before = leaf.running_config
    leaf.reset_log()
    load = EOSDriver.load_merge_candidate

    def and_more(driver: Any, **named: Any) -> None:
        load(driver, **named)
        with leaf.lock:
            for line in lines:
                leaf.find_session(driver.config_session).apply(line, None)
        monkeypatch.setattr(EOSDriver, "load_merge_candidate", load)

    monkeypatch.setattr(EOSDriver, "load_merge_candidate", and_more)
    assert_not_committed(run_one(adapter), leaf, before, told)


# Refusals -------------------------------------------------------------------------------------------------


def test_a_refused_line_names_its_object(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """The object whose line the device refuses is the culprit; the others were taken back with it."""
    before = leaf.running_config
    bad = create("vlan", {"name": "two words"}, vid=31)
    result = run_one(adapter, *CHANGES, bad)
    assert_rolled_back(result, leaf, before)
    culprits = {step.step.name for step in result.steps if step.status is DiffSyncStatus.ERROR}
    assert culprits == {"31"}
    assert statuses(result) == {DiffSyncStatus.ERROR, DiffSyncStatus.FAILURE}
    assert leaf.counters.timed_commits == 0


def test_an_error_of_the_device_on_a_later_line(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """The culprit is found by the line's place, also where its text stands in other sections too."""
    before = leaf.running_config
    leaf.inject(Fault(K.COMMAND_ERROR, command="^description new$"))
    result = run_one(adapter, *CHANGES, port("Ethernet5", description="new"))
    assert_rolled_back(result, leaf, before)
    assert {s.step.name for s in result.steps if s.status is DiffSyncStatus.ERROR} == {"Ethernet5"}


def test_somebody_else_has_the_lock(
    adapter: DeviceAdapter, leaf: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A foreign candidate keeps ours out, and nothing is written."""
    monkeypatch.setattr("napalm.eos.eos.time.sleep", lambda _: None)
    monkeypatch.setattr(
        "napalm.eos.eos.EOSDriver._obtain_lock", lambda driver, wait_time=None: driver._lock()
    )
    before = leaf.running_config
    leaf.inject(Fault(K.SESSION_LOCKED))
    result = run_one(adapter)
    assert_rolled_back(result, leaf, before)
    assert result.error is not None
    assert result.error.code == "DEVICE-LOCKED"
    assert result.warnings == ()


@pytest.mark.parametrize(("name", "ours"), [("theirs", False), ("driftline-diff-1", True)])
def test_a_candidate_was_left_behind(
    adapter: DeviceAdapter, leaf: SimulatedDevice, monkeypatch: pytest.MonkeyPatch, name: str, *, ours: bool
) -> None:
    """The error tells driftline's own by its name; somebody else's is not taken for ours."""
    lock = EOSDriver._lock
    monkeypatch.setattr(EOSDriver, "_obtain_lock", lambda driver, wait_time=None: lock(driver))
    other = fleet_in_another_process(leaf)
    other.config_session = name
    other.load_merge_candidate(config="interface Ethernet3\ndescription left")
    error = run_one(adapter).error
    assert error is not None
    assert error.code == "DEVICE-LOCKED"
    assert ("driftline's own, driftline-diff-1:" in error.hint) is ours


def test_the_candidate_of_a_diff_has_our_name(
    adapter: DeviceAdapter, leaf: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `plan --native` stages can be told from others' work when the process dies."""
    names: list[str] = []
    diff = DeviceSession.own_diff

    def looking(session: DeviceSession) -> str:
        names.extend(leaf.sessions)
        return diff(session)

    monkeypatch.setattr(DeviceSession, "own_diff", looking)
    steps = plan_of(adapter, intent_after(adapter, *CHANGES)).units["leaf1"]
    assert "new" in adapter.staged_diff("leaf1", steps)
    assert [name.partition("diff-")[0] for name in names] == ["driftline-"]
    assert "pending" not in leaf.sessions.values()


def test_somebody_else_waits_to_confirm(adapter: DeviceAdapter, leaf: SimulatedDevice, fleet: Fleet) -> None:
    """While another commit waits for its confirmation ours is refused, and the other one stays."""
    other = fleet_in_another_process(leaf)
    other.load_merge_candidate(config="interface Ethernet3\ndescription theirs")
    other.commit_config(revert_in=60)
    result = run_one(adapter)
    assert result.outcome is UnitOutcome.ROLLED_BACK
    assert "description theirs" in leaf.running_config
    assert "description new" not in leaf.running_config
    assert list(leaf.sessions.values()).count("pendingCommitTimer") == 1
    other.confirm_commit()


def fleet_in_another_process(leaf: SimulatedDevice) -> Any:
    """A driver of somebody else's."""
    from napalm import get_network_driver  # noqa: PLC0415 - takes a second, and one test needs it

    options = {"transport": "http", "port": leaf.port}
    driver = get_network_driver("eos")(leaf.host, "admin", "admin", timeout=5, optional_args=options)
    driver.open()
    return driver


# Other people ---------------------------------------------------------------------------------------------


def after_phase(monkeypatch: pytest.MonkeyPatch, phase: str, then: Callable[[], object]) -> None:
    """Have something happen on the device as soon as a phase is over."""
    original = getattr(DeviceSession, phase)

    def wrapped(session: DeviceSession, *arguments: Any) -> Any:
        result = original(session, *arguments)
        monkeypatch.setattr(DeviceSession, phase, original)
        then()
        return result

    monkeypatch.setattr(DeviceSession, phase, wrapped)


def test_a_planned_value_changed_since(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """A change of what is planned, made after the plan, keeps the whole device from being written."""
    leaf.change("interface Ethernet6", "description theirs")
    before = leaf.running_config
    result = run_one(adapter)
    assert result.outcome is UnitOutcome.ROLLED_BACK
    assert result.error is not None
    assert result.error.code == "PLAN-STALE"
    assert before == leaf.running_config
    assert leaf.counters.sessions_opened == 0


def test_an_unplanned_value_changed_since(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """A change elsewhere, made after the plan, blocks nothing and stays."""
    leaf.change("interface Ethernet3", "description theirs")
    assert_applied(run_one(adapter), leaf)
    assert "description theirs" in leaf.running_config


def test_lines_that_are_not_in_the_plan(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """Lines other than the reviewed ones are not sent, even when every planned value is as it was."""
    made = plan_of(adapter, intent_after(adapter, *CHANGES))
    adapter.planned = {"leaf1": ["interface Ethernet6", "  description reviewed"]}
    (result,) = execute(made.units, adapter).units
    assert result.error is not None
    assert result.error.code == "PLAN-STALE"
    assert leaf.counters.sessions_opened == 0


def test_somebody_changes_another_port_meanwhile(
    adapter: DeviceAdapter, leaf: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not as it was anywhere stops the change, and taking ours back leaves theirs, and says so."""
    after_phase(monkeypatch, "prepare", lambda: leaf.change("interface Ethernet3", "description theirs"))
    result = run_one(adapter)
    assert result.outcome is UnitOutcome.ROLLED_BACK, result.error
    assert "description theirs" in leaf.running_config
    assert "description new" not in leaf.running_config
    assert "somebody else changed it" in result.warnings[-1]


def test_an_unmodelled_line_lost(
    adapter: DeviceAdapter, leaf: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that driftline does not model and that vanishes from a changed section is noticed."""
    after_phase(monkeypatch, "commit", lambda: leaf.change("interface Vlan10", "no ip virtual-router"))
    result = run_one(adapter)
    assert isinstance(result.error, VerifyError)
    assert "'ip virtual-router address 10.10.0.254' is gone" in result.error.message


def test_another_box_answers(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """A box that calls itself by another name by now is not written to."""
    leaf.change("hostname leaf9")
    result = run_one(adapter)
    assert result.outcome is UnitOutcome.NOT_REACHED
    assert result.error is not None
    assert result.error.code == "DEVICE-WRONG-BOX"
    assert leaf.counters.sessions_opened == 0


# The way back goes wrong too ------------------------------------------------------------------------------


def test_the_abort_fails_once(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """A rollback that is interrupted is tried again."""
    before = leaf.running_config
    leaf.inject(
        Fault(K.COMMAND_ERROR, command="show running-config", skip=1, times=1),
        Fault(K.RESET_BEFORE, command="abort", times=1),
    )
    assert_rolled_back(run_one(adapter), leaf, before)
    assert leaf.counters.timer_reverts == 0


def test_the_abort_never_works(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """Where the abort is refused for good, the device's own timer brings it back, and is waited for."""
    before = leaf.running_config
    leaf.inject(
        Fault(K.COMMAND_ERROR, command="show running-config", skip=1, times=1),
        Fault(K.COMMAND_ERROR, command="abort"),
    )
    assert_rolled_back(run_one(adapter, revert_in=1), leaf, before)
    assert leaf.counters.timer_reverts == 1


def test_the_timer_fires_before_the_confirm(
    adapter: DeviceAdapter, leaf: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A confirm that comes too late fails, and the device is known to be what it was."""
    before = leaf.running_config
    after_phase(monkeypatch, "verify", _late)
    result = run_one(adapter, revert_in=1)
    assert_rolled_back(result, leaf, before)
    assert isinstance(result.error, ConfirmError)
    assert leaf.counters.timer_reverts == 1


def _late() -> None:
    threading.Event().wait(1.1)


def test_the_inverse_does_not_work_either(
    adapter: DeviceAdapter, leaf: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A permanent change that can't be undone is a failed rollback, and the inverse is sent only once."""
    after_phase(monkeypatch, "commit", lambda: leaf.change("interface Ethernet6", "description theirs"))
    leaf.inject(Fault(K.LYING_OK, skip=1))
    result = run_one(adapter, revert_in=None)
    assert result.outcome is UnitOutcome.ROLLBACK_FAILED
    assert leaf.counters.commits == 2


def test_napalms_own_rollback_is_never_used(
    adapter: DeviceAdapter, lab: Lab, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It restores the startup configuration, and with it loses what others have not saved."""
    monkeypatch.setattr("napalm.eos.eos.EOSDriver.rollback", lambda _: pytest.fail("it was used"))
    lab["leaf1"].change("interface Ethernet3", "description not saved")
    before = lab["leaf1"].running_config
    lab["leaf1"].inject(Fault(K.LYING_OK, times=1))
    assert_rolled_back(run_one(adapter_of(fleet)), lab["leaf1"], before)
    assert "not saved" not in lab["leaf1"].startup_config


def test_a_deleted_svi_comes_back_whole(adapter: DeviceAdapter, leaf: SimulatedDevice) -> None:
    """After a confirmed deletion the inverse brings back also what driftline does not model."""
    before = leaf.running_config
    leaf.inject(Fault(K.RESET_BEFORE, command="write memory", times=1))
    gone = [delete("ip_address", address=f"10.10.{n}.1/24") for n in range(3)]
    result = run_one(adapter, *gone, delete("interface", name="Vlan10"), delete("vlan", vid=10))
    assert_rolled_back(result, leaf, before)
    assert leaf.counters.confirms == 1


def test_a_session_that_was_not_begun() -> None:
    """A session can't be used before it has read the device."""
    with pytest.raises(TransactionError):
        DeviceSession("leaf1", EOS, None).prepare()  # type: ignore[arg-type]
