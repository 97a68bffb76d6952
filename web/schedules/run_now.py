"""Send the task of a schedule now, with the schedule's arguments."""

from __future__ import annotations

from collections.abc import Sequence

from celery.exceptions import CeleryError
from django_celery_beat.models import PeriodicTask
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

from web.schedules.arguments import check_arguments, registered, stored_arguments


class NotSent(Exception):
    """Nothing was sent; the message is one sentence."""


def send_now(entries: Sequence[PeriodicTask]) -> None:
    """Send the tasks of `entries`, as beat would. Raises `NotSent` before the first one if one of them is unusable.

    A message expires like that of beat, so that it does not wait for a worker that is started hours later.
    """
    prepared = []
    for entry in entries:
        task = registered(entry.task)
        if task is None:
            raise NotSent(f"The task {entry.task} of {entry.name} does not exist.")
        try:
            positional, named = stored_arguments(entry)
            check_arguments(entry.task, named)
        except ValueError as error:
            raise NotSent(str(error)) from None
        prepared.append((entry, task, positional, named))
    for entry, task, positional, named in prepared:
        options = {"queue": entry.queue} if entry.queue else {}
        try:
            task.apply_async(
                positional,
                named,
                expires=entry.expire_seconds,
                headers={"periodic_task_name": entry.name},
                retry=False,
                **options,
            )
        except (OperationalError, KombuError, RedisError, CeleryError, OSError):
            raise NotSent("The message broker cannot be reached.") from None
