"""Cancels, and trades that want a quote, are few, and are read by an index of these rows alone."""

from __future__ import annotations

import numpy as np
import pytest

from flow.quotes import wanted
from flow.storing import cancels
from quant.sessions import DAY_MS
from tests.flow.trades import NOON_MS, make_batch, process
from tests.roles import run
from tests.warehouse.asof.plans import indexes_read

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

AT = NOON_MS - 60_000
UNQUOTED = {name: float("nan") for name in ("bid", "ask", "quote_age_ms", "bid_size", "ask_size")}


def test_cancels_and_wanted_quotes_are_found_without_reading_other_trades():
    rows = [{"timestamp_ms": AT - number} for number in range(2_000)]
    rows[700] |= {"condition": 201}
    rows[900] |= UNQUOTED | {"price": 1.10, "size": 300, "received_at_ms": AT}
    process(make_batch(*rows))
    run("ANALYZE options_flow_history")
    assert [found.trades for found in wanted.largest(["SPX"], AT - 2_000, NOON_MS, 5)] == [1]
    stored = {
        "symbol": np.array(["SPX"]),
        "timestamp": np.array([AT - 2_000]),
        "contract_ticker": np.array([b"O:SPXW261218P06500000"]),
        "is_cancel": np.array([False]),
        **{name: np.array([0]) for name in ("price", "size", "exchange", "sequence_number")},
    }
    read = indexes_read(
        lambda: wanted.largest(["SPX"], AT - 2_000, NOON_MS, 5),
        lambda: cancels.days_to_match(stored),
        lambda: cancels.days_with_cancels(AT - DAY_MS, NOON_MS),
    )
    assert len(read) == 3
    assert all(name and name.endswith("_is_cancel_symbol_timestamp_idx") for name in read), read
