"""Quotes are requested for stored trades that want one, and each trade is amended once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings

from flow.quotes.fetch import FetchedQuotes, fetch_quotes
from provider.connection import connected
from provider.errors import BudgetSpent
from provider.retry import RetryPolicy
from tests.flow.history.test_repair import page, past_quote
from tests.flow.trades import CALL, NOON_MS, PUT, make_batch, process
from tests.provider.server import Answer, refusal
from warehouse import clock
from warehouse.asof import at, flow
from warehouse.models import OptionsFlow, SupersededRow

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

NAN = float("nan")
UNQUOTED = {"bid": NAN, "ask": NAN, "quote_age_ms": NAN, "bid_size": NAN, "ask_size": NAN}
AT = NOON_MS - 60_000
# 300 contracts at 1.10 dollars: 33,000 dollars, above the premium from which quotes are wanted.
LARGE = {**UNQUOTED, "price": 1.10, "size": 300, "timestamp_ms": AT, "received_at_ms": AT}


@pytest.fixture
def fetch(provider, settings):
    """Return a function that does one step, with time for `steps` requests."""
    settings.MASSIVE_BASE_URL = provider.url

    def step(steps: int = 100) -> FetchedQuotes:
        left = iter([True] * steps + [False])
        with connected(django_settings, clock.now_ms, retry=RetryPolicy(attempts=1)) as client:
            return fetch_quotes(client, ["SPX"], clock.now_ms(), lambda: next(left))

    return step


def quotes(provider, *rows: dict[str, Any], ticker: str = CALL) -> None:
    provider.tell(f"/v3/quotes/{ticker}", page(*rows))


def states() -> list[str | None]:
    return list(OptionsFlow.objects.order_by("sequence_number").values_list("quote_source", flat=True))


def test_only_trades_of_sweeps_and_large_ones_without_a_quote_want_one():
    small = LARGE | {"size": 227}  # 24,970 dollars
    rows = (
        LARGE,
        small | {"timestamp_ms": AT - 5000},
        LARGE | {"condition": 232, "timestamp_ms": AT - 6000},  # a package
        LARGE | {"condition": 201, "timestamp_ms": AT - 7000},  # a cancel
        LARGE | {"bid": 1.0, "ask": 1.2, "quote_age_ms": 5.0, "timestamp_ms": AT - 8000},
        LARGE | {"bid": 1.0, "ask": 1.2, "quote_age_ms": 5001.0, "timestamp_ms": AT - 9000},
        small | {"condition": 219, "timestamp_ms": AT - 10_000},
    )
    process(make_batch(*rows))
    assert states() == ["wanted", None, None, None, "stream", "wanted", "wanted"]


def test_a_fetched_quote_gives_the_side_and_is_stored(provider, fetch):
    process(make_batch(LARGE))
    quotes(provider, past_quote(AT - 900, ask_price=1.05), past_quote(AT - 20, bid_price=0.9, ask_price=1.1))
    assert str(fetch()) == "1 of 1 trades got a quote by 1 requests"
    row = OptionsFlow.objects.get()
    assert (row.bid, row.ask, row.quote_age_ms, row.quote_source) == (
        Decimal("0.9"),
        Decimal("1.1"),
        20,
        "rest",
    )
    assert (row.side, row.sentiment, row.aggressiveness) == ("buy", "BULLISH", "PASSIVE")
    assert row.amended_at >= row.known_at
    (request,) = provider.requests
    assert f"timestamp.gte={(AT - 5000) * 10**6}" in request.query
    assert f"timestamp.lte={AT * 10**6 - 1}" in request.query  # a quote of the trade's own ms may follow it


def test_an_amended_trade_is_unknown_as_of_an_earlier_instant(provider, fetch):
    process(make_batch(LARGE))
    OptionsFlow.objects.update(known_at=AT)
    quotes(provider, past_quote(AT - 20))
    fetch()
    (version,) = SupersededRow.objects.all()
    amended_at = OptionsFlow.objects.get().amended_at
    assert (version.row["side"], version.superseded_at) == (None, amended_at)
    for at_ms, side in ((amended_at - 1, ""), (amended_at, "buy")):
        with at(at_ms):
            assert flow.trades("SPX", AT, AT).side.tolist() == [side]


def test_a_trade_without_a_fresh_quote_is_not_asked_for_again(provider, fetch):
    process(make_batch(LARGE))
    quotes(provider, past_quote(AT - 5001))
    assert (fetch().quoted, states()) == (0, ["absent"])
    assert SupersededRow.objects.count() == 0
    assert fetch() == FetchedQuotes()
    assert len(provider.requests) == 1


def test_the_largest_premium_is_requested_first(provider, fetch):
    process(make_batch(LARGE, LARGE | {"contract_ticker": PUT, "size": 400}))
    quotes(provider, past_quote(AT - 20))
    quotes(provider, past_quote(AT - 20), ticker=PUT)
    assert fetch(steps=1).requests == 1
    assert states() == ["wanted", "rest"]


def test_small_trades_of_a_sweep_count_with_their_total_premium(provider, fetch):
    parts = [
        {
            **UNQUOTED,
            "price": 1.1,
            "size": 150,
            "exchange": 302 + n,
            "timestamp_ms": AT + n,
            "received_at_ms": AT,
        }
        for n in range(3)
    ]
    process(make_batch(*parts, LARGE | {"contract_ticker": PUT, "size": 400}))
    quotes(provider, past_quote(AT - 20))
    assert fetch(steps=1) == FetchedQuotes(requests=1, trades=3, quoted=3)
    assert states() == ["rest", "rest", "rest", "wanted"]


def test_trades_of_the_last_seconds_wait(provider, fetch):
    process(make_batch(LARGE | {"timestamp_ms": NOON_MS - 8000}))
    assert fetch() == FetchedQuotes()


def test_a_plan_without_quotes_ends_the_step(provider, fetch):
    process(make_batch(LARGE))
    provider.tell(
        f"/v3/quotes/{CALL}", refusal(403, {"status": "NOT_AUTHORIZED", "message": "not in your plan"})
    )
    assert str(fetch()) == "the plan has no quotes: none are requested"
    assert states() == ["wanted"]


def test_a_spent_budget_ends_the_step_and_loses_nothing(fetch, monkeypatch):
    def quotes(*_: Any) -> None:
        raise BudgetSpent("no time")

    process(make_batch(LARGE))
    monkeypatch.setattr("provider.client.MassiveClient.quotes", quotes)
    assert fetch() == FetchedQuotes()
    assert states() == ["wanted"]


@pytest.mark.parametrize("answer", [refusal(503), Answer(b"{damaged")])
def test_a_failed_request_is_repeated_by_the_next_step_after_the_others(provider, fetch, answer):
    process(make_batch(LARGE | {"size": 400}, LARGE | {"contract_ticker": PUT}))
    provider.tell(f"/v3/quotes/{CALL}", answer)
    quotes(provider, past_quote(AT - 20), ticker=PUT)
    step = fetch()
    assert (step.requests, step.quoted, states()) == (1, 1, ["wanted", "rest"])
    provider.forget()
    quotes(provider, past_quote(AT - 20))
    assert (fetch().quoted, states()) == (1, ["rest", "rest"])


def test_several_failures_in_a_row_end_the_step(provider, fetch):
    tickers = [f"O:SPXW261218C0{strike}000" for strike in range(6100, 6600, 100)]
    process(make_batch(*(LARGE | {"contract_ticker": ticker} for ticker in tickers)))
    provider.tell("", refusal(503))
    fetch()
    assert len({request.path for request in provider.requests}) == 3
    assert set(states()) == {"wanted"}


def test_trades_that_want_no_quote_show_the_direction_of_the_price(provider, fetch):
    """At the mid of equal depth the next different price decides: 4.90 is lower, so 5.00 was bought."""
    prices = ((5.00, 100, 0), (4.90, 10, 10_000), (5.10, 100, 20_000))
    process(
        make_batch(
            *(
                {**LARGE, "price": price, "size": size, "timestamp_ms": AT - 60_000 + after}
                for price, size, after in prices
            )
        )
    )
    quotes(provider, past_quote(AT - 60_020, bid_price=4.95, ask_price=5.05))
    fetch()
    assert OptionsFlow.objects.get(sequence_number=1).side == "buy"


def test_a_delayed_trade_waits_after_its_reception(fetch):
    process(make_batch(LARGE | {"timestamp_ms": NOON_MS - 900_000, "received_at_ms": NOON_MS - 2_000}))
    assert fetch() == FetchedQuotes()
