"""The device session: one candidate, one timed commit, one confirm, however many objects change."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog

from driftline.engine.exceptions import (
    CommitError,
    ConfirmError,
    DriftlineError,
    PrepareError,
    RollbackError,
    TargetError,
    TransactionError,
    Unreachable,
    VerifyError,
)

from .errors import redacted, translate
from .fencing import Fenced
from .reading import check_identity, parse, read_both, read_running
from .remediation import line_owners, lines_back, lines_between, sections_of, wanted_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .fleet import Fleet
    from .platforms import Platform
    from .state import Change, DeviceState, Key

_log = structlog.get_logger(__name__)
_POLL = 0.5  # seconds between two looks at a device that has to come back by itself
BACK = "-back"
"""What the name of a candidate ends with that takes another one back."""
_UNSAVED = "it had unsaved changes before"
_GRACE = 5  # seconds that a device may take to revert after its timer has run out


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
        self.naming: Callable[[], str] | None = None
        """Returns what the candidate is to be called; None: as the driver calls it."""
        self._inverse: list[str] = []
        self.found: dict[Key, Any] = {}
        """All objects of the device as it was read back last."""
        self._changes: list[Change] = []
        self._driver: Any = None
        self._before = ""
        self._now: DeviceState | None = None
        self._wanted: DeviceState | None = None
        self._loaded = False
        self._written = False
        self._undone = False
        self._timer: int | None = None
        self._deadline = 0.0

    # Forward ----------------------------------------------------------------------------------------------

    def begin(self, steps: Sequence[str]) -> None:
        """Connect, read the configuration afresh, and check that it is the right box."""
        self._driver = self._connected()
        self._before, startup = read_both(self._driver, self.device)
        self._now = parse(self._before, self.device, self.platform)
        check_identity(self.device, self._now.hostname)
        if statements(startup) != statements(self._before):
            self.warnings.append(_UNSAVED)
        self.guarantee = "candidate; nothing committed yet"
        _log.debug("unit begun", device=self.device, steps=len(steps))

    def stage(self, change: Change) -> None:
        """Take a change of one object from its hook."""
        self._changes.append(change)

    def prepare(self) -> str:
        """Check freshness, compute the lines, load them as the candidate, and return the device's own diff."""
        now = _known(self._now)
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
            raise
        return str(self._do(self._driver.compare_config, "comparing the candidate", PrepareError))

    def commit(self, revert_in: int | None) -> None:
        """Commit with a timer; whatever fails afterwards, the device comes back by itself."""
        self._timer = self._rounded(revert_in)
        self._deadline = time.monotonic() + (self._timer or 0) + _GRACE
        self._written = True
        if self._timer is None:
            self.guarantee = "candidate; no confirm timer"
            self._do(self._driver.commit_config, "committing", CommitError)
            self._note_saved()
            return
        self.guarantee = f"commit-confirmed, {self._timer} s"
        self._do(lambda: self._driver.commit_config(revert_in=self._timer), "committing", CommitError)

    def verify(self) -> None:
        """Read the device back; every object must be as wanted."""
        wanted = _known(self._wanted)
        text = read_running(self._driver, self.device)
        found = parse(text, self.device, self.platform)
        self.found = found.objects
        culprits = _differences(wanted, found, self._sections())
        if culprits:
            nothing = " (the device said ok, and changed nothing)" if text == self._before else ""
            first = next(iter(culprits.values()))
            more = f" and {len(culprits) - 1} more" if len(culprits) > 1 else ""
            raise VerifyError(
                f"{self.device}: read back, it is not as planned: {first}{more}{nothing}", culprits=culprits
            )

    def confirm(self) -> None:
        """Make the change permanent, and read it once more."""
        if self._timer is None:
            return  # there is no timer: the commit was for good, and has been read back
        try:
            self._do(self._driver.confirm_commit, "confirming", ConfirmError)
        except ConfirmError as error:
            if not self._is_confirmed():
                raise
            self.warnings.append(f"{error.message}; it is confirmed and saved all the same, as was read back")
        else:
            self._verify_in_time()
        self._note_saved()

    def _verify_in_time(self) -> None:
        """Read the confirmed change back; a lost answer is no reason to take it back, so ask again."""
        while True:
            try:
                return self.verify()
            except TargetError:
                if time.monotonic() >= self._deadline:
                    raise
            time.sleep(_POLL)

    def _is_confirmed(self) -> bool:
        """Look whether a confirm whose answer was lost took effect, the saving included."""
        try:
            if self._driver.has_pending_commit():
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
        self._now = parse(before, self.device, self.platform)
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
                self._driver.discard_config()
        self._reconnect()

    def is_applied(self) -> bool:
        """Return whether a revived change is there for good: one that waits to be confirmed is taken back first.

        Raises TargetError, TransactionError: the device can't be asked.
        """
        while self._is_pending():
            if time.monotonic() >= self._deadline:
                return False
            time.sleep(_POLL)
        try:
            self.verify()
        except VerifyError:
            return False
        return self._is_saved()

    def _is_pending(self) -> bool:
        """Discard the change, and return whether it, or another one, still waits to be confirmed."""
        self._attempt(self._driver.discard_config, "discarding what another process left behind")
        doing = "asking for commits that wait to be confirmed"
        return bool(self._do(self._driver.has_pending_commit, doing, TransactionError))

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
        """Keep the connection for the rest of the run; the fleet closes it."""

    def _is_taken_back(self) -> bool:
        failure = self._attempt(self._driver.discard_config, "discarding the candidate")
        if not self._written:
            if isinstance(failure, Unreachable):
                self.warnings.append(
                    "its candidate could not be discarded; it has no effect, but it may lock"
                )
            return True
        if self._is_restored():
            return True
        if self._undone:
            return False
        self._attempt(self._send_inverse, "undoing the change")
        return self._is_restored()

    def _is_restored(self) -> bool:
        """Read whether all of ours is as before; what others changed elsewhere meanwhile is only reported."""
        try:
            text = read_running(self._driver, self.device)
            found = parse(text, self.device, self.platform)
        except TargetError:
            return False
        if text == self._before:
            return True
        before, touched = _known(self._now), self._sections()
        wrong = _differences(before, found, touched)
        if any(section in touched for section in sections_of(before, found, wrong)):
            return False
        self.warnings.append("it is not what it was elsewhere: somebody else changed it, and that was left")
        return True

    def _send_inverse(self) -> None:
        """Undo, once, a change that is permanent by now: send the lines from what is there to what was."""
        if self._driver.has_pending_commit():
            return  # it goes back by itself, or when it can be discarded
        self._reconnect()
        self._name_candidate(BACK)
        found = parse(read_running(self._driver, self.device), self.device, self.platform)
        lines = lines_back(self.platform, found, _known(self._now), self._keys)
        self._driver.load_merge_candidate(config="\n".join(lines))
        self._undone = True
        self._driver.commit_config()

    def _name_candidate(self, ending: str = "") -> None:
        """Give the candidate that is loaded next a name by which another process can find it."""
        if self.naming is not None:
            self.platform.take_up(self._fleet.driver(self.device), self.naming() + ending)

    def _reconnect(self) -> None:
        """Start with a driver that remembers nothing: a session that is over can't be loaded into again."""
        self._fleet.close(self.device)
        self._driver = self._connected()

    # Parts ------------------------------------------------------------------------------------------------

    def _connected(self) -> Any:
        driver = self._fleet.driver(self.device)
        return driver if self._fence is None else Fenced(driver, self._fence)

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
        if self._planned is not None and list(self._planned) != lines:
            raise PrepareError(
                f"{self.device}: it would be sent other lines than the plan shows",
                code="PLAN-STALE",
                hint="something beside the planned values changed on the device; make a new plan",
            )

    def _refused(self, message: str, lines: list[str]) -> dict[Key, str]:
        """Return the objects in whose section the device refused a line."""
        index, line = self.platform.refused_line(message) or (-1, "")
        if not 0 <= index < len(lines) or lines[index].strip() != line:
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
        running, startup = read_both(self._driver, self.device)
        return statements(running) == statements(startup)

    def _do(self, call: Callable[[], Any], doing: str, kind: type[TransactionError]) -> Any:
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is translated
            cause = translate(error, self.device, doing)
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


