"""The largest trades of a session by premium and sentiment, over the price of the underlying."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quant.sessions import MINUTE_MS
from warehouse import asof
from warehouse.asof import bars
from warehouse.asof.sums.intervals import IntervalSums, LargeTrades
from web import formats, staleness
from web.charts.documents.document import ChartDocument, Column, Empty, Value, known
from web.charts.documents.session_flow import session_flow
from web.charts.documents.session_times import (
    SessionTimes,
    last_sessions,
    minute_labels,
    state_of,
)

LARGE_PREMIUM = 500_000.0
_FEWEST = 10  # large trades; with fewer the largest of any premium are shown
COLUMNS = (
    Column("time", "Time", "New York", is_text=True),
    Column("contract", "Contract", is_text=True),
    Column("trade_type", "Type", is_text=True),
    Column("sentiment", "Sentiment", is_text=True),
    Column("premium", "Premium", "$"),
    Column("size", "Size", "contracts"),
    Column("price", "Price", "$ per share"),
    Column("spot", "Spot", "$ or index points"),
    Column("minute", "Minute of the session"),
)


def trades_document(symbol: str, at_ms: int, until_ms: int | None = None) -> ChartDocument:
    """Return the largest trades of the last session up to `until_ms`, oldest first.

    Those of $500,000 and more, at most the 200 largest; in a session with fewer than ten of them the 200 largest of any
    premium. Premium is in dollars, `minute` counts from the open. `parts` has `axis`, the labels of the minutes,
    `prices`, the price of the underlying in each minute (None where unknown), and `premium` by sentiment in dollars,
    of all trades of the session.
    """
    document = ChartDocument("trades", symbol, "Flow", "", "", "EMPTY", "NO DATA", None, COLUMNS)
    last_ms = at_ms if until_ms is None else min(until_ms, at_ms)
    with asof.at(at_ms):
        (session,) = last_sessions(last_ms, 1)
        flow = session_flow(symbol, session, last_ms, at_ms)
        minutes = bars.read(symbol, "1m", session.open_ms, min(last_ms, session.close_ms - 1))
    found, sums = flow.largest, flow.minutes
    large = found.premium >= LARGE_PREMIUM
    only_large = int(np.count_nonzero(large)) >= _FEWEST
    unit = (
        f"trades of $500 k and more, {formats.day(session.open_ms)}"
        if only_large
        else (f"the {len(found)} largest trades, {formats.day(session.open_ms)}")
    )
    if not len(found):
        reason = f"No trade of {symbol} is stored of {formats.day(session.open_ms)}."
        empty = Empty(reason, "Open the heartbeats", "/admin/warehouse/heartbeat/")
        return replace(document, sentence=reason, empty=empty)
    rows = [_row(found, n, session) for n in range(len(found)) if large[n] or not only_large]
    state = state_of(int(sums.newest.max()), staleness.FLOW_MS, at_ms, session)
    bullish, bearish = float(sums.bullish.sum()), float(sums.bearish.sum())
    unsigned = float(sums.premium.sum()) - bullish - bearish
    axis = minute_labels(session)
    closes = {
        int((start - session.open_ms) // MINUTE_MS): close
        for start, close in zip(minutes.start_ms.tolist(), minutes.close.tolist(), strict=True)
    } or _mean_prices(sums)
    return replace(
        document,
        unit=unit,
        state=state.word,
        state_text=state.text,
        slot_ms=int(sums.newest.max()),
        sentence=f"Signed premium {formats.money(bullish - bearish, sign=True)} of all trades: bullish "
        f"{formats.money(bullish)}, bearish {formats.money(bearish)}, without sign {formats.money(unsigned)}.",
        rows=rows,
        cells=[_cells(row) for row in rows],
        parts={
            "axis": axis,
            "prices": [known(closes.get(minute)) for minute in range(len(axis))],
            "premium": {"bullish": bullish, "bearish": bearish, "unsigned": unsigned},
        },
    )


def _mean_prices(sums: IntervalSums) -> dict[int, float]:
    return dict(zip(sums.number.tolist(), sums.underlying_price.tolist(), strict=True))


def _row(found: LargeTrades, n: int, session: SessionTimes) -> list[Value]:
    at_ms = int(found.timestamp[n])
    kind = "call" if found.is_call[n] else "put"
    expiration = found.expiration[n].item()
    return [
        formats.time_of_day(at_ms, seconds=True),
        f"{expiration:%-d %b %Y} {formats.strike(float(found.strike[n]))} {kind}",
        str(found.trade_type[n]),
        str(found.sentiment[n]) or "UNKNOWN",
        float(found.premium[n]),
        int(found.size[n]),
        float(found.price[n]),
        known(float(found.underlying_price[n])),
        int((at_ms - session.open_ms) // MINUTE_MS),
    ]


def _cells(row: list[Value]) -> list[str]:
    time, contract, trade_type, sentiment, premium, size, price, spot, minute = row
    mark = {"BULLISH": "▲ ", "BEARISH": "▼ "}.get(str(sentiment), "■ ")
    return [
        str(time), str(contract), formats.words(str(trade_type)), mark + formats.words(str(sentiment)),
        formats.money(float(premium or 0)), formats.number(float(size or 0)), formats.price(float(price or 0)),
        "– not known" if spot is None else formats.price(float(spot)), str(minute),
    ]  # fmt: skip
