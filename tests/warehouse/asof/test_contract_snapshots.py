"""Reading of snapshots as known at an instant, and of one contract at several slots."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.partitions import drop_partitions
from tests.warehouse.rows import add_greeks
from warehouse import clock
from warehouse.asof.options import snapshots

pytestmark = [pytest.mark.database]
AT = dt.datetime(2025, 11, 18, 19, 45, tzinfo=dt.UTC)  # 14:45 New York
SLOT = clock.epoch_ms(AT)
QUARTER_MS = 900_000
TICKER, OTHER = "O:SPX251219C06475000", "O:SPX251219P06475000"


@pytest.fixture(autouse=True)
def market_time(at_market_time):
    at_market_time(AT)
    yield
    drop_partitions()


def test_the_newest_slot_is_that_whose_chain_was_known():
    add_greeks(SLOT, known_at=SLOT + 20_000)
    add_greeks(SLOT + QUARTER_MS, fetched_at=SLOT + QUARTER_MS + 5_000)  # from before the column was filled
    first, later = SLOT - 1, SLOT + QUARTER_MS
    assert snapshots.newest_known("SPX", first, SLOT + 19_999) is None
    assert snapshots.newest_known("SPX", first, SLOT + 20_000) == SLOT
    assert snapshots.newest_known("SPX", first, later + 4_999) == SLOT
    assert snapshots.newest_known("SPX", first, later + 5_000) == later
    assert snapshots.newest_known("SPX", SLOT + 1, SLOT + 60_000) is None
    assert snapshots.newest_known("SPY", first, later + 5_000) is None


def test_a_contract_is_read_at_the_wanted_slots_oldest_first():
    for number, ticker in ((2, TICKER), (0, TICKER), (1, TICKER), (0, OTHER)):
        slot = SLOT + number * QUARTER_MS
        add_greeks(slot, ticker, bid=10 + number, ask=11, delta=0.5, known_at=slot + 20_000)
    found = snapshots.of_contract("SPX", TICKER, [SLOT + 2 * QUARTER_MS, SLOT, SLOT + 9 * QUARTER_MS])
    assert found.timestamp.tolist() == [SLOT, SLOT + 2 * QUARTER_MS]
    assert (found.bid.tolist(), found.delta.tolist()) == ([10.0, 12.0], [0.5, 0.5])
    assert found.known_at.tolist() == [SLOT + 20_000, SLOT + 2 * QUARTER_MS + 20_000]
    assert np.isnan(found.underlying_price).all()
    assert len(snapshots.of_contract("SPY", TICKER, [SLOT])) == 0
