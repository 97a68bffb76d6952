"""Dealer gamma of past slots: open interest times Black's gamma on the true surface, summed over the chain.

Dealers are assumed to be long calls and short puts. It differs from the sum over a served chain by the premium of early
exercise, the missing greeks of the provider and rounding, which is a few percent.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.sessions import open_of
from simulator.market.keyed_random import Floats
from simulator.market.listing import Listing, pick
from simulator.market.market import SyntheticMarket
from simulator.market.option_trades import day_of, previous_close
from simulator.market.settlement_book import settlement_seconds
from simulator.market.surface import volatility_index
from simulator.market.volume_model import open_interest
from simulator.pricing.black import black_gamma
from simulator.pricing.contract_values import ContractTerms
from simulator.universe.capital_changes import change_dates
from simulator.universe.deliverables import changes_of
from simulator.universe.instruments import INSTRUMENTS, VOLATILITY_INDICES

_BAND = 0.20  # walls and flips lie within this share of spot
_LEVELS = np.exp(np.linspace(np.log(1.0 - _BAND), np.log(1.0 + _BAND), 31))
_NEAR_DAYS = 1
_SHARES, _ONE_PERCENT = 100.0, 0.01
# Contracts whose largest gamma is below this share of the sum do not move a flip.
_NEGLIGIBLE = 1e-5


class _Held(NamedTuple):
    """Contracts, calls and puts of one strike and settlement in one row.

    `calls` and `puts` are open contracts, `traded` the volume of calls minus that of puts in the whole session.
    """

    terms: ContractTerms
    roots: NDArray[np.str_]
    calls: Floats
    puts: Floats
    traded: Floats
    days: Floats  # calendar days to expiration
    place: NDArray[np.intp]  # row of `strikes`
    strikes: Floats


def gamma_slots(
    market: SyntheticMarket, symbol: str, date: dt.date, slots: list[int]
) -> dict[str, list[Any]]:
    """Return the dealer gamma of a symbol at slots (epoch seconds) of one session, one value per slot and column.

    Gamma is in dollars per 1 % move of spot, levels are dollars or index points; None where there is none. `flips` and
    `volume_flips` are lists of levels, the latter those of gamma that is weighted by the volume of the session; it has
    none at the open, when nothing has been traded.
    """
    listing = market.listings.on(symbol, date)
    total = day_of(market, symbol, date, listing).total.astype(np.float64)
    held = _held(market, symbol, date, listing, total)
    sides = [float(total[listing.is_call == is_call].sum()) for is_call in (True, False)]
    rows = [_slot(market, symbol, date, held, float(second)) for second in slots]
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    settles = bool(np.any(listing.expiration == np.datetime64(date, "D")))
    # The volume clock is the same for all contracts, so the ratio of a session is that of each of its slots.
    ratio = sides[1] / sides[0] if sides[0] else None
    return columns | {"put_call_volume_ratio": [ratio] * len(rows), "settles_today": [settles] * len(rows)}


def _held(market: SyntheticMarket, symbol: str, date: dt.date, listing: Listing, total: Floats) -> _Held:
    reference = previous_close(market, symbol, date, listing)
    held = np.nan_to_num(open_interest(INSTRUMENTS[symbol], listing, reference, date))
    settles = settlement_seconds(listing)
    rows = np.flatnonzero(
        ((held > 0) | (total > 0)) & (settles > open_of(date).timestamp()) & _is_standard(symbol, listing)
    )
    listing, held, settles, total = pick(listing, rows), held[rows], settles[rows], total[rows]
    _, first, place = np.unique(settles * 1e6 + listing.strike, return_index=True, return_inverse=True)
    calls = _sums(place, np.where(listing.is_call, held, 0.0), len(first))
    puts = _sums(place, np.where(listing.is_call, 0.0, held), len(first))
    traded = _sums(place, np.where(listing.is_call, total, -total), len(first))
    merged = pick(listing, first)
    strikes, at = np.unique(merged.strike, return_inverse=True)
    days = (merged.expiration - np.datetime64(date, "D")).astype(np.float64)
    return _Held(market.book.terms(symbol, date, merged), merged.root, calls, puts, traded, days, at, strikes)


def _is_standard(symbol: str, listing: Listing) -> NDArray[np.bool_]:
    """Return which contracts were not adjusted for a split or spin-off: their root has no number."""
    if not change_dates(symbol):
        return np.ones(len(listing.root), dtype=np.bool_)
    return np.array([changes_of(root) == 0 for root in listing.root.tolist()], dtype=np.bool_)


def _slot(market: SyntheticMarket, symbol: str, date: dt.date, held: _Held, second: float) -> dict[str, Any]:
    seconds = np.full(len(held.calls), second)
    state = market.state(symbol, date, held.terms, seconds, held.roots)
    spot = float(state.delivered[0])
    gamma = black_gamma(
        state.lognormal, state.forward, held.terms.strike, state.years, state.rate, state.volatility
    )
    each = np.nan_to_num(gamma) * _SHARES * spot**2 * _ONE_PERCENT
    alive = state.years > 0
    calls, puts = held.calls * each, held.puts * each
    calls_at, puts_at = (_sums(held.place, part, len(held.strikes)) for part in (calls, puts))
    gross = float(calls.sum() + puts.sum())
    near = held.days <= _NEAR_DAYS
    open_calls = float(held.calls[alive].sum())
    variance = market.paths.variance_session(date)
    vix = volatility_index(
        INSTRUMENTS["SPX"].skew, variance.levels[[variance.tick(second)]], VOLATILITY_INDICES["VIX"][1]
    )
    deviation = state.volatility * np.sqrt(np.maximum(state.years, 0.0))
    flips, volume_flips = (
        _flips(spot, np.where(alive, net, 0.0), held.terms.strike, state.forward, deviation)
        for net in (held.calls - held.puts, held.traded)
    )
    has_traded = second > open_of(date).timestamp()
    return (
        {
            "spot": spot,
            "call_gamma": float(calls.sum()),
            "put_gamma": -float(puts.sum()),
            "near_expiry_share": float((calls + puts)[near].sum()) / gross if gross else None,
            "put_call_oi_ratio": float(held.puts[alive].sum()) / open_calls if open_calls else None,
            "vix": float(np.round(vix[0], 2)),
            "flips": flips,
            "volume_flips": volume_flips if has_traded else None,
            "volume_gamma": float((held.traded * each).sum()) if has_traded else None,
        }
        | _walls(held.strikes, calls_at, puts_at, spot)
        | _pin(held, each, alive & (held.days == 0))
    )


def _sums(place: NDArray[np.intp], values: Floats, length: int) -> Floats:
    return np.bincount(place, values, length).astype(np.float64, copy=False)


def _walls(strike: Floats, calls: Floats, puts: Floats, spot: float) -> dict[str, float | None]:
    """Return the strikes with the largest gamma, `calls` and `puts` without sign, within the band around spot."""
    band = np.abs(strike - spot) <= _BAND * spot
    strike, calls, puts = strike[band], calls[band], puts[band]

    def largest(size: Floats, allowed: NDArray[np.bool_]) -> float | None:
        size = np.where(allowed, size, 0.0)
        return float(strike[np.argmax(size)]) if size.max(initial=0.0) > 0 else None

    everywhere = np.ones(len(strike), dtype=np.bool_)
    return {
        "resistance": largest(np.abs(calls - puts), strike > spot),
        "support": largest(np.abs(calls - puts), strike < spot),
        "call_wall": largest(calls, strike >= spot),
        "put_wall": largest(puts, strike <= spot),
        "put_peak": largest(puts, everywhere),
        "largest_net_strike": largest(np.abs(calls - puts), everywhere),
    }


def _pin(held: _Held, each: Floats, settling: NDArray[np.bool_]) -> dict[str, float | None]:
    """Return the strike with the most open interest times gamma of contracts that settle at the close."""
    contracts = np.where(settling, held.calls + held.puts, 0.0)
    sums, open_at = (_sums(held.place, part, len(held.strikes)) for part in (contracts * each, contracts))
    if not sums.max(initial=0.0) > 0:
        return dict.fromkeys(("pin_strike", "pin_open_interest", "pin_share"))
    row = int(np.argmax(sums))
    return {
        "pin_strike": float(held.strikes[row]),
        "pin_open_interest": float(open_at[row]),
        "pin_share": float(sums[row] / sums.sum()),
    }


def _flips(spot: float, net: Floats, strike: Floats, forward: Floats, deviation: Floats) -> list[float]:
    """Return the levels at which net gamma changes its sign, ascending, with volatility fixed per strike."""
    with np.errstate(all="ignore"):
        peak = np.where(deviation > 0, np.abs(net) / deviation, 0.0)
    rows = np.flatnonzero(peak > _NEGLIGIBLE * peak.sum())
    if not len(rows):
        return []
    width = deviation[rows].astype(np.float32)
    weight = (net[rows] / deviation[rows]).astype(np.float32)
    shift = np.log(forward[rows] / strike[rows]).astype(np.float32)
    d1 = (shift[:, None] + np.log(_LEVELS).astype(np.float32)[None, :]) / width[:, None] + width[:, None] / 2
    profile = weight @ np.exp(np.maximum(-0.5 * d1 * d1, -80.0)) * _LEVELS
    before = np.flatnonzero(profile[:-1] * profile[1:] < 0)
    low, high = profile[before], profile[before + 1]
    levels = spot * (_LEVELS[before] + (_LEVELS[before + 1] - _LEVELS[before]) * low / (low - high))
    found: list[float] = np.round(levels, 2).tolist()
    return found
