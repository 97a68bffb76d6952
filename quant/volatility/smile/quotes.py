"""Quotes that the smile of each settlement of a chain is fitted to, as padded arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats, OptionChain
from quant.contracts import is_adjusted
from quant.pricing.iv_status import IvStatus, quote_status

# Dollars. The mid of a cheaper quote is mostly half a tick, whatever the option is worth.
LOWEST_BID = 0.05
# Dollars, half of the smallest tick: no quote is more certain, even where bid and ask are equal.
_LEAST_HALF_SPREAD = 0.005
# Volatility: 99 of 100 volatilities that are rebuilt from trades differ by about this much or less from the true ones.
_HALF_SPREAD_OF_TRADES = 0.01
_INVERSE_ROOT_TWO_PI = 0.3989422804014327


class SmileQuotes(NamedTuple):
    """One row per settlement, ascending in time and root, shape (s,); its quotes ascending in strike, (s, n).

    Rows are filled up with NaN. `half_spread` is in volatility: half of ask less bid, divided by vega. In a chain
    without any quote, as one rebuilt from trades, each volatility counts as a quote with a half-spread of one point.
    """

    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    years: Floats
    forward: Floats
    number: NDArray[np.int64]  # of quotes
    k: Floats  # log(strike / forward)
    strike: Floats
    volatility: Floats  # of the mid
    half_spread: Floats
    is_call: Bools

    @property
    def lowest(self) -> Floats:
        """Return the log-moneyness of the first quote, shape (s,), NaN without quotes."""
        return self.k[:, 0]

    @property
    def highest(self) -> Floats:
        """Return the log-moneyness of the last quote, shape (s,), NaN without quotes."""
        last: Floats = np.take_along_axis(self.k, np.maximum(self.number - 1, 0)[:, None], axis=1)[:, 0]
        return last

    @property
    def puts(self) -> NDArray[np.int64]:
        """Return the number of quotes below the forward, shape (s,); all of them are puts."""
        puts: NDArray[np.int64] = np.count_nonzero(self.k < 0.0, axis=1)
        return puts

    @property
    def at_the_money(self) -> Floats:
        """Return the volatility at the forward, linear between the nearest quotes below and above it, shape (s,).

        NaN where there are not both.
        """
        puts = self.puts
        is_between = (puts > 0) & (puts < self.number)
        after = np.where(is_between, puts, 0)[:, None]
        before = np.maximum(after - 1, 0)
        k_before, k_after, v_before, v_after = (
            np.take_along_axis(column, at, axis=1)[:, 0]
            for column in (self.k, self.volatility)
            for at in (before, after)
        )
        with np.errstate(all="ignore"):
            share = -k_before / (k_after - k_before)
            return np.where(is_between, v_before + share * (v_after - v_before), np.nan)

    @property
    def total_variance(self) -> Floats:
        """Return volatility² × years, shape (s, n)."""
        variance: Floats = self.volatility**2 * self.years[:, None]
        return variance

    @property
    def weights(self) -> Floats:
        """Return 1 / half-spread² in total variance, shape (s, n)."""
        half_spread = self.volatility * (2.0 * self.years)[:, None] * self.half_spread
        weights: Floats = 1.0 / (half_spread * half_spread)
        return weights


@np.errstate(all="ignore")
def smile_quotes(chain: OptionChain) -> SmileQuotes:
    """Return the usable quotes of every settlement of a chain with volatilities, forwards and rates.

    A quote is used if its contract is out of the money, its volatility known, its bid at least 0.05 dollars, and its
    spread neither negative nor more than half of its mid (`iv_status.quote_status`). In a chain without any quote all
    known volatilities out of the money are used. Settlements without any are included, without quotes. Adjusted
    contracts are left out, because they deliver something else.
    """
    adjusted = is_adjusted(chain.root, chain.multiplier)
    if adjusted.any():
        chain = chain.select(~adjusted)
    member, first = chain.groups()
    outside = ((chain.strike >= chain.forward) == chain.is_call) & (chain.forward > 0)
    usable = outside & (chain.years > 0) & (chain.implied_volatility > 0)
    rows = np.flatnonzero(usable & np.isfinite(chain.implied_volatility))
    is_quoted = bool(np.isfinite(chain.bid).any() or np.isfinite(chain.ask).any())
    if is_quoted:
        bid, ask = chain.bid[rows], chain.ask[rows]
        rows = rows[(quote_status(bid, ask) == IvStatus.ok) & (bid >= LOWEST_BID)]
    # By settlement and strike. A stable sort of one key uses that calls and puts are already in order.
    key = member[rows] * (chain.strike[rows].max(initial=0.0) + 1.0) + chain.strike[rows]
    rows = rows[np.argsort(key, kind="stable")]
    count = np.bincount(member[rows], minlength=len(first))
    shape = (len(first), int(count.max(initial=1)))
    # Position of each quote in the padded arrays, row by row.
    at = np.arange(len(rows)) + np.repeat(np.arange(len(first)) * shape[1] - np.cumsum(count) + count, count)

    def padded(values: Floats) -> Floats:
        answer = np.full(shape, np.nan)
        answer.ravel()[at] = values
        return answer

    volatility, years, forward = chain.implied_volatility[rows], chain.years[rows], chain.forward[rows]
    strike, root_years = chain.strike[rows], np.sqrt(years)
    k = np.log(strike / forward)
    padded_k = padded(k)
    d1 = 0.5 * volatility * root_years - k / (volatility * root_years)
    rate = chain.rate[rows]
    rate = np.where(np.isfinite(rate), rate, 0.0)
    vega = forward * np.exp(-rate * years - 0.5 * d1 * d1) * root_years
    per_volatility = _INVERSE_ROOT_TWO_PI * vega
    least = _LEAST_HALF_SPREAD / per_volatility
    spread = (
        0.5 * (chain.ask[rows] - chain.bid[rows]) / per_volatility if is_quoted else _HALF_SPREAD_OF_TRADES
    )
    half_spread = np.maximum(spread, least)
    return SmileQuotes(
        root=chain.root[first],
        expiration=chain.expiration[first],
        years=chain.years[first],
        forward=chain.forward[first],
        number=count,
        k=padded_k,
        strike=padded(strike),
        volatility=padded(volatility),
        half_spread=padded(half_spread),
        is_call=padded_k >= 0.0,
    )