def _differences(wanted: DeviceState, found: DeviceState, touched: Sequence[Key]) -> dict[Key, str]:
    """Return what is wrong by object; the lines that driftline does not model count in touched sections."""
    culprits: dict[Key, str] = {}
    for key, obj in wanted.objects.items():
        there = found.objects.get(key)
        if there is None:
            culprits[key] = f"{_name(key, obj)} is not there"
            continue
        for name in obj.get_attrs():
            value = getattr(there, name)
            if not obj.same(name, getattr(obj, name), value):
                culprits[key] = f"{_name(key, obj)}: {name} is {value!r}, not {getattr(obj, name)!r}"
    for key, obj in found.objects.items():
        if key not in wanted.objects:
            culprits[key] = f"{_name(key, obj)} is still there"
    for key in touched:
        lost = _lost(wanted, found, key) if key in wanted.objects and key in found.objects else None
        if lost:
            culprits.setdefault(
                key, f"{_name(key, wanted.objects[key])}: its line {redacted(lost)!r} is gone"
            )
    return culprits


def _lost(wanted: DeviceState, found: DeviceState, key: Key) -> str | None:
    there = found.kept_lines(key)
    return next((line for line in wanted.kept_lines(key) if line not in there), None)


def _name(key: Key, obj: Any) -> str:
    return f"{key[0]} {obj.get_shortname()}"


def statements(text: str) -> list[str]:
    """Return a configuration without its comments: startup and running differ in those."""
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("!")]


def _known(state: DeviceState | None) -> DeviceState:
    if state is None:
        raise PrepareError("the session was not begun")
    return state
