"""Firings without an outcome, by reason."""

from __future__ import annotations

from backtest.report.no_outcome import in_words, no_outcome
from tests.backtest.outcome_rows import FIRST, columns, traded, untraded


def test_reasons_are_counted_with_the_most_frequent_first():
    rows = [
        traded(FIRST, 1.0),
        untraded(FIRST, "EXPIRED", reason="gapped"),
        untraded(FIRST, "NO_DATA", reason="minutes are missing"),
        untraded(FIRST, "NO_DATA", reason="minutes are missing"),
        untraded(FIRST, "OPEN"),
        untraded(FIRST, "NO_DATA"),
    ]
    found = no_outcome(columns(rows))
    assert list(found.items()) == [
        ("minutes are missing", 2),
        ("gapped", 1),
        ("no data", 1),
        ("still open", 1),
    ]
    assert in_words(found) == "2 minutes are missing, 1 gapped, 1 no data, 1 still open"


def test_a_missing_chain_is_said_in_words():
    rows = [untraded(FIRST, "NO_DATA", reason="no data: volatility after the event", detector="iv_crush")]
    assert in_words(no_outcome(columns(rows))) == "1 volatility after the event is missing"


def test_without_a_missing_outcome_there_is_nothing_to_say():
    assert no_outcome(columns([traded(FIRST, 1.0)])) == {}
    assert in_words({}) == ""
