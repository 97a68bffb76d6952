"""Option trades and quotes of a session, from the same closed forms as the chain."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.market.days import Date, Days, opening_hours
from simulator.market.keyed_random import Floats, pair, uniforms
from simulator.market.listing import Listing, pick
from simulator.market.market import SyntheticMarket
from simulator.market.opra import venues
from simulator.market.quotes import Quotes, quote, tick_size
from simulator.market.volume_model import Day, pick_day, position_of, trade_ends, trading_day
from simulator.pricing.contract_values import ContractTerms, values
from simulator.universe.deliverables import delivered_value
from simulator.universe.instruments import INSTRUMENTS
from simulator.universe.option_rules import OptionRules

_NANOSECONDS = 1_000_000_000
# Most trades are plain electronic executions; then sweeps, auctions and multi-leg trades.
_CONDITIONS = np.array([209, 219, 227, 232, 233, 231])
_CONDITION_SHARES = np.cumsum([0.55, 0.10, 0.12, 0.15, 0.06, 0.02])


class Trades(NamedTuple):
    """Trades, one per element.

    Price in dollars, epoch nanoseconds, aggressor 1 (buyer), -1 (seller) or 0 (between bid and ask).
    """

    price: Floats
    ns: NDArray[np.int64]
    side: NDArray[np.int64]
    condition: NDArray[np.int64]
    exchange: NDArray[np.int64]


def option_rules(symbol: str) -> OptionRules:
    """Return the rules of an underlying. Raises KeyError when it has no options."""
    rules = INSTRUMENTS[symbol].options
    if rules is None:
        raise KeyError(symbol)
    return rules


def previous_close(market: SyntheticMarket, symbol: str, date: Date, contracts: Listing) -> float | Floats:
    """Return what each contract would deliver at the close of the session before a date, per unit of premium."""

    def level_of(name: str) -> float | Floats:
        if isinstance(date, Days):
            return np.array([market.close_before(name, day) for day in date.sessions])[date.of]
        return market.close_before(name, date)

    return delivered_value(symbol, contracts.root, level_of)


def day_of(market: SyntheticMarket, symbol: str, date: Date, contracts: Listing) -> Day:
    """Return the trading volume of the contracts in a session, or in each row's session."""
    reference = previous_close(market, symbol, date, contracts)
    return trading_day(INSTRUMENTS[symbol], contracts, reference, date)


def quotes_at(
    market: SyntheticMarket,
    symbol: str,
    date: Date,
    contracts: Listing,
    seconds: Floats,
    terms: ContractTerms | None = None,
) -> tuple[Floats, Quotes]:
    """Return true prices and quotes, each contract at its own epoch second.

    `terms` are those of the contracts, for callers that have them already.
    """
    known = market.book.terms(symbol, date, contracts) if terms is None else terms
    state = market.state(symbol, date, known, seconds, contracts.root)
    value = values(known, state)
    minute = (seconds // 60).astype(np.int64)
    return value, quote(option_rules(symbol), contracts.key, minute, value, state.delivered, state.years)


def venues_of(symbol: str) -> tuple[int, ...]:
    """Return the exchanges on which the options on a symbol trade; the first one is that of the quotes."""
    return venues(symbol, INSTRUMENTS[symbol].kind == "index")


def trades_at(
    market: SyntheticMarket,
    symbol: str,
    date: Date,
    contracts: Listing,
    day: Day,
    units: NDArray[np.int64],
    terms: ContractTerms | None = None,
) -> Trades:
    """Return the trades with which each contract's cumulative volume reached `units` (≥ 1)."""
    opens, closes = opening_hours(date)
    seconds = opens + position_of(day, units) * (closes - opens)
    value, quotes = quotes_at(market, symbol, date, contracts, seconds, terms)
    keys = pair(contracts.key, units)
    draw = uniforms(keys, "side", date)
    side = np.where(draw < 0.42, 1, np.where(draw < 0.84, -1, 0))
    tick = tick_size(option_rules(symbol), value)
    middle = np.clip(np.rint(value / tick) * tick, quotes.bid, quotes.ask)
    price = np.where(side > 0, quotes.ask, np.where((side < 0) & (quotes.bid > 0), quotes.bid, middle))
    listed_on = np.array(venues_of(symbol))
    exchange = listed_on[(uniforms(keys, "venue", date) * len(listed_on)).astype(np.intp)]
    chosen = np.searchsorted(_CONDITION_SHARES, uniforms(keys, "condition", date))
    condition = _CONDITIONS[np.minimum(chosen, len(_CONDITIONS) - 1)]
    price = np.asarray(np.round(np.maximum(price, tick), 2), dtype=np.float64)
    return Trades(price, (seconds * _NANOSECONDS).astype(np.int64), side, condition, exchange)


class Tape(NamedTuple):
    """All trades of one contract, ascending; `row` is the row of the requested sessions."""

    trades: Trades
    size: NDArray[np.int64]
    sequence: NDArray[np.int64]
    row: NDArray[np.intp]


def tape(market: SyntheticMarket, symbol: str, days: Days, contract: Listing) -> Tape:
    """Return the trades of one contract in several sessions: row i of `contract` belongs to row i of `days`."""
    day = day_of(market, symbol, days, contract)
    row, ends = trade_ends(day, days)
    terms = market.book.terms(symbol, days, contract)
    trades = trades_at(
        market,
        symbol,
        days.pick(row),
        pick(contract, row),
        pick_day(day, row),
        ends,
        terms.pick(row),
    )
    # Increasing within contract and session, with gaps, as in the sequence numbers of all contracts together.
    start = (uniforms(contract.key, "sequence", days) * 1e6).astype(np.int64)
    before = np.concatenate(([0], ends[:-1])) * np.concatenate(([False], row[1:] == row[:-1]))[: len(ends)]
    return Tape(trades, ends - before[: len(ends)], start[row] + ends * 7 + 3, row)
