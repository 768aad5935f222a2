"""One simulated switch: its configurations, its sessions with their timers, and what happened to it."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import difftext, partial
from .answers import Identity
from .blocks import Places
from .clock import Clock, RealClock
from .editor import Editor
from .errors import CommandRefusedError, LabError
from .faults import Fault, FaultBox, FaultKind
from .loader import RefusedLineError, load_config
from .names import PHYSICAL, split_interface
from .record import Counters, LogRecord
from .sessions import MAX_COMPLETED, MAX_PENDING, Session, SessionState

if TYPE_CHECKING:
    from collections.abc import Callable

    from .tree import Config

LOG_SIZE = 200
_UPTIME = 86400.0  # every device has been up for a day when its lab starts


class SimulatedDevice:
    r"""A switch without a network: safe to use from any thread.

    Example:
        >>> device = SimulatedDevice("leaf1", "hostname leaf1\ninterface Ethernet1\n")
        >>> device.change("interface et1", "description uplink")
        >>> "description uplink" in device.running_config
        True
    """

    def __init__(self, name: str, config: str, *, clock: Clock | None = None, latency: float = 0.0) -> None:
        """Boot with this configuration; its physical interfaces are the ports of the box.

        Raises:
            LabError: a line that EOS would refuse (LAB-CONFIG-REFUSED).
        """
        self.name = name
        self.host = ""
        self.port = 0
        self.latency = latency
        self.lock = threading.RLock()
        self.identity = Identity.of(name, float(int(time.time() - _UPTIME)))
        self.on_reachability: Callable[[bool], None] | None = None
        self._clock = clock or RealClock()
        self._booted = self._clock.now()
        self._running = self._startup = _load(name, config)
        self._ports = frozenset(
            port
            for port in self._running.interfaces
            if split_interface(port).kind in PHYSICAL and "." not in port
        )
        self._flash: dict[str, Config] = {}
        self._sessions: dict[str, Session] = {}
        self._places = Places()
        self._faults = FaultBox()
        self._counters = Counters()
        self._log: deque[LogRecord] = deque(maxlen=LOG_SIZE)
        self._cache: dict[str, Any] = {}
        self._timed: Session | None = None

    # What tests and the command line use

    @property
    def running_config(self) -> str:
        """The running configuration, without the comments that `show` prints above it."""
        with self.lock:
            self.settle()
            return self.running_text()

    @property
    def startup_config(self) -> str:
        """The startup configuration, without the comments that `show` prints above it."""
        with self.lock:
            return self._startup.render()

    def change(self, *lines: str) -> None:
        """Change the running configuration out of band, all lines or none.

        Raises:
            LabError: the device refuses a line (LAB-LINE-REFUSED).
        """
        with self.lock:
            self.settle()
            editor = self.edit()
            for line in (line for text in lines for line in text.splitlines()):
                try:
                    editor.apply(line)
                except CommandRefusedError as error:
                    message = f"{self.name} refuses {line.strip()!r}: {error.text}"
                    raise LabError("LAB-LINE-REFUSED", message, "see the running configuration") from error
            self.install(editor.config)

    def save(self) -> None:
        """Copy the running configuration to the startup configuration, out of band."""
        with self.lock:
            self.settle()
            self.write_memory()

    def inject(self, *faults: Fault) -> None:
        """Make the device misbehave from the next request on."""
        with self.lock:
            for fault in faults:
                self._faults.add(fault)
            close = self._faults.has_immediate()
        if close:
            self.set_reachable(reachable=False)

    def clear_faults(self) -> None:
        """Let the device behave again, and open its port if a fault had closed it."""
        with self.lock:
            self._faults.clear()
        self.set_reachable(reachable=True)

    @property
    def counters(self) -> Counters:
        """A copy of the counters."""
        with self.lock:
            self.settle()
            return replace(self._counters)

    @property
    def log(self) -> tuple[LogRecord, ...]:
        """The latest requests, oldest first."""
        with self.lock:
            self.settle()
            return tuple(self._log)

    def reset_log(self) -> None:
        """Forget the log and set the counters to zero."""
        with self.lock:
            self.settle()
            self._log.clear()
            self._counters = Counters()

    @property
    def sessions(self) -> dict[str, str]:
        """The names of the configuration sessions with their states."""
        with self.lock:
            self.settle()
            return {name: session.state.value for name, session in self._sessions.items()}

    # What the command line interface of the device uses, with the lock held

    @property
    def faults(self) -> FaultBox:
        """The faults that are armed."""
        return self._faults

    @property
    def running(self) -> Config:
        """The running configuration."""
        return self._running

    @property
    def startup(self) -> Config:
        """The startup configuration."""
        return self._startup

    @property
    def uptime(self) -> float:
        """Seconds since the device booted."""
        return self._clock.now() - self._booted + _UPTIME

    def all_sessions(self) -> list[Session]:
        """Every session, oldest first."""
        return list(self._sessions.values())

    def commit_by(self, session: Session) -> float | None:
        """When the timer of a session fires, on the scale of `uptime`."""
        return None if session.deadline is None else session.deadline - self._booted + _UPTIME

    def count(self, **steps: int) -> None:
        """Add to the counters."""
        for name, step in steps.items():
            setattr(self._counters, name, getattr(self._counters, name) + step)

    def note(self, commands: tuple[str, ...], outcome: str, *, at: float | None = None) -> None:
        """Write into the log."""
        self._log.append(LogRecord(self._clock.now() if at is None else at, commands, outcome))

    def turn_away(self) -> None:
        """Note a request that came without the right credentials."""
        with self.lock:
            self.count(requests=1)
            self.note((), "unauthorized")

    def set_reachable(self, *, reachable: bool) -> None:
        """Open or close the port, if a server is behind the device."""
        if self.on_reachability is not None:
            self.on_reachability(reachable)

    def cached(self, key: str, make: Callable[[], Any]) -> Any:
        """A value that holds until the running configuration changes."""
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]

    def running_text(self) -> str:
        """The running configuration as text."""
        text: str = self.cached("running text", self._running.render)
        return text

    def settle(self) -> None:
        """Let a commit timer that has run out in the meantime take effect."""
        session = self._timed
        if session is None or session.deadline is None or self._clock.now() < session.deadline:
            return
        deadline = session.deadline
        self._restore(session)
        self.count(timer_reverts=1)
        self.note((f"configure session {session.name}",), "commit timer expired: reverted", at=deadline)

    def edit(self) -> Editor:
        """An editor on a copy of the running configuration."""
        return Editor(self._running.copy(), ports=self._ports, reference=self._running, places=self._places)

    def install(self, config: Config) -> None:
        """Make a configuration the running one."""
        if config == self._running:
            return
        self._running = config
        self._cache.clear()
        self.count(writes=1)

    def write_memory(self) -> None:
        """Save the running configuration."""
        if self._startup != self._running:
            self.count(writes=1)
        self._startup = self._running

    def copy_startup(self, file: str) -> None:
        """Copy the startup configuration to a file."""
        self._flash[file] = self._startup

    def replace_running(self, file: str) -> None:
        """Replace the running configuration by a file."""
        if file not in self._flash:
            raise CommandRefusedError(f"% Error opening flash:{file} (No such file or directory)")
        self.install(self._flash[file])

    # Sessions

    def enter_session(self, name: str) -> Session:
        """Open a session, or come back to it."""
        session = self._sessions.get(name)
        if session is None:
            return self._open_session(name)
        if session.state is not SessionState.PENDING:
            raise CommandRefusedError(f"% Cannot enter session {name} (session already completed)")
        session.enter()
        return session

    def _open_session(self, name: str) -> Session:
        pending = [each for each in self._sessions.values() if each.state is SessionState.PENDING]
        if len(pending) >= MAX_PENDING:
            raise CommandRefusedError("% Maximum number of pending sessions has been reached")
        session = Session.open(name, self._running, self._ports, self._places)
        self._sessions[name] = session
        self.count(sessions_opened=1)
        return session

    def find_session(self, name: str) -> Session:
        """An existing session."""
        session = self._sessions.get(name)
        if session is None:
            raise CommandRefusedError(f"% Session {name} does not exist")
        return session

    def abort(self, name: str) -> None:
        """Drop a session; one whose commit timer runs takes its changes back."""
        session = self.find_session(name)
        if session.state is SessionState.TIMED:
            self._restore(session)
        elif session.state is SessionState.PENDING:
            del self._sessions[name]
        else:
            return
        self.count(aborts=1)

    def commit(self, name: str, timer: float | None, fault: Fault | None = None) -> None:
        """Commit a session, for good or until a timer runs out; commit it again to confirm."""
        session = self.find_session(name)
        if session.state is SessionState.COMPLETED:
            raise CommandRefusedError(f"% Cannot commit session {name} (session already completed)")
        if self._timed is not None and self._timed is not session:
            raise CommandRefusedError(
                f"% Cannot commit session {name}: session {self._timed.name} is pending commit timer"
            )
        if session.state is SessionState.TIMED:
            self._confirm(session, timer, fault)
        else:
            self._commit(session, timer, fault)

    def _confirm(self, session: Session, timer: float | None, fault: Fault | None) -> None:
        if fault is not None and fault.kind is FaultKind.LYING_OK:
            return
        if timer is not None:  # EOS starts the timer anew
            session.deadline = self._clock.now() + timer
            return
        self._timed = None
        self._finish(session)
        self.count(confirms=1)

    def _commit(self, session: Session, timer: float | None, fault: Fault | None) -> None:
        before, result = self._running, session.result(self._running)
        kind = fault.kind if fault else None
        if kind is FaultKind.PARTIAL_COMMIT:
            self.install(partial.half_applied(before, result))
        elif kind is not FaultKind.LYING_OK:
            self.install(result)
        self.count(**{"commits" if timer is None else "timed_commits": 1})
        if timer is not None:
            session.state, session.before = SessionState.TIMED, before
            session.deadline = self._clock.now() + timer
            self._timed = session
        if kind is FaultKind.PARTIAL_COMMIT:
            raise CommandRefusedError(
                "% Internal error while committing the session; the configuration may be incomplete"
            )
        if timer is None:
            self._finish(session)

    def _restore(self, session: Session) -> None:
        """Go back to what ran before a timed commit."""
        self._timed = None
        if session.before is not None:
            self.install(session.before)
        self._finish(session)

    def _finish(self, session: Session) -> None:
        session.complete()
        completed = [each.name for each in self._sessions.values() if each.state is SessionState.COMPLETED]
        for name in completed[:-MAX_COMPLETED]:
            del self._sessions[name]

    def session_text(self, name: str) -> str:
        """The configuration that a session would bring."""
        return self.find_session(name).result(self._running).render()

    def session_diff(self, name: str) -> str:
        """How a session would change the running configuration."""
        after = self.session_text(name)
        session_config = f"session:/{name}-session-config"
        before = self.running_text()
        return difftext.unified(before, after, "system:/running-config", session_config)


def _load(name: str, text: str) -> Config:
    try:
        return load_config(text)
    except RefusedLineError as error:
        message = f"{name} can't boot with the line {error.line!r}: {error.text}"
        raise LabError("LAB-CONFIG-REFUSED", message, "correct the line in the configuration text") from error
