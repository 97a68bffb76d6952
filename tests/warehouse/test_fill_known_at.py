"""`manage.py fill_known_at`: rows from before the column get the time from which the wall takes them as known."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command

from tests.partitions import drop_partitions
from tests.roles import run
from tests.warehouse.rows import HOUR_MS, add_bar, add_greeks, add_trade, ago
from warehouse.loading import fill_known_at
from warehouse.models import HistoricalBar, HistoricalGreeks, OptionsFlow

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
NOW = ago(0)


@pytest.fixture
def rows(transactional_db):
    for days in (0, 10):
        at_ms = NOW - days * 24 * HOUR_MS
        for symbol in ("SPX", "SPY"):
            add_greeks(at_ms, symbol=symbol, known_at=None, fetched_at=at_ms + 3)
            add_trade(at_ms, symbol=symbol, known_at=None, received_at=at_ms - 5)
            add_bar(at_ms, symbol=symbol, known_at=None)
    add_greeks(NOW, symbol="QQQ", known_at=NOW + 7)
    yield
    drop_partitions()


def command() -> str:
    output = io.StringIO()
    call_command("fill_known_at", stdout=output)
    return output.getvalue()


def test_rows_are_filled_and_the_constraints_are_valid(rows):
    assert command() == "12 rows filled\n"
    filled = {
        model: [row.known_at - row.timestamp for row in model.objects.exclude(symbol="QQQ")]
        for model in (HistoricalGreeks, OptionsFlow, HistoricalBar)
    }
    assert filled == {HistoricalGreeks: [3] * 4, OptionsFlow: [0] * 4, HistoricalBar: [90_000] * 4}
    assert HistoricalGreeks.objects.get(symbol="QQQ").known_at == NOW + 7
    assert run("SELECT DISTINCT convalidated FROM pg_constraint WHERE conname LIKE '%%known_at_later'") == [
        (True,)
    ]


def test_it_continues_where_it_was_stopped(rows, monkeypatch):
    monkeypatch.setattr(fill_known_at, "CHUNK_ROWS", 1)
    chunks = fill_known_at.chunks()
    assert sorted(chunk.rows for chunk in chunks) == [1] * 8 + [2] * 2  # both bars of a symbol share a month
    assert sum(map(fill_known_at.fill, chunks[:5])) == sum(chunk.rows for chunk in chunks[:5])
    assert fill_known_at.fill(chunks[0]) == 0
    assert command() == f"{sum(chunk.rows for chunk in chunks[5:])} rows filled\n"
    assert fill_known_at.chunks() == []
