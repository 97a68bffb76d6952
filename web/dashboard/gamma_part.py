"""Dealer gamma of one symbol for its panel: net, conventions, levels with their history, expirations."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ingestion.bars.bar_times import midnight_ms
from quant import sessions
from quant.gamma.conventions import VOTERS
from quant.gamma.positioning import strength
from warehouse import clock
from warehouse.asof import gamma, gamma_snapshots
from warehouse.asof.gamma import ExpirationSlots, GammaSlots
from warehouse.asof.rows import present

HISTORY_SESSIONS = 10
_LOOK_BACK = dt.timedelta(days=3 * HISTORY_SESSIONS)  # contains ten sessions, whatever the holidays
_WALLS = {"Wall above": "gamma_wall_resistance", "Wall below": "gamma_wall_support"}


@dataclass(frozen=True, slots=True)
class Level:
    """A price level: dollars or index points; `distance` is a fraction of spot, None for spot itself.

    `history` are its values at the last snapshot of each of the last sessions and at this one, None where it had none.
    """

    name: str
    price: float
    distance: float | None = None
    history: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class GammaPart:
    """Dealer gamma at one slot (epoch ms); dollars per 1 % move of spot, None where absent.

    `net_share` is net over gross. `low` and `high` are the band of the conventions that vote, of which `agreeing` of
    `voters` have the sign of the naive net. `levels` descend by price and contain spot; `more_flips` are the flips
    that are not in them. `zero_dte_share` is the share of the gross in contracts that expire on the day of the slot.
    """

    slot_ms: int
    spot: float | None
    net: float | None
    net_share: float | None
    positioning: str | None
    strength: str | None
    behavior: str | None
    low: float | None
    high: float | None
    agreeing: int
    voters: int
    flip_status: str | None
    levels: tuple[Level, ...]
    more_flips: tuple[float, ...]
    expirations: int
    contracts: int
    zero_dte_share: float | None
    weights: str


def read(symbol: str, slot_ms: int) -> GammaPart | None:
    """Return the gamma of the snapshot of a slot (epoch ms), or None without a snapshot."""
    first = sessions.new_york_date(clock.instant(slot_ms)) - _LOOK_BACK
    rows = gamma.slots(symbol, midnight_ms(first), slot_ms)
    if not len(rows) or rows.timestamp[-1] != slot_ms:
        return None
    found = gamma_snapshots.newest(symbol, slot_ms, slot_ms)
    conventions, flips = (found.sensitivity, found.flip_points) if found else ({}, ())
    net, gross, spot = (
        present(getattr(rows, n)[-1]) for n in ("total_gamma", "gross_gamma", "underlying_price")
    )
    share = net / gross if net is not None and gross else None
    band = conventions.get("net") or {}
    agreeing, voters = _votes(conventions, net)
    flip = present(rows.gamma_flip[-1])
    by_expiration = gamma.expirations(symbol, slot_ms, slot_ms)
    return GammaPart(
        slot_ms=slot_ms,
        spot=spot,
        net=net,
        net_share=share,
        positioning=str(rows.dealer_positioning[-1]) or None,
        strength=strength(share),
        behavior=str(rows.expected_behavior[-1]) or None,
        low=band.get("low"),
        high=band.get("high"),
        agreeing=agreeing,
        voters=voters,
        flip_status=str(rows.flip_status[-1]) or None,
        levels=_levels(rows, spot, flip),
        more_flips=tuple(one for one in flips if flip is None or not math.isclose(one, flip)),
        expirations=len({*by_expiration.expiration.tolist()}),
        contracts=int(by_expiration.contracts.sum()),
        zero_dte_share=_zero_dte_share(by_expiration),
        weights=str(rows.oi_source[-1]),
    )


def _votes(conventions: Mapping[str, Any], net: float | None) -> tuple[int, int]:
    """Return how many of the conventions that vote have the sign of the naive net, and how many there are."""
    rows = conventions.get("conventions") or {}
    nets = [rows[voter.name]["net"] for voter in VOTERS if rows.get(voter.name)]
    if net is None:
        return 0, len(nets)
    return sum(math.copysign(1, one) == math.copysign(1, net) for one in nets), len(nets)


def _levels(rows: GammaSlots, spot: float | None, flip: float | None) -> tuple[Level, ...]:
    if spot is None:
        return ()
    closing = _last_of_each_session(rows)
    wanted = {name: getattr(rows, column) for name, column in _WALLS.items()} | {"Flip": rows.gamma_flip}
    levels = [
        Level(
            name, float(values[-1]), float(values[-1]) / spot - 1, tuple(present(v) for v in values[closing])
        )
        for name, values in wanted.items()
        if not math.isnan(values[-1])
    ]
    return tuple(sorted([*levels, Level("Spot", spot)], key=lambda level: -level.price))


def _last_of_each_session(rows: GammaSlots) -> list[int]:
    """Return the positions of the last snapshots of the last ten sessions and of the newest snapshot, oldest first."""
    days = [sessions.new_york_date(clock.instant(int(at_ms))) for at_ms in rows.timestamp]
    last = {day: place for place, day in enumerate(days)}
    return list(last.values())[-HISTORY_SESSIONS - 1 :]


def _zero_dte_share(rows: ExpirationSlots) -> float | None:
    gross = np.abs(np.nan_to_num(rows.call_gamma)) + np.abs(np.nan_to_num(rows.put_gamma))
    total = float(gross.sum())
    return float(gross[rows.bucket == "ZERO_DTE"].sum()) / total if total else None
