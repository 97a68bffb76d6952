"""Batches of trades, closed by size or age, that never split a sweep window.

A worker detects sweeps only within one batch. So a trade is held back while its window may still grow. The windows
are those of the classification: per contract, at most 500 ms of exchange time from their first trade, not overlapping.
Trades that belong to no window are released at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flow.stream.rows import ROW, Rows, as_trades, credible_times
from quant.thresholds import TRADE_RULES, TradeRules
from quant.trades.classification import windows
from quant.trades.side import BUY_TICK, NONE_MID, SELL_TICK, classify_side

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """When to close a batch. Times in ms."""

    # Approximate size of a batch. In quiet times batches are small and closed by age. In a burst they are large, and
    # a worker stores a trade of a large batch at half the cost.
    trades: int = 10_000
    age_ms: int = 250  # maximum wait of a single trade whose window is closed
    lateness_ms: int = 100  # trades of other exchanges may arrive this much later
    idle_ms: int = 400  # extra wait after a window's end when no later trade proves that it is over


class Batcher:
    """Holds trades until their batch is due. `now_ms` is the receive clock everywhere."""

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
        """Return the earliest exchange time of a trade that is not in a batch yet."""
        waiting = [rows["timestamp_ms"].min() for rows in (self._held, *self._fresh) if len(rows)]
        return int(min(waiting)) if waiting else None

    def add(self, rows: Rows, now_ms: int) -> None:
        if len(rows):
            self._fresh_since_ms = self._fresh_since_ms if self._fresh else now_ms
            self._fresh.append(rows)
            self._fresh_count += len(rows)
            self._horizon_ms = max(self._horizon_ms, int(credible_times(rows).max()))

    def due_batches(self, now_ms: int, *, everything: bool = False) -> list[Rows]:
        """Return the batches that are due, each in order of arrival; with `everything`, all trades held."""
        if not (everything or self._is_due(now_ms)):
            return []
        waiting = np.concatenate([self._held, *self._fresh])
        self._fresh, self._fresh_count, self._fresh_since_ms = [], 0, now_ms
        held = np.zeros(len(waiting), dtype=bool) if everything else self._to_hold(waiting, now_ms)
        self._held = waiting[held]
        return _split(waiting[~held], self._limits.trades)

    def _is_due(self, now_ms: int) -> bool:
        # Waiting until the number held has doubled keeps the work per trade constant in long bursts.
        full = self._fresh_count >= max(self._limits.trades, len(self._held))
        return full or (len(self) > 0 and now_ms - self._fresh_since_ms >= self._limits.age_ms)

    def _to_hold(self, rows: Rows, now_ms: int) -> Mask:
        """Return a mask of the trades to hold back.

        These are the trades of windows that may still grow, and the trades whose side depends on the price of other
        trades of the same contract that are held back.
        """
        trades, bits = as_trades(rows), rows["condition_bits"]
        found = windows(trades, bits, self._rules)
        first = np.maximum(found.first, 0)
        ends = rows["timestamp_ms"][first] + found.length_ms
        grows = ends + self._limits.lateness_ms >= self._horizon_ms
        grows &= now_ms - rows["received_at_ms"][first] < found.length_ms + self._limits.idle_ms
        held = grows & (found.first >= 0)
        side = classify_side(trades, bits, self._rules)
        undecided = (side == NONE_MID) | (side == BUY_TICK) | (side == SELL_TICK)
        beside = np.isin(rows["contract"], rows["contract"][held])
        # Two trades at the mid may wait for each other, but not for ever.
        waits = now_ms - rows["received_at_ms"] < self._rules.cluster_window_ms + self._limits.idle_ms
        stays: Mask = held | (undecided & beside & waits)
        # A window is never divided.
        stays |= (found.first >= 0) & np.isin(found.first, found.first[stays & (found.first >= 0)])
        return stays


def _split(rows: Rows, size: int) -> list[Rows]:
    """Split rows into parts of about `size`: no contract in two parts, each part in order of arrival."""
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
