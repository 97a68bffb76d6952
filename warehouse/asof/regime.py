"""Market regime per session with its inputs, of the table `market_regime_history`."""

from __future__ import annotations

from dataclasses import dataclass

from quant.chain import Floats
from warehouse.asof.days import closed_between
from warehouse.asof.rows import Days, Texts, Times, read_rows, select_list

_ROWS = "SELECT {columns} FROM market_regime_history WHERE date BETWEEN %(first)s AND %(last)s"
_EXPRESSIONS = {"missing_inputs": "array_to_string(missing_inputs, ',')"}


@dataclass(frozen=True, slots=True)
class RegimeDays:
    """Market regime by session, oldest first; all arrays of shape (n,).

    Levels, closes, means and the range (ATR) are dollars or index points, `term_spread` is percent, `above_50d` a
    fraction from 0 to 1, returns are fractions, `confidence_score`, ADX, choppiness and RSI from 0 to 100. An absent
    number is NaN, an absent text ''. `put_call_percentile_…` are fractions from 0 to 1. `missing_inputs` are names
    separated by commas.

    A row is known from `known_at` (epoch ms) on. `computed_at` is when it was computed again, NaN if never.
    """

    date: Days
    market_regime: Texts
    confidence_score: Floats
    vix_level: Floats
    vix_source: Texts
    vix_regime: Texts
    vix3m_level: Floats
    term_spread: Floats
    term_structure: Texts
    breadth_regime: Texts
    spy_close: Floats
    ndx_close: Floats
    rut_close: Floats
    qqq_close: Floats
    iwm_close: Floats
    put_call_ratio_total: Floats
    put_call_regime: Texts
    put_call_ratio_index: Floats
    put_call_percentile_index: Floats
    put_call_regime_index: Texts
    put_call_status_index: Texts
    put_call_ratio_etf: Floats
    put_call_percentile_etf: Floats
    put_call_regime_etf: Texts
    put_call_status_etf: Texts
    put_call_ratio_stock: Floats
    put_call_percentile_stock: Floats
    put_call_regime_stock: Texts
    put_call_status_stock: Texts
    advancers: Floats
    decliners: Floats
    new_highs: Floats
    new_lows: Floats
    above_50d: Floats
    correlation_spy_qqq: Floats
    correlation_spy_iwm: Floats
    spy_sma20: Floats
    spy_sma50: Floats
    spy_sma200: Floats
    spy_adx14: Floats
    spy_chop14: Floats
    spy_atr14: Floats
    spy_rsi14: Floats
    spy_return_1d: Floats
    spy_return_20d: Floats
    spy_volume_ratio: Floats
    missing_inputs: Texts
    method_version: Texts
    known_at: Times
    computed_at: Floats

    def __len__(self) -> int:
        return len(self.date)


def read(first_ms: int, last_ms: int) -> RegimeDays:
    """Return the rows of the sessions that closed from `first_ms` to `last_ms` (epoch ms), both included."""
    query = _ROWS.format(columns=select_list(RegimeDays, _EXPRESSIONS))
    return read_rows(RegimeDays, query, closed_between(first_ms, last_ms), ["date"])
