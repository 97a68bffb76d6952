"""Term structure of one session from its smiles: levels, forward volatilities, skew, curvature, slope and event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant.chain import DAYS_PER_YEAR, Floats
from quant.volatility.event_variance import EventVariance, from_expirations
from quant.volatility.surface import DELTAS, Smiles, SurfaceGrid, at_tenors, surface_grid

NEGATIVE_FORWARD_VARIANCE = "negative_forward_variance"
EVENT_TOO_LARGE = "event_too_large"  # more variance than the whole tenor
_SLOPE_DAYS = (30, 60)


@dataclass(frozen=True, slots=True)
class TermRow:
    """Arrays over the tenors, shape (t,), volatilities as fractions; NaN where unknown, with a reason where listed.

    `forward_variance` and `forward_volatility` are between the tenor before and this one, per year, the first from now;
    the variance may be negative and has no volatility then. `slope` is the change of the volatility at the money from
    30 to 60 days. `ex_event` is the volatility at the money without the events before the tenor. `worst_rmse` is the
    largest error of the smiles that the volatilities at the money are between.
    """

    tenor_days: NDArray[np.int64]
    at_the_money: Floats
    reason: NDArray[np.str_]
    forward_variance: Floats
    forward_volatility: Floats
    forward_reason: NDArray[np.str_]
    skew_25d_put_minus_call: Floats
    butterfly_25d: Floats
    slope: float
    event: EventVariance
    ex_event: Floats
    ex_event_reason: NDArray[np.str_]
    worst_rmse: float
    settlements: int  # with a smile
    refused: int  # with quotes, but without a smile


def term_row(smiles: Smiles, grid: SurfaceGrid | None = None, event_years: ArrayLike = ()) -> TermRow:
    """Return the term structure of fitted smiles; `event_years` are the times from now of the known events, in years.

    At the money means at the forward. `skew_25d_put_minus_call` and the butterfly, the mean of both 25-delta wings less
    the volatility at the money, are points of the surface at the same tenor.
    """
    grid = surface_grid(smiles) if grid is None else grid
    days, years = grid.tenor_days, grid.tenor_days / DAYS_PER_YEAR
    fitted, settle = smiles.is_fitted, smiles.quotes.years
    level = np.where(fitted, smiles.at_the_money, np.nan)
    at = at_tenors(settle, level**2 * settle, days)
    at_the_money = _root(at.value / years)
    put, call = (grid.volatility[:, DELTAS.index(name)] for name in ("25P", "25C"))
    forward_variance = np.diff(at.value, prepend=0.0) / np.diff(years, prepend=0.0)
    is_negative = forward_variance < 0.0
    forward_reason = np.where(at.reason != "", at.reason, np.append([""], at.reason[:-1]))

    happens = np.asarray(event_years, np.float64)
    happens = happens[happens > 0.0]
    event = from_expirations(level, settle, _events_before(settle, happens))
    events = _events_before(years, happens)
    without = at.value - events * np.where(events > 0, event.event_variance, 0.0)
    if event.reason is not None:
        without = np.where(events > 0, np.nan, without)
    is_too_large = without < 0.0
    unknown = event.reason or ""
    known = at.before >= 0
    return TermRow(
        tenor_days=days,
        at_the_money=at_the_money,
        reason=at.reason,
        forward_variance=forward_variance,
        forward_volatility=_root(forward_variance),
        forward_reason=np.where(is_negative, NEGATIVE_FORWARD_VARIANCE, forward_reason),
        skew_25d_put_minus_call=put - call,
        butterfly_25d=0.5 * (put + call) - at_the_money,
        slope=_slope(days, at_the_money),
        event=event,
        ex_event=_root(without / years),
        ex_event_reason=np.select(
            [at.reason != "", (events > 0) & (unknown != ""), is_too_large],
            [at.reason, np.full(len(days), unknown), np.full(len(days), EVENT_TOO_LARGE)],
            "",
        ),
        worst_rmse=float(smiles.rmse[np.stack([at.before, at.after])[:, known]].max(initial=0.0))
        if known.any()
        else np.nan,
        settlements=int(np.count_nonzero(fitted)),
        refused=int(np.count_nonzero(~fitted & (smiles.quotes.number > 0))),
    )


def _events_before(years: Floats, happens: Floats) -> NDArray[np.int64]:
    """Return the number of events up to each time, shape (e,)."""
    before: NDArray[np.int64] = np.searchsorted(np.sort(happens), years, side="right").astype(np.int64)
    return before


def _root(variance: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.sqrt(np.where(variance >= 0.0, variance, np.nan))


def _slope(days: NDArray[np.int64], volatility: Floats) -> float:
    near, far = (volatility[days == day] for day in _SLOPE_DAYS)
    return float(far[0] - near[0]) if len(near) and len(far) else np.nan
