"""The last quote before a trade."""

from __future__ import annotations

from collections import Counter

import numpy as np

from flow.stream.quotes import LastBefore, QuoteState, count_states
from provider.stream_messages import Quote


def book(*times: int, depth: int = 32) -> LastBefore[Quote]:
    quotes: LastBefore[Quote] = LastBefore(depth)
    for t in times:
        quotes.update("C", Quote("C", t))
    return quotes


def time_at(quotes: LastBefore[Quote], t: int) -> int | None:
    found = quotes.at("C", t)
    return found and found.t


def test_quote_is_the_newest_one_not_later_than_the_trade():
    quotes = book(100, 200, 300)
    assert [time_at(quotes, t) for t in (99, 100, 250, 300, 999)] == [None, 100, 200, 300, 300]


def test_last_received_quote_of_one_millisecond_counts():
    quotes = book(100)
    quotes.update("C", Quote("C", 100, 1.0))
    assert quotes.at("C", 100) == Quote("C", 100, 1.0)


def test_late_quote_is_dropped_and_counted():
    quotes = book(200, 100)
    assert (time_at(quotes, 150), time_at(quotes, 200), quotes.late) == (None, 200, 1)


def test_number_of_quotes_per_contract_is_limited():
    quotes = book(*range(100, 110), depth=3)
    assert [time_at(quotes, t) for t in (106, 107)] == [None, 107]


def test_clear_deletes_all_quotes():
    quotes = book(100)
    quotes.clear()
    assert time_at(quotes, 100) is None


def test_trades_are_counted_by_the_state_of_their_quote():
    bid = np.array([1.0, np.nan, 1.0, 1.2, 1.2])
    ask = np.array([1.1, np.nan, 1.1, 1.1, 1.1])
    age = np.array([0.0, np.nan, 5001.0, 5000.0, 5001.0])
    assert count_states(bid, ask, age, 5000.0) == Counter(
        {QuoteState.FRESH: 1, QuoteState.MISSING: 1, QuoteState.STALE: 2, QuoteState.CROSSED: 1}
    )
