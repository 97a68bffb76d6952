"""Results for a million rows and for invalid values, without warnings (pytest turns warnings into errors)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quant.gamma.exposure import snapshot
from quant.gamma.max_pain import max_pain
from quant.trades.classification import classify
from quant.volatility.iv_rank import constant_maturity_iv, iv_percentile, iv_rank, risk_reversal_25d
from quant.volatility.realized_vol import yang_zhang
from quant.volatility.variance_index import thirty_day_index
from tests.quant.chains import random_chain
from tests.quant.trades.examples import make_trades

MILLION = 1_000_000


def test_gamma_exposure_of_a_million_contracts():
    chain = random_chain(1_000, seed=1)
    large = chain.select(np.tile(np.arange(1_000), MILLION // 1_000))
    small, answer = snapshot(chain, levels=11), snapshot(large, levels=11)
    assert np.isclose(answer.total_gamma, small.total_gamma * 1_000, rtol=1e-9)
    assert answer.gamma_wall_resistance == small.gamma_wall_resistance


def test_classification_of_a_million_trades():
    busy = {"trade_rate": 1.0}
    batch = make_trades(busy, {"price": 1.1, "exchange": 303} | busy, {"conditions": 219} | busy)
    repeated = np.arange(MILLION) % 3
    many = replace(batch, **{name: getattr(batch, name)[repeated] for name in batch.__slots__})
    many = replace(many, timestamp=many.timestamp + np.arange(MILLION), sequence_number=np.arange(MILLION))
    answer = classify(many)
    assert answer.is_sweep.sum() == MILLION // 3
    assert (answer.side_code == 0).sum() == MILLION // 3


def test_rank_and_volatility_of_a_million_sessions():
    series = np.linspace(0.1, 0.9, MILLION)
    assert np.isclose(iv_rank(0.5, series), 0.5)
    assert iv_percentile(0.5, series) == 0.5
    assert yang_zhang(series, series, series, series) > 0
    assert np.isfinite(thirty_day_index(series, 30_000, series, 50_000)).all()


EXTREMES = np.array([np.nan, np.inf, -np.inf, 0.0, -1.0, 1e-300, 1e300, 1.0])


def test_chains_with_invalid_values_give_results():
    numbers = np.random.default_rng(7)
    chain = random_chain(400, seed=7)
    for name in ("bid", "ask", "volume", "open_interest", "delta", "gamma", "implied_volatility", "years"):
        column = getattr(chain, name).copy()
        rows = numbers.choice(400, 80, replace=False)
        column[rows] = numbers.choice(EXTREMES, 80)
        chain = replace(chain, **{name: column})
    result = snapshot(chain, own_gamma=chain.gamma, own_iv=chain.implied_volatility)
    assert result.contracts_used + sum(result.rejected.values()) == result.contracts == 400
    for measure in (max_pain, constant_maturity_iv, risk_reversal_25d):
        measure(chain)


def test_trades_with_invalid_values_are_classified():
    numbers = np.random.default_rng(7)
    batch = make_trades(*[{"timestamp": 1_763_994_600_000 + 50 * row} for row in range(300)])
    columns = (
        "price",
        "size",
        "bid",
        "ask",
        "bid_size",
        "ask_size",
        "quote_age_ms",
        "average_size",
        "open_interest",
    )
    for name in columns:
        batch = replace(batch, **{name: numbers.choice([*EXTREMES, 1.05, 1.05], 300)})
    answer = classify(batch)
    assert set(answer.sentiment) <= {"BULLISH", "BEARISH", "NEUTRAL"}
    assert not answer.is_above_ask[answer.side_code >= 8].any()
