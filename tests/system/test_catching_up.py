"""An afternoon on which provider, broker and database fail in turn while the market's clock runs on.

The health endpoint reports each failure. Slots that are still due are fetched afterwards; missed ones remain gaps with
their reason.
"""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.core.management import call_command
from django.db import connection

from ingestion.chains.ingest import MISSED
from local.launch.services import beat, web, worker
from tests.ingestion.market import CALL, PUT, page, row
from tests.ports import closed_port
from tests.provider.server import ScriptedProvider, ok, refusal
from tests.system.conftest import eventually
from tests.system.offset_file import OffsetFile
from tests.system.stepped_market import SteppedMarket, offset_at, seed_quick_schedule
from warehouse import clock
from warehouse.models import GammaExposure, HistoricalGreeks, IngestionRun, WatchlistEntry
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.processes

SYMBOL = "T0"
NOON = datetime(2026, 11, 18, 19, 30, tzinfo=UTC)  # 14:30 New York
CLOSE = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
DATABASE_AWAY = "database: PostgreSQL is unavailable: nothing can be read or stored (OperationalError)"
REDIS_AWAY = "redis: Redis is unavailable: no task reaches a worker (ConnectionError)"
REFUSAL = f"127.0.0.1/v3/snapshot/options/{SYMBOL} answered 503."
PROVIDER_AWAY = f"provider: {SYMBOL}: {REFUSAL}"
BARS_FAILED = f"store_bars of {SYMBOL} for 2026-11-18 failed: 127.0.0.1/v2/aggs/"
REGIME_FAILED = "calculate_market_regime for 2026-11-18 failed: 127.0.0.1/v2/aggs/"
WITH_PROVIDER = ("store_bars", "calculate_market_regime")
WITHOUT_PROVIDER = ("calculate_iv_percentile", "store_surface", "roll_up")


def quarters(number: int) -> datetime:
    """Return one second after the slot that is `number` quarter hours after NOON."""
    return NOON + number * timedelta(minutes=15) + timedelta(seconds=1)


@pytest.fixture(scope="module")
def offset(tmp_path_factory) -> OffsetFile:
    file = OffsetFile(tmp_path_factory.mktemp("clock") / "offset-ms")
    file.set(offset_at(quarters(0)))
    return file


@pytest.fixture(scope="module")
def clock_offset_ms(offset) -> OffsetFile:
    """The clock of this process, read from the same file as that of the others."""
    return offset


@pytest.fixture(scope="module")
def environment(django_db_setup, stack, broker_url, scripted, offset) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.system.stepped_settings",
        "CLOCK_OFFSET_FILE": str(offset.path),
        "DATABASE_URL": stack.owner_url(connection.settings_dict["NAME"]),
        "REDIS_URL": broker_url,
        "MASSIVE_BASE_URL": scripted.url,
    }


@pytest.fixture
def market(warehouse, offset, broker, provider) -> SteppedMarket:
    market = SteppedMarket(offset, broker)
    market.step(quarters(0))
    come_back(provider)
    add_default_symbols([SYMBOL])
    WatchlistEntry.objects.update(active_since_ms=clock.epoch_ms(NOON))
    seed_quick_schedule(SYMBOL)
    return market


def go_away(provider: ScriptedProvider) -> None:
    provider.forget()
    provider.tell("", refusal(503, Retry_After="3600"))


def come_back(provider: ScriptedProvider) -> None:
    provider.forget()
    provider.tell("/v1/marketstatus/now", ok({"market": "open"}))
    provider.tell("/v1/marketstatus/upcoming", ok([]))
    provider.tell(
        f"/v3/snapshot/options/{SYMBOL}", ok(page(*(row(t.replace("SPXW", SYMBOL)) for t in (CALL, PUT))))
    )


def status_of(number: int) -> str | None:
    slot = clock.epoch_ms(quarters(number)) - 1000
    return (
        IngestionRun.objects.filter(task="ingest_chain", slot=slot).values_list("status", flat=True).first()
    )


def is_done(number: int) -> bool:
    return status_of(number) == "DONE"


def has_failed(number: int) -> bool:
    return status_of(number) == "FAILED"


def ended(tasks: tuple[str, ...], status: str) -> bool:
    """Return whether every close task has a status.

    Attempts are not compared: on a busy machine beat sends a job again before its first message is processed, so one
    that fails may be attempted twice.
    """
    runs = IngestionRun.objects.filter(task__in=tasks, slot=clock.epoch_ms(CLOSE))
    return dict(runs.values_list("task", "status")) == dict.fromkeys(tasks, status)


def test_failures_are_reported_and_due_work_is_caught_up(market, children, stack, provider):
    address = f"127.0.0.1:{closed_port()}"
    for service in (worker(), beat(), web(address)):
        children.start(service)

    def reports(*sentences: str, code: int = 200) -> bool:
        answer = httpx.get(f"http://{address}/api/health", timeout=60)
        details = "\n".join(answer.json()["details"])
        return answer.status_code == code and all(sentence in details for sentence in sentences)

    eventually(lambda: is_done(0))

    # The provider fails for one slot. Its later chain is not a chain of that slot.
    go_away(provider)
    market.step(quarters(1))
    eventually(lambda: reports(PROVIDER_AWAY))
    market.step(quarters(2))
    eventually(lambda: has_failed(2))
    come_back(provider)
    eventually(lambda: is_done(2))
    eventually(lambda: reports() and not reports(PROVIDER_AWAY))

    # The broker fails for one slot, so no task to fetch it can be sent.
    stack.stop("valkey")
    eventually(lambda: reports(REDIS_AWAY, code=503))
    market.step(quarters(3))
    market.step(quarters(4))
    stack.start("valkey")
    eventually(lambda: is_done(4))

    # The database fails for one slot.
    connection.close()
    stack.stop("postgres")
    eventually(lambda: reports(DATABASE_AWAY, code=503))
    market.step(quarters(5))
    market.step(quarters(6))
    stack.start("postgres")
    eventually(lambda: is_done(6))

    # The provider fails again when all close tasks are due; those without provider requests are done.
    go_away(provider)
    market.step(CLOSE + timedelta(minutes=30))
    eventually(lambda: ended(WITH_PROVIDER, "FAILED"))
    eventually(lambda: ended(WITHOUT_PROVIDER, "DONE"))
    eventually(lambda: reports(BARS_FAILED, REGIME_FAILED))
    come_back(provider)
    market.step(CLOSE + timedelta(minutes=39))  # a pause later, also after three attempts
    eventually(lambda: ended(WITH_PROVIDER, "DONE"))
    eventually(lambda: reports() and not any(map(reports, (BARS_FAILED, REGIME_FAILED))))

    output = io.StringIO()
    call_command("gaps", SYMBOL, days=1, stdout=output)
    lines = [re.sub(r"\(\d+ attempts\)", "(n attempts)", line) for line in output.getvalue().splitlines()]
    assert lines[-4:] == [
        f"Wed 2026-11-18 14:45  {REFUSAL} (n attempts)",
        f"Wed 2026-11-18 15:15  {MISSED}",
        f"Wed 2026-11-18 15:45  {MISSED}",
        "T0: 23 of 27 slots missing in 1 sessions",  # 20 before it was watched
    ]
    for model in (HistoricalGreeks, GammaExposure):
        stored = sorted(set(model.objects.values_list("timestamp", flat=True)))
        assert stored == [clock.epoch_ms(quarters(number)) - 1000 for number in (0, 2, 4, 6)]
