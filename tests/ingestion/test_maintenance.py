"""Maintenance creates partitions at every call and carries out retention once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from ingestion import maintenance
from ingestion.daily import rollups
from quant.sessions import DAY_MS
from tests.warehouse.rows import add_trade
from warehouse import clock
from warehouse.models import FlowDay, IngestionRun, OptionsFlow
from warehouse.models.enums import RunStatus

pytestmark = pytest.mark.database

NOON = datetime(2026, 11, 18, 17, 0, tzinfo=UTC)
MIDNIGHT_MS = clock.epoch_ms(datetime(2027, 2, 17, tzinfo=UTC))


@pytest.fixture
def ninety_one_days_on(spx, at_market_time) -> int:
    at_market_time(NOON)
    add_trade(clock.epoch_ms(NOON))
    at_market_time(NOON + timedelta(days=91))
    return clock.now_ms()


def test_retention_runs_once_a_day_and_partitions_every_time(ninety_one_days_on):
    # A week of days, two weeks and a month; one day of trades goes and leaves its sum.
    assert maintenance.keep_tables(ninety_one_days_on) == (
        "11 partitions created; 1 partition changes, 1 daily sums, 0 rows deleted"
    )
    assert (OptionsFlow.objects.count(), FlowDay.objects.get().date) == (0, NOON.date())
    run = IngestionRun.objects.get(task="keep_retention")
    assert (run.slot, run.status, run.rows) == (MIDNIGHT_MS, RunStatus.DONE, 0)
    assert run.result == {"partition_changes": 1, "rolled_up": 1, "deleted": 0}
    assert (
        maintenance.keep_tables(ninety_one_days_on + 3_600_000)
        == "0 partitions created; retention: already done"
    )
    # The next day there is one more partition of trades to make.
    assert maintenance.keep_tables(ninety_one_days_on + DAY_MS).startswith(
        "1 partitions created; 0 partition changes"
    )


def test_a_locked_partition_fails_the_run_and_is_tried_again(ninety_one_days_on, monkeypatch):
    def held(partition: str) -> None:
        raise OperationalError("canceling statement due to lock timeout\nCONTEXT: …")

    with monkeypatch.context() as patched:
        patched.setattr(rollups.partitions, "_drop", held)
        maintenance.keep_tables(ninety_one_days_on)
    run = IngestionRun.objects.get(task="keep_retention")
    assert (run.status, run.error) == (RunStatus.FAILED, "canceling statement due to lock timeout")
    maintenance.keep_tables(ninety_one_days_on)
    assert IngestionRun.objects.get(task="keep_retention").status == RunStatus.DONE
    assert OptionsFlow.objects.count() == 0
