"""Sending of the tasks that start a stored backtest or optimisation."""

from __future__ import annotations

from celery import current_app
from celery.exceptions import CeleryError
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

from warehouse.task_names import CeleryTask


def send(task: CeleryTask, row_id: int) -> bool:
    """Send a task with the number of a stored row; return whether the message broker took the message.

    Without it `continue_backtests`, which runs every minute, starts what waits.
    """
    try:
        current_app.send_task(task, (row_id,), retry=False)
    except (OperationalError, KombuError, RedisError, CeleryError, OSError):
        return False
    return True
