"""Workers send alerts for unusual sweeps of new rows, at most one message per minute."""

from __future__ import annotations

import pytest

from flow import tasks
from tests.flow.trades import NOON_MS, make_batch, process
from tests.webhook import Webhook

pytestmark = pytest.mark.usefixtures("at_noon")

ISO = 219
# 500 contracts at 1.10: 55,000 dollars each.
LEG = {"size": 500, "price": 1.10}
ALERT = "SPX sweep, BULLISH: 1,000 x 2026-12-18 6500 call, $110,000"


@pytest.fixture
def webhook(redis_client, settings):
    server = Webhook()
    settings.ALERT_WEBHOOK_URL = server.url
    yield server
    server.stop()


def sweep_batch(at_ms: int = NOON_MS, first: int = 1):
    """Return one order over two exchanges, 20 ms apart."""
    return make_batch(
        LEG | {"sequence_number": first, "exchange": 302, "timestamp_ms": at_ms},
        LEG | {"sequence_number": first + 1, "exchange": 313, "timestamp_ms": at_ms + 20},
    )


def test_alert_describes_a_whole_sweep(put_batch, webhook):
    tasks.store_trades(put_batch(sweep_batch()))
    assert webhook.texts == [ALERT]


def test_repeated_batch_sends_no_second_alert(put_batch, webhook, redis_client):
    tasks.store_trades(put_batch(sweep_batch()))
    redis_client.delete("warehouse:alerts:unusual_activity:")  # as after a minute
    tasks.store_trades(put_batch(sweep_batch()))
    assert webhook.texts == [ALERT]


def test_sweeps_within_a_minute_of_an_alert_are_counted_in_the_next(put_batch, webhook, redis_client):
    for place in range(3):
        tasks.store_trades(put_batch(sweep_batch(NOON_MS - 5_000 * place, first=10 * place + 1)))
    redis_client.delete("warehouse:alerts:unusual_activity:")
    tasks.store_trades(put_batch(sweep_batch(NOON_MS - 60_000, first=90)))
    assert webhook.texts == [ALERT, f"{ALERT} (and 2 more since the last alert of this kind)"]


@pytest.mark.parametrize(
    "batch",
    [
        make_batch({"size": 900, "price": 1.10, "condition": ISO}),  # 99,000 dollars
        make_batch({"size": 2_000, "price": 1.10}),  # a block
        sweep_batch(NOON_MS - 3_600_000),  # an hour late, from a spool
    ],
    ids=["small", "no sweep", "late"],
)
def test_other_trades_send_no_alert(put_batch, webhook, batch):
    tasks.store_trades(put_batch(batch))
    assert webhook.texts == []


def test_repair_sends_no_alert(webhook):
    process(sweep_batch())
    assert webhook.texts == []


def test_unreachable_webhook_fails_no_batch(put_batch, webhook):
    webhook.status = 500
    assert "2 new" in tasks.store_trades(put_batch(sweep_batch()))
