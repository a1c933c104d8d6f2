"""The one logger: structured events that a person can read and a machine can parse."""

from __future__ import annotations

import logging
import os
import sys

import structlog

INFO, WARNING = logging.INFO, logging.WARNING


def configure(*, json: bool = False, level: int = INFO) -> None:
    """Send events to standard error, as JSON lines for machines or as aligned text for people.

    LLMOPS_LOG_FORMAT=json asks for JSON lines everywhere, also in Airflow's tasks.
    """
    json = json or os.environ.get("LLMOPS_LOG_FORMAT") == "json"
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module; bind run, stage and dataset ids with `structlog.contextvars`."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(source=name)
    return logger


# Events of a program that configures nothing go to standard error too: standard output is for results.
configure(level=WARNING)
