"""A failed job waits twice as long after each attempt, at most six hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ingestion.daily.closing import due_work
from warehouse import clock
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus

pytestmark = pytest.mark.database

TASK = "store_bars"
SESSION = date(2026, 11, 18)
CLOSE = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
FAILED_AT = CLOSE + timedelta(minutes=10)


def is_due() -> bool:
    return (TASK, SESSION) in [(work.task, work.session) for work in due_work(clock.now())]


@pytest.mark.parametrize(
    ("attempts", "pause"),
    [
        (1, timedelta(minutes=2)),
        (8, timedelta(minutes=256)),
        (9, timedelta(hours=6)),  # instead of 512 minutes
        (50, timedelta(hours=6)),
    ],
)
def test_pause_after_a_failure_doubles_up_to_six_hours(spx, at_market_time, attempts, pause):
    IngestionRun.objects.create(
        task=TASK,
        symbol="SPX",
        slot=clock.epoch_ms(CLOSE),
        status=RunStatus.FAILED,
        attempts=attempts,
        started_at=clock.epoch_ms(FAILED_AT),
        finished_at=clock.epoch_ms(FAILED_AT),
        error="the provider is away",
    )
    at_market_time(FAILED_AT + pause - timedelta(seconds=30))
    assert not is_due()
    at_market_time(FAILED_AT + pause)
    assert is_due()
