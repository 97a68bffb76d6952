"""Forward, rate and borrow yield of every settlement of a chain.

European settlements get their forward by put-call parity (``implied_forward``), American ones after the premium of
early exercise is removed (``american_forward``). A settlement whose own quotes do not determine it is interpolated
between the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats, OptionChain
from quant.pricing.american import Dividends
from quant.pricing.american_forward import american_forwards, forward_of
from quant.pricing.discount_curve import DiscountCurve
from quant.pricing.escrowed_dividends import CashDividends
from quant.pricing.implied_forward import implied_forward

# How a forward was found: from its own quotes; from one or two strikes of them; from its own quotes although its borrow
# yield is uncertain, because no other settlement has a certain one; between other settlements; or from spot.
PARITY, FEW_STRIKES, UNCERTAIN = "parity", "few_strikes", "uncertain"
INTERPOLATED, ASSUMED = "interpolated", "assumed"
# An American forward is interpolated where its error is more than this, expressed as borrow yield per year. An error of
# a cent is large for a day and small for a year.
BORROW_TOLERANCE = 0.01
# Beyond this uncertainty the quotes say nothing about the borrow yield.
_LARGEST_DOUBT = 0.5


@dataclass(frozen=True, slots=True)
class ExpirationCurve:
    """One row per settlement, ascending by time and root, shape (s,); `member` (n,) gives the row of each contract.

    `forward` and its standard error are in dollars or index points, `error` NaN where the forward is not from its own
    quotes. `rate` and `borrow` are continuous per year: an American underlying grows with rate - borrow and pays
    `dividends`, dollars until settlement; a European one grows with rate - borrow, its dividends included in `borrow`.
    `borrow` is NaN without spot. `quotes` is the number of strikes quoted on both sides that were used. `discount` is
    the curve that the chain's own quotes determine, None unless it was asked for.
    """

    member: NDArray[np.intp]
    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    years: Floats
    is_american: Bools
    forward: Floats
    error: Floats
    rate: Floats
    borrow: Floats
    dividends: Floats
    quotes: NDArray[np.int64]
    quality: NDArray[np.str_]
    discount: DiscountCurve | None

    def __len__(self) -> int:
        return len(self.years)


@np.errstate(all="ignore")
def expiration_curve(
    chain: OptionChain,
    is_american: Bools,
    rates: DiscountCurve,
    dividends: Dividends,
    own_rates: bool = False,
) -> ExpirationCurve:
    """Return the curve of a chain; `is_american` (n,) is the exercise style of its contracts.

    With `own_rates` the rates are those of the chain's own European quotes, if these determine any, otherwise those of
    `rates`. `dividends` are (years from now, dollars), used by American settlements only.
    """
    member, first = chain.groups()
    years = chain.years[first]
    american = np.zeros(len(first), dtype=np.bool_)
    np.logical_or.at(american, member, is_american)
    discount, rate = None, rates.rates(years)
    forward, error = np.full(len(first), np.nan), np.full(len(first), np.nan)
    borrow, quotes = np.full(len(first), np.nan), np.zeros(len(first), dtype=np.int64)
    quality = np.full(len(first), PARITY, dtype="U12")
    if not american.all():
        european = _rows_of(chain, member, ~american)
        found = implied_forward(european, None if own_rates else rates)
        if own_rates and found.discount is None:
            found = implied_forward(european, rates)
        if not np.isfinite(found.settlement_forward).any():
            found = implied_forward(european, rates, fewest_strikes=1)
            quality[~american] = FEW_STRIKES
        discount = found.discount
        rate = rate if discount is None else discount.rates(years)
        forward[~american], error[~american] = found.settlement_forward, found.settlement_error
        quotes[~american] = found.strikes_used
    if american.any() and chain.spot > 0:
        found_american = american_forwards(
            _rows_of(chain, member, american),
            np.searchsorted(np.flatnonzero(american), member[american[member]]),
            years[american],
            rate[american],
            dividends,
        )
        forward[american], error[american] = found_american.forward, found_american.error
        borrow[american], quotes[american] = found_american.borrow, found_american.strikes
    return _completed(
        ExpirationCurve(
            member=member,
            root=chain.root[first],
            expiration=chain.expiration[first],
            years=years,
            is_american=american,
            forward=forward,
            error=error,
            rate=rate,
            borrow=borrow,
            dividends=np.where(american, [_paid(at, dividends) for at in years.tolist()], 0.0),
            quotes=quotes,
            quality=quality,
            discount=discount,
        ),
        chain.spot,
        dividends,
    )


def _rows_of(chain: OptionChain, member: NDArray[np.intp], settlements: Bools) -> OptionChain:
    return chain if settlements.all() else chain.select(settlements[member])


def _paid(years: float, dividends: Dividends) -> float:
    return float(CashDividends.until(years, dividends).cash.sum()) if years > 0 else 0.0


def _completed(curve: ExpirationCurve, spot: float, dividends: Dividends) -> ExpirationCurve:
    """Fill the forwards that are missing or too uncertain, and the borrow yields."""
    european, alive = ~curve.is_american, curve.years > 0
    forward, borrow, quality = curve.forward.copy(), curve.borrow.copy(), curve.quality.copy()
    # The log of forward and of discount factor together is nearly linear in time, also where spot is outdated.
    known = european & np.isfinite(forward)
    filled = european & alive & ~np.isfinite(forward)
    if known.any():
        growth = np.log(forward[known]) - curve.rate[known] * curve.years[known]
        forward[filled] = np.exp(
            _linear(curve.years[filled], curve.years[known], growth) + (curve.rate * curve.years)[filled]
        )
        quality[filled] = INTERPOLATED
    else:
        forward[filled] = spot * np.exp((curve.rate * curve.years)[filled])
        quality[filled] = ASSUMED
    borrow[european] = (curve.rate - np.log(forward / spot) / curve.years)[european]

    american = curve.is_american & alive
    doubt = curve.error / (forward * curve.years)
    own = american & np.isfinite(borrow)
    known = own & (doubt <= BORROW_TOLERANCE)
    if known.any():
        filled = american & ~known
        borrow[filled] = np.interp(curve.years[filled], curve.years[known], borrow[known])
        quality[filled] = INTERPOLATED
    else:
        # Nothing to interpolate from: an uncertain forward is that of its own settlement only.
        quality[own] = UNCERTAIN
        filled = american & ~(own & (doubt <= _LARGEST_DOUBT))
        borrow[filled] = 0.0
        quality[filled] = ASSUMED
    carry = (curve.rate - borrow)[filled]
    forward[filled] = forward_of(spot, curve.years[filled], carry, dividends)
    # Dividends worth the spot leave no forward.
    missing = alive & ~np.isfinite(forward)
    quality[missing], borrow[missing] = ASSUMED, np.nan
    return replace(
        curve,
        forward=forward,
        borrow=borrow,
        quality=quality,
        error=np.where(np.isin(quality, (PARITY, FEW_STRIKES, UNCERTAIN)), curve.error, np.nan),
    )


def _linear(at: Floats, years: Floats, values: Floats) -> Floats:
    """Return values at times: linear between the known ones, with the mean slope before and after them."""
    inside = np.interp(at, years, values)
    if years[-1] == years[0]:
        return inside
    slope = (values[-1] - values[0]) / (years[-1] - years[0])
    outside = at - np.clip(at, years[0], years[-1])
    return np.asarray(inside + slope * outside, dtype=np.float64)
