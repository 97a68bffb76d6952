"""Premium of a session's trades by interval, and its signed sum since the open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quant.sessions import MINUTE_MS
from warehouse import asof
from web import formats, staleness
from web.charts.documents.document import ChartDocument, Column, Empty, UnknownChoice, Value
from web.charts.documents.session_flow import AFTER_CLOSE_MS, session_flow
from web.charts.documents.session_times import last_sessions, state_of

INTERVALS = (5, 10, 30)
COLUMNS = (
    Column("time", "Interval", "New York", is_text=True),
    Column("bullish", "Bullish premium", "$"),
    Column("bearish", "Bearish premium", "$"),
    Column("unsigned", "Premium without sign", "$"),
    Column("signed", "Signed premium", "$"),
    Column("cumulative", "Signed since the open", "$"),
    Column("trades", "Trades"),
)


def intervals_document(
    symbol: str, at_ms: int, until_ms: int | None = None, minutes: int = 10
) -> ChartDocument:
    """Return the premium of each interval of `minutes` (5, 10 or 30) of the last session up to `until_ms`.

    Dollars; `signed` is bullish less bearish and `cumulative` its sum since the open. An interval without trades has 0,
    one that has not begun None. `parts` has `axis`, the start of each row, and `minutes`. Raises UnknownChoice for
    other intervals.
    """
    if minutes not in INTERVALS:
        raise UnknownChoice(str(minutes))
    unit = f"{minutes}-minute intervals"
    document = ChartDocument(
        "intervals", symbol, "Signed premium", unit, "", "EMPTY", "NO DATA", None, COLUMNS
    )
    last_ms = at_ms if until_ms is None else min(until_ms, at_ms)
    step = minutes * MINUTE_MS
    with asof.at(at_ms):
        (session,) = last_sessions(last_ms, 1)
        sums = session_flow(symbol, session, last_ms, at_ms).minutes
    end_ms = min(last_ms, session.close_ms + AFTER_CLOSE_MS)
    if not len(sums):
        reason = f"No trade of {symbol} is stored of {formats.day(session.open_ms)}."
        empty = Empty(reason, "Open the heartbeats", "/admin/warehouse/heartbeat/")
        return replace(document, sentence=reason, empty=empty)
    count = max(-(-(session.close_ms - session.open_ms) // step), int(sums.number[-1]) // minutes + 1)
    begun = (end_ms - session.open_ms) // step + 1
    bullish, bearish, premium, trades = np.zeros((4, count))
    for column, values in zip(
        (bullish, bearish, premium, trades),
        (sums.bullish, sums.bearish, sums.premium, sums.trades),
        strict=True,
    ):
        np.add.at(column, sums.number // minutes, values)
    signed = bullish - bearish
    total = np.cumsum(signed)
    rows: list[list[Value]] = []
    for n in range(count):
        start = session.open_ms + n * step
        label = f"{formats.time_of_day(start)}–{formats.time_of_day(start + step)}"
        if n >= begun:
            rows.append([label, *[None] * 6])
            continue
        unsigned = premium[n] - bullish[n] - bearish[n]
        numbers = (bullish[n], bearish[n], unsigned, signed[n], total[n])
        rows.append([label, *(float(number) for number in numbers), int(trades[n])])
    state = state_of(int(sums.newest.max()), staleness.FLOW_MS, at_ms, session)
    largest = int(np.argmax(np.abs(signed)))
    return replace(
        document,
        state=state.word,
        state_text=state.text,
        slot_ms=int(sums.newest.max()),
        sentence=f"{formats.money(float(total[-1]), sign=True)} since the open of {formats.day(session.open_ms)}; "
        f"largest interval {rows[largest][0]} with {formats.money(float(signed[largest]), sign=True)}.",
        rows=rows,
        cells=[_cells(row) for row in rows],
        parts={
            "axis": [formats.time_of_day(session.open_ms + n * step) for n in range(count)],
            "minutes": minutes,
        },
    )


def _cells(row: list[Value]) -> list[str]:
    time, *premiums, trades = row
    if trades is None:
        return [str(time), *["– later"] * 6]
    texts = [formats.money(float(value or 0), sign=place >= 3) for place, value in enumerate(premiums)]
    return [str(time), *texts, formats.number(float(trades))]
