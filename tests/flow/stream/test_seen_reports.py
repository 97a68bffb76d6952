"""A cancel gets the first and last report of its contract, small trades included."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from flow.stream.enrich import Enricher
from flow.stream.rows import Contracts
from flow.stream.trade_sizes import TradeSizes
from provider.stream_messages import decode
from quant.trades.reports import UNKNOWN
from tests.flow.stream_server import CONTRACT, trade

T = 1_795_186_800_000
DAY_MS = 86_400_000
OTHER = CONTRACT.replace("C0", "P0")


@pytest.fixture
def reports():
    """Return a function that adds trades to one enricher and returns first and last report of each of them."""
    taker = Enricher(Contracts({"SPX": "SPX", "SPXW": "SPX"}), TradeSizes())

    def add(*events: dict, received_ms: int = T) -> list[tuple[int, int]]:
        taker.take(decode(json.dumps(events).encode(), Counter()), received_ms)
        rows = taker.rows()
        return list(zip(rows["first_report"].tolist(), rows["last_report"].tolist(), strict=True))

    return add


def test_a_cancel_gets_the_reports_of_its_contract(reports):
    assert (
        reports(trade(1, T) | {"s": 1}, trade(2, T + 1), trade(3, T + 2) | {"sym": OTHER})
        == [(UNKNOWN,) * 2] * 3
    )
    assert reports(trade(4, T + 3) | {"s": 1}, trade(5, T + 4) | {"c": [201]}) == [(UNKNOWN,) * 2, (1, 4)]
    assert reports(trade(6, T + 5) | {"c": [209, 203]}) == [(1, 4)]
    assert reports(trade(7, T + 6) | {"c": [201]}) == [
        (1, 1)
    ]  # 4 was canceled: the last report is 1 or a later one


def test_the_reports_start_anew_on_the_next_day(reports):
    reports(trade(1, T), trade(2, T + 1))
    following = T + DAY_MS
    assert reports(trade(1, following), trade(2, following) | {"c": [203]}, received_ms=following)[1] == (
        1,
        1,
    )


def test_a_trade_with_a_damaged_time_starts_no_day(reports):
    reports(trade(1, T), trade(2, T + 40 * DAY_MS))
    following = T + DAY_MS
    assert reports(trade(3, following), trade(4, following) | {"c": [203]}, received_ms=following)[1] == (
        3,
        3,
    )
