"""Confluence of each symbol at its newest bar, and its signals that are not over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quant.score_thresholds import CONFLUENCE_COLOUR
from warehouse.models import ConfluenceBar, Signal
from warehouse.models.enums import Disposition
from web.dashboard.market_state import MarketState
from web.dashboard.price_part import PricePart
from web.signals.naming import COMPONENTS
from web.signals.prices import Price
from web.signals.rows import SignalRow, rows_of

MOST_SIGNALS = 2  # of one symbol; the page of signals has all


@dataclass(frozen=True, slots=True)
class ComponentPart:
    """A component: its weight in percent, and its value from 0 to 100 with low, middle or high, None without data."""

    name: str
    weight: float
    value: float | None
    colour: str


@dataclass(frozen=True, slots=True)
class SignalsPart:
    """Confluence from 0 to 100 at a bar that ended at `bar_end` (epoch ms), None without one in the session.

    `side` is 1, -1 or 0. `signals` are the best of those that live, `more` is how many others there are.
    """

    bar_end: int | None
    side: int
    overall: float | None
    colour: str
    components: tuple[ComponentPart, ...]
    signals: tuple[SignalRow, ...]
    more: int


def read(
    symbols: Sequence[str], market: MarketState, prices: Mapping[str, PricePart]
) -> dict[str, SignalsPart]:
    """Return the part of each symbol as known at the market's time; symbols without either are left out."""
    of_session = {"symbol__in": symbols, "bar_end__gt": market.opens_ms, "bar_end__lte": market.now_ms}
    newest = ConfluenceBar.objects.filter(**of_session).order_by("symbol", "-bar_end").distinct("symbol")
    measured = {str(row.symbol): row for row in newest}
    living: dict[str, list[SignalRow]] = defaultdict(list)
    found = Signal.objects.filter(**of_session, disposition=Disposition.ACTIVE).order_by("-final_score", "id")
    now = {symbol: Price(one.price, one.at_ms) for symbol, one in prices.items()}
    for row in rows_of(found, now):
        if row.state.is_live:
            living[row.symbol].append(row)
    return {
        symbol: _part(measured.get(symbol), living[symbol])
        for symbol in symbols
        if symbol in measured or living[symbol]
    }


def _part(row: ConfluenceBar | None, signals: list[SignalRow]) -> SignalsPart:
    stored = {} if row is None else row.components
    overall = None if row is None else row.overall
    return SignalsPart(
        bar_end=None if row is None else int(row.bar_end),
        side=0 if row is None else int(row.side),
        overall=overall,
        colour=CONFLUENCE_COLOUR.label(overall) or "",
        components=tuple(
            ComponentPart(
                name.capitalize(),
                stored[name]["weight"],
                stored[name]["value"],
                CONFLUENCE_COLOUR.label(stored[name]["value"]) or "",
            )
            for name in COMPONENTS
            if name in stored
        ),
        signals=tuple(signals[:MOST_SIGNALS]),
        more=max(0, len(signals) - MOST_SIGNALS),
    )
