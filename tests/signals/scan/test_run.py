"""A session scanned bar by bar as live, against the same session read afterwards."""

from __future__ import annotations

import datetime as dt
from io import StringIO

import pytest
from django.core.management import call_command

from quant import sessions
from signals import market_view
from signals.features.history import EVALUATED_AFTER_MS
from signals.scan.due import DueBar, due_bars, replay_due
from signals.scan.found import row_of
from signals.scan.replay import replay, replay_session
from signals.scan.run import scan_bar
from signals.scan.scan import scan_session
from tests.partitions import drop_partitions
from tests.signals import market
from warehouse import clock
from warehouse.models import HistoricalBar, Pattern, PatternMatch, Signal, SignalEvent

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
DAY = dt.date(2026, 11, 24)
OPEN_MS, CLOSE_MS = (clock.epoch_ms(each(DAY)) for each in (sessions.open_of, sessions.close_of))
BAR_MS = 15 * 60_000
SYMBOLS = ("SPY", "SPX", "AAPL")


def signals_of(text: str) -> list[str]:
    """Return the last cell of each row of the table of signals in the output of the command."""
    rows = [line.split("│") for line in text.splitlines() if "ACTIVE" in line or "BELOW_MINIMUM" in line]
    return [row[-2].strip() for row in rows]


@pytest.fixture
def stored():
    market.watch("SPY")
    market.watch("SPX", "index", "SPY")
    market.watch("AAPL", "stock")
    market.store_bars("SPY")
    market.store_bars("SPX", level=5000.0, has_volume=False)
    market.store_bars("AAPL", level=200.0)
    for symbol in SYMBOLS:
        market.store_gamma(symbol, dt.date(2026, 11, 20))
        market.store_flow(symbol, dt.date(2026, 10, 1))
    market.store_days(SYMBOLS, dt.date(2026, 11, 10))
    yield
    drop_partitions()


def test_a_session_scanned_live_equals_the_session_read_afterwards(stored):
    conditions = {"all": [{"field": "rvol", "op": "gt", "value": 0.0}]}
    Pattern.objects.create(name="any_volume", description="test", conditions=conditions, status="active")
    ends = range(OPEN_MS + BAR_MS, CLOSE_MS + BAR_MS, BAR_MS)
    for end in ends:
        scanned = scan_bar(DueBar(end, end + EVALUATED_AFTER_MS))
        assert scanned.symbols == 3, str(scanned)
    assert scan_bar(DueBar(CLOSE_MS, CLOSE_MS + EVALUATED_AFTER_MS)).refused == "already done"

    view = market_view.read(list(SYMBOLS), OPEN_MS, CLOSE_MS + 3_600_000)
    expected = [row_of(found) for symbol in SYMBOLS for found in scan_session(view, symbol, DAY).signals]
    kept = list(expected[0])
    live = list(Signal.objects.values(*kept))
    order = ("symbol", "bar_end", "detector", "direction")
    assert sorted(live, key=lambda row: [row[name] for name in order]) == sorted(
        expected, key=lambda row: [row[name] for name in order]
    )
    found = {(row["symbol"], row["detector"]) for row in live}
    assert found == {("SPX", "index_mean_reversion_short"), ("SPY", "trend_continuation_long")}
    assert (
        PatternMatch.objects.filter(date=DAY, bar_end=OPEN_MS + BAR_MS).count()
        == PatternMatch.objects.count()
        == 3
    )
    by_price = Signal.objects.filter(outcome_kind="session")
    ended = SignalEvent.objects.filter(kind__in=["TARGET_HIT", "STOPPED", "EXPIRED", "NO_DATA"])
    assert ended.filter(signal__in=by_price).count() == by_price.count()
    assert due_bars(CLOSE_MS + 3_600_000, 0).bars == ()

    assert replay_due(CLOSE_MS + 119 * 60_000) is None
    assert replay_due(CLOSE_MS + 120 * 60_000) == DAY
    assert str(replay_session(DAY)) == "session of 2026-11-24: 0 differences"
    assert replay_due(CLOSE_MS + 120 * 60_000) is None
    out = StringIO()
    call_command("scan", "SPX", as_of="2026-11-24T15:46", conditions=True, stdout=out)
    assert "computed now from the stored data" in out.getvalue()
    assert "mirrored" not in out.getvalue()
    assert set(signals_of(out.getvalue())) == {"yes"}
    # A planted change of a stored row, as a later fetch makes it.
    row = HistoricalBar.objects.filter(symbol="SPY", timeframe="15m", timestamp__gte=OPEN_MS).earliest(
        "timestamp"
    )
    HistoricalBar.objects.filter(symbol="SPY", timeframe="15m", timestamp=row.timestamp).update(
        close=row.close * 2
    )
    changed = replay(DAY)
    assert "SPY" in {each.symbol for each in changed}
    # SPX has the volume of SPY, so its signals may change too.
    assert {each.changed_rows for each in changed} == {("1 rows of historical_bars",)}

    out = StringIO()
    call_command("scan", "SPY", as_of="2026-11-24T15:46", stdout=out)
    assert "bar that ended" in out.getvalue()
    assert "breakout_bullish" in out.getvalue()
    assert signals_of(out.getvalue()) == ["no", "no"]  # those of the changed bar are not stored
    out = StringIO()
    call_command("scan", "SPY", as_of="2026-11-24T09:46", stdout=out)
    assert "No detector fired in this session up to this bar." in out.getvalue()
