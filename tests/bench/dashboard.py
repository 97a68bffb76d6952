"""Time of the dashboard with ten symbols: page, blocks that it polls, and answer to a client that has them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

from quant import sessions
from tests.bench.measure import best_ms
from tests.bench.sized import Timed
from warehouse import clock
from warehouse.models import ExpirationGamma, GammaExposure, GammaSlot, IngestionRun, WatchlistEntry
from warehouse.task_names import RunTask
from warehouse.watchlist import add_default_symbols
from web.dashboard import views

SYMBOLS = ("SPX", "SPY", "NDX", "QQQ", "IWM", "AAPL", "MSFT", "NVDA", "AMD", "TSLA")
LIMITS = "required: page 300 ms, blocks 50 ms, unchanged 10 ms at every size"
_BLOCKS = "/dashboard/blocks.json"


def dashboard() -> Timed:
    """Return the milliseconds of the front page that reads everything anew; the details have those of the polls."""
    _fill()
    settings.ALLOWED_HOSTS = ["testserver"]
    user, _ = get_user_model().objects.get_or_create(
        username="bench", defaults={"is_staff": True, "is_superuser": True}
    )
    client = Client()
    client.force_login(user)
    assert client.get("/admin/").content.count(b'class="card panel') == len(SYMBOLS)

    def first_page() -> None:
        views.forget()
        client.get("/admin/")

    def new_blocks() -> Any:
        views.current.forget()
        return client.get(_BLOCKS)

    known = new_blocks()["ETag"]

    def unchanged() -> None:
        client.get(_BLOCKS, HTTP_IF_NONE_MATCH=known)

    page, blocks = best_ms(first_page), best_ms(new_blocks)
    return Timed(page, f"blocks {blocks:.1f}, unchanged {best_ms(unchanged):.1f}; {LIMITS}")


def _fill() -> None:
    """Store the snapshots of eleven sessions for each symbol, once."""
    add_default_symbols(SYMBOLS)
    WatchlistEntry.objects.exclude(symbol__in=SYMBOLS).delete()
    if GammaSlot.objects.filter(symbol=SYMBOLS[-1]).exists():
        return
    now = clock.now()
    today = sessions.new_york_date(now)
    days = [
        day for day in sessions.sessions(today - timedelta(days=30), today) if sessions.open_of(day) <= now
    ]
    slots = [clock.epoch_ms(slot) for day in days[-11:] for slot in sessions.slots(day) if slot <= now]
    scalars = {
        "oi_source": "provider",
        "method_version": "bench",
        "underlying_price": 100.0,
        "total_gamma": 1e9,
    }
    walls = {"gross_gamma": 9e9, "gamma_wall_resistance": 101, "gamma_wall_support": 99, "gamma_flip": 98}
    for symbol in SYMBOLS:
        rows = [{"symbol": symbol, "timestamp": at, "known_at": at, **scalars, **walls} for at in slots]
        GammaSlot.objects.bulk_create([GammaSlot(**row) for row in rows], ignore_conflicts=True)
        GammaExposure.objects.bulk_create([GammaExposure(**row) for row in rows], ignore_conflicts=True)
        IngestionRun.objects.bulk_create(
            [
                IngestionRun(task=RunTask.INGEST_CHAIN, symbol=symbol, slot=at, started_at=at, status="DONE")
                for at in slots
            ],
            ignore_conflicts=True,
        )
        ExpirationGamma.objects.bulk_create(
            [
                ExpirationGamma(
                    symbol=symbol, timestamp=at, root=symbol, expiration=today + timedelta(days=number), dte=number,
                    bucket="MONTH", contracts=200, call_gamma=1e7, put_gamma=-1e7, known_at=at,
                    oi_source="provider", method_version="bench",
                )
                for at in slots[-27:]
                for number in range(40)
            ],
            ignore_conflicts=True,
        )  # fmt: skip
