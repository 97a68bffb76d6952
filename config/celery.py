"""Celery application."""

from __future__ import annotations

import logging.config
import os
import warnings
from typing import Any

import redis
from celery import Celery
from celery.fixups.django import DjangoWorkerFixup
from celery.platforms import SecurityWarning
from celery.signals import setup_logging, task_postrun, task_prerun, worker_init
from django.conf import settings
from django.db import close_old_connections
from kombu.transport.redis import Channel as RedisChannel

from config import logs
from quant import sessions
from warehouse.task_names import RENAMED

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def _keep_healthy_connections(self: DjangoWorkerFixup, **kwargs: object) -> None:
    """Close database connections around a task only when they are too old or broken.

    Celery closes the connection around every task, which costs a new session and 4 ms each time. With
    `close_old_connections`, CONN_MAX_AGE and the connection health check apply, so that a connection is reused and a
    restarted database is reconnected to (Celery issue 10554).
    """
    close_old_connections()


DjangoWorkerFixup.close_database = _keep_healthy_connections

_connection_parameters: Any = RedisChannel._connparams


def _parameters_of_open_connection(self: RedisChannel, asynchronous: bool = False) -> Any:
    """Return the parameters of the channel's connection. Raises ConnectionError when it was closed.

    When the broker is lost, Celery 5.7 closes the connection and then lets its channel give back the messages that are
    not acknowledged. The channel finds no connection and raises AttributeError, which ends the worker. A
    ConnectionError is expected there: the worker reconnects, and the messages are delivered again.
    """
    if self.connection.client is None:
        raise redis.exceptions.ConnectionError("the broker connection of this channel was closed")
    return _connection_parameters(self, asynchronous)


setattr(RedisChannel, "_connparams", _parameters_of_open_connection)  # noqa: B010  # mypy refuses to replace a method

# Containers and single-machine installations run as root on purpose. Only JSON messages are accepted, so the risk
# that Celery warns of (pickle messages run as root) does not exist.
warnings.filterwarnings(
    "ignore", category=SecurityWarning, message="You're running the worker with superuser"
)

app = Celery("warehouse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].add(
    "config.heartbeat_step:HeartbeatStep"
)  # by name, because it imports the models, which are not loaded yet


@worker_init.connect
def _read_the_calendar_before_forking(**kwargs: object) -> None:
    """Load the exchange calendar once, which takes two seconds, instead of once in every pool process."""
    sessions.is_open(sessions.market_now(0))


@worker_init.connect
def _accept_former_task_names(**kwargs: object) -> None:
    """Register renamed tasks under their former names too, for messages that are still in the queue."""
    for before, after in RENAMED.items():
        app.tasks[before] = app.tasks[after]


@setup_logging.connect
def _configure_logging(**kwargs: object) -> None:
    """Use the project's log format for Celery's loggers too."""
    logging.config.dictConfig(settings.LOGGING)


@task_prerun.connect
def _add_task_to_logs(task_id: str, task: Any, args: Any, kwargs: Any, **rest: object) -> None:
    logs.begin_task(task_id, task, args, kwargs)


@task_postrun.connect
def _remove_task_from_logs(**rest: object) -> None:
    logs.end_task()
