"""The preview of a pattern: its first matches in the last sessions, and what cannot be known."""

from __future__ import annotations

import datetime as dt

import pytest

from quant import sessions
from signals import market_view
from signals.features.build import build
from signals.patterns.active import active_directions
from signals.patterns.conditions import parse
from signals.patterns.preview import preview
from tests.signals import market
from tests.signals.setup_rows import AFTER_MS, BAR_END, add_signal, add_step
from warehouse import clock

pytestmark = [pytest.mark.database, pytest.mark.django_db]
DAY = dt.date(2026, 11, 24)
NOW_MS = clock.epoch_ms(sessions.close_of(DAY)) + 60_000


def test_the_newest_signal_that_has_not_ended_is_the_active_one():
    first = add_signal()
    second = add_signal(direction="SHORT", detector="mean_reversion_short", bar_end=BAR_END + 900_000)
    add_signal(detector="gamma_squeeze_bullish", bar_end=BAR_END + 900_000, disposition="BLOCKED")
    add_signal(symbol="QQQ")
    add_step(first, "TARGET_1", 1_000_000)
    add_step(second, "STOPPED", 1_800_000)
    add_step(first, "EXPIRED", 3_600_000)
    instants = [
        BAR_END + after for after in (AFTER_MS - 1, AFTER_MS, 940_000, 2_699_999, 2_700_000, 3_600_000)
    ]
    assert active_directions("SPY", instants) == [None, 1, -1, -1, 1, None]
    assert active_directions("SPY", []) == []


def test_matches_of_the_last_sessions_are_those_of_each_session():
    market.watch("SPY")
    market.store_bars("SPY")
    add_signal()
    conditions = parse(
        {"all": [{"field": "rsi14", "op": "ge", "value": 60}, {"field": "rvol", "op": "ge", "value": 1}]}
    )
    found = preview(conditions, ["SPY"], NOW_MS, count=5)
    assert [str(day) for day in found.days] == [
        "2026-11-18", "2026-11-19", "2026-11-20", "2026-11-23", "2026-11-24"
    ]  # fmt: skip
    expected = []
    for day in reversed(found.days):
        open_ms = clock.epoch_ms(sessions.open_of(day))
        record = build(market_view.read(["SPY"], open_ms, NOW_MS), "SPY", day)
        rows = [
            row
            for row in range(record.first_row, len(record))
            if record.rsi14[row] >= 60 and record.rvol[row] >= 1
        ]
        expected += [(day, int(record.end_ms[row])) for row in rows[:1]]
    assert expected
    assert [(one.day, one.bar_end) for one in found.matches] == expected
    assert (found.symbols, found.unknown, found.missing, found.without_bars) == (("SPY",), 0, (), 0)
    assert found.matches[0].values["rsi14"] >= 60


def test_the_preview_says_what_is_missing():
    market.watch("SPY")
    market.store_bars("SPY", last=dt.date(2026, 11, 23))
    active = parse(
        {"all": [{"field": "active_signal", "op": "is_false"}, {"field": "iv_rank", "op": "ge", "value": 0}]}
    )
    found = preview(active, ["SPY"], NOW_MS, count=2)
    assert (found.matches, found.bars, found.unknown) == ((), 26, 26)
    assert (found.missing, found.without_bars) == (("iv_rank",), 1)
