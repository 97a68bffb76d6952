"""Sets the clock of a test that uses the database: Python's and SQL's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import connection


def set_clock(settings: Any, instant: datetime) -> None:
    """Set both clocks to an instant (aware); they go on from there. Ends with the test's transaction."""
    settings.CLOCK_OFFSET_MS = round((instant - datetime.now(UTC)).total_seconds() * 1000)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('warehouse.clock_offset_ms', %s, true)", [str(settings.CLOCK_OFFSET_MS)]
        )
