"""Small sets of rows as the ingestion of a session stores them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from quant.contracts import format_ticker
from warehouse import partitions
from warehouse.models import HistoricalBar, HistoricalGreeks


def store_contract(
    slot_ms: int,
    expiration: date,
    volatility: float | None,
    *,
    is_call: bool = True,
    symbol: str = "SPX",
    root: str = "SPXW",
    strike: float = 6500.0,
    **columns: Any,
) -> None:
    """One contract of a snapshot, quoted at 100 to 101 with spot at 6,500."""
    partitions.ensure("historical_greeks", slot_ms, slot_ms)
    defaults = {
        "dte": 30,
        "underlying_price": 6500,
        "bid": 100,
        "ask": 101,
        "iv_status": "ok",
        "source": "live",
        "fetched_at": slot_ms,
        "method_version": "test",
    }
    HistoricalGreeks.objects.create(
        symbol=symbol,
        timestamp=slot_ms,
        contract_ticker=str(format_ticker(root, expiration, is_call, strike)),
        option_type="call" if is_call else "put",
        strike=strike,
        expiration=expiration,
        implied_volatility=volatility,
        **{**defaults, **columns},
    )


def store_pair(slot_ms: int, expiration: date, volatility: float | None, **columns: Any) -> None:
    """A call and a put of one strike and volatility: the expiration's at-the-money volatility."""
    for is_call in (True, False):
        store_contract(slot_ms, expiration, volatility, is_call=is_call, **columns)


def store_day_bars(symbol: str, closes: Mapping[int, float], **columns: Any) -> None:
    """Daily bars by start (epoch ms) whose four prices are one."""
    partitions.ensure("historical_bars", min(closes), max(closes))
    HistoricalBar.objects.bulk_create(
        HistoricalBar(
            symbol=symbol,
            timeframe="1d",
            timestamp=start,
            **{"open": price, "high": price, "low": price, "close": price, **columns},
        )
        for start, price in closes.items()
    )


def bar(
    start_ms: int,
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float | None = 1.0,
    vwap: float | None = 1.0,
    ticker: str | None = None,
) -> dict[str, Any]:
    """One bar as the provider sends it; None leaves the key out."""
    keys = ("t", "o", "h", "l", "c", "v", "vw", "T")
    values = (start_ms, open_, high, low, close, volume, vwap, ticker)
    return {key: value for key, value in zip(keys, values, strict=True) if value is not None}
