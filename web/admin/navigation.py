"""Entries of the sidebar, grouped by subject, and the badge of a simulated market."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule

# Title of the page, its icon of Material Symbols, and the model as Django names it in permissions.
GROUPS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Market": (
        ("Option chains", "table_rows", "warehouse.historicalgreeks"),
        ("Gamma", "ssid_chart", "warehouse.gammaexposure"),
        ("Gamma by expiration", "calendar_view_week", "warehouse.expirationgamma"),
        ("Gamma by slot", "view_timeline", "warehouse.gammaslot"),
        ("Daily gamma", "calendar_today", "warehouse.gammaday"),
        ("Regime", "explore", "warehouse.marketregimeday"),
        ("Bars", "candlestick_chart", "warehouse.historicalbar"),
        ("Corporate actions", "account_balance", "warehouse.corporateaction"),
        ("Events", "event", "warehouse.marketevent"),
    ),
    "Flow": (
        ("Tape", "receipt_long", "warehouse.optionsflow"),
        ("Interval summary", "bar_chart", "warehouse.flowslot"),
        ("Daily flow", "waterfall_chart", "warehouse.flowday"),
        ("Opening flow", "door_open", "warehouse.flowopeningday"),
        ("Contract sizes", "straighten", "warehouse.contractsizeday"),
    ),
    "Volatility": (
        ("IV history", "show_chart", "warehouse.ivpercentile"),
        ("Forwards and ATM IV", "stacked_line_chart", "warehouse.expirationcurve"),
        ("Surface", "grid_on", "warehouse.surfacepoint"),
        ("Term structure", "timeline", "warehouse.termday"),
    ),
    "Signals": (
        ("All signals", "list", "warehouse.signal"),
        ("Signal events", "footprint", "warehouse.signalevent"),
        ("Confluence by bar", "stacked_bar_chart", "warehouse.confluencebar"),
        ("Patterns", "category", "warehouse.pattern"),
        ("Pattern matches", "join_inner", "warehouse.patternmatch"),
        ("Weights of scores", "tune", "warehouse.confluenceconfig"),
    ),
    "Operations": (
        ("Runs", "history", "warehouse.ingestionrun"),
        ("Gaps", "error", "warehouse.streamgap"),
        ("Contracts of repairs", "build", "warehouse.repaircontract"),
        ("Heartbeats", "monitor_heart", "warehouse.heartbeat"),
        ("Watchlist", "visibility", "warehouse.watchlistentry"),
        ("Dead letters", "report", "warehouse.deadletter"),
        ("Superseded rows", "layers", "warehouse.supersededrow"),
        ("Fetched ranges", "date_range", "warehouse.fetchedrange"),
        ("Contract listings", "list_alt", "warehouse.contractlisting"),
        ("Session exceptions", "event_busy", "warehouse.sessionexception"),
        ("Warehouse clock", "schedule", "warehouse.warehouseclock"),
    ),
    "Schedules": (
        ("Periodic tasks", "update", "django_celery_beat.periodictask"),
        ("Crontabs", "event_repeat", "django_celery_beat.crontabschedule"),
        ("Intervals", "timer", "django_celery_beat.intervalschedule"),
    ),
    "Accounts": (
        ("Users", "person", "auth.user"),
        ("Groups", "group", "auth.group"),
    ),
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups of the sidebar with the pages that the user may view. Called by unfold."""
    front: list[dict[str, Any]] = [
        {"title": "Dashboard", "icon": "dashboard", "link": reverse("admin:index")}
    ]
    pages: dict[str, list[dict[str, Any]]] = {}  # that are no lists of a table, by group
    if _may_view(request, "warehouse.gammaexposure"):
        own = reverse("symbols"), reverse("volatility-lists")
        # The pages of volatility have addresses below those of symbols.
        front.append(
            {"title": "Symbols", "icon": "monitoring", "link": own[0], "active": _is_at(own[0], but=own[1])}
        )
        pages["Volatility"] = [{"title": "Volatility", "icon": "area_chart", "link": own[1]}]
    if _may_view(request, "warehouse.signal"):
        pages["Signals"] = [{"title": "Signals", "icon": "notifications_active", "link": reverse("signals")}]
    if _may_view(request, "warehouse.backtest"):
        tests = {"title": "Strategy Backtesting", "icon": "science", "link": reverse("backtests")}
        pages.setdefault("Signals", []).append(tests)
    if _may_view(request, "warehouse.optimization"):
        fits = {"title": "Optimiser", "icon": "model_training", "link": reverse("optimizations")}
        pages.setdefault("Signals", []).append(fits)
    groups = [
        {
            "title": title,
            "items": [
                *pages.get(title, []),
                *(_item(*entry) for entry in entries if _is_shown(request, entry[2])),
            ],
        }
        for title, entries in GROUPS.items()
    ]
    return [{"items": front}, *(group for group in groups if group["items"])]


def title_of(model: str) -> str:
    """Return the title of a model's page in the sidebar, empty without one; the model as in GROUPS."""
    return next((title for group in GROUPS.values() for title, _, name in group if name == model), "")


def environment(request: HttpRequest) -> list[str] | None:
    """Return the badge of every page while the market is simulated. Called by unfold."""
    return ["SIMULATED", "warning"] if settings.SIMULATED else None


def _item(title: str, icon: str, model: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse(f"admin:{model.replace('.', '_')}_changelist")}


def _is_shown(request: HttpRequest, model: str) -> bool:
    if not _may_view(request, model):
        return False
    return model != "django_celery_beat.intervalschedule" or IntervalSchedule.objects.exists()


def _is_at(address: str, but: str) -> Callable[[HttpRequest], bool]:
    """Return whether a request is for a page below an address, except for those that end in another one."""
    return lambda request: request.path.startswith(address) and not request.path.endswith(but)


def _may_view(request: HttpRequest, model: str) -> bool:
    app, name = model.split(".")
    return any(request.user.has_perm(f"{app}.{action}_{name}") for action in ("view", "change"))
