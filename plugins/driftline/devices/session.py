"""The device session: one candidate, one timed commit, one confirm, however many objects change."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import structlog

from driftline.engine.exceptions import (
    CommitError,
    ConfirmError,
    DriftlineError,
    PrepareError,
    RollbackError,
    TargetError,
    TransactionError,
    VerifyError,
)

from .comparing import (
    difference,
    differences,
    first_difference,
    is_there,
    statements,
    strays,
    summary,
    unmodelled,
)
from .errors import redacted, translate
from .fencing import Fenced
from .reading import check_identity, parse, put_silent_ports, read_both, read_running
from .remediation import line_owners, lines_back, lines_between, sections_of, shown, wanted_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .fleet import Fleet
    from .platforms import Platform
    from .state import Change, DeviceState, Key

Result = TypeVar("Result")

_log = structlog.get_logger(__name__)
_POLL = 0.5  # seconds between two looks at a device that has to come back by itself
_UNSAVED = "it had unsaved changes before"
_NOTHING_SAVED = "it shows nothing that is saved: whether there were unsaved changes is not known"
OURS = "driftline-"
"""How the names of our candidates begin."""
_OWN_LOCK = (
    "wait for its run, or resume that when it was cut off (driftline history);"
    " when it is of no run, discard it on the device"
)
_GRACE = 5  # seconds that a device may take to revert after its timer has run out


class Naming(Protocol):
    """Says what a device's candidate is to be called."""

    def __call__(self, *, back: bool) -> str:
        """Return the name of the change, or of what takes it back; no other one on the device is called so."""


