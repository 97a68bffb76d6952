"""The IV series behind the ranks: recomputed it equals the live one, rebuilt from bars it is within stated bounds."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
from django.db import connection

from ingestion.backfill.backfill_request import checked_request
from ingestion.backfill.engine.celery_engine import run_job
from ingestion.backfill.plan import plan
from ingestion.backfill.prepare import PreparedData, PreparedSymbol
from ingestion.backfill.ranks import rank_again
from ingestion.backfill.selection import Depth
from ingestion.chains.ingest import Outcome, ingest_chain
from ingestion.daily.iv_percentile import calculate_iv_percentile
from quant.sessions import close_of, sessions
from simulator.market.synthetic_chain import synthetic_chain
from simulator.rest.chain_rows import as_json, chain_rows
from simulator.rest.plans import plan as subscription
from tests.ingestion.backfill.past import FRIDAY, PastMarket
from tests.ingestion.backfill.rebuilding import fetch, rebuild
from tests.provider.server import ok
from warehouse import clock
from warehouse.models import (
    GammaExposure,
    HistoricalGreeks,
    IngestionRun,
    IvPercentile,
    SurfacePoint,
    TermDay,
)
from warehouse.watchlist import add_default_symbols

SYMBOL = "AAPL"  # few strikes, far apart: a difficult case
DAYS = sessions(FRIDAY - timedelta(days=7), FRIDAY)  # six sessions
BEFORE = sessions(FRIDAY - timedelta(days=50), DAYS[0] - timedelta(days=1))[-20:]
# Bounds of the level, and of the percentile among 20 to 25 sessions, each of which counts for 0.04 to 0.05.
LEVEL_WITHIN, PERCENTILE_WITHIN = 0.012, 0.17


@cache
def page(market: PastMarket, day: date) -> dict[str, Any]:
    """Return the chain at a session's close as the provider sends it, up to 70 days from expiration."""
    table = synthetic_chain(market.truth, SYMBOL, close_of(day))
    near = np.flatnonzero(table.expiration <= np.datetime64(day) + 70)
    rows = chain_rows(table, near, subscription("advanced"))
    return {"status": "OK", "results": [as_json(row) for row in rows]}


@cache
def level_before(market: PastMarket, day: date) -> float:
    return market.level(SYMBOL, day)


@pytest.fixture
def live(evening, market, provider, at_market_time) -> list[tuple[Any, ...]]:
    """Store the closing chains and ranks of six sessions as if live, after twenty known sessions; return the rows."""
    add_default_symbols([SYMBOL])
    IvPercentile.objects.bulk_create(
        IvPercentile(
            symbol=SYMBOL,
            date=day,
            current_iv=level_before(market, day),
            data_points=0,
            method_version="test",
        )
        for day in BEFORE
    )
    for day in DAYS:
        provider.tell(f"/v3/snapshot/options/{SYMBOL}", ok(page(market, day)))
    for day in DAYS:
        at_market_time(close_of(day))
        assert ingest_chain(SYMBOL, clock.epoch_ms(close_of(day)), clock.now_ms()).outcome is Outcome.DONE
        at_market_time(close_of(day) + timedelta(minutes=5))
        assert calculate_iv_percentile(SYMBOL, day).iv_percentile is not None
    at_market_time(close_of(FRIDAY) + timedelta(hours=1))
    return as_text()


def as_text() -> list[tuple[Any, ...]]:
    """Return the ranks of the six sessions as JSON text, without the id and the times of their versions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (to_jsonb(t) - '{id,known_at,computed_at}'::text[])::text FROM iv_percentile_cache t"
            " WHERE date >= %s ORDER BY date",
            [DAYS[0]],
        )
        return cursor.fetchall()


def delete_ranks(*models: Any) -> None:
    """Delete the ranks of the six sessions and their runs, and all rows of `models`."""
    IvPercentile.objects.filter(date__gte=DAYS[0]).delete()
    IngestionRun.objects.filter(task="calculate_iv_percentile").delete()
    for model in models:
        model.objects.all().delete()


def backfill_ranks(days: int, market: PastMarket) -> int:
    """Run a backfill of ranks only, without a provider; return the number of ranked sessions."""
    request = checked_request([SYMBOL], days, None, ["iv"], Depth(), "close", clock.now_ms())
    jobs = plan(request, PreparedData([PreparedSymbol(SYMBOL)])).jobs
    for job in jobs:
        run_job(job.stage, job.run, job.arguments, market.connect, clock.now_ms())
    rank_again(SYMBOL, request.sessions[0])
    return len(jobs)


@pytest.mark.parametrize("days", [(8,), (2, 8)], ids=["oldest first", "the last two sessions, then all"])
def test_ranks_recomputed_from_stored_chains_equal_the_live_ones(live, market, days):
    assert len(live) == len(DAYS) == 6
    delete_ranks()
    assert as_text() == []
    assert sum(backfill_ranks(each, market) for each in days) == len(DAYS)
    assert as_text() == live
    assert list(TermDay.objects.order_by("date").values_list("date", flat=True)) == DAYS
    assert SurfacePoint.objects.filter(date=FRIDAY, iv__isnull=False).count() > 10
    assert set(IngestionRun.objects.filter(task="store_surface").values_list("status", flat=True)) == {"DONE"}


def test_a_series_rebuilt_from_bars_is_within_its_bounds_of_the_live_one(live, market):
    recorded = by_day()
    delete_ranks(HistoricalGreeks, GammaExposure, IngestionRun)
    fetch(SYMBOL, market, DAYS, Depth())
    for day in DAYS:
        assert rebuild(SYMBOL, day, Depth()).stored
    backfill_ranks(8, market)
    rebuilt = by_day()
    for term in TermDay.objects.all():
        assert term.settlements > 1
        assert abs(term.at_the_money[2] - rebuilt[term.date].current_iv) < LEVEL_WITHIN
    assert list(rebuilt) == list(recorded) == DAYS
    level, percentile = (
        np.array([getattr(rebuilt[day], name) - getattr(recorded[day], name) for day in DAYS])
        for name in ("current_iv", "iv_percentile")
    )
    assert 0 < np.abs(level).max() < LEVEL_WITHIN
    assert np.abs(percentile).max() < PERCENTILE_WITHIN
    assert [rebuilt[day].iv_regime for day in DAYS] == [recorded[day].iv_regime for day in DAYS]


def by_day() -> dict[date, IvPercentile]:
    return {row.date: row for row in IvPercentile.objects.filter(date__gte=DAYS[0]).order_by("date")}
