"""Splits and dividends are fetched once per session, and stored as they were known."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qsl

import pytest

from ingestion.daily.corporate_actions import fetch_dividends, fetch_splits, watched_stocks
from tests.provider.server import ok, refusal
from warehouse import clock
from warehouse.asof.corporate_actions import dividends, splits
from warehouse.models import CorporateAction, IngestionRun, SupersededRow
from warehouse.watchlist import add_default_symbols

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

DIVIDENDS, SPLITS = "/v3/reference/dividends", "/v3/reference/splits"
MORNING = dt.datetime(2026, 11, 18, 12, 30, tzinfo=dt.UTC)  # two hours before the open
OPEN_MS = clock.epoch_ms(MORNING) + 2 * 3_600_000
NEXT_MORNING = MORNING + dt.timedelta(days=1)
DECEMBER_18 = dt.date(2026, 12, 18)
EX_MS = clock.epoch_ms(dt.datetime(2026, 12, 18, 5, tzinfo=dt.UTC))


def dividend(amount=1.75, ex_date="2026-12-18", declared="2026-11-12", **changes):
    row = {
        "ticker": "SPY",
        "cash_amount": amount,
        "currency": "USD",
        "declaration_date": declared,
        "ex_dividend_date": ex_date,
        "record_date": ex_date,
        "pay_date": "2027-01-29",
        "frequency": 4,
        "dividend_type": "CD",
    } | changes
    return {name: value for name, value in row.items() if value is not None}


def split(ticker="AAPL", day="2026-11-18", old=1, new=4):
    return {"ticker": ticker, "execution_date": day, "split_from": old, "split_to": new, "id": "P1"}


def listing(*rows):
    return ok({"status": "OK", "request_id": "1", "results": list(rows)})


def lists_now(provider, path, *rows):
    """Let the provider list these rows from now on."""
    requests = list(provider.requests)
    provider.forget()
    provider.requests.extend(requests)
    provider.tell(path, listing(*rows))


@pytest.fixture
def fetch(provider, connect, at_market_time):
    """Fetch the dividends of SPY at a market time at which the provider lists these rows."""

    def call(at, *rows):
        at_market_time(at)
        lists_now(provider, DIVIDENDS, *rows)
        return str(fetch_dividends(["SPY"], clock.now_ms(), connect))

    return call


def stored(*names):
    return list(CorporateAction.objects.order_by("symbol", "ex_date").values_list(*names))


def new_york_ms(day, hour):
    return clock.epoch_ms(dt.datetime(2026, 11, day, hour + 5, tzinfo=dt.UTC))


def test_dividends_of_the_first_fetch_are_known_from_their_declaration(fetch):
    old = dividend(1.5, "2026-09-18", declared=None, pay_date=None, dividend_type=None, currency=None)
    assert fetch(MORNING, dividend(), old) == "dividends: 1 lists, 2 new, 0 changed, 0 withdrawn"
    before_ex = clock.epoch_ms(dt.datetime(2026, 9, 17, 20, tzinfo=dt.UTC))  # the session before
    assert stored("ex_date", "cash_amount", "dividend_type", "pay_date", "known_at", "source") == [
        (dt.date(2026, 9, 18), 1.5, None, None, before_ex, "backfill"),
        (DECEMBER_18, 1.75, "CD", dt.date(2027, 1, 29), new_york_ms(12, 16), "backfill"),
    ]
    assert dividends("SPY", new_york_ms(12, 16)) == ((EX_MS, 1.75),)
    assert dividends("SPY", new_york_ms(12, 16) - 1) == ()


def test_one_declared_on_a_weekend_is_known_from_the_next_close(fetch):
    fetch(MORNING, dividend(declared="2026-11-14"))
    assert stored("known_at") == [(new_york_ms(16, 16),)]


def test_one_declared_on_the_day_of_the_first_fetch_is_known_when_stored(fetch):
    fetch(MORNING, dividend(declared="2026-11-18"))
    ((known_at,),) = stored("known_at")
    assert 0 <= known_at - 10_000 - clock.epoch_ms(MORNING) < 60_000


def test_a_dividend_that_appears_later_is_known_when_it_is_stored(fetch):
    fetch(MORNING)
    fetch(NEXT_MORNING, dividend())
    ((known_at, source),) = stored("known_at", "source")
    assert 0 <= known_at - 10_000 - clock.epoch_ms(NEXT_MORNING) < 60_000
    assert source == "live"


def test_a_list_is_fetched_once_per_session(fetch, provider):
    assert fetch(MORNING - dt.timedelta(minutes=1), dividend()).startswith(
        "dividends: 1 lists"
    )  # of the 17th
    assert fetch(MORNING, dividend()) == "dividends: 1 lists, 0 new, 0 changed, 0 withdrawn"
    for later in (dt.timedelta(hours=10), dt.timedelta(hours=23)):
        assert fetch(MORNING + later, dividend(2)) == "dividends: nothing is due"
    assert [dict(parse_qsl(one.query))["ticker"] for one in provider.requests] == ["SPY", "SPY"]
    runs = IngestionRun.objects.filter(task="fetch_dividends", symbol="SPY", status="DONE")
    assert sorted(runs.values_list("slot", flat=True)) == [OPEN_MS - 86_400_000, OPEN_MS]


def test_dividends_of_one_ex_date_are_added_and_repeated_rows_count_once(fetch):
    special = dividend(0.3, dividend_type="SC", declared="2026-11-13")
    fetch(MORNING, dividend(), dividend(), special)
    ((amount, kinds, known_at),) = stored("cash_amount", "dividend_type", "known_at")
    assert (float(amount), kinds, known_at) == (2.05, "CD, SC", new_york_ms(13, 16))


def test_a_changed_amount_replaces_the_former_one_which_is_kept(fetch):
    fetch(MORNING, dividend(1.75))
    assert fetch(NEXT_MORNING, dividend(1.8)) == "dividends: 1 lists, 0 new, 1 changed, 0 withdrawn"
    assert [float(amount) for (amount,) in stored("cash_amount")] == [1.8]
    old = SupersededRow.objects.get()
    assert (old.table_name, old.row["cash_amount"], old.known_at) == (
        "corporate_actions",
        1.75,
        new_york_ms(12, 16),
    )


def test_a_dividend_that_is_no_longer_listed_is_withdrawn_until_it_is(fetch):
    fetch(MORNING, dividend(), dividend(1.5, "2026-09-18", "2026-09-01"))
    assert (
        fetch(NEXT_MORNING) == "dividends: 1 lists, 0 new, 0 changed, 1 withdrawn"
    )  # not the one of September
    assert dividends("SPY", clock.epoch_ms(NEXT_MORNING)) == ((EX_MS, 1.75),)
    assert dividends("SPY", clock.now_ms() + 60_000) == ()
    assert fetch(NEXT_MORNING + dt.timedelta(days=1), dividend()).endswith("0 new, 1 changed, 0 withdrawn")
    assert dividends("SPY", clock.now_ms() + 60_000) == ((EX_MS, 1.75),)


def test_an_unreadable_row_does_not_withdraw_a_dividend(fetch):
    fetch(MORNING, dividend())
    said = fetch(NEXT_MORNING, dividend(cash_amount="?"))
    assert said == "dividends: 1 lists, 0 new, 0 changed, 0 withdrawn; 1 malformed cash_amount"


def test_other_currencies_and_impossible_rows_are_counted(fetch):
    wrong = [
        dividend(currency="CAD"),
        dividend(0),
        dividend(ex_date="1962-01-02"),
        dividend(ticker="SPYX"),
    ]
    assert fetch(MORNING, *wrong) == (
        "dividends: 1 lists, 0 new, 0 changed, 0 withdrawn; 2 impossible amount or date, 1 not in US dollars,"
        " 1 of another ticker"
    )
    run = IngestionRun.objects.get(task="fetch_dividends")
    assert run.rejected == {"impossible amount or date": 2, "not in US dollars": 1, "of another ticker": 1}


def test_a_plan_without_dividends_is_asked_once_per_session(provider, connect, at_market_time):
    at_market_time(MORNING)
    refused = {"status": "NOT_AUTHORIZED", "message": "You are not entitled to this data."}
    provider.tell(DIVIDENDS, refusal(403, refused))
    said = str(fetch_dividends(["IWM", "QQQ", "SPY"], clock.now_ms(), connect))
    assert said.count("not entitled") == 1
    assert len(provider.requests) == 1
    assert str(fetch_dividends(["IWM", "QQQ", "SPY"], clock.now_ms(), connect)) == "dividends: nothing is due"
    assert IngestionRun.objects.filter(status="DONE", rows=None).count() == 3
    at_market_time(NEXT_MORNING)
    lists_now(provider, DIVIDENDS, dividend())
    fetch_dividends(["SPY"], clock.now_ms(), connect)
    assert stored("known_at") == [(new_york_ms(12, 16),)]  # this is the first list


def test_an_error_leaves_the_rest_to_the_next_poll(provider, connect, at_market_time):
    at_market_time(MORNING)
    provider.tell(DIVIDENDS, refusal(503), refusal(503), listing())
    assert "; " in str(fetch_dividends(["QQQ", "SPY"], clock.now_ms(), connect))
    assert list(IngestionRun.objects.values_list("symbol", "status")) == [("QQQ", "FAILED")]
    assert fetch_dividends(["QQQ", "SPY"], clock.now_ms(), connect).lists == 2


def test_a_bad_list_does_not_delay_other_symbols(provider, connect, at_market_time):
    at_market_time(MORNING)
    provider.tell(DIVIDENDS, ok({"status": "OK"}), listing())
    fetched = fetch_dividends(["QQQ", "SPY"], clock.now_ms(), connect)
    assert (fetched.lists, bool(fetched.failed)) == (1, True)


def test_splits_of_all_stocks_are_one_list(provider, connect, at_market_time):
    at_market_time(MORNING)
    provider.tell(
        SPLITS,
        listing(
            split(),
            split(),
            split(new=5),
            split("NVDA", "2026-11-20", 10, 1),
            split("BAD", old=0),
        ),
    )
    assert str(fetch_splits(clock.now_ms(), connect)) == (
        "splits: 1 lists, 2 new, 0 changed, 0 withdrawn; 1 a second split of the date, 1 impossible ratio"
    )
    day = dt.date(2026, 11, 18)
    (known,) = splits("AAPL", day, day, new_york_ms(17, 16))  # from the close before it
    assert (known.ex_date, known.shares) == (day, 4.0)
    assert splits("AAPL", day, day, new_york_ms(17, 16) - 1) == ()
    assert stored("symbol", "kind", "split_from", "split_to") == [
        ("AAPL", "split", 1.0, 4.0),
        ("NVDA", "split", 10.0, 1.0),
    ]
    at_market_time(NEXT_MORNING)
    lists_now(provider, SPLITS, split())
    assert str(fetch_splits(clock.now_ms(), connect)) == "splits: 1 lists, 0 new, 0 changed, 1 withdrawn"
    since = [dict(parse_qsl(one.query))["execution_date.gte"] for one in provider.requests]
    assert since == [
        "2021-11-18",
        "2026-11-04",
    ]  # bars are kept five years; then two weeks before the last list


def test_indices_have_no_dividends(transactional_db):
    add_default_symbols(["SPX", "SPY", "AAPL"])
    assert watched_stocks() == ["AAPL", "SPY"]
