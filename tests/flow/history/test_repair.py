"""A repair stores the trades that the table lacks from the REST history, each once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings

from flow.delivery.inbox import Inbox
from flow.history import gaps
from flow.history.repair import RepairStep, repair_step
from flow.history.repair_start import SPOOLED
from flow.storing.process_trades import ingest_options_flow
from provider.client import MassiveClient
from provider.connection import connected
from tests.flow.trades import CALL, NOON, NOON_MS, PUT, make_batch, process
from tests.provider.server import ok, refusal
from tests.warehouse.rows import add_greeks
from warehouse import clock
from warehouse.models import Heartbeat, OptionsFlow, StreamGap, WatchlistEntry

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon", "repairable")]

GAP = (NOON_MS - 300_000, NOON_MS - 240_000)  # one minute long, five minutes ago
IN_GAP = GAP[0] + 30_000


@pytest.fixture
def repairable(at_noon, provider, settings) -> None:
    """Disable chains, so that no repair waits for one, and store a trade of one contract before the gap."""
    settings.MASSIVE_BASE_URL = provider.url
    WatchlistEntry.objects.update(ingest_chain=False)
    process(make_batch({"timestamp_ms": GAP[0] - 1000}))


@pytest.fixture
def repair(redis_client):
    """A function that does one step of the repair of GAP, which is enough for few contracts."""
    gaps.record_gap("options", *GAP, "cut")
    return lambda: step(redis_client)


def step(redis_client, feed: str = "options") -> RepairStep:
    return repair_step(feed, redis_client, lambda seconds: connection(), clock.now_ms())


def connection() -> MassiveClient:
    return connected(django_settings, clock.now_ms)


def rest_trade(at_ms: int = IN_GAP, **changes: Any) -> dict[str, Any]:
    document = {
        "price": 1.10,
        "size": 25,
        "sip_timestamp": at_ms * 1_000_000,
        "exchange": 302,
        "conditions": [209],
        "sequence_number": 100,
    } | changes
    return {name: value for name, value in document.items() if value is not None}


def past_quote(at_ms: int, **changes: Any) -> dict[str, Any]:
    return {
        "sip_timestamp": at_ms * 1_000_000,
        "bid_price": 1.00,
        "ask_price": 1.10,
        "bid_size": 10,
        "ask_size": 10,
    } | changes


def page(*rows: dict[str, Any]) -> Any:
    return ok({"status": "OK", "request_id": "0" * 32, "results": list(rows)})


@pytest.fixture
def set_trades(provider):
    """Return a function that sets the provider's trades and quotes of a contract."""

    def tell(*trades: dict[str, Any], quotes: tuple[dict[str, Any], ...] = (), ticker: str = CALL) -> None:
        provider.tell(f"/v3/trades/{ticker}", page(*trades))
        provider.tell(f"/v3/quotes/{ticker}", page(*quotes))

    return tell


def in_gap() -> list[OptionsFlow]:
    rows = OptionsFlow.objects.filter(timestamp__gte=GAP[0], timestamp__lte=GAP[1])
    return list(rows.order_by("timestamp", "sequence_number"))


def test_missed_trade_is_stored_like_a_trade_of_the_stream(repair, set_trades):
    set_trades(rest_trade(), quotes=(past_quote(IN_GAP - 20), past_quote(IN_GAP, ask_price=9.0)))
    assert str(repair()) == "1 contracts asked, 1 trades stored, 1 gaps closed"
    (row,) = in_gap()
    assert (row.source, row.sequence_number, row.side, row.sentiment) == ("backfill", 100, "buy", "BULLISH")
    assert (float(row.bid), float(row.ask), row.quote_age_ms) == (1.00, 1.10, 20)
    # Mean size and underlying price are those of the trade before; the age shows how old the price is.
    assert (row.average_size, float(row.underlying_price)) == (20.0, 6500.25)
    assert row.underlying_age_ms == 31_000 + 12
    gap = StreamGap.objects.get()
    assert (gap.status, gap.repaired, gap.unrepairable) == ("REPAIRED", 1, 0)


def test_plan_without_quotes_leaves_the_side_unknown(repair, provider):
    provider.tell(f"/v3/trades/{CALL}", page(rest_trade()))
    provider.tell(f"/v3/quotes/{CALL}", refusal(403, {"status": "NOT_AUTHORIZED", "message": "no"}))
    repair()
    (row,) = in_gap()
    assert (row.side, row.bid, row.quote_age_ms, row.sentiment) == (None, None, None, "NEUTRAL")


