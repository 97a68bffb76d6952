"""Sending of the task that starts a stored backtest."""

from __future__ import annotations

from celery import current_app
from celery.exceptions import CeleryError
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

from warehouse.task_names import CeleryTask


def send_start(backtest_id: int) -> bool:
    """Ask the workers to start a backtest; return whether the message broker took the message.

    Without it the task of every minute starts the backtest.
    """
    try:
        current_app.send_task(CeleryTask.START_BACKTEST, (backtest_id,), retry=False)
    except (OperationalError, KombuError, RedisError, CeleryError, OSError):
        return False
    return True
