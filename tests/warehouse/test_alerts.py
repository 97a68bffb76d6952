"""Alerts: request format, rate limit per kind and subject, unreachable webhook or Redis."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from tests.ports import closed_port
from tests.webhook import Webhook
from warehouse import alerts
from warehouse.alerts import Kind


@dataclass
class Trade:
    symbol: str = "SPX"
    contract_ticker: str = "O:SPXW251219C06475000"
    trade_type: str | None = "SWEEP"
    sentiment: str | None = "BULLISH"
    premium: Decimal | None = Decimal("250000.50")
    size: int = 1200


@pytest.fixture
def webhook(redis_client, settings):
    server = Webhook()
    settings.ALERT_WEBHOOK_URL = server.url
    yield server
    server.stop()


def test_an_alert_is_posted_as_discord_json_without_mentions(webhook):
    assert alerts.send(Kind.STALE_FEED, "SPX is stale")
    assert webhook.posted == [{"content": "SPX is stale", "allowed_mentions": {"parse": []}}]


def test_a_webhook_that_asks_to_wait_is_left_alone_for_that_time(webhook, redis_client):
    webhook.status, webhook.headers = 429, {"Retry-After": "120.5"}
    assert not alerts.send(Kind.SIGNAL, "a signal", "1")
    assert redis_client.ttl("warehouse:alerts:webhook_away") in (120, 121)
    webhook.status = 204
    assert not alerts.send(Kind.STALE_FEED, "another kind waits too")
    redis_client.delete("warehouse:alerts:webhook_away")  # as at the end of the wait
    assert alerts.send(Kind.SIGNAL, "a signal", "1")
    assert webhook.texts == ["a signal", "a signal"]


def test_nothing_is_sent_without_a_webhook_url(webhook, settings):
    settings.ALERT_WEBHOOK_URL = ""
    assert not alerts.send(Kind.STALE_FEED, "SPX is stale")
    assert webhook.posted == []


def test_one_alert_is_sent_per_kind_and_subject_in_a_period(webhook, redis_client):
    assert [alerts.send(Kind.FAILED_JOB, "a", subject) for subject in ("a", "a", "b")] == [True, False, True]
    assert alerts.send(Kind.STALE_FEED, "another kind")
    assert redis_client.ttl("warehouse:alerts:failed_job:a") in (1_295_999, 1_296_000)
    redis_client.delete("warehouse:alerts:failed_job:a")  # as at the end of the period
    assert alerts.send(Kind.FAILED_JOB, "again", "a")
    assert webhook.texts == ["a", "a", "another kind", "again"]


def test_suppressed_events_are_counted_in_the_next_alert(webhook, redis_client):
    for _ in range(4):
        alerts.unusual_activity([Trade()])
    redis_client.delete("warehouse:alerts:unusual_activity:")
    alerts.unusual_activity([Trade()])
    assert webhook.texts == [
        "SPX sweep, BULLISH: 1,200 x 2025-12-19 6475 call, $250,000",
        "SPX sweep, BULLISH: 1,200 x 2025-12-19 6475 call, $250,000 (and 3 more since the last alert of this kind)",
    ]


def test_unusual_activity_lists_the_five_largest_sweeps_from_100000_dollars(webhook):
    usual = [
        Trade(premium=Decimal("99999.99")),
        Trade(premium=None),
        Trade(trade_type="BLOCK", premium=Decimal(900_000)),
    ]
    assert not alerts.unusual_activity(usual)
    unusual = [Trade(premium=Decimal(100_000 + number), size=number) for number in range(7)]
    assert alerts.unusual_activity([*usual, *unusual])
    lines = webhook.texts[0].split("\n")
    assert [line.split(": ")[1].split(" x ")[0] for line in lines[:-1]] == ["6", "5", "4", "3", "2"]
    assert lines[-1] == "and 2 more sweeps of $100,000 or more"


def test_an_undelivered_alert_is_sent_by_the_next_check(webhook, redis_client):
    webhook.status = 500
    assert not alerts.send(Kind.STALE_FEED, "SPX is stale")
    webhook.status = 204
    assert not alerts.send(Kind.FAILED_JOB, "not tried: the last request to the webhook failed")
    assert redis_client.ttl("warehouse:alerts:webhook_away") in (49, 50)
    redis_client.delete("warehouse:alerts:webhook_away")  # as at the end of that pause
    assert alerts.send(Kind.STALE_FEED, "SPX is stale")
    assert webhook.texts == ["SPX is stale", "SPX is stale"]


def test_an_unreachable_webhook_raises_nothing_and_its_url_is_not_logged(
    webhook, settings, caplog, redis_client
):
    caplog.set_level("DEBUG")
    webhook.status = 404
    refusing = f"http://127.0.0.1:{closed_port()}/sentinel-token"
    for address in (webhook.url, refusing, "no address at all: sentinel-token"):
        settings.ALERT_WEBHOOK_URL = address
        assert not alerts.send(Kind.STALE_FEED, "SPX is stale")
        redis_client.delete("warehouse:alerts:webhook_away")
    own = [record.getMessage() for record in caplog.records if record.name == "warehouse.alerts"]
    assert len(own) == 3
    assert "sentinel" not in "".join(own)


def test_an_alert_is_sent_while_redis_is_unreachable(webhook, settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{closed_port()}/0"
    assert alerts.send(Kind.STALE_FEED, "SPX is stale")
    assert webhook.texts == ["SPX is stale"]


def test_a_long_text_is_cut_to_2000_characters(webhook):
    alerts.send(Kind.STALE_FEED, "x" * 5000)
    assert len(webhook.texts[0]) == 2000
