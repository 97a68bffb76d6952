"""Volatility surface and term structure of a session, from its last chain and the events known at that chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Model

from ingestion.chains.closing_chain import NoSnapshot, whole_last_chain
from ingestion.chains.compute import finite
from quant import sessions
from quant.chain import Floats, OptionChain
from quant.volatility.event_times import event_at
from quant.volatility.skew_index import chain_skew_index
from quant.volatility.surface import METHOD_VERSION, Smiles, SurfaceGrid, fit_smiles, surface_grid
from quant.volatility.term_row import TermRow, term_row
from warehouse import clock, runs
from warehouse.asof import iv
from warehouse.loading import known_at
from warehouse.loading.known_at import store_in_time
from warehouse.models import SurfacePoint, TermDay
from warehouse.task_names import RunTask

_SCALAR_DAYS = 30
_MS_PER_YEAR = 365 * sessions.DAY_MS


class MeasuredSurface(NamedTuple):
    """Smiles of a chain, its surface, and its term structure with the events known at its slot."""

    smiles: Smiles
    grid: SurfaceGrid
    term: TermRow


class Surface(NamedTuple):
    """Columns of the rows of a session: one mapping per point, one of the term structure; and the note of the run."""

    points: list[dict[str, Any]]
    term: dict[str, Any]
    contracts: int
    note: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SurfaceResult:
    """Result for one session; `stored` is false when another run has or had this job, or when it failed."""

    symbol: str
    date: date
    stored: bool
    points: int = 0
    detail: str = ""

    def __str__(self) -> str:
        done = f"{self.points} points of the volatility surface" if self.stored else self.detail
        return f"{self.symbol} {self.date}: {done}"


def store_surface(symbol: str, session: date, again: bool = False, is_history: bool = False) -> SurfaceResult:
    """Compute the surface of a session's last chain and store it with its term structure.

    Reads the last snapshot at or before the session's close and the events known at its slot, so a past session gives
    the same result at any time. Runs once per session; with `again` it updates the rows. Rows of history (`is_history`)
    are stored as known from the time at which live ones are. Raises ValueError for a date without a session.
    """
    closed = sessions.close_of(session)
    with runs.claim(RunTask.STORE_SURFACE, symbol, clock.epoch_ms(closed)) as run:
        if run is runs.Refusal.BUSY or (run is runs.Refusal.DONE and not again):
            return SurfaceResult(symbol, session, False, detail=str(run))
        try:
            surface = measure(symbol, session)
        except NoSnapshot as error:
            if isinstance(run, runs.Run):
                runs.fail(run, str(error))
            return SurfaceResult(symbol, session, False, detail=str(error))

        def insert() -> None:
            store(symbol, session, surface, is_history)
            if isinstance(run, runs.Run):
                rows = len(surface.points) + 1
                runs.finish(run, contracts=surface.contracts, rows=rows, result=surface.note)

        store_in_time(insert)
    known = sum(point["iv"] is not None for point in surface.points)
    return SurfaceResult(symbol, session, True, known)


def measure(symbol: str, session: date) -> Surface:
    """Return the rows of a session. Only reads the database. Raises NoSnapshot."""
    slot_ms, chain = whole_last_chain(symbol, session)
    smiles, grid, row = measure_chain(symbol, slot_ms, chain)
    statuses, numbers = np.unique(smiles.status, return_counts=True)
    note = {"slot": slot_ms, "smiles": dict(zip(statuses.tolist(), numbers.tolist(), strict=True))}
    term = _term_columns(row, smiles, chain_skew_index(chain))
    return Surface(_point_columns(grid), term, len(chain), note)


def measure_chain(symbol: str, slot_ms: int, chain: OptionChain) -> MeasuredSurface:
    """Fit the chain of a slot (epoch ms). Reads the events that were known at the slot."""
    smiles = fit_smiles(chain)
    grid = surface_grid(smiles)
    return MeasuredSurface(smiles, grid, term_row(smiles, grid, _years_to_events(symbol, slot_ms)))


def store(symbol: str, session: date, surface: Surface, is_history: bool) -> None:
    """Insert or update the rows of a session; see `store_surface` for `is_history`."""
    known = known_at.of_session(session) if is_history else known_at.NOW
    key = {"symbol": symbol, "date": session, "known_at": known}
    _upsert(SurfacePoint, key, surface.points, ["tenor_days", "delta"])
    _upsert(TermDay, key, [surface.term], [])


def _upsert(model: type[Model], key: Mapping[str, Any], rows: list[dict[str, Any]], own: list[str]) -> None:
    model._default_manager.bulk_create(
        [model(**key, **columns) for columns in rows],
        update_conflicts=True,
        unique_fields=["symbol", "date", *own],
        update_fields=[name for name in rows[0] if name not in own],
    )


def _years_to_events(symbol: str, slot_ms: int) -> list[float]:
    """Return the years from a slot to the events known then."""
    today = sessions.new_york_date(clock.instant(slot_ms))
    known = iv.events(symbol, today, slot_ms)
    return [
        (clock.epoch_ms(event_at(day, timing)) - slot_ms) / _MS_PER_YEAR
        for day, timing in zip(known.date.tolist(), known.timing.tolist(), strict=True)
    ]


def _point_columns(grid: SurfaceGrid) -> list[dict[str, Any]]:
    disagree = grid.curves_disagree
    return [
        {
            "tenor_days": int(days),
            "delta": delta,
            "iv": finite(float(grid.volatility[row, column])),
            "cubic_iv": finite(float(grid.cubic_volatility[row, column])),
            "strike": finite(round(float(grid.strike[row, column]), 4)),
            "reason": str(grid.reason[row, column]) or None,
            "rmse": finite(float(grid.rmse[row, column])),
            "n_quotes": int(grid.quotes[row, column]),
            "curves_disagree": bool(disagree[row, column]),
            "method_version": METHOD_VERSION,
        }
        for row, days in enumerate(grid.tenor_days.tolist())
        for column, delta in enumerate(grid.delta)
    ]


def _term_columns(row: TermRow, smiles: Smiles, skew_index: float) -> dict[str, Any]:
    at = row.tenor_days.tolist().index(_SCALAR_DAYS)
    fitted = smiles.is_fitted
    return {
        "tenor_days": row.tenor_days.tolist(),
        "at_the_money": _list(row.at_the_money),
        "reason": row.reason.tolist(),
        "forward_variance": _list(row.forward_variance),
        "forward_volatility": _list(row.forward_volatility),
        "ex_event": _list(row.ex_event),
        "ex_event_reason": row.ex_event_reason.tolist(),
        "skew_25d_put_minus_call": finite(float(row.skew_25d_put_minus_call[at])),
        "butterfly_25d": finite(float(row.butterfly_25d[at])),
        "slope": finite(row.slope),
        "skew_index": finite(skew_index),
        "event_variance": finite(row.event.event_variance),
        "implied_move": finite(row.event.event_volatility),
        "base_volatility": finite(row.event.base_volatility),
        "event_reason": row.event.reason,
        "settlements": row.settlements,
        "refused": row.refused,
        "worst_rmse": finite(row.worst_rmse),
        "butterflies": int(smiles.butterflies[fitted].sum()),
        "calendars": int(smiles.calendars[fitted].sum()),
        "method_version": METHOD_VERSION,
    }


def _list(values: Floats) -> list[float | None]:
    return [finite(value) for value in values.tolist()]
