"""A session in which weights are promoted and taken back: the live scanner, and the replay of the session."""

from __future__ import annotations

import datetime as dt

import pytest

from backtest.optimiser import promotion
from quant import sessions
from quant.sessions import MINUTE_MS
from signals.features.history import EVALUATED_AFTER_MS
from signals.scan.due import DueBar
from signals.scan.replay import replay
from signals.scan.run import scan_bar
from tests.backtest.optimiser.promotable import optimization
from tests.partitions import drop_partitions
from tests.signals import market
from warehouse import clock
from warehouse.models import ConfluenceConfig, Signal

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
DAY = dt.date(2026, 11, 24)
OPEN_MS = clock.epoch_ms(sessions.open_of(DAY))
BARS = [OPEN_MS + minutes * MINUTE_MS for minutes in (60, 240, 360)]  # on which the detector fires
PROMOTED_MS, RESTORED_MS = BARS[0] + 5 * MINUTE_MS, BARS[1] + 5 * MINUTE_MS
DETECTOR = "trend_continuation_short"


@pytest.fixture
def stored():
    market.watch("CVX")
    market.store_bars("CVX")
    yield
    drop_partitions()


def scan(bar_end: int) -> Signal:
    assert scan_bar(DueBar(bar_end, bar_end + EVALUATED_AFTER_MS)).signals == 1
    return Signal.objects.get(bar_end=bar_end)


def test_promoted_weights_count_from_the_next_bar_until_they_are_restored(stored):
    row = optimization(detectors={DETECTOR: 1.25})
    before = scan(BARS[0])
    config = promotion.promote(row.id, "ann", PROMOTED_MS)
    between = scan(BARS[1])
    promotion.restore(None, "ann", RESTORED_MS)
    after = scan(BARS[2])
    signals = (before, between, after)
    assert {one.detector for one in signals} == {DETECTOR}
    assert [one.config_id for one in signals] == [None, config.id, None]
    terms = [
        one.final_score - weight * one.base_score for one, weight in zip(signals, (1, 1.25, 1), strict=True)
    ]
    assert terms == pytest.approx([10.0, 10.0, 10.0])  # that of the alignment of timeframes

    # The weights of each bar are those of its time, and the default ones are active now.
    assert replay(DAY) == []
    ConfluenceConfig.objects.update(retired_at=BARS[1] - MINUTE_MS)
    (found,) = replay(DAY)
    assert (found.bar_end, found.what) == (
        BARS[1],
        "differs in final_score, scalp_score, day_score, swing_score, config_id",
    )
