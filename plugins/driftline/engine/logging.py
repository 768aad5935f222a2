"""Setting up the log for programs that have no log of their own."""

from __future__ import annotations

import logging

import structlog

_LEVELS = {0: logging.WARNING, 1: logging.INFO}


def enable_console_logging(verbosity: int = 0) -> None:
    """Print the engine's log events to stderr, formatted for people.

    Args:
        verbosity: 0 for warnings and what is worse, 1 for information too, 2 for everything.
    """
    logging.basicConfig(format="%(message)s", level=_LEVELS.get(verbosity, logging.DEBUG))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M.%S"),
            structlog.processors.StackInfoRenderer(),
            structlog.dev.ConsoleRenderer(),
        ],
        context_class=dict,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
