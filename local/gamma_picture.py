"""The gamma picture of one underlying: net dealer gamma by strike around spot, drawn for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from rich.text import Text

BAR_WIDTH = 24
ROWS = 21
NICE_STEPS = (0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000)


class Band(NamedTuple):
    """Net gamma of the strikes in [low, low + step), in dollars per 1 % move."""

    low: float
    net: float


def bands(
    net_by_strike: Mapping[float, float], spot: float, within: float = 0.05
) -> tuple[list[Band], float]:
    """Net gamma in up to 21 bands of a round width, `within` a fraction of spot; highest first. And the width."""
    step = next((step for step in NICE_STEPS if 2 * within * spot / step <= ROWS), NICE_STEPS[-1])
    first = np.floor(spot * (1 - within) / step) * step
    edges = np.arange(first, spot * (1 + within) + step, step)
    strikes = np.array(list(net_by_strike), dtype=np.float64)
    sums, _ = np.histogram(
        strikes, bins=edges, weights=np.array(list(net_by_strike.values()), dtype=np.float64)
    )
    return [Band(float(low), float(net)) for low, net in zip(edges[:-1], sums, strict=True)][::-1], float(
        step
    )


def gamma_picture(
    net_by_strike: Mapping[float, float], spot: float, levels: Mapping[str, float | None]
) -> Text:
    """Bars left of the axis are short gamma, right of it long gamma; `levels` are named beside their band."""
    rows, step = bands(net_by_strike, spot)
    largest = max((abs(row.net) for row in rows), default=0.0) or 1.0
    picture = Text()
    for row in rows:
        length = round(abs(row.net) / largest * BAR_WIDTH)
        left = ("█" * length).rjust(BAR_WIDTH) if row.net < 0 else " " * BAR_WIDTH
        right = ("█" * length).ljust(BAR_WIDTH) if row.net > 0 else " " * BAR_WIDTH
        here = [
            name for name, level in levels.items() if level is not None and row.low <= level < row.low + step
        ]
        spot_here = row.low <= spot < row.low + step
        picture.append(f"  {row.low:>9,.1f} ", style="bold" if spot_here else "dim")
        picture.append(left, style="red")
        picture.append("│")
        picture.append(right, style="green")
        picture.append(f" {money(row.net):>9}", style="dim")
        picture.append(
            "  ◀ " + ", ".join((["spot"] if spot_here else []) + here) if here or spot_here else ""
        )
        picture.append("\n")
    return picture


def money(dollars: float | None) -> str:
    """-$1.08bn, $35.20M, $410.00k; a dash for what is not known."""
    if dollars is None:
        return "-"
    sign, size = ("-" if dollars < 0 else ""), abs(dollars)
    for unit, scale in (("bn", 1e9), ("M", 1e6), ("k", 1e3)):
        if size >= scale:
            return f"{sign}${size / scale:,.2f}{unit}"
    return f"{sign}${size:,.0f}"
