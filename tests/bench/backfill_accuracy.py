"""Accuracy of a backfill: the errors of its volatilities, and of the daily series from which ranks are computed.

The simulator has the true volatility of every contract. The backfill receives only trade prices in bars, which are up
to five minutes old and half a spread away from the true value.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from ingestion.backfill.backfill_request import Table
from quant.chain import Floats
from quant.volatility import iv_rank
from quant.volatility.iv_rank import IvStanding
from tests.bench.backfill_pace import run_once, simulated_provider
from tests.bench.measure import Measured
from tests.ingestion.backfill.past import PastMarket
from warehouse import clock
from warehouse.models import HistoricalGreeks, IvPercentile

# Symbols and calendar days. The full size, 60 sessions: SPX,SPY,QQQ,AAPL,NVDA:86
DEFAULT_SIZE = "SPY,AAPL:16"
SEED = 7
DOCUMENTED_MEDIAN, DOCUMENTED_WORST = 0.002, 0.03  # of volatility, as documented in docs/backfill.md


@dataclass(frozen=True, slots=True)
class Series:
    """30-day volatility of one symbol by session, rebuilt and true; shape (s,), NaN where unknown."""

    symbol: str
    rebuilt: Floats
    true: Floats

    def standings(self) -> list[tuple[IvStanding, IvStanding]]:
        """Return the standings by both series for each session that has a percentile in both."""
        both = [
            (
                iv_rank.standing(self.rebuilt[n], self.rebuilt[:n]),
                iv_rank.standing(self.true[n], self.true[:n]),
            )
            for n in range(len(self.rebuilt))
        ]
        return [pair for pair in both if None not in (pair[0].iv_percentile, pair[1].iv_percentile)]

    @property
    def correlation(self) -> float:
        """Return the correlation of the changes from one session to the next."""
        rebuilt, true = np.diff(self.rebuilt), np.diff(self.true)
        known = np.isfinite(rebuilt) & np.isfinite(true)
        return float(np.corrcoef(rebuilt[known], true[known])[0, 1])


def backfill_accuracy() -> Measured:
    """Return the largest error of a rebuilt volatility, compared with the documented one."""
    symbols, days = os.environ.get("BENCH_ACCURACY", DEFAULT_SIZE).split(":")
    names = symbols.split(",")
    with simulated_provider():
        run_once(names, int(days), None, (Table.GREEKS, Table.GAMMA, Table.IV))
    market = PastMarket(SEED)
    error, contracts, closes = _errors(market, names)
    series = [_series(market, symbol) for symbol in names]
    return Measured(
        value=float(error.max()),
        unit="volatility",
        reference=DOCUMENTED_WORST,
        ratio=DOCUMENTED_WORST / float(error.max()),
        details=(
            f"{closes} closes, {contracts:,} contracts: median {np.median(error):.5f} (documented {DOCUMENTED_MEDIAN}),"
            f" 99 % within {np.quantile(error, 0.99):.5f}; {_comparison(series)}"
        ),
    )


def _comparison(series: list[Series]) -> str:
    """Describe the differences of the daily series and of the ranks from those of the true chains."""
    rebuilt, true = (np.concatenate([getattr(one, name) for one in series]) for name in ("rebuilt", "true"))
    known = np.isfinite(rebuilt) & np.isfinite(true)
    errors = np.abs(rebuilt - true)[known]
    text = (
        f"error of the 30-day volatility at {len(errors)} closes: median {np.median(errors):.5f},"
        f" worst {errors.max():.5f}, {(errors / true[known]).max():.1%} of the true value;"
        " correlation of daily changes "
    )
    text += ", ".join(f"{one.correlation:.3f} ({one.symbol})" for one in series)
    pairs = [pair for one in series for pair in one.standings()]
    if not pairs:
        return f"{text}; too few sessions for ranks"
    differences = np.array([abs(rebuilt.iv_percentile - true.iv_percentile) for rebuilt, true in pairs])
    same = sum(rebuilt.iv_regime == true.iv_regime for rebuilt, true in pairs)
    return (
        f"{text}; percentiles of {len(pairs)} sessions: median difference {np.median(differences):.3f}, 90 % within"
        f" {np.quantile(differences, 0.9):.3f}, worst {differences.max():.3f};"
        f" same regime on {same / len(pairs):.1%}"
    )


def _errors(market: PastMarket, symbols: list[str]) -> tuple[Floats, int, int]:
    """Return |rebuilt - true| of every row, the number of rows, and the number of closes."""
    errors: list[float] = []
    closes = 0
    for symbol in symbols:
        for slot_ms in _slots(symbol):
            truth = market.truth.chain_truth(symbol, clock.instant(slot_ms))
            volatility = dict(zip(truth.listing.ticker.tolist(), truth.volatility.tolist(), strict=True))
            rows = HistoricalGreeks.objects.filter(symbol=symbol, timestamp=slot_ms)
            errors += [
                abs(iv - volatility[ticker])
                for ticker, iv in rows.values_list("contract_ticker", "implied_volatility")
                if iv is not None
            ]
            closes += 1
    return np.array(errors), len(errors), closes


def _series(market: PastMarket, symbol: str) -> Series:
    rows = IvPercentile.objects.filter(symbol=symbol).order_by("date").values_list("date", "current_iv")
    stored = {day: np.nan if level is None else level for day, level in rows}
    true = np.array([market.level(symbol, day) for day in stored])
    return Series(symbol, np.array(list(stored.values())), true)


def _slots(symbol: str) -> list[int]:
    rows = HistoricalGreeks.objects.filter(symbol=symbol).order_by("timestamp")
    return list(rows.values_list("timestamp", flat=True).distinct())
