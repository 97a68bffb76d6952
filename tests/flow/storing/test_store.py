"""Rows of trades, and which trades are stored; every expected value is computed by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection

from tests.flow.trades import CALL, NOON_MS, PUT, make_batch, process
from tests.warehouse.rows import add_greeks
from warehouse.models import DeadLetter, OptionsFlow

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

NAN = float("nan")
ISO, COMPLEX, CANCEL = 219, 232, 203
DAY_MS = 86_400_000


def stored(sequence_number: int = 1) -> OptionsFlow:
    return OptionsFlow.objects.get(sequence_number=sequence_number)


def sequence_numbers() -> list[int]:
    return list(OptionsFlow.objects.order_by("sequence_number").values_list("sequence_number", flat=True))


def test_bought_call_has_every_column_set():
    done = process(make_batch({"price": 1.10, "size": 120, "condition": ISO}))
    assert (done.trades, done.selected, done.stored) == (1, 1, 1)
    row = stored()
    assert {name: getattr(row, name) for name in EXPECTED} == EXPECTED


EXPECTED = {
    "symbol": "SPX",  # SPXW is a root of SPX
    "timestamp": NOON_MS,
    "contract_ticker": CALL,
    "price": Decimal("1.1"),
    "size": 120,
    "premium": Decimal("13200"),
    "multiplier": 100,
    "trade_type": "SWEEP",
    "sentiment": "BULLISH",
    "aggressiveness": "PASSIVE",  # at the ask, not beyond it
    "is_sweep": True,
    "is_block": True,  # 120 >= 5 x 20
    "is_above_ask": False,
    "is_below_bid": False,
    "is_unusual_volume": False,
    "strike": Decimal("6500"),
    "expiration": dt.date(2026, 12, 18),
    "option_type": "call",
    "dte": 30,
    "underlying_price": Decimal("6500.25"),
    "underlying_age_ms": 12,
    "bid": Decimal("1"),
    "ask": Decimal("1.1"),
    "quote_age_ms": 5,
    "average_size": 20.0,
    "side": "buy",
    "sweep_id": 1,
    "exchange": "CBOE",
    "conditions": ["ISOI"],
    "is_cancel": False,
    "canceled_by": None,
    "source": "live",
    "received_at": NOON_MS + 40,
    "method_version": "flow-2",
    "large_size": None,
    "trade_rate": 0.9e-5,
    "quote_source": "stream",
}


def test_unknown_values_are_null():
    unknown = {"bid": NAN, "ask": NAN, "quote_age_ms": NAN, "underlying_price": NAN, "underlying_age_ms": NAN}
    process(make_batch({**unknown, "average_size": NAN, "condition": 0, "exchange": 0}))
    row = stored()
    for name in (*unknown, "average_size", "side", "sweep_id", "exchange", "conditions"):
        assert getattr(row, name) is None, name
    assert (row.sentiment, row.aggressiveness, row.is_sweep) == ("NEUTRAL", "NORMAL", False)


def test_premium_has_no_rounding_error():
    process(make_batch({"price": 0.57, "size": 11}))  # 0.57 x 11 x 100 is 626.9999999999999 in binary
    assert stored().premium == Decimal("627")


def test_days_to_expiration_are_days_in_new_york():
    """03:00 UTC on 18 November is still 17 November in New York: 31 days to 18 December."""
    process(make_batch({"timestamp_ms": NOON_MS - 14 * 3_600_000}))
    assert stored().dte == 31


def test_trade_of_an_unwatched_root_is_stored_under_its_root():
    process(make_batch({"contract_ticker": "O:IBM261218C00100000"}))
    assert stored().symbol == "IBM"


def test_unknown_exchanges_and_conditions_are_stored_as_numbers():
    process(make_batch({"exchange": 310, "condition": 999}, {"exchange": ord("Z")}))
    assert (stored(1).exchange, stored(1).conditions) == ("310", ["999"])
    assert stored(2).exchange == "BZX"


def test_all_conditions_of_a_trade_count():
    process(make_batch({"condition": 209, "conditions": "209,219"}))
    assert stored().conditions == ["AUTO", "ISOI"]
    assert stored().is_sweep


def test_small_trades_are_not_stored_and_the_limit_is_a_setting(settings):
    batch = make_batch(*({"size": size, "timestamp_ms": NOON_MS + 1000 * size} for size in (9, 10, 11)))
    process(batch)
    assert sequence_numbers() == [2, 3]
    settings.FLOW_MINIMUM_CONTRACTS = 9
    process(batch)
    assert sequence_numbers() == [1, 2, 3]


def test_small_parts_of_a_sweep_are_stored_with_its_first_number():
    """4 + 3 + 4 contracts at the ask on three exchanges within 500 ms; the fourth trade is too late."""
    process(
        make_batch(
            {"size": 4, "price": 1.10, "exchange": 302},
            {"size": 3, "price": 1.10, "exchange": 313, "timestamp_ms": NOON_MS + 250},
            {"size": 4, "price": 1.10, "exchange": 325, "timestamp_ms": NOON_MS + 499},
            {"size": 4, "price": 1.10, "exchange": 300, "timestamp_ms": NOON_MS + 500},
        )
    )
    rows = OptionsFlow.objects.order_by("sequence_number").values_list(
        "sequence_number", "sweep_id", "trade_type"
    )
    assert list(rows) == [(1, 1, "SWEEP"), (2, 1, "SWEEP"), (3, 1, "SWEEP")]


def test_two_small_trades_on_one_exchange_are_a_split_and_no_sweep():
    process(make_batch({"size": 6, "price": 1.10}, {"size": 5, "price": 1.10}))
    assert list(OptionsFlow.objects.values_list("trade_type", "sweep_id")) == [("SPLIT", None)] * 2


def test_leg_of_a_package_is_neutral():
    process(make_batch({"price": 1.10, "condition": COMPLEX}))
    row = stored()
    assert (row.trade_type, row.sentiment, row.side, row.conditions) == ("SPLIT", "NEUTRAL", None, ["MLET"])


def test_small_cancel_is_stored():
    process(make_batch({"size": 1, "condition": CANCEL}))
    assert stored().is_cancel


@pytest.mark.parametrize(("size", "unusual"), [(500, False), (501, True)])
def test_sweep_of_more_than_100_000_dollars_is_unusual(size, unusual):
    process(make_batch({"price": 2.0, "size": size, "condition": ISO}))
    assert stored().is_unusual_volume is unusual


def test_premiums_of_the_parts_of_a_sweep_are_added():
    """Two trades of 60,000 dollars each."""
    part = {"price": 6.0, "bid": 5.9, "ask": 6.0, "size": 100}
    process(
        make_batch({**part, "exchange": 302}, {**part, "exchange": 313}, {**part, "contract_ticker": PUT})
    )
    assert [stored(number).is_unusual_volume for number in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize(
    ("size", "volume", "unusual"), [(100, 501, True), (99, 501, False), (100, 500, False), (100, None, False)]
)
def test_large_trade_is_unusual_if_volume_exceeds_open_interest(size, volume, unusual):
    chain_of_last_slot = NOON_MS - 15 * 60_000
    add_greeks(chain_of_last_slot, CALL, volume=volume, open_interest=500)
    process(make_batch({"size": size}))
    assert stored().is_unusual_volume is unusual


def test_volume_of_a_chain_of_the_last_minutes_is_not_used():
    """The chain may not have been stored yet when the same trade was processed the first time."""
    add_greeks(NOON_MS - 15 * 60_000, CALL, volume=1, open_interest=500)
    add_greeks(NOON_MS - 15 * 60_000 + 1, CALL, volume=501, open_interest=500)
    process(make_batch({"size": 100}))
    assert not stored().is_unusual_volume


def test_invalid_trades_are_dead_letters_and_the_rest_is_stored():
    bad = (
        {"contract_ticker": "O:NONSENSE"},
        {"contract_ticker": b"O:SPXW\xff61218C06500000"},
        {"price": NAN},
        {"price": float("inf")},
        {"size": 0},
        {"timestamp_ms": NOON_MS - 91 * DAY_MS},
        {"timestamp_ms": NOON_MS + 9 * DAY_MS},
    )
    rows = [{**row, "contract_ticker": _bytes(row.get("contract_ticker", CALL))} for row in ({}, *bad, {})]
    batch = make_batch(*rows)
    done = process(batch, name="options:boot:1")
    assert (done.selected, done.stored) == (2, 2)
    assert sequence_numbers() == [1, 9]
    assert done.quarantined == {
        "not an option contract ticker": 2,
        "not a price": 2,
        "not a size": 1,
        "time outside retention": 2,
    }
    letter = DeadLetter.objects.get()
    assert letter.batch_id.startswith("options:boot:1:quarantine:")
    assert (
        letter.error
        == "2 not a price, 1 not a size, 2 not an option contract ticker, 2 time outside retention"
    )
    process(batch, name="options:boot:1")
    assert DeadLetter.objects.count() == 1


def _bytes(ticker: str | bytes) -> bytes:
    return ticker if isinstance(ticker, bytes) else ticker.encode()


def test_absurd_quotes_and_ages_are_stored_as_unknown():
    inf = float("inf")
    process(
        make_batch(
            {"bid": -inf, "ask": inf, "quote_age_ms": inf, "average_size": inf}, {"quote_age_ms": 1e18}
        )
    )
    assert [getattr(stored(1), name) for name in ("bid", "ask", "quote_age_ms", "average_size")] == [None] * 4
    assert stored(2).quote_age_ms == 2**31 - 1


def test_empty_batch_and_batch_of_small_trades_store_nothing():
    assert process(make_batch({}).take(np.arange(0))).selected == 0
    assert process(make_batch({"size": 1})).selected == 0
    assert OptionsFlow.objects.count() == 0


def test_role_of_workers_has_the_necessary_privileges():
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE warehouse_writer")
        process(make_batch({}, {"contract_ticker": "O:NONSENSE"}))
        cursor.execute("RESET ROLE")
    assert sequence_numbers() == [1]
