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
    from tests.set_clock import set_clock

    set_clock(settings, NOW)
