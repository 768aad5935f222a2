"""What can go wrong in the lab: mistakes of its user, and lines that a simulated device refuses."""

from __future__ import annotations


class LabError(Exception):
    """The lab can't do what was asked; `code` is stable, `hint` says what to try."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")


class CommandRefusedError(Exception):
    """A device refuses a command, as eAPI reports it: a code, a reason, the text that the CLI printed."""

    code = 1000
    reason = "could not run command"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class InvalidCommandError(CommandRefusedError):
    """The command isn't in the grammar."""

    code = 1002
    reason = "invalid command"

    def __init__(self, token: str = "", position: int = 0) -> None:
        where = f" (at token {position}: '{token}')" if token else ""
        super().__init__(f"% Invalid input{where}")


class UnconvertedCommandError(CommandRefusedError):
    """The command has no answer in the format that was asked for."""

    code = 1003
    reason = "unconverted command"


class UnauthorizedCommandError(CommandRefusedError):
    """The command needs rights that the client hasn't shown, such as the enable password."""

    code = 1005
    reason = "permission to run command denied"
