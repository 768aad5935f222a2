"""Commits that wait to be confirmed: a timer on the router itself, armed before the change is made.

The router's FRR knows no such thing. The timer is a process in the account's shell that outlives the connection;
what it comes back to is a file in the account's home. Another process can see a commit that waits, by its name,
and confirm or abort it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from napalm.base.exceptions import CommitConfirmException, CommitError, LockError

if TYPE_CHECKING:
    from .vtysh import Vtysh

_NONE, _ANOTHER = 3, 4


def arm(vtysh: Vtysh, name: str, seconds: int) -> None:
    """Keep the running configuration, and come back to it after some seconds.

    Raises:
        NoShellError: the account has no shell.
        LockError: another commit waits to be confirmed.
        CommitError: the timer could not be started.
    """
    status, said = _run(vtysh, "arm", name, str(seconds))
    if status == _ANOTHER:
        raise LockError(f"{vtysh.host}: commit {said!r} waits to be confirmed")
    if status:
        raise CommitError(f"{vtysh.host}: the timer could not be armed: {said}")


def waiting(vtysh: Vtysh) -> str:
    """Return the name of the commit that waits to be confirmed, or goes back just now; empty: there is none."""
    if not vtysh.has_shell:
        return ""
    status, said = _run(vtysh, "show")
    if status not in (0, _NONE):
        raise CommitConfirmException(f"{vtysh.host}: it can't be known whether a commit waits: {said}")
    return "" if status else said


def confirm(vtysh: Vtysh, name: str) -> None:
    """Disarm the timer of a commit; raises CommitConfirmException when it is not there any more."""
    status, said = _run(vtysh, "confirm", name)
    if status:
        why = {_NONE: "it does not wait any more", _ANOTHER: f"commit {said!r} waits instead"}.get(
            status, said
        )
        raise CommitConfirmException(f"{vtysh.host}: commit {name!r} can't be confirmed: {why}")


def abort(vtysh: Vtysh, name: str) -> bool:
    """Take a commit back now, and return when that is done; return whether it waited at all.

    Raises:
        CommitError: it could not be taken back.
    """
    status, said = _run(vtysh, "abort", name)
    if status in (_NONE, _ANOTHER):
        return False
    if status:
        raise CommitError(f"{vtysh.host}: commit {name!r} could not be taken back: {said}")
    return True


@cache
def _script() -> str:
    return Path(__file__).with_name("pending.sh").read_text(encoding="utf-8")


def _run(vtysh: Vtysh, *words: str) -> tuple[int, str]:
    status, said = vtysh.run("sh", "-c", _script(), "sh", *words)
    return status, said.strip()
