"""Net dealer gamma and flips under each convention, and their spread."""

from __future__ import annotations

from typing import Any

import numpy as np

from quant.chain import Floats, OptionChain
from quant.gamma.conventions import CONVENTIONS, Convention, dealer_gamma, live
from quant.gamma.flips import flips
from quant.gamma.positioning import positioning
from quant.gamma.profile import complete_volatility, price_grid, reprice
from quant.gamma.totals import totals
from quant.thresholds import LEVEL_BAND


def sensitivity(
    chain: OptionChain,
    own_gamma: Floats | None = None,
    own_iv: Floats | None = None,
    levels: int = 161,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> dict[str, Any]:
    """Return net and flips under every convention and the spread between them, as plain JSON values.

    `conventions` maps each name to its `net`, `gross`, `positioning`, `net_repriced` (the profile at
    spot, which may differ from `net` because it uses repriced gammas), `flips` (all), `flip` (the nearest
    to spot) and `without_volatility` (number of contracts excluded from the profile), or to None when the
    convention has no data: no `own_gamma`, no volume yet, no spot. `net` and `flip` give the low, the
    high and the spread over the conventions that have one, `net.spread_of_gross` relative to the naive
    gross, `signs_agree` whether every convention puts dealers on the same side.
    Arguments as in `quant.gamma.exposure.snapshot`; `own_iv` also reprices the own-gamma convention.
    """
    rows: dict[str, Any] = {convention.name: None for convention in CONVENTIONS}
    measured: list[tuple[Convention, Floats]] = []
    for convention in CONVENTIONS:
        if convention.gamma == "own" and own_gamma is None:
            continue
        gex = dealer_gamma(chain, convention, own_gamma)
        if np.nansum(np.abs(gex)) > 0:
            measured.append((convention, gex))
    borrowed = own_gamma is None or own_iv is None
    groups = [
        ([pair for pair in measured if borrowed or pair[0].gamma == "chain"], chain.implied_volatility),
        ([pair for pair in measured if not borrowed and pair[0].gamma == "own"], own_iv),
    ]

    def measure(group: list[tuple[Convention, Floats]], volatility: Floats | None) -> dict[str, Any]:
        if not group or volatility is None:
            return {}
        return _measure(chain, group, volatility, levels, rate, dividend_yield)

    for group, volatility in groups:
        rows |= measure(group, volatility)
    return {"conventions": rows, **_spread(rows)}


def _measure(
    chain: OptionChain,
    group: list[tuple[Convention, Floats]],
    volatility: Floats,
    levels: int,
    rate: float,
    dividend_yield: float,
) -> dict[str, Any]:
    weights = np.stack([convention.weights(chain) for convention, _ in group])
    profile = reprice(chain, weights, complete_volatility(chain, volatility), rate, dividend_yield)
    at_spot = profile.net(np.array([chain.spot]))[:, 0]
    roots = flips(profile, price_grid(chain.spot, LEVEL_BAND, levels))
    missing = np.count_nonzero((np.abs(weights) > 0) & live(chain) & ~profile.usable, axis=1)
    rows = {}
    for index, (convention, gex) in enumerate(group):
        sums = totals(chain, gex)
        rows[convention.name] = {
            "net": sums.total_gamma,
            "gross": sums.gross_gamma,
            "positioning": positioning(sums.total_gamma / sums.gross_gamma),
            "net_repriced": float(at_spot[index]),
            "flips": roots[index].tolist(),
            "flip": _nearest(roots[index], chain.spot),
            "without_volatility": int(missing[index]),
        }
    return rows


def _nearest(roots: Floats, spot: float) -> float | None:
    return float(roots[np.argmin(np.abs(roots - spot))]) if len(roots) else None


def _spread(rows: dict[str, Any]) -> dict[str, Any]:
    present = [row for row in rows.values() if row is not None]
    nets = [row["net"] for row in present]
    points = [row["flip"] for row in present if row["flip"] is not None]
    net, flip = _range(nets), _range(points)
    naive = rows["naive"]
    net["spread_of_gross"] = net["spread"] / naive["gross"] if naive and nets else None
    return {"net": net, "flip": flip, "signs_agree": len({net > 0 for net in nets}) == 1 if nets else None}


def _range(values: list[float]) -> dict[str, float | None]:
    if not values:
        return {"low": None, "high": None, "spread": None}
    return {"low": min(values), "high": max(values), "spread": max(values) - min(values)}
