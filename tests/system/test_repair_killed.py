"""A worker that is killed during a long repair; other requests of the same rate limit hardly wait for the repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from flow.history import gaps
from flow.history.active_contracts import ActiveContract
from flow.history.repair_start import Repair, start
from local.launch.services import REPAIR_QUEUE, Service, worker
from provider.rate_limit import limiter_for
from tests.ingestion.market import SLOT_MS
from tests.provider.server import ScriptedProvider
from tests.system.conftest import eventually
from warehouse.models import RepairContract, StreamGap
from warehouse.models.enums import GapStatus, RepairOutcome
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.processes

CONTRACTS = 2_000
RATE = 200.0  # requests per second of all processes together
PAGES = 5  # of a chain, whose requests follow each other
CHAIN_EVERY = 300  # requests of the repair
KILLED_AFTER = 700
GAP = (SLOT_MS - 600_000, SLOT_MS - 500_000)


@pytest.fixture
def repair_requests(provider: ScriptedProvider) -> Callable[[], Counter[str]]:
    """A function that returns the number of requests by contract ticker."""

    def count() -> Counter[str]:
        return Counter(request.path.removeprefix("/v3/trades/") for request in list(provider.requests))

    return count


@pytest.fixture
def send_repair(broker_url) -> Callable[[], None]:
    from config.celery import app

    def put() -> None:
        with app.connection_for_write(broker_url) as connection:
            app.send_task("flow.tasks.repair_feed", ("options",), queue=REPAIR_QUEUE, connection=connection)

    return put


def test_a_killed_repair_goes_on_and_leaves_the_rate_to_chains(
    children, provider, repair_requests, send_repair, broker_url
):
    add_default_symbols(["SPX"])
    gaps.record_gap("options", *GAP, "cut")
    tickers = [f"O:SPXW261218C{strike:05}000" for strike in range(CONTRACTS)]
    contracts = [ActiveContract("SPX", ticker, float(CONTRACTS - n)) for n, ticker in enumerate(tickers)]
    assert start(Repair((StreamGap.objects.get(),)), contracts)
    chain = limiter_for(provider.url, broker_url, RATE)
    assert chain
    waits: list[float] = []

    def repaired(requests: int) -> None:
        """Wait until the repair has sent so many requests, and meanwhile fetch the pages of chains."""
        while (sent := len(provider.requests)) < requests:
            eventually(lambda sent=sent: len(provider.requests) >= min(sent + CHAIN_EVERY, requests))
            waits.extend(chain.acquire() for _ in range(PAGES))

    service: Service = worker(REPAIR_QUEUE)
    killed = children.start(service, MASSIVE_REQUESTS_PER_SECOND=str(RATE))
    send_repair()
    repaired(KILLED_AFTER)
    killed.kill()
    before = repair_requests()
    answered = RepairContract.objects.filter(outcome=RepairOutcome.ASKED)
    kept = set(answered.values_list("contract_ticker", flat=True))
    assert len(kept) >= len(before) - 1 >= KILLED_AFTER - 1

    children.start(service, MASSIVE_REQUESTS_PER_SECOND=str(RATE))
    send_repair()
    repaired(CONTRACTS)
    eventually(lambda: StreamGap.objects.get().status != GapStatus.OPEN)
    gap = StreamGap.objects.get()
    assert (gap.status, gap.contracts, gap.unrepairable) == (GapStatus.REPAIRED, CONTRACTS, 0)
    asked = repair_requests()
    assert set(asked) == set(tickers)
    assert {ticker for ticker, times in asked.items() if times > 1} <= set(before) - kept
    assert len(waits) >= PAGES * (CONTRACTS // CHAIN_EVERY)
    assert max(waits) <= 1 / RATE + 1e-3  # one interval, and a millisecond for the rounding of clocks
