"""CSV of a filtered list: full values, no formulas, one at a time, rows streamed from the database."""

from __future__ import annotations

import csv
import tracemalloc

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.roles import as_role
from tests.warehouse.rows import MINUTE_MS, add_gamma, add_trade, ago
from warehouse import clock, partitions
from warehouse.loading import bulk
from warehouse.models import DeadLetter, IngestionRun, OptionsFlow
from web.lists import export

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def rows_of(answer) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(text.splitlines()))


def address(model: str, query: str = "") -> str:
    return reverse(f"admin:warehouse_{model}_export") + query


def test_the_file_has_the_rows_of_the_filters_in_full_and_in_order(superuser):
    at = ago(MINUTE_MS)
    add_trade(at, 1, premium=1_137_500, price="0.05", conditions=["209", "ISOI"])
    add_trade(at, 2, premium=9_000_000)
    add_trade(at, 3, symbol="SPY")
    answer = superuser.get(address("optionsflow", "?symbol=spx&order=-premium"))
    assert answer["Content-Disposition"] == 'attachment; filename="options_flow_history.csv"'
    rows = rows_of(answer)
    assert [row["sequence_number"] for row in rows] == ["2", "1"]
    row = rows[1]
    assert (row["premium (dollars)"], row["price (dollars per share)"], row["size (contracts)"]) == (
        "1137500",
        "0.05",
        "250",
    )
    assert (row["is_cancel"], row["side"], row["conditions"]) == ("no", "", '["209","ISOI"]')
    local = clock.instant(at).astimezone(export.NEW_YORK)
    assert row["timestamp (New York)"] == local.isoformat(timespec="milliseconds")
    assert len(row) == len(OptionsFlow._meta.fields) - 1
    assert "premium_float (dollars)" not in row


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("plain = text", "plain = text"),
    ],
)
def test_a_text_that_would_be_a_formula_is_neutralised(superuser, stored, written):
    IngestionRun.objects.create(task="t", symbol="SPX", slot=1, status="FAILED", started_at=1, error=stored)
    (row,) = rows_of(superuser.get(address("ingestionrun")))
    assert row["error"] == written


def test_a_negative_number_stays_a_number(superuser):
    add_gamma(ago(0), total_gamma=-1.5e9)
    (row,) = rows_of(superuser.get(address("gammaexposure")))
    assert row["total_gamma (dollars per 1 percent move of spot)"] == "-1500000000.0"
    assert "gamma_by_strike" not in ",".join(row)


def test_a_second_export_is_refused_until_the_first_has_ended(superuser):
    add_trade(ago(0))
    first = superuser.get(address("optionsflow"))
    second = superuser.get(address("gammaexposure"))
    assert (second.status_code, second["Retry-After"]) == (429, "30")
    assert len(rows_of(first)) == 1
    assert superuser.get(address("gammaexposure")).status_code == 200
    export._running.release()


@pytest.mark.django_db(transaction=True)  # the end of a response closes the connection
def test_an_export_that_is_given_up_frees_its_place(superuser):
    add_gamma(ago(0))
    superuser.get(address("gammaexposure")).close()
    begun = superuser.get(address("gammaexposure"))
    next(iter(begun.streaming_content))
    begun.close()
    assert len(rows_of(superuser.get(address("gammaexposure")))) == 1


def test_an_export_needs_the_right_to_view(client):
    user = User.objects.create_user("viewer", is_staff=True)
    client.force_login(user)
    assert client.get(address("optionsflow")).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="view_optionsflow"))
    assert rows_of(client.get(address("optionsflow"))) == []
    client.logout()
    assert client.get(address("optionsflow")).status_code == 302


def test_bytes_and_heavy_columns_are_not_exported(superuser):
    DeadLetter.objects.create(batch_id="=1", payload=b"x", error="e", attempts=5, created_at=ago(0))
    with as_role("warehouse_web"):
        (row,) = rows_of(superuser.get(address("deadletter")))
    assert row.keys() == {"batch_id", "error", "attempts (attempts)", "created_at (New York)"}
    assert row["batch_id"] == "'=1"


def test_many_rows_are_read_in_parts_and_need_no_more_memory(superuser):
    now = clock.now_ms()
    partitions.ensure("options_flow_history", now, now)
    count = 30_000
    columns = {
        "symbol": "SPX",
        "timestamp": now,
        "contract_ticker": "O:SPX251219C06475000",
        "sequence_number": list(range(count)),
        "price": 1,
        "size": 1,
        "premium": 100,
        "trade_type": "REGULAR",
        "sentiment": "NEUTRAL",
        "aggressiveness": "NORMAL",
        "strike": 1,
        "expiration": "2026-12-18",
        "dte": 1,
        "option_type": "call",
        "source": "live",
        "received_at": now,
        "method_version": "test",
    }
    bulk.insert_rows(OptionsFlow, columns)
    with CaptureQueriesContext(connection) as queries:
        answer = superuser.get(address("optionsflow"))
        parts = iter(answer.streaming_content)
        next(parts), next(parts)
        tracemalloc.start()
        lines = sum(part.count(b"\n") for part in parts)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert lines == count - export.ROWS_AT_ONCE
    assert peak < 12e6
    assert not [query for query in queries if "WITH HOLD" in query["sql"]]
