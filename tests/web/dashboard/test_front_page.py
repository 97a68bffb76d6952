"""The front page of the admin, and what it polls."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.warehouse.rows import add_trade
from tests.web.dashboard.board import NOON, NOW, add_gamma_slot, at, store_session, store_symbol, watch
from web.dashboard import document, views

pytestmark = [pytest.mark.database, pytest.mark.django_db]

BLOCKS = "/dashboard/blocks.json"
SYMBOLS = ("NDX", "SPX")


@pytest.fixture(autouse=True)
def fresh() -> Any:
    views.forget()
    yield
    views.forget()


@pytest.fixture
def trader(client: Any) -> Any:
    user = User.objects.create_user("trader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_gammaexposure"))
    client.force_login(user)
    return client


@pytest.fixture
def full(db: None) -> None:
    store_session(*SYMBOLS)


def test_the_front_page_shows_market_symbols_and_operations(trader, full):
    page = trader.get("/admin/").content.decode()
    assert "MARKET OPEN" in page
    assert "RANGE BOUND" in page
    assert "new highs" in page
    assert page.count("+$36.7 bn") == 4  # of two symbols, in the row and in its short form for the phone
    assert "4,506.00" in page
    assert "19,920" in page
    assert "31.6 s" in page


def test_every_number_links_to_the_row_it_came_from(trader, full):
    page = trader.get("/admin/").content.decode()
    for address in (
        "/row/marketregimeday/?date=2025-11-17",
        f"/row/gammaexposure/?symbol=SPX&amp;timestamp={NOON}",
        "/row/ivpercentile/?symbol=SPX&amp;date=2025-11-17",
        f"/row/ingestionrun/?task=ingest_chain&amp;symbol=SPX&amp;slot={NOON}",
        "/admin/warehouse/optionsflow/?symbol=SPX&amp;recent=1",
    ):
        assert address in page


def test_an_empty_warehouse_has_a_page(trader):
    watch("SPX", since_ms=NOW)
    page = trader.get("/admin/").content.decode()
    assert "No regime yet" in page
    assert "no gamma: no chain of this symbol is stored" in page
    assert "NO DATA" in page


def test_the_number_of_queries_grows_by_a_fixed_number_per_symbol(full):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            document.read(NOW, {"services": {}}, document.caches())
        return len(captured)

    two = queries()
    store_symbol("SPY")
    assert (two, queries() - two) == (36, 8)


def test_a_chain_that_is_known_in_a_moment_leaves_the_one_before_on_the_page(trader, full):
    add_gamma_slot(NOON + 300_000, "SPX", total_gamma=1e9, gross_gamma=2e9, known_at=NOW + 5_000)
    assert "+$36.7 bn" in trader.get(BLOCKS).json()["blocks"]["panel SPX"]


def test_blocks_are_sent_again_only_when_they_changed(trader, full):
    first = trader.get(BLOCKS)
    assert list(first.json()["blocks"]) == ["header", "panel NDX", "panel SPX", "operations"]
    again = trader.get(BLOCKS, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    add_trade(at("12:09:30"), 2, symbol="SPX", known_at=at("12:09:30"), underlying_price=4999)
    views.forget()
    changed = trader.get(BLOCKS, HTTP_IF_NONE_MATCH=first["ETag"]).json()["blocks"]
    assert "4,999.00" in changed["panel SPX"]
    assert changed["panel NDX"] == first.json()["blocks"]["panel NDX"]


def test_a_state_that_changes_with_time_alone_changes_the_version(trader, full, settings):
    first = trader.get(BLOCKS)
    settings.CLOCK_OFFSET_MS += 21 * 60_000  # the chain of 12:00 is 31 minutes old
    views.forget()
    later = trader.get(BLOCKS, HTTP_IF_NONE_MATCH=first["ETag"])
    assert later.status_code == 200
    assert "STALE" in later.json()["blocks"]["header"]
    assert "as of 12:00, not current" in later.json()["blocks"]["panel SPX"]


def test_the_document_has_the_values_as_json(trader, full):
    board = trader.get("/dashboard/document.json").json()
    assert board["market"]["word"] == "OPEN"
    assert [panel["symbol"] for panel in board["panels"]] == ["NDX", "SPX"]
    assert board["panels"][1]["gamma"]["net"] == 36.7e9
    assert board["panels"][1]["volatility"]["percentile"] is None


@pytest.mark.parametrize("address", [BLOCKS, "/dashboard/document.json"])
def test_a_user_without_the_permission_gets_403(client, address):
    client.force_login(User.objects.create_user("other", is_staff=True))
    assert client.get(address).status_code == 403
    assert "ask an administrator for the permission" in client.get("/admin/").content.decode()


@pytest.mark.parametrize("address", [BLOCKS, "/dashboard/document.json", "/row/gammaexposure/"])
def test_an_anonymous_visitor_is_sent_to_the_login_page(client, address):
    answer = client.get(address)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/admin/login/")


def test_a_row_is_found_by_its_key(trader, full):
    answer = trader.get(f"/row/gammaexposure/?symbol=SPX&timestamp={NOON}")
    assert answer["Location"].startswith("/admin/warehouse/gammaexposure/")
    assert answer["Location"].endswith("/change/")


@pytest.mark.parametrize(
    "address",
    [
        "/row/gammaexposure/?symbol=SPX&timestamp=1",
        "/row/gammaexposure/?symbol=SPX&timestamp=soon",
        "/row/gammaexposure/?symbol=SPX&timestamp=99999999999999999999999",
        "/row/ivpercentile/?symbol=SPX&date=2025-13-45",
        "/row/user/?id=1",
    ],
)
def test_a_row_that_does_not_exist_is_404(trader, address):
    assert trader.get(address).status_code == 404
