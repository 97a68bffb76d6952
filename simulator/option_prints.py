"""Option trades and quotes of a day, from the same closed forms as the chain."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.sessions import close_of, open_of, previous_session
from simulator.activity import Day, position_of, repeat_day, trade_ends, trading_day
from simulator.listing import Listing, repeat_contract
from simulator.market import SyntheticMarket
from simulator.noise import Floats, pair, uniforms
from simulator.opra import ARCA, CBOE, TRADING_VENUES
from simulator.quotes import Quotes, quote, tick_size
from simulator.universe import INSTRUMENTS, OptionRules

_NANOSECONDS = 1_000_000_000
# Plain electronic executions are most of the tape; then sweeps, auctions and multi-leg trades.
_CONDITIONS = np.array([209, 219, 227, 232, 233, 231])
_CONDITION_SHARES = np.cumsum([0.55, 0.10, 0.12, 0.15, 0.06, 0.02])


class Prints(NamedTuple):
    """Trades, one per element: price in dollars, nanoseconds since the epoch, aggressor 1 (buyer), -1
    (seller) or 0 (in the middle)."""

    price: Floats
    ns: NDArray[np.int64]
    side: NDArray[np.int64]
    condition: NDArray[np.int64]
    exchange: NDArray[np.int64]


def option_rules(symbol: str) -> OptionRules:
    """Rules of an underlying that has options; KeyError otherwise."""
    rules = INSTRUMENTS[symbol].options
    if rules is None:
        raise KeyError(symbol)
    return rules


def previous_close(market: SyntheticMarket, symbol: str, date: dt.date) -> float:
    """Level at the close of the session before a date."""
    return float(market.session(symbol, previous_session(date)).levels[-1])


def day_of(market: SyntheticMarket, symbol: str, date: dt.date, contracts: Listing) -> Day:
    """What trades in the contracts on a session."""
    return trading_day(INSTRUMENTS[symbol], contracts, previous_close(market, symbol, date), date)


def quotes_at(
    market: SyntheticMarket, symbol: str, date: dt.date, contracts: Listing, seconds: Floats
) -> tuple[Floats, Quotes]:
    """True prices and quotes, each contract at its own epoch second of one session."""
    spot, years, _ = market.state(symbol, date, contracts, seconds)
    value = market.theoretical(symbol, date, contracts, seconds)
    minute = (seconds // 60).astype(np.int64)
    return value, quote(option_rules(symbol), contracts.key, minute, value, spot, years)


def venue(symbol: str) -> int:
    """The exchange whose quotes are shown: Cboe for index options, which trade there alone, else Arca."""
    return CBOE if INSTRUMENTS[symbol].kind == "index" else ARCA


def prints_at(
    market: SyntheticMarket,
    symbol: str,
    date: dt.date,
    contracts: Listing,
    day: Day,
    units: NDArray[np.int64],
) -> Prints:
    """The trades with which each contract's running volume reached `units` (≥ 1)."""
    opens, closes = open_of(date).timestamp(), close_of(date).timestamp()
    seconds = opens + position_of(day, units) * (closes - opens)
    value, quotes = quotes_at(market, symbol, date, contracts, seconds)
    keys = pair(contracts.key, units)
    fate = uniforms(keys, "side", date)
    side = np.where(fate < 0.42, 1, np.where(fate < 0.84, -1, 0))
    tick = tick_size(option_rules(symbol), value)
    middle = np.clip(np.rint(value / tick) * tick, quotes.bid, quotes.ask)
    price = np.where(side > 0, quotes.ask, np.where((side < 0) & (quotes.bid > 0), quotes.bid, middle))
    venues = [CBOE] if INSTRUMENTS[symbol].kind == "index" else TRADING_VENUES
    exchange = np.array(venues)[(uniforms(keys, "venue", date) * len(venues)).astype(np.intp)]
    chosen = np.searchsorted(_CONDITION_SHARES, uniforms(keys, "condition", date))
    condition = _CONDITIONS[np.minimum(chosen, len(_CONDITIONS) - 1)]
    price = np.asarray(np.round(np.maximum(price, tick), 2), dtype=np.float64)
    return Prints(price, (seconds * _NANOSECONDS).astype(np.int64), side, condition, exchange)


class Tape(NamedTuple):
    """All trades of one contract in one session, ascending."""

    prints: Prints
    size: NDArray[np.int64]
    sequence: NDArray[np.int64]


def tape(market: SyntheticMarket, symbol: str, date: dt.date, contract: Listing) -> Tape:
    """The trades of one contract (`contract` holds exactly one row) in one session."""
    day = day_of(market, symbol, date, contract)
    ends = trade_ends(day, date)
    count = len(ends)
    contracts = repeat_contract(contract, count)
    prints = prints_at(market, symbol, date, contracts, repeat_day(day, count), ends)
    # Rising within the contract, with gaps, as on the tape of all contracts.
    sequence = (uniforms(contract.key, "sequence", date) * 1e6).astype(np.int64)[0] + ends * 7 + 3
    return Tape(prints, np.diff(ends, prepend=0), sequence)
