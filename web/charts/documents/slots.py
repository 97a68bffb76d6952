"""The slots of a session with their snapshots, for the slider."""

from __future__ import annotations

from dataclasses import replace

from quant.sessions import DAY_MS
from warehouse import asof
from warehouse.asof import gamma_snapshots
from warehouse.asof.chain import ChainSlot
from warehouse.asof.gamma_snapshots import StoredSnapshot
from web import formats, staleness
from web.charts.documents.document import ChartDocument, Column, Empty, known
from web.charts.documents.session_times import (
    State,
    earlier,
    last_sessions,
    state_of,
)

# A chain is shown over a long weekend and a closure.
REACH_MS = 10 * DAY_MS
COLUMNS = (
    Column("slot", "Slot", "epoch ms"),
    Column("time", "Time", "New York", is_text=True),
    Column("net", "Net gamma", "$ per 1 % move"),
)


def no_chain(symbol: str) -> Empty:
    """Return why nothing is shown of a symbol without a chain."""
    return Empty(
        f"No chain of {symbol} is stored in the last ten days.",
        "Open the runs",
        f"/admin/warehouse/ingestionrun/?symbol={symbol}",
    )


def shown_snapshot(symbol: str, slot_ms: int | None, at_ms: int) -> StoredSnapshot | None:
    """Return the newest snapshot at or before `slot_ms`, or at `at_ms` without one, at most ten days old."""
    until_ms = at_ms if slot_ms is None else min(slot_ms, at_ms)
    return gamma_snapshots.newest(symbol, until_ms - REACH_MS, until_ms)


def chain_state(snapshot: StoredSnapshot | ChainSlot, slot_ms: int | None, at_ms: int) -> State:
    """Return the state of a chain that is shown: EARLIER if its slot was chosen."""
    if slot_ms is not None:
        return earlier(snapshot.timestamp)
    (session,) = last_sessions(at_ms, 1)
    return state_of(snapshot.timestamp, staleness.chain_ms(), at_ms, session)


def slots_document(symbol: str, at_ms: int, slot_ms: int | None = None) -> ChartDocument:
    """Return the slots of the session of `slot_ms`, or of the newest chain: one row each, also without a snapshot.

    `net` is in $ per 1 % move, None where no snapshot is stored. `parts` has `session` (text), `shown` (position of
    the slot shown), `newest` (epoch ms of the newest snapshot), and `previous` (epoch ms of the last snapshot of the
    session before, or None).
    """
    with asof.at(at_ms):
        newest = shown_snapshot(symbol, None, at_ms)
        snapshot = newest if slot_ms is None else shown_snapshot(symbol, slot_ms, at_ms)
        document = ChartDocument("slots", symbol, "Slots", "", "", "EMPTY", "NO DATA", None, COLUMNS)
        if snapshot is None or newest is None:
            return replace(document, sentence=no_chain(symbol).reason, empty=no_chain(symbol))
        session = last_sessions(snapshot.timestamp, 1)[0]
        found = gamma_snapshots.nets(symbol, session.open_ms, session.close_ms)
        previous = gamma_snapshots.nets(symbol, session.open_ms - REACH_MS, session.open_ms - 1)
        state = chain_state(snapshot, slot_ms, at_ms)
    nets = dict(zip(found.timestamp.tolist(), found.total_gamma.tolist(), strict=True))
    slots = sorted({*session.slots(), *nets})
    return replace(
        document,
        state=state.word,
        state_text=state.text,
        slot_ms=snapshot.timestamp,
        sentence=f"{len(nets)} of {len(slots)} slots of {formats.calendar_day(session.day)} are stored.",
        rows=[[slot, formats.time_of_day(slot), known(nets.get(slot))] for slot in slots],
        cells=[[str(slot), formats.time_of_day(slot), _text(slot, nets, at_ms)] for slot in slots],
        parts={
            "session": formats.calendar_day(session.day),
            "shown": slots.index(snapshot.timestamp),
            "stored": [slot in nets for slot in slots],
            "newest": newest.timestamp,
            "previous": int(previous.timestamp[-1]) if len(previous) else None,
        },
    )


def _text(slot: int, nets: dict[int, float], at_ms: int) -> str:
    if slot in nets:
        return formats.money(nets[slot], sign=True)
    return "– later" if slot > at_ms else "– no chain stored"
