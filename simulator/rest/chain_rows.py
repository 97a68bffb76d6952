"""Chain rows in the provider's format. Values that are unknown or not in the plan are omitted, never null."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET, Struct, UnsetType
from numpy.typing import NDArray

from simulator.market.chain_table import ChainTable
from simulator.rest.plans import Plan

Rows = NDArray[np.intp]
Number = int | float

# The provider sends whole numbers sometimes as 868 and sometimes as 868.0; here every sixteenth contract has a float.
_ONE_IN_FLOAT = 16


class Day(Struct, omit_defaults=True, gc=False):
    """The most recent daily bar; empty when the contract never traded."""

    open: float | UnsetType = UNSET
    high: float | UnsetType = UNSET
    low: float | UnsetType = UNSET
    close: float | UnsetType = UNSET
    vwap: float | UnsetType = UNSET
    volume: Number | UnsetType = UNSET
    previous_close: float | UnsetType = UNSET
    change: float | UnsetType = UNSET
    change_percent: float | UnsetType = UNSET
    last_updated: int | UnsetType = UNSET


class Details(Struct, gc=False):
    """The terms of the contract."""

    contract_type: str
    exercise_style: str
    expiration_date: str
    shares_per_contract: Number
    strike_price: Number
    ticker: str


class Greeks(Struct, omit_defaults=True, gc=False):
    """The provider's greeks, which do not include rho."""

    delta: float | UnsetType = UNSET
    gamma: float | UnsetType = UNSET
    theta: float | UnsetType = UNSET
    vega: float | UnsetType = UNSET


class LastQuote(Struct, gc=False):
    """The current quote."""

    bid: float
    ask: float
    bid_size: int
    ask_size: int
    midpoint: float
    last_updated: int
    timeframe: str


class LastTrade(Struct):
    """The last trade."""

    price: float
    size: int
    conditions: list[int]
    exchange: int
    sip_timestamp: int
    timeframe: str


class Underlying(Struct, omit_defaults=True, gc=False):
    """The underlying: `value` for indices, `price` otherwise, neither on a plan without its asset class."""

    ticker: str
    price: float | UnsetType = UNSET
    value: float | UnsetType = UNSET
    change_to_break_even: float | UnsetType = UNSET
    last_updated: int | UnsetType = UNSET
    timeframe: str | UnsetType = UNSET


class Row(Struct, omit_defaults=True):
    """One contract of a chain snapshot."""

    day: Day
    details: Details
    underlying_asset: Underlying
    break_even_price: float | UnsetType = UNSET
    greeks: Greeks | UnsetType = UNSET
    implied_volatility: float | UnsetType = UNSET
    last_quote: LastQuote | UnsetType = UNSET
    last_trade: LastTrade | UnsetType = UNSET
    open_interest: Number | UnsetType = UNSET


def chain_rows(table: ChainTable, chosen: Rows, plan: Plan) -> list[Row]:
    """Return the snapshot rows of the chosen contracts with the keys that the plan includes."""
    middle = np.round(0.5 * (table.bid[chosen] + table.ask[chosen]), 4)
    even = np.round(table.strike[chosen] + np.where(table.is_call[chosen], middle, -middle), 4)
    unset: list[Any] = [UNSET] * len(chosen)
    names = ("delta", "gamma", "theta", "vega")
    sections = (
        _days(table, chosen),
        _details(table, chosen),
        _underlyings(table, plan, even),
        even.tolist() if plan.quotes else unset,
        [_greeks(*row) for row in _zip(*(_known(getattr(table, name)[chosen]) for name in names))],
        _known(table.volatility[chosen]),
        _last_quotes(table, chosen, plan, middle) if plan.quotes else unset,
        _last_trades(table, chosen, plan) if plan.trades else unset,
        _whole(table.open_interest[chosen], chosen),
    )
    return [Row(*row) for row in _zip(*sections)]


