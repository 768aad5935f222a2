"""Where driftline's log goes in a program of somebody else."""

from __future__ import annotations

import logging

import structlog


def log_as_a_guest() -> None:
    """Send events to Python's own logging, under `driftline`, unless somebody has decided where they go.

    Nobody who uses Nornir or Ansible expects to set up structlog, which prints everything by default.
    """
    if structlog.is_configured():
        return
    # Else Python writes warnings to stderr where nobody has set up logging at all.
    logging.getLogger("driftline").addHandler(logging.NullHandler())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.KeyValueRenderer(key_order=["event"], drop_missing=True),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
