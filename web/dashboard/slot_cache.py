"""Values of a symbol that change with its slots only, kept for a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

Value = TypeVar("Value")
SECONDS = 60.0  # after which a row that was computed again is seen


class _Kept(NamedTuple, Generic[Value]):
    key: Hashable
    until: float  # monotonic
    value: Value


class SlotCache(Generic[Value]):
    """The last value of each symbol. A new key, such as a new slot, or the end of a minute has it made again."""

    def __init__(self, make: Callable[..., Value]) -> None:
        self._make = make
        self._kept: dict[str, _Kept[Value]] = {}

    def __call__(self, symbol: str, *key: Hashable) -> Value:
        """Return `make(symbol, *key)`, called at most once a minute for the same arguments."""
        now = time.monotonic()
        kept = self._kept.get(symbol)
        if kept is None or kept.key != key or now >= kept.until:
            kept = self._kept[symbol] = _Kept(key, now + SECONDS, self._make(symbol, *key))
        return kept.value

    def forget(self) -> None:
        """Discard all values."""
        self._kept.clear()
