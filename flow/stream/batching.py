"""Batches out of a stream of trades, sealed by size or age, none of which cuts a sweep window.

A worker finds sweeps only within a batch. So a trade stays back as long as its window may still grow: windows are
those the classification will find, by contract and side, tumbling, 500 ms of exchange time from their first trade.
What belongs to no window leaves at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flow.stream.rows import ROW, Rows, as_trades
from quant.thresholds import TRADE_RULES, TradeRules
from quant.trades.clusters import find_clusters
from quant.trades.side import BUY_TICK, NONE_MID, SELL_TICK, classify_side, direction

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """When to seal. Times in ms."""

    # Of a batch, about. At rest batches are sealed by age and small; a burst makes them so large that a worker
    # loads a trade at half the cost it has in a small one.
    trades: int = 10_000
    age_ms: int = 250  # a lone trade waits no longer, unless its window is open
    lateness_ms: int = 100  # trades of other exchanges may be this much late
    idle_ms: int = 400  # beyond a window's length, where no later trade tells that it is over


class Batcher:
    """Holds trades until their batch is sealed. `now_ms` is the receive clock everywhere."""

    def __init__(self, limits: BatchLimits | None = None, rules: TradeRules | None = None) -> None:
        self._limits = limits or BatchLimits()
        self._rules = rules or TRADE_RULES["default"]
        self._held = np.empty(0, ROW)
        self._fresh: list[Rows] = []
        self._fresh_count = 0
        self._fresh_since_ms = 0
        self._horizon_ms = 0  # latest exchange time seen

    def __len__(self) -> int:
        return len(self._held) + self._fresh_count

    def oldest_ms(self) -> int | None:
        """Earliest exchange time of a trade that is not in a batch yet."""
        waiting = [rows["timestamp_ms"].min() for rows in (self._held, *self._fresh) if len(rows)]
        return int(min(waiting)) if waiting else None

    def add(self, rows: Rows, now_ms: int) -> None:
        if len(rows):
            self._fresh_since_ms = self._fresh_since_ms if self._fresh else now_ms
            self._fresh.append(rows)
            self._fresh_count += len(rows)
            self._horizon_ms = max(self._horizon_ms, int(rows["timestamp_ms"].max()))

    def due_batches(self, now_ms: int, *, everything: bool = False) -> list[Rows]:
        """The batches that are due, each in order of arrival; `everything` leaves nothing behind."""
        if not (everything or self._is_due(now_ms)):
            return []
        waiting = np.concatenate([self._held, *self._fresh])
        self._fresh, self._fresh_count, self._fresh_since_ms = [], 0, now_ms
        held = np.zeros(len(waiting), dtype=bool) if everything else self._open(waiting, now_ms)
        self._held = waiting[held]
        return _split(waiting[~held], self._limits.trades)

    def _is_due(self, now_ms: int) -> bool:
        # Doubling with what is held keeps the work per trade constant however much a burst holds back.
        full = self._fresh_count >= max(self._limits.trades, len(self._held))
        return full or (len(self) > 0 and now_ms - self._fresh_since_ms >= self._limits.age_ms)

    def _open(self, rows: Rows, now_ms: int) -> Mask:
        """Which trades stay: those of windows that may still grow, and with them those whose side the trades
        of the same contract decide."""
        side = classify_side(as_trades(rows), rows["condition_bits"], self._rules)
        signed = direction(side)
        clusters = find_clusters(
            group=rows["contract"].astype(np.int64) * 2 + (signed > 0),
            timestamp=rows["timestamp_ms"],
            sequence=rows["sequence_number"],
            exchange=rows["exchange"].astype(np.int64),
            size=rows["size"].astype(np.float64),
            member=signed != 0,
            window_ms=self._rules.cluster_window_ms,
            minimum_size=0.0,
        )
        first = np.maximum(clusters.sweep, clusters.split)
        first = np.where(first >= 0, first, np.arange(len(rows)))
        window = self._rules.cluster_window_ms
        grows = rows["timestamp_ms"][first] + window + self._limits.lateness_ms >= self._horizon_ms
        grows &= now_ms - rows["received_at_ms"][first] < window + self._limits.idle_ms
        held = grows & (signed != 0)
        undecided = (side == NONE_MID) | (side == BUY_TICK) | (side == SELL_TICK)
        beside = np.isin(rows["contract"], rows["contract"][held])
        stays: Mask = held | (undecided & beside)
        return stays


def _split(rows: Rows, size: int) -> list[Rows]:
    """Rows in pieces of about `size`, each contract whole in one of them, arrival order kept in each."""
    count = round(len(rows) / size)
    if count <= 1:
        return [rows] if len(rows) else []
    size = -(-len(rows) // count)
    order = np.argsort(rows["contract"], kind="stable")
    contract = rows["contract"][order]
    starts = np.flatnonzero(np.append(True, contract[1:] != contract[:-1]))
    # The first contract boundary at or after each multiple of the size.
    cuts = np.unique(starts[np.searchsorted(starts, np.arange(size, starts[-1] + 1, size))])
    return [rows[np.sort(piece)] for piece in np.split(order, cuts)]
