"""Bar chart of net dealer gamma by strike around spot, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

from quant.gamma.bands import gamma_bands

BAR_WIDTH = 24


def gamma_picture(
    net_by_strike: Mapping[float, float], spot: float, levels: Mapping[str, float | None]
) -> Text:
    """Return the chart. Bars left of the axis are short gamma, right of it long; `levels` label their band."""
    bands = gamma_bands(net_by_strike, spot)
    largest = max((abs(band.net) for band in bands), default=0.0) or 1.0
    named = {"spot": spot, **levels}
    picture = Text()
    for band in bands:
        bar = "█" * round(abs(band.net) / largest * BAR_WIDTH)
        labels = [
            name for name, level in named.items() if level is not None and band.low <= level < band.high
        ]
        picture.append(f"  {band.low:>9,.1f} ", style="bold" if "spot" in labels else "dim")
        picture.append((bar if band.net < 0 else "").rjust(BAR_WIDTH), style="red")
        picture.append("│")
        picture.append((bar if band.net > 0 else "").ljust(BAR_WIDTH), style="green")
        picture.append(f" {money(band.net):>9}", style="dim")
        picture.append(f"  ◀ {', '.join(labels)}\n" if labels else "\n")
    return picture


def money(dollars: float | None) -> str:
    """Format dollars as -$1.08bn, $35.20M, $410.00k; a dash for None."""
    if dollars is None:
        return "-"
    sign, size = ("-" if dollars < 0 else ""), abs(dollars)
    for unit, scale in (("bn", 1e9), ("M", 1e6), ("k", 1e3)):
        if size >= scale:
            return f"{sign}${size / scale:,.2f}{unit}"
    return f"{sign}${size:,.0f}"
