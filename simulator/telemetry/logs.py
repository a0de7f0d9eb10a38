"""Log lines on standard error: one a record, JSON or for people, ours and the borrowed libraries' alike.

Edge. Configures the `logging` module of this process; knows nothing of requests. Every line tells the shard
(`<pod>.<worker>`, or the pod's number with `supervisor`) and the process.
"""

import asyncio
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from simulator.config.schema import Logging

TRACE = 5
"""Below DEBUG; the number that uvicorn uses too."""

LEVELS: Mapping[str, int] = {
    "trace": TRACE,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}

_NAMES = {TRACE: "trace", logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warn"}

BORROWED = ("gunicorn.error", "gunicorn.access", "uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")
"""Loggers that bring handlers and manners of their own."""

WORDING: Mapping[object, str] = {
    "Exception in ASGI application\n": "the application raised while it answered a request",
    "Exception in 'lifespan' protocol\n": "the application raised while it started or stopped",
    "Application startup failed. Exiting.": "the application did not start",
    "Application shutdown failed. Exiting.": "the application did not stop cleanly",
    "Worker (pid:%s) was sent %s! Perhaps out of memory?": "worker process %s was ended by %s",
    "Worker (pid:%s) was sent %s!": "worker process %s was ended by %s",
}
"""Sober words for the libraries' own; keyed by the template that they log."""

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}


class Sober(logging.Filter):
    """Rewords the libraries' templates and drops the report of a cancellation: cancelling is how a drain ends."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is shown."""
        if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
            return False
        if isinstance(record.msg, str):
            record.msg = WORDING.get(record.msg, record.msg)
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line.

    Its keys: time (RFC 3339, UTC), level, logger, shard, pid, message, the record's extras, and `error` with
    the traceback if there is one.
    """

    def __init__(self, shard: str) -> None:
        super().__init__()
        self._shard = shard

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": level_name(record.levelno),
            "logger": record.name,
            "shard": self._shard,
            "pid": record.process,
            "message": record.getMessage(),
        }
        for key, value in _extras(record).items():
            line.setdefault(key, value)
        trace = _trace(self, record)
        if trace:
            line["error"] = trace
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class Pretty(logging.Formatter):
    """For people: time, level, shard and process, the words, then extras as `key=value`."""

    def __init__(self, shard: str) -> None:
        super().__init__()
        self._shard = shard

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; a traceback follows on lines of its own."""
        extras = "".join(f" {key}={value}" for key, value in _extras(record).items())
        head = f"{_time(record)} {level_name(record.levelno):<5} [{self._shard} {record.process}]"
        # A line break in a message would let one record pass for two.
        message = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        trace = _trace(self, record)
        return f"{head} {message}{extras}" + (f"\n{trace}" if trace else "")


def configure(settings: Logging, /, *, shard: str) -> None:
    """Send every logger of this process to standard error in the configured format.

    May be called again: after a fork, with the worker's shard, or to change the level at run time.
    """
    level = LEVELS[settings.level]
    logging.addLevelName(TRACE, "TRACE")
    logging.raiseExceptions = False  # a closed standard error must not end a worker
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Sober())
    handler.setFormatter(JsonLines(shard) if settings.format == "json" else Pretty(shard))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # uvicorn and gunicorn tell at INFO of every step that our own lines already tell.
    borrowed = level if level < logging.INFO else max(level, logging.WARNING)
    for name in BORROWED:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(borrowed)
    # uvicorn asks this logger for handlers to decide whether to format an access line a request.
    logging.getLogger("uvicorn.access").propagate = False


def level_name(number: int) -> str:
    """The configuration's word for a level of the `logging` module."""
    return _NAMES.get(number, "error" if number >= logging.ERROR else "info")


def _time(record: logging.LogRecord) -> str:
    stamp = datetime.fromtimestamp(record.created, UTC)
    return f"{stamp:%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z"


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return formatter.formatException(record.exc_info)


def fleet_shard(pod: int) -> str:
    """What the supervisor's own lines carry as their shard."""
    return f"{pod}.supervisor"
