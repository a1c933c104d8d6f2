"""The one logger: structured events that a person can read and a machine can parse, and no secret of an address.

Nothing here touches structlog's global configuration: inside a task that is Airflow's own.
"""

from __future__ import annotations

import logging
import os
import sys
from functools import partialmethod
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from pipeline.scrubbing import without_secrets

INFO, WARNING = logging.INFO, logging.WARNING
TELL_EVERY_ADDRESS = ("httpx", "httpx2")
"""HTTP clients that log each request at INFO with its whole address: an upload's signature, a webhook's secret path."""
TELL_FAILED_ADDRESSES = ("huggingface_hub.utils._http", "urllib3.connectionpool")
"""Those whose warnings name the address that failed."""
AIRFLOWS_OWN = ("run", "dag_id", "task_id", "run_id", "ti_id", "try_number", "map_index")
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "warn": 30, "error": 40, "critical": 50, "exception": 40}


def _scrub(record: logging.LogRecord) -> bool:
    record.msg, record.args = without_secrets(record.getMessage()), None
    return True


# At the import, not when logging is configured: notices are sent from processes of Airflow that configure nothing.
for _name in TELL_EVERY_ADDRESS:
    logging.getLogger(_name).setLevel(WARNING)
for _name in TELL_FAILED_ADDRESSES:
    logging.getLogger(_name).addFilter(_scrub)


class _Sink:
    """Where the lines of all loggers go, also of those that modules made when they were imported."""

    def __init__(self) -> None:
        # Events of a program that configures nothing go to standard error too: standard output is for results.
        self.airflow = False
        self.json = False
        self.level = WARNING

    def write(self, level: int, line: str) -> None:
        if self.airflow:
            logging.getLogger("pipeline").log(level, "%s", line)
        else:
            print(line, file=sys.stderr, flush=True)  # noqa: T201

    debug = partialmethod(write, 10)
    info = partialmethod(write, 20)
    warning = warn = partialmethod(write, 30)
    error = exception = partialmethod(write, 40)
    critical = partialmethod(write, 50)


_sink = _Sink()
_stamped = structlog.processors.TimeStamper(fmt="iso", utc=True)
_machine = structlog.processors.JSONRenderer()
_pairs = structlog.processors.LogfmtRenderer(key_order=[], bool_as_flag=False)


def configure(*, json: bool = False, level: int = INFO) -> None:
    """Send events from `level` on to standard error, as JSON lines for machines or as aligned text for people.

    LLMOPS_LOG_FORMAT=json asks for JSON lines everywhere, also in Airflow's tasks.
    """
    _sink.airflow, _sink.json, _sink.level = False, json or _asked_for_json(), level


def configure_for_airflow() -> None:
    """Send events to the task's own log, each under its level, so that Airflow's page shows them as what they are."""
    _sink.airflow, _sink.json, _sink.level = True, _asked_for_json(), INFO
    logging.getLogger("pipeline").setLevel(INFO)


def _asked_for_json() -> bool:
    return os.environ.get("LLMOPS_LOG_FORMAT") == "json"


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module; bind run, stage and dataset ids with `structlog.contextvars`."""
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        _sink,
        processors=[
            _only_from_level,
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            _scrubbed,
            _rendered,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        source=name,
    )
    return logger


def _only_from_level(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if _LEVELS.get(method, INFO) < _sink.level:
        raise structlog.DropEvent
    return event


def _scrubbed(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Take the secrets of addresses out of every value: of what a client raised, nobody knows what is in it."""
    return {name: _without_secrets(value) for name, value in event.items()}


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Exception):
        return without_secrets(str(value))
    if isinstance(value, dict):
        return {name: _without_secrets(item) for name, item in value.items()}
    return [_without_secrets(item) for item in value] if isinstance(value, list | tuple) else value


def _rendered(logger: WrappedLogger, method: str, event: EventDict) -> str | bytes:
    if _sink.airflow and not _sink.json:
        # The task's log already has time, level, run and task.
        text = event.pop("event")
        kept = {name: value for name, value in event.items() if name not in AIRFLOWS_OWN}
        return f"{text}  {_pairs(logger, method, kept)}".rstrip()
    structlog.processors.add_log_level(logger, method, event)
    event = _stamped(logger, method, event)
    if _sink.json:
        return _machine(logger, method, event)
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())(logger, method, event)
