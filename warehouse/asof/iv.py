"""Implied volatility per session with its rank, of the table `iv_percentile_cache`."""

from __future__ import annotations

from dataclasses import dataclass

from quant.chain import Bools, Floats
from warehouse.asof.days import closed_between
from warehouse.asof.rows import Days, Texts, Times, read_rows, select_list

_ROWS = """
SELECT {columns} FROM iv_percentile_cache WHERE symbol = %(symbol)s AND date BETWEEN %(first)s AND %(last)s
"""
_EXPRESSIONS = {"data_points": "data_points::bigint"}


@dataclass(frozen=True, slots=True)
class IvDays:
    """Volatility of one symbol by session, oldest first; all arrays of shape (n,).

    Volatilities, risk reversal, term slope, variance index and its truncation are fractions per year, the variance risk
    premium is variance per year, rank and percentile are fractions from 0 to 1, the expected move and strikes dollars
    or index points, `data_points` sessions. An absent number is NaN, an absent text ''.

    A row is known from `known_at` (epoch ms) on. `computed_at` is when it was computed again, NaN if never.
    """

    date: Days
    current_iv: Floats
    iv_rank: Floats
    iv_percentile: Floats
    iv_regime: Texts
    iv_52w_high: Floats
    iv_52w_low: Floats
    iv_trend: Texts
    data_points: Times
    is_provisional: Bools
    recommendation: Texts
    risk_reversal_25d: Floats
    term_slope: Floats
    expected_move: Floats
    variance_index: Floats
    variance_status: Texts
    variance_quotes: Floats
    variance_lowest_strike: Floats
    variance_highest_strike: Floats
    variance_low_cut: Texts
    variance_high_cut: Texts
    variance_truncation: Floats
    realized_volatility_20d: Floats
    realized_status: Texts
    variance_risk_premium: Floats
    method_version: Texts
    known_at: Times
    computed_at: Floats

    def __len__(self) -> int:
        return len(self.date)


def read(symbol: str, first_ms: int, last_ms: int) -> IvDays:
    """Return the rows of the sessions that closed from `first_ms` to `last_ms` (epoch ms), both included."""
    wanted = {"symbol": symbol, **closed_between(first_ms, last_ms)}
    return read_rows(IvDays, _ROWS.format(columns=select_list(IvDays, _EXPRESSIONS)), wanted, ["date"])
