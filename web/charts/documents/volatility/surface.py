"""Volatility by tenor and delta of one slot, its change since the session before, and its rank in its own year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from quant.chain import Floats
from quant.sessions import DAY_MS, new_york_date
from quant.volatility.iv_rank import iv_percentile
from warehouse import asof, clock
from warehouse.asof import iv
from web import formats
from web.charts.documents.document import ChartDocument, Column, Value, known
from web.charts.documents.session_times import last_sessions
from web.charts.documents.slots import chain_state, no_chain
from web.charts.documents.volatility.slot_smiles import SlotSmiles, slot_smiles

_READ_MS = 380 * DAY_MS
_LONGEST_CHANGE = np.timedelta64(10, "D")
YEAR = 252  # sessions
FEWEST_SESSIONS = 20  # of a point, for its percentile
_DELTAS = {"10P": "10 Δ put", "25P": "25 Δ put", "50": "50 Δ", "25C": "25 Δ call", "10C": "10 Δ call"}
REASONS = {
    "no_smile": "no expiration has a smile",
    "before_first_expiration": "before the first expiration with a smile",
    "after_last_expiration": "after the last expiration with a smile",
    "beyond_strikes": "beyond the strikes of the quotes",
}
COLUMNS = (
    Column("point", "Tenor and delta", is_text=True),
    Column("tenor", "Tenor", "calendar days"),
    Column("delta", "Delta", is_text=True),
    Column("iv", "Implied volatility", "fraction per year"),
    Column("change", "Change", "fraction per year"),
    Column("cubic", "On the cubic", "fraction per year"),
    Column("strike", "Strike", "$ or index points"),
    Column("rmse", "Error of the fit", "fraction per year"),
    Column("quotes", "Quotes"),
    Column("percentile", "Percentile in its year", "fraction of sessions"),
    Column("sessions", "Stored sessions"),
)

_LEVEL, _CHANGE, _PERCENTILE, _SESSIONS = 3, 4, 9, 10  # positions of columns
_History = Mapping[tuple[int, str], Floats]


class _Stored(NamedTuple):
    """Surfaces of the sessions before that of the slot: the last year of each point, oldest first, NaN where absent.

    `before` is the last session, None without one in the last ten days.
    """

    before: dt.date | None
    history: _History

    def last(self, point: tuple[int, str]) -> float:
        """Return the volatility of a point in the session before, NaN without one."""
        return float(self.history[point][-1]) if self.before and point in self.history else np.nan


def surface_document(symbol: str, at_ms: int, slot_ms: int | None = None) -> ChartDocument:
    """Return the surface of the newest chain up to `slot_ms`: a row for each tenor and delta, tenors ascending.

    Volatilities and errors are fractions per year. `change` is the difference to the stored surface of the last
    session before that of the slot; `parts` has its date in `before`, None without one, `tenors` and `deltas`, the
    texts of both axes. `percentile` is the share of the last 252 stored sessions before that of the slot in which the
    same point was lower, None with fewer than 20 `sessions` that have it; `parts` has the least and the most of these
    in `sessions`, and the sentences of the views `change` and `percentile` in `sentences`. A point without a volatility
    has None, and its reason in its cell.
    """
    document = ChartDocument(
        "surface", symbol, "IV by tenor and delta", "fitted, per cent a year", "", "EMPTY", "NO DATA", None, COLUMNS
    )  # fmt: skip
    with asof.at(at_ms):
        found = slot_smiles(symbol, slot_ms, at_ms)
        if found is None:
            return replace(document, sentence=no_chain(symbol).reason, empty=no_chain(symbol))
        stored = _read_stored(symbol, found.slot.timestamp)
        state = chain_state(found.slot, slot_ms, at_ms)
    rows, cells = _rows(found, stored)
    counts = [int(row[_SESSIONS] or 0) for row in rows if row[_PERCENTILE] is not None]
    return replace(
        document,
        state=state.word,
        state_text=state.text,
        slot_ms=found.slot.timestamp,
        sentence=_sentence(rows),
        rows=rows,
        cells=cells,
        notes=_notes(found),
        parts={
            "before": f"{stored.before:%-d %b}" if stored.before else None,
            "sessions": [min(counts), max(counts)] if counts else None,
            "sentences": _sentences(rows),
            "tenors": [_tenor(days) for days in found.grid.tenor_days.tolist()],
            "deltas": list(_DELTAS.values()),
        },
    )


def _read_stored(symbol: str, slot_ms: int) -> _Stored:
    """Return the stored surfaces of the year before the session of the slot, as known in the present transaction."""
    (session,) = last_sessions(slot_ms, 1)
    points = iv.surface(symbol, session.open_ms - _READ_MS, session.open_ms - 1)
    if not len(points):
        return _Stored(None, {})
    days, row = np.unique(points.date, return_inverse=True)
    keys = list(zip(points.tenor_days.tolist(), points.delta.tolist(), strict=True))
    number = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    values = np.full((len(number), len(days)), np.nan)
    values[[number[key] for key in keys], row] = points.iv
    today = np.datetime64(new_york_date(clock.instant(slot_ms)))
    before = days[-1].item() if today - days[-1] <= _LONGEST_CHANGE else None
    return _Stored(before, {key: values[n, -YEAR:] for key, n in number.items()})


def _percentile(volatility: float, history: Floats | None) -> tuple[float | None, int]:
    """Return the percentile of a point among its stored sessions, None with too few, and their number."""
    count = 0 if history is None else int(np.count_nonzero(np.isfinite(history)))
    if history is None or count < FEWEST_SESSIONS:
        return None, count
    return known(iv_percentile(volatility, history)), count


def _rows(found: SlotSmiles, stored: _Stored) -> tuple[list[list[Value]], list[list[str]]]:
    grid = found.grid
    rows: list[list[Value]] = []
    cells: list[list[str]] = []
    for t, days in enumerate(grid.tenor_days.tolist()):
        for d, delta in enumerate(grid.delta):
            volatility = known(grid.volatility[t, d])
            change = known(grid.volatility[t, d] - stored.last((days, delta)))
            percentile, count = _percentile(grid.volatility[t, d], stored.history.get((days, delta)))
            reason = REASONS.get(str(grid.reason[t, d]), "")
            rows.append(
                [
                    f"{_tenor(days)}, {_DELTAS[delta]}", days, delta, volatility, change,
                    known(grid.cubic_volatility[t, d]), known(grid.strike[t, d]), known(grid.rmse[t, d]),
                    int(grid.quotes[t, d]), percentile, count,
                ]
            )  # fmt: skip
            cells.append(
                [
                    f"{_tenor(days)}, {_DELTAS[delta]}",
                    formats.number(days),
                    delta,
                    f"– {reason}" if volatility is None else formats.percent(volatility, 1),
                    formats.points(change, 1, sign=True),
                    formats.percent(known(grid.cubic_volatility[t, d]), 1),
                    formats.price(known(grid.strike[t, d])),
                    formats.points(known(grid.rmse[t, d]), 3),
                    formats.number(int(grid.quotes[t, d])),
                    formats.percent(percentile, 0),
                    formats.number(count),
                ]
            )
    return rows, cells


def _tenor(days: int) -> str:
    return f"{days} days"


def _sentence(rows: list[list[Value]]) -> str:
    """Return the lowest and the highest volatility with their points."""
    found = _ends(rows, _LEVEL)
    if found is None:
        return "No point of the surface has a volatility."
    (low, lowest), (high, highest) = found
    return f"Lowest {formats.percent(low, 1)} at {lowest}; highest {formats.percent(high, 1)} at {highest}."


def _sentences(rows: list[list[Value]]) -> dict[str, str]:
    """Return the least and the most of the changes and of the percentiles with their points."""
    changes, percentiles = _ends(rows, _CHANGE), _ends(rows, _PERCENTILE)
    change, percentile = "No point has a change.", "No point has a percentile."
    if changes is not None:
        (low, lowest), (high, highest) = changes
        change = f"Changes from {formats.points(low, 1, sign=True)} at {lowest} to"
        change += f" {formats.points(high, 1, sign=True)} at {highest}."
    if percentiles is not None:
        (low, lowest), (high, highest) = percentiles
        percentile = f"Percentiles from {formats.percent(low, 0)} at {lowest} to"
        percentile += f" {formats.percent(high, 0)} at {highest}."
    return {"change": change, "percentile": percentile}


def _ends(rows: list[list[Value]], place: int) -> tuple[tuple[float, str], tuple[float, str]] | None:
    """Return the lowest and the highest value of a column with their points, None without values."""
    measured = [(float(value), str(row[0])) for row in rows if (value := row[place]) is not None]
    return (min(measured), max(measured)) if measured else None


def _notes(found: SlotSmiles) -> list[str]:
    absent = int(np.count_nonzero(found.grid.reason != ""))
    apart = int(np.count_nonzero(found.grid.curves_disagree))
    notes = []
    if absent:
        notes.append(f"{absent} of {found.grid.reason.size} points are beyond the quotes.")
    if apart:
        notes.append(f"At {apart} points SVI and cubic differ by more than one point of volatility.")
    day = new_york_date(clock.instant(found.slot.timestamp))
    return [*notes, f"Slot {formats.time_of_day(found.slot.timestamp)} of {formats.calendar_day(day)}."]
