"""Order and pages of lists: newest market time first, pages by key, jumps to a time, largest premium."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from quant.sessions import DAY_MS
from tests.warehouse.rows import HOUR_MS, MINUTE_MS, add_bar, add_gamma, add_greeks, add_trade, ago
from tests.web.lists.addresses import listing
from warehouse.models import RepairContract, StreamGap
from warehouse.models.columns import MoneyField
from web import formats
from web.admin.base import ReadOnlyAdmin

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def pages_of_three(monkeypatch):
    monkeypatch.setattr(ReadOnlyAdmin, "list_per_page", 3)


def link(client, address: str, words: str) -> str | None:
    page = client.get(address).content.decode()
    found = re.search(rf'href="(\?[^"]*)"[^>]*>{words}', page)
    return found and address.partition("?")[0] + found[1].replace("&amp;", "&")


def test_an_import_of_yesterday_does_not_hide_the_snapshot_of_today(listed):
    today = add_greeks(ago(MINUTE_MS))
    imported = add_greeks(ago(DAY_MS), source="import")
    assert [row.pk for row in listed("historicalgreeks")] == [today.pk, imported.pk]
    assert [row.pk for row in listed("historicalgreeks", "?symbol=spx")] == [today.pk, imported.pk]


@pytest.mark.parametrize(
    "query", ["", "?symbol=SPX", "?order=timestamp", "?order=-premium", "?contract=O:SPX251219C06475000"]
)
def test_next_and_previous_pages_show_each_row_once(superuser, pages_of_three, query):
    at = ago(HOUR_MS)
    for number in range(10):
        add_trade(at + number // 4, number, premium=1000 * (number // 3))
    address, seen = listing("optionsflow") + query, []
    while address:
        rows = superuser.get(address).context["cl"].result_list
        seen.append([row.sequence_number for row in rows])
        last, address = address, link(superuser, address, "Next 3")
    numbers = [number for page in seen for number in page]
    assert [len(page) for page in seen] == [3, 3, 3, 1]
    assert sorted(numbers) == list(range(10))
    assert numbers in ([*range(10)], [*range(9, -1, -1)])
    back, address = [seen[-1]], link(superuser, last, "Previous 3")
    while address:
        back.append([row.sequence_number for row in superuser.get(address).context["cl"].result_list])
        address = link(superuser, address, "Previous 3")
    assert back[::-1] == seen


def test_the_first_page_has_no_previous_and_a_later_one_leads_to_the_first(superuser, pages_of_three):
    for number in range(5):
        add_gamma(ago(HOUR_MS * number))
    address = listing("gammaexposure") + "?symbol=SPX"
    assert link(superuser, address, "Previous") is None
    second = link(superuser, address, "Next 3")
    assert link(superuser, second, "Next") is None
    assert link(superuser, second, "First page") == address


def test_a_jump_shows_the_rows_up_to_a_time_of_new_york(superuser, listed):
    early, late = (add_gamma(ago(hours * HOUR_MS)) for hours in (30, 2))
    local = formats._local(ago(20 * HOUR_MS)).strftime("%Y-%m-%dT%H:%M")
    assert [row.pk for row in listed("gammaexposure", f"?at={local}")] == [early.pk]
    assert [row.pk for row in listed("gammaexposure", f"?at={local}&order=timestamp")] == [late.pk]
    address = listing("gammaexposure") + f"?at={local}"
    assert [
        row.pk for row in superuser.get(link(superuser, address, "Previous")).context["cl"].result_list
    ] == [late.pk, early.pk]


def test_the_largest_premium_is_first_and_unknown_premium_is_left_out(superuser, listed):
    at = ago(MINUTE_MS)
    for number, premium in enumerate([5000, None, 9000, 7000]):
        add_trade(at, number, premium=premium)
    assert [row.premium for row in listed("optionsflow", "?order=-premium")] == [9000, 7000, 5000]
    assert [row.premium for row in listed("optionsflow", "?order=premium")] == [5000, 7000, 9000]
    assert (
        "rows without premium are left out"
        in superuser.get(listing("optionsflow") + "?order=-premium").content.decode()
    )
    assert len(listed("optionsflow")) == 4


def test_premiums_are_ordered_by_all_their_digits_and_then_by_arrival(superuser, listed, pages_of_three):
    premiums = ["0.0001", "123456789012.3456", "25000", "24999.9999", "25000.00", "123456789012.3455"]
    rows = [add_trade(ago(MINUTE_MS), number, premium=text) for number, text in enumerate(premiums)]
    assert rows[3].premium_float == 24999.9999
    address = listing("optionsflow") + "?order=-premium"
    assert [row.sequence_number for row in listed("optionsflow", "?order=-premium")] == [1, 5, 4]
    second = link(superuser, address, "Next 3")
    assert [row.sequence_number for row in superuser.get(second).context["cl"].result_list] == [2, 3, 0]
    found = listed("optionsflow", "?order=premium&premium=25000")
    assert [row.sequence_number for row in found] == [2, 4, 5]


def test_no_list_is_ordered_by_numbers_that_no_index_condition_compares():
    """Behind row-level security a page far from the first would read the rows of all pages before it."""
    pages = [page for page in admin.site._registry.values() if isinstance(page, ReadOnlyAdmin)]
    ordered = {
        (page.opts.model_name, fields[0])
        for page in pages
        for orders in (page.orders, page.symbol_orders, page.contract_orders)
        for fields in orders.values()
        if isinstance(page.model._meta.get_field(fields[0]), MoneyField)
    }
    assert len(pages) > 20
    assert ordered == set()


def test_the_sorted_column_says_so_and_its_heading_turns_the_order(superuser):
    add_trade(ago(MINUTE_MS))
    page = superuser.get(listing("optionsflow") + "?order=-premium").content.decode()
    assert re.search(r'aria-sort="descending"[^>]*><a href="\?order=premium">premium ▼</a>', page)
    assert '<a href="?order=-timestamp">time, New York</a>' in page


def test_an_order_without_an_index_is_not_offered_and_not_obeyed(superuser, listed):
    for number, size in enumerate([5, 9, 7]):
        add_trade(ago(MINUTE_MS) + number, number, size=size)
    assert [row.size for row in listed("optionsflow", "?order=-size")] == [7, 9, 5]
    assert "order=-size" not in superuser.get(listing("optionsflow")).content.decode()


def test_bars_of_a_symbol_are_in_the_order_of_time_over_all_timeframes(superuser, listed, pages_of_three):
    at = ago(HOUR_MS)
    for number, timeframe in enumerate(["1m", "5m", "1m", "1h", "1m"]):
        add_bar(at + number, timeframe=timeframe)
    add_bar(at + 9, symbol="QQQ")
    rows = listed("historicalbar", "?symbol=SPY")
    assert [row.timestamp - at for row in rows] == [4, 3, 2]
    second = link(superuser, listing("historicalbar") + "?symbol=SPY", "Next 3")
    assert [row.timestamp - at for row in superuser.get(second).context["cl"].result_list] == [1, 0]
    assert [row.timestamp - at for row in listed("historicalbar", "?symbol=SPY&timeframe=1m")] == [4, 2, 0]


def test_a_list_that_takes_too_long_is_empty_and_says_what_helps(superuser, monkeypatch):
    from web.admin.tape.page import TapeAdmin

    add_trade(ago(MINUTE_MS))
    monkeypatch.setattr("web.lists.changelist.SECONDS", 0.05)

    def slow(self, queryset, chosen):
        return [queryset.extra(where=["pg_sleep(1) IS NOT NULL"])]

    monkeypatch.setattr(TapeAdmin, "variants", slow)
    page = superuser.get(listing("optionsflow"))
    assert page.status_code == 200
    assert "Choose a symbol, a date or fewer filters." in page.content.decode()


def test_a_later_page_needs_as_many_queries_as_the_first(superuser, pages_of_three):
    for number in range(8):
        add_trade(ago(MINUTE_MS), number)
    address = listing("optionsflow") + "?symbol=SPX"
    counts = []
    while address:
        with CaptureQueriesContext(connection) as queries:
            superuser.get(address)
        counts.append(len(queries))
        assert not [query for query in queries if "OFFSET" in query["sql"]]
        address = link(superuser, address, "Next 3")
    assert counts[0] <= 17
    assert set(counts) == {counts[0]}


def test_contracts_of_a_repair_are_paged_with_their_gaps(superuser, pages_of_three):
    gap = StreamGap.objects.create(feed="options", from_ms=ago(0), reason="cut", status="OPEN")
    for number in range(5):
        RepairContract.objects.create(
            gap=gap, symbol="SPX", contract_ticker=f"O:{number}", volume=number // 2, outcome="waiting"
        )
    address = listing("repaircontract")
    first = [row.contract_ticker for row in superuser.get(address).context["cl"].result_list]
    second = superuser.get(link(superuser, address, "Next 3")).context["cl"].result_list
    assert first + [row.contract_ticker for row in second] == ["O:4", "O:3", "O:2", "O:1", "O:0"]
    assert second[0].gap == gap
