"""The synthetic chain in the provider's form: quotes around true prices, trades, and greeks with missing values."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.sessions import NEW_YORK, close_of, open_of, previous_session
from simulator.market.chain_table import ChainTable
from simulator.market.keyed_random import Floats, generator, pair, uniforms
from simulator.market.market import ChainTruth, SyntheticMarket
from simulator.market.option_trades import day_of, option_rules, previous_close, quotes_at, trades_at
from simulator.market.quotes import quote
from simulator.market.vendor_greeks import vendor_greeks
from simulator.market.volume_model import Day, first_trade, last_trade_size, open_interest, volume_until
from simulator.universe.deliverables import shares_per_contract
from simulator.universe.instruments import INSTRUMENTS

_NEVER_TRADED_SHARE = 0.3
_OLDEST_SESSIONS = 9
_NANOSECONDS = 1_000_000_000
STALE_SHARE = 0.05
_STALE_SECONDS, _WINDOW_SECONDS, _FIRST_SECONDS = (180, 900), 900, 60


def synthetic_chain(market: SyntheticMarket, symbol: str, instant: dt.datetime) -> ChainTable:
    """Return the chain of a symbol at an instant. Raises KeyError when the symbol has no options."""
    rules, instrument = option_rules(symbol), INSTRUMENTS[symbol]
    truth = market.chain_truth(symbol, instant)
    listing, date, seconds = truth.listing, truth.moment.session, truth.moment.seconds
    minute = np.full(len(listing.key), int(seconds // 60), dtype=np.int64)
    quotes = quote(rules, listing.key, minute, truth.price, truth.state.delivered, truth.years)
    settled = truth.years <= 0
    vendor = vendor_greeks(truth, quotes)
    moment_ns = int(seconds) * _NANOSECONDS
    spot, spot_seconds = _shown_level(market, truth)
    age = (uniforms(pair(listing.key, minute), "quote age") ** 2 * 40 * _NANOSECONDS).astype(np.int64)
    reference = previous_close(market, symbol, date, listing)
    return ChainTable(
        symbol=symbol,
        provider_ticker=instrument.ticker,
        style=rules.style,
        spot=spot,
        spot_ns=spot_seconds * _NANOSECONDS,
        ticker=listing.ticker,
        expiration=listing.expiration,
        is_call=listing.is_call,
        strike=listing.strike,
        shares=shares_per_contract(symbol, listing.root),
        bid=np.where(settled, 0.0, quotes.bid),
        ask=np.where(settled, 0.0, quotes.ask),
        bid_size=np.where(settled, 0, quotes.bid_size),
        ask_size=np.where(settled, 0, quotes.ask_size),
        quote_ns=moment_ns - age,
        open_interest=open_interest(instrument, listing, reference, date),
        **vendor._asdict(),
        **_trading(market, truth),
    )


def level_delay(seed: int, symbol: str, seconds: int) -> int:
    """Return the age in seconds of an index level at an instant: 0, or 180 to 900 in a share of the quarter hours."""
    rng = generator(seed, "stale", symbol, seconds // _WINDOW_SECONDS)
    return int(rng.uniform(*_STALE_SECONDS)) if rng.random() < STALE_SHARE else 0


def _shown_level(market: SyntheticMarket, truth: ChainTruth) -> tuple[float, int]:
    """Return the level that the chain states, and its time in epoch seconds.

    That of an index is stale at times: in the first minute of a session it is the last close, and in a share of the
    quarter hours, `STALE_SHARE`, it is 3 to 15 minutes old. Quotes are never stale.
    """
    seconds = int(truth.moment.seconds)
    if INSTRUMENTS[truth.symbol].kind != "index":
        return truth.spot, seconds
    since_open = seconds - int(open_of(truth.moment.session).timestamp())
    age = level_delay(market.seed, truth.symbol, seconds)
    if since_open >= _FIRST_SECONDS and age == 0:
        return truth.spot, seconds
    if since_open < max(age, _FIRST_SECONDS):
        before = previous_session(truth.moment.session)
        return market.close_before(truth.symbol, truth.moment.session), int(close_of(before).timestamp())
    then = seconds - age
    return market.spot(truth.symbol, dt.datetime.fromtimestamp(then, dt.UTC)), then


def _trading(market: SyntheticMarket, truth: ChainTruth) -> dict[str, NDArray[Any]]:
    """Return the day and last-trade columns. High and low are those of the first and the last trade."""
    listing, date, symbol = truth.listing, truth.moment.session, truth.symbol
    day = day_of(market, symbol, date, listing)
    opens, closes = open_of(date).timestamp(), close_of(date).timestamp()
    volume = volume_until(day, (truth.moment.seconds - opens) / (closes - opens), date)
    traded = volume > 0
    first = trades_at(market, symbol, date, listing, day, np.maximum(first_trade(day, date), 1), truth.terms)
    last = trades_at(market, symbol, date, listing, day, np.maximum(volume, 1), truth.terms)
    older = _older_day(market, truth)
    now = {
        "day_open": first.price,
        "day_high": np.maximum(first.price, last.price),
        "day_low": np.minimum(first.price, last.price),
        "day_close": last.price,
        "day_volume": volume.astype(np.float64),
        "day_previous": older.price,
        "day_ns": np.full(len(volume), midnight_ns(date)),
        "trade_price": last.price,
        "trade_size": last_trade_size(day, volume, date).astype(np.float64),
        "trade_ns": last.ns,
    }
    before = {
        "day_open": older.price,
        "day_high": older.price,
        "day_low": older.price,
        "day_close": older.price,
        "day_volume": older.volume,
        "day_previous": np.full(len(volume), np.nan),
        "day_ns": older.midnight_ns,
        "trade_price": older.price,
        "trade_size": np.minimum(older.volume, 5.0),
        "trade_ns": older.midnight_ns + (15 * 3600 + 1711) * _NANOSECONDS,
    }
    columns = {name: np.where(traded, now[name], before[name]) for name in now}
    return columns | {"trade_condition": last.condition, "trade_exchange": last.exchange}


class _OlderDay(NamedTuple):
    """The last session with trades before this one; NaN price and volume for contracts that never traded."""

    price: Floats
    volume: Floats
    midnight_ns: NDArray[np.int64]


def _older_day(market: SyntheticMarket, truth: ChainTruth) -> _OlderDay:
    listing, symbol = truth.listing, truth.symbol
    dates = [previous_session(truth.moment.session)]
    while len(dates) < _OLDEST_SESSIONS:
        dates.append(previous_session(dates[-1]))
    yesterday: Day = day_of(market, symbol, dates[0], listing)
    ever = uniforms(listing.key, "ever traded") > _NEVER_TRADED_SHARE
    age = 1 + (uniforms(listing.key, "idle", dates[0]) * (_OLDEST_SESSIONS - 1)).astype(np.intp)
    age = np.where(yesterday.total > 0, 0, age)
    day = np.array(dates, dtype="datetime64[D]")[age]
    known = (listing.listed < day) & (ever | (age == 0))
    closing = np.full(len(listing.key), close_of(dates[0]).timestamp())
    _, quotes = quotes_at(market, symbol, dates[0], listing, closing)
    small = 1.0 + np.floor(4 * uniforms(listing.key, "idle size"))
    volume = np.where(age == 0, yesterday.total.astype(np.float64), small)
    midnights = np.array([midnight_ns(date) for date in dates], dtype=np.int64)
    return _OlderDay(np.where(known, quotes.ask, np.nan), np.where(known, volume, np.nan), midnights[age])


def midnight_ns(date: dt.date) -> int:
    """Return the midnight of a date in New York, the time stamp of its bar, in epoch nanoseconds."""
    return int(dt.datetime.combine(date, dt.time(), NEW_YORK).timestamp()) * _NANOSECONDS
