"""Market regime by session, with the VIX."""

from __future__ import annotations

from dataclasses import replace

from quant import sessions
from quant.sessions import DAY_MS
from warehouse import asof, clock
from warehouse.asof import regime
from warehouse.asof.regime import RegimeDays
from web import formats
from web.charts.documents.document import ChartDocument, Column, Empty, Value, known

SHOWN = 126  # sessions, half a year
_READ_MS = 200 * DAY_MS
# From falling to rising: the place of a regime on the axis is its meaning, so that no colour is needed.
ORDER = (
    "CAPITULATION", "BREAKDOWN", "STRONG_DOWNTREND", "WEAK_DOWNTREND", "CHOPPY", "RANGE_BOUND", "WEAK_UPTREND",
    "STRONG_UPTREND", "BREAKOUT", "EUPHORIA",
)  # fmt: skip
COLUMNS = (
    Column("date", "Session", "New York", is_text=True),
    Column("regime", "Regime", is_text=True),
    Column("confidence", "Confidence", "0 to 100"),
    Column("vix", "VIX", "index points"),
    Column("vix_regime", "VIX regime", is_text=True),
    Column("breadth", "Breadth", is_text=True),
    Column("put_call", "Put/call", is_text=True),
)


def regime_document(at_ms: int, until_ms: int | None = None) -> ChartDocument:
    """Return the regime of the last 126 sessions that closed up to `until_ms`, oldest first.

    Confidence is from 0 to 100, the VIX in index points. `parts` has `order`, the names of the regimes from falling to
    rising, and `axis`, the month of each row.
    """
    document = ChartDocument(
        "regime", None, "Market regime", "half a year", "", "EMPTY", "NO DATA", None, COLUMNS
    )
    last_ms = at_ms if until_ms is None else min(until_ms, at_ms)
    with asof.at(at_ms):
        found = regime.read(last_ms - _READ_MS, last_ms)
    rows = [_row(found, n) for n in range(max(len(found) - SHOWN, 0), len(found))]
    if not rows:
        reason = "No market regime is stored; it is computed after each close."
        empty = Empty(reason, "Open the runs", "/admin/warehouse/ingestionrun/")
        return replace(document, sentence=reason, empty=empty)
    last = found.date[-1].item()
    return replace(
        document,
        unit=formats.counted(len(rows), "session"),
        state="LIVE",
        state_text="LIVE",
        slot_ms=clock.epoch_ms(sessions.close_of(last)),
        sentence=_sentence(rows),
        rows=rows,
        cells=[_cells(row) for row in rows],
        parts={
            "order": [formats.words(name) for name in ORDER],
            "axis": [f"{day.item():%b %Y}" for day in found.date[-len(rows) :]],
        },
    )


def _row(found: RegimeDays, n: int) -> list[Value]:
    return [
        f"{found.date[n].item():%a %-d %b %Y}",
        formats.words(found.market_regime[n]) if found.market_regime[n] else None,
        known(float(found.confidence_score[n])),
        known(float(found.vix_level[n])),
        str(found.vix_regime[n]) or None,
        str(found.breadth_regime[n]) or None,
        str(found.put_call_regime[n]) or None,
    ]


def _cells(row: list[Value]) -> list[str]:
    date, name, confidence, vix, *classes = row
    return [
        str(date),
        "– inputs missing" if name is None else str(name),
        formats.number(None if confidence is None else float(confidence)),
        formats.price(None if vix is None else float(vix)),
        *(formats.words(None if value is None else str(value)) for value in classes),
    ]


def _sentence(rows: list[list[Value]]) -> str:
    date, name, confidence, vix, *_ = rows[-1]
    since = 0
    while since < len(rows) and rows[-1 - since][1] == name:
        since += 1
    text = f"{date}: {name or 'no regime, inputs are missing'}"
    if name is not None:
        text += f" for {since} session{'s' if since > 1 else ''}"
    if confidence is not None:
        text += f", confidence {formats.number(float(confidence))}"
    return text + (f", VIX {formats.price(float(vix))}." if vix is not None else ".")
