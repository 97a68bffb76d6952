"""Rows beside a gap get what the provider's past knows better, and lose nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.trades import NOON_MS, make_batch, process
from warehouse.models import OptionsFlow

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

NAN = float("nan")
UNQUOTED = {"bid": NAN, "ask": NAN, "quote_age_ms": NAN, "bid_size": NAN, "ask_size": NAN}
AROUND = (NOON_MS - 1000, NOON_MS + 1000)


def past(*rows: dict[str, Any]) -> None:
    process(make_batch(*rows, source="rest"), complete_range=AROUND)


def stored(*names: str) -> list[tuple[Any, ...]]:
    return list(OptionsFlow.objects.order_by("sequence_number").values_list(*names))


def test_a_trade_without_a_quote_gets_the_one_that_was_sent_while_nobody_listened():
    process(make_batch({"price": 1.10, **UNQUOTED}))
    assert stored("side", "sentiment", "quote_age_ms") == [(None, "NEUTRAL", None)]
    past({"price": 1.10})
    assert stored("side", "sentiment", "quote_age_ms", "source") == [("buy", "BULLISH", 5, "live")]


def test_a_newer_quote_counts_and_an_older_one_does_not():
    process(make_batch({"price": 1.10, "quote_age_ms": 50.0}))
    past({"price": 1.10, "bid": 1.10, "ask": 1.20, "quote_age_ms": 20.0})
    assert stored("side", "quote_age_ms") == [("sell", 20)]
    past({"price": 1.10, "quote_age_ms": 30.0})
    assert stored("side", "quote_age_ms") == [("sell", 20)]


def test_a_part_of_a_sweep_stored_alone_becomes_one_of_its_parts():
    parts = (
        {"price": 1.10, "size": 12, "sequence_number": 1},
        {"price": 1.10, "size": 5, "sequence_number": 2, "exchange": 313},
    )
    process(make_batch(parts[0]))
    assert stored("trade_type", "sweep_id") == [("REGULAR", None)]
    past(*parts)
    assert stored("trade_type", "sweep_id", "source") == [("SWEEP", 1, "live"), ("SWEEP", 1, "backfill")]


def test_a_past_that_shows_a_part_of_a_sweep_takes_nothing_away():
    parts = (
        {"price": 1.10, "size": 12, "sequence_number": 1},
        {"price": 1.10, "size": 12, "sequence_number": 2, "exchange": 313},
    )
    process(make_batch(*parts))
    past(parts[1])
    past({**parts[1], **UNQUOTED})
    assert stored("trade_type", "sweep_id", "side") == [("SWEEP", 1, "buy")] * 2


def test_rows_outside_the_time_it_knows_better_stay_as_they_are():
    late = {"price": 1.10, "timestamp_ms": AROUND[1] + 1}
    process(make_batch({**late, **UNQUOTED}))
    past(late)
    assert stored("side") == [(None,)]
