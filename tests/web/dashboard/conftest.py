"""The clock of the tests of the dashboard."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def noon(db: None, settings: Any) -> None:
    """Set both clocks, Python's and SQL's, to `board.NOW`."""
    # Models cannot be imported before Django's settings are read.
    from tests.set_clock import set_clock
    from tests.web.dashboard.board import NOW
    from warehouse import clock

    set_clock(settings, clock.instant(NOW))
