"""Half an hour after a close a real worker runs the close tasks once, with the rights of the writer role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from local.launch.services import worker
from tests.ingestion.stored import store_pair
from tests.partitions import drop_partitions
from tests.system.conftest import eventually
from tests.warehouse.rows import add_gamma
from warehouse import clock, runs
from warehouse.models import (
    FlowDay,
    GammaDay,
    IngestionRun,
    IvPercentile,
    MarketRegimeDay,
    SurfacePoint,
    TermDay,
    WatchlistEntry,
)
from warehouse.models.enums import RunStatus
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.processes

CLOSE = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
CLOSE_MS = clock.epoch_ms(CLOSE)


@pytest.fixture(scope="module")
def clock_offset_ms() -> int:
    """The milliseconds that set the clock of every process to half an hour after the close, when no job waits."""
    return (CLOSE + timedelta(minutes=30) - datetime.now(UTC)) // timedelta(milliseconds=1)


@pytest.fixture
def closed_session(warehouse):
    add_default_symbols(["SPX"])
    WatchlistEntry.objects.update(active_since_ms=CLOSE_MS - 3_600_000)
    store_pair(CLOSE_MS, (CLOSE + timedelta(days=30)).date(), 0.18)
    add_gamma(CLOSE_MS, total_gamma=5, gross_gamma=10)
    with runs.claim("ingest_chain", "SPX", CLOSE_MS) as run:
        runs.finish(run)
    yield
    drop_partitions()


def rows() -> list[list[dict]]:
    models = (IvPercentile, SurfacePoint, TermDay, MarketRegimeDay, GammaDay, FlowDay, IngestionRun)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_the_close_tasks_run_once(closed_session, fleet, provider, send):
    fleet.start(worker())
    send("close_due", 5, 2)
    eventually(lambda: IngestionRun.objects.filter(status=RunStatus.DONE).count() == 6)
    tasks = IngestionRun.objects.order_by("task").values_list("task", "symbol", "slot")
    assert list(tasks) == [
        ("calculate_iv_percentile", "SPX", CLOSE_MS),
        ("calculate_market_regime", "", CLOSE_MS),
        ("ingest_chain", "SPX", CLOSE_MS),
        ("roll_up", "", CLOSE_MS),
        ("store_bars", "SPX", CLOSE_MS),
        ("store_surface", "SPX", CLOSE_MS),
    ]
    assert IvPercentile.objects.get().current_iv == pytest.approx(0.18, rel=1e-12)
    # The provider has no bars.
    assert MarketRegimeDay.objects.get().missing_inputs[:3] == ["bars", "vix", "breadth"]
    assert GammaDay.objects.get().total_gamma_close == 5
    before = rows()
    send("close_due", 5, 2)
    send("calculate_iv_percentile", "SPX", "2026-11-18")
    send("roll_up", "2026-11-18")
    send("roll_up", "2026-11-17")  # processed after the others
    eventually(lambda: IngestionRun.objects.filter(task="roll_up", status=RunStatus.DONE).count() == 2)
    IngestionRun.objects.filter(task="roll_up", slot__lt=CLOSE_MS).delete()
    assert rows() == before
