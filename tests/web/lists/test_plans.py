"""Query plans of lists: no sequential scan of a large table, and only as many rows read as a page needs."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.bench.tables import Flow, Greeks
from tests.ingestion.fixtures import at_market_time  # noqa: F401 - a fixture is used by its name
from tests.partitions import drop_partitions
from tests.plans import LARGE, Scan, scans
from tests.roles import as_role, run
from tests.web.lists.addresses import listing
from warehouse import clock, partitions, watchlist
from warehouse.loading import bulk
from warehouse.models import HistoricalGreeks, OptionsFlow

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
EVENING = datetime(2026, 11, 18, 20, 0, tzinfo=UTC)
SMALL = 8_000  # rows; a sequential scan of a partition below this size is correct
PAGE_ROWS = 4_000  # of 60,000: what a page may read before filters, in all its scans
CONTRACT = "O:SPXW271217C06500000"
QUERIES = [
    *(
        "",
        "?symbol=SPX",
        "?symbol=IWM",
        "?recent=24",
        "?recent=24&symbol=SPY",
        "?on=2026-11-17",
        "?order=timestamp",
    ),
    *("?order=-premium", "?order=-premium&symbol=SPX", "?order=premium", "?order=-premium&recent=24"),
    *("?trade_type=SWEEP", "?sentiment=BULLISH&order=-premium", "?side=none", "?option_type=call", "?dte=30"),
    *("?premium=1000000", "?premium=1000000&order=-premium&trade_type=BLOCK", "?expiration=2027-12-17"),
    *(
        "?source=live",
        "?source=backfill",
        "?source=import&order=-premium",
        f"?contract={CONTRACT}",
        "?symbol=NONE",
    ),
    *("?at=2026-11-17T12:00", "?at=2026-11-16T12:00&symbol=SPX", "?q=spy", f"?q={CONTRACT}"),
]
CHAINS = ["", "?symbol=SPX", "?recent=168", "?on=2026-11-17&symbol=SPY", "?order=timestamp", "?source=import"]


@pytest.fixture
def reader(client, at_market_time):  # noqa: F811 - the fixture imported above
    at_market_time(EVENING)
    watchlist.add_default_symbols(["SPX", "SPY"])
    Greeks().grow(40_000)
    Flow(trades_a_day=20_000).grow(60_000)
    client.force_login(User.objects.create_superuser("root"))
    yield client
    drop_partitions()


def test_pages_of_the_large_tables_are_read_by_an_index(reader):
    small = {
        name
        for (name,) in run("SELECT partition FROM warehouse_partitions() WHERE estimated_rows < %s", SMALL)
    }
    chain = HistoricalGreeks.objects.filter(symbol="SPX").order_by("-strike")
    contract = chain.values_list("contract_ticker", flat=True)[0]
    addresses = [
        *(listing("optionsflow") + query for query in QUERIES),
        *(listing("historicalgreeks") + query for query in (*CHAINS, f"?contract={contract}")),
    ]
    found: dict[str, list[Scan]] = {}
    with as_role("warehouse_web"):
        for address in addresses:
            found[address] = page_scans(reader, address)
            following = reader.get(address).context["links"].get("next")
            if following:
                found[f"next of {address}"] = page_scans(reader, address.partition("?")[0] + following)
        # Within a tenth: the planner does not know how many rows the policy hides.
        estimate = reader.get(listing("optionsflow")).context["cl"].result_count
    scanned = {
        address: {scan.relation for scan in of_page if scan.sequential} - small
        for address, of_page in found.items()
    }
    assert {address: relations for address, relations in scanned.items() if relations} == {}
    read = {address: round(sum(scan.rows for scan in of_page)) for address, of_page in found.items()}
    assert {address: rows for address, rows in read.items() if rows > PAGE_ROWS} == {}
    assert OptionsFlow.objects.count() == 60_000
    assert 54_000 < estimate < 66_000


def page_scans(client, address: str) -> list[Scan]:
    """Return the scans of the statement that reads the rows of a list."""
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    (statement,) = [
        query["sql"]
        for query in queries
        if "LIMIT 51" in query["sql"] and re.search("|".join(LARGE), query["sql"])
    ]
    return scans(statement)


def test_large_trades_and_later_pages_by_premium_are_found_by_an_index(client):
    """Behind row-level security a comparison of NUMERIC is no index condition, one of double precision is."""
    now, count = clock.now_ms(), 20_000
    partitions.ensure("options_flow_history", now - count, now)
    numbers = np.arange(count)
    columns = {
        "symbol": "SPX",
        "timestamp": now - numbers,
        "contract_ticker": CONTRACT,
        "sequence_number": numbers,
        "price": 1,
        "size": 1,
        "premium": np.where(numbers % 2_000 == 1_999, 2_000_000, numbers),
        "trade_type": "REGULAR",
        "sentiment": "NEUTRAL",
        "aggressiveness": "NORMAL",
        "strike": 1,
        "dte": 1,
        "expiration": "2027-12-17",
        "option_type": "call",
        "source": "live",
        "received_at": now,
        "method_version": "test",
    }
    bulk.insert_rows(OptionsFlow, columns)
    run("ANALYZE options_flow_history")
    client.force_login(User.objects.create_superuser("root"))
    try:
        with as_role("warehouse_web"):
            found = page_scans(client, listing("optionsflow") + "?premium=1000000")
            largest = page_scans(client, listing("optionsflow") + "?premium=1000000&order=-premium")
            later = page_scans(client, listing("optionsflow") + "?order=-premium&after=9000.0~0")
            imported = page_scans(client, listing("optionsflow") + "?source=import")
    finally:
        drop_partitions()
    assert sum(scan.rows for scan in found) == 10
    assert sum(scan.rows for scan in largest) == 10
    assert 51 <= sum(scan.rows for scan in later) <= 53
    assert sum(scan.rows for scan in imported) == 0
