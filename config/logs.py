"""Logs: one line per event on stderr, JSON or readable, with the task and symbol it belongs to.

Everything goes through the standard library's logging, ours and the libraries', and is dressed here by
structlog's processors. Secrets are struck out of the finished line: whatever an exception, an address or a
library put into it.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SHORTEST_SECRET = 8  # striking out shorter ones would garble ordinary words
STRUCK_OUT = "[secret]"
TASK_ARGUMENTS = ("symbol", "slot", "date", "batch_id")


class Formatter(structlog.stdlib.ProcessorFormatter):
    """structlog's, with every one of `secrets` struck out of what it made."""

    def __init__(self, secrets: Iterable[str], **options: Any) -> None:
        super().__init__(**options)
        # The longest first: one secret may be a part of another.
        self._secrets = sorted(
            {text for text in secrets if len(text) >= SHORTEST_SECRET}, key=len, reverse=True
        )

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, STRUCK_OUT)
        return line


def configuration(form: str, level: str, service: str, secrets: Iterable[str]) -> dict[str, Any]:
    """Django's LOGGING. `form` is json (one object per line) or text. Raises ValueError for another."""
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
        # The plain traceback: the default one, where rich is installed, shows the values of local variables.
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
        # They log every request line; the provider client counts requests itself.
        "loggers": {name: {"level": "WARNING"} for name in ("urllib3", "httpx", "httpcore")},
    }


def begin_task(task_id: str, task: Any, args: Iterable[Any], kwargs: Mapping[str, Any]) -> None:
    """From now on every line of this thread names the task, and of its arguments those that say what for."""
    structlog.contextvars.clear_contextvars()
    given = inspect.signature(task.run).bind_partial(*args, **kwargs).arguments
    named = {name: given[name] for name in TASK_ARGUMENTS if given.get(name) is not None}
    structlog.contextvars.bind_contextvars(task_id=task_id, task=task.name, **named)


def end_task() -> None:
    structlog.contextvars.clear_contextvars()


def _task_of_record(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Celery's main process speaks of tasks it does not run; it hands their id over beside the sentence."""
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
