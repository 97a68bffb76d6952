"""Variance index, realized volatility and variance risk premium of a session."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from ingestion.bars.bar_times import close_ms, midnight_ms
from ingestion.chains.compute import finite
from quant import sessions
from quant.chain import OptionChain
from quant.volatility.chain_variance import VarianceIndex, chain_variance_index
from quant.volatility.realized_vol import yang_zhang
from quant.volatility.variance_index import Cut
from warehouse.asof import adjusted_bars
from warehouse.models.enums import RealizedStatus, Timeframe, VarianceStatus

REALIZED_SESSIONS = 20


def variance_columns(symbol: str, session: date, chain: OptionChain) -> dict[str, Any]:
    """Return the columns of iv_percentile_cache from the session's last chain and the stored daily bars.

    The premium is the index squared less the realized volatility squared, both annualised (Bollerslev, Tauchen and
    Zhou, *Expected Stock Returns and Variance Risk Premia*, 2009, with their lagged realized variance). It is None when
    the index is truncated, because it would be too low.
    """
    index = chain_variance_index(chain)
    realized = realized_volatility(symbol, session)
    is_whole = index.status == VarianceStatus.OK.value
    return {
        **_index_columns(index),
        "realized_volatility_20d": finite(realized),
        "realized_status": RealizedStatus.NO_BARS if np.isnan(realized) else RealizedStatus.OK,
        "variance_risk_premium": finite(index.level**2 - realized**2) if is_whole else None,
    }


def realized_volatility(symbol: str, session: date) -> float:
    """Return the Yang-Zhang volatility of 20 sessions up to `session`, a fraction per year.

    NaN unless the daily bars of these and of the session before them are stored. Bars are adjusted for the splits known
    at the session's close.
    """
    days = sessions.sessions(session - timedelta(days=2 * REALIZED_SESSIONS), session)[
        -REALIZED_SESSIONS - 1 :
    ]
    starts = [midnight_ms(day) for day in days]
    found = adjusted_bars.read(symbol, Timeframe.DAY, starts[0], starts[-1], close_ms(session))
    if found.start_ms.tolist() != starts:
        return float("nan")
    return float(yang_zhang(found.open, found.high, found.low, found.close))


def _index_columns(index: VarianceIndex) -> dict[str, Any]:
    known = not np.isnan(index.level)
    return {
        "variance_index": finite(index.level),
        "variance_status": index.status,
        "variance_quotes": index.quotes if known else None,
        "variance_lowest_strike": finite(index.lowest_strike),
        "variance_highest_strike": finite(index.highest_strike),
        "variance_low_cut": _name(index.low_cut),
        "variance_high_cut": _name(index.high_cut),
        "variance_truncation": finite(index.truncation),
    }


def _name(cut: Cut | None) -> str | None:
    return None if cut is None else cut.value
