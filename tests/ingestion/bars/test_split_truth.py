"""Bars stored as traded and adjusted on reading equal the bars that the provider adjusts itself."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from ingestion.bars.bar_times import range_ms
from ingestion.bars.historical_bars import ensure_bars
from ingestion.daily.corporate_actions import fetch_dividends, fetch_splits
from provider.client import MassiveClient
from tests.partitions import drop_partitions
from tests.simulator.servers import SEED, simulator
from warehouse import clock
from warehouse.asof import adjusted_bars, bars
from warehouse.asof.corporate_actions import dividends

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

EVENING = datetime(2025, 11, 21, 22, tzinfo=UTC)
FIRST, EX_DATE, LAST = date(2025, 11, 10), date(2025, 11, 17), date(2025, 11, 21)  # AMD is split 3 for 2


@pytest.fixture
def connect(at_market_time):
    """Connects to a simulator on the evening of LAST."""
    at_market_time(EVENING)
    offset = round((EVENING - datetime.now(UTC)).total_seconds() * 1000)
    with simulator("--seed", str(SEED), "--clock-offset-ms", str(offset)) as server:
        yield lambda: MassiveClient(server.base_url, "key", now_ms=clock.now_ms)
    drop_partitions()


@pytest.mark.parametrize("timeframe", ["1d", "15m"])
def test_adjusted_reads_equal_the_adjusted_bars_of_the_provider(connect, timeframe):
    now_ms = clock.now_ms()
    assert fetch_splits(now_ms, connect).new > 0
    ensure_bars("AMD", timeframe, FIRST, LAST, now_ms, connect)
    span = range_ms(FIRST, LAST)
    raw = bars.read("AMD", timeframe, *span)
    read = adjusted_bars.read("AMD", timeframe, *span, now_ms)
    with connect() as client:
        window = {"1d": (1, "day"), "15m": (15, "minute")}[timeframe]
        rows = client.aggregates("AMD", *window, FIRST, LAST, adjusted=True).rows
    expected = {row.start_ms: row for row in rows}
    assert len(read) == len(raw) > 0
    for name in ("open", "high", "low", "close", "volume"):
        values = np.array([getattr(expected[start], name) for start in read.start_ms.tolist()])
        np.testing.assert_allclose(getattr(read, name), values, rtol=1e-3)
    ratio = raw.close / read.close
    before = raw.start_ms < range_ms(EX_DATE, EX_DATE)[0]
    assert before.any()
    assert np.unique(ratio[before]).tolist() == pytest.approx([1.5], rel=1e-12)
    assert set(ratio[~before].tolist()) == {1.0}


def test_declared_dividends_are_those_that_the_provider_lists(connect):
    now_ms = clock.now_ms()
    fetched = fetch_dividends(["SPY"], now_ms, connect)
    assert (fetched.lists, fetched.rejected, fetched.failed) == (1, {}, "")
    third_friday = clock.epoch_ms(datetime(2025, 9, 19, 4, tzinfo=UTC))  # midnight New York
    declared = clock.epoch_ms(datetime(2025, 8, 22, 20, tzinfo=UTC))  # four weeks before, at the close
    found = dividends("SPY", declared)
    assert found == dividends("SPY", third_friday - 1)
    ((ex_ms, amount),) = found
    assert ex_ms == third_friday
    assert amount == pytest.approx(0.0125 * 650 / 4, rel=0.04)
    assert dividends("SPY", declared - 1) == ()
