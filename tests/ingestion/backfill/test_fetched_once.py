"""What a backfill has fetched is known as long as its bars, however soon the ledger deletes its runs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingestion.backfill.backfill_request import checked_request
from ingestion.backfill.engine.jobs import Stage
from ingestion.backfill.plan import plan
from ingestion.backfill.prepare import PreparedData, PreparedSymbol
from ingestion.backfill.summary import summarise
from ingestion.backfill.totals import EMPTY
from provider.transport import Traffic
from quant.sessions import close_of
from tests.ingestion.backfill.past import FRIDAY
from tests.ingestion.backfill.rebuilding import NEAR, fetch, rebuild
from warehouse import clock, retention
from warehouse.models import ContractListing, FetchedRange, HistoricalBar, IngestionRun

pytestmark = pytest.mark.database


@pytest.fixture
def months_later(evening, market, at_market_time) -> str:
    """The bars of Friday were fetched, and retention was applied 100 days later."""
    fetch(evening, market, [FRIDAY])
    at_market_time(close_of(FRIDAY) + timedelta(days=100))
    assert IngestionRun.objects.exists()
    retention.delete_all_expired(clock.now_ms())
    assert not IngestionRun.objects.exists()
    market.requests.clear()
    return evening


def test_nothing_is_requested_again_after_the_ledger_has_deleted_its_runs(months_later, market):
    fetch(months_later, market, [FRIDAY])
    assert dict(market.requests) == {}


def test_a_plan_needs_no_request_for_what_was_fetched_months_ago(months_later, market):
    data = PreparedData([PreparedSymbol(months_later, fetch(months_later, market, [FRIDAY]))])
    request = checked_request([months_later], 1, FRIDAY, ["greeks"], NEAR, "close", clock.now_ms())
    result = plan(request, data)
    assert (result.requests, [job.stage for job in result.jobs]) == (0, [Stage.CHAINS])
    totals = summarise(request.sessions, data, result.totals, Traffic(), 0).stages[Stage.CONTRACTS]
    assert (totals.runs, totals.done) == (30, 30)


def test_a_plan_counts_what_earlier_backfills_stored(evening, market):
    data = PreparedData([PreparedSymbol(evening, fetch(evening, market, [FRIDAY]))])
    rebuilt = rebuild(evening, FRIDAY, NEAR)
    traded = HistoricalBar.objects.filter(symbol__startswith="O:")
    request = checked_request([evening], 1, FRIDAY, ["greeks"], NEAR, "close", clock.now_ms())
    result = plan(request, data)
    contracts, chains = result.totals[Stage.CONTRACTS], result.totals[Stage.CHAINS]
    assert result.jobs == []
    assert (contracts.runs, contracts.done, contracts.rows) == (30, 30, traded.count())
    assert contracts.counts[EMPTY] == 30 - traded.distinct("symbol").count()
    assert (chains.runs, chains.done, chains.rows) == (1, 1, rebuilt.rows)
    assert chains.counts == rebuilt.rejected


def test_it_is_requested_again_once_its_ranges_are_gone(months_later, market):
    FetchedRange.objects.filter(symbol__startswith="O:").delete()
    ContractListing.objects.all().delete()
    fetch(months_later, market, [FRIDAY])
    assert sum(ticker.startswith("O:") for ticker in market.requests) == 30
    assert sum("expired=" in query for query in market.requests) > 0
