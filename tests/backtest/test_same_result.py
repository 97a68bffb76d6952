"""Equal backtests have equal results and fingerprints, whenever and in which order they run."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from backtest import store
from backtest.engine import backtest_symbol
from backtest.request import Request
from ingestion import fetched_ranges
from ingestion.bars.historical_bars import task_of
from ingestion.fetched_ranges import Stretch
from quant import sessions
from quant.sessions import DAY_MS
from signals.anchors import REGULAR
from signals.detectors.registry import DETECTORS
from tests.partitions import drop_partitions
from tests.signals import market
from tests.warehouse.rows import add_action, add_bar
from tests.web.backtests.stored import DAY, asked, finished, outcome
from warehouse import clock, market_days
from warehouse.models import FetchedRange, HistoricalBar, IvPercentile, MarketEvent, StreamGap
from warehouse.models.enums import Timeframe

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
FIRST = REGULAR.before(market.LAST, 2)
NEXT = REGULAR.following(market.LAST)
NOW_MS = clock.epoch_ms(sessions.close_of(market.LAST)) + 2 * sessions.HOUR_MS
LATER_MS = NOW_MS + 30 * sessions.HOUR_MS
SYMBOLS = ("SPY", "QQQ")


@pytest.fixture
def stored():
    for symbol in SYMBOLS:
        market.watch(symbol)
        market.store_bars(symbol)
        market.store_gamma(symbol, REGULAR.before(FIRST, 2))
        market.store_flow(symbol, REGULAR.before(FIRST, 23))
        fetched(symbol, NOW_MS)
    market.store_days(SYMBOLS, REGULAR.before(FIRST, 10))
    yield
    drop_partitions()


def fetched(symbol: str, until_ms: int) -> None:
    """The bars of the range were fetched, up to an instant."""
    since_ms = clock.epoch_ms(sessions.open_of(REGULAR.before(FIRST, 1)))
    fetched_ranges.extend(task_of(Timeframe.QUARTER_HOUR), symbol, Stretch(since_ms, until_ms))


def request(until_ms: int) -> Request:
    names = tuple(one.name for one in DETECTORS)
    return Request(SYMBOLS, names, FIRST, market.LAST, minimum=0.0, chance_entries=20, until_ms=until_ms)


def test_the_order_in_which_workers_finish_changes_no_digit(transactional_db):
    results = []
    for order in (("SPY", "QQQ"), ("QQQ", "SPY")):
        backtest = asked("SPY", "QQQ", detectors=("breakout_bullish",))
        gains = {"SPY": [0.1, 1.7, -1.0], "QQQ": [0.3, -0.7, 1e-9]}
        rows = [
            outcome(backtest, DAY, bar, r, symbol=symbol)
            for symbol in order
            for bar, r in enumerate(gains[symbol])
        ]
        for one in rows:
            one.save()
        results.append(finished(backtest, []).result)
        read = store.read_outcomes(int(backtest.pk))[0]
        assert read.symbol.tolist() == ["QQQ", "SPY"] * 3
        assert read.r.tolist() == [0.3, 0.1, -0.7, 1.7, 1e-9, -1.0]
    assert results[0] == results[1]


def test_what_is_stored_after_the_range_changes_no_fingerprint(stored):
    before = backtest_symbol(request(NOW_MS), "SPY")
    market.store_gamma("SPY", NEXT, NEXT)
    market.store_flow("SPY", NEXT, NEXT)
    market.store_days(["SPY"], NEXT, NEXT)
    fetched("SPY", LATER_MS)
    add_action(NEXT, "SPY", kind="split", split_from=1, split_to=2, known_at=LATER_MS)
    note_later_facts()
    after = backtest_symbol(request(LATER_MS), "SPY")
    assert before.rows
    assert (after.rows, after.fingerprint) == (before.rows, before.fingerprint)


def test_of_facts_after_the_range_only_daily_bars_change_a_daily_fingerprint(stored):
    def found(until_ms: int) -> str:
        return backtest_symbol(replace(request(until_ms), timeframe="1d"), "SPY").fingerprint

    before = found(NOW_MS)
    market.store_gamma("SPY", NEXT, NEXT)
    market.store_days(["SPY"], NEXT, NEXT)
    note_later_facts()
    assert found(LATER_MS) == before
    bar = HistoricalBar.objects.filter(symbol="SPY", timeframe="1d").latest("timestamp")
    day_ms = (NEXT - market.LAST).days * DAY_MS
    add_bar(
        bar.timestamp + day_ms,
        timeframe="1d",
        known_at=bar.known_at + day_ms,
        open=bar.close,
        close=bar.close,
    )
    assert found(LATER_MS + 3 * DAY_MS) != before


def add_gap(from_ms: int) -> None:
    StreamGap.objects.create(feed="options 1/1", from_ms=from_ms, to_ms=from_ms + 1000, status="UNREPAIRABLE")


def note_later_facts() -> None:
    """An event, a gap and a closure of which nobody knew before the end of the range."""
    known_at = {"known_at": LATER_MS, "source": "live"}
    MarketEvent.objects.create(
        symbol="SPY", kind="EARNINGS", date=NEXT, timing="AFTER_CLOSE", certainty="CONFIRMED", **known_at
    )
    add_gap(LATER_MS)
    market_days.overrule(NEXT + dt.timedelta(days=30), None, "closed")
    # The same numbers were computed again.
    IvPercentile.objects.filter(symbol="SPY", date=market.LAST).update(computed_at=LATER_MS)


def test_a_fact_that_an_outcome_can_depend_on_changes_the_fingerprint(stored):
    before = backtest_symbol(request(NOW_MS), "SPY").fingerprint
    IvPercentile.objects.filter(symbol="SPY", date=FIRST).update(iv_rank=0.5)
    changed = backtest_symbol(request(NOW_MS), "SPY").fingerprint
    opens = clock.epoch_ms(sessions.open_of(FIRST))
    add_gap(opens)
    with_gap = backtest_symbol(request(NOW_MS), "SPY").fingerprint
    longer = backtest_symbol(replace(request(NOW_MS), first=REGULAR.before(FIRST, 1)), "SPY").fingerprint
    assert len({before, changed, with_gap, longer}) == 4


def test_time_that_was_not_fetched_changes_the_fingerprint(stored):
    before = backtest_symbol(request(NOW_MS), "SPY").fingerprint
    FetchedRange.objects.filter(symbol="SPY").update(until_ms=clock.epoch_ms(sessions.open_of(market.LAST)))
    assert backtest_symbol(request(NOW_MS), "SPY").fingerprint != before
