"""Price bars of the last sessions with the levels of the newest chain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quant.sessions import MINUTE_MS
from warehouse import asof
from warehouse.asof import adjusted_bars
from web import formats, staleness
from web.charts.documents.document import ChartDocument, Column, Empty, Level, UnknownChoice, Value, known
from web.charts.documents.gamma import levels_of
from web.charts.documents.session_times import SessionTimes, last_sessions, state_of
from web.charts.documents.slots import shown_snapshot

# Minutes of a bar and number of sessions that are shown.
TIMEFRAMES = {"15m": (15, 3), "5m": (5, 1), "1m": (1, 1)}
_STORED_WITHIN_MS = MINUTE_MS  # after its end; a bar that is not stored by then is missing
_POINTS = "$ or index points"
COLUMNS = (
    Column("time", "Start of bar", "New York", is_text=True),
    Column("open", "Open", _POINTS),
    Column("high", "High", _POINTS),
    Column("low", "Low", _POINTS),
    Column("close", "Close", _POINTS),
    Column("volume", "Volume", "shares"),
)


def price_document(
    symbol: str, at_ms: int, until_ms: int | None = None, timeframe: str = "15m"
) -> ChartDocument:
    """Return the bars of the last sessions up to `until_ms`: one row for each bar that should be stored.

    Prices are in dollars or index points per share of the instant read, volume in shares, None where the provider has
    none. A missing bar has None in all columns. `levels` are those of the newest chain. `parts` has `axis`, the label
    of each row, `starts`, the positions at which sessions start, and `gaps`, the first and last position of each run of
    missing bars. Raises UnknownChoice for an unknown timeframe.
    """
    if timeframe not in TIMEFRAMES:
        raise UnknownChoice(timeframe)
    minutes, count = TIMEFRAMES[timeframe]
    unit = f"{minutes}-minute bars, {'three sessions' if count == 3 else 'one session'}"
    document = ChartDocument("price", symbol, "Price and levels", unit, "", "EMPTY", "NO DATA", None, COLUMNS)
    last_ms = at_ms if until_ms is None else min(until_ms, at_ms)
    with asof.at(at_ms):
        shown = last_sessions(last_ms, count)
        found = adjusted_bars.read(symbol, timeframe, shown[0].open_ms, shown[-1].close_ms - 1, at_ms)
        snapshot = shown_snapshot(symbol, None, last_ms)
    found = found.between(0, last_ms)
    if not len(found):
        reason = f"No {minutes}-minute bars of {symbol} are stored of {_days(shown)}."
        empty = Empty(reason, "Open the runs", f"/admin/warehouse/ingestionrun/?symbol={symbol}")
        return replace(document, sentence=reason, empty=empty)
    expected = [start for session in shown for start in _starts(session, minutes, last_ms)]
    starts = sorted({*expected, *found.start_ms.tolist()})
    place = {start: row for row, start in enumerate(found.start_ms.tolist())}
    numbers = [column.tolist() for column in (found.open, found.high, found.low, found.close, found.volume)]
    rows: list[list[Value]] = []
    for start in starts:
        row = place.get(start)
        values = [None] * 5 if row is None else [known(column[row]) for column in numbers]
        rows.append([f"{formats.day(start)[:-5]} {formats.time_of_day(start)}", *values])
    state = state_of(
        int(found.start_ms[-1]) + minutes * MINUTE_MS, staleness.bars_ms(minutes), at_ms, shown[-1]
    )
    levels = [] if snapshot is None else levels_of(snapshot)
    close = float(found.close[-1])
    gaps = _runs([start not in place for start in starts])
    begun = [session for session in shown if session.open_ms <= starts[-1]]
    return replace(
        document,
        sentence=_sentence(close, levels),
        state=state.word,
        state_text=state.text,
        slot_ms=int(found.start_ms[-1]),
        rows=rows,
        cells=[_cells(row) for row in rows],
        levels=levels,
        notes=[f"Missing: {formats.counted(sum(last - first + 1 for first, last in gaps), 'bar')}."]
        if gaps
        else [],
        parts={
            "axis": [formats.time_of_day(start) for start in starts],
            "days": [formats.day(session.open_ms)[4:-5] for session in begun],
            "starts": [np.searchsorted(starts, session.open_ms).item() for session in begun],
            "gaps": gaps,
            "timeframe": timeframe,
        },
    )


def _starts(session: SessionTimes, minutes: int, last_ms: int) -> range:
    """Return the starts of the bars of a session that should be stored at `last_ms`."""
    step = minutes * MINUTE_MS
    until = min(session.close_ms, last_ms - _STORED_WITHIN_MS)
    return range(session.open_ms, until - step + 1, step)


def _runs(missing: list[bool]) -> list[list[int]]:
    """Return the first and the last position of each run of True."""
    runs: list[list[int]] = []
    for position, is_missing in enumerate(missing):
        if not is_missing:
            continue
        if runs and runs[-1][1] == position - 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    return runs


def _cells(row: list[Value]) -> list[str]:
    time, *prices, volume = row
    if prices[-1] is None:
        return [str(time), *["– no bar"] * 4, formats.ABSENT]
    texts = [formats.price(None if value is None else float(value)) for value in prices]
    return [str(time), *texts, "– not sent" if volume is None else formats.number(float(volume))]


def _days(shown: list[SessionTimes]) -> str:
    first, last = shown[0].day, shown[-1].day
    return f"{last:%-d %b %Y}" if first == last else f"{first:%-d %b} to {last:%-d %b %Y}"


def _sentence(close: float, levels: list[Level]) -> str:
    text = f"Last close {formats.price(close)}"
    above = [level for level in levels if level.name == "Wall above"]
    below = [level for level in levels if level.name == "Wall below"]
    if above and below:
        inside = below[0].value <= close <= above[0].value
        where = "between" if inside else "outside"
        text += f", {where} the walls at {below[0].text} and {above[0].text}"
    flips = sorted(
        (level for level in levels if level.kind == "flip"), key=lambda level: abs(level.value - close)
    )
    if flips:
        side = "above" if close > flips[0].value else "below"
        text += f"{' and' if above and below else ','} {side} the flip at {flips[0].text}"
    return text + "."
