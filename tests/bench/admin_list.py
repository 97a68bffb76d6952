"""Times of the lists of the admin: first pages, filters, pages far from the first, largest premium."""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from quant import sessions
from tests.bench.measure import best_ms
from tests.bench.sized import Timed
from tests.plans import scans
from tests.roles import as_role
from warehouse import clock
from warehouse.models import HistoricalGreeks, OptionsFlow

LIMIT_MS = 300
FAR_ROW = 500_000
CHAINS, TRADES = "historicalgreeks", "optionsflow"


def admin_list() -> Timed:
    """Return the milliseconds of the first page of option chains."""
    return _timed({"first page": _address(CHAINS)})


def admin_list_pages() -> Timed:
    """Return the milliseconds of the slowest list page: chains and trades, filtered, sorted and far from the first."""
    contract = OptionsFlow.objects.filter(symbol="SPX").values_list("contract_ticker", flat=True)[0]
    listed = HistoricalGreeks.objects.filter(symbol="SPX").order_by("-timestamp")[:1].get()
    day = sessions.new_york_date(clock.now()) - timedelta(days=1)
    oldest = OptionsFlow.objects.order_by("timestamp").values_list("timestamp", flat=True)[0]
    far = (
        clock.instant((clock.now_ms() + oldest) // 2).astimezone(sessions.NEW_YORK).strftime("%Y-%m-%dT%H:%M")
    )
    return _timed(
        {
            "chains of a symbol": _address(CHAINS, symbol="SPX"),
            "puts of a symbol": _address(CHAINS, symbol="SPX", option_type="put"),
            "chains of a week": _address(CHAINS, recent=168),
            "history of a contract": _address(CHAINS, contract=listed.contract_ticker),
            "chains, jump": _address(CHAINS, at=far),
            "chains, last pages": _address(CHAINS, order="timestamp"),
            "imported chains": _address(CHAINS, source="import"),
            "trades": _address(TRADES),
            "trades of a symbol": _address(TRADES, symbol="IWM"),
            "trades of no symbol": _address(TRADES, symbol="NONE"),
            "trades of a date": _address(TRADES, on=day.isoformat()),
            "bearish sweeps": _address(TRADES, trade_type="SWEEP", sentiment="BEARISH"),
            "trades from $1 M": _address(TRADES, premium=1_000_000),
            "trades of a contract": _address(TRADES, contract=contract),
            "imported trades": _address(TRADES, source="import"),
            "trades, jump": _address(TRADES, at=far),
            "trades, middle": _address(TRADES, after=_middle()),
            "largest premium": _address(TRADES, order="-premium"),
            f"largest premium, row {FAR_ROW:,}": _address(TRADES, order="-premium", after=_far_by_premium()),
            "largest premium of a day": _address(TRADES, order="-premium", recent=24),
            "largest premium of a symbol": _address(TRADES, order="-premium", symbol="SPX"),
            "largest sweeps": _address(TRADES, order="-premium", trade_type="SWEEP", recent=168),
        }
    )


def _middle() -> str:
    """Return the key of a trade in the middle of the table."""
    ends = OptionsFlow.objects.order_by("id").values_list("id", flat=True)
    at = OptionsFlow.objects.filter(id__gte=(ends[0] + ends.reverse()[0]) // 2).order_by("id")[0]
    return f"{at.timestamp}~{at.pk}"


def _far_by_premium() -> str:
    """Return the key of the trade that has FAR_ROW trades of more premium before it, of the last one if none has."""
    ordered = OptionsFlow.objects.filter(premium_float__isnull=False).order_by("-premium_float", "-id")
    (at,) = ordered[FAR_ROW : FAR_ROW + 1] or ordered.reverse()[:1]
    return f"{at.premium_float}~{at.pk}"


def _address(model: str, **query: object) -> str:
    return f"{reverse(f'admin:warehouse_{model}_changelist')}?{urlencode(query)}"


def _timed(addresses: dict[str, str]) -> Timed:
    """Return the slowest of the pages, each in the fastest of several requests under the role of the web."""
    settings.ALLOWED_HOSTS = ["testserver"]
    user, _ = get_user_model().objects.get_or_create(
        username="bench", defaults={"is_staff": True, "is_superuser": True}
    )
    client = Client()
    client.force_login(user)
    with as_role("warehouse_web"):
        times = {
            name: best_ms(lambda a=address: _get(client, a), repeats=5) for name, address in addresses.items()
        }
        sequential = {name for name, address in addresses.items() if _scans_a_table(client, address)}
    slowest = max(times, key=lambda name: times[name])
    each = ", ".join(f"{name} {milliseconds:.0f}" for name, milliseconds in times.items())
    scanned = f"sequential scans: {', '.join(sorted(sequential))}" if sequential else "no sequential scan"
    return Timed(
        times[slowest],
        f"slowest page, {slowest}; required: at most {LIMIT_MS} ms at every size; median {median(times.values()):.0f};"
        f" {each}; {scanned}",
    )


def _get(client: Client, address: str) -> None:
    page = client.get(address)
    assert page.status_code == 200, page.status_code
    assert (b"<strong>No rows" in page.content) == ("NONE" in address or "import" in address), address


def _scans_a_table(client: Client, address: str) -> bool:
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    statements = [query["sql"] for query in queries if "LIMIT 51" in query["sql"]]
    return any(scan.sequential and scan.rows > 1_000 for sql in statements for scan in scans(sql))
