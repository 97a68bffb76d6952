"""The dashboard's document as blocks of HTML, one for the header, each symbol and the foot.

A block has no ages, only the times from which the page's script counts them, so that its text changes when its data do.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.template.loader import render_to_string
from django.urls import reverse

from warehouse.task_names import RunTask
from web import formats
from web.dashboard.document import Dashboard, SymbolPanel
from web.dashboard.gamma_part import GammaPart
from web.lists.links import list_address
from web.templatetags.figures import short_date

KINDS = {"index": "index", "etf": "ETF", "stock": "stock"}
BADGES = {"LIVE": "good", "FIRST DAY": "", "STALE": "warn", "OFFLINE": "bad"}
WEIGHTS = {"provider": "open interest of the session before", "volume_proxy": "volume of the day"}


@dataclass(frozen=True, slots=True)
class Blocks:
    """HTML by block, in order, and a version that changes with any of them."""

    html: dict[str, str]
    version: str


def render(board: Dashboard) -> Blocks:
    """Return the blocks of a dashboard."""
    html = {"header": _header(board)}
    html |= {f"panel {panel.symbol}": _panel(panel) for panel in board.panels}
    html["operations"] = _operations(board)
    return Blocks(html, hashlib.sha256("".join(html.values()).encode()).hexdigest()[:16])


def _header(board: Dashboard) -> str:
    market, regime = board.market, board.regime
    links = {"regime": _row("marketregimeday", date=regime.session)} if regime else {}
    return render_to_string(
        "web/dashboard/header.html",
        {"market": market, "regime": regime, "links": links, "missing": _missing(board)},
    )


def _missing(board: Dashboard) -> str:
    """Return which chains are missing: NDX missing 11:15, 14:15. At most three symbols are named."""
    slots: dict[str, list[str]] = {}
    for slot in board.market.slots:
        if slot.word in ("partial", "missing"):
            for symbol in slot.missing:
                slots.setdefault(symbol, []).append(formats.time_of_day(slot.at_ms))
    named = [
        f"{symbol} missing {', '.join(times) if len(times) <= 4 else f'{len(times)} slots'}"
        for symbol, times in list(slots.items())[:3]
    ]
    more = f", and {len(slots) - 3} symbols more" if len(slots) > 3 else ""
    return f"{'; '.join(named)}{more}." if named else ""


def _panel(panel: SymbolPanel) -> str:
    moves = panel.volatility.moves if panel.volatility else ()
    return render_to_string(
        "web/dashboard/panel.html",
        {
            "panel": panel,
            "kind": KINDS.get(panel.kind, panel.kind),
            "badge": BADGES.get(panel.health.word, ""),
            "band": _band(panel.gamma),
            "share": formats.percent(panel.gamma.net_share, 0) if panel.gamma else "",
            "weights": WEIGHTS.get(panel.gamma.weights, panel.gamma.weights) if panel.gamma else "",
            "walls": [one for one in panel.gamma.levels if one.name.startswith("Wall")]
            if panel.gamma
            else [],
            "moves": [
                replace(move, until=short_date(move.until)) if "-" in move.until else move for move in moves
            ],
            "split": _split(panel),
            "no_bars": ", ".join(bar.timeframe for bar in panel.health.bars if bar.end_ms is None),
            "links": _links(panel),
        },
    )


def _links(panel: SymbolPanel) -> dict[str, str]:
    symbol, chain_ms = panel.symbol, panel.health.chain_ms
    links = {
        "symbol": reverse("symbol", args=[symbol]),
        "trades": list_address("optionsflow", symbol=symbol, recent=1),
        "bars": list_address("historicalbar", symbol=symbol),
        "expirations": list_address("expirationgamma", symbol=symbol),
        "curve": list_address("expirationcurve", symbol=symbol),
        "intervals": list_address("flowslot", symbol=symbol),
        "confluence": list_address("confluencebar", symbol=symbol),
        "signals": f"{reverse('signals')}?{urlencode({'symbol': symbol})}",
    }
    if chain_ms is not None:
        links["chain"] = _row("ingestionrun", task=RunTask.INGEST_CHAIN, symbol=symbol, slot=chain_ms)
        links["gamma"] = _row("gammaexposure", symbol=symbol, timestamp=chain_ms)
    if panel.volatility:
        links["iv"] = _row("ivpercentile", symbol=symbol, date=panel.volatility.session)
    if panel.price:
        of_source = {"trade": links["trades"], "minute bar": f"{links['bars']}&timeframe=1m"}
        links["price"] = of_source.get(panel.price.source, links.get("gamma", links["symbol"]))
    return links


def _band(gamma: GammaPart | None) -> dict[str, str]:
    """Return the positions of the band and the net on a scale from minus to plus the largest, as CSS percentages."""
    if gamma is None or gamma.low is None or gamma.high is None:
        return {}
    net = gamma.net or 0.0
    reach = 1.15 * max(abs(gamma.low), abs(gamma.high), abs(net)) or 1.0

    def place(value: float) -> float:
        return 50 + 50 * value / reach

    return {
        "left": f"{place(gamma.low):.1f}%",
        "width": f"{place(gamma.high) - place(gamma.low):.1f}%",
        "net": f"{place(net):.1f}%",
    }


def _split(panel: SymbolPanel) -> str:
    """Return the bullish share of the premium with a direction, as a CSS percentage."""
    flow = panel.flow
    total = flow.bullish + flow.bearish if flow else 0.0
    return f"{flow.bullish / total:.1%}" if flow and total else "50%"


def _operations(board: Dashboard) -> str:
    links = {
        "heartbeats": list_address("heartbeat"),
        "runs": list_address("ingestionrun"),
        "gaps": list_address("streamgap"),
    }
    return render_to_string("web/dashboard/operations.html", {"operations": board.operations, "links": links})


def _row(model: str, **key: Any) -> str:
    return f"{reverse('row', args=[model])}?{urlencode({n: str(v) for n, v in key.items()})}"
