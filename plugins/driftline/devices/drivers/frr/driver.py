"""The driver: NAPALM's methods on a router whose only interface is `vtysh`."""

# Its exception derives from one of NAPALM, of which pylint knows nothing where NAPALM is not installed.
# pylint: disable=bad-exception-cause

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from napalm.base.base import NetworkDriver
from napalm.base.exceptions import (
    CommandErrorException,
    CommitError,
    MergeConfigException,
    ReplaceConfigException,
)
from napalm.base.helpers import sanitize_config
from napalm.base.netmiko_helpers import netmiko_args

from . import parsing, pending
from .candidate import compared, lines_between, merged, tree
from .vtysh import RefusedLineError, Vtysh, refusal_in

_STARTUP = "/etc/frr/frr.conf"
_SECRETS = {r"^(.*\b(?:password|key-string|key|md5)(?: \d+)?) \S+(.*)$": r"\1 <removed>\2"}


class FRRDriver(NetworkDriver):  # type: ignore[misc]  # NAPALM has no types
    """FRRouting 8.4 and its like.

    Beside Netmiko's arguments, `optional_args` may hold `list_interfaces`: the running configuration then ends
    with a comment that names all interfaces, since it shows only those that something is configured on.

    Host keys are verified unless `ssh_strict` says otherwise.
    """

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        """Make a driver; nothing is contacted before `open`."""
        options = dict(optional_args or {})
        self.hostname = hostname
        self.username = username
        self.password = password
        self.timeout = timeout
        self.config_session: str | None = None
        """What the candidate is called, and the commit that waits to be confirmed; set it to go on with another's."""
        self._list_interfaces = bool(options.get("list_interfaces", False))
        self._options = {"ssh_strict": True, **netmiko_args(options)}
        if not self._options.get("alt_host_keys"):
            self._options.setdefault("system_host_keys", True)
        self._vtysh: Vtysh | None = None
        self._replacing: str | None = None
        self._merging: list[str] = []
        self._saved: str | None = None

    # Connection -------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect; raises ConnectionException."""
        self._vtysh = Vtysh(self.hostname, self.username, self.password, self.timeout, self._options)

    def close(self) -> None:
        """Hang up; a commit that waits to be confirmed goes on waiting."""
        if self._vtysh is not None:
            self._vtysh.close()
        self._vtysh = None

    def is_alive(self) -> dict[str, bool]:
        """Return whether the connection stands."""
        return {"is_alive": self._vtysh is not None and self._vtysh.alive}

    @property
    def _session(self) -> Vtysh:
        """The connection; one that broke is made anew, so that a change can be taken back over it."""
        if self._vtysh is None or not self._vtysh.alive:
            self.open()
        if self._vtysh is None:
            raise CommandErrorException(f"{self.hostname}: not connected")
        return self._vtysh

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, str]:
        """Return what commands answer; raises CommandErrorException for one that is refused."""
        if encoding != "text":
            raise NotImplementedError(f"{encoding} is not a supported encoding")
        return {command: self._asked(command) for command in commands}

    def _asked(self, command: str) -> str:
        answer = self._session.ask(command)
        if refusal_in(answer):
            raise CommandErrorException(f"{self.hostname}: `{command}` was refused: {refusal_in(answer)}")
        return answer

    # Getters ----------------------------------------------------------------------------------------------

    def get_facts(self) -> dict[str, Any]:
        """Return name, version and interfaces; FRR has no serial number."""
        return parsing.facts(self._asked("show version"), self._interfaces())

    def get_interfaces(self) -> dict[str, dict[str, Any]]:
        """Return all interfaces, deleted ones that something is still configured on included."""
        return parsing.interfaces(self._interfaces())

    def get_interfaces_ip(self) -> dict[str, dict[str, Any]]:
        """Return the addresses in effect: configured, added by the kernel's own tools, and link-local ones."""
        return parsing.addresses(self._interfaces())

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,  # noqa: FBT001, FBT002 - NAPALM's signature
        sanitized: bool = False,  # noqa: FBT001, FBT002
        format: str = "text",  # noqa: A002
    ) -> dict[str, str]:
        """Return configurations; the candidate is what the client expects it to bring.

        The startup configuration is a file: an account without a shell can't read it, and it is empty.
        """
        if format != "text" or full:
            raise NotImplementedError("FRR shows what is configured, as text")
        found = {"running": "", "startup": "", "candidate": ""}
        if retrieve in ("all", "running"):
            found["running"] = self._running() + self._comment()
        if retrieve in ("all", "startup"):
            found["startup"] = self._startup()
        if retrieve in ("all", "candidate") and self._loaded:
            found["candidate"] = self._expected(self._running())
        return sanitize_config_values(found) if sanitized else found

    def _interfaces(self) -> dict[str, Any]:
        return parsing.interface_objects(self._asked("show interface json"))

    def _running(self) -> str:
        return parsing.configuration(self._asked("show running-config"))

    def _startup(self) -> str:
        if not self._session.has_shell:
            return ""
        status, text = self._session.run("cat", _STARTUP)
        return "" if status else text

    def _comment(self) -> str:
        if not self._list_interfaces:
            return ""
        names = parsing.interface_objects(self._asked("show interface brief json"))
        return f"! interfaces: {' '.join(sorted(names))}\n"

    # Candidate --------------------------------------------------------------------------------------------

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Stage lines; nothing is sent. Raises MergeConfigException."""
        text = _text(filename, config, MergeConfigException)
        self._merging += _statements(text)
        self._name()

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Stage a whole configuration; nothing is sent. Raises ReplaceConfigException."""
        text = _text(filename, config, ReplaceConfigException)
        if not tree(text).below:
            raise ReplaceConfigException(f"{self.hostname}: an empty configuration replaces nothing")
        self._replacing, self._merging = text, []
        self._name()

    def compare_config(self) -> str:
        """Return how the running configuration is expected to change; empty: it is not."""
        if not self._loaded:
            return ""
        running = self._running()
        return compared(running, self._expected(running))

    def discard_config(self) -> None:
        """Drop the candidate; a commit of its name that waits to be confirmed is taken back now."""
        name = self.config_session
        self._forget()
        if name is not None and self._session.has_shell:
            pending.abort(self._session, name)

    def _expected(self, running: str) -> str:
        base = running if self._replacing is None else self._replacing
        return merged(base, "\n".join(self._merging))

    def _commands(self, running: str) -> list[str]:
        replacing = [] if self._replacing is None else lines_between(running, self._replacing)
        return replacing + self._merging

    @property
    def _loaded(self) -> bool:
        return self._replacing is not None or bool(self._merging)

    def _name(self) -> None:
        if self.config_session is None:
            self.config_session = f"napalm_{secrets.token_hex(4)}"

    def _forget(self) -> None:
        self._replacing, self._merging, self.config_session = None, [], None

    # Commit -----------------------------------------------------------------------------------------------

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Apply the candidate and save it, or save it later, when it is confirmed.

        Args:
            message: not supported.
            revert_in: the seconds after which the router itself goes back, unless it is confirmed by then.

        Raises:
            CommitError: a line was refused; those before it have been taken back.
            LockError: another commit waits to be confirmed.
            NoShellError: the account has no shell, and `revert_in` was asked for; it is a NotImplementedError.
        """
        if message:
            raise NotImplementedError("FRR keeps no commit messages")
        if not self._loaded or self.config_session is None:
            raise CommitError(f"{self.hostname}: there is no candidate")
        self._refuse_while_waiting(revert_in)
        self._saved = self._running()
        if revert_in is not None:
            pending.arm(self._session, self.config_session, revert_in)
        self._apply(self._saved, armed=self.config_session if revert_in is not None else None)
        self._replacing, self._merging = None, []
        if revert_in is None:
            self.config_session = None
            self._save()

    def confirm_commit(self) -> None:
        """Disarm the timer, and save; raises CommitConfirmException when it has run out."""
        if self.config_session is None:
            raise CommitError(f"{self.hostname}: no commit waits to be confirmed")
        pending.confirm(self._session, self.config_session)
        self._forget()
        self._save()

    def has_pending_commit(self) -> bool:
        """Return whether a commit waits to be confirmed, whoever made it."""
        return bool(pending.waiting(self._session))

    def rollback(self) -> None:
        """Take the last commit of this object back; raises CommitError when there is none."""
        name, saved = self.config_session, self._saved
        self._forget()
        if name is not None and self._session.has_shell and pending.abort(self._session, name):
            return
        if saved is None:
            raise CommitError(f"{self.hostname}: nothing was committed that could be taken back")
        self._restore(saved)
        self._save()

    def _refuse_while_waiting(self, revert_in: int | None) -> None:
        """A timer that runs would take our change back too; arming looks by itself."""
        other = pending.waiting(self._session) if revert_in is None else ""
        if other:
            raise CommitError(f"{self.hostname}: commit {other!r} waits to be confirmed")

    def _apply(self, before: str, *, armed: str | None) -> None:
        try:
            self._session.configure(self._commands(before))
        except RefusedLineError as error:
            self._forget()
            self._take_back(before, armed)
            raise CommitError(
                f"{self.hostname}: {error}; the lines before it have been taken back"
            ) from error

    def _take_back(self, before: str, armed: str | None) -> None:
        if armed is not None:
            with suppress(CommitError):  # what is read next tells whether it went back
                pending.abort(self._session, armed)
        self._restore(before)

    def _restore(self, wanted: str) -> None:
        """Bring a configuration back, and read that it is; raises CommitError."""
        for __ in range(2):  # what a line took with it comes back in a second pass
            running = self._running()
            if running == wanted:
                return
            try:
                self._session.configure(lines_between(running, wanted))
            except RefusedLineError as error:
                raise CommitError(f"{self.hostname}: the change could not be taken back: {error}") from error
        if self._running() != wanted:
            raise CommitError(f"{self.hostname}: the change was taken back, but not to the byte")

    def _save(self) -> None:
        answer = self._session.ask("write memory")
        if "[OK]" not in answer:
            said = refusal_in(answer) or " ".join(answer.split())[-200:]
            raise CommitError(f"{self.hostname}: the configuration is applied, but was not saved: {said}")


def sanitize_config_values(found: dict[str, str]) -> dict[str, str]:
    """Return configurations without passwords and keys."""
    return {name: str(sanitize_config(text, _SECRETS)) for name, text in found.items()}


def _text(filename: str | None, config: str | None, kind: type[Exception]) -> str:
    if config is not None:
        return config
    if filename is None:
        raise kind("there is neither a file nor a text to load")
    try:
        return Path(filename).read_text(encoding="utf-8")
    except OSError as error:
        raise kind(f"{filename} can't be read: {error.strerror}") from error


def _statements(text: str) -> list[str]:
    return [
        line.rstrip()
        for line in text.splitlines()
        if line.strip() and not line.lstrip().startswith(("!", "#"))
    ]
