"""Net dealer gamma and flips under each convention, and their spread."""

from __future__ import annotations

from typing import Any

import numpy as np

from quant.chain import Floats, OptionChain
from quant.gamma.conventions import CONVENTIONS, VOTERS, Convention, dealer_gamma, live
from quant.gamma.flip_status import flip_status
from quant.gamma.flips import flips
from quant.gamma.positioning import positioning
from quant.gamma.profile import one_per_strike, price_grid, reprice
from quant.gamma.totals import totals
from quant.thresholds import LEVEL_BAND


def sensitivity(
    chain: OptionChain,
    own_gamma: Floats | None = None,
    own_iv: Floats | None = None,
    levels: int = 161,
) -> dict[str, Any]:
    """Return net and flips under every convention and the spread between them, as plain JSON values.

    `conventions` maps each name to the following, or to None when the convention has no data (no `own_gamma`, no volume
    yet, no spot):

    - `net`, `gross`, `ratio` (net / gross) and `positioning`
    - `comparable_net`: `ratio` times the naive gross for the volume-weighted convention, whose dollars are those of one
      day's volume; `net` for the others
    - `net_repriced`: the profile at spot, which differs from `net` because gammas are repriced
    - `flips` (all zeros of the profile), `flip` (the nearest to spot) and `flip_status`, which says why `flip` is None
    - `without_volatility`: number of contracts excluded from the profile

    `net` has the low, the high and the spread of `comparable_net`, and `flip` those of the flips, over the conventions
    that vote: naive, volume-weighted and own gamma. `net.spread_of_gross` is relative to the naive gross. `signs_agree`
    is true if all three put dealers on the same side, false if two differ, None if that is unknown. `bound` is the net
    of customers-long, which is minus the gross by construction and does not vote.
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
    groups = [[pair for pair in measured if borrowed or pair[0].gamma == "chain"]]
    volatilities = [chain.implied_volatility]
    if not borrowed and own_iv is not None:
        groups.append([pair for pair in measured if pair[0].gamma == "own"])
        volatilities.append(own_iv)
    if measured:
        for group, volatility in zip(groups, one_per_strike(chain, *volatilities), strict=True):
            if group:
                rows |= _measure(chain, group, volatility, levels)
    return {"conventions": rows, **_spread(rows)}


def _measure(
    chain: OptionChain, group: list[tuple[Convention, Floats]], volatility: Floats, levels: int
) -> dict[str, Any]:
    weights = np.stack([convention.weights(chain) for convention, _ in group])
    profile = reprice(chain, weights, volatility)
    at_spot = profile.net(np.array([chain.spot]))[:, 0]
    roots = flips(profile, price_grid(chain.spot, LEVEL_BAND, levels))
    missing = np.count_nonzero((np.abs(weights) > 0) & live(chain) & ~profile.usable, axis=1)
    is_repriced = np.any(weights[:, profile.usable], axis=1)
    rows = {}
    for index, (convention, gex) in enumerate(group):
        sums = totals(chain, gex)
        repriced = float(at_spot[index]) if is_repriced[index] else None
        status = flip_status(sums.total_gamma, repriced, len(roots[index]))
        rows[convention.name] = {
            "net": sums.total_gamma,
            "gross": sums.gross_gamma,
            "ratio": sums.total_gamma / sums.gross_gamma,
            "positioning": positioning(sums.total_gamma / sums.gross_gamma),
            "net_repriced": repriced,
            "flips": roots[index].tolist(),
            "flip": _nearest(roots[index], chain.spot) if status == "found" else None,
            "flip_status": status,
            "without_volatility": int(missing[index]),
        }
    return rows


def _nearest(roots: Floats, spot: float) -> float:
    return float(roots[np.argmin(np.abs(roots - spot))])


def _spread(rows: dict[str, Any]) -> dict[str, Any]:
    naive, bound = rows["naive"], rows["customers_long"]
    for name, row in rows.items():
        if row is not None:
            on_naive = name == "volume_weighted" and naive is not None
            row["comparable_net"] = row["ratio"] * naive["gross"] if on_naive else row["net"]
    voters = [rows[convention.name] for convention in VOTERS]
    present = [row for row in voters if row is not None]
    net = _range([row["comparable_net"] for row in present])
    net["spread_of_gross"] = net["spread"] / naive["gross"] if naive and present else None
    return {
        "net": net,
        "flip": _range([row["flip"] for row in present if row["flip"] is not None]),
        "signs_agree": _agree([np.sign(row["net"]) for row in present], len(voters)),
        "bound": None if bound is None else bound["net"],
    }


def _agree(signs: list[float], voters: int) -> bool | None:
    if len(set(signs)) > 1:
        return False
    return True if len(signs) == voters else None


def _range(values: list[float]) -> dict[str, Any]:
    if not values:
        return {"low": None, "high": None, "spread": None}
    return {"low": min(values), "high": max(values), "spread": max(values) - min(values)}
