"""The device session: one candidate, one timed commit, one confirm, however many objects change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import structlog

from driftline.engine.exceptions import (
    CommitError,
    ConfirmError,
    DriftlineError,
    PrepareError,
    RollbackError,
    VerifyError,
)

from .errors import translate
from .reading import check_identity, parse, read_running
from .remediation import lines_between, wanted_after

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .fleet import Fleet
    from .platforms import Platform
    from .state import Change, DeviceState, Key

_log = structlog.get_logger(__name__)
_POLL = 0.5  # seconds between two looks at a device that has to come back by itself
_GRACE = 5  # seconds that a device may take to revert after its timer has run out


class DeviceSession:
    """One device's change, as the engine's transaction."""

    def __init__(
        self, device: str, platform: Platform, fleet: Fleet, planned: Sequence[str] | None = None
    ) -> None:
        self.device = device
        self.platform = platform
        self.guarantee = "not begun"
        self.warnings: list[str] = []
        self._fleet = fleet
        self._planned = planned
        self._changes: list[Change] = []
        self._driver: Any = None
        self._before = ""
        self._now: DeviceState | None = None
        self._wanted: DeviceState | None = None
        self._loaded = False
        self._written = False
        self._deadline: float | None = None

    # Forward ----------------------------------------------------------------------------------------------

    def begin(self, steps: Sequence[str]) -> None:
        """Connect, read the configuration afresh, and check that it is the right box."""
        self._driver = self._fleet.driver(self.device)
        self._before = read_running(self._driver, self.device)
        self._now = parse(self._before, self.device, self.platform)
        check_identity(self.device, self._now.hostname)
        self.guarantee = "candidate; nothing committed yet"
        _log.debug("unit begun", device=self.device, steps=len(steps))

    def stage(self, change: Change) -> None:
        """Take a change of one object from its hook."""
        self._changes.append(change)

    def prepare(self) -> str:
        """Check freshness, compute the lines, load them as the candidate, and return the device's own diff."""
        now = _known(self._now)
        self._wanted = wanted_after(self.platform, now, self._changes)
        lines = lines_between(self.platform, now, self._wanted, [change.key for change in self._changes])
        self._check_planned(lines)
        self._warn_unsaved()
        self._loaded = True
        self._do(
            lambda: self._driver.load_merge_candidate(config="\n".join(lines)),
            "loading the candidate",
            PrepareError,
        )
        return str(self._do(self._driver.compare_config, "comparing the candidate", PrepareError))

    def commit(self, revert_in: int | None) -> None:
        """Commit with a timer; whatever fails afterwards, the device comes back by itself."""
        timer = self._timer(revert_in)
        self._written = True
        if timer is None:
            self.guarantee = "candidate; no confirm timer"
            self._do(self._driver.commit_config, "committing", CommitError)
            return
        self.guarantee = f"commit-confirmed, {timer} s"
        self._deadline = time.monotonic() + timer + _GRACE
        self._do(lambda: self._driver.commit_config(revert_in=timer), "committing", CommitError)

    def verify(self) -> None:
        """Read the device back; every object must be as wanted."""
        wanted = _known(self._wanted)
        text = read_running(self._driver, self.device)
        found = parse(text, self.device, self.platform)
        culprits = _differences(wanted, found)
        if culprits:
            nothing = " (the device said ok, and changed nothing)" if text == self._before else ""
            first = next(iter(culprits.values()))
            more = f" and {len(culprits) - 1} more" if len(culprits) > 1 else ""
            raise VerifyError(
                f"{self.device}: read back, it is not as planned: {first}{more}{nothing}", culprits=culprits
            )

    def confirm(self) -> None:
        """Make the change permanent, and read it once more."""
        if self._deadline is not None:
            self._do(self._driver.confirm_commit, "confirming", ConfirmError)
        self.verify()

    # Back -------------------------------------------------------------------------------------------------

    def rollback(self) -> None:
        """Take the change back and prove it by reading: the configuration must be what it was, to the byte."""
        if not self._loaded:
            return
        self._try(self._driver.discard_config)
        if not self._written:
            return
        if self._is_restored() or self._undone_by_inverse() or self._restored_by_timer():
            return
        raise RollbackError(
            f"{self.device}: its configuration is not what it was before the change",
            hint="compare it with the backup before anything else is changed",
        )

    def close(self) -> None:
        """Keep the connection for the rest of the run; the fleet closes it."""

    def _is_restored(self) -> bool:
        try:
            return read_running(self._driver, self.device) == self._before
        except DriftlineError:
            return False

    def _undone_by_inverse(self) -> bool:
        """Undo a change that is permanent by now: send the lines from what is there to what was there."""
        try:
            if self._driver.has_pending_commit():
                self._driver.discard_config()
                return self._is_restored()
            found = parse(read_running(self._driver, self.device), self.device, self.platform)
            keys = [change.key for change in self._changes]
            self._driver.load_merge_candidate(
                config="\n".join(lines_between(self.platform, found, _known(self._now), keys))
            )
            self._driver.commit_config()
        except Exception as error:  # noqa: BLE001 - whatever failed, what counts is what is read next
            _log.warning(
                "inverse not applied", device=self.device, error=translate(error, self.device, "undoing").code
            )
            return False
        return self._is_restored()

    def _restored_by_timer(self) -> bool:
        """Wait for the device's own timer; it fires also when we can't reach the device any more."""
        while self._deadline is not None and time.monotonic() < self._deadline:
            time.sleep(_POLL)
            if self._is_restored():
                return True
        return False

    # Parts ------------------------------------------------------------------------------------------------

    def _timer(self, revert_in: int | None) -> int | None:
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

    def _warn_unsaved(self) -> None:
        startup = self._do(
            lambda: self._driver.get_config(retrieve="startup"), "reading its startup", PrepareError
        )
        if _statements(str(startup["startup"])) != _statements(self._before):
            self.warnings.append("it had unsaved changes before; confirming saved them too")

    def _do(self, call: Callable[[], Any], doing: str, kind: type[DriftlineError]) -> Any:
        try:
            return call()
        except Exception as error:
            cause = translate(error, self.device, doing)
            raise kind(cause.message, code=cause.code, hint=cause.hint) from error

    def _try(self, call: Callable[[], Any]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - what counts is what is read back next
            _log.warning(
                "discard failed", device=self.device, error=translate(error, self.device, "discarding").code
            )


def _differences(wanted: DeviceState, found: DeviceState) -> dict[Key, str]:
    culprits: dict[Key, str] = {}
    for key, obj in wanted.objects.items():
        there = found.objects.get(key)
        if there is None:
            culprits[key] = f"{key[0]} {obj.get_shortname()} is not there"
            continue
        for name in obj.get_attrs():
            if not obj.same(name, getattr(obj, name), getattr(there, name)):
                value = getattr(there, name)
                culprits[key] = (
                    f"{key[0]} {obj.get_shortname()}: {name} is {value!r}, not {getattr(obj, name)!r}"
                )
    for key, obj in found.objects.items():
        if key not in wanted.objects:
            culprits[key] = f"{key[0]} {obj.get_shortname()} is still there"
    return culprits


def _statements(text: str) -> list[str]:
    """Return a configuration without its comments: startup and running differ in those."""
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("!")]


def _known(state: DeviceState | None) -> DeviceState:
    if state is None:
        raise PrepareError("the session was not begun")
    return state
