"""Tables of a chosen size, filled by COPY: what grows in a warehouse, without waiting a year for it.

A chain, or a day of trades, is encoded once; each further one is the same stream with other times in it. COPY goes
straight into the table, which its owner alone may do. The partitions are those of all the days a warehouse keeps, at
every size: planning looks at each of them, whatever rows they hold.
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
from tests.bench import rows as made
from warehouse import clock, partitions
from warehouse.loading import bulk, copy_format
from warehouse.models import HistoricalGreeks, OptionsFlow
from warehouse.watchlist import add_default_symbols

DEFAULT_ROWS = "1000000,10000000"
SYMBOLS = ("SPX", "SPY")
YEAR = 252  # sessions
FLOW_DAYS = 80  # of the 90 that trades are kept
_SENTINEL = int.from_bytes(b"\x01time-at", "big")
_BEFORE_TIME = 2 + 4  # bytes of a row: the number of its fields, and the length of the first, its time


def row_counts() -> list[int]:
    """The table sizes to compare, from BENCH_ROWS, smallest first: two, one ten times the other, by default."""
    return sorted(int(part) for part in os.environ.get("BENCH_ROWS", DEFAULT_ROWS).split(","))


@dataclass(frozen=True)
class Template:
    """A COPY stream of rows whose times can be set."""

    table: str
    columns: str
    stream: NDArray[np.uint8]
    places: NDArray[np.intp]  # of the eight bytes of each row's time

    @classmethod
    def of(cls, model: type[models.Model], columns: dict[str, Any]) -> Template:
        """Rows in the order of `columns`, although they are encoded in that of the key: a table is filled as time goes,
        not symbol by symbol.
        """
        encoded = bulk.encode(model, {"timestamp": _SENTINEL} | columns)
        stream = b"".join(encoded.stream)
        places = _places(stream)
        assert len(places) == encoded.rows
        if np.ndim(columns["symbol"]):
            begins = places - _BEFORE_TIME
            rows = np.split(
                np.frombuffer(stream, np.uint8), [*begins, len(stream) - len(copy_format.TRAILER)]
            )
            in_key_order = np.argsort(columns["symbol"], kind="stable")
            ordered = [rows[1 + n] for n in np.argsort(in_key_order).tolist()]
            stream = np.concatenate([rows[0], *ordered, rows[-1]]).tobytes()
            places = _places(stream)
        names = ", ".join(f'"{name}"' for name in encoded.columns)
        return cls(
            model._meta.db_table,
            names,
            np.frombuffer(stream, np.uint8).copy(),
            places[:, np.newaxis] + np.arange(8),
        )

    def load(self, times: int | NDArray[np.int64]) -> None:
        """Adds the rows at `times`, one for all or one each."""
        stamped = np.broadcast_to(np.asarray(times, dtype=">i8"), len(self.places)).copy()
        self.stream[self.places] = stamped.view(np.uint8).reshape(-1, 8)
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {self.table} ({self.columns}) FROM STDIN (FORMAT binary)") as copy,
        ):
            copy.write(memoryview(self.stream))


def _places(stream: bytes) -> NDArray[np.intp]:
    """Where the times of rows stand, first to last."""
    mark, found = _SENTINEL.to_bytes(8, "big"), []
    at = stream.find(mark)
    while at >= 0:
        found.append(at)
        at = stream.find(mark, at + len(mark))
    return np.array(found)


class Greeks:
    """Closing chains of SPX and SPY, newest session first; beyond a year of them, the slots before the close."""

    table = HistoricalGreeks._meta.db_table

    def __init__(self) -> None:
        empty(self.table)
        keep_all_days(self.table)
        self.rows = 0
        self._chains = [Template.of(HistoricalGreeks, made.chain(symbol)) for symbol in SYMBOLS]
        self._slots = self._newest_first()

    def grow(self, rows: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")
        while self.rows < rows:
            slot = next(self._slots)
            for chain in self._chains:
                chain.load(slot)
                self.rows += len(chain.places)
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
    """As many trades every day, up to now, which the documents' queries read; 0 is as many as fit the
    largest size into the days kept.
    """

    table = OptionsFlow._meta.db_table

    def __init__(self, trades_a_day: int = 0) -> None:
        trades_a_day = trades_a_day or -(-row_counts()[-1] // FLOW_DAYS)
        empty(self.table)
        keep_all_days(self.table)
        self.rows = 0
        self._end_ms = clock.now_ms()
        self._day = Template.of(OptionsFlow, made.trades(trades_a_day))
        self._times = made.times_of_day(trades_a_day)

    def grow(self, rows: int) -> None:
        while self.rows < rows:
            trades = len(self._times)
            first_ms = self._end_ms - DAY_MS * (1 + self.rows // trades)
            self._day.load(first_ms + self._times)
            self.rows += trades
        vacuum(self.table)


def fill_small_tables() -> None:
    """What does not grow with the market: a watched symbol, gamma snapshots of 90 days, two years of ranks, five of
    regimes.
    """
    add_default_symbols(SYMBOLS[:1])
    now_ms, today = clock.now_ms(), datetime.now(UTC).date()
    tables = ("gamma_exposure_snapshots", "iv_percentile_cache", "market_regime_history")
    with connection.cursor() as cursor:
        for table, statement in zip(tables, made.SMALL_TABLES, strict=True):
            empty(table)
            cursor.execute(statement, {"now": now_ms, "today": today})
            vacuum(table)


def keep_all_days(table: str) -> None:
    """Partitions from the first day that is kept to the last that is made ahead."""
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
