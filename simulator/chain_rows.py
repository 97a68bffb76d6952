"""Chain rows as the provider writes them: keys that are unknown or outside the plan are left out, never null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.chain_table import ChainTable
from simulator.plans import Plan

Json = dict[str, Any]
Rows = NDArray[np.intp]

# The provider writes whole numbers now as 868, now as 868.0: here every sixteenth contract has the point.
_ONE_IN_FLOAT = 16


def chain_rows(table: ChainTable, chosen: Rows, plan: Plan) -> list[Json]:
    """Snapshot rows of the chosen contracts with the keys that the plan includes."""
    nothing: list[None] = [None] * len(chosen)
    middle = np.round(0.5 * (table.bid[chosen] + table.ask[chosen]), 4)
    even = np.round(table.strike[chosen] + np.where(table.is_call[chosen], middle, -middle), 4)
    sections: dict[str, Sequence[Any]] = {
        "break_even_price": even.tolist() if plan.quotes else nothing,
        "day": _days(table, chosen),
        "details": _details(table, chosen),
        "greeks": _greeks(table, chosen),
        "implied_volatility": _known(table.volatility[chosen]),
        "last_quote": _last_quotes(table, chosen, plan, middle.tolist()) if plan.quotes else nothing,
        "last_trade": _last_trades(table, chosen, plan) if plan.trades else nothing,
        "open_interest": _whole(table.open_interest[chosen], chosen),
        "underlying_asset": _underlyings(table, plan, even.tolist()),
    }
    names = tuple(sections)
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*sections.values(), strict=True)
    ]


def _known(numbers: NDArray[np.float64]) -> list[float | None]:
    return [number if number == number else None for number in numbers.tolist()]


def _whole(numbers: NDArray[np.float64], chosen: Rows) -> list[float | int | None]:
    return [
        None if number != number else number if row % _ONE_IN_FLOAT == 0 else int(number)
        for number, row in zip(numbers.tolist(), chosen.tolist(), strict=True)
    ]


def _details(table: ChainTable, chosen: Rows) -> list[Json]:
    return [
        {
            "contract_type": "call" if is_call else "put",
            "exercise_style": table.style,
            "expiration_date": expiration,
            "shares_per_contract": 100,
            "strike_price": int(strike) if strike.is_integer() else strike,
            "ticker": ticker,
        }
        for is_call, expiration, strike, ticker in zip(
            table.is_call[chosen].tolist(),
            table.expiration[chosen].astype("U10").tolist(),
            table.strike[chosen].tolist(),
            table.ticker[chosen].tolist(),
            strict=True,
        )
    ]


def _greeks(table: ChainTable, chosen: Rows) -> list[Json | None]:
    names = ("delta", "gamma", "theta", "vega")
    columns = [getattr(table, name)[chosen].tolist() for name in names]
    return [
        {name: number for name, number in zip(names, row, strict=True) if number == number} or None
        for row in zip(*columns, strict=True)
    ]


def _last_quotes(table: ChainTable, chosen: Rows, plan: Plan, middle: list[float]) -> list[Json]:
    return [
        {
            "ask": ask,
            "ask_size": ask_size,
            "bid": bid,
            "bid_size": bid_size,
            "last_updated": updated,
            "midpoint": midpoint,
            "timeframe": plan.timeframe,
        }
        for ask, ask_size, bid, bid_size, updated, midpoint in zip(
            table.ask[chosen].tolist(),
            table.ask_size[chosen].tolist(),
            table.bid[chosen].tolist(),
            table.bid_size[chosen].tolist(),
            table.quote_ns[chosen].tolist(),
            middle,
            strict=True,
        )
    ]


def _last_trades(table: ChainTable, chosen: Rows, plan: Plan) -> list[Json | None]:
    return [
        {
            "price": price,
            "size": int(size),
            "conditions": [condition],
            "exchange": exchange,
            "sip_timestamp": time,
            "timeframe": plan.timeframe,
        }
        if price == price
        else None
        for price, size, condition, exchange, time in zip(
            table.trade_price[chosen].tolist(),
            table.trade_size[chosen].tolist(),
            table.trade_condition[chosen].tolist(),
            table.trade_exchange[chosen].tolist(),
            table.trade_ns[chosen].tolist(),
            strict=True,
        )
    ]


def _days(table: ChainTable, chosen: Rows) -> list[Json]:
    columns = [
        _whole(table.day_volume[chosen], chosen),
        table.day_open[chosen].tolist(),
        table.day_high[chosen].tolist(),
        table.day_low[chosen].tolist(),
        table.day_close[chosen].tolist(),
        table.day_previous[chosen].tolist(),
        table.day_ns[chosen].tolist(),
    ]
    return [{} if row[0] is None else _day(*row) for row in zip(*columns, strict=True)]


def _day(
    volume: float, opened: float, high: float, low: float, closed: float, previous: float, updated: int
) -> Json:
    prices = {"open": opened, "high": high, "low": low, "close": closed, "previous_close": previous}
    day: Json = {name: price for name, price in prices.items() if price == price}
    day |= {"volume": volume, "last_updated": updated}
    if opened == opened:
        day["vwap"] = round((opened + high + low + closed) / 4, 4)
    if previous == previous and closed == closed:
        day["change"] = round(closed - previous, 4)
        day["change_percent"] = round(100 * (closed - previous) / previous, 4) if previous else 0
    return day


def _underlyings(table: ChainTable, plan: Plan, even: list[float]) -> list[Json]:
    asset: Json = {"ticker": table.provider_ticker}
    if plan.spot:
        asset["value" if table.provider_ticker.startswith("I:") else "price"] = table.spot
        asset |= {"last_updated": table.spot_ns, "timeframe": plan.timeframe}
    if not (plan.spot and plan.quotes):
        return [asset] * len(even)
    return [asset | {"change_to_break_even": round(price - table.spot, 4)} for price in even]
