"""Smiles of all settlements of a chain: fitted at once, compared with their quotes, and refused where they differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats, OptionChain
from quant.volatility.smile.arbitrage import butterfly_violations, calendar_violations
from quant.volatility.smile.cubic import Cubic, fit_cubic
from quant.volatility.smile.delta_strikes import at_deltas
from quant.volatility.smile.quotes import SmileQuotes, smile_quotes
from quant.volatility.smile.svi import Svi
from quant.volatility.smile.svi_fit import FEWEST_QUOTES, fit_svi

# A slice is refused if it differs more than this from the quotes at the money, or on average in half-spreads.
LARGEST_DIFFERENCE_AT_THE_MONEY = 0.01
LARGEST_HALF_SPREADS = 3.0
# SVI and cubic disagree if a point of the delta grid differs by more than this.
LARGEST_DIFFERENCE_OF_CURVES = 0.01


# Status of a settlement: its smile is used, or the first reason that applies.
OK, EXPIRED, NO_FORWARD = "ok", "expired", "no_forward"
FEW_QUOTES = "few_quotes"  # fewer than five usable quotes
ONE_SIDED = "one_sided"  # no usable put below the forward, or no usable call above it
POOR_FIT = "poor_fit"


@dataclass(frozen=True, slots=True)
class Smiles:
    """One row per settlement, ascending in time and root; arrays of shape (s,), volatilities as fractions.

    Refused settlements keep the curve and measures they were refused for. `inside` is the share of the quotes whose
    volatility differs from the SVI slice by at most the half-spread. `disagreement` is the largest difference of SVI
    and cubic at the deltas of the grid. Violations are numbers of points, see `arbitrage`.
    """

    quotes: SmileQuotes
    svi: Svi
    cubic: Cubic
    status: NDArray[np.str_]
    delta_k: Floats  # log-moneyness of the deltas of the grid on the SVI slice, shape (s, 5)
    cubic_delta_k: Floats
    at_the_money: Floats
    rmse: Floats
    cubic_rmse: Floats
    half_spread: Floats  # mean
    inside: Floats
    butterflies: NDArray[np.int64]
    butterflies_beyond_quotes: NDArray[np.int64]
    calendars: NDArray[np.int64]
    disagreement: Floats

    @property
    def is_fitted(self) -> Bools:
        """Return the mask of the settlements whose smile is used, shape (s,)."""
        fitted: Bools = self.status == OK
        return fitted

    @property
    def curves_disagree(self) -> Bools:
        """Return the mask of the settlements where SVI and cubic differ by more than a point, shape (s,)."""
        disagree: Bools = self.disagreement > LARGEST_DIFFERENCE_OF_CURVES
        return disagree


@np.errstate(all="ignore")
def fit_smiles(chain: OptionChain) -> Smiles:
    """Fit all settlements of a chain with volatilities, forwards and rates; `smile_quotes` says which quotes are used.

    A slice is refused as `poor_fit` if its volatility at the money differs by more than one point from that of the
    quotes, which is linear between the two nearest the forward, or its root mean square error is more than three times
    the mean half-spread. Both in points of volatility.
    """
    quotes = smile_quotes(chain)
    curve = (quotes.k, quotes.total_variance, quotes.weights)
    svi, cubic = fit_svi(*curve), fit_cubic(*curve)
    reach = (quotes.lowest, quotes.highest)
    error, cubic_error = (
        np.sqrt(fitted.total_variance(quotes.k) / quotes.years[:, None]) - quotes.volatility
        for fitted in (svi, cubic)
    )
    at_the_money = np.sqrt(svi.total_variance(0.0)[:, 0] / quotes.years)
    rmse, cubic_rmse = (_root_mean_square(found, quotes.number) for found in (error, cubic_error))
    half_spread = np.nansum(quotes.half_spread, axis=1) / quotes.number
    is_poor = ~(np.abs(at_the_money - quotes.at_the_money) <= LARGEST_DIFFERENCE_AT_THE_MONEY)
    is_poor |= ~(rmse <= LARGEST_HALF_SPREADS * half_spread)
    status = np.select(
        [
            ~(quotes.years > 0),
            ~(quotes.forward > 0),
            quotes.number < FEWEST_QUOTES,
            (quotes.puts == 0) | (quotes.puts == quotes.number),
            is_poor,
        ],
        [EXPIRED, NO_FORWARD, FEW_QUOTES, ONE_SIDED, POOR_FIT],
        OK,
    )
    delta_k, cubic_delta_k = np.split(_at_deltas_of_both(svi, cubic, *reach), 2)
    butterflies, beyond = butterfly_violations(svi, *reach)
    return Smiles(
        quotes=quotes,
        svi=svi,
        cubic=cubic,
        status=status,
        delta_k=delta_k,
        cubic_delta_k=cubic_delta_k,
        at_the_money=at_the_money,
        rmse=rmse,
        cubic_rmse=cubic_rmse,
        half_spread=half_spread,
        inside=np.count_nonzero(np.abs(error) <= quotes.half_spread, axis=1) / quotes.number,
        butterflies=butterflies,
        butterflies_beyond_quotes=beyond,
        calendars=calendar_violations(svi, *reach, status == OK),
        disagreement=_largest_difference(svi, cubic, delta_k, quotes.years),
    )


def _at_deltas_of_both(svi: Svi, cubic: Cubic, lowest: Floats, highest: Floats) -> Floats:
    """Return `at_deltas` of the SVI slices and then of the cubic ones, shape (2s, 5), in one search."""
    count = len(lowest)

    def total_variance(k: Floats) -> Floats:
        return np.concatenate([svi.total_variance(k[:count]), cubic.total_variance(k[count:])])

    return at_deltas(total_variance, np.tile(lowest, 2), np.tile(highest, 2))


def _root_mean_square(values: Floats, count: NDArray[np.int64]) -> Floats:
    """Return the root mean square over the quotes of each slice, shape (s,), NaN without quotes; padding is NaN."""
    known = np.where(np.isnan(values), 0.0, values)
    root: Floats = np.sqrt(np.vecdot(known, known) / count)
    return root


def _largest_difference(svi: Svi, cubic: Cubic, k: Floats, years: Floats) -> Floats:
    """Return the largest difference in volatility at the deltas that the quotes reach, shape (s,), NaN without any."""
    first, second = (np.sqrt(curve.total_variance(k) / years[:, None]) for curve in (svi, cubic))
    # Where the cubic is not positive it has no volatility at all.
    apart = np.where(np.isfinite(first), np.nan_to_num(np.abs(first - second), nan=np.inf), -np.inf)
    largest = apart.max(axis=1)
    return np.where(largest >= 0.0, largest, np.nan)
