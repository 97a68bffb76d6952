"""Large tables of a chosen size, filled by COPY.

A chain, or a day of trades, is encoded once; each further one is the same stream with other times. COPY writes directly
into the table, which only its owner may do. At every size there are partitions for all retained days, because the
planner examines each of them, empty or not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, models
from numpy.typing import NDArray

from quant import sessions
from quant.sessions import DAY_MS
from tests.bench import rows as row_columns
from warehouse import clock, partitions
from warehouse.loading import bulk, copy_format
from warehouse.models import HistoricalGreeks, OptionsFlow
from warehouse.watchlist import add_default_symbols

DEFAULT_ROWS = "1000000,10000000"
SYMBOLS = ("SPX", "SPY")
YEAR = 252  # sessions
FLOW_DAYS = 80  # of the 90 days for which trades are kept
_SENTINEL = int.from_bytes(b"\x01time-at", "big")
_BEFORE_TIME = 2 + 4  # bytes of a row: number of fields, and length of the first field, the time


def row_counts() -> list[int]:
    """Return the table sizes to compare from BENCH_ROWS, ascending."""
    return sorted(int(part) for part in os.environ.get("BENCH_ROWS", DEFAULT_ROWS).split(","))


@dataclass(frozen=True)
class Template:
    """A COPY stream of rows whose times can be set."""

    table: str
    columns: str
    stream: NDArray[np.uint8]
    positions: NDArray[np.intp]  # positions of the eight bytes of each row's time

    @classmethod
    def of(cls, model: type[models.Model], columns: dict[str, Any]) -> Template:
        """Encode rows and restore the order of `columns`, because `bulk.encode` sorts them by key.

        A real table is filled in the order of time, not symbol by symbol.
        """
        encoded = bulk.encode(model, {"timestamp": _SENTINEL} | columns)
        stream = b"".join(encoded.stream)
        positions = _positions(stream)
        assert len(positions) == encoded.rows
        if np.ndim(columns["symbol"]):
            starts = positions - _BEFORE_TIME
            rows = np.split(
                np.frombuffer(stream, np.uint8), [*starts, len(stream) - len(copy_format.TRAILER)]
            )
            in_key_order = np.argsort(columns["symbol"], kind="stable")
            ordered = [rows[1 + n] for n in np.argsort(in_key_order).tolist()]
            stream = np.concatenate([rows[0], *ordered, rows[-1]]).tobytes()
            positions = _positions(stream)
        names = ", ".join(f'"{name}"' for name in encoded.columns)
        return cls(
            model._meta.db_table,
            names,
            np.frombuffer(stream, np.uint8).copy(),
            positions[:, np.newaxis] + np.arange(8),
        )

    def load(self, times: int | NDArray[np.int64]) -> None:
        """Insert the rows at `times`, one time for all rows or one per row."""
        stamped = np.broadcast_to(np.asarray(times, dtype=">i8"), len(self.positions)).copy()
        self.stream[self.positions] = stamped.view(np.uint8).reshape(-1, 8)
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {self.table} ({self.columns}) FROM STDIN (FORMAT binary)") as copy,
        ):
            copy.write(memoryview(self.stream))


def _positions(stream: bytes) -> NDArray[np.intp]:
    """Return the positions of the rows' times, ascending."""
    mark, positions = _SENTINEL.to_bytes(8, "big"), []
    at = stream.find(mark)
    while at >= 0:
        positions.append(at)
        at = stream.find(mark, at + len(mark))
    return np.array(positions)


class Greeks:
    """Table of closing chains of SPX and SPY, newest session first; after one year, earlier slots of each session."""

    table = HistoricalGreeks._meta.db_table

    def __init__(self) -> None:
        empty(self.table)
        keep_all_days(self.table)
        self.rows = 0
        self._chains = [Template.of(HistoricalGreeks, row_columns.chain(symbol)) for symbol in SYMBOLS]
        self._slots = self._newest_first()

    def grow(self, rows: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")
        while self.rows < rows:
            slot = next(self._slots)
            for chain in self._chains:
                chain.load(slot)
                self.rows += len(chain.positions)
        vacuum(self.table)

    def _newest_first(self) -> Iterator[int]:
        now = clock.now()
        today = sessions.new_york_date(now)
        days = [
            d for d in sessions.sessions(today - timedelta(days=364), today) if sessions.close_of(d) <= now
        ]
        for before_close in range(1, 28):
            for day in reversed(days[-YEAR:]):
                slots = sessions.slots(day)
                if before_close <= len(slots):
                    yield clock.epoch_ms(slots[-before_close])


class Flow:
    """Table of trades up to now, with the same number every day.

    With `trades_a_day` 0 the number is chosen so that the largest size fits into the retained days.
    """

    table = OptionsFlow._meta.db_table

    def __init__(self, trades_a_day: int = 0) -> None:
        trades_a_day = trades_a_day or -(-row_counts()[-1] // FLOW_DAYS)
        empty(self.table)
        keep_all_days(self.table)
        self.rows = 0
        self._end_ms = clock.now_ms()
        self._day = Template.of(OptionsFlow, row_columns.trades(trades_a_day))
        self._times = row_columns.times_of_day(trades_a_day)

    def grow(self, rows: int) -> None:
        while self.rows < rows:
            trades = len(self._times)
            first_ms = self._end_ms - DAY_MS * (1 + self.rows // trades)
            self._day.load(first_ms + self._times)
            self.rows += trades
        vacuum(self.table)


def fill_small_tables() -> None:
    """Fill the tables of constant size: one watched symbol, and gamma, ranks and regimes of all days kept."""
    add_default_symbols(SYMBOLS[:1])
    now_ms, today = clock.now_ms(), datetime.now(UTC).date()
    tables = ("gamma_exposure_snapshots", "iv_percentile_cache", "market_regime_history")
    with connection.cursor() as cursor:
        for table, statement in zip(tables, row_columns.SMALL_TABLES, strict=True):
            empty(table)
            cursor.execute(statement, {"now": now_ms, "today": today})
            vacuum(table)


def keep_all_days(table: str) -> None:
    """Create the partitions of all retained days and of those created ahead."""
    now_ms = clock.now_ms()
    partitions.ensure(
        table, partitions.retained_from_ms(table, now_ms) + DAY_MS, now_ms + partitions.AHEAD_MS
    )


def empty(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table}")


def vacuum(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {table}")
