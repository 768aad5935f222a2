"""Processes that end with this one: started, waited for, stopped by their id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


class UnavailableError(Exception):
    """This machine lacks what is needed, and has can't be given it from here; the message says what."""


class FailedError(Exception):
    """Something that should have worked did not; the message has the end of what it printed."""


def free_port() -> int:
    """Return a TCP port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Tell whether somebody takes connections on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(
    ready: Callable[[], bool], what: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 180
) -> None:
    """Wait until something is ready.

    Raises:
        FailedError: The process ended, or time is over.
    """
    until = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            raise FailedError(f"{what} did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def start(
    command: Sequence[str | Path],
    log: Path,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that the terminal's Ctrl-C reaches us alone.

    Where the system has `setpriv`, it is ended when we are killed. To be called from the main thread: the system
    takes the end of the thread that starts a process for the end of its parent.
    """
    bound = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
    with log.open("ab") as output:
        return subprocess.Popen(
            [*bound, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            user=user,
            cwd="/",
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes], sign: signal.Signals = signal.SIGINT, seconds: float = 20) -> None:
    """Ask a process to end at once; kill it with all its workers when it does not."""
    if process.poll() is None:
        process.send_signal(sign)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its workers at once, as a crash would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(command: Sequence[str | Path], what: str, **options: Any) -> str:
    """Run a command and return what it prints.

    Raises:
        FailedError: It failed.
    """
    answer = subprocess.run(list(command), capture_output=True, text=True, check=False, **options)
    if answer.returncode != 0:
        raise FailedError(f"{what} failed: {(answer.stdout + answer.stderr).strip()[-2000:]}")
    return str(answer.stdout)
