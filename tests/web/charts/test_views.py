"""The page of a symbol and the addresses of its documents: permissions, refusals, caching, CSV, queries, plans."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.plans import nodes
from tests.roles import as_role
from tests.warehouse.rows import add_bar, add_curve, add_greeks, add_iv, add_regime, add_term, add_trade
from tests.web.charts.market import MINUTE_MS, SLOT, SLOT_BEFORE, TUESDAY_CLOSE, add_expiration, add_snapshot
from warehouse import watchlist
from warehouse.models import WatchlistEntry
from web.charts.documents.session_flow import forget_flow
from web.charts.documents.slot_chain import forget_chains
from web.charts.documents.volatility.slot_smiles import forget_smiles
from web.charts.views import DOCUMENTS, MARKET_DOCUMENTS

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def watched(db):
    forget_chains()
    forget_flow()
    forget_smiles()
    watchlist.add_default_symbols(["SPX", "SPY"])


@pytest.fixture
def viewer(client, watched):
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_gammaexposure"))
    client.force_login(user)
    return client


@pytest.fixture
def rows(watched):
    """Facts of every kind, of which each chart of SPX has some."""
    for slot in (TUESDAY_CLOSE, SLOT_BEFORE, SLOT):
        add_snapshot(slot, underlying_price=6500, measured_contracts=1)
        known = slot + 20_000
        add_greeks(
            slot, "O:SPXW251121C06500000", expiration="2025-11-21", strike=6500, gamma=0.001, multiplier=100,
            open_interest=10, volume=5, implied_volatility=0.15, delta=0.5, known_at=known,
        )  # fmt: skip
        add_curve(slot, expiration="2025-11-21", forward=6500, exercise_style="american", known_at=known)
        add_expiration(slot, "2025-11-21", 2, 5e9)
    add_trade(SLOT, underlying_price=6500, known_at=SLOT + 1000)
    for timeframe, minutes in (("15m", 15), ("1m", 1)):
        end = SLOT_BEFORE + minutes * MINUTE_MS
        add_bar(SLOT_BEFORE, symbol="SPX", timeframe=timeframe, known_at=end + 30_000)
    add_iv("2025-11-18", current_iv=0.15, known_at=TUESDAY_CLOSE + 300_000)
    add_term("2025-11-18", known_at=TUESDAY_CLOSE + 300_000)
    add_regime("2025-11-18", market_regime="CHOPPY", known_at=TUESDAY_CLOSE + 300_000)


def test_the_page_has_a_figure_for_each_chart(viewer, rows):
    answer = viewer.get("/symbol/SPX/")
    page = answer.content.decode()
    assert answer.status_code == 200
    for chart in ("gamma", "profile", "price", "trades", "intervals", "iv", "smile"):
        assert f'data-document="/symbol/SPX/{chart}"' in page
    assert 'data-document="/market/regime"' in page
    assert "<script>" not in page


def test_the_sidebar_leads_to_the_first_watched_symbol(viewer):
    assert 'href="/symbol/"' in viewer.get("/symbol/SPX/").content.decode()
    assert viewer.get("/symbol/").url == "/symbol/SPX/"
    WatchlistEntry.objects.all().delete()
    assert viewer.get("/symbol/").url == "/admin/warehouse/watchlistentry/"


def test_the_page_of_a_symbol_that_is_not_watched_lists_those_that_are(viewer):
    answer = viewer.get("/symbol/TSLA/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "TSLA is not watched" in page
    assert 'href="/symbol/SPX/"' in page
    assert 'href="/symbol/SPY/"' in page


def test_without_login_the_page_leads_to_the_login(client, watched):
    answer = client.get("/symbol/SPX/")
    assert (answer.status_code, answer.url) == (302, "/admin/login/?next=/symbol/SPX/")
    assert client.get("/symbol/SPX/gamma.json").status_code == 401


def test_without_the_permission_page_and_documents_are_refused(client, watched):
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    page = client.get("/symbol/SPX/")
    assert page.status_code == 403
    assert "To see the charts of symbols you need the group viewer." in page.content.decode()
    for address in ("/symbol/SPX/gamma.json", "/symbol/SPX/gamma.csv", "/market/regime.json"):
        assert client.get(address).status_code == 403


@pytest.mark.parametrize(
    ("address", "status", "detail"),
    [
        ("/symbol/TSLA/gamma.json", 404, "TSLA is not watched; watched are SPX, SPY."),
        ("/market/gamma.json", 404, "There is no chart gamma; there are regime."),
        ("/symbol/SPX/gamma.json?slot=yesterday", 400, "A value of the query is not valid."),
        ("/symbol/SPX/gamma.json?slot=-1", 400, "A value of the query is not valid."),
        ("/symbol/SPX/gamma.json?slot=99999999999999999999", 400, "A value of the query is not valid."),
        ("/symbol/SPX/gamma.json?bucket=2dte", 400, "A value of the query is not valid."),
        ("/symbol/SPX/price.csv?timeframe=2m", 400, "A value of the query is not valid."),
        ("/symbol/SPX/intervals.json?minutes=7", 400, "A value of the query is not valid."),
        ("/symbol/SPX/intervals.json?minutes=x", 400, "A value of the query is not valid."),
    ],
)
def test_an_invalid_request_is_refused_in_one_sentence(viewer, address, status, detail):
    answer = viewer.get(address)
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})


def test_an_unknown_chart_is_refused_with_the_known_ones(viewer):
    answer = viewer.get("/symbol/SPX/candles.json")
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("There is no chart candles; there are summary, slots, gamma,")


def test_an_unchanged_document_is_answered_with_304(viewer, rows):
    first = viewer.get("/symbol/SPX/gamma.json")
    assert first["Cache-Control"] == "private, no-cache"
    again = viewer.get("/symbol/SPX/gamma.json", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    add_snapshot(SLOT + 15 * MINUTE_MS)
    changed = viewer.get("/symbol/SPX/gamma.json", headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


@pytest.mark.parametrize("chart", [*DOCUMENTS, *MARKET_DOCUMENTS])
def test_csv_and_table_have_the_rows_of_the_document(viewer, rows, chart):
    address = f"/market/{chart}" if chart in MARKET_DOCUMENTS else f"/symbol/SPX/{chart}"
    document = viewer.get(f"{address}.json").json()
    answer = viewer.get(f"{address}.csv")
    heading, *lines = csv.reader(io.StringIO(answer.content.decode()))
    assert document["rows"]
    assert document["empty"] is None
    assert len(heading) == len(document["columns"])
    assert lines == [["" if value is None else str(value) for value in row] for row in document["rows"]]
    assert {len(row) for row in document["rows"] + document["cells"]} == {len(document["columns"])}
    assert answer["Content-Disposition"].endswith(f'{chart}.csv"')


# Without those of login, permissions, savepoints and the watchlist.
QUERIES = {
    "summary": 9, "slots": 6, "gamma": 7, "profile": 6, "price": 6, "trades": 5, "intervals": 4, "iv": 3, "smile": 6,
    "volatility": 11, "surface": 8, "fit": 6, "term": 8, "skew": 2, "regime": 2,
}  # fmt: skip


@pytest.mark.parametrize("chart", [*DOCUMENTS, *MARKET_DOCUMENTS])
def test_a_document_needs_few_queries_and_the_rights_of_the_web(viewer, rows, chart):
    address = f"/market/{chart}" if chart in MARKET_DOCUMENTS else f"/symbol/SPX/{chart}"
    with as_role("warehouse_web"), CaptureQueriesContext(connection) as captured:
        assert viewer.get(f"{address}.json").status_code == 200
    ours = [
        query["sql"]
        for query in captured.captured_queries
        if not any(
            part in query["sql"] for part in ("auth_", "django_session", "django_content", "SAVEPOINT")
        )
        and 'FROM "watchlist"' not in query["sql"]
    ]
    assert len(ours) == QUERIES[chart]


@pytest.mark.parametrize("chart", [*DOCUMENTS, *MARKET_DOCUMENTS])
def test_every_table_of_facts_is_read_by_an_index(viewer, rows, chart):
    """Small tables are read as a whole; without sequential scans, a scan without an index is one that none fits."""
    address = f"/market/{chart}" if chart in MARKET_DOCUMENTS else f"/symbol/SPX/{chart}"
    with CaptureQueriesContext(connection) as captured:
        viewer.get(f"{address}.json?bucket=1-7")
    facts = (
        "historical_",
        "options_flow",
        "trades_as_of",
        "gamma_",
        "iv_percentile",
        "market_regime",
        "market_events",
        "iv_surface",
        "iv_term",
        "expiration_",
    )
    read = [
        query["sql"] for query in captured.captured_queries if any(name in query["sql"] for name in facts)
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for sql in read:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
            ((explained,),) = cursor.fetchall()
            plan = explained if isinstance(explained, list) else json.loads(explained)
            assert not [node for node in nodes(plan[0]["Plan"]) if node["Node Type"] == "Seq Scan"], sql
    assert read
