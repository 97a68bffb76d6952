"""Net dealer gamma as a function of the underlying's price, under each convention."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from quant.chain import Bools, Floats
from quant.gamma.conventions import NAIVE, OWN_GAMMA, VOLUME_WEIGHTED, dealer_gamma
from quant.gamma.profile import one_per_strike, price_grid, reprice
from quant.gamma.totals import totals
from warehouse import asof
from warehouse.asof.gamma_snapshots import StoredSnapshot
from web import formats
from web.charts.documents.document import ChartDocument, Column, Empty, by_row, known, knowns
from web.charts.documents.gamma import levels_of
from web.charts.documents.slot_chain import ChainGone, SlotChain, bucket_label, slot_chain
from web.charts.documents.slots import chain_state, no_chain, shown_snapshot

BAND = 0.04  # of spot, to both sides
PRICES = 161  # of which 0DTE options need neighbours as close as this
_NAMES = {"naive": "Naive", "volume_weighted": "Volume-weighted", "own_gamma": "Own gamma"}
_LONG_NAMES = _NAMES | {"naive": "Naive: calls +, puts −", "customers_long": "Customers long (bound)"}
CONVENTION_NAMES = tuple(_LONG_NAMES.values())
_DOLLARS = "$ per 1 % move"
COLUMNS = (
    Column("price", "Price"),
    *(Column(name, heading, _DOLLARS) for name, heading in _NAMES.items()),
    Column("low", "Lowest", _DOLLARS),
    Column("high", "Highest", _DOLLARS),
)
_NO_PROFILE = "The profile is not available: {}."


def profile_document(
    symbol: str, at_ms: int, slot_ms: int | None = None, bucket: str = "all"
) -> ChartDocument:
    """Return the repriced profile of the newest slot up to `slot_ms` at prices within 4 % of spot, ascending.

    Net gamma in $ per 1 % move under the naive, volume-weighted and own-gamma conventions, and the lowest and highest
    of them. The volume-weighted profile is scaled to the naive gross, so that the three compare. A convention without
    data is None, and `notes` say why. `parts` has `conventions`, the rows of the table of conventions (of all
    expirations), and `flips`, the zeros of each convention within the prices shown. Raises UnknownChoice for an
    unknown bucket.
    """
    label = bucket_label(bucket)
    unit = _DOLLARS if bucket == "all" else f"{label}, {_DOLLARS}"
    document = ChartDocument(
        "profile", symbol, "Profile by spot price", unit, "", "EMPTY", "NO DATA", None, COLUMNS
    )
    with asof.at(at_ms):
        snapshot = shown_snapshot(symbol, slot_ms, at_ms)
        if snapshot is None:
            return replace(document, sentence=no_chain(symbol).reason, empty=no_chain(symbol))
        state = chain_state(snapshot, slot_ms, at_ms)
        document = replace(
            document,
            state=state.word,
            state_text=state.text,
            slot_ms=snapshot.timestamp,
            parts={"conventions": convention_rows(snapshot), "bucket": bucket, "flips": {}},
        )
        try:
            whole = slot_chain(symbol, snapshot)
        except ChainGone as error:
            reason = _NO_PROFILE.format(error)
            return replace(document, sentence=reason, empty=Empty(reason))
    if snapshot.underlying_price is None:
        return replace(document, empty=Empty(_NO_PROFILE.format("the price of the underlying is not known")))
    chosen = whole.of_bucket(bucket)
    prices = price_grid(snapshot.underlying_price, BAND, PRICES)
    nets, notes = _profiles(whole, chosen, prices)
    if not nets:
        reason = f"No contract of {label} has a volatility and open interest in this chain."
        return replace(document, sentence=reason, empty=Empty(reason), notes=notes)
    stacked = np.array(list(nets.values()))
    curves = [knowns(nets[name]) if name in nets else [None] * PRICES for name in _NAMES]
    rows = by_row(knowns(prices), *curves, knowns(stacked.min(axis=0)), knowns(stacked.max(axis=0)))
    return replace(
        document,
        sentence=_sentence(snapshot, bucket, label, nets),
        rows=rows,
        cells=[
            [formats.price(row[0]), *(formats.money(value, sign=True) for value in row[1:])] for row in rows
        ],
        levels=[level for level in levels_of(snapshot) if level.kind == "spot"],
        notes=notes,
        parts={**document.parts, "flips": {name: _zeros(prices, net) for name, net in nets.items()}},
    )


def convention_rows(snapshot: StoredSnapshot) -> list[dict[str, Any]]:
    """Return name, net, flip, status, distance of the flip from spot (a fraction) and texts for each convention.

    `net` is in $ per 1 % move and on the naive gross; a convention without data has None and the reason in its texts.
    """
    rows = []
    for name, heading in _LONG_NAMES.items():
        row = (snapshot.sensitivity.get("conventions") or {}).get(name) or {}
        net = row.get("comparable_net", row.get("net"))
        flip, spot = row.get("flip"), snapshot.underlying_price
        away = None if flip is None or not spot else flip / spot - 1.0
        reason = formats.words(row.get("flip_status")) if row else "no data"
        rows.append(
            {
                "name": name, "heading": heading, "net": known(net), "flip": known(flip), "distance": away,
                "net_text": formats.money(net, sign=True),
                "flip_text": formats.price(flip) if flip is not None else f"– {reason}",
                "distance_text": formats.percent(away, sign=True),
            }
        )  # fmt: skip
    return rows


def _profiles(whole: SlotChain, chosen: Bools, prices: Floats) -> tuple[dict[str, Floats], list[str]]:
    contracts, own = whole.chain.select(chosen), whole.own_volatility
    notes = []
    (volatility,) = one_per_strike(contracts, contracts.implied_volatility)
    weights = np.stack([NAIVE.weights(contracts), VOLUME_WEIGHTED.weights(contracts)])
    naive, volume = reprice(contracts, weights, volatility).net(prices)
    nets: dict[str, Floats] = {}
    if np.any(naive):
        nets["naive"] = naive
    gross = [
        totals(contracts, dealer_gamma(contracts, convention)).gross_gamma
        for convention in (NAIVE, VOLUME_WEIGHTED)
    ]
    if np.any(volume) and gross[1] > 0:
        nets["volume_weighted"] = volume * gross[0] / gross[1]
    else:
        notes.append("Volume-weighted: no contract has volume yet.")
    if own is None:
        notes.append("Own gamma is in the table only: its profile is not computed for American options.")
    else:
        (own_volatility,) = one_per_strike(contracts, own[chosen])
        curve = reprice(contracts, OWN_GAMMA.weights(contracts)[np.newaxis], own_volatility).net(prices)[0]
        if np.any(curve):
            nets["own_gamma"] = curve
        else:
            notes.append("Own gamma: no contract has a quote.")
    return nets, notes


def _zeros(prices: Floats, net: Floats) -> list[float]:
    """Return where a profile crosses zero, between neighbouring prices by a straight line."""
    left = np.flatnonzero(np.sign(net[:-1]) * np.sign(net[1:]) < 0)
    part = net[left] / (net[left] - net[left + 1])
    zeros: list[float] = (prices[left] + part * (prices[left + 1] - prices[left])).tolist()
    return zeros


def _sentence(snapshot: StoredSnapshot, bucket: str, label: str, nets: dict[str, Floats]) -> str:
    named = [name.lower() for key, name in _NAMES.items() if key in nets]
    band = f"Band: {', '.join(named)}." if len(named) > 1 else f"Only {named[0]} has data."
    positive = sum(net[PRICES // 2] > 0 for net in nets.values())
    if positive in (0, len(nets)):
        subject = "All are" if len(nets) > 1 else "It is"
        side = f"{subject} {'above' if positive else 'below'} zero at spot"
    else:
        side = f"{positive} of {len(nets)} {'is' if positive == 1 else 'are'} above zero at spot"
    if bucket != "all":
        return f"{label}. {band} {side}."
    flips = [row["flip"] for row in convention_rows(snapshot) if row["flip"] is not None]
    if not flips:
        return f"{band} {side}; no flip within 20 % of spot."
    low, high = formats.price(min(flips)), formats.price(max(flips))
    return f"{band} {side}; " + (f"flip {low}." if low == high else f"flips from {low} to {high}.")
