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
    """Values at tenors, the rows they are between, -1 without, and the reasons where they are NaN.

    All have the shape (t,), or (t, c) for values of c columns.
    """

    value: Floats
    before: NDArray[np.intp]
    after: NDArray[np.intp]
    reason: NDArray[np.str_]


@np.errstate(invalid="ignore", divide="ignore")
def at_tenors(years: Floats, value: Floats, days: NDArray[np.int64]) -> AtTenors:
    """Interpolate linearly in time between the known values, never beyond them.

    `years` ascending has the shape (s,), `value` (s,) or (s, c), NaN where unknown, and `days` the shape (t,).
    """
    columns, target = value[:, None] if value.ndim == 1 else value, (days / DAYS_PER_YEAR)[:, None]
    number, is_known = np.arange(len(years))[:, None], np.isfinite(columns)
    # The last known row of the first rows, and the first known one of the others, by the number of the first rows.
    bound = np.full((1, columns.shape[1]), -1)
    last = np.concatenate([bound, np.maximum.accumulate(np.where(is_known, number, -1))])
    bound = np.full((1, columns.shape[1]), len(years))
    first = np.concatenate([np.where(is_known, number, len(years)), bound])
    first = np.minimum.accumulate(first[::-1])[::-1]
    before = last[np.searchsorted(years, target[:, 0], side="right")]
    after = first[np.searchsorted(years, target[:, 0], side="left")]
    is_before, is_after = before < 0, after == len(years)
    # Rows -1 and s are that of no value.
    known, of_known = (
        np.append(years, np.nan),
        np.concatenate([columns, np.full((1, columns.shape[1]), np.nan)]),
    )
    start, start_value = known[before], np.take_along_axis(of_known, before, axis=0)
    end, end_value = known[after], np.take_along_axis(of_known, after, axis=0)
    between = (end_value - start_value) / (end - start) * (target - start) + start_value
    reason = np.full(before.shape, "", dtype="U24")
    reason[is_before], reason[is_after], reason[is_before & is_after] = BEFORE_FIRST, AFTER_LAST, NO_SMILE
    outside = is_before | is_after
    found = AtTenors(
        np.where(outside, np.nan, np.where(start == target, start_value, between)),
        np.where(outside, -1, np.where(end == target, after, before)),
        np.where(outside, -1, after),
        reason,
    )
    return AtTenors._make(column.reshape(len(days), *value.shape[1:]) for column in found)


@np.errstate(invalid="ignore")
def surface_grid(smiles: Smiles, tenor_days: tuple[int, ...] = TENOR_DAYS) -> SurfaceGrid:
    """Return the volatility at tenors in calendar days and the deltas of `DELTAS`.

    On each fitted smile the strikes with these deltas are found (`delta_strikes.at_deltas`). For each delta, total
    variance is then linear in time between the two settlements around a tenor. Refused smiles are not used.
    """
    days = np.asarray(tenor_days, np.int64)
    quotes, count = smiles.quotes, len(DELTAS)
    columns = [
        smiles.svi.total_variance(smiles.delta_k),
        smiles.cubic.total_variance(smiles.cubic_delta_k),
        np.log(quotes.forward)[:, None],
    ]
    of_smiles = np.where(smiles.is_fitted[:, None], np.concatenate(columns, axis=1), np.nan)
    at = at_tenors(quotes.years, of_smiles, days)
    total, cubic_total, log_forward = np.split(at.value, [count, 2 * count], axis=1)
    before, after = at.before[:, :count], at.after[:, :count]
    # Without a reason in its last column a tenor is between fitted smiles, only not between two that reach the delta.
    reason, in_time = at.reason[:, :count], at.reason[:, -1:]
    reason = np.where((reason != "") & (in_time == ""), BEYOND_STRIKES, in_time)
    years = (days / DAYS_PER_YEAR)[:, None]
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
