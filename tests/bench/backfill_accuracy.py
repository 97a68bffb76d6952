"""A backfill against the market it rebuilds: the error of every volatility, and of the series ranks are made of.

The simulator knows the true volatility of every contract. What the backfill is given of it are prices of trades in
bars, up to five minutes old and half a spread beside.
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
STATED_MEDIAN, STATED_WORST = 0.002, 0.03  # of volatility, as the README states them


@dataclass(frozen=True, slots=True)
class Series:
    """One symbol's 30-day level by session, rebuilt and of the true chains; shape (s,), NaN where not known."""

    symbol: str
    ours: Floats
    theirs: Floats

    def standings(self) -> list[tuple[IvStanding, IvStanding]]:
        """Of every session that is ranked in both, the rank by either series."""
        both = [
            (iv_rank.standing(self.ours[n], self.ours[:n]), iv_rank.standing(self.theirs[n], self.theirs[:n]))
            for n in range(len(self.ours))
        ]
        return [pair for pair in both if None not in (pair[0].iv_percentile, pair[1].iv_percentile)]

    @property
    def correlation(self) -> float:
        """Of the changes from one session to the next."""
        ours, theirs = np.diff(self.ours), np.diff(self.theirs)
        known = np.isfinite(ours) & np.isfinite(theirs)
        return float(np.corrcoef(ours[known], theirs[known])[0, 1])


def backfill_accuracy() -> Measured:
    """The worst error of a rebuilt volatility, in whole volatility, against the stated one."""
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
        reference=STATED_WORST,
        ratio=STATED_WORST / float(error.max()),
        says=(
            f"{closes} closes, {contracts:,} contracts: median {np.median(error):.5f} (stated {STATED_MEDIAN}),"
            f" 99 % within {np.quantile(error, 0.99):.5f}; {_compared(series)}"
        ),
    )


def _compared(series: list[Series]) -> str:
    """The series ranks are made of, and the ranks, beside those of the true chains."""
    ours, theirs = (np.concatenate([getattr(one, side) for one in series]) for side in ("ours", "theirs"))
    known = np.isfinite(ours) & np.isfinite(theirs)
    off = np.abs(ours - theirs)[known]
    says = (
        f"30-day level of {len(off)} closes beside that of the true chains: median {np.median(off):.5f},"
        f" worst {off.max():.5f}, {(off / theirs[known]).max():.1%} of the level; changes from day to day correlate by "
    )
    says += ", ".join(f"{one.correlation:.3f} ({one.symbol})" for one in series)
    pairs = [pair for one in series for pair in one.standings()]
    if not pairs:
        return f"{says}; too few sessions for ranks"
    apart = np.array([abs(mine.iv_percentile - true.iv_percentile) for mine, true in pairs])
    same = sum(mine.iv_regime == true.iv_regime for mine, true in pairs)
    return (
        f"{says}; percentiles of {len(pairs)} sessions: median {np.median(apart):.3f} apart, 90 % within"
        f" {np.quantile(apart, 0.9):.3f}, worst {apart.max():.3f}; regime the same on {same / len(pairs):.1%}"
    )


def _errors(market: PastMarket, symbols: list[str]) -> tuple[Floats, int, int]:
    """|rebuilt - true| of every row, how many rows and closes there are."""
    found: list[float] = []
    closes = 0
    for symbol in symbols:
        for slot_ms in _slots(symbol):
            truth = market.truth.chain_truth(symbol, clock.instant(slot_ms))
            volatility = dict(zip(truth.listing.ticker.tolist(), truth.volatility.tolist(), strict=True))
            rows = HistoricalGreeks.objects.filter(symbol=symbol, timestamp=slot_ms)
            found += [
                abs(iv - volatility[ticker])
                for ticker, iv in rows.values_list("contract_ticker", "implied_volatility")
                if iv is not None
            ]
            closes += 1
    return np.array(found), len(found), closes


def _series(market: PastMarket, symbol: str) -> Series:
    rows = IvPercentile.objects.filter(symbol=symbol).order_by("date").values_list("date", "current_iv")
    stored = {day: np.nan if level is None else level for day, level in rows}
    theirs = np.array([market.level(symbol, day) for day in stored])
    return Series(symbol, np.array(list(stored.values())), theirs)


def _slots(symbol: str) -> list[int]:
    rows = HistoricalGreeks.objects.filter(symbol=symbol).order_by("timestamp")
    return list(rows.values_list("timestamp", flat=True).distinct())
