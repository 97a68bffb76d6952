"""The book of best bids and offers: the last quote before a trade."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]

DEPTH = 32  # entries kept per key: trades arrive slightly late, and their quote must still be available


class _Timed(Protocol):
    @property
    def t(self) -> int: ...  # epoch ms


Entry = TypeVar("Entry", bound=_Timed)


class LastBefore(Generic[Entry]):
    """The newest entries by key, in order of exchange time.

    An entry older than its predecessor is dropped and counted in `late`, because it is not the last entry at any
    later time.
    """

    def __init__(self, depth: int = DEPTH) -> None:
        self.late = 0
        self._depth = depth
        self._entries: dict[str, deque[Entry]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def update(self, key: str, entry: Entry) -> None:
        entries = self._entries.get(key)
        if entries is None:
            self._entries[key] = deque((entry,), self._depth)
        elif entry.t < entries[-1].t:
            self.late += 1
        else:
            entries.append(entry)

    def at(self, key: str, t: int) -> Entry | None:
        """Return the last received entry not later than `t` (epoch ms), None when there is none.

        Within one millisecond the order of arrival decides: entries that arrive after the trade do not count.
        """
        entries = self._entries.get(key)
        if entries is None:
            return None
        for entry in reversed(entries):
            if entry.t <= t:
                return entry
        return None

    def clear(self) -> None:
        """Delete all entries, because after a lost connection the last entry is unknown."""
        self._entries.clear()

    def forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._entries.pop(key, None)


class QuoteState(StrEnum):
    """Usability of the quote of a trade."""

    FRESH = "FRESH"
    MISSING = "MISSING"  # none was received before the trade
    STALE = "STALE"  # older than the classification accepts
    CROSSED = "CROSSED"  # bid above ask


def count_states(bid: Real, ask: Real, age_ms: Real, stale_after_ms: float) -> Counter[QuoteState]:
    """Return the number of trades by state of their quote; arrays of shape (n,), a NaN age means MISSING."""
    missing = np.isnan(age_ms)
    stale = age_ms > stale_after_ms
    crossed = ~missing & ~stale & (bid > ask)
    counts = {
        QuoteState.MISSING: int(missing.sum()),
        QuoteState.STALE: int(stale.sum()),
        QuoteState.CROSSED: int(crossed.sum()),
    }
    return Counter({QuoteState.FRESH: len(age_ms) - sum(counts.values()), **counts})
