"""Admin pages: every table can be browsed; market data are read-only, the watchlist is editable."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.roles import as_role, run
from tests.warehouse.rows import add_greeks, ago
from tests.web.admin.rows import READ_ONLY, add_one_row_each
from warehouse import clock, partitions, watchlist
from warehouse.loading import bulk
from warehouse.models import HistoricalGreeks, WatchlistEntry
from web.admin.base import EstimatedPaginator

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def superuser(client):
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def onlooker(client):
    """A member of staff who may see everything and change nothing."""
    user = User.objects.create_user("onlooker", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    return client


@pytest.fixture
def rows():
    """One row in each table that has a list of its own columns."""
    return add_one_row_each()


def listing(model: str) -> str:
    return reverse(f"admin:warehouse_{model}_changelist")


def filters_of(model: str) -> dict[str, str]:
    """Return a search and the filters by symbol and time, those that the list of a model has."""
    page = admin.site._registry[apps.get_model("warehouse", model)]
    names = {getattr(one, "parameter_name", "") for one in page.list_filter}
    wanted = {"symbol": "SPX", "recent": "24"}
    return {name: value for name, value in wanted.items() if name in names} | (
        {"q": "SPX"} if page.search_fields else {}
    )


@pytest.mark.parametrize("model", [*READ_ONLY, "watchlistentry"])
@pytest.mark.parametrize("is_filtered", [False, True])
def test_a_list_reads_one_page_and_counts_no_table(superuser, rows, model, is_filtered):
    with CaptureQueriesContext(connection) as queries:
        page = superuser.get(listing(model), filters_of(model) if is_filtered else {})
    assert page.status_code == 200
    statements = [query["sql"] for query in queries]
    counting = [sql for sql in statements if re.search(r"count\(|distinct", sql, re.IGNORECASE)]
    is_tape = (
        model == "optionsflow"
    )  # above its rows are sums, which `tests.web.lists.test_tape_summary` limits
    assert ["GROUP BY" in sql for sql in counting] == ([True] if is_tape else [])
    assert len(statements) < (18 if is_tape else 14)


@pytest.mark.parametrize("model", [*READ_ONLY, "watchlistentry"])
def test_a_viewer_sees_every_list_and_cannot_change_it(onlooker, rows, model):
    assert onlooker.get(listing(model)).status_code == 200
    assert onlooker.get(reverse(f"admin:warehouse_{model}_add")).status_code == 403
    if model in rows:
        key = rows[model].pk
        assert onlooker.get(reverse(f"admin:warehouse_{model}_change", args=[key])).status_code == 200
        assert onlooker.post(reverse(f"admin:warehouse_{model}_change", args=[key]), {}).status_code == 403
        assert onlooker.post(reverse(f"admin:warehouse_{model}_delete", args=[key]), {}).status_code == 403


@pytest.mark.parametrize("model", READ_ONLY)
def test_a_superuser_cannot_change_market_data(superuser, rows, model):
    assert superuser.get(reverse(f"admin:warehouse_{model}_add")).status_code == 403
    if model in rows:
        key = rows[model].pk
        assert superuser.post(reverse(f"admin:warehouse_{model}_change", args=[key]), {}).status_code == 403
        assert superuser.post(reverse(f"admin:warehouse_{model}_delete", args=[key]), {}).status_code == 403


def test_the_page_of_a_row_shows_units(superuser, rows):
    page = superuser.get(
        reverse("admin:warehouse_historicalgreeks_change", args=[rows["historicalgreeks"].pk])
    ).content.decode()
    assert "change of the premium per point of volatility (0.01); dollars per share" in page
    assert "implied volatility per year; fraction, 0.18 is 18 percent" in page


def test_the_newest_rows_come_first_and_a_search_is_exact(superuser):
    at = ago(60_000)
    for number, symbol in enumerate(["SPX", "NDX", "SPXW"]):
        add_greeks(at, ticker=f"O:{number}", symbol=symbol)
    page = superuser.get(listing("historicalgreeks"))
    assert [row.symbol for row in page.context["cl"].result_list] == ["SPXW", "NDX", "SPX"]
    page = superuser.get(listing("historicalgreeks") + "?q=SPX")
    assert [row.symbol for row in page.context["cl"].result_list] == ["SPX"]


def test_the_list_works_as_the_web_role(superuser, rows):
    with as_role("warehouse_web"):
        for model in [*READ_ONLY, "watchlistentry"]:
            assert superuser.get(listing(model)).status_code == 200


def test_small_results_are_counted_exactly_and_large_ones_estimated(monkeypatch):
    now = clock.now_ms()
    partitions.ensure("historical_greeks", now, now)
    bulk.insert_rows(
        HistoricalGreeks,
        {
            "symbol": "SPX",
            "timestamp": now,
            "contract_ticker": [f"O:{number:06d}" for number in range(3_000)],
            "option_type": "call",
            "strike": 1,
            "expiration": "2026-12-18",
            "dte": 1,
            "iv_status": "ok",
            "source": "live",
            "fetched_at": now,
            "method_version": "test",
        },
    )
    paginator = EstimatedPaginator(HistoricalGreeks.objects.order_by("-id"), 50)
    assert paginator.count == 3_000
    monkeypatch.setattr("web.admin.base.EXACT_ROWS", 100)
    run("ANALYZE historical_greeks")
    estimated = EstimatedPaginator(HistoricalGreeks.objects.order_by("-id"), 50)
    assert 2_700 <= estimated.count <= 3_300


ENTRY = {
    "symbol": "RUT",
    "provider_symbol": "I:RUT",
    "reference_symbol": "IWM",
    "roots": "RUT,RUTW",
    "kind": "index",
    "strike_band_pct": "",
    "ingest_chain": "on",
}


def test_gaps_of_a_new_symbol_count_from_its_creation(superuser):
    before = clock.now_ms()
    added = superuser.post(
        reverse("admin:warehouse_watchlistentry_add"), {**ENTRY, "symbol": "rut", "roots": "rut, rutw"}
    )
    assert added.status_code == 302, added.context["adminform"].form.errors
    entry = WatchlistEntry.objects.get()
    assert (entry.symbol, entry.roots, entry.strike_band_pct) == ("RUT", ["RUT", "RUTW"], None)
    assert (entry.ingest_chain, entry.ingest_flow) == (True, False)
    assert before <= entry.active_since_ms <= clock.now_ms()


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("symbol", "I:RUT", "Write the bare symbol"),
        ("provider_symbol", "RUT", "begins with I: for an index"),
        ("kind", "etf", "begins with I: for an index"),
        ("roots", "", "This field is required"),
        ("roots", "RUT,RU TW", "A root is one to six letters and digits, such as SPXW or BRKB; not RU TW"),
        ("roots", "BRK.B", "A root is one to six letters and digits, such as SPXW or BRKB; not BRK.B"),
        ("roots", "RUT,RUT", "Enter every root once"),
        ("strike_band_pct", "0", "a percentage of spot above 0 and up to 100"),
        ("strike_band_pct", "120", "a percentage of spot above 0 and up to 100"),
    ],
)
def test_an_invalid_entry_is_rejected_with_one_sentence(superuser, field, value, complaint):
    page = superuser.post(reverse("admin:warehouse_watchlistentry_add"), {**ENTRY, field: value})
    assert page.status_code == 200
    assert complaint in page.content.decode()
    assert WatchlistEntry.objects.count() == 0


def test_the_symbol_of_an_entry_cannot_be_edited(superuser):
    watchlist.add_default_symbols(["RUT"])
    since = WatchlistEntry.objects.get().active_since_ms
    changed = {**ENTRY, "symbol": "NDX", "strike_band_pct": "10"}
    superuser.post(reverse("admin:warehouse_watchlistentry_change", args=["RUT"]), changed)
    entry = WatchlistEntry.objects.get()
    assert (entry.symbol, entry.strike_band_pct, entry.active_since_ms) == ("RUT", 10.0, since)


def test_the_list_of_symbols_is_in_words_and_offers_no_other_list(superuser):
    watchlist.add_default_symbols(["IWM", "SPX"])
    WatchlistEntry.objects.filter(symbol="SPX").update(strike_band_pct=20)
    page = superuser.get(listing("watchlistentry")).content.decode()
    shown = [re.sub(r"<[^>]*>|\s+", " ", row).split() for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL)]
    words = {row[0]: " ".join(row) for row in shown if row}
    assert words["IWM"].startswith("IWM ETF IWM IWM all")
    assert words["SPX"].startswith("SPX index I:SPX SPX, SPXW within 20 % of the price")
    assert "Show all" not in page


def test_forms_leave_the_focus_to_the_script_of_the_admin(superuser):
    """Chromium writes a message when a field has `autofocus` and the script was quicker."""
    pages = {
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add"): page
        for model, page in admin.site._registry.items()
    }
    answers = {address: superuser.get(address) for address in pages}
    shown = {
        address: answer.content.decode() for address, answer in answers.items() if answer.status_code == 200
    }
    assert reverse("admin:auth_user_add") in shown
    assert [
        address for address, text in shown.items() if "change_form.js" not in text or "autofocus" in text
    ] == []
