"""Values that are kept per symbol until their slot changes."""

from __future__ import annotations

from web.dashboard.slot_cache import SlotCache


def test_a_value_is_made_once_per_symbol_and_slot():
    made = []

    def make(symbol: str, slot: int) -> str:
        made.append((symbol, slot))
        return f"{symbol} {slot}"

    cache = SlotCache(make)
    assert [cache("SPX", 1), cache("SPX", 1), cache("SPY", 1), cache("SPX", 2), cache("SPX", 2)] == [
        "SPX 1",
        "SPX 1",
        "SPY 1",
        "SPX 2",
        "SPX 2",
    ]
    assert made == [("SPX", 1), ("SPY", 1), ("SPX", 2)]


def test_an_absent_value_is_kept_too_until_it_is_forgotten():
    made = []
    cache = SlotCache(lambda symbol, slot: made.append(symbol))
    assert (cache("SPX", 1), cache("SPX", 1), made) == (None, None, ["SPX"])
    cache.forget()
    cache("SPX", 1)
    assert made == ["SPX", "SPX"]
