"""Rows near a gap are amended with information of the REST history and lose none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.trades import NOON_MS, make_batch, process
from warehouse.asof import at, flow
from warehouse.models import OptionsFlow, SupersededRow

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

NAN = float("nan")
UNQUOTED = {"bid": NAN, "ask": NAN, "quote_age_ms": NAN, "bid_size": NAN, "ask_size": NAN}
COMPLETE_RANGE = (NOON_MS - 1000, NOON_MS + 1000)


def process_complete(*rows: dict[str, Any]) -> None:
    process(make_batch(*rows, source="rest"), complete_range=COMPLETE_RANGE)


def stored(*names: str) -> list[tuple[Any, ...]]:
    return list(OptionsFlow.objects.order_by("sequence_number").values_list(*names))


def test_trade_without_a_quote_gets_the_missed_quote():
    process(make_batch({"price": 1.10, **UNQUOTED}))
    assert stored("side", "sentiment", "quote_age_ms") == [(None, "NEUTRAL", None)]
    process_complete({"price": 1.10})
    assert stored("side", "sentiment", "quote_age_ms", "source") == [("buy", "BULLISH", 5, "live")]


def test_newer_quote_is_used_and_older_one_is_not():
    process(make_batch({"price": 1.10, "quote_age_ms": 50.0}))
    process_complete({"price": 1.10, "bid": 1.10, "ask": 1.20, "quote_age_ms": 20.0})
    assert stored("side", "quote_age_ms") == [("sell", 20)]
    process_complete({"price": 1.10, "quote_age_ms": 30.0})
    assert stored("side", "quote_age_ms") == [("sell", 20)]


def test_an_amended_trade_keeps_its_earlier_version():
    process(make_batch({"price": 1.10, "quote_age_ms": 50.0}))
    process_complete({"price": 1.10, "bid": 1.10, "ask": 1.20, "quote_age_ms": 20.0})
    trade, version = OptionsFlow.objects.get(), SupersededRow.objects.get()
    assert (version.table_name, version.known_at) == ("options_flow_history", trade.known_at)
    assert version.superseded_at == trade.amended_at
    assert version.key == {
        name: getattr(trade, name) for name in ("symbol", "timestamp", "contract_ticker", "sequence_number")
    }
    assert (version.row["side"], version.row["quote_age_ms"], version.row["bid"]) == ("buy", 50, 1.0)


def test_both_versions_of_an_amended_trade_have_its_multiplier():
    process(make_batch({"price": 1.10, "quote_age_ms": 50.0}))
    OptionsFlow.objects.update(known_at=NOON_MS)
    process_complete({"price": 1.10, "bid": 1.10, "ask": 1.20, "quote_age_ms": 20.0})
    amended_at = OptionsFlow.objects.get().amended_at
    for at_ms, side in ((amended_at - 1, "buy"), (amended_at, "sell")):
        with at(at_ms):
            read = flow.trades("SPX", NOON_MS, NOON_MS)
        assert (read.side.tolist(), read.multiplier.tolist()) == ([side], [100.0])


def test_part_of_a_sweep_stored_alone_is_amended_to_sweep():
    parts = (
        {"price": 1.10, "size": 12, "sequence_number": 1},
        {"price": 1.10, "size": 5, "sequence_number": 2, "exchange": 313},
    )
    process(make_batch(parts[0]))
    assert stored("trade_type", "sweep_id") == [("REGULAR", None)]
    process_complete(*parts)
    assert stored("trade_type", "sweep_id", "source") == [("SWEEP", 1, "live"), ("SWEEP", 1, "backfill")]


def test_a_sweep_whose_first_part_was_lost_has_one_id():
    parts = [
        {"price": 1.10, "size": 12, "sequence_number": number, "exchange": 310 + number}
        for number in (1, 2, 3)
    ]
    process(make_batch(*parts[1:]))
    assert stored("sweep_id") == [(2,)] * 2
    process_complete(*parts)
    assert stored("sweep_id", "source") == [(1, "backfill"), (1, "live"), (1, "live")]
    process_complete(*parts[1:])  # the history of a shorter time knows less
    assert stored("sweep_id") == [(1,)] * 3


def test_incomplete_sweep_from_rest_removes_no_information():
    parts = (
        {"price": 1.10, "size": 12, "sequence_number": 1},
        {"price": 1.10, "size": 12, "sequence_number": 2, "exchange": 313},
    )
    process(make_batch(*parts))
    process_complete(parts[1])
    process_complete({**parts[1], **UNQUOTED})
    assert stored("trade_type", "sweep_id", "side") == [("SWEEP", 1, "buy")] * 2


def test_rows_outside_the_complete_range_stay_unchanged():
    late = {"price": 1.10, "timestamp_ms": COMPLETE_RANGE[1] + 1}
    process(make_batch({**late, **UNQUOTED}))
    process_complete(late)
    assert stored("side") == [(None,)]


def test_a_trade_that_becomes_part_of_a_sweep_becomes_a_candidate():
    parts = (
        {"price": 1.10, "size": 12, "sequence_number": 1, **UNQUOTED},
        {"price": 1.10, "size": 5, "sequence_number": 2, "exchange": 313, **UNQUOTED},
    )
    process(make_batch(parts[0]))
    assert stored("quote_source") == [(None,)]
    process_complete(*parts)
    assert stored("quote_source") == [("absent",), ("absent",)]
