"""`/metrics` serves figures of tables and Redis in the format of Prometheus, and never hangs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connections
from prometheus_client.parser import text_string_to_metric_families

from flow.delivery.inbox import Inbox
from quant import sessions
from tests.ingestion.fixtures import at_market_time  # noqa: F401 - a fixture is used by its name
from tests.partitions import drop_partitions
from tests.ports import closed_port
from tests.warehouse.rows import add_greeks
from warehouse import clock, runs
from warehouse.heartbeats import HeartbeatWriter
from warehouse.models import FlowSlot, RepairContract, StreamGap
from warehouse.watchlist import add_default_symbols
from web import metrics

NOW = datetime(2026, 11, 18, 19, 45, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh():
    sessions.is_open(NOW)
    metrics.current.forget()
    yield
    metrics.current.forget()


@pytest.fixture
def scrape(at_market_time, redis_client, client):  # noqa: F811 - the fixture imported above
    at_market_time(NOW)

    def read() -> dict[tuple[str, ...], float]:
        """Values by name and label values, the latter by the names of the labels."""
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain; version=")
        families = text_string_to_metric_families(answer.content.decode())
        return {
            (sample.name, *(text for _, text in sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }

    yield read
    drop_partitions()


def test_metrics_of_chains_jobs_processes_gaps_and_queues(scrape, redis_client, settings):
    slot = clock.epoch_ms(NOW)
    with runs.claim("ingest_chain", "SPX", slot) as run:
        runs.finish(run)
    with runs.claim("ingest_chain", "SPY", slot) as run:
        runs.fail(run, "away")
    HeartbeatWriter("beat").write(leads=True)
    StreamGap.objects.create(feed="options", from_ms=slot, reason="cut", status="OPEN")
    StreamGap.objects.create(feed="options", from_ms=1, reason="cut", status="REPAIRED", repaired=7)
    add_greeks(slot)
    redis_client.rpush("warehouse:ingest", "a", "b")
    found = scrape()
    assert found["app_chain_last_slot_timestamp_seconds", "SPX"] == slot / 1000
    assert ("app_chain_last_slot_timestamp_seconds", "SPY") not in found
    assert found["app_task_last_success_timestamp_seconds", "ingest_chain"] == pytest.approx(
        slot / 1000, abs=60
    )
    assert found["app_runs_24h", "DONE", "ingest_chain"] == 1
    assert found["app_runs_24h", "FAILED", "ingest_chain"] == 1
    assert found[("app_beat_last_tick_timestamp_seconds",)] == pytest.approx(slot / 1000, abs=60)
    assert (found["app_processes_alive", "beat"], found["app_processes_alive", "worker"]) == (1, 0)
    assert (found[("app_gap_open",)], found[("app_gap_repaired_prints",)]) == (1, 7)
    assert found["app_queue_messages", "ingest"] == 2
    assert found["app_queue_messages", "default"] == 0
    # Wednesday 19:45 UTC to the Monday after
    assert found["app_partition_days_ahead", "historical_greeks"] == pytest.approx(4.177, abs=0.01)
    assert found["app_table_bytes", "historical_greeks"] > 0
    assert (found["app_up", "database"], found["app_up", "redis"]) == (1, 1)
    assert found["app_build_info", "false", settings.VERSION] == 1


def test_metrics_of_repairs(scrape):
    slot = clock.epoch_ms(NOW)
    assert ("app_repair_last_progress_timestamp_seconds",) not in scrape()
    metrics.current.forget()
    for feed, to_ms in (("options 1/2", slot - 500_000), ("options 2/2", slot - 90_000), ("stocks", None)):
        StreamGap.objects.create(feed=feed, from_ms=slot - 600_000, to_ms=to_ms, reason="cut", status="OPEN")
    gap = StreamGap.objects.get(feed="options 1/2")
    for strike, outcome in enumerate(("waiting", "waiting", "asked", "refused")):
        RepairContract.objects.create(
            gap=gap,
            symbol="SPX",
            contract_ticker=str(strike),
            volume=1,
            outcome=outcome,
            asked_at=slot - strike,
        )
    found = scrape()
    assert (found[("app_repair_gaps",)], found[("app_repair_contracts",)]) == (2, 2)
    assert found[("app_repair_oldest_seconds",)] == pytest.approx(500, abs=60)
    assert found[("app_repair_last_progress_timestamp_seconds",)] == slot / 1000


def test_metrics_of_live_trades(scrape, redis_client):
    HeartbeatWriter("", name="flow_listener").write(subscribed=True, lag_ms=250, spool_bytes=4096, trades=12)
    Inbox(redis_client, "options").put("options:boot:1", b"twelve bytes")
    found = scrape()
    assert found["app_inbox_batches", "options"] == 1
    assert found["app_inbox_bytes", "options"] == 12
    assert 0 <= found["app_inbox_oldest_seconds", "options"] < 30
    assert found["app_flow_lag_seconds", "flow_listener"] == 0.25
    assert found["app_flow_subscribed", "flow_listener"] == 1
    assert found["app_flow_spool_bytes", "flow_listener"] == 4096
    assert found["app_flow_prints", "flow_listener"] == 12


def test_an_unavailable_server_lacks_only_its_own_metrics(scrape, monkeypatch, settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{closed_port()}/0"
    found = scrape()
    assert (found["app_up", "database"], found["app_up", "redis"]) == (1, 0)
    metrics.current.forget()
    monkeypatch.setitem(connections.settings["default"], "PORT", closed_port())
    found = scrape()
    assert (found["app_up", "database"], found["app_up", "redis"]) == (0, 0)
    assert ("app_gap_open",) not in found


def test_metrics_of_the_flow_with_a_known_side(scrape):
    now_ms = clock.now_ms()
    add_default_symbols(["SPX"])
    for hours, trades in ((30, 1000), (2, 8), (1, 2)):
        FlowSlot.objects.create(
            symbol="SPX",
            timestamp=now_ms - hours * 3_600_000,
            **dict.fromkeys(
                ("contracts", "call_contracts", "put_contracts", "call_premium", "put_premium"), 0
            ),
            **dict.fromkeys(("bullish_premium", "bearish_premium", "sweeps", "bullish_sweeps"), 0),
            **dict.fromkeys(("bearish_sweeps", "blocks", "unusual"), 0),
            trades=trades,
            premium=1000 * trades,
            stream_sided_trades=1,
            rest_sided_premium=250,
            candidates=trades,
            rest_sided_candidates=2,
            waiting_candidates=1,
            method_version="m",
            known_at=now_ms,
        )
    found = scrape()
    flow = {
        (unit, side): found[(f"app_flow_{unit}_24h", side, "SPX")]
        for unit, side in (("trades", "any"), ("trades", "stream"), ("premium", "any"), ("premium", "rest"))
    }
    assert list(flow.values()) == [10, 2, 10_000, 500]
    assert found[("app_flow_candidates_24h", "rest", "SPX")] == 4
    assert found[("app_flow_quotes_wanted_24h", "SPX")] == 2
