"""Age of delayed data: by the time of the underlying's price, else 15 minutes."""

from __future__ import annotations

import pytest

from ingestion.chains.ingest import ingest_chain
from tests.ingestion.market import CALL, CHAIN_PATH, PUT, SLOT_MS, SPOT, page, row
from tests.provider.server import ok
from warehouse import clock
from warehouse.models import IngestionRun

pytestmark = pytest.mark.database

QUARTER_HOUR_MS = 15 * 60 * 1000
UNDATED_SPOT = {"ticker": "I:SPX", "value": SPOT}


@pytest.mark.parametrize(
    ("timeframes", "delay_ms"),
    [
        (("DELAYED", "DELAYED"), QUARTER_HOUR_MS),
        (("DELAYED", "REAL-TIME"), QUARTER_HOUR_MS),
        (("REAL-TIME", "DELAYED"), QUARTER_HOUR_MS),
        (("REAL-TIME", "REAL-TIME"), 0),
    ],
)
def test_a_delayed_chain_without_a_time_is_15_minutes_old(spx, provider, timeframes, delay_ms):
    quotes, underlying = timeframes
    changes = {
        "last_quote": {"bid": 100.0, "ask": 101.0, "timeframe": quotes},
        "underlying_asset": UNDATED_SPOT | {"timeframe": underlying},
    }
    provider.tell(CHAIN_PATH, ok(page(row(CALL, **changes), row(PUT, **changes))))
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    assert IngestionRun.objects.get().data_delay_ms == delay_ms
