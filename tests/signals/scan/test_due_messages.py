"""What the scanner's minute enqueues: the scan of a due bar, and before it the sums of the trades up to its end."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from quant import sessions
from signals import tasks
from signals.scan.due import due_bars
from tests.ingestion.fixtures import at_market_time  # noqa: F401
from tests.signals import market
from warehouse import clock

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
END = sessions.open_of(market.LAST) + dt.timedelta(minutes=15)  # of the first bar


def enqueued(redis_client) -> dict[str, dt.datetime]:
    """Return when each message of the queues is to be carried out, by the name of its task."""
    queues = [redis_client.lrange(f"warehouse:{name}", 0, -1) for name in ("default", "bars")]
    messages = [json.loads(one)["headers"] for queue in queues for one in queue]
    return {one["task"]: dt.datetime.fromisoformat(one["eta"]) for one in messages}


def test_trades_are_summed_after_the_end_of_a_bar_and_before_its_scan(at_market_time, redis_client):  # noqa: F811
    market.watch("SPY")
    at_market_time(END)
    began = dt.datetime.now(dt.UTC)
    assert tasks.scan_due().startswith("1 bars enqueued, session open")
    found = enqueued(redis_client)
    assert set(found) == {"signals.tasks.scan", "ingestion.tasks.sum_intervals"}
    before = found["signals.tasks.scan"] - found["ingestion.tasks.sum_intervals"]
    assert before.total_seconds() == pytest.approx(25, abs=1)
    assert clock.epoch_ms(found["ingestion.tasks.sum_intervals"]) > clock.epoch_ms(began)


def test_a_bar_is_found_in_a_minute_that_ends_ten_seconds_after_it():
    end_ms = clock.epoch_ms(END)
    assert due_bars(end_ms - 50_001, 0).bars == ()
    assert [bar.bar_end for bar in due_bars(end_ms - 50_000, 0).bars] == [end_ms]
