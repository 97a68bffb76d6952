"""A real worker runs messages that were sent under a task's former name."""

from __future__ import annotations

import pytest

from local.launch.services import worker
from tests.system.conftest import eventually
from tests.webhook import Webhook
from warehouse import clock
from warehouse.models import Heartbeat
from warehouse.models.enums import RunStatus
from warehouse.models.runs import IngestionRun
from warehouse.task_names import RunTask
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.processes


@pytest.fixture
def webhook():
    server = Webhook()
    yield server
    server.stop()


@pytest.fixture
def send_named(broker_url):
    from config.celery import app

    def put(task: str, *arguments: object, queue: str) -> None:
        with app.connection_for_write(broker_url) as connection:
            app.send_task(task, arguments, queue=queue, connection=connection)

    return put


def test_the_health_watch_runs_under_its_former_name(children, send_named, webhook):
    Heartbeat.objects.create(id="worker@a:1", last_scan=clock.now_ms() - 90_000, status="healthy")
    children.start(worker("default"), ALERT_WEBHOOK_URL=webhook.url)
    send_named("ingestion.tasks.watch_health", queue="default")
    eventually(lambda: any("worker@a:1 has written no heartbeat" in text for text in webhook.texts))


def test_the_backfill_of_trades_runs_under_its_former_name(children, send_named, provider):
    add_default_symbols(["SPX"])
    ticker = "O:SPXW261218C06500000"
    children.start(worker("backfill"), MASSIVE_API_KEY="a-key-of-the-test")
    arguments = ("FLOW", RunTask.BACKFILL_FLOW, ticker, 0, "SPX", "2026-11-17", ticker)
    send_named("flow.tasks.backfill_prints", *arguments, queue="backfill")
    runs = IngestionRun.objects.filter(task=RunTask.BACKFILL_FLOW, symbol=ticker)
    eventually(lambda: runs.filter(status__in=[RunStatus.DONE, RunStatus.FAILED]).exists())
    assert f"/v3/trades/{ticker}" in {request.path for request in provider.requests}
