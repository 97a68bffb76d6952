"""The six values above the charts of a symbol."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quant.sessions import MINUTE_MS, new_york_date
from warehouse import asof, clock
from warehouse.asof import flow, iv
from warehouse.asof.flow import Trades
from warehouse.asof.gamma_snapshots import StoredSnapshot
from warehouse.asof.iv import IvDays
from web import formats
from web.charts.documents.document import ChartDocument, Column, Value
from web.charts.documents.session_times import last_sessions
from web.charts.documents.slots import REACH_MS, chain_state, no_chain, shown_snapshot
from web.previous_close import close_before

COLUMNS = (
    Column("name", "Value", is_text=True),
    Column("value", "Now", is_text=True),
    Column("detail", "Detail", is_text=True),
    Column("tone", "Sign", is_text=True),
)


def summary_document(symbol: str, at_ms: int, slot_ms: int | None = None) -> ChartDocument:
    """Return name, value, detail and sign (positive, negative or empty) of the six values of a symbol, as texts.

    Spot with its change since the close of the session before, net gamma, walls, flip, volatility, and data.
    They are those of the newest slot up to `slot_ms`; without it, spot is that of a later trade if there is one.
    """
    document = ChartDocument("summary", symbol, "Summary", "", "", "EMPTY", "NO DATA", None, COLUMNS)
    with asof.at(at_ms):
        snapshot = shown_snapshot(symbol, slot_ms, at_ms)
        until_ms = at_ms if slot_ms is None or snapshot is None else snapshot.timestamp
        (session,) = last_sessions(until_ms, 1)
        trade = flow.newest_trade(symbol, session.open_ms, until_ms)
        before = close_before(symbol, new_york_date(clock.instant(session.open_ms)), session.open_ms)
        days = iv.read(symbol, until_ms - REACH_MS, until_ms)
        state = None if snapshot is None else chain_state(snapshot, slot_ms, at_ms)
    rows = [
        _spot(snapshot, trade, before),
        *_gamma(snapshot),
        _volatility(days),
        _data(snapshot, trade, at_ms),
    ]
    document = replace(document, rows=rows, cells=[[str(value or "") for value in row] for row in rows])
    if snapshot is None or state is None:
        return replace(document, sentence=no_chain(symbol).reason, empty=no_chain(symbol))
    sentence = "; ".join(f"{row[0]} {row[1]}" for row in rows[:5]) + "."
    return replace(
        document, sentence=sentence, state=state.word, state_text=state.text, slot_ms=snapshot.timestamp
    )


def _spot(snapshot: StoredSnapshot | None, trade: Trades, before: float | None) -> list[Value]:
    seen = None if snapshot is None else snapshot.underlying_price
    at_ms = None if snapshot is None else snapshot.timestamp
    if len(trade) and np.isfinite(trade.underlying_price[0]) and int(trade.timestamp[0]) >= (at_ms or 0):
        seen, at_ms = float(trade.underlying_price[0]), int(trade.timestamp[0])
    if seen is None:
        return ["Spot", formats.ABSENT, "no price is stored", ""]
    name = f"Spot, {formats.time_of_day(at_ms, seconds=True)}"
    if before is None:
        return [name, formats.price(seen), "no close of the session before", ""]
    change = seen - before
    mark, tone = ("▲ ", "positive") if change > 0 else ("▼ ", "negative") if change < 0 else ("", "")
    detail = f"{mark}{formats.number(change, 2, sign=True)} ({formats.percent(change / before, sign=True)})"
    return [name, formats.price(seen), detail, tone]


def _gamma(snapshot: StoredSnapshot | None) -> list[list[Value]]:
    names = ("Net gamma, per 1 %", "Wall above / below", "Flip")
    if snapshot is None:
        return [[name, formats.ABSENT, "no chain is stored", ""] for name in names]
    net, gross, spot = snapshot.total_gamma, snapshot.gross_gamma, snapshot.underlying_price
    share = formats.percent(abs(net) / gross, 0) if net is not None and gross else formats.ABSENT
    tone = "" if not net else "positive" if net > 0 else "negative"
    walls = (snapshot.gamma_wall_resistance, snapshot.gamma_wall_support)

    def away(level: float | None) -> str:
        return formats.ABSENT if level is None or not spot else formats.percent(level / spot - 1, sign=True)

    positioning = formats.words(snapshot.dealer_positioning)
    flip = snapshot.gamma_flip
    behavior = f"expect {formats.words(snapshot.expected_behavior)}"
    status = {
        "no_root": "no zero within 20 % of spot",
        "disagrees": "the profile and the net have different signs",
    }.get(snapshot.flip_status or "", "no profile")
    return [
        [
            names[0],
            formats.money(net, sign=True),
            f"{positioning}, {share} of gross {formats.money(gross)}",
            tone,
        ],
        [
            names[1],
            " / ".join(formats.strike(wall) for wall in walls),
            " / ".join(away(wall) for wall in walls),
            "",
        ],
        [
            names[2],
            formats.price(flip),
            f"{away(flip)}, {behavior}" if flip is not None else f"{status}; {behavior}",
            "",
        ],
    ]


def _volatility(days: IvDays) -> list[Value]:
    name = "IV 30 days"
    if not len(days) or not np.isfinite(days.current_iv[-1]):
        return [name, formats.ABSENT, "no session with a volatility is stored", ""]
    close = f"close of {formats.calendar_day(days.date[-1].item())}"
    rank, percentile = float(days.iv_rank[-1]), float(days.iv_percentile[-1])
    points = int(days.data_points[-1])
    ranks = f"rank {formats.percent(rank, 0)}, percentile {formats.percent(percentile, 0)}, n = {points}"
    if np.isnan(rank):
        ranks = f"no rank yet, n = {points}"
    return [name, formats.percent(float(days.current_iv[-1]), 1), f"{close}, {ranks}", ""]


def _data(snapshot: StoredSnapshot | None, trade: Trades, at_ms: int) -> list[Value]:
    chain = "no chain" if snapshot is None else f"chain {_when(snapshot.timestamp, at_ms)}"
    trades = (
        f"last trade {_when(int(trade.timestamp[0]), at_ms)}" if len(trade) else "no trade in this session"
    )
    return ["Data", "", f"{chain}, {trades}", ""]


def _when(found_ms: int, at_ms: int) -> str:
    if at_ms - found_ms < 12 * 60 * MINUTE_MS:
        return formats.time_of_day(found_ms)
    return formats.day(found_ms)[4:-5] + " " + formats.time_of_day(found_ms)
