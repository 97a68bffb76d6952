"""Contract lists are fetched once per week of expirations; non-standard contracts are counted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ingestion.backfill.contracts.cache import (
    ContractListCache,
    ListNotFetchedError,
    Week,
    read_weeks,
    store_weeks,
)
from ingestion.backfill.contracts.fetch import listed_contracts
from ingestion.backfill.contracts.table import from_json
from provider.errors import ProviderError
from quant.sessions import close_of
from tests.ingestion.backfill.past import FRIDAY
from tests.provider.server import ok, refusal
from warehouse import clock
from warehouse.models import ContractListing

pytestmark = pytest.mark.database

PATH = "/v3/reference/options/contracts"


def contract(ticker: str, **changes: Any) -> dict[str, Any]:
    day = f"20{ticker[-15:-13]}-{ticker[-13:-11]}-{ticker[-11:-9]}"
    return {
        "ticker": ticker,
        "contract_type": "call",
        "expiration_date": day,
        "strike_price": 6500,
        "shares_per_contract": 100,
    } | changes


def page(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"status": "OK", "request_id": "0" * 32, "results": list(rows)}


def test_a_list_is_fetched_once(evening, market):
    first = listed_contracts(evening, FRIDAY, FRIDAY, 30, clock.now_ms(), market.connect).table
    again = listed_contracts(evening, FRIDAY, FRIDAY, 30, clock.now_ms(), market.connect).table
    # The contracts of this week may be in either list; those of the next four weeks are in the list of unexpired ones.
    assert dict(market.requests) == {
        "SPX 2026-11-16 expired=True": 1,
        "SPX 2026-11-16 expired=False": 1,
        "SPX 2026-11-23 expired=False": 1,
    }
    assert len(first) > 1000
    assert first.ticker.tolist() == again.ticker.tolist()
    assert (str(first.expiration.min()), str(first.expiration.max())) == ("2026-11-16", "2026-12-18")
    for name in ("root", "is_call", "strike", "multiplier"):
        assert getattr(first, name).tolist() == getattr(again, name).tolist()


def test_a_session_reads_its_contract_list_from_the_table_only(evening, market):
    listed_contracts(evening, FRIDAY, FRIDAY, 30, clock.now_ms(), market.connect)
    assert len(ContractListCache().get(evening, FRIDAY, 20).table) > 0
    with pytest.raises(ListNotFetchedError, match="has not been fetched"):
        ContractListCache().get(evening, FRIDAY, 60)


def test_a_cached_list_is_not_read_again(evening, market, django_assert_num_queries):
    cache = ContractListCache()
    cache.put(evening, listed_contracts(evening, FRIDAY, FRIDAY, 30, clock.now_ms(), market.connect))
    with django_assert_num_queries(0):
        ours = cache.get(evening, FRIDAY, 30)
    read = ContractListCache().get(evening, FRIDAY, 30)
    assert ours.known_as_of == read.known_as_of
    for name in ("ticker", "root", "expiration", "is_call", "strike", "multiplier"):
        assert getattr(ours.table, name).tolist() == getattr(read.table, name).tolist()


def test_further_weeks_are_read_from_the_table(evening, market):
    cache = ContractListCache()
    cache.put(evening, listed_contracts(evening, FRIDAY, FRIDAY, 6, clock.now_ms(), market.connect))
    listed_contracts(evening, FRIDAY, FRIDAY, 30, clock.now_ms(), market.connect)
    later = cache.get(evening, FRIDAY, 30)
    assert str(later.table.expiration.max()) == "2026-12-18"


def test_a_current_week_is_fetched_again_for_a_later_session(evening, market, at_market_time):
    listed_contracts(evening, FRIDAY, FRIDAY, 4, clock.now_ms(), market.connect)
    market.requests.clear()
    monday = FRIDAY + timedelta(days=3)
    at_market_time(close_of(monday) + timedelta(hours=1))
    listed_contracts(evening, FRIDAY, monday, 1, clock.now_ms(), market.connect)
    # The week that ended on Friday is complete. Contracts of Monday in the new week may be in either list.
    assert dict(market.requests) == {f"SPX {monday} expired=True": 1, f"SPX {monday} expired=False": 1}


def test_adjusted_and_malformed_contracts_are_counted_and_left_out(evening, provider, connect):
    at = date(2026, 12, 4)
    listed = page(
        contract("O:AMD261204C00190000"),
        contract("O:AMD1261204C00190000"),
        contract("O:AMD261204C00195000", shares_per_contract=150),
        contract("O:AMD261204C00200000", additional_underlyings=[{"type": "currency", "amount": 3.5}]),
        contract("O:TOOLONGROOT261204C00190000"),
    )
    provider.tell(PATH, ok(listed))
    contracts = listed_contracts("AMD", at, at, 0, clock.now_ms(), connect).table
    assert contracts.ticker.tolist() == ["O:AMD261204C00190000"]
    assert dict(contracts.rejected) == {"adjusted": 3, "bad_ticker": 1}
    stored = ContractListing.objects.get()
    assert (stored.symbol, stored.week, stored.known_as_of) == (
        "AMD",
        date(2026, 11, 30),
        clock.epoch_ms(close_of(FRIDAY)),
    )
    assert stored.series == {"AMD": {"2026-12-04": {"C": [190]}}}
    assert stored.rejected == {"adjusted": 3, "bad_ticker": 1}
    assert dict(listed_contracts("AMD", at, at, 0, clock.now_ms(), connect).table.rejected) == {
        "adjusted": 3,
        "bad_ticker": 1,
    }


def test_a_symbol_without_contracts_has_an_empty_list(evening, provider, connect):
    provider.tell(PATH, ok(page()))
    assert len(listed_contracts("GONE", FRIDAY, FRIDAY, 7, clock.now_ms(), connect).table) == 0


def test_answers_before_a_failed_request_are_kept(evening, provider, connect):
    first = date(2026, 12, 2)
    last = first + timedelta(weeks=8)  # eight of the nine weeks are fetched with one query
    provider.tell(PATH, ok(page(contract("O:AMD261204C00190000"))), refusal(500), refusal(500))
    with pytest.raises(ProviderError):
        listed_contracts("AMD", first, last, 0, clock.now_ms(), connect)
    assert ContractListing.objects.count() == 8
    before = len(provider.requests)
    provider.tell(PATH, ok(page(contract("O:AMD270129C00190000"))))
    assert (
        len(listed_contracts("AMD", first, last + timedelta(days=2), 0, clock.now_ms(), connect).table) == 2
    )
    assert all("gte=2027-01-25" in request.query for request in provider.requests[before:])


def test_a_newer_list_replaces_an_older_one_in_whichever_order_they_come(evening):
    week = Week(date(2026, 11, 30))
    short, long = (
        from_json({"SPXW": {"2026-12-04": {"C": strikes}}}, {}) for strikes in ([6500], [6500, 6505])
    )
    other = from_json({"SPXW": {"2026-12-04": {"C": [7000]}}}, {"adjusted": 1})
    for table, known_as_of in ((short, 10), (long, 20), (other, 20), (short, 10)):
        store_weeks("SPX", {week: table}, {week: known_as_of})
    assert ContractListing.objects.get().known_as_of == 20
    assert read_weeks("SPX", [week])[week].strike.tolist() == [6500, 6505]
