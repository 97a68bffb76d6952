"""Provider rows for tests, with explicit defaults: a live SPX call quoted on both sides."""

from __future__ import annotations

from datetime import date
from typing import Literal

from provider.records import ChainRow, Day, Details, Greeks, LastQuote, UnderlyingAsset
from quant.contracts import format_ticker

SESSION = date(2026, 11, 18)
MIDNIGHT_NS = 1_794_978_000 * 10**9  # 2026-11-18 00:00 New York (05:00 UTC)
DAY_NS = 86_400 * 10**9


def make_row(
    strike: float = 6500.0,
    *,
    is_call: bool = True,
    root: str = "SPXW",
    expiration: date = date(2026, 12, 18),
    ticker: str | None = None,
    contract_type: str | None = None,
    multiplier: float | None = 100,
    bid: float | None = 100.0,
    ask: float | None = 101.0,
    delta: float | Literal["usual"] | None = "usual",
    gamma: float | None = 0.001,
    theta: float | None = -1.0,
    vega: float | None = 8.0,
    implied_volatility: float | None = 0.15,
    open_interest: float | None = 1000,
    volume: float | None = 50,
    close: float | None = 100.5,
    volume_day_ns: int | None = MIDNIGHT_NS,
    spot: float | None = 6500.0,
) -> ChainRow:
    if delta == "usual":
        delta = 0.5 if is_call else -0.5
    return ChainRow(
        details=Details(
            ticker=ticker or str(format_ticker(root, expiration, is_call, strike)),
            contract_type=contract_type or ("call" if is_call else "put"),
            expiration_date=expiration,
            strike_price=strike,
            shares_per_contract=multiplier,
        ),
        day=Day(volume=volume, close=close, last_updated=volume_day_ns),
        greeks=Greeks(delta=delta, gamma=gamma, theta=theta, vega=vega),
        implied_volatility=implied_volatility,
        last_quote=LastQuote(bid=bid, ask=ask),
        open_interest=open_interest,
        underlying_asset=UnderlyingAsset(ticker="I:SPX", value=spot),
    )