def test_trade_from_stream_and_rest_is_one_row(repair, set_trades):
    process(make_batch({"sequence_number": 100, "timestamp_ms": IN_GAP, "size": 25, "price": 1.10}))
    set_trades(rest_trade())
    assert repair().stored == 0
    assert [row.source for row in in_gap()] == ["live"]


def test_of_equal_trades_without_numbers_only_missing_ones_are_stored(repair, set_trades):
    process(make_batch({"sequence_number": 7, "timestamp_ms": IN_GAP, "size": 25, "price": 1.10}))
    unnumbered = rest_trade(sequence_number=None)
    other_condition = rest_trade(sequence_number=None, conditions=[227])
    set_trades(unnumbered, unnumbered, other_condition, unnumbered)
    assert repair().stored == 3
    assert [(row.sequence_number, row.conditions) for row in in_gap()] == [
        (-3, ["AUTO"]),
        (-2, ["SLAN"]),
        (-1, ["AUTO"]),
        (7, ["AUTO"]),
    ]


def test_different_trades_without_numbers_are_all_stored(repair, set_trades):
    set_trades(rest_trade(sequence_number=None), rest_trade(sequence_number=None, price=1.05))
    assert repair().stored == 2
    assert sorted(float(row.price) for row in in_gap()) == [1.05, 1.10]


@pytest.mark.parametrize("number", [100, None])
def test_repairing_the_same_time_again_changes_nothing(repair, set_trades, redis_client, number):
    set_trades(rest_trade(sequence_number=number), rest_trade(IN_GAP + 1, sequence_number=number))
    assert repair().stored == 2
    gaps.record_gap("options 2/2", *GAP, "cut")
    assert step(redis_client, "options 2/2").stored == 0
    assert len(in_gap()) == 2


def test_nearby_gaps_are_repaired_together_and_counted_separately(repair, set_trades, provider):
    far = gaps.record_gap("options", GAP[0] - 700_000, GAP[0] - 601_000, "cut")
    later = gaps.record_gap("options", GAP[1] + 60_000, GAP[1] + 90_000, "silent")
    lasting = gaps.record_gap("options", GAP[1] + 120_000, None, "cut")
    set_trades(rest_trade(), *(rest_trade(GAP[1] + 70_000, sequence_number=number) for number in (101, 102)))
    assert repair().closed == 1  # the oldest gap, alone
    assert StreamGap.objects.get(id=far).status == "REPAIRED"
    assert repair().closed == 2
    assert len([request for request in provider.requests if "/v3/trades/" in str(request)]) == 2
    states = {gap.id: (gap.status, gap.repaired) for gap in StreamGap.objects.exclude(from_ms=GAP[0])}
    assert states == {later: ("REPAIRED", 2), lasting: ("OPEN", 0), far: ("REPAIRED", 0)}
    assert StreamGap.objects.get(from_ms=GAP[0]).repaired == 1


def test_closed_gap_is_not_repaired_again(repair, set_trades, provider):
    set_trades(rest_trade())
    repair()
    requests_before = len(provider.requests)
    assert str(repair()) == "no gap needs a repair"
    assert len(provider.requests) == requests_before


def test_sweep_across_the_edge_of_a_gap_is_detected(repair, set_trades):
    """The stream delivered 12 contracts just before the gap; 6 on another exchange were missed."""
    before = {"sequence_number": 50, "timestamp_ms": GAP[0] - 100, "size": 12, "price": 1.10}
    process(make_batch(before))
    set_trades(
        rest_trade(GAP[0] - 100, sequence_number=50, size=12),
        rest_trade(GAP[0] + 100, sequence_number=51, size=6, exchange=313),
        quotes=(past_quote(GAP[0] - 150),),
    )
    repair()
    assert [(row.sequence_number, row.sweep_id) for row in in_gap()] == [(51, 50)]


