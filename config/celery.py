"""The Celery application."""

from __future__ import annotations

import logging.config
import os
import warnings
from typing import Any

from celery import Celery
from celery.fixups.django import DjangoWorkerFixup
from celery.platforms import SecurityWarning
from celery.signals import setup_logging, task_postrun, task_prerun, worker_init
from django.conf import settings
from django.db import close_old_connections

from config import logs
from quant import sessions
from warehouse.task_names import RENAMED

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def _keep_healthy_connections(self: DjangoWorkerFixup, **kwargs: object) -> None:
    """Celery closes the database connection around every task, which costs a session and 4 ms each time.

    `close_old_connections` honours CONN_MAX_AGE and the health check instead, so a connection is reused
    and a database that was restarted is reconnected to (celery issue 10554).
    """
    close_old_connections()


DjangoWorkerFixup.close_database = _keep_healthy_connections

# Containers and one-machine set-ups run as root knowingly; only JSON is accepted, so this one is moot.
warnings.filterwarnings(
    "ignore", category=SecurityWarning, message="You're running the worker with superuser"
)

app = Celery("warehouse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].add(
    "config.heartbeat_step:Heart"
)  # by name: it needs the models, which are not ready yet


@worker_init.connect
def _read_the_calendar_before_forking(**kwargs: object) -> None:
    """Two seconds, of pandas mostly, that every child would otherwise spend on its first chain."""
    sessions.is_open(sessions.market_now(0))


@worker_init.connect
def _accept_former_task_names(**kwargs: object) -> None:
    """Messages that were sent before a task was renamed may still be in the queue."""
    for before, after in RENAMED.items():
        app.tasks[before] = app.tasks[after]


@setup_logging.connect
def _log_as_everywhere(**kwargs: object) -> None:
    """Celery would give its own loggers a handler and a format of their own."""
    logging.config.dictConfig(settings.LOGGING)


@task_prerun.connect
def _name_the_task(task_id: str, task: Any, args: Any, kwargs: Any, **rest: object) -> None:
    logs.begin_task(task_id, task, args, kwargs)


@task_postrun.connect
def _forget_the_task(**rest: object) -> None:
    logs.end_task()
