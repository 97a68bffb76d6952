"""A gap at the end of an expiration session is repaired to the last trade of the simulated market."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.conf import settings as django_settings

from flow.history import gaps
from flow.history.repair import RepairStep, repair_step
from ingestion.chains.ingest import ingest_chain
from provider.client import MassiveClient
from provider.connection import connected
from simulator.market.days import Days
from simulator.market.listing import pick
from simulator.market.market import SyntheticMarket
from simulator.market.option_trades import tape
from tests.partitions import drop_partitions
from tests.simulator import streams
from tests.simulator.servers import SEED, offset_ms, simulator
from warehouse import clock
from warehouse.models import OptionsFlow, RepairContract, StreamGap
from warehouse.watchlist import add_default_symbols

SYMBOL, SESSION = "AAPL", date(2026, 3, 20)  # the third Friday
CLOSE = datetime(2026, 3, 20, 20, 0, tzinfo=UTC)
CLOSE_MS = clock.epoch_ms(CLOSE)
GAP = (CLOSE_MS - 60_000, CLOSE_MS)
Trade = tuple[str, int, int, float, int]  # contract ticker, sequence number, ms, price, size


@pytest.fixture
def at(at_market_time, settings):
    """A function that moves the clocks of this process and of the simulator, which runs during the test."""
    settings.FLOW_MINIMUM_CONTRACTS = 1
    with simulator("--seed", str(SEED), "--clock-offset-ms", str(offset_ms(CLOSE))) as server:
        settings.MASSIVE_BASE_URL = server.base_url

        def move(instant: datetime) -> None:
            at_market_time(instant)
            streams.post(server, "/simulator/clock", offset_ms=django_settings.CLOCK_OFFSET_MS)

        move(CLOSE)
        add_default_symbols([SYMBOL])
        yield move
    drop_partitions()


def trades_of_market() -> tuple[set[Trade], set[str]]:
    """Return all trades of the market in the gap, and the contract tickers that expire in the session."""
    market = SyntheticMarket(SEED)
    listing = market.listings.on(SYMBOL, SESSION)
    made: set[Trade] = set()
    for row, ticker in enumerate(listing.ticker.tolist()):
        found = tape(market, SYMBOL, Days.each([SESSION]), pick(listing, np.array([row])))
        ms, prices = found.trades.ns // 1_000_000, found.trades.price
        for place in np.flatnonzero((ms >= GAP[0]) & (ms <= GAP[1])).tolist():
            price = round(float(prices[place]), 2)
            made.add((ticker, int(found.sequence[place]), int(ms[place]), price, int(found.size[place])))
    expiring = listing.ticker[listing.expiration == np.datetime64(SESSION)]
    return made, set(expiring.tolist())


def stored_trades() -> set[Trade]:
    rows = OptionsFlow.objects.filter(timestamp__gte=GAP[0], timestamp__lte=GAP[1])
    columns = rows.values_list("contract_ticker", "sequence_number", "timestamp", "price", "size")
    return {(ticker, number, ms, float(price), size) for ticker, number, ms, price, size in columns}


def step(redis_client) -> RepairStep:
    def connect(seconds: float) -> MassiveClient:
        return connected(django_settings, clock.now_ms)

    return repair_step("options", redis_client, connect, clock.now_ms())


def test_trades_of_contracts_that_expired_are_repaired(at: Callable[[datetime], None], redis_client):
    for slot in (CLOSE - timedelta(minutes=2), CLOSE):
        at(slot)
        ingest_chain(SYMBOL, clock.epoch_ms(slot), clock.now_ms())
    gaps.record_gap("options", *GAP, "cut")
    at(CLOSE + timedelta(minutes=2))
    steps = [step(redis_client)]
    while steps[-1].continues:
        steps.append(step(redis_client))
    assert sum(one.closed for one in steps) == 1
    made, expiring = trades_of_market()
    assert stored_trades() == made
    assert len({ticker for ticker, *_ in made} & expiring) == 20
    gap = StreamGap.objects.get()
    assert (gap.status, gap.repaired, gap.unrepairable) == ("REPAIRED", len(made), 0)
    assert not RepairContract.objects.exists()
