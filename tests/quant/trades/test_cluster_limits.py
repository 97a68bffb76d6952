"""Trades that do not form a cluster: single trades, and trades of different contracts."""

from __future__ import annotations

import pytest

from quant.trades.classification import classify
from tests.quant.trades.examples import START, make_trades


def bought(ms: int, exchange: int = 302, contract: int = 1) -> dict[str, float]:
    return {"timestamp": START + ms, "exchange": exchange, "contract": contract, "size": 10, "price": 1.10}


@pytest.mark.parametrize("apart_ms", [501, 60_000])
def test_a_single_trade_in_a_window_is_not_a_split(apart_ms):
    result = classify(make_trades(bought(0), bought(apart_ms)))
    assert result.trade_type.tolist() == ["REGULAR", "REGULAR"]
    assert result.split_first.tolist() == [-1, -1]


def test_windows_are_separate_for_each_contract():
    rows = [bought(0, contract=1), *(bought(ms, 302 + ms, contract) for contract in (2, 3) for ms in (0, 1))]
    assert classify(make_trades(*rows)).sweep_first.tolist() == [-1, 1, 1, 3, 3]
