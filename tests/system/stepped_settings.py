"""Settings of processes whose clock a test moves while they run.

In the product the offset is constant for the life of a process. Here each reading takes it from a file, and every task
first sets it in its database session, whose SQL clock would otherwise keep the offset from the time of the connection.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from celery.signals import task_prerun
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from config.settings import *  # noqa: F403 - the product's settings, all of them
from tests.system.offset_file import OffsetFile

CLOCK_OFFSET_MS = OffsetFile(Path(os.environ["CLOCK_OFFSET_FILE"]))
CELERY_BEAT_MAX_LOOP_INTERVAL = 0.1  # seconds; the longest delay of a poll that is due at once


@receiver(connection_created)
def _set_session_offset(connection: Any, **rest: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('warehouse.clock_offset_ms', %s, false)", [str(int(CLOCK_OFFSET_MS))]
        )


@task_prerun.connect
def _set_offset_before_task(**rest: object) -> None:
    from django.db import connection

    if connection.connection is not None:
        _set_session_offset(connection)
