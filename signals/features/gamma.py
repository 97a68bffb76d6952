"""Gamma of the newest snapshot at each bar of the evaluated session."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from quant.arrays import ratio
from quant.chain import Floats
from quant.sessions import MINUTE_MS
from quant.thresholds import POSITIONING_STRENGTH
from signals.features.context_columns import GammaColumns
from signals.features.daily_rows import Places, last_true, numbers, texts
from signals.features.history import History
from warehouse.asof.gamma import GammaSlots
from warehouse.asof.rows import Texts

STALE_AFTER_MINUTES = 30.0
NO_ROOT = "none"


def gamma_columns(found: GammaSlots, history: History) -> GammaColumns:
    """Return the columns of the newest snapshot whose slot is before the end of a bar, known at its evaluation.

    A snapshot of an earlier session, or one that is older than 30 minutes, is not fresh. A convention whose profile has
    no zero has one root at infinity, so that a setup that needs a root is refused and not without data.
    """
    place = _newest(found, history)
    slot_ms = numbers(found.timestamp.astype(np.float64), place)
    age = (history.end_ms - slot_ms) / MINUTE_MS
    fresh = (age <= STALE_AFTER_MINUTES) & (slot_ms >= history.calendar.open_ms[-1])
    ratios = ratio(found.total_gamma, found.gross_gamma)
    return GammaColumns(
        slot_ms=slot_ms,
        known_at_ms=numbers(found.known_at.astype(np.float64), place),
        age_minutes=age,
        is_fresh=np.where(place >= 0, fresh, np.nan),
        measured=numbers(found.usable_share, place),
        ratio=numbers(ratios, place),
        positioning=texts(found.dealer_positioning, place),
        strength=texts(POSITIONING_STRENGTH.texts(np.abs(ratios)), place),
        behavior=texts(found.expected_behavior, place),
        agree=numbers(found.signs_agree, place),
        max_gamma_strike=numbers(found.largest_net_strike, place),
        resistance=numbers(found.gamma_wall_resistance, place),
        support=numbers(found.gamma_wall_support, place),
        call_wall=numbers(found.call_wall, place),
        put_wall=numbers(found.put_wall, place),
        naive_roots=_roots(found.naive_flips, place),
        volume_roots=_roots(found.volume_flips, place),
        own_roots=_roots(found.own_flips, place),
        settles_today=numbers(found.settles_today, place),
        pin_strike=numbers(found.pin_strike, place),
        pin_oi=numbers(found.pin_open_interest, place),
        pin_share=numbers(found.pin_share, place),
    )


def _newest(found: GammaSlots, history: History) -> Places:
    """Return the position of each bar's snapshot, -1 without one and before the evaluated session; shape (n,)."""
    place = np.full(len(history.bars), -1)
    today = slice(history.first_row, None)
    usable = found.timestamp < history.end_ms[today, None]
    place[today] = last_true(usable & (found.known_at <= history.at_ms[today, None]))
    return place


def _roots(zeros: Texts, place: Places) -> Floats:
    """Return the zeros of each bar's snapshot, shape (n, k), NaN beyond those that exist."""
    parsed = [_numbers_in(text) for text in zeros.tolist()]
    table = np.full((len(parsed) + 1, max([1, *map(len, parsed)])), np.nan)
    for row, values in enumerate(parsed):
        table[row, : len(values)] = values
    return table[place]  # position -1 is the last row, which is empty


@lru_cache(maxsize=65_536)
def _numbers_in(text: str) -> tuple[float, ...]:
    return (np.inf,) if text == NO_ROOT else tuple(float(each) for each in text.split())
