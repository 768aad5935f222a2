"""The command `driftline`: reads the arguments, calls the command, tells what went wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from driftline.engine.exceptions import DriftlineError

from .arguments import parser
from .exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .terminal import Terminal


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = parser().parse_args(argv)
    from .terminal import Terminal  # noqa: PLC0415

    terminal = Terminal(as_json=arguments.output == "json", verbosity=arguments.verbose)
    try:
        return int(arguments.command(arguments, terminal))
    except DriftlineError as error:
        _show_error(error, terminal)
        return ExitStatus.ERROR
    except KeyboardInterrupt:
        _show_error(DriftlineError("interrupted; nothing more was done", code="INTERRUPTED"), terminal)
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever reads us went away; what they missed may have been drift
        return ExitStatus.ERROR
    except Exception as error:  # a defect of ours: told as an error, with the traceback for those who ask
        if arguments.verbose > 1:
            raise
        kind, told = type(error).__name__, str(error)
        unexpected = DriftlineError(
            f"{kind}: {told}", code="UNEXPECTED", hint="report it, with what -vv shows"
        )
        _show_error(unexpected, terminal)
        return ExitStatus.ERROR


def _show_error(error: DriftlineError, terminal: Terminal) -> None:
    if terminal.as_json:
        problems = [str(problem) for problem in getattr(error, "problems", ())]
        terminal.json(
            {
                "error": {
                    "code": error.code,
                    "message": error.message,
                    "hint": error.hint,
                    "problems": problems,
                }
            }
        )
        return
    from driftline.reports.terminal import error_text  # noqa: PLC0415

    terminal.err.print(error_text(error), soft_wrap=True)
