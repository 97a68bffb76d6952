"""Terms of contracts on the synthetic market: rate, borrow, dividends and early-exercise tables of each settlement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from quant.sessions import SECONDS_PER_YEAR, close_of, open_of
from quant.sessions import settlement_instants as settlements_at
from simulator.market.days import Date, Days
from simulator.market.keyed_random import Floats
from simulator.market.listing import Listing
from simulator.market.surface import atm_total_variance, total_variance
from simulator.pricing.contract_values import ContractTerms
from simulator.pricing.curve import zero_rate
from simulator.pricing.settlement_terms import SettlementTerms
from simulator.pricing.settlements import Settlements
from simulator.universe.deliverables import shares_per_unit
from simulator.universe.instruments import INSTRUMENTS
from simulator.universe.payouts import Dividend

# Log moneyness over which tables cover the volatilities of a settlement, and by how much these may move in a session.
_MONEYNESS = np.linspace(-1.1, 0.7, 19)
_MOVE = 1.4
_STRIDE = 1e10  # above every epoch second
# Odd factors of the eight-byte parts of a root, modulo 2**64.
_ROOT_FACTORS = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64)


class SettlementBook:
    """Terms of contracts by session. The arguments are functions of the market that it belongs to.

    `close_before(symbol, session)` is the level at the close before, `variance_at_open(session)` the short variance,
    `dividends(symbol, first, last)` are those with an ex-date in a range, and `event_variance(symbol, from, until)` is
    what earnings between two epoch seconds add to total variance.
    """

    def __init__(
        self,
        close_before: Callable[[str, dt.date], float],
        variance_at_open: Callable[[dt.date], float],
        dividends: Callable[[str, dt.date, dt.date], list[Dividend]],
        event_variance: Callable[[str, float, float], Floats | float],
    ) -> None:
        self._close_before, self._variance_at_open = close_before, variance_at_open
        self._dividends, self._event_variance = dividends, event_variance
        self._settlements = lru_cache(maxsize=24)(self._settlements_of)

    def terms(self, symbol: str, date: Date, contracts: Listing) -> ContractTerms:
        """Return the terms of contracts in a session, or of each row in its own session."""
        settles = settlement_seconds(contracts)
        days = date if isinstance(date, Days) else Days((date,), np.zeros(len(settles), dtype=np.intp))
        keys, settlement = np.unique(days.of * _STRIDE + settles, return_inverse=True)
        rules = INSTRUMENTS[symbol].options
        return ContractTerms(
            contracts.is_call,
            contracts.strike,
            settles,
            settlement,
            shares_per_unit(symbol, contracts.root),
            self._settlements(symbol, days.sessions, tuple(keys.tolist())),
            rules is not None and rules.style == "american",
        )

    def _settlements_of(
        self, symbol: str, sessions: tuple[dt.date, ...], keys: tuple[float, ...]
    ) -> Settlements:
        return Settlements(
            [self._terms_of(symbol, sessions[int(key // _STRIDE)], key % _STRIDE) for key in keys]
        )

    def _terms_of(self, symbol: str, date: dt.date, settles: float) -> SettlementTerms:
        instrument = INSTRUMENTS[symbol]
        opens, closes = open_of(date).timestamp(), close_of(date).timestamp()
        years = max((settles - opens) / SECONDS_PER_YEAR, 1e-6)
        last = dt.datetime.fromtimestamp(settles, dt.UTC).date()
        following = self._dividends(symbol, date + dt.timedelta(days=1), max(last, date))
        theta = atm_total_variance(instrument.volatility**2 * self._variance_at_open(date), years)
        theta = theta + self._event_variance(symbol, opens, settles)
        volatilities = np.sqrt(total_variance(instrument.skew, _MONEYNESS, theta) / years)
        return SettlementTerms(
            opens,
            closes,
            settles,
            float(zero_rate(date, years)),
            instrument.borrow,
            tuple((open_of(one.ex_date).timestamp(), one.amount) for one in following),
            self._close_before(symbol, date),
            (float(volatilities.min()) / _MOVE, float(volatilities.max()) * _MOVE),
        )


def settlement_seconds(contracts: Listing) -> Floats:
    """Return settlement instants in epoch seconds, computed once per series."""
    if not len(contracts.root):
        return np.empty(0)
    # A number per root and expiration, because sorting texts takes ten times as long.
    roots = np.ascontiguousarray(contracts.root.astype("U6")).view(np.uint64).reshape(-1, 3)
    series = roots @ _ROOT_FACTORS + contracts.expiration.astype(np.uint64)
    _, first, inverse = np.unique(series, return_index=True, return_inverse=True)
    instants = settlements_at(contracts.root[first], contracts.expiration[first])
    return np.asarray(instants.astype("datetime64[s]").astype(np.float64)[inverse])
