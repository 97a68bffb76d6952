"""Logging: one line per event on stderr, as JSON or text, with the task and symbol it belongs to.

All records pass through the standard library's logging, those of libraries too, and are formatted here by structlog's
processors. Secrets are removed from the finished line, so that exceptions, URLs and libraries cannot log them.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SHORTEST_SECRET = 8  # characters; removing shorter ones would damage ordinary words
REPLACEMENT = "[secret]"
TASK_ARGUMENTS = ("symbol", "slot", "date", "batch_id")


class Formatter(structlog.stdlib.ProcessorFormatter):
    """structlog's formatter, with each of `secrets` replaced in the finished line."""

    def __init__(self, secrets: Iterable[str], **options: Any) -> None:
        super().__init__(**options)
        # Longest first, because one secret may be part of another.
        self._secrets = sorted(
            {text for text in secrets if len(text) >= SHORTEST_SECRET}, key=len, reverse=True
        )

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, REPLACEMENT)
        return line


def configuration(form: str, level: str, service: str, secrets: Iterable[str]) -> dict[str, Any]:
    """Return Django's LOGGING setting; `form` is json (one object per line) or text.

    Raises ValueError for another form.
    """
    if form not in ("json", "text"):
        raise ValueError(f"LOG_FORMAT must be json or text, not {form!r}.")
    dress: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _task_of_record,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        _service(service),
    ]
    finish: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":
        finish += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    else:
        # Where rich is installed, the default traceback shows the values of local variables, which may be secrets.
        plain = structlog.dev.plain_traceback
        finish += [structlog.dev.ConsoleRenderer(colors=False, timestamp_key="ts", exception_formatter=plain)]
    formatter = {
        "()": Formatter,
        "secrets": list(secrets),
        "foreign_pre_chain": dress,
        "processors": finish,
        "keep_exc_info": False,
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        # These log every request, the last one every login; the provider client counts requests itself.
        "loggers": {name: {"level": "WARNING"} for name in ("httpx", "httpcore", "axes")},
    }


def begin_task(task_id: str, task: Any, args: Iterable[Any], kwargs: Mapping[str, Any]) -> None:
    """Add the task and its identifying arguments to every following log line of this thread."""
    structlog.contextvars.clear_contextvars()
    given = inspect.signature(task.run).bind_partial(*args, **kwargs).arguments
    named = {name: given[name] for name in TASK_ARGUMENTS if given.get(name) is not None}
    structlog.contextvars.bind_contextvars(task_id=task_id, task=task.name, **named)


def end_task() -> None:
    """Stop adding the task to log lines."""
    structlog.contextvars.clear_contextvars()


def _task_of_record(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Add the id and name of a task that Celery's main process logs about but does not run."""
    record = event.get("_record")
    about = getattr(record, "data", None)
    if isinstance(about, dict) and "id" in about and "name" in about:
        event.setdefault("task_id", about["id"])
        event.setdefault("task", about["name"])
    return event


def _service(name: str) -> Processor:
    def add(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event["service"] = name
        return event

    return add
