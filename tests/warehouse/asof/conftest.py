"""The clock of the tests of readers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

NOW = datetime(2025, 11, 20, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def evening(request: pytest.FixtureRequest, settings: Any) -> None:
    """Set both clocks, Python's and SQL's, to NOW in tests that use the database."""
    if request.node.get_closest_marker("django_db") is None:
        return
    request.getfixturevalue("db")
    from django.db import connection

    settings.CLOCK_OFFSET_MS = round((NOW - datetime.now(UTC)).total_seconds() * 1000)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('warehouse.clock_offset_ms', %s, true)", [str(settings.CLOCK_OFFSET_MS)]
        )
