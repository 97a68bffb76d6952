"""`manage.py gaps` lists every slot without a chain, with its reason."""

from __future__ import annotations

import datetime as dt
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from ingestion.chains.ingest import MISSED, ingest_chain
from tests.ingestion.market import CHAIN_PATH, SLOT_MS, two_contracts
from tests.provider.server import ok
from warehouse import clock, market_days, runs
from warehouse.models import WatchlistEntry
from warehouse.task_names import CeleryTask

pytestmark = pytest.mark.database

MORNING = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)  # 09:30 New York
QUARTER_MS = 15 * 60 * 1000


def listed(symbol: str = "SPX", **options) -> list[str]:
    output = io.StringIO()
    call_command("gaps", symbol, stdout=output, **options)
    return output.getvalue().splitlines()


@pytest.fixture
def watched(spx):
    """SPX, watched since the morning's open; the market's time is a second past 14:45."""
    WatchlistEntry.objects.update(active_since_ms=clock.epoch_ms(MORNING + timedelta(minutes=15)))
    return spx


def test_every_missing_slot_is_listed_with_its_reason(watched, provider, at_market_time):
    at_market_time(clock.instant(SLOT_MS))
    provider.tell(CHAIN_PATH, ok(two_contracts()))
    ingest_chain("SPX", SLOT_MS, clock.now_ms())
    with runs.claim("ingest_chain", "SPX", SLOT_MS - QUARTER_MS) as run:
        runs.fail(run, "the provider answered 500")
    runs.miss("ingest_chain", "SPX", SLOT_MS - 2 * QUARTER_MS, MISSED)
    with pytest.raises(KeyboardInterrupt), runs.claim("ingest_chain", "SPX", SLOT_MS - 3 * QUARTER_MS):
        raise KeyboardInterrupt
    lines = listed(days=1)
    assert lines[0] == "Wed 2026-11-18 09:30  not watched before 2026-11-18 14:45 UTC"
    assert lines[1] == "Wed 2026-11-18 09:45  not attempted"
    assert lines[-4:-1] == [
        "Wed 2026-11-18 14:00  started 1 times and not ended",
        f"Wed 2026-11-18 14:15  {MISSED}",
        "Wed 2026-11-18 14:30  the provider answered 500 (1 attempts)",
    ]
    # 09:30 to 14:30: the slot of 14:45 may still be fetched, and is done besides.
    assert lines[-1] == "SPX: 21 of 21 slots missing in 1 sessions"
    at_market_time(clock.instant(SLOT_MS + QUARTER_MS))
    assert listed(days=1)[-1] == "SPX: 21 of 22 slots missing in 1 sessions"


def test_gaps_of_a_disabled_symbol_have_that_reason(watched):
    WatchlistEntry.objects.update(ingest_chain=False)
    assert listed(days=1)[1] == "Wed 2026-11-18 09:45  chains are disabled for the symbol"


def test_a_session_closed_by_the_provider_has_no_gaps(watched):
    market_days.overrule(dt.date(2026, 11, 17), None, "a day of mourning")
    # 21 of Wednesday, 27 of Monday
    assert listed(days=2)[-1] == "SPX: 48 of 48 slots missing in 2 sessions"


def test_slots_follow_the_configured_cadence(watched):
    crontab = CrontabSchedule.objects.create(minute="*")
    PeriodicTask.objects.create(
        name="Option chains",
        task=CeleryTask.INGEST_DUE,
        crontab=crontab,
        kwargs='{"every_minutes": 60, "window": "10:00-15:00"}',
    )
    assert [line[15:20] for line in listed(days=1)[:-1]] == ["10:30", "11:30", "12:30", "13:30"]


@pytest.mark.parametrize(
    ("symbol", "days", "sentence"),
    [("ABC", 1, "ABC is not on the watchlist"), ("SPX", 0, "--days must be 1 or more, not 0")],
)
def test_invalid_arguments_are_rejected_with_one_sentence(watched, symbol, days, sentence):
    with pytest.raises(CommandError, match=sentence):
        listed(symbol, days=days)
