"""`manage.py ingest_now --wait`, with the tasks of chains run in place of a worker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from ingestion.chains.due import DueChain
from ingestion.chains.ingest import ingest_chain
from ingestion.management.commands import ingest_now
from tests.ingestion.market import CHAIN_PATH, SLOT, SLOT_MS, two_contracts
from tests.partitions import drop_partitions
from tests.provider.server import ok, refusal
from warehouse import clock
from warehouse.models import IngestionRun

pytestmark = pytest.mark.database
QUARTER_MS = 15 * 60 * 1000


@pytest.fixture
def sent(spx, provider, at_market_time, monkeypatch):
    """Return the slots of the enqueued chains. The first one is run when its slot has passed, others at once."""
    slots: list[int] = []

    def run(due: list[DueChain]) -> None:
        for wanted in due:
            slots.append(wanted.slot)
            if len(slots) == 1:
                at_market_time(SLOT + timedelta(milliseconds=QUARTER_MS))
            ingest_chain(wanted.symbol, wanted.slot, clock.now_ms(), wanted.deadline)

    monkeypatch.setattr(ingest_now, "enqueue", run)
    monkeypatch.setattr(ingest_now, "_KNOWN_WITHIN", 0.0)
    yield slots
    drop_partitions()


def test_when_a_slot_passes_meanwhile_the_next_one_is_ingested(sent, provider):
    provider.tell(CHAIN_PATH, ok(two_contracts()))
    call_command("ingest_now", wait=True)
    assert sent == [SLOT_MS, SLOT_MS + QUARTER_MS]
    assert dict(IngestionRun.objects.filter(task="ingest_chain").values_list("slot", "status")) == {
        SLOT_MS: "FAILED",
        SLOT_MS + QUARTER_MS: "DONE",
    }


def test_a_chain_that_fails_within_its_slot_ends_the_command(sent, provider):
    provider.tell(CHAIN_PATH, refusal(403))
    with pytest.raises(CommandError, match="SPX: failed"):
        call_command("ingest_now", wait=True)
    assert sent == [SLOT_MS, SLOT_MS + QUARTER_MS]
