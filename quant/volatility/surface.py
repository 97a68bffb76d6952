"""Volatility surface of a chain on constant maturities and deltas, from the fitted smiles of its settlements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from quant.chain import DAYS_PER_YEAR, Floats
from quant.volatility.smile.delta_strikes import CALL_DELTA
from quant.volatility.smile.slices import LARGEST_DIFFERENCE_OF_CURVES, Smiles, fit_smiles
from quant.volatility.smile.svi import Svi, svi_density, svi_total_variance
from quant.volatility.smile.svi_fit import fit_svi

__all__ = [
    "DELTAS",
    "METHOD_VERSION",
    "TENOR_DAYS",
    "Smiles",
    "SurfaceGrid",
    "Svi",
    "fit_smiles",
    "fit_svi",
    "surface_grid",
    "svi_density",
    "svi_total_variance",
]

METHOD_VERSION = "surface-1"
TENOR_DAYS = (7, 14, 30, 60, 91, 182, 365)
DELTAS = tuple(CALL_DELTA)
# Reasons for a point without a volatility.
NO_SMILE = "no_smile"  # no settlement has one
BEFORE_FIRST = "before_first_expiration"
AFTER_LAST = "after_last_expiration"
BEYOND_STRIKES = "beyond_strikes"  # the quotes around it do not reach the delta


@dataclass(frozen=True, slots=True)
class SurfaceGrid:
    """Points of a surface, arrays of shape (tenors, deltas); NaN with a `reason`, which is empty elsewhere.

    `rmse` is the larger error of the two smiles that a point is between, in volatility, and `quotes` the number of
    quotes of both. `cubic_volatility` is the same point on the cubic curves, a second opinion.
    """

    tenor_days: NDArray[np.int64]  # shape (tenors,)
    delta: tuple[str, ...]
    volatility: Floats
    cubic_volatility: Floats
    strike: Floats  # at the forward of the tenor
    reason: NDArray[np.str_]
    rmse: Floats
    quotes: NDArray[np.int64]

    @property
    def curves_disagree(self) -> NDArray[np.bool_]:
        """Return which points differ by more than one point of volatility between SVI and cubic, or have no cubic."""
        apart = np.abs(self.volatility - self.cubic_volatility)
        disagree: NDArray[np.bool_] = np.isfinite(self.volatility) & ~(apart <= LARGEST_DIFFERENCE_OF_CURVES)
        return disagree


class AtTenors(NamedTuple):
    """Values at tenors, shape (t,), the rows they are between, -1 without, and their reasons where they are NaN."""

    value: Floats
    before: NDArray[np.intp]
    after: NDArray[np.intp]
    reason: NDArray[np.str_]


@np.errstate(invalid="ignore")
def at_tenors(years: Floats, value: Floats, days: NDArray[np.int64]) -> AtTenors:
    """Interpolate linearly in time between the known values, never beyond them.

    `years` ascending and `value` have the shape (s,), NaN where unknown; `days` the shape (t,).
    """
    rows = np.flatnonzero(np.isfinite(value))
    target = days / DAYS_PER_YEAR
    if not len(rows):
        none = np.full(len(days), -1)
        return AtTenors(np.full(len(days), np.nan), none, none, np.full(len(days), NO_SMILE))
    known, of_known = years[rows], value[rows]
    after = np.searchsorted(known, target)
    is_before, is_after = target < known[0], target > known[-1]
    after = np.minimum(after, len(rows) - 1)
    before = np.where(known[after] == target, after, np.maximum(after - 1, 0))
    found = np.where(is_before | is_after, np.nan, np.interp(target, known, of_known))
    outside = is_before | is_after
    return AtTenors(
        found,
        np.where(outside, -1, rows[before]),
        np.where(outside, -1, rows[after]),
        np.select([is_before, is_after], [BEFORE_FIRST, AFTER_LAST], ""),
    )


@np.errstate(invalid="ignore")
def surface_grid(smiles: Smiles, tenor_days: tuple[int, ...] = TENOR_DAYS) -> SurfaceGrid:
    """Return the volatility at tenors in calendar days and the deltas of `DELTAS`.

    On each fitted smile the strikes with these deltas are found (`delta_strikes.at_deltas`). For each delta, total
    variance is then linear in time between the two settlements around a tenor. Refused smiles are not used.
    """
    days = np.asarray(tenor_days, np.int64)
    fitted, quotes = smiles.is_fitted, smiles.quotes
    shape = (len(days), len(DELTAS))
    total, cubic_total = np.full(shape, np.nan), np.full(shape, np.nan)
    before, after = np.full(shape, -1), np.full(shape, -1)
    reason = np.full(shape, "", dtype="U24")
    k = np.where(fitted[:, None], smiles.delta_k, np.nan)
    variance, cubic = smiles.svi.total_variance(k), smiles.cubic.total_variance(smiles.cubic_delta_k)
    cubic = np.where(fitted[:, None], cubic, np.nan)
    in_time = at_tenors(quotes.years, np.where(fitted, 0.0, np.nan), days).reason
    for column in range(len(DELTAS)):
        at = at_tenors(quotes.years, variance[:, column], days)
        total[:, column], before[:, column], after[:, column] = at.value, at.before, at.after
        # The tenor is between fitted smiles, only not between two that reach this delta.
        reason[:, column] = np.where((at.reason != "") & (in_time == ""), BEYOND_STRIKES, in_time)
        cubic_total[:, column] = at_tenors(quotes.years, cubic[:, column], days).value
    years = (days / DAYS_PER_YEAR)[:, None]
    log_forward = at_tenors(quotes.years, np.where(fitted, np.log(quotes.forward), np.nan), days).value[
        :, None
    ]
    wanted = _of_call(total)
    # Row -1 is that of points without a volatility.
    rmse, number = np.append(smiles.rmse, np.nan), np.append(quotes.number, 0)
    return SurfaceGrid(
        tenor_days=days,
        delta=DELTAS,
        volatility=np.sqrt(total / years),
        cubic_volatility=np.sqrt(cubic_total / years),
        strike=np.exp(log_forward + wanted),
        reason=reason,
        rmse=rmse[np.stack([before, after])].max(axis=0),
        quotes=number[before] + np.where(before == after, 0, number[after]),
    )


def _of_call(total_variance: Floats) -> Floats:
    """Return the log-moneyness at which the call has the delta of each column, for total variances (t, deltas)."""
    deviation = np.sqrt(total_variance)
    wanted = ndtri(np.array(list(CALL_DELTA.values())))
    return np.asarray(deviation * (0.5 * deviation - wanted), np.float64)
