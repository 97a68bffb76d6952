"""Alerts for stale chains, failed jobs and silent workers are sent once per problem."""

from __future__ import annotations

import pytest

from ingestion.chains.ingest import ingest_chain
from monitoring import table_checks
from monitoring.alert_rules import send_due_alerts
from monitoring.checks import Health
from monitoring.freshness import check_chains, check_provider
from tests.ingestion.market import CHAIN_PATH, SLOT, SLOT_MS, two_contracts
from tests.provider.server import ok, refusal
from tests.webhook import Webhook
from warehouse import clock, runs
from warehouse.models import Heartbeat, WatchlistEntry

pytestmark = pytest.mark.database
HALF_HOUR_MS = 30 * 60 * 1000


@pytest.fixture
def webhook(spx, redis_client, settings):
    server = Webhook()
    settings.ALERT_WEBHOOK_URL = server.url
    yield server
    server.stop()


def test_each_problem_is_sent_once(webhook):
    WatchlistEntry.objects.update(active_since_ms=0)
    with runs.claim("calculate_iv_percentile", "SPX", SLOT_MS) as run:
        runs.fail(run, "the provider sent nothing")
    Heartbeat.objects.create(
        id="worker@a:1", last_scan=clock.now_ms() - 90_500, status="healthy", metadata={}
    )
    assert send_due_alerts(clock.now()) == 3
    assert send_due_alerts(clock.now()) == 0
    assert webhook.texts == [
        "SPX is stale: its last chain today is missing, that of 14:15 is expected",
        "worker@a:1 has written no heartbeat for 90 s",
        "calculate_iv_percentile of SPX for 2026-11-18 failed: the provider sent nothing",
    ]


def test_a_failed_job_that_was_done_later_is_not_reported(spx):
    for end in (lambda run: runs.fail(run, "away"), runs.finish):
        with runs.claim("calculate_market_regime", "", SLOT_MS) as run:
            end(run)
    assert table_checks.check_jobs(clock.now_ms()).health is Health.OK


def test_a_chain_may_be_two_cadences_old(spx, provider, at_market_time):
    provider.tell(CHAIN_PATH, ok(two_contracts()))
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    WatchlistEntry.objects.update(active_since_ms=SLOT_MS)
    at_market_time(clock.instant(SLOT_MS + 2 * HALF_HOUR_MS - 60_000))
    assert check_chains(clock.now()).detail == (
        "SPX is stale: its last chain today is 14:45, that of 15:00 is expected"
    )
    at_market_time(clock.instant(SLOT_MS + HALF_HOUR_MS + 10 * 60_000))
    assert check_chains(clock.now()).health is Health.OK


def test_the_provider_check_uses_the_last_answer_of_the_session(spx, provider):
    provider.tell(CHAIN_PATH, refusal(403), ok(two_contracts()))
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    failed = check_provider(SLOT)
    assert failed.health is Health.DEGRADED
    assert failed.detail.startswith("SPX: ")
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    assert check_provider(SLOT).detail == "answered for SPX"
