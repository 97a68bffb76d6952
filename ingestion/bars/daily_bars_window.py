"""A year of daily bars of all stocks as arrays, moved forward from session to session.

The year of the next session reads only one more day. The days before it do not change: a daily bar is inserted once
and never updated, and all stocks of a day are stored in one transaction. The only row that can be missed is a watched
symbol's own bar, stored by another process after its day was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db import connection

from ingestion.bars.bar_times import midnight_ms
from quant.chain import Floats
from warehouse.column_queries import read_columns

YEAR_SESSIONS, MEAN_SESSIONS = 252, 50
_SESSIONS_OF = {"high": YEAR_SESSIONS, "low": YEAR_SESSIONS, "close": MEAN_SESSIONS, "volume": MEAN_SESSIONS}
_READ_TOGETHER = (("high", "low"), ("close", "volume"))

# The stocks of a day, found by stepping through the key from symbol to symbol, because a month also holds minute bars,
# hundreds per symbol. Contracts (O:...) are skipped: there is one walk before them and one after them.
_OF_A_DAY = """
WITH RECURSIVE walk AS (
    SELECT bar.*, part.before FROM (VALUES ('', 'O:'), ('O;', '~')) AS part (after, before) CROSS JOIN LATERAL (
        SELECT symbol, high, low, close, volume FROM historical_bars
        WHERE symbol > part.after AND symbol < part.before AND timeframe = '1d' AND "timestamp" = %(day)s
        ORDER BY symbol LIMIT 1
    ) bar
    UNION ALL
    SELECT bar.*, walk.before FROM walk CROSS JOIN LATERAL (
        SELECT b.symbol, b.high, b.low, b.close, b.volume FROM historical_bars b
        WHERE b.symbol > walk.symbol AND b.symbol < walk.before AND timeframe = '1d' AND "timestamp" = %(day)s
        ORDER BY b.symbol LIMIT 1
    ) bar
)
SELECT symbol, high::float8, low::float8, close::float8, volume FROM walk
"""
# OFFSET 0 forces one index lookup per stock. Without statistics of a new table, the planner would otherwise compare
# every bar of a month with every stock.
_BEFORE = """
SELECT (stock.place - 1)::integer AS stock, b."timestamp" AS day, b.{0}, b.{1}
FROM unnest(%(symbols)s::text[]) WITH ORDINALITY AS stock(symbol, place) CROSS JOIN LATERAL (
    SELECT "timestamp", {0}, {1} FROM historical_bars
    WHERE symbol = stock.symbol AND timeframe = '1d' AND "timestamp" BETWEEN %(first)s AND %(last)s OFFSET 0
) b
"""


@dataclass(frozen=True, slots=True)
class StockYear:
    """Daily bars up to `session`, oldest first, NaN where there is none.

    `high` and `low` cover 252 sessions, `close` and `volume` 50, each of shape (sessions, stocks). The year has every
    stock with a bar of `session`, with all earlier bars. A year of 1,000 stocks takes 5 MB.
    """

    session: date
    symbols: tuple[str, ...]
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def stock_year(days: Sequence[date], before: StockYear | None = None) -> StockYear:
    """Return the year that ends with the last of `days` (252 consecutive sessions, oldest first).

    Nothing later is read. With `before`, the year that ends with the previous session, only new bars are read.
    """
    symbols, today = _of_a_day(days[-1])
    if before is None or before.session != days[-2]:
        before = StockYear(days[-2], (), **{name: np.empty((n, 0)) for name, n in _SESSIONS_OF.items()})
    # Stocks enter and leave near rank 1,000. One without bars in the 50 sessions is read again when it returns.
    recent = np.flatnonzero(np.isfinite(before.close).any(axis=0))
    carried = [before.symbols[n] for n in recent.tolist()]
    new = sorted(set(symbols).difference(carried))
    past = _before(new, days[:-1])
    place = {symbol: n for n, symbol in enumerate([*carried, *new])}
    places = [place[symbol] for symbol in symbols]
    columns: dict[str, Floats] = {}
    for name, n in _SESSIONS_OF.items():
        columns[name] = column = np.full((n, len(place)), np.nan)
        column[:-1, : len(carried)] = getattr(before, name)[1:, recent]
        column[:-1, len(carried) :] = past[name]
        column[-1, places] = today[name]
    return StockYear(days[-1], tuple(place), **columns)


def _of_a_day(day: date) -> tuple[Sequence[str], Mapping[str, Floats]]:
    with connection.cursor() as cursor:
        cursor.execute(_OF_A_DAY, {"day": midnight_ms(day)})
        rows = cursor.fetchall()
    symbols, *bars = zip(*rows, strict=True) if rows else ((),) * (1 + len(_SESSIONS_OF))
    return symbols, {name: np.array(n, dtype=np.float64) for name, n in zip(_SESSIONS_OF, bars, strict=True)}


def _before(symbols: list[str], days: Sequence[date]) -> dict[str, Floats]:
    """Return the bars of some stocks in the sessions before the last, each of shape (sessions - 1, symbols)."""
    columns = {name: np.full((n - 1, len(symbols)), np.nan) for name, n in _SESSIONS_OF.items()}
    for names in _READ_TOGETHER if symbols else ():
        starts = np.array([midnight_ms(day) for day in days[-len(columns[names[0]]) :]], dtype=np.float64)
        bars = read_columns(
            _BEFORE.format(*names),
            {"symbols": symbols, "first": int(starts[0]), "last": int(starts[-1])},
            {"stock": "integer", **dict.fromkeys(("day", *names), "double precision")},
        )
        row = np.searchsorted(starts, bars["day"])
        at_start = starts[row] == bars["day"]
        for name in names:
            columns[name][row[at_start], bars["stock"][at_start]] = bars[name][at_start]
    return columns
