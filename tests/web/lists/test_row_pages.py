"""The page of a row: title with symbol and time, marks of the source, links to what belongs to it, JSON as tables."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from tests.warehouse.rows import add_curve, add_gamma, add_greeks, add_trade, ago
from tests.web.admin.rows import READ_ONLY, add_one_row_each
from tests.web.lists.addresses import listing
from warehouse import clock, watchlist
from warehouse.models import IngestionRun, SupersededRow

pytestmark = [pytest.mark.database, pytest.mark.django_db]
AT = clock.epoch_ms(dt.datetime(2026, 11, 18, 15, 0, tzinfo=dt.UTC))  # 10:00 in New York
CONTRACT = "O:SPXW251219C06475000"


def page_of(client, row) -> str:
    address = reverse(f"admin:warehouse_{row._meta.model_name}_change", args=[row.pk])
    return str(client.get(address).content.decode())


@pytest.mark.parametrize(
    ("add", "title"),
    [
        (lambda: add_gamma(AT), "SPX, Wed 18 Nov 2026 10:00:00"),
        (lambda: add_curve(AT), "SPXW 2025-12-19, Wed 18 Nov 2026 10:00:00"),
        (
            lambda: IngestionRun.objects.create(
                task="ingest_chain", symbol="SPX", slot=AT, status="DONE", started_at=AT
            ),
            "ingest_chain SPX, Wed 18 Nov 2026 10:00:00",
        ),
        (
            lambda: SupersededRow.objects.create(
                table_name="gamma_slots",
                key={"symbol": "SPX", "timestamp": AT},
                row={},
                known_at=AT,
                superseded_at=AT,
            ),
            "gamma_slots SPX, Wed 18 Nov 2026 10:00:00",
        ),
    ],
)
def test_a_title_names_the_symbol_and_the_time(superuser, add, title):
    row = add()
    page = page_of(superuser, row)
    assert f"<h1>{title}</h1>" in page
    assert str(row) == title


def test_no_page_shows_an_epoch(superuser):
    """Milliseconds of these years have thirteen digits and begin with 1; keys of pages in addresses may have them."""
    for model, row in add_one_row_each().items():
        for page in (superuser.get(listing(model)).content.decode(), page_of(superuser, row)):
            visible = re.sub(r"<[^>]*>|O:\w+", " ", page)
            assert re.findall(r"\b1[67]\d{11}\b", visible) == [], model


def test_flags_are_words_and_money_is_in_full(superuser):
    page = page_of(superuser, add_trade(ago(0), premium=1_137_500, is_sweep=True))
    cells = dict(re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td>', page))
    assert cells["premium"] == "$1,137,500"
    assert "premium float" not in cells
    assert (cells["is sweep"], cells["is cancel"]) == ("yes", "no")
    assert cells["trade type"] == '<span class="badge edged">BLOCK</span>'


def test_a_row_is_marked_with_its_source_and_that_of_open_interest(superuser):
    imported = page_of(superuser, add_greeks(ago(0), source="import"))
    assert '<p class="caption">source <span class="badge edged">IMPORT</span></p>' in imported
    proxy = page_of(superuser, add_gamma(ago(0), oi_source="volume_proxy"))
    assert '<p class="caption">open interest <span class="badge edged">VOLUME PROXY</span></p>' in proxy


@pytest.mark.parametrize(
    ("spot_source", "source"),
    [
        *(("chain", "LIVE"), ("snapshot", "LIVE"), ("bars", "BACKFILL"), ("file", "IMPORT")),
        *(("parity", None), ("none", None), (None, None)),
    ],
)
def test_a_gamma_snapshot_is_marked_with_the_source_that_its_spot_tells(
    superuser, shown, spot_source, source
):
    row = add_gamma(ago(0), spot_source=spot_source)
    assert shown("gammaexposure")[0]["source"] == (source or "–")
    marks = re.findall(r'caption">source <span class="badge \w+">(\w+)</span>', page_of(superuser, row))
    assert marks == ([source] if source else [])


def test_a_row_leads_to_chain_gamma_flow_iv_and_the_history_of_its_contract(superuser):
    at = ago(0)
    day = dt.datetime.fromtimestamp(at / 1000, dt.UTC).astimezone(dt.timezone(dt.timedelta(hours=-5))).date()
    page = superuser.get(
        reverse("admin:warehouse_optionsflow_change", args=[add_trade(at, contract_ticker=CONTRACT).pk])
    )
    of_contract = "?contract=O%3ASPXW251219C06475000"
    assert page.context["links"] == [
        ("Contract in the chains", listing("historicalgreeks") + of_contract),
        ("Trades of the contract", listing("optionsflow") + of_contract),
        ("SPX with charts", "/symbol/SPX/"),
        ("Option chain", listing("historicalgreeks") + f"?symbol=SPX&on={day}"),
        ("Gamma", listing("gammaexposure") + f"?symbol=SPX&on={day}"),
        ("Trades", listing("optionsflow") + f"?symbol=SPX&on={day}"),
        ("IV history", listing("ivpercentile") + "?symbol=SPX"),
        ("Bars", listing("historicalbar") + f"?symbol=SPX&on={day}"),
    ]
    for _, address in page.context["links"][:2]:
        assert superuser.get(address).status_code == 200


def test_links_lead_only_where_the_user_may_go(client):
    user = User.objects.create_user("flow", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_optionsflow"))
    client.force_login(user)
    page = client.get(reverse("admin:warehouse_optionsflow_change", args=[add_trade(ago(0)).pk]))
    assert [words for words, _ in page.context["links"]] == ["Trades of the contract", "Trades"]


def test_cells_of_a_list_lead_to_the_symbol_and_the_contract(superuser):
    watchlist.add_default_symbols(["SPX"])
    add_trade(ago(0), contract_ticker=CONTRACT)
    add_trade(ago(60_000), symbol="XYZ", contract_ticker="O:XYZ251219C00475000")
    rows = superuser.get(listing("optionsflow")).context["rows"]
    links = [{cell["heading"]: cell["link"] for cell in row["cells"]} for row in rows]
    assert [link["symbol"] for link in links] == ["/symbol/SPX/", ""]
    assert links[0]["contract ticker"] == listing("optionsflow") + "?contract=O%3ASPXW251219C06475000"


def test_json_of_a_run_is_a_table(superuser):
    run = IngestionRun.objects.create(
        task="ingest_chain",
        symbol="SPX",
        slot=AT,
        status="DONE",
        started_at=AT,
        stages={"fetch": 1200, "store": 310},
    )
    page = page_of(superuser, run)
    assert (
        '<tr><th scope="row">fetch</th><td>1,200</td></tr><tr><th scope="row">store</th><td>310</td></tr>'
        in page
    )
    assert "{&quot;fetch" not in page


def test_every_read_only_table_has_a_page_of_its_rows(superuser):
    rows = add_one_row_each()
    for model in set(READ_ONLY) & set(rows):
        assert "Meaning and unit" in page_of(superuser, rows[model])
