"""Gamma, flow, daily rows and frames at each bar: which row is used, and what is missing."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace

import numpy as np
import pytest

from quant import sessions
from signals.context.flow import read as read_flow
from signals.features.build import build
from signals.features.flow import silent_minutes
from tests.signals.views import DAYS_BEFORE, bars, day_starts, empty, quarter_starts, view
from warehouse import clock
from warehouse.asof.gamma import GammaSlots
from warehouse.asof.regime import RegimeDays
from warehouse.asof.sums.gaps import Gap
from warehouse.asof.sums.versions import FlowVersions

DAY = dt.date(2026, 11, 24)
OPEN_MS, CLOSE_MS = (clock.epoch_ms(each(DAY)) for each in (sessions.open_of, sessions.close_of))
QUARTER = 900_000
FOREVER = 2**62


def rows(columns, **given):
    """Return a record of columns, missing except for what is given."""
    count = len(next(iter(given.values())))
    kinds = {
        "Times": np.zeros(count, np.int64),
        "Floats": np.full(count, np.nan),
        "Texts": np.full(count, ""),
    }
    every = {one.name: kinds.get(str(one.type), np.zeros(count, "datetime64[D]")) for one in fields(columns)}
    return columns(**every | {name: np.asarray(values) for name, values in given.items()})


def record(day=DAY, **changed):
    starts = quarter_starts(day)
    close = 100 + np.sin(np.arange(len(starts)) / 7)
    days = day_starts(day)
    daily = bars(days, 100 + np.cos(np.arange(len(days)) / 5), 16 * 3_600_000, 2600.0)
    whole = view(day, bars(starts, close, QUARTER), daily)
    regime, gaps = changed.pop("regime", whole.regime), changed.pop("gaps", ())
    one = replace(whole.symbols["SPY"], **changed)
    return build(replace(whole, symbols={"SPY": one}, regime=regime, gaps=gaps), "SPY", day)


def bar(found, slot):
    return found.first_row + slot


def snapshots(*listed):
    """Return gamma snapshots from (slot, known after ms, net)."""
    at = np.array([OPEN_MS + slot * QUARTER for slot, *_ in listed])
    return rows(
        GammaSlots,
        timestamp=at,
        known_at=at + np.array([after for _, after, _ in listed]),
        total_gamma=np.array([net for *_, net in listed], dtype=float),
        gross_gamma=np.full(len(listed), 10.0),
    )


def test_a_bar_uses_the_newest_snapshot_before_its_end_that_was_known():
    found = record(gamma=snapshots((0, 20_000, 1.0), (1, 20_000, 2.0), (2, QUARTER + 40_001, 3.0)))
    ratio = found.gamma.ratio
    assert ratio[bar(found, 0)] == 0.1  # ends with slot 1, which is not before its end
    assert ratio[bar(found, 1)] == 0.2
    assert ratio[bar(found, 2)] == 0.2  # slot 2 was not known 40 seconds after slot 3
    assert ratio[bar(found, 3)] == 0.3
    assert np.isnan(ratio[: found.first_row]).all()


def test_a_snapshot_is_fresh_for_thirty_minutes_of_its_session():
    yesterday = -int((OPEN_MS - clock.epoch_ms(sessions.close_of(dt.date(2026, 11, 23)))) // QUARTER)
    found = record(gamma=snapshots((yesterday, 20_000, 1.0), (1, 20_000, 1.0)))
    fresh = found.gamma.is_fresh
    assert fresh[bar(found, 0)] == 0.0
    assert [fresh[bar(found, slot)] for slot in (1, 2, 3)] == [1.0, 1.0, 0.0]
    assert found.gamma.age_minutes[bar(found, 3)] == 45.0
    assert np.isnan(record(gamma=empty(GammaSlots)).gamma.is_fresh).all()


def flows(*listed):
    """Return versions of sums from (interval, valid after its end ms, until, calls), with as many trades."""
    end = np.array([OPEN_MS + (number + 1) * QUARTER for number, *_ in listed])
    calls = np.array([each[3] for each in listed], dtype=float)
    known = np.zeros(len(listed))
    numbers = {one.name: known for one in fields(FlowVersions) if str(one.type) == "Floats"}
    return FlowVersions(
        **numbers
        | {
            "timestamp": end,
            "valid_from": end + np.array([each[1] for each in listed]),
            "valid_until": np.array([each[2] for each in listed]),
            "call_contracts": calls,
            "trades": calls,
        }
    )


def test_windows_are_sums_of_the_versions_known_then():
    found = record(
        flow=flows(
            (0, 12_000, FOREVER, 1), (1, 12_000, FOREVER, 10), (2, 12_000, FOREVER, 100), (3, 12_000, FOREVER, 1000),
            # The interval 4 was summed, and 6 minutes later summed again with late trades.
            (4, 12_000, OPEN_MS + 5 * QUARTER + 360_000, 10_000), (4, 360_000, FOREVER, 90_000),
        )
    )  # fmt: skip
    short = found.flow.short.call_volume
    assert [short[bar(found, slot)] for slot in (0, 3, 4, 5)] == [1.0, 1111.0, 11_110.0, 91_100.0]
    assert found.flow.medium.call_volume[bar(found, 5)] == 91_111.0
    assert found.flow.short.is_short[[bar(found, 2), bar(found, 3)]].tolist() == [1.0, 0.0]
    assert found.flow.medium.is_short[[bar(found, 14), bar(found, 15)]].tolist() == [1.0, 0.0]
    # Without trades in an interval the sums are 0, not missing.
    assert short[bar(found, 20)] == 0.0


def test_flow_is_as_of_the_end_of_its_newest_interval():
    found = record(flow=flows((0, 12_000, FOREVER, 1), (1, 60_000, FOREVER, 10), (2, 12_000, FOREVER, 100)))
    rows = [bar(found, slot) for slot in (0, 1, 2, 3)]
    # The interval 1 was not known 40 seconds after its end.
    ends = [OPEN_MS + slot * QUARTER for slot in (1, 1, 3, 3)]
    assert found.flow.as_of_ms[rows].tolist() == ends
    assert found.flow.known_at_ms[rows].tolist() == [end + 12_000 for end in ends]
    contexts = [read_flow(found, row) for row in rows]
    assert [one.as_of_ms for one in contexts] == ends
    assert [one.freshness for one in contexts] == [1.0] * 4  # the stream was received


def test_the_long_window_begins_at_the_same_time_of_the_session_before():
    before = -int((OPEN_MS - clock.epoch_ms(sessions.open_of(dt.date(2026, 11, 23)))) // QUARTER)
    found = record(flow=flows(*((before + number, 12_000, FOREVER, 1) for number in range(26))))
    long = found.flow.long.call_volume
    assert [long[bar(found, slot)] for slot in (0, 10, 25)] == [25.0, 15.0, 0.0]
    assert found.flow.medium.call_volume[bar(found, 0)] == 0.0


def test_flow_that_was_never_stored_is_missing():
    found = record(flow=None)
    assert np.isnan(found.flow.medium.trades).all()
    assert np.isnan(found.flow.silent_minutes).all()


@pytest.mark.parametrize(
    ("gaps", "minutes"),
    [
        ((), 0.0),
        ((Gap(1000, None),), 5.0),
        ((Gap(1000, 301_000),), 0.0),
        ((Gap(1000, 301_001),), 5.0),
        ((Gap(301_001, None),), 0.0),
        ((Gap(241_000, None), Gap(181_000, None)), 2.0),
    ],
)
def test_the_stream_is_silent_within_a_gap(gaps, minutes):
    assert silent_minutes(gaps, 301_000) == minutes


def regimes(*listed):
    """Return daily rows from (day, known at, VIX)."""
    return rows(
        RegimeDays,
        date=np.array([day for day, *_ in listed], dtype="datetime64[D]"),
        known_at=np.array([known for _, known, _ in listed]),
        vix_level=np.array([vix for *_, vix in listed], dtype=float),
        term_spread=np.full(len(listed), -12.0),
    )


def test_a_bar_has_the_row_of_the_last_finished_session_that_was_known():
    friday, monday = dt.date(2026, 11, 20), dt.date(2026, 11, 23)
    late = OPEN_MS + 4 * QUARTER + 40_000
    found = record(regime=regimes((friday, 0, 18.0), (monday, late, 19.0), (DAY, 0, 99.0)))
    vix, age = found.regime.vix, found.regime.age_sessions
    assert [(vix[bar(found, slot)], age[bar(found, slot)]) for slot in (2, 3)] == [(18.0, 1.0), (19.0, 0.0)]
    assert found.regime.term_label[bar(found, 3)] == "FEAR"
    # The session's own row counts from its end on; the last bar is evaluated after the close.
    assert vix[bar(found, 24)] == 19.0
    assert vix[bar(found, 25)] == 99.0


def test_frames_vote_from_sixty_ended_bars_on():
    votes = record().frames.votes
    found = record()
    row = bar(found, 10)
    # 70 daily bars, 14 weeks, 33 sessions of 15 minutes, two bars of 4 hours and seven of an hour in each of them.
    assert [bool(np.isnan(vote)) for vote in votes[row]] == [True, False, False, False, False, True]
    assert DAYS_BEFORE >= 60
    assert np.isnan(votes[: found.first_row]).all()


def test_a_daily_bar_votes_from_the_next_session_on():
    found = record()
    assert len(set(found.frames.votes[found.first_row :, 1].tolist())) == 1