def test_sweeps_near_a_gap_are_stored_only_if_complete(repair, set_trades):
    """The range is extended by half a second before the gap and by five seconds after it."""
    edges = (GAP[0] - 500, GAP[1] + 5_000)
    set_trades(
        rest_trade(edges[0] - 490, sequence_number=50, size=6),
        rest_trade(edges[0] - 480, sequence_number=51, size=6, exchange=313),
        rest_trade(edges[0] - 300, sequence_number=52, conditions=[232]),
        rest_trade(edges[1] - 10, sequence_number=53, size=6, exchange=313),
        rest_trade(edges[1] + 10, sequence_number=54, size=6),
        quotes=(past_quote(edges[0] - 499), past_quote(edges[1] - 20)),
    )
    repair()
    rows = OptionsFlow.objects.filter(source="backfill").order_by("sequence_number")
    assert list(rows.values_list("sequence_number", "sweep_id")) == [(52, None), (53, 53), (54, 53)]


def test_contract_refused_by_the_provider_is_counted(repair, provider):
    provider.tell(f"/v3/trades/{CALL}", refusal(403, {"status": "NOT_AUTHORIZED", "message": "no"}))
    repair()
    gap = StreamGap.objects.get()
    assert (gap.status, gap.repaired, gap.unrepairable) == ("UNREPAIRABLE", 0, 1)


def test_incomplete_response_leaves_the_gap_open(repair, provider):
    provider.tell(f"/v3/trades/{CALL}", ok({"status": "OK"}))
    step = repair()
    assert str(step) == "0 contracts asked, 0 trades stored, 1 answers incomplete, 1 contracts wait"
    assert not step.continues
    assert StreamGap.objects.get().status == "OPEN"


def test_a_gap_with_a_contract_that_stays_incomplete_is_unrepairable(repair, provider):
    provider.tell(f"/v3/trades/{CALL}", ok({"status": "OK"}))
    assert [repair().closed for _ in range(5)] == [0, 0, 0, 0, 1]
    gap = StreamGap.objects.get()
    assert (gap.status, gap.unrepairable) == ("UNREPAIRABLE", 1)


def test_contracts_whose_volume_grew_over_the_gap_are_fetched(repair, set_trades, provider):
    for slot, volume in ((GAP[0] - 60_000, 5), (GAP[1] + 60_000, 9)):
        add_greeks(slot, PUT, volume=volume)
        add_greeks(slot, "O:SPXW261218P06000000", volume=5)
    set_trades()
    set_trades(rest_trade(), ticker=PUT)
    assert repair().asked == 2
    assert [row.contract_ticker for row in in_gap()] == [PUT]


def test_repair_waits_for_the_inbox(repair, set_trades, redis_client, put_batch, at_market_time):
    set_trades(rest_trade())
    batch_id = put_batch(make_batch({}))
    redis_client.zadd("warehouse:inbox:options:index", {batch_id: 1})  # put in 1970
    assert str(repair()) == "the repair waits for batches in the inbox"
    Inbox(redis_client, "options").done(batch_id)
    assert repair().stored == 1


def test_repair_waits_for_a_spool(repair, set_trades):
    set_trades(rest_trade())
    beat = Heartbeat.objects.create(
        id="flow_listener", last_scan=NOON_MS, status="healthy", metadata={SPOOLED: 3}
    )
    assert str(repair()) == "the repair waits for batches in a spool"
    beat.metadata = {SPOOLED: 0}
    beat.save()
    assert repair().stored == 1


def test_consumer_gone_for_a_day_does_not_delay_repairs(repair, set_trades):
    set_trades(rest_trade())
    Heartbeat.objects.create(
        id="flow_listener", last_scan=NOON_MS - 86_400_000, status="healthy", metadata={SPOOLED: 3}
    )
    assert repair().stored == 1


def test_repair_waits_for_the_stream_to_settle(repair, at_market_time):
    at_market_time(NOON - timedelta(seconds=239))
    assert str(repair()) == "the repair waits for the stream to settle"


def test_repair_waits_a_limited_time_for_the_chain_after_the_gap(repair, set_trades, at_market_time):
    WatchlistEntry.objects.update(ingest_chain=True)
    set_trades(rest_trade())
    assert str(repair()) == "the repair waits for the chain after the gap"
    at_market_time(NOON + timedelta(minutes=17))
    assert repair().stored == 1


def test_ingest_options_flow_stores_missing_trades_of_a_symbol(set_trades):
    set_trades(rest_trade())
    assert ingest_options_flow("SPX", GAP[0] - 1000, connection, clock.now_ms()).stored == 1
    assert ingest_options_flow("SPX", GAP[0] - 1000, connection, clock.now_ms()).stored == 0
