"""A worker that is killed in the middle of a chain, by an operator or the OOM killer, loses one attempt only."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

import pytest

from ingestion.chains.ingest import MISSED
from local.launch.services import worker
from tests.ingestion.market import CALL, CHAIN_PATH, PUT, SLOT_MS, page, row
from tests.provider.server import Answer, ok
from tests.system.children import Child
from tests.system.conftest import eventually
from warehouse.models import GammaExposure, HistoricalGreeks, IngestionRun
from warehouse.models.enums import RunStatus
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.processes

QUARTER_HOUR_MS = timedelta(minutes=15) // timedelta(milliseconds=1)


@pytest.fixture
def in_the_middle(warehouse, fleet, provider, send) -> Child:
    """A worker that has SPX's first page and waits for the second, which is sent only to the next request."""
    add_default_symbols(["SPX"])
    provider.tell(CHAIN_PATH, ok(page(row(CALL), next_url=f"{provider.url}{CHAIN_PATH}?cursor=two")))
    provider.tell(f"{CHAIN_PATH}?cursor=two", Answer(hang=True), ok(page(row(PUT))))
    child = fleet.living() or fleet.start(worker())
    send("ingest_due")
    eventually(lambda: "cursor=two" in [request.query for request in provider.requests])
    assert IngestionRun.objects.get().status == RunStatus.STARTED
    return child


def the_slot_ended() -> bool:
    return IngestionRun.objects.exclude(status=RunStatus.STARTED).filter(slot=SLOT_MS).exists()


def the_chain_is_stored_once_at_the_second_attempt() -> None:
    run = IngestionRun.objects.get()
    assert (run.status, run.attempts, run.rows) == (RunStatus.DONE, 2, 2)
    assert sorted(HistoricalGreeks.objects.values_list("contract_ticker", flat=True)) == [CALL, PUT]
    assert GammaExposure.objects.count() == 1


def test_a_restarted_worker_stores_the_chain_once(in_the_middle, fleet, send):
    in_the_middle.kill()
    fleet.start(worker())
    send("ingest_due")
    eventually(the_slot_ended)
    the_chain_is_stored_once_at_the_second_attempt()


def test_a_killed_pool_child_is_replaced_and_the_chain_is_stored_once(in_the_middle, send):
    for pid in in_the_middle.pool():
        os.kill(pid, signal.SIGKILL)
    send("ingest_due")
    eventually(the_slot_ended)
    the_chain_is_stored_once_at_the_second_attempt()
    assert in_the_middle.is_alive()


def test_a_worker_restarted_after_the_slot_leaves_a_gap(in_the_middle, children, send, clock_offset_ms):
    in_the_middle.kill()
    children.start(worker(), CLOCK_OFFSET_MS=str(clock_offset_ms + QUARTER_HOUR_MS))
    send("ingest_due")
    eventually(the_slot_ended)
    run = IngestionRun.objects.get(slot=SLOT_MS)
    assert (run.status, run.error, run.attempts) == (RunStatus.FAILED, MISSED, 1)
    # It continues with the slot that is due and stores none of its rows under the missed slot.
    eventually(lambda: IngestionRun.objects.filter(slot=SLOT_MS + QUARTER_HOUR_MS, status=RunStatus.DONE))
    assert not HistoricalGreeks.objects.filter(timestamp=SLOT_MS).exists()
    assert not GammaExposure.objects.filter(timestamp=SLOT_MS).exists()
