"""Alerts about signals: once each, late after five minutes, held back in quiet hours, tried again when refused."""

from __future__ import annotations

import pytest

from quant.sessions import MINUTE_MS
from signals.scan.announce import Announced, announce
from tests.warehouse.rows import add_signal, add_trade
from tests.webhook import Webhook
from warehouse.models import SignalEvent

pytestmark = [pytest.mark.database, pytest.mark.django_db]
NOW_MS = 1_795_626_060_000  # 2026-11-25 12:01 New York
BAR_END = NOW_MS - MINUTE_MS


@pytest.fixture
def webhook(redis_client, settings):
    server = Webhook()
    settings.ALERT_WEBHOOK_URL = server.url
    yield server
    server.stop()


def steps():
    found = SignalEvent.objects.filter(kind="ALERTED").order_by("id")
    return [(event.signal.detector, event.details["status"]) for event in found]


def test_a_new_signal_is_sent_once_with_its_levels_and_contexts(webhook):
    terms = {
        "gamma": {"delta": 10.0, "factor": 1.0, "reason": "short gamma amplifies"},
        "iv": {"delta": 0.0, "factor": 1.0, "reason": "no effect"},
    }
    add_signal(bar_end=BAR_END, final_score=80.4, terms=terms)
    assert announce(NOW_MS) == Announced(sent=1)
    assert announce(NOW_MS + MINUTE_MS) == Announced()
    assert webhook.texts == [
        "SPY LONG breakout bullish, score 80 (day), bar of Wed 25 Nov 2026 12:00:00: entry about 100.00, stop 99.00,"
        " targets 101.50, 102.00, 103.00; short gamma amplifies"
    ]
    assert steps() == [("breakout_bullish", "sent")]


@pytest.mark.parametrize("changed", [{"final_score": 74.9}, {"disposition": "BLOCKED"}])
def test_low_scores_and_blocked_firings_are_not_sent(webhook, changed):
    add_signal(bar_end=BAR_END, **changed)
    assert announce(NOW_MS) == Announced()


def test_signals_of_one_bar_are_one_message(webhook):
    add_signal(bar_end=BAR_END, final_score=80)
    add_signal(bar_end=BAR_END, final_score=90, symbol="QQQ")
    assert announce(NOW_MS) == Announced(sent=2)
    assert [text.split(" LONG")[0] for text in webhook.texts[0].split("\n")] == ["QQQ", "SPY"]


def test_a_signal_of_more_than_five_minutes_ago_is_stored_as_late(webhook):
    add_signal(bar_end=NOW_MS - 6 * MINUTE_MS)
    assert announce(NOW_MS) == Announced(late=1)
    assert (webhook.texts, steps()) == ([], [("breakout_bullish", "late")])


def test_a_refused_alert_is_tried_again_until_it_is_late(webhook, redis_client):
    webhook.status = 500
    add_signal(bar_end=BAR_END)
    assert announce(NOW_MS) == Announced(refused=1)
    assert steps() == []
    redis_client.delete("warehouse:alerts:webhook_away")
    webhook.status = 204
    assert announce(NOW_MS + MINUTE_MS) == Announced(sent=1)


def test_quiet_hours_store_without_sending(webhook, settings):
    settings.ALERT_QUIET_HOURS = "11:00-12:30"
    add_signal(bar_end=BAR_END)
    assert announce(NOW_MS) == Announced(quiet=1)
    assert (webhook.texts, steps()) == ([], [("breakout_bullish", "quiet")])
    settings.ALERT_QUIET_HOURS = "20:00-08:00"
    add_signal(bar_end=BAR_END, symbol="QQQ")
    assert announce(NOW_MS) == Announced(sent=1)


def test_a_large_sweep_in_the_direction_of_a_living_signal_is_sent(webhook):
    signal = add_signal(bar_end=BAR_END - 15 * MINUTE_MS, final_score=70)
    sweep = {"symbol": "SPY", "trade_type": "SWEEP", "is_sweep": True, "premium": 60_000}
    add_trade(NOW_MS - 1000, 1, **sweep, sweep_id=1)
    add_trade(NOW_MS - 999, 2, **sweep, sweep_id=1)
    add_trade(NOW_MS - 2000, 3, **sweep | {"sentiment": "BEARISH", "premium": 250_000})
    add_trade(NOW_MS - 3000, 4, **sweep | {"premium": 99_999})
    add_trade(NOW_MS - 4000, 5, **sweep | {"trade_type": "BLOCK", "is_sweep": False, "premium": 250_000})
    assert announce(NOW_MS) == Announced(sent=1)
    assert webhook.texts == ["SPY bullish sweep of $120,000 confirms breakout bullish LONG"]
    assert announce(NOW_MS + 30_000) == Announced()
    SignalEvent.objects.create(signal=signal, symbol="SPY", kind="STOPPED", timestamp=NOW_MS, details={})
    add_trade(NOW_MS + 1000, 6, **sweep | {"premium": 250_000})
    assert announce(NOW_MS + 40_000) == Announced()


def test_nothing_is_stored_without_a_webhook(settings):
    settings.ALERT_WEBHOOK_URL = ""
    add_signal(bar_end=BAR_END)
    assert announce(NOW_MS) == Announced()
    assert steps() == []
