"""Whether the data of a symbol are current. Limits: two cadences, five minutes for bars, two for trades."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.dashboard.board import MINUTE, NOON, NOW, at, market
from warehouse.heartbeats import HeartbeatRow
from web.dashboard.data_health import BarState, Stream, bar_states, health_of, stream_of

CONNECTED = Stream("connected", NOW - 1000, False)
OFFLINE = Stream("offline", None, True)


def consumer(age_ms: int = 0, status: str = "healthy", **metadata: Any) -> HeartbeatRow:
    described = {"symbols": ["SPX"], "subscribed": True, "last_trade_ms": NOW - 1000, **metadata}
    return HeartbeatRow("flow_listener", status, NOW - age_ms, age_ms, 0, described)


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (consumer(), "connected"),
        (consumer(subscribed=False), "fallback"),
        (consumer(symbols=["NDX"]), "offline"),
        (consumer(status="stopping"), "offline"),
        (consumer(age_ms=3_600_000), "offline"),
    ],
)
def test_the_word_of_the_stream(row, word):
    assert stream_of("SPX", [row], market()).word == word


@pytest.mark.parametrize(("age_ms", "is_stale"), [(2 * MINUTE, False), (2 * MINUTE + 1, True)])
def test_the_stream_is_stale_without_a_trade_for_two_minutes(age_ms, is_stale):
    assert stream_of("SPX", [consumer(last_trade_ms=NOW - age_ms)], market()).is_stale is is_stale


def test_in_the_first_minutes_a_trade_of_the_day_before_is_not_stale():
    opened = market(now_ms=at("09:31"))
    assert stream_of("SPX", [consumer(last_trade_ms=at("16:00", "2025-11-17"))], opened).is_stale is False


def test_outside_the_session_nothing_is_stale():
    closed = market(now_ms=at("20:00"))
    assert stream_of("SPX", [], closed) == Stream("offline", None, False)
    assert not any(state.is_stale for state in bar_states({"1m": at("15:59")}, closed))


@pytest.mark.parametrize(
    ("timeframe", "start", "is_stale"),
    [
        ("1m", "12:04", False),
        ("1m", "12:03", True),
        ("5m", "11:55", False),
        ("5m", "11:50", True),
        ("15m", "11:45", False),
        ("15m", "11:30", True),  # the next one ended at 12:00, ten minutes ago
        ("1h", "10:30", False),
        ("1h", "09:30", True),
    ],
)
def test_a_bar_is_stale_five_minutes_after_the_next_one_ended(timeframe, start, is_stale):
    states = {state.timeframe: state for state in bar_states({timeframe: at(start)}, market())}
    assert states[timeframe].is_stale is is_stale


def test_the_last_hour_of_a_session_ends_at_its_close():
    states = bar_states({"1h": at("15:30")}, market(now_ms=at("20:00")))
    assert states[3] == BarState("1h", at("16:00"), False)


@pytest.mark.parametrize(
    ("chain", "stream", "changes", "word", "since"),
    [
        (NOON, CONNECTED, {}, "LIVE", None),
        (at("11:40"), CONNECTED, {}, "LIVE", None),
        (at("11:40") - 1, CONNECTED, {}, "STALE", at("11:40") - 1),
        (at("11:15"), OFFLINE, {}, "OFFLINE", at("11:15")),
        (NOON, Stream("connected", at("12:07"), True), {}, "STALE", at("12:07")),
        (NOON, CONNECTED, {"now_ms": at("20:00")}, "CLOSED", None),
        (None, CONNECTED, {}, "NO DATA", None),
    ],
)
def test_the_word_of_a_symbol(chain, stream, changes, word, since):
    found = health_of(chain, False, stream, (), market(**changes))
    assert (found.word, found.since_ms) == (word, since)


def test_a_symbol_without_history_is_on_its_first_day():
    assert health_of(NOON, True, CONNECTED, (), market()).word == "FIRST DAY"


def test_the_reasons_say_what_is_not_current():
    bars = (BarState("1m", at("11:00"), True), BarState("1h", None, True))
    found = health_of(at("11:00"), False, OFFLINE, bars, market())
    assert found.reasons == ("no chain for more than 30 minutes", "stream offline", "1m bars are old")
