"""Volatility at the money by expiration, with forward volatilities, kinks, events, and the quality of each fit."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from quant.chain import DAYS_PER_YEAR, Bools, Floats
from quant.sessions import DAY_MS, new_york_date
from quant.thresholds import RAMP_KINK_POINTS
from quant.volatility.event_times import event_at
from quant.volatility.term_structure import kinks, term_structure
from warehouse import asof, clock
from warehouse.asof import iv
from warehouse.models.enums import EventCertainty
from web import formats
from web.charts.documents.document import ChartDocument, Column, Value, as_number, known
from web.charts.documents.slots import chain_state, no_chain
from web.charts.documents.volatility.slot_smiles import REASONS, SlotSmiles, events_after_chain, slot_smiles

COLUMNS = (
    Column("expiration", "Expiration", is_text=True),
    Column("days", "Days", "calendar days to settlement"),
    Column("atm", "At the money", "fraction per year"),
    Column("forward", "Forward from the one before", "fraction per year"),
    Column("kink", "Above its neighbours", "points of volatility"),
    Column("rmse", "RMSE", "fraction per year"),
    Column("inside", "Within bid and ask", "fraction of quotes"),
    Column("quotes", "Strikes"),
    Column("butterflies", "Butterflies", "points"),
    Column("calendars", "Calendars", "points"),
    Column("check", "Check", is_text=True),
)


@dataclass(frozen=True, slots=True)
class _Along:
    """Of the settlements with a smile, by row of all settlements: NaN elsewhere, shape (s,)."""

    forward: Floats
    is_negative: Bools
    kink: Floats
    first: int | None
    last: int | None


def term_document(symbol: str, at_ms: int, slot_ms: int | None = None) -> ChartDocument:
    """Return the settlements of the newest chain up to `slot_ms` that have not settled, ascending in time.

    Volatilities are fractions per year. `forward` is between the settlement with a smile before and this one, None
    where its variance is negative, which the cell says; the first one is from now. `kink` is the difference to the two
    neighbouring smiles in points. `parts` has `events`, those known and expected, with `days` from the slot and
    `text`, and `refused`, the number of settlements with quotes and without a smile.
    """
    document = ChartDocument(
        "term", symbol, "Term structure", "at the money by days to settlement", "", "EMPTY", "NO DATA", None, COLUMNS
    )  # fmt: skip
    with asof.at(at_ms):
        found = slot_smiles(symbol, slot_ms, at_ms)
        if found is None:
            return replace(document, sentence=no_chain(symbol).reason, empty=no_chain(symbol))
        state = chain_state(found.slot, slot_ms, at_ms)
        slot = found.slot.timestamp
        today = new_york_date(clock.instant(slot))
        events = iv.events(symbol, today, at_ms if slot_ms is None else slot)
        late = events_after_chain(symbol, found, at_ms) if slot_ms is None else []
    document = replace(document, state=state.word, state_text=state.text, slot_ms=slot)
    if not found.shown:
        reason = "Every expiration of this chain has settled."
        return replace(document, sentence=reason, empty=replace(no_chain(symbol), reason=reason))
    along = _along(found)
    rows = [_row(found, along, n) for n in found.shown]
    farthest = float(found.smiles.quotes.years[found.shown[-1]]) * DAYS_PER_YEAR
    shown = [
        ((clock.epoch_ms(event_at(day, timing)) - slot) / DAY_MS, _event(kind, day, certainty))
        for kind, day, timing, certainty in zip(
            events.kind.tolist(), events.date.tolist(), events.timing.tolist(), events.certainty.tolist(), strict=True
        )
    ]  # fmt: skip
    refused = int(found.term.refused)
    return replace(
        document,
        unit=f"at the money by days to settlement, {found.term.settlements} settlements fitted of {len(rows)}",
        sentence=_sentence(found, along),
        rows=rows,
        cells=[_cells(row, bool(along.is_negative[n])) for row, n in zip(rows, found.shown, strict=True)],
        notes=_notes(found, along, late),
        parts={
            "events": [{"days": days, "text": text} for days, text in shown if 0 < days <= farthest],
            "refused": refused,
        },
    )


@np.errstate(invalid="ignore")
def _along(found: SlotSmiles) -> _Along:
    smiles = found.smiles
    rows = np.flatnonzero(smiles.is_fitted)
    # Of several settlements at one instant the first one counts.
    _, first = np.unique(smiles.quotes.years[rows], return_index=True)
    rows = rows[first]
    count = len(smiles.status)
    forward, kink = np.full(count, np.nan), np.full(count, np.nan)
    is_negative = np.zeros(count, np.bool_)
    years, level = smiles.quotes.years[rows], smiles.at_the_money[rows]
    variance = np.diff(level**2 * years, prepend=0.0) / np.diff(years, prepend=0.0)
    forward[rows], is_negative[rows] = np.sqrt(variance), variance < 0.0
    kink[rows] = kinks(years, level)
    ends = (int(rows[0]), int(rows[-1])) if len(rows) else (None, None)
    return _Along(forward, is_negative, kink, *ends)


def _row(found: SlotSmiles, along: _Along, n: int) -> list[Value]:
    smiles = found.smiles
    fitted = bool(smiles.is_fitted[n])
    return [
        found.labels[n],
        known(round(float(smiles.quotes.years[n]) * DAYS_PER_YEAR, 4)),
        known(smiles.at_the_money[n]) if fitted else None,
        known(along.forward[n]),
        known(along.kink[n]),
        known(smiles.rmse[n]),
        known(smiles.inside[n]) if np.isfinite(smiles.rmse[n]) else None,
        int(smiles.quotes.number[n]),
        int(smiles.butterflies[n]) if fitted else 0,
        int(smiles.calendars[n]) if fitted else 0,
        _check(found, n),
    ]


def _check(found: SlotSmiles, n: int) -> str:
    """Return the quality of a fit in words: GOOD within the mean half-spread without a violation, else FAIR."""
    smiles = found.smiles
    if not smiles.is_fitted[n]:
        return REASONS[str(smiles.status[n])].upper()
    flags = [
        word
        for word, is_set in (
            ("BUTTERFLY", smiles.butterflies[n]),
            ("CALENDAR", smiles.calendars[n]),
            ("CURVES DIFFER", smiles.curves_disagree[n]),
        )
        if is_set
    ]
    is_good = smiles.rmse[n] <= smiles.half_spread[n] and not flags
    return "GOOD" if is_good else ", ".join(["FAIR", *flags])


def _cells(row: list[Value], is_negative: bool) -> list[str]:
    name, days, atm, forward, kink, rmse, inside, quotes, butterflies, calendars, check = row
    reason = f"– {str(check).lower()}"
    return [
        str(name),
        formats.number(as_number(days), 1),
        reason if atm is None else formats.percent(as_number(atm), 1),
        "– negative variance" if is_negative else formats.percent(as_number(forward), 1),
        formats.number(as_number(kink), 1, sign=True),
        formats.points(as_number(rmse), 3),
        formats.percent(as_number(inside), 0),
        *(formats.number(as_number(value)) for value in (quotes, butterflies, calendars)),
        str(check),
    ]


def _event(kind: str, day: dt.date, certainty: str) -> str:
    estimated = "" if certainty == EventCertainty.CONFIRMED.value else " (estimated)"
    return f"{formats.words(kind)} {day:%-d %b}{estimated}"


def _sentence(found: SlotSmiles, along: _Along) -> str:
    if along.first is None or along.last is None:
        return "No expiration of this chain has a smile."
    levels, years = found.smiles.at_the_money, found.smiles.quotes.years
    ends = [(float(levels[n]), float(years[n]) * DAYS_PER_YEAR) for n in (along.first, along.last)]
    text = " to ".join(
        f"{formats.percent(level, 1)} at {formats.number(days, 1)} days" for level, days in ends
    )
    thirty, sixty = (float(found.term.at_the_money[found.term.tenor_days == days][0]) for days in (30, 60))
    label = term_structure(thirty, sixty).label
    return f"From {text}{'' if label is None else f'; 30 to 60 days {formats.words(label)}'}."


def _notes(found: SlotSmiles, along: _Along, late: list[str]) -> list[str]:
    notes = []
    with np.errstate(invalid="ignore"):
        kinked = np.flatnonzero(along.kink > RAMP_KINK_POINTS)
    if len(kinked):
        n = int(kinked[0])
        notes.append(
            f"{found.labels[n]} is {formats.number(float(along.kink[n]), 1, sign=True)} pt above its neighbours, as the"
            " first expiration after an event is."
        )
    notes += [f"{event} was entered after this chain, which is measured without it." for event in late]
    negative = int(np.count_nonzero(along.is_negative))
    if negative:
        notes.append(f"Negative forward variances: {negative}.")
    return notes
