"""Stored chains with quotes on smiles, for the tests of volatility surfaces."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from quant import sessions
from quant.contracts import format_ticker
from quant.pricing import black_scholes
from tests.warehouse.rows import add_curve
from warehouse import clock, partitions
from warehouse.models import HistoricalGreeks

SPOT = 6500.0
STRIKES = np.arange(5200.0, 7501.0, 50.0)


def smile(strike, years, level):
    """Return a parabola in standard deviations of log-moneyness."""
    distance = np.log(strike / SPOT) / (level * np.sqrt(years))
    return level * (1.0 - 0.06 * distance + 0.015 * distance**2)


def store_chain(
    levels: dict[date, float], slot_ms: int, *, symbol: str = "SPX", is_quoted: bool = True, **columns: Any
) -> None:
    """Store calls and puts by expiration, at volatilities whose level is given, quoted 0.05 around their value.

    Spot, forward and rate are 6,500, 6,500 and 0. `columns` are those of the contracts and of the curve.
    """
    partitions.ensure("historical_greeks", slot_ms, slot_ms)
    rows = []
    for expiration, level in levels.items():
        years = float(sessions.years_to_expiry(["SPXW"], [expiration], clock.instant(slot_ms))[0])
        volatility = smile(STRIKES, years, level)
        add_curve(
            slot_ms, symbol=symbol, root="SPXW", expiration=expiration, exercise_style="european", forward=SPOT,
            rate=0.0, atm_volatility=level, **columns,
        )  # fmt: skip
        for is_call in (True, False):
            value = black_scholes.price(is_call, SPOT, STRIKES, years, 0.0, 0.0, volatility)
            tickers = [str(format_ticker("SPXW", expiration, is_call, strike)) for strike in STRIKES.tolist()]
            rows += [
                HistoricalGreeks(
                    symbol=symbol,
                    timestamp=slot_ms,
                    contract_ticker=ticker,
                    option_type="call" if is_call else "put",
                    strike=strike,
                    expiration=expiration,
                    dte=30,
                    underlying_price=SPOT,
                    bid=(round(price - 0.05, 4) if price > 0.05 else 0) if is_quoted else None,
                    ask=round(price + 0.05, 4) if is_quoted else None,
                    implied_volatility=iv,
                    iv_status="ok",
                    source="live",
                    fetched_at=slot_ms,
                    method_version="test",
                    **columns,
                )
                for ticker, strike, price, iv in zip(
                    tickers, STRIKES.tolist(), value.tolist(), volatility.tolist(), strict=True
                )
            ]
    HistoricalGreeks.objects.bulk_create(rows)
