"""A real worker stores the batches of the inbox, whether their own message or the sweeper's arrives."""

from __future__ import annotations

import pytest

from flow.delivery.inbox import Inbox
from local.launch.services import worker
from tests.flow.trades import CALL, NOON_MS, make_batch
from tests.partitions import drop_partitions
from tests.system.conftest import eventually
from warehouse.models import OptionsFlow
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.processes


@pytest.fixture
def inbox(warehouse, fleet, broker):
    add_default_symbols(["SPX"])
    yield Inbox(broker, "options")
    drop_partitions()


@pytest.fixture
def send_flow(broker_url):
    from config.celery import app

    def put(task: str, *args: object, **options: object) -> None:
        with app.connection_for_write(broker_url) as connection:
            app.send_task(f"flow.tasks.{task}", args, connection=connection, **options)

    return put


def test_a_trade_and_its_cancel_are_stored_by_a_real_worker(inbox, fleet, send_flow):
    """The message of the first batch arrives; that of the second is lost and sent by the sweeper."""
    fleet.start(worker("default,flow"))
    inbox.put("options:boot:1", make_batch({"timestamp_ms": NOON_MS}).encode())
    send_flow("store_trades", "options:boot:1")
    eventually(lambda: inbox.size() == 0)
    assert OptionsFlow.objects.get().canceled_by is None

    inbox.put(
        "options:boot:2",
        make_batch({"sequence_number": 9, "timestamp_ms": NOON_MS + 9, "condition": 203}).encode(),
    )
    send_flow("sweep_inbox", 0.0, queue="default")
    eventually(lambda: OptionsFlow.objects.filter(contract_ticker=CALL, canceled_by=9).exists())
    assert inbox.size() == 0
    assert OptionsFlow.objects.count() == 2
