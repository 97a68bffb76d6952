"""What is no cluster: a lone trade, and trades that only lie beside another contract's."""

from __future__ import annotations

import pytest

from quant.trades.classification import classify
from tests.quant.trades.examples import START, make_trades


def bought(ms: int, exchange: int = 302, contract: int = 1) -> dict[str, float]:
    return {"timestamp": START + ms, "exchange": exchange, "contract": contract, "size": 10, "price": 1.10}


@pytest.mark.parametrize("apart_ms", [501, 60_000])
def test_a_trade_alone_in_its_window_is_no_split(apart_ms):
    answer = classify(make_trades(bought(0), bought(apart_ms)))
    assert answer.trade_type.tolist() == ["REGULAR", "REGULAR"]
    assert answer.split_first.tolist() == [-1, -1]


def test_each_contract_of_a_batch_has_windows_of_its_own():
    rows = [bought(0, contract=1), *(bought(ms, 302 + ms, contract) for contract in (2, 3) for ms in (0, 1))]
    assert classify(make_trades(*rows)).sweep_first.tolist() == [-1, 1, 1, 3, 3]
