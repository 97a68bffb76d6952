"""Trades that form no cluster: single trades, trades of different contracts, and trades of busy contracts."""

from __future__ import annotations

import pytest

from quant.trades.classification import classify
from tests.quant.trades.examples import START, make_trades


def bought(ms: int, exchange: int = 302, contract: int = 1) -> dict[str, float]:
    return {
        "timestamp": START + ms,
        "exchange": exchange,
        "contract": contract,
        "size": 10,
        "price": 1.10,
        "trade_rate": 0.9e-5,
    }


@pytest.mark.parametrize("apart_ms", [500, 60_000])
def test_a_single_trade_in_a_window_is_not_a_split(apart_ms):
    result = classify(make_trades(bought(0), bought(apart_ms)))
    assert result.trade_type.tolist() == ["REGULAR", "REGULAR"]
    assert result.split_first.tolist() == [-1, -1]


def test_windows_are_separate_for_each_contract():
    rows = [bought(0, contract=1), *(bought(ms, 302 + ms, contract) for contract in (2, 3) for ms in (0, 1))]
    assert classify(make_trades(*rows)).sweep_first.tolist() == [-1, 1, 1, 3, 3]


@pytest.mark.parametrize(
    ("per_second", "apart_ms", "found"),
    [
        (0.2, 24, True),
        (0.2, 25, False),
        (1, 4, True),
        (1, 5, False),
        (5, 0, True),
        (5, 1, False),
        (6, 0, False),
    ],
)
def test_the_window_of_a_pair_is_five_thousandths_of_a_trade_long(per_second, apart_ms, found):
    rows = [bought(0) | {"trade_rate": per_second / 1000}, bought(apart_ms, 303) | {"trade_rate": 1.0}]
    assert (classify(make_trades(*rows)).sweep_first >= 0).tolist() == [found, found]


# k P(N >= k - 1) <= 0.01 for Poisson N of mean rate x 1 ms: 50 a second 3 x 0.00121, 200 a second 4 x 0.00115.
@pytest.mark.parametrize(
    ("per_second", "trades", "found"), [(50, 2, False), (50, 3, True), (200, 3, False), (200, 4, True)]
)
def test_a_busy_contract_needs_more_trades_in_one_millisecond(per_second, trades, found):
    rows = [bought(0, 302 + row) | {"trade_rate": per_second / 1000} for row in range(trades)]
    assert (classify(make_trades(*rows)).sweep_first >= 0).tolist() == [found] * trades
