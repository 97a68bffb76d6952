"""A row in each table that has a page in the admin."""

from __future__ import annotations

from django.db.models import Model

from tests.signals.setup_rows import add_confluence, add_signal, add_step
from tests.warehouse.rows import (
    add_event,
    add_gamma,
    add_greeks,
    add_iv,
    add_regime,
    add_surface_point,
    add_term,
    add_trade,
    ago,
)
from warehouse import watchlist
from warehouse.models import (
    ConfluenceConfig,
    ContractListing,
    DeadLetter,
    ExpirationGamma,
    FetchedRange,
    Heartbeat,
    IngestionRun,
    Pattern,
    PatternMatch,
    RepairContract,
    StreamGap,
    WarehouseClock,
)

RSI = {"field": "rsi14", "op": "ge", "value": 60}
READ_ONLY = [
    "historicalgreeks",
    "optionsflow",
    "historicalbar",
    "gammaexposure",
    "ivpercentile",
    "marketregimeday",
    "flowday",
    "gammaday",
    "gammaslot",
    "surfacepoint",
    "termday",
    "expirationgamma",
    "contractsizeday",
    "ingestionrun",
    "heartbeat",
    "streamgap",
    "repaircontract",
    "deadletter",
    "warehouseclock",
    "fetchedrange",
    "contractlisting",
    "signal",
    "signalevent",
    "patternmatch",
    "confluenceconfig",
    "confluencebar",
]


def add_one_row_each() -> dict[str, Model]:
    """Store one row in each table that has a list of its own columns; return them by model name."""
    watchlist.add_default_symbols(["SPX"])
    at = ago(60_000)
    signal = add_signal(symbol="SPX", bar_end=at - 120_000, known_at=at)
    pattern = Pattern.objects.create(
        name="quick", description="d", conditions={"all": [RSI]}, status="active"
    )
    return {
        "signal": signal,
        "signalevent": add_step(signal, "ENTERED", 60_000, price=450.7),
        "pattern": pattern,
        "patternmatch": PatternMatch.objects.create(
            pattern=pattern, symbol="SPX", date="2026-11-20", bar_end=at, values={"rsi14": 61.5}
        ),
        "confluencebar": add_confluence("SPX", at),
        "confluenceconfig": ConfluenceConfig.objects.create(
            name="first", status="pending", weights={"minimum": 60}, made_by="test", created_at=at
        ),
        "historicalgreeks": add_greeks(at, bid=45.5),
        "optionsflow": add_trade(at),
        "gammaexposure": add_gamma(at, total_gamma=-1.5e9, gamma_by_strike={"6475": {"net": 1}}),
        "expirationgamma": ExpirationGamma.objects.create(
            symbol="SPX",
            timestamp=at,
            root="SPXW",
            expiration="2026-11-20",
            dte=0,
            bucket="ZERO_DTE",
            contracts=2,
            oi_source="provider",
            method_version="test",
        ),
        "ivpercentile": add_iv("2026-11-20", iv_percentile=0.68),
        "marketregimeday": add_regime("2026-11-20"),
        "surfacepoint": add_surface_point("2026-11-20"),
        "termday": add_term("2026-11-20"),
        "marketevent": add_event("2026-11-20"),
        "ingestionrun": IngestionRun.objects.create(
            task="t", symbol="SPX", slot=at, status="DONE", started_at=at
        ),
        "heartbeat": Heartbeat.objects.create(id="flow_listener", last_scan=at, status="healthy"),
        "streamgap": StreamGap.objects.create(feed="options", from_ms=at, reason="cut", status="OPEN"),
        "repaircontract": RepairContract.objects.create(
            gap=StreamGap.objects.create(feed="options", from_ms=at - 1, reason="cut", status="OPEN"),
            symbol="SPX",
            contract_ticker="O:SPX251219C06475000",
            volume=7,
            outcome="waiting",
        ),
        "deadletter": DeadLetter.objects.create(
            batch_id="b", payload=b"x", error="e", attempts=5, created_at=at
        ),
        "warehouseclock": WarehouseClock.objects.get(),
        "fetchedrange": FetchedRange.objects.create(
            kind="bars_5m", symbol="SPX", after_ms=at - 60_000, until_ms=at
        ),
        "contractlisting": ContractListing.objects.create(
            symbol="SPX", week="2026-11-16", known_as_of=at, series={"SPXW": {}}, rejected={"adjusted": 3}
        ),
    }
