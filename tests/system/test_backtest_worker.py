"""A backtest on a real worker has the outcomes of one in a single process, and one that a worker left is continued."""

from __future__ import annotations

import datetime as dt

import pytest
from celery import current_app

from backtest import run, store
from local.launch.services import worker
from tests.backtest.test_run import NOW_MS, finished, outcomes_of, request, stored  # noqa: F401
from tests.system.conftest import eventually
from warehouse import clock
from warehouse.task_names import CeleryTask

pytestmark = pytest.mark.processes


@pytest.fixture
def fleet_of_one(children, stored, settings):  # noqa: F811
    """A worker of the queues `default` and `backtest`, two hours after the last stored session."""
    now_ms = clock.epoch_ms(dt.datetime.now(dt.UTC))
    settings.CLOCK_OFFSET_MS = NOW_MS - now_ms
    return children.start(worker("default,backtest"), CLOCK_OFFSET_MS=str(settings.CLOCK_OFFSET_MS))


def test_a_backtest_of_the_fleet_equals_one_of_a_single_process(fleet_of_one, broker_url):
    alone = finished(store.create(request("SPY", "QQQ"), "test", NOW_MS))
    asked = store.create(request("SPY", "QQQ"), "test", NOW_MS)
    left = store.create(request("SPY", "QQQ"), "test", NOW_MS)
    assert len(run.start(left, NOW_MS - run.LOST_AFTER_MS - 1)) == 2  # by a worker that was killed
    with current_app.connection_for_write(broker_url) as connection:
        current_app.send_task(CeleryTask.START_BACKTEST, (asked.id,), connection=connection)
        current_app.send_task(CeleryTask.CONTINUE_BACKTESTS, connection=connection)
    for one in (asked, left):
        eventually(lambda one=one: type(one).objects.get(id=one.id).status == "done")
        one.refresh_from_db()
        assert (one.result, one.fingerprint) == (alone.result, alone.fingerprint)
        assert outcomes_of(one) == outcomes_of(alone)
