"""The last quote before a trade: what the book of best bids and offers knows at a moment, and what it does not."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]

DEPTH = 32  # entries remembered per key: trades arrive a little late, and their quote must still be there


class _Timed(Protocol):
    @property
    def t(self) -> int: ...  # epoch ms


Entry = TypeVar("Entry", bound=_Timed)


class LastBefore(Generic[Entry]):
    """The newest entries by key, and which of them was the last at a moment.

    Entries stand in exchange time. One that is older than its predecessor is dropped and counted in `late`:
    it is no longer the last of any moment after that predecessor.
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
        """The last entry not later than `t` (epoch ms) among those that have arrived; None when there is none.

        Within one millisecond the order of arrival decides: what arrives after the trade is not asked.
        """
        entries = self._entries.get(key)
        if entries is None:
            return None
        for entry in reversed(entries):
            if entry.t <= t:
                return entry
        return None

    def clear(self) -> None:
        """Forgets everything: after a cut nobody knows which entry was the last."""
        self._entries.clear()

    def forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._entries.pop(key, None)


class QuoteState(StrEnum):
    """What the quote beside a trade is worth."""

    FRESH = "FRESH"
    MISSING = "MISSING"  # none was seen before the trade
    STALE = "STALE"  # older than the classification accepts
    CROSSED = "CROSSED"  # bid above ask


def count_states(bid: Real, ask: Real, age_ms: Real, stale_after_ms: float) -> Counter[QuoteState]:
    """How many trades stand beside a quote of each state; all of shape (n,), a NaN age is MISSING."""
    missing = np.isnan(age_ms)
    stale = age_ms > stale_after_ms
    crossed = ~missing & ~stale & (bid > ask)
    counts = {
        QuoteState.MISSING: int(missing.sum()),
        QuoteState.STALE: int(stale.sum()),
        QuoteState.CROSSED: int(crossed.sum()),
    }
    return Counter({QuoteState.FRESH: len(age_ms) - sum(counts.values()), **counts})
