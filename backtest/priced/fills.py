"""Prices of a contract at the instants of an entry and an exit."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import numpy as np

from backtest.priced.contract import Contract
from backtest.priced.stored import OptionBars, StoredOptions
from quant import sessions
from quant.market.option_trades import (
    RULES,
    Carry,
    OptionRules,
    growth_of,
    is_quoted,
    model_price,
    moved,
    usual_half_spread,
)
from warehouse import clock
from warehouse.asof.options.snapshots import ContractSlots
from warehouse.models.enums import ExerciseStyle, OptionPriceSource

# An entry or an exit within a bar, an exit at the end of a bar, and one whose minute within its bar is not known.
Kind = Literal["within", "end", "unknown"]


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant of a session (`day`), epoch ms, at which the underlying has the price `spot`.

    A bar of the contract counts only if it starts before `before_ms`.
    """

    day: dt.date
    at_ms: int
    spot: float
    kind: Kind
    before_ms: int


@dataclass(frozen=True, slots=True)
class Price:
    """The mid of a contract and half of its spread, dollars per share or index points, and where they come from.

    `is_stale` marks a model whose volatility is more than half an hour old, and may differ from that of stored prices.
    """

    mid: float
    half_spread: float
    source: OptionPriceSource
    is_stale: bool = False


def price_at(
    stored: StoredOptions,
    contract: Contract,
    at: Moment,
    rules: OptionRules = RULES,
) -> Price | None:
    """Return the price of a contract at an instant, None where none can be known.

    The first of these that exists: the quote of a snapshot whose slot is at most a minute before the instant, moved
    with the underlying to its price at the instant; the first trade of a bar of the contract that starts at the instant
    or up to five minutes later (for an exit at the end of a bar, the last trade of the contract's bar that ends there);
    a model with the newest volatility of the contract that was known at the instant, or that at the money of its
    expiration. An exit whose minute is not known has only a model.
    """
    slots = stored.snapshots(contract.ticker, at.day, at.at_ms)
    found = None
    if at.kind != "unknown":
        found = _quoted(slots, at, rules) or _traded(stored.bars(contract.ticker, at.day), at, rules)
    return found or _modelled(stored, contract, slots, at, at, rules)


def model_at(
    stored: StoredOptions, contract: Contract, at: Moment, known: Moment, rules: OptionRules = RULES
) -> Price | None:
    """Return the modelled price of a contract at an instant with the volatility that was known at another, or None."""
    slots = stored.snapshots(contract.ticker, known.day, known.at_ms)
    return _modelled(stored, contract, slots, at, known, rules)


def _quoted(slots: ContractSlots, at: Moment, rules: OptionRules) -> Price | None:
    near = (slots.timestamp >= at.at_ms - rules.quote_age_ms) & is_quoted(slots.bid, slots.ask)
    rows = np.flatnonzero(near & ~np.isnan(slots.delta) & ~np.isnan(slots.underlying_price))
    if not len(rows):
        return None
    row = rows[-1]
    bid, ask = float(slots.bid[row]), float(slots.ask[row])
    change = at.spot - float(slots.underlying_price[row])
    mid = moved((bid + ask) / 2, float(slots.delta[row]), float(slots.gamma[row]), change)
    return Price(mid, (ask - bid) / 2, OptionPriceSource.QUOTE)


def _traded(lengths: list[OptionBars], at: Moment, rules: OptionRules) -> Price | None:
    for bars in lengths:
        if at.kind == "end":
            rows = np.flatnonzero(bars.start_ms + bars.length_ms == at.at_ms)
            prices = bars.close
        else:
            last_ms = min(at.at_ms + rules.bar_wait_ms, at.before_ms - 1)
            rows = np.flatnonzero((bars.start_ms >= at.at_ms) & (bars.start_ms <= last_ms))
            prices = bars.open
        if len(rows):
            mid = float(prices[rows[0]])
            return Price(mid, usual_half_spread(mid, rules), OptionPriceSource.BAR)
    return None


def _modelled(
    stored: StoredOptions,
    contract: Contract,
    slots: ContractSlots,
    at: Moment,
    known: Moment,
    rules: OptionRules,
) -> Price | None:
    years = _years(contract, at.at_ms)
    usable = np.flatnonzero((slots.known_at <= known.at_ms) & ~np.isnan(slots.implied_volatility))
    if len(usable):
        slot_ms, volatility = int(slots.timestamp[usable[-1]]), float(slots.implied_volatility[usable[-1]])
        spot = float(slots.underlying_price[usable[-1]])
    else:
        newest, volatility, spot = stored.newest_slot(known.day, known.at_ms), np.nan, np.nan
        if newest is None:
            return None
        slot_ms = newest
    curve = stored.curve(slot_ms)
    same = (curve.root == contract.root) & (curve.expiration == np.datetime64(contract.expiration))
    rows = np.flatnonzero(same)
    if not len(rows) or years <= 0:
        return None
    row = rows[0]
    if np.isnan(volatility):
        volatility = float(curve.atm_volatility[row])
    rate = float(curve.rate[row])
    growth = growth_of(float(curve.forward[row]), spot, _years(contract, slot_ms), rate)
    is_american = bool(curve.exercise_style[row] == ExerciseStyle.AMERICAN.value)
    carry = Carry(growth, rate, is_american)
    mid = model_price(contract.is_call, contract.strike, years, at.spot, volatility, carry)
    if np.isnan(mid):
        return None
    is_stale = slot_ms < at.at_ms - rules.fresh_ms
    return Price(mid, usual_half_spread(mid, rules), OptionPriceSource.MODEL, is_stale)


def _years(contract: Contract, at_ms: int) -> float:
    expiration = np.array([contract.expiration], dtype="datetime64[D]")
    return float(sessions.years_to_expiry(contract.root, expiration, clock.instant(at_ms))[0])
