"""Settings of processes whose clock a test moves while they run.

The product's offset is one number for the life of a process. Here it is what a file says at each question, and
every task begins by telling its database session, whose SQL clock otherwise keeps the offset it was opened with.
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
CELERY_BEAT_MAX_LOOP_INTERVAL = 0.1  # seconds: how long a poll that is wanted at once may wait


@receiver(connection_created)
def _tell_the_session(connection: Any, **rest: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('warehouse.clock_offset_ms', %s, false)", [str(int(CLOCK_OFFSET_MS))]
        )


@task_prerun.connect
def _tell_the_session_again(**rest: object) -> None:
    from django.db import connection

    if connection.connection is not None:
        _tell_the_session(connection)
