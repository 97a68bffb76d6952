"""Bar chart of net dealer gamma by strike, as SVG."""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from quant.gamma.bands import Band, gamma_bands
from warehouse.models import GammaExposure

ROW, AXIS, HALF, WIDTH = 22, 330, 230, 860  # pixels
LEVELS = {
    "spot": "underlying_price",
    "flip": "gamma_flip",
    "resistance": "gamma_wall_resistance",
    "support": "gamma_wall_support",
}


def gamma_picture(snapshot: GammaExposure) -> SafeString | str:
    """Return the chart of a snapshot: net dealer gamma within 5 % of spot, negative to the left of the axis."""
    if not snapshot.gamma_by_strike or snapshot.underlying_price is None:
        return "-"
    net = {float(strike): sums["net"] for strike, sums in snapshot.gamma_by_strike.items()}
    bands = gamma_bands(net, float(snapshot.underlying_price))
    largest = max(abs(band.net) for band in bands) or 1.0
    bars = format_html_join(
        "", "{}", ((_bar(snapshot, band, place, largest),) for place, band in enumerate(bands))
    )
    height = ROW * len(bands)
    return format_html(
        '<svg width="{w}" height="{h}" font-family="monospace" font-size="12" fill="currentColor">'
        '{bars}<line x1="{x}" x2="{x}" y1="0" y2="{h}" stroke="currentColor"/></svg>',
        w=WIDTH,
        h=height,
        x=AXIS,
        bars=bars,
    )


def _bar(snapshot: GammaExposure, band: Band, place: int, largest: float) -> SafeString:
    length = abs(band.net) / largest * HALF
    names = [name for name, column in LEVELS.items() if _inside(getattr(snapshot, column), band)]
    return format_html(
        '<text x="75" y="{text}" text-anchor="end">{low}</text>'
        '<rect x="{x}" y="{y}" width="{length}" height="{thick}" fill="{colour}"/>'
        '<text x="{after}" y="{text}">{label}</text>',
        text=place * ROW + 15,
        low=f"{band.low:,.1f}",
        x=f"{AXIS - length if band.net < 0 else AXIS:.1f}",
        y=place * ROW + 3,
        length=f"{length:.1f}",
        thick=ROW - 6,
        colour="#dc2626" if band.net < 0 else "#16a34a",
        after=AXIS + HALF + 12,
        label=f"{band.net / 1e6:>12,.1f}M" + (f"  ◀ {', '.join(names)}" if names else ""),
    )


def _inside(level: object, band: Band) -> bool:
    return level is not None and band.low <= float(str(level)) < band.high
