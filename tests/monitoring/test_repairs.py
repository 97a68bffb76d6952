"""The health of repairs: what waits, for how long, and whether contracts are answered."""

from __future__ import annotations

import pytest

from monitoring.alert_rules import send_due_alerts
from monitoring.checks import Health
from monitoring.repairs import check_repairs
from tests.webhook import Webhook
from warehouse import clock
from warehouse.models import RepairContract, StreamGap

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NOW_MS = clock.epoch_ms(clock.instant(1_795_000_000_000))
MINUTE_MS = 60_000


def add_gap(ended_minutes_ago: int, **columns: object) -> StreamGap:
    to_ms = NOW_MS - ended_minutes_ago * MINUTE_MS
    defaults = {"feed": "options", "from_ms": to_ms - 1, "to_ms": to_ms, "reason": "cut", "status": "OPEN"}
    return StreamGap.objects.create(**{**defaults, **columns})


def add_contract(gap: StreamGap, number: int, **columns: object) -> None:
    defaults = {"symbol": "SPX", "contract_ticker": f"O:{number}", "volume": 1.0, "outcome": "waiting"}
    RepairContract.objects.create(gap=gap, **{**defaults, **columns})


def test_without_gaps_nothing_waits():
    add_gap(90, status="REPAIRED", repaired_at=NOW_MS)
    add_gap(90, from_ms=1, to_ms=None)  # it lasts, so it is not repaired yet
    check = check_repairs(NOW_MS)
    assert (check.health, check.detail) == (Health.OK, "no gap waits")
    assert check.figures == {
        "gaps_waiting": 0,
        "contracts_waiting": 0,
        "oldest_seconds": 0,
        "last_progress_ms": NOW_MS,
    }


def test_a_gap_may_wait_for_half_an_hour():
    add_gap(30)
    assert check_repairs(NOW_MS).health is Health.OK
    check = check_repairs(NOW_MS + 1000)
    assert check.health is Health.DEGRADED
    assert check.detail == (
        "repairs do not progress: 1 gaps and 0 contracts wait, the oldest gap for 30 minutes; "
        "the last answer: never"
    )


def test_a_long_repair_that_gets_answers_is_healthy():
    gap = add_gap(90)
    add_gap(40)
    for number in range(3):
        add_contract(gap, number)
    add_contract(gap, 3, outcome="asked", asked_at=NOW_MS - 15 * MINUTE_MS)
    check = check_repairs(NOW_MS)
    assert (check.health, check.detail) == (Health.OK, "2 gaps and 3 contracts wait")
    assert (check.figures["contracts_waiting"], check.figures["oldest_seconds"]) == (3, 5400)
    assert check_repairs(NOW_MS + 1).detail == (
        "repairs do not progress: 2 gaps and 3 contracts wait, the oldest gap for 90 minutes; "
        "the last answer: 2026-11-18 10:51 UTC"
    )


def test_a_repair_that_was_closed_is_progress():
    add_gap(90)
    add_gap(60, status="REPAIRED", repaired_at=NOW_MS - 15 * MINUTE_MS)
    assert check_repairs(NOW_MS).health is Health.OK
    assert check_repairs(NOW_MS + 1).health is Health.DEGRADED


def test_repairs_that_do_not_progress_send_one_alert(redis_client, settings):
    webhook = Webhook()
    settings.ALERT_WEBHOOK_URL = webhook.url
    now = clock.now()
    StreamGap.objects.create(
        feed="options", from_ms=1, to_ms=clock.epoch_ms(now) - 31 * MINUTE_MS, reason="cut", status="OPEN"
    )
    for _ in range(2):
        send_due_alerts(now)
    webhook.stop()
    assert [text for text in webhook.texts if "repairs" in text] == [
        "repairs do not progress: 1 gaps and 0 contracts wait, the oldest gap for 31 minutes; "
        "the last answer: never"
    ]
