"""The trades of a session as charts need them: sums by minute and the largest trades.

A process keeps them per symbol and session, and reads only the last quarter of an hour again, because summing a million
trades takes seconds. Every ten minutes the whole session is read again, so that repairs of older trades are seen.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from quant.sessions import MINUTE_MS
from warehouse.asof.rows import picked
from warehouse.asof.sums import intervals as flow_sums
from warehouse.asof.sums.intervals import IntervalSums, LargeTrades
from web.charts.documents.session_times import SessionTimes

MOST_TRADES = 200
# Index options trade until a quarter of an hour after the close.
AFTER_CLOSE_MS = 15 * MINUTE_MS
_LATE_MS = 15 * MINUTE_MS
_WHOLE_EVERY_MS = 10 * MINUTE_MS
_KEPT = 32  # sessions of symbols
_Columns = TypeVar("_Columns", IntervalSums, LargeTrades)


@dataclass(frozen=True, slots=True)
class SessionFlow:
    """Sums of each minute since the open, and the trades with the largest premium, at most `MOST_TRADES`.

    `read_ms` is the instant as of which they were read last, `whole_ms` that of the last reading of the whole session.
    """

    minutes: IntervalSums
    largest: LargeTrades
    read_ms: int
    whole_ms: int


_lock = threading.Lock()
_kept: OrderedDict[tuple[str, int], SessionFlow] = OrderedDict()


def forget_flow() -> None:
    """Remove what this process keeps."""
    with _lock:
        _kept.clear()


def session_flow(symbol: str, session: SessionTimes, last_ms: int, at_ms: int) -> SessionFlow:
    """Return the trades of a session from its open to `last_ms`, as of `at_ms`; inside `warehouse.asof.at(at_ms)`.

    Earlier ends and earlier instants than those kept are read without the kept values.
    """
    end_ms = session.close_ms + AFTER_CLOSE_MS
    if last_ms < min(at_ms, end_ms):
        return _read(symbol, session.open_ms, last_ms, at_ms)
    last_ms = min(last_ms, end_ms)
    key = (symbol, session.open_ms)
    with _lock:
        kept = _kept.get(key)
    if kept is not None and at_ms < kept.read_ms:
        return _read(symbol, session.open_ms, last_ms, at_ms)
    if kept is None or at_ms - kept.whole_ms >= _WHOLE_EVERY_MS:
        found = _read(symbol, session.open_ms, last_ms, at_ms)
    else:
        found = _continued(symbol, session.open_ms, last_ms, at_ms, kept)
    with _lock:
        _kept[key] = found
        _kept.move_to_end(key)
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return found


def _read(symbol: str, first_ms: int, last_ms: int, at_ms: int) -> SessionFlow:
    return SessionFlow(
        flow_sums.by_interval(symbol, first_ms, last_ms, MINUTE_MS),
        flow_sums.largest(symbol, first_ms, last_ms, MOST_TRADES),
        at_ms,
        at_ms,
    )


def _continued(symbol: str, open_ms: int, last_ms: int, at_ms: int, kept: SessionFlow) -> SessionFlow:
    """Return the kept values with those of the last quarter of an hour before they were read, and since, read again."""
    first = max((kept.read_ms - _LATE_MS - open_ms) // MINUTE_MS, 0)
    first_ms = open_ms + first * MINUTE_MS
    if first_ms > last_ms:
        return kept
    new = _read(symbol, first_ms, last_ms, at_ms)
    minutes = _joined(
        kept.minutes, kept.minutes.number < first, new.minutes, {"number": new.minutes.number + first}
    )
    largest = _joined(kept.largest, kept.largest.timestamp < first_ms, new.largest, {})
    chosen = np.sort(np.argsort(-largest.premium, kind="stable")[:MOST_TRADES])
    return SessionFlow(minutes, picked(largest, chosen), at_ms, kept.whole_ms)


def _joined(old: _Columns, rows: Any, new: _Columns, changed: dict[str, Any]) -> _Columns:
    parts = {
        field.name: (getattr(old, field.name)[rows], changed.get(field.name, getattr(new, field.name)))
        for field in fields(old)
    }
    return type(old)(**{name: np.concatenate(pair) for name, pair in parts.items()})
