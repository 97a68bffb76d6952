"""The last market time that a warehouse recorded, from which a restarted simulated market continues."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from local.launch.recorded_time import newest_recorded
from tests.flow.trades import NOON_MS, make_batch, process
from warehouse import clock
from warehouse.models import Heartbeat
from warehouse.models.enums import WorkerStatus

pytestmark = pytest.mark.database


@pytest.fixture
def url(stack, transactional_db, at_market_time) -> str:
    return stack.owner_url(connection.settings_dict["NAME"])


def add_heartbeat(name: str, at_ms: int) -> None:
    Heartbeat.objects.create(id=name, last_scan=at_ms, status=WorkerStatus.HEALTHY)


def after(at_ms: int, seconds: int) -> dt.datetime:
    return clock.instant(at_ms) + dt.timedelta(seconds=seconds)


def test_a_database_without_tables_has_no_recorded_time(stack, db):
    assert newest_recorded(stack.owner_url("postgres")) is None


def test_an_empty_warehouse_has_no_recorded_time(url):
    assert newest_recorded(url) is None


def test_the_newest_heartbeat_is_known_ten_seconds_later(url):
    add_heartbeat("consumer@host:1", NOON_MS - 60_000)
    add_heartbeat("beat", NOON_MS)
    assert newest_recorded(url) == after(NOON_MS, 10)


@pytest.mark.usefixtures("at_noon")
def test_a_trade_after_the_last_heartbeat_is_newer(url):
    add_heartbeat("beat", NOON_MS - 5_000)
    process(make_batch({"size": 20}))
    assert newest_recorded(url) == after(NOON_MS, 10)
