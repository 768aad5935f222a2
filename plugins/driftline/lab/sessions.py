"""Configuration sessions: candidates that are edited aside and committed as a whole."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .editor import Editor

if TYPE_CHECKING:
    from .blocks import Places
    from .tree import Config

MAX_PENDING = 5
MAX_COMPLETED = 5


class SessionState(enum.Enum):
    """The states that `show configuration sessions` names."""

    PENDING = "pending"
    TIMED = "pendingCommitTimer"
    COMPLETED = "completed"


@dataclass
class Session:
    """A session: what was typed in it, and what the configuration would be."""

    name: str
    base: Config
    editor: Editor
    ports: frozenset[str]
    places: Places
    state: SessionState = SessionState.PENDING
    replaces: bool = False
    deadline: float | None = None
    before: Config | None = None
    _commands: list[tuple[str, str | None]] = field(default_factory=list)

    @classmethod
    def open(cls, name: str, running: Config, ports: frozenset[str], places: Places) -> Session:
        """A session whose candidate equals the running configuration."""
        editor = Editor(running.copy(), ports=ports, reference=running, places=places)
        return cls(name, running, editor, ports, places)

    def apply(self, command: str, heredoc: str | None) -> None:
        """Run a configuration command on the candidate."""
        if command == "rollback clean-config":
            self.editor.reset()
            self.replaces = True
            self._commands.clear()
            return
        self.editor.apply(command, heredoc)
        self._commands.append((command, heredoc))

    def enter(self) -> None:
        """Come back to the session: at its top level."""
        self.editor.leave()
        self._commands.append(("end", None))

    def result(self, running: Config) -> Config:
        """What a commit would make of the running configuration, which others may have changed since.

        Raises:
            CommandRefusedError: the session's commands don't fit the running configuration any more.
        """
        if self.replaces or running is self.base:
            return self.editor.config.copy()
        editor = Editor(running.copy(), ports=self.ports, reference=running, places=self.places)
        for command, heredoc in self._commands:
            if command == "end":
                editor.leave()
            else:
                editor.apply(command, heredoc)
        return editor.config

    def complete(self) -> None:
        """The session is over; its candidate is of no use any more."""
        self.state = SessionState.COMPLETED
        self.deadline = self.before = None
        self._commands.clear()
        self.editor = Editor(self.base, ports=self.ports)