def as_json(row: Row) -> dict[str, Any]:
    """Return a row as a dict, for responses that rearrange it."""
    plain: dict[str, Any] = msgspec.to_builtins(row)
    return plain


def _zip(*columns: list[Any]) -> zip[tuple[Any, ...]]:
    return zip(*columns, strict=True)


def _known(numbers: NDArray[np.float64]) -> list[float | UnsetType]:
    return [number if number == number else UNSET for number in numbers.tolist()]


def _whole(numbers: NDArray[np.float64], chosen: Rows) -> list[Number | UnsetType]:
    return [
        UNSET if number != number else number if row % _ONE_IN_FLOAT == 0 else int(number)
        for number, row in _zip(numbers.tolist(), chosen.tolist())
    ]


def _details(table: ChainTable, chosen: Rows) -> list[Details]:
    return [
        Details(
            "call" if is_call else "put",
            table.style,
            expiration,
            int(shares) if shares.is_integer() else shares,
            int(strike) if strike.is_integer() else strike,
            ticker,
        )
        for is_call, expiration, shares, strike, ticker in _zip(
            table.is_call[chosen].tolist(),
            table.expiration[chosen].astype("U10").tolist(),
            table.shares[chosen].tolist(),
            table.strike[chosen].tolist(),
            table.ticker[chosen].tolist(),
        )
    ]


def _greeks(*numbers: float | UnsetType) -> Greeks | UnsetType:
    return UNSET if all(number is UNSET for number in numbers) else Greeks(*numbers)


def _last_quotes(table: ChainTable, chosen: Rows, plan: Plan, middle: NDArray[np.float64]) -> list[LastQuote]:
    columns = (table.bid, table.ask, table.bid_size, table.ask_size)
    timeframes = [plan.timeframe] * len(chosen)
    parts = [column[chosen].tolist() for column in columns]
    return [
        LastQuote(*row) for row in _zip(*parts, middle.tolist(), table.quote_ns[chosen].tolist(), timeframes)
    ]


def _last_trades(table: ChainTable, chosen: Rows, plan: Plan) -> list[LastTrade | UnsetType]:
    columns = (
        table.trade_price,
        table.trade_size,
        table.trade_condition,
        table.trade_exchange,
        table.trade_ns,
    )
    return [
        LastTrade(price, int(size), [condition], exchange, time, plan.timeframe) if price == price else UNSET
        for price, size, condition, exchange, time in _zip(*(column[chosen].tolist() for column in columns))
    ]


def _days(table: ChainTable, chosen: Rows) -> list[Day]:
    prices = (table.day_open, table.day_high, table.day_low, table.day_close)
    closed, previous = table.day_close[chosen], table.day_previous[chosen]
    change = np.round(closed - previous, 4)
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = np.round(100.0 * change / previous, 4)
        vwap = np.round(sum(column[chosen] for column in prices) / 4.0, 4)
    columns: list[list[Any]] = [_known(column[chosen]) for column in prices]
    columns += [_known(vwap), _whole(table.day_volume[chosen], chosen), _known(previous), _known(change)]
    columns += [_known(np.where(np.isfinite(percent), percent, np.nan)), table.day_ns[chosen].tolist()]
    return [Day() if row[5] is UNSET else Day(*row) for row in _zip(*columns)]


def _underlyings(table: ChainTable, plan: Plan, even: NDArray[np.float64]) -> list[Underlying]:
    if not plan.spot:
        return [Underlying(table.provider_ticker)] * len(even)
    is_index = table.provider_ticker.startswith("I:")
    price, value = (UNSET, table.spot) if is_index else (table.spot, UNSET)
    changes: list[Any] = np.round(even - table.spot, 4).tolist() if plan.quotes else [UNSET] * len(even)
    return [
        Underlying(table.provider_ticker, price, value, change, table.spot_ns, plan.timeframe)
        for change in changes
    ]
