"""The tag that places a chart on a page."""

from __future__ import annotations

from typing import Any

from django import template

from web.charts.figures import figure_context

register = template.Library()


@register.inclusion_tag("web/charts/figure.html")
def chart(symbol: str | None, name: str, size: str) -> dict[str, Any]:
    """Place the chart `name` of a symbol, or of the market (None); `size` is a class that sets its height, or empty."""
    return figure_context(symbol, name, size)
