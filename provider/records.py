"""Typed market data of the REST API. Field names are the provider's, with single letters spelled out.

Fields that the provider may leave out are None (it omits keys rather than sending null; both are accepted). Numbers
typed `float` may arrive as integers. Other keys are skipped, also known ones that nothing uses: decoding a chain takes
a quarter less time without them. Instants are epoch nanoseconds in UTC, except those of bars, which are epoch
milliseconds. Prices are in dollars per share (index points for indices), implied volatility is a fraction (0.25 = 25
%), theta is per day, vega per volatility point.

The garbage collector does not track the classes (`gc=False`): a chain creates 150,000 objects at once, they cannot
form cycles, and scanning them would take longer than decoding them.
"""

from __future__ import annotations

import datetime
from typing import Annotated

from msgspec import Meta, Struct, field

# Limited to the ranges of numpy and PostgreSQL, so that an out-of-range number rejects one row, not the whole load.
Int64 = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Int32 = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Details(Struct, frozen=True, gc=False):
    """Terms of a contract. `ticker` is unique; (expiration, strike, type) is not unique on third Fridays."""

    ticker: str
    contract_type: str  # call, put or other
    expiration_date: datetime.date
    strike_price: float
    exercise_style: str | None = None  # american, european or bermudan
    shares_per_contract: float | None = None


class Day(Struct, frozen=True, gc=False):
    """The contract's latest daily bar; empty for a contract that never traded.

    `last_updated` is midnight New York of the bar's date. A date before today means that there was no trade today, and
    `volume` is then not today's.
    """

    close: float | None = None
    volume: float | None = None  # contracts
    last_updated: Int64 | None = None  # ns


class Greeks(Struct, frozen=True, gc=False):
    """The provider's greeks, per share. It never sends rho."""

    delta: float | None = None
    gamma: float | None = None
    theta: float | None = None
    vega: float | None = None


class LastQuote(Struct, frozen=True, gc=False):
    """The newest best bid and offer of a contract."""

    bid: float | None = None
    ask: float | None = None
    timeframe: str | None = None  # DELAYED or REAL-TIME


class TimedQuote(LastQuote, frozen=True, gc=False):
    """A newest best bid and offer with sizes and time, which chains do not keep because they have no use for them."""

    bid_size: float | None = None  # contracts
    ask_size: float | None = None
    last_updated: Int64 | None = None  # ns


class SnapshotTrade(Struct, frozen=True, gc=False):
    """The newest trade, as part of a snapshot."""

    price: float | None = None
    timeframe: str | None = None


class UnderlyingAsset(Struct, frozen=True, gc=False):
    """The underlying of a contract.

    Stocks have `price`, indices `value`; both are absent when the plan does not include the asset class.
    """

    ticker: str | None = None
    price: float | None = None
    value: float | None = None
    last_updated: Int64 | None = None  # ns
    timeframe: str | None = None

    @property
    def spot(self) -> float | None:
        """The underlying's price or index level."""
        return self.value if self.price is None else self.price


class ChainRow(Struct, frozen=True, gc=False):
    """One contract of a chain snapshot. `open_interest` is that at the end of the previous session."""

    details: Details
    day: Day | None = None
    greeks: Greeks | None = None
    implied_volatility: float | None = None
    last_quote: LastQuote | None = None
    last_trade: SnapshotTrade | None = None
    open_interest: float | None = None
    underlying_asset: UnderlyingAsset | None = None


class Session(Struct, frozen=True, gc=False):
    """The bar of the current session so far, in index and universal snapshots."""

    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    price: float | None = None
    volume: float | None = None
    previous_close: float | None = None
    change: float | None = None
    change_percent: float | None = None


class IndexRow(Struct, frozen=True, gc=False):
    """One index. For a ticker that is unknown or not in the plan, `error` and `message` are set."""

    ticker: str
    name: str | None = None
    type: str | None = None
    value: float | None = None
    last_updated: Int64 | None = None  # ns
    timeframe: str | None = None
    market_status: str | None = None
    session: Session | None = None
    error: str | None = None  # NOT_FOUND or NOT_ENTITLED
    message: str | None = None


class UniversalDetails(Struct, frozen=True, gc=False):
    """Terms of a contract in a universal snapshot, where the ticker is a field of the row."""

    contract_type: str | None = None
    expiration_date: datetime.date | None = None
    strike_price: float | None = None
    exercise_style: str | None = None
    shares_per_contract: float | None = None
    underlying_ticker: str | None = None


class UniversalRow(Struct, frozen=True, gc=False):
    """One ticker of any asset class; see `IndexRow` about `error`."""

    ticker: str
    type: str | None = None  # stocks, options, indices, crypto or fx
    name: str | None = None
    market_status: str | None = None
    value: float | None = None  # indices
    details: UniversalDetails | None = None
    session: Session | None = None
    greeks: Greeks | None = None
    implied_volatility: float | None = None
    open_interest: float | None = None
    last_quote: TimedQuote | None = None
    last_trade: SnapshotTrade | None = None
    last_updated: Int64 | None = None  # ns
    timeframe: str | None = None
    underlying_asset: UnderlyingAsset | None = None
    break_even_price: float | None = None
    fmv: float | None = None
    fmv_last_updated: Int64 | None = None  # ns
    error: str | None = None
    message: str | None = None


class Aggregate(Struct, frozen=True, gc=False):
    """One bar.

    `start_ms` is the start of the window. Daily bars are stamped 00:00 New York by range requests and 16:00 by
    previous-close and grouped requests, so compare only their New York date. Indices have no volume.
    """

    start_ms: Int64 = field(name="t")
    open: float = field(name="o")
    high: float = field(name="h")
    low: float = field(name="l")
    close: float = field(name="c")
    volume: float | None = field(name="v", default=None)
    vwap: float | None = field(name="vw", default=None)
    transactions: Int64 | None = field(name="n", default=None)
    ticker: str | None = field(name="T", default=None)  # grouped and previous-close bars only


class OpenClose(Struct, frozen=True, gc=False):
    """The official prices of one ticker on one date."""

    symbol: str
    open: float
    high: float
    low: float
    close: float


class Trade(Struct, frozen=True, gc=False):
    """One historical trade of an option. Trades of past sessions have only millisecond precision."""

    price: float
    size: float  # contracts
    sip_timestamp: Int64  # ns
    exchange: Int32 | None = None
    conditions: tuple[Int32, ...] | None = None
    correction: Int32 | None = None
    sequence_number: Int64 | None = None
    participant_timestamp: Int64 | None = None  # ns


class Quote(Struct, frozen=True, gc=False):
    """One historical best bid and offer. In a one-sided market the other side is absent or 0."""

    sip_timestamp: Int64  # ns
    bid_price: float | None = None
    ask_price: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    bid_exchange: Int32 | None = None
    ask_exchange: Int32 | None = None
    sequence_number: Int64 | None = None


class LastTrade(Struct, frozen=True, gc=False):
    """The newest trade of one ticker."""

    price: float = field(name="p")
    sip_timestamp: Int64 = field(name="t")  # ns
    size: float | None = field(name="s", default=None)
    exchange: Int32 | None = field(name="x", default=None)
    conditions: tuple[Int32, ...] | None = field(name="c", default=None)
    sequence_number: Int64 | None = field(name="q", default=None)
    participant_timestamp: Int64 | None = field(name="y", default=None)  # ns
    ticker: str | None = field(name="T", default=None)