class DeviceSession:
    """One device's change, as the engine's transaction."""

    def __init__(
        self,
        device: str,
        platform: Platform,
        fleet: Fleet,
        planned: Sequence[str] | None = None,
        *,
        recalled: DeviceState | None = None,
        fence: Callable[[], object] | None = None,
    ) -> None:
        """Make a session; nothing is contacted before `begin`.

        Args:
            planned: the lines that were reviewed; others are refused.
            recalled: what the device was once, and is to be again: what comes back, comes back with the lines
                of its section that driftline does not model.
            fence: called before everything that the device is asked; what it raises ends the session.
        """
        self.device = device
        self.platform = platform
        self.guarantee = "not begun"
        self.warnings: list[str] = []
        self._fleet = fleet
        self._planned = planned
        self._recalled = recalled
        self._fence = fence
        self.naming: Naming | None = None
        """Says what candidates are to be called; None: as the driver calls them."""
        self._inverse: list[str] = []
        self.found: dict[Key, Any] = {}
        """All objects of the device as it was read back last."""
        self._changes: list[Change] = []
        self._driver: Any = None
        self._before = ""
        self._startup = ""
        self._now: DeviceState | None = None
        self._wanted: DeviceState | None = None
        self._loaded = False
        self._written = False
        self._saving = False
        self._undone = False
        self._timer: int | None = None
        self._deadline = 0.0

    # Forward ----------------------------------------------------------------------------------------------

    def begin(self, steps: Sequence[str]) -> None:
        """Connect, read the configuration afresh, and check that it is the right box."""
        self._driver = self._connected()
        self._before, self._startup = read_both(self._driver, self.device, self.platform)
        self._now = parse(self._before, self.device, self.platform)
        check_identity(self.device, self._now.hostname)
        if not self._startup.strip():
            self.warnings.append(_NOTHING_SAVED)
        elif statements(self._startup) != statements(self._before):
            self.warnings.append(_UNSAVED)
        self.guarantee = "candidate; nothing committed yet"
        _log.debug("unit begun", device=self.device, steps=len(steps))

    def stage(self, change: Change) -> None:
        """Take a change of one object from its hook."""
        self._changes.append(change)

    def prepare(self) -> str:
        """Check freshness, load the lines as the candidate, check that, and return what it changes."""
        now = self._with_silent_ports(_known(self._now))
        self._wanted = wanted_after(self.platform, now, self._changes, self._recalled)
        lines = lines_between(self.platform, now, self._wanted, self._keys)
        self._check_planned(lines)
        self._inverse = lines_back(self.platform, self._wanted, now, self._keys)
        self._loaded = True
        self._name_candidate()
        try:
            self._do(
                lambda: self._driver.load_merge_candidate(config="\n".join(lines)),
                "loading the candidate",
                PrepareError,
            )
        except PrepareError as error:
            error.culprits.update(self._refused(error.message, lines))
            self._tell_whose(error)
            raise
        return self._checked_diff()

    def _tell_whose(self, error: PrepareError) -> None:
        """Say in the error of a locked device whose candidate it is, where driftline has left one there."""
        if error.code != "DEVICE-LOCKED":
            return
        try:
            mine, names = self.platform.candidate_name(self._driver), self.platform.candidates(self._driver)
        except Exception as failure:  # noqa: BLE001 - it is locked, whoever did it
            _log.debug("lock in doubt", device=self.device, error=type(failure).__name__)
            return
        ours = [name for name in names if name.startswith(OURS) and name != mine]
        if ours:
            error.hint = f"the candidate is driftline's own, {', '.join(ours)}: {_OWN_LOCK}"

    def _checked_diff(self) -> str:
        """Return what the candidate changes, when that is what was planned and nothing else.

        Where the whole candidate can be read, the device is not asked for its own diff too: that is a request more.
        """
        if not self.platform.capabilities.candidate_config:
            return self.own_diff()
        text = self._do(self._read_candidate, "reading the candidate", PrepareError)
        self._check_candidate(text)
        return shown(difference(self._before, text))

    def own_diff(self) -> str:
        """Return what the device itself says that the candidate changes."""
        return shown(str(self._do(self._driver.compare_config, "comparing the candidate", PrepareError)))

    def _read_candidate(self) -> str:
        found = self._driver.get_config(retrieve="candidate", **self.platform.config_options)
        return str(found["candidate"])

    def _check_candidate(self, text: str) -> None:
        """Raise PrepareError unless the device would be as wanted: what a commit brings is what is in there."""
        wanted, found, ours = _known(self._wanted), self._parsed(text), self.platform.ours
        culprits = differences(wanted, found, list(wanted.objects)) or strays(wanted, found)
        elsewhere = first_difference(unmodelled(self._before, ours), unmodelled(text, ours))
        if culprits or elsewhere:
            first = summary(culprits) if culprits else f"{shown(elsewhere)!r} is not as it was"
            raise PrepareError(
                f"{self.device}: what it would commit is not what was planned: {first}",
                culprits=culprits,
                code="DEVICE-CANDIDATE",
                hint="it took a line otherwise than it was sent, or somebody else changes it at this moment",
            )

    def commit(self, revert_in: int | None) -> None:
        """Commit with a timer; whatever fails afterwards, the device comes back by itself."""
        self._timer = self._rounded(revert_in)
        self._deadline = time.monotonic() + (self._timer or 0) + _GRACE
        self._written = True
        if self._timer is None:
            self.guarantee, self._saving = self.platform.capabilities.guarantee, True
            self._do(self._driver.commit_config, "committing", CommitError)
            self._note_saved()
            return
        self.guarantee = f"commit-confirmed, {self._timer} s"
        self._do(lambda: self._driver.commit_config(revert_in=self._timer), "committing", CommitError)

    def verify(self) -> None:
        """Read the device back; every object must be as wanted."""
        wanted = _known(self._wanted)
        text = read_running(self._driver, self.device, self.platform)
        found = self._parsed(text)
        self.found = found.objects
        culprits = differences(wanted, found, self._sections())
        if culprits:
            nothing = " (the device said ok, and changed nothing)" if text == self._before else ""
            raise VerifyError(
                f"{self.device}: read back, it is not as planned: {summary(culprits)}{nothing}",
                culprits=culprits,
            )

    def confirm(self) -> None:
        """Make the change permanent, and read it once more."""
        if self._timer is None:
            return  # there is no timer: the commit was for good, and has been read back
        self._saving = True
        name = self.platform.candidate_name(self._driver)
        try:
            self._do(self._driver.confirm_commit, "confirming", ConfirmError)
        except ConfirmError as error:
            if not self._is_confirmed():
                raise
            self.warnings.append(f"{error.message}; it is confirmed and saved all the same, as was read back")
        else:
            if self._in_time(self._is_timer_running):
                self.platform.take_up(self._fleet.driver(self.device), name)  # so that it can be discarded
                raise ConfirmError(f"{self.device}: confirming: the device said ok, and its timer still runs")
            self._in_time(self.verify)
        self._note_saved()

    def _in_time(self, look: Callable[[], Result]) -> Result:
        """Look at the confirmed change; a lost answer is no reason to take it back, so ask again."""
        while True:
            try:
                return look()
            except TargetError:
                if time.monotonic() >= self._deadline:
                    raise
            time.sleep(_POLL)

    def _is_timer_running(self) -> bool:
        try:
            return self.platform.is_pending(self._driver)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is translated
            failure = translate(error, self.device, "asking for commits that wait to be confirmed")
        raise failure

    def _is_confirmed(self) -> bool:
        """Look whether a confirm whose answer was lost took effect, the saving included."""
        try:
            if self.platform.is_pending(self._driver):
                return False
            self.verify()
            return self._is_saved()
        except Exception as error:  # noqa: BLE001 - not known to be confirmed
            code = translate(error, self.device, "confirming").code
            _log.debug("confirm in doubt", device=self.device, error=code)
            return False

    @property
    def recovery(self) -> dict[str, str]:
        """What another process needs to take the change back; `candidate` is its name on the device."""
        return {
            "before": self._before,
            "inverse": "\n".join(self._inverse),
            "candidate": self.platform.candidate_name(self._driver),
        }

    # After another process ------------------------------------------------------------------------------------

    def revive(self, before: str, candidate: str, revert_in: int | None) -> None:
        """Take up a change that another process has left behind, from what it kept; what it staged must be staged.

        Args:
            before: the configuration before the change.
            candidate: what the change is called on the device.
            revert_in: the seconds of its timer.
        """
        self._driver = self._connected()
        self._before = before
        self._now = self._parsed(before)
        self._wanted = wanted_after(self.platform, self._now, self._changes, self._recalled)
        self._loaded = self._written = True
        self._deadline = time.monotonic() + (revert_in or 0) + _GRACE
        if candidate:
            self.platform.take_up(self._fleet.driver(self.device), candidate)

    def drop(self, candidates: Iterable[str]) -> None:
        """Discard what another process has staged: it has no effect, but nobody else can stage anything.

        Those that are not there any more are passed over. Raises TargetError.
        """
        self._driver = self._connected()
        for candidate in candidates:
            self.platform.take_up(self._fleet.driver(self.device), candidate)
            with suppress(Exception):  # what is gone can't be discarded
                self.platform.discard(self._driver)
        self._reconnect()

    def is_applied(self) -> bool:
        """Return whether a revived change is there for good: one that waits to be confirmed is taken back first.

        Raises TargetError, TransactionError: the device can't be asked.
        """
        while self._is_pending():
            if time.monotonic() >= self._deadline:
                return False
            time.sleep(_POLL)
        self._forget()
        try:
            self.verify()
        except VerifyError:
            return False
        return self._is_saved()

    def is_gone(self) -> bool:
        """Return whether nothing of a revived change is there; what others have changed since is not looked at."""
        found = self._parsed(read_running(self._driver, self.device, self.platform)).objects
        before, wanted = _known(self._now).objects, _known(self._wanted).objects
        keys = [change.key for change in self._changes]
        return not any(is_there(before.get(key), wanted.get(key), found.get(key)) for key in keys)

    def _is_pending(self) -> bool:
        """Discard the change, and return whether it, or another one, still waits to be confirmed."""
        self._attempt(self._discard, "discarding what another process left behind")
        doing = "asking for commits that wait to be confirmed"
        return bool(self._do(lambda: self.platform.is_pending(self._driver), doing, TransactionError))

    # Back -------------------------------------------------------------------------------------------------

    def rollback(self) -> None:
        """Take the change back and prove it by reading.

        The device may be unreachable for a while, and the timer then does it without us: this waits for it.
        """
        if not self._loaded:
            return
        while not self._is_taken_back():
            if time.monotonic() >= self._deadline:
                raise RollbackError(
                    f"{self.device}: its configuration is not, or not known to be, what it was before the change",
                    hint="compare it with the backup before anything else is changed",
                )
            time.sleep(_POLL)

    def close(self) -> None:
        """Keep the connection for the rest of the run; the fleet closes it.

        A driver that is closed discards the candidate that it still has. When the device is not ours to write any
        more, it must not.
        """
        if self._driver is None or self._fence is None or not self.platform.candidate_name(self._driver):
            return
        try:
            self._fence()
        except DriftlineError:
            self._forget()

    def _is_taken_back(self) -> bool:
        failure = self._discarded()
        if not self._written:
            if failure is not None and failure.code != "DEVICE-REFUSED":  # there is no such candidate
                self.warnings.append(
                    "its candidate could not be discarded; it has no effect, but it may lock"
                )
            return True
        if self._is_restored():
            return failure is None or self._is_disarmed()
        if self._undone:
            return False
        self._attempt(self._send_inverse, "undoing the change")
        return self._is_restored()

    def _discarded(self) -> DriftlineError | None:
        """Discard the candidate, and try it once more when that failed; return what went wrong."""
        doing = "discarding the candidate"
        return self._attempt(self._discard, doing) and self._attempt(self._discard, doing)

    def _is_disarmed(self) -> bool:
        """Return whether no timer is known to run: the device is as it was, but a candidate could not be discarded."""
        try:
            return not self._is_timer_running()
        except TargetError:
            return False

    def _is_restored(self) -> bool:
        """Read whether all of ours is as before; what others changed elsewhere meanwhile is only reported."""
        try:
            text, startup = self._read_back()
            if self._saving and statements(startup) not in (statements(self._startup), statements(text)):
                return False  # what was saved is ours
            return text == self._before or self._is_as_before(text)
        except TargetError:
            return False

    def _is_as_before(self, text: str) -> bool:
        found = self._parsed(text)
        before, touched = _known(self._now), self._sections()
        wrong = differences(before, found, touched)
        if any(section in touched for section in sections_of(before, found, wrong)):
            return False
        self.warnings.append("it is not what it was elsewhere: somebody else changed it, and that was left")
        return True

    def _discard(self) -> None:
        self.platform.discard(self._driver)

    def _read_back(self) -> tuple[str, str]:
        """Return the running configuration and, where we may have saved it, the startup configuration."""
        if self._saving:
            return read_both(self._driver, self.device, self.platform)
        return read_running(self._driver, self.device, self.platform), ""

    def _send_inverse(self) -> None:
        """Undo, once, a change that is permanent by now: send the lines from what is there to what was."""
        if self.platform.is_pending(self._driver):
            return  # it goes back by itself, or when it can be discarded
        self._reconnect()
        self._name_candidate(back=True)
        found = self._parsed(read_running(self._driver, self.device, self.platform))
        lines = lines_back(self.platform, found, _known(self._now), self._keys)
        self._driver.load_merge_candidate(config="\n".join(lines))
        self._undone = True
        self._driver.commit_config()
        self._note_saved()

    def _name_candidate(self, *, back: bool = False) -> None:
        """Give the candidate that is loaded next a name by which another process can find it."""
        if self.naming is not None:
            self.platform.take_up(self._fleet.driver(self.device), self.naming(back=back))

    def _forget(self) -> None:
        """Let the driver forget its candidate: it would discard it whenever it is closed, or collected as garbage."""
        self.platform.take_up(self._fleet.driver(self.device), "")

    def _reconnect(self) -> None:
        """Start with a driver that remembers nothing: a session that is over can't be loaded into again."""
        self._forget()
        self._fleet.close(self.device)
        self._driver = self._connected()

    # Parts ------------------------------------------------------------------------------------------------

    def _connected(self) -> Any:
        driver = self._fleet.driver(self.device)
        return driver if self._fence is None else Fenced(driver, self._fence)

    def _parsed(self, text: str) -> DeviceState:
        return self._with_silent_ports(parse(text, self.device, self.platform))

    def _with_silent_ports(self, state: DeviceState) -> DeviceState:
        """Put in the ports to be changed that the configuration need not show."""
        ports = (change.identity["name"] for change in self._changes if change.model == "interface")
        put_silent_ports(state, self.platform, ports)
        return state

    @property
    def _keys(self) -> list[Key]:
        return [change.key for change in self._changes]

    def _sections(self) -> list[Key]:
        return sections_of(_known(self._now), _known(self._wanted), self._keys)

    def _rounded(self, revert_in: int | None) -> int | None:
        """Return the timer in the platform's granularity, rounded up."""
        step = self.platform.capabilities.commit_confirmed
        if revert_in is None or not step:
            return None
        return -(-revert_in // step) * step

    def _check_planned(self, lines: list[str]) -> None:
        if self._planned is not None and list(map(shown, self._planned)) != list(map(shown, lines)):
            raise PrepareError(
                f"{self.device}: it would be sent other lines than the plan shows",
                code="PLAN-STALE",
                hint="something beside the planned values changed on the device; make a new plan",
            )

    def _refused(self, message: str, lines: list[str]) -> dict[Key, str]:
        """Return the objects in whose section the device refused a line."""
        index, line = self.platform.refused_line(message) or (-1, "")
        if not 0 <= index < len(lines) or redacted(lines[index].strip()) != line:
            return {}
        now, wanted = _known(self._now), _known(self._wanted)
        section = line_owners(now, wanted, self._keys, lines)[index]
        inside = [key for key in self._keys if section in sections_of(now, wanted, [key])]
        return dict.fromkeys(inside, message)

    def _note_saved(self) -> None:
        if _UNSAVED in self.warnings:
            self.warnings.remove(_UNSAVED)
            self.warnings.append(f"{_UNSAVED}; they were saved together with ours")

    def _is_saved(self) -> bool:
        running, startup = read_both(self._driver, self.device, self.platform)
        return statements(running) == statements(startup)

    def _do(self, call: Callable[[], Any], doing: str, kind: type[TransactionError]) -> Any:
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is translated
            cause = translate(error, self.device, doing)
        # Not in the handler: the driver's own exception, which may quote the device's secrets, would be its context.
        raise kind(cause.message, code=cause.code, hint=cause.hint) from cause

    def _attempt(self, call: Callable[[], Any], doing: str) -> DriftlineError | None:
        """Return what went wrong; what counts is what is read back next."""
        try:
            call()
        except Exception as error:  # noqa: BLE001 - a rollback goes on whatever happens
            failure = translate(error, self.device, doing)
            _log.warning("rollback step failed", device=self.device, doing=doing, error=failure.code)
            return failure
        return None


def _known(state: DeviceState | None) -> DeviceState:
    if state is None:
        raise PrepareError("the session was not begun")
    return state
