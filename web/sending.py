"""Sending of the tasks that start a stored backtest or optimisation."""

from __future__ import annotations

from celery import current_app
from celery.exceptions import CeleryError
from django.contrib import messages
from django.http import HttpRequest
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

from warehouse.task_names import CeleryTask


def send_or_warn(request: HttpRequest, task: CeleryTask, row_id: int, what: str) -> None:
    """Send a task as `send` does; without the message broker warn that `what`, such as "the backtest starts", waits."""
    if not send(task, row_id):
        messages.warning(request, f"The message broker cannot be reached: {what} when it can be.")


def send(task: CeleryTask, row_id: int) -> bool:
    """Send a task with the number of a stored row; return whether the message broker took the message.

    Without it `continue_backtests`, which runs every minute, starts what waits.
    """
    try:
        current_app.send_task(task, (row_id,), retry=False)
    except (OperationalError, KombuError, RedisError, CeleryError, OSError):
        return False
    return True
