"""A backfill against the market it rebuilds: the error of every volatility, and of the series ranks are made of.

The simulator knows the true volatility of every contract. What the backfill is given of it are prices of trades in
bars, up to five minutes old and half a spread beside.
"""

from __future__ import annotations

import os
from datetime import date

import numpy as np
from numpy.typing import NDArray

from ingestion.backfill.wish import Table
from quant import iv_rank, sessions
from quant.chain import Floats, OptionChain
from simulator.market import SyntheticMarket
from tests.bench.backfill_pace import run_once, simulated_provider
from tests.bench.measure import Measured
from warehouse import clock
from warehouse.models import HistoricalGreeks, IvPercentile

# Symbols and calendar days. The full size, 60 sessions: SPX,SPY,QQQ,AAPL,NVDA:86
DEFAULT_SIZE = "SPY,AAPL:16"
SEED = 7
STATED_MEDIAN, STATED_WORST = 0.004, 0.05  # of volatility, as the README states them


def backfill_accuracy() -> Measured:
    """The worst error of a rebuilt volatility, in whole volatility, against the stated one."""
    symbols, days = os.environ.get("BENCH_ACCURACY", DEFAULT_SIZE).split(":")
    names = symbols.split(",")
    with simulated_provider():
        run_once(names, int(days), None, (Table.GREEKS, Table.GAMMA, Table.IV))
    market = SyntheticMarket(SEED)
    error, contracts, closes = _errors(market, names)
    level, ranks = _series(market, names)
    return Measured(
        value=float(error.max()),
        unit="volatility",
        reference=STATED_WORST,
        ratio=STATED_WORST / float(error.max()),
        says=(
            f"{closes} closes, {contracts:,} contracts: median {np.median(error):.5f} (stated {STATED_MEDIAN}),"
            f" 99 % within {np.quantile(error, 0.99):.5f}; 30-day level of {len(level)} closes beside that of the true"
            f" chains: median {np.median(level):.5f}, worst {level.max():.5f}; last percentile, ours and the true one:"
            f" {ranks}"
        ),
    )


def _errors(market: SyntheticMarket, symbols: list[str]) -> tuple[Floats, int, int]:
    """|rebuilt - true| of every row, how many rows and closes there are."""
    found: list[float] = []
    closes = 0
    for symbol in symbols:
        for slot_ms in _slots(symbol):
            truth = market.chain_truth(symbol, clock.instant(slot_ms))
            volatility = dict(zip(truth.listing.ticker.tolist(), truth.volatility.tolist(), strict=True))
            rows = HistoricalGreeks.objects.filter(symbol=symbol, timestamp=slot_ms)
            found += [
                abs(iv - volatility[ticker])
                for ticker, iv in rows.values_list("contract_ticker", "implied_volatility")
                if iv is not None
            ]
            closes += 1
    return np.array(found), len(found), closes


def _series(market: SyntheticMarket, symbols: list[str]) -> tuple[Floats, str]:
    """|rebuilt - true| of each session's 30-day level, and the last session's percentile by both series."""
    errors: list[float] = []
    ranks: list[str] = []
    for symbol in symbols:
        stored = dict(
            IvPercentile.objects.filter(symbol=symbol).order_by("date").values_list("date", "current_iv")
        )
        ours, theirs = (
            np.array([np.nan if value is None else value for value in series])
            for series in (stored.values(), [_true_level(market, symbol, day) for day in stored])
        )
        errors += np.abs(ours - theirs)[np.isfinite(ours)].tolist()
        places = [iv_rank.standing(series[-1], series[:-1]).iv_percentile for series in (ours, theirs)]
        ranks.append(f"{symbol} " + "/".join("none" if place is None else f"{place:.3f}" for place in places))
    return np.array(errors), ", ".join(ranks)


def _true_level(market: SyntheticMarket, symbol: str, day: date) -> float:
    """The level a live chain of the whole market gives at the close, without the width of its quotes."""
    truth = market.chain_truth(symbol, sessions.close_of(day))
    absent: NDArray[np.float64] = np.full(len(truth.listing.ticker), np.nan)
    chain = OptionChain(
        root=truth.listing.root,
        expiration=truth.listing.expiration,
        is_call=truth.listing.is_call,
        strike=truth.listing.strike,
        years=truth.years,
        bid=truth.price,
        ask=truth.price,
        last=absent,
        volume=absent,
        open_interest=absent,
        multiplier=absent,
        delta=truth.greeks.delta,
        gamma=truth.greeks.gamma,
        implied_volatility=truth.volatility,
        spot=truth.spot,
    )
    return iv_rank.constant_maturity_iv(chain, 30.0)


def _slots(symbol: str) -> list[int]:
    rows = HistoricalGreeks.objects.filter(symbol=symbol).order_by("timestamp")
    return list(rows.values_list("timestamp", flat=True).distinct())
