"""`manage.py stats`: counts since the start of the workers, and the table sizes of the documents."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.management import call_command

from tests.warehouse.rows import HOUR_MS, add_gamma, add_greeks, add_iv, add_regime, add_trade, ago
from warehouse import clock, runs
from warehouse.models import Heartbeat, IngestionRun
from warehouse.reports import table_statistics

pytestmark = [pytest.mark.database, pytest.mark.django_db]

TODAY = dt.date(2026, 11, 18)


def add_finished_run(task: str, slot: int, symbol: str = "") -> None:
    with runs.claim(task, symbol, slot) as run:
        runs.finish(run)


def printed_lines() -> list[str]:
    output = io.StringIO()
    call_command("stats", stdout=output)
    return output.getvalue().splitlines()


def test_counts_start_with_the_oldest_running_worker():
    for identity, started, silent in (
        ("worker@a:1", 150, 0),
        ("worker@b:2", 20, 0),
        ("worker@c:3", 500, 120_000),
    ):
        Heartbeat.objects.create(
            id=identity,
            last_scan=ago(silent),
            status="healthy",
            metadata={"started_ms": ago(started * 60_000)},
        )
    for symbol, slot in (("SPX", 1), ("SPY", 1), ("SPX", 2)):
        add_finished_run("ingest_chain", slot, symbol)
    add_finished_run("ingest_chain", 3, "SPX")
    IngestionRun.objects.filter(slot=3).update(finished_at=ago(3 * HOUR_MS))
    add_finished_run("calculate_iv_percentile", 1, "SPX")
    add_finished_run("calculate_market_regime", 1)
    with runs.claim("ingest_chain", "SPY", 2) as run:
        runs.fail(run, "provider unreachable")
    add_trade(ago(HOUR_MS))
    add_trade(ago(4 * HOUR_MS), 2)
    found = table_statistics.collect(clock.now_ms())
    assert (found.uptime_minutes, found.cycles_completed, found.greeks_ingestions) == (150, 2, 3)
    assert (found.flow_trades, found.iv_calculations, found.gamma_snapshots) == (1, 1, 3)
    assert (found.regime_calculations, found.errors) == (1, 1)
    assert found.last_gamma_ms is None


def test_the_block_is_complete_without_a_running_worker():
    lines = printed_lines()
    assert lines[3] == "Uptime: no worker is alive; counts of the last 24 hours"
    assert [line.split(":")[0] for line in lines[4:16]] == [
        "Cycles Completed",
        "Greeks Ingestions",
        "Flow Ingestions",
        "IV Calculations",
        "Gamma Snapshots",
        "Regime Calculations",
        "Errors",
        *(f"Last {name}" for name in ("Greeks", "Flow", "Gamma", "IV", "Regime")),
    ]
    assert lines[11] == "Last Greeks: -"


def test_table_sizes_are_exact_and_include_the_newest_time():
    stamp = ago(HOUR_MS)
    add_greeks(stamp)
    add_greeks(stamp + 5, symbol="SPY")
    add_gamma(stamp, "QQQ")
    add_iv(TODAY)
    add_regime(TODAY)
    found = {size.table: (size.rows, size.symbols, size.latest) for size in table_statistics.table_sizes()}
    assert found == {
        "historical_greeks": (2, 2, stamp + 5),
        "gamma_exposure_snapshots": (1, 1, stamp),
        "iv_percentile_cache": (1, 1, "2026-11-18"),
        "market_regime_history": (1, None, "2026-11-18"),
        "options_flow_history": (0, 0, None),
    }
    assert printed_lines()[-2].split() == ["market_regime_history", "1", "-", "2026-11-18"]
