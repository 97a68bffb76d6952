"""The figure of each chart: its heading and its choices, for pages and for the pages of rows."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

_TITLES = {
    "gamma": "Gamma by strike",
    "profile": "Profile by spot price",
    "price": "Price and levels",
    "trades": "Flow",
    "intervals": "Signed premium",
    "iv": "IV history",
    "smile": "Smile",
    "regime": "Market regime",
    "surface": "IV by tenor and delta",
    "fit": "Smile and fits",
    "term": "Term structure",
    "skew": "Skew and slope",
    "signal": "Signal in its session",
    "equity": "Equity",
    "rates": "Win rate per regime",
    "hours": "Expectancy by hour and weekday",
    "scores": "Win rate by score",
    "excursions": "Largest profit and loss on the way",
    "months": "R by month",
    "generations": "Best in sample by generation",
    "overfitting": "Rank elsewhere of the best weights",
}
# Name of the group, and query, label and whether it is chosen first of each button.
_CHOICES: dict[str, tuple[str, list[tuple[str, str, bool]]]] = {
    "gamma": (
        "Bars",
        [
            ("mode=parts", "Net and parts", True),
            ("mode=change", "Change", False),
            ("mode=interest", "Open interest", False),
            ("mode=interest-change", "Change of open interest", False),
        ],
    ),
    "surface": (
        "Values",
        [
            ("mode=level", "Level", True),
            ("mode=change", "Change", False),
            ("mode=percentile", "Percentile", False),
        ],
    ),
    "price": (
        "Bars",
        [
            ("timeframe=15m", "15 min", True),
            ("timeframe=5m", "5 min", False),
            ("timeframe=1m", "1 min", False),
        ],
    ),
    "signal": (
        "Bars",
        [
            ("timeframe=5m", "5 min", True),
            ("timeframe=15m", "15 min", False),
            ("timeframe=1m", "1 min", False),
        ],
    ),
    "generations": ("Values", [("mode=rate", "Win rate", True), ("mode=r", "Expectancy", False)]),
    "intervals": (
        "Intervals",
        [("minutes=5", "5 min", False), ("minutes=10", "10 min", True), ("minutes=30", "30 min", False)],
    ),
}


def figure_context(symbol: str | None, chart: str, size: str = "", query: str = "") -> dict[str, Any]:
    """Return the context of the template of a chart.

    `symbol` is None for a chart of the market as a whole; `query` is that of the document, without a question mark.
    """
    named = ("market-document", [chart]) if symbol is None else ("chart-document", [symbol, chart])
    return chart_context(chart, reverse(named[0], args=named[1]).removesuffix(".json"), size, query)


def chart_context(chart: str, document: str, size: str = "", query: str = "") -> dict[str, Any]:
    """Return the context of the template of a chart whose document is at `document` with the ending .json or .csv."""
    name, choices = _CHOICES.get(chart, ("", []))
    return {
        "chart": chart,
        "document": document,
        "query": query,
        "title": _TITLES[chart],
        "size": size,
        "choices": choices,
        "choices_name": name,
    }


def figure(symbol: str | None, chart: str, query: str = "", size: str = "") -> SafeString:
    """Return the figure of a chart as HTML; the page must have the scripts and styles of charts."""
    return render_to_string("web/charts/figure.html", figure_context(symbol, chart, size, query))
