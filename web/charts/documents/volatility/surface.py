"""Volatility by tenor and delta of one slot, with the change since the session before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from quant.sessions import DAY_MS, new_york_date
from warehouse import asof, clock
from warehouse.asof import iv
from web import formats
from web.charts.documents.document import ChartDocument, Column, Value, known
from web.charts.documents.session_times import last_sessions
from web.charts.documents.slots import chain_state, no_chain
from web.charts.documents.volatility.slot_smiles import SlotSmiles, slot_smiles

_READ_MS = 10 * DAY_MS
_DELTAS = {"10P": "10 Δ put", "25P": "25 Δ put", "50": "At the money", "25C": "25 Δ call", "10C": "10 Δ call"}
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
)

_Points = Mapping[tuple[int, str], float]


def surface_document(symbol: str, at_ms: int, slot_ms: int | None = None) -> ChartDocument:
    """Return the surface of the newest chain up to `slot_ms`: a row for each tenor and delta, tenors ascending.

    Volatilities and errors are fractions per year. `change` is the difference to the stored surface of the last
    session before that of the slot; `parts` has its date in `before`, None without one, `tenors` and `deltas`, the
    texts of both axes. A point without a volatility has None, and its reason in its cell.
    """
    document = ChartDocument(
        "surface", symbol, "IV by tenor and delta", "fitted, per cent a year", "", "EMPTY", "NO DATA", None, COLUMNS
    )  # fmt: skip
    with asof.at(at_ms):
        found = slot_smiles(symbol, slot_ms, at_ms)
        if found is None:
            return replace(document, sentence=no_chain(symbol).reason, empty=no_chain(symbol))
        before, points = _session_before(symbol, found.slot.timestamp)
        state = chain_state(found.slot, slot_ms, at_ms)
    rows, cells = _rows(found, points)
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
            "before": before,
            "tenors": [_tenor(days) for days in found.grid.tenor_days.tolist()],
            "deltas": list(_DELTAS.values()),
        },
    )


def _session_before(symbol: str, slot_ms: int) -> tuple[str | None, _Points]:
    """Return the day and the points of the newest stored surface of a session before that of the slot."""
    (session,) = last_sessions(slot_ms, 1)
    stored = iv.surface(symbol, session.open_ms - _READ_MS, session.open_ms - 1)
    if not len(stored):
        return None, {}
    newest = stored.date == stored.date[-1]
    keys = zip(stored.tenor_days[newest].tolist(), stored.delta[newest].tolist(), strict=True)
    return f"{stored.date[-1].item():%-d %b}", dict(zip(keys, stored.iv[newest].tolist(), strict=True))


def _rows(found: SlotSmiles, before: _Points) -> tuple[list[list[Value]], list[list[str]]]:
    grid = found.grid
    rows: list[list[Value]] = []
    cells: list[list[str]] = []
    for t, days in enumerate(grid.tenor_days.tolist()):
        for d, delta in enumerate(grid.delta):
            volatility = known(grid.volatility[t, d])
            change = known(grid.volatility[t, d] - before.get((days, delta), np.nan))
            reason = REASONS.get(str(grid.reason[t, d]), "")
            rows.append(
                [
                    f"{_tenor(days)}, {_DELTAS[delta]}", days, delta, volatility, change,
                    known(grid.cubic_volatility[t, d]), known(grid.strike[t, d]), known(grid.rmse[t, d]),
                    int(grid.quotes[t, d]),
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
                ]
            )
    return rows, cells


def _tenor(days: int) -> str:
    return f"{days} days"


def _sentence(rows: list[list[Value]]) -> str:
    measured = [(float(row[3]), str(row[0])) for row in rows if row[3] is not None]
    if not measured:
        return "No point of the surface has a volatility."
    low, high = min(measured), max(measured)
    return (
        f"Lowest {formats.percent(low[0], 1)} at {low[1]}; highest {formats.percent(high[0], 1)} at"
        f" {high[1]}."
    )


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
