"""History of a new simulated warehouse, from a real simulator: which rows are stored, and that only once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from ingestion.bars.historical_bars import ensure_bars
from quant.sessions import MINUTE_MS, open_of
from tests.partitions import drop_partitions
from tests.simulator.servers import SEED, Server, offset_ms, simulator
from warehouse import clock, models
from warehouse.models.enums import Timeframe

pytestmark = pytest.mark.database

BEFORE, TODAY = dt.date(2026, 3, 11), dt.date(2026, 3, 12)
ELEVEN = dt.datetime(2026, 3, 12, 15, 5, tzinfo=dt.UTC)  # 11:05 New York
SESSIONS = {Timeframe.MINUTE: 1, Timeframe.QUARTER_HOUR: 2, Timeframe.HOUR: 2, Timeframe.DAY: 3}


@pytest.fixture(scope="module")
def server():
    with simulator("--seed", str(SEED), "--clock-offset-ms", str(offset_ms(ELEVEN))) as server:
        yield server


@pytest.fixture
def preload(server: Server, at_market_time, settings, monkeypatch):
    """Return a function that runs the command for three sessions of SPY and a symbol that the simulator lacks."""
    from ingestion.simulated import preload as module
    from warehouse.watchlist import add_default_symbols

    at_market_time(ELEVEN)
    add_default_symbols(["SPY", "ZZZ"])
    settings.SIMULATED, settings.MASSIVE_BASE_URL = True, server.base_url
    monkeypatch.setattr(module, "SUM_SESSIONS", 3)
    monkeypatch.setattr(module, "SHOWN_SESSIONS", 2)
    monkeypatch.setattr(module, "BAR_SESSIONS", SESSIONS)
    yield lambda: call_command("preload_simulated")
    drop_partitions()


def requests_of_past_sums(server: Server) -> int:
    counts = server.get("/simulator/requests").json()
    return sum(count for path, count in counts.items() if path.startswith("/simulator/past/"))


def test_the_history_ends_with_the_slot_before_the_present(preload):
    preload()
    opens = clock.epoch_ms(open_of(TODAY))
    slots = models.GammaSlot.objects.order_by("timestamp")
    assert set(slots.values_list("symbol", "method_version", "oi_source")) == {
        ("SPY", "simulated-past-2", "provider")
    }
    of_today = slots.filter(timestamp__gte=opens)
    assert [row.timestamp for row in of_today] == [opens + 15 * MINUTE_MS * number for number in range(6)]
    assert slots.count() == 8 + 27 + 6  # of the first session one an hour and the close
    assert all(row.known_at == row.timestamp + MINUTE_MS for row in slots)
    # At the open nothing has been traded, so that one convention is not known.
    assert [row.signs_agree is None for row in of_today] == [True] + [False] * 5
    for row in of_today[1:]:
        assert (row.usable_share, row.settles_today, row.own_flips) == (1.0, True, row.naive_flips)
        assert float(row.gamma_flip) in row.naive_flips
        assert 0 < row.pin_share <= 1
        assert row.pin_open_interest > 0
    intervals = models.FlowSlot.objects.filter(timestamp__gt=opens).order_by("timestamp")
    assert [row.timestamp for row in intervals] == [opens + 15 * MINUTE_MS * number for number in range(1, 7)]
    assert {row.known_at - row.timestamp for row in intervals} == {30_000}  # before the scan of the bar
    assert models.FlowSlot.objects.count() == 26 + 26 + 6


def test_daily_rows_are_the_sums_of_a_session_that_is_over(preload):
    preload()
    before = (clock.epoch_ms(open_of(BEFORE)), clock.epoch_ms(open_of(TODAY)))
    earlier, gamma = models.GammaDay.objects.order_by("date")
    last = models.GammaSlot.objects.filter(timestamp__range=(before[0], before[1] - 1)).latest("timestamp")
    assert (earlier.snapshots, gamma.snapshots) == (8, 27)
    assert (gamma.date, gamma.total_gamma_close) == (BEFORE, last.total_gamma)
    _, flow = models.FlowDay.objects.order_by("date")
    slots = models.FlowSlot.objects.filter(timestamp__range=before)
    sums = slots.aggregate(trades=Sum("trades"), premium=Sum("premium"), sweeps=Sum("sweeps"))
    assert (flow.date, flow.method_version) == (BEFORE, "simulated-past-2")
    assert (flow.trades, flow.premium, flow.sweeps) == (sums["trades"], sums["premium"], sums["sweeps"])


def test_every_session_of_a_year_is_ranked_in_the_year_before(preload):
    preload()
    rows = models.IvPercentile.objects.order_by("date")
    assert rows.count() == 252
    assert {(row.data_points, row.is_provisional, row.method_version) for row in rows} == {
        (252, False, "simulated-past-2")
    }
    newest = rows.last()
    assert newest.date == BEFORE
    assert newest.iv_52w_low <= newest.current_iv <= newest.iv_52w_high
    assert 0 <= newest.iv_percentile <= 1


def test_a_year_of_term_structures_and_42_surfaces_are_stored(preload):
    preload()
    rows = models.TermDay.objects.order_by("date")
    assert (rows.count(), models.SurfacePoint.objects.count()) == (252, 42 * 35)
    newest = rows.last()
    assert (newest.date, newest.method_version) == (BEFORE, "simulated-past-2")
    level = models.IvPercentile.objects.get(date=BEFORE).current_iv
    assert newest.at_the_money[2] == pytest.approx(level)
    assert newest.slope == pytest.approx(newest.at_the_money[3] - level)
    points = {(row.tenor_days, row.delta): row.iv for row in models.SurfacePoint.objects.filter(date=BEFORE)}
    assert points[30, "25P"] > points[30, "50"] > points[30, "25C"]
    assert newest.skew_25d_put_minus_call == pytest.approx(points[30, "25P"] - points[30, "25C"])


def test_bars_of_the_running_session_end_before_the_present(preload):
    preload()
    counts = {
        frame: models.HistoricalBar.objects.filter(symbol="SPY", timeframe=frame).count()
        for frame in SESSIONS
    }
    # The first session of each count is complete, today has run for 95 minutes; its daily bar is not finished.
    assert counts[Timeframe.MINUTE] in (94, 95)
    assert counts[Timeframe.QUARTER_HOUR] == 26 + 6
    assert counts[Timeframe.HOUR] == 7 + 1
    assert counts[Timeframe.DAY] == 252  # of the year that the market regime reads; two without it


def test_bars_of_a_history_count_as_known_from_the_time_of_a_live_bar(preload):
    now_ms = clock.now_ms()
    ensure_bars("SPY", Timeframe.QUARTER_HOUR, TODAY, TODAY, now_ms, is_history=True)
    ensure_bars("SPY", Timeframe.FIVE_MINUTES, TODAY, TODAY, now_ms)
    known = {frame: set() for frame in (Timeframe.QUARTER_HOUR, Timeframe.FIVE_MINUTES)}
    for bar in models.HistoricalBar.objects.filter(symbol="SPY"):
        known[bar.timeframe].add(bar.known_at - bar.timestamp)
    assert known[Timeframe.QUARTER_HOUR] == {15 * MINUTE_MS + 30_000}
    assert len(known[Timeframe.FIVE_MINUTES]) == 19  # all are known at one time, that of storing them


def test_the_last_closed_session_has_a_regime_that_names_what_is_missing(preload):
    preload()
    (row,) = models.MarketRegimeDay.objects.all()
    assert row.date == BEFORE
    assert row.missing_inputs == ["put_call"]
    assert row.vix_level is not None


def test_a_second_run_stores_nothing_and_requests_no_sums(preload, server):
    preload()
    tables = (models.GammaSlot, models.FlowSlot, models.IvPercentile, models.TermDay, models.FlowDay)
    before = [list(table.objects.order_by("id").values()) for table in tables]
    requests = requests_of_past_sums(server)
    preload()
    assert [list(table.objects.order_by("id").values()) for table in tables] == before
    # Only the symbol without history is asked for again: its volatility, and gamma and flow of three sessions.
    assert requests_of_past_sums(server) - requests == 1 + 3 + 3


@pytest.mark.django_db
def test_real_data_are_not_mixed_with_simulated_history(settings):
    settings.SIMULATED = False
    with pytest.raises(CommandError, match="not simulated"):
        call_command("preload_simulated")
