"""Records of random values near the limits of the rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from signals.features.record import Features
from tests.signals.records import features, flow, flow_window, frames, gamma, iv, regime


def random_record(rng: np.random.Generator, rows: int = 24, **given: Any) -> Features:
    """Return bars with random values near the limits of the rules, some of them missing; `given` overrides columns."""

    def some(low: float, high: float, missing: float = 0.03) -> Any:
        values = rng.uniform(low, high, rows)
        values[rng.random(rows) < missing] = np.nan
        return values

    def roots() -> Any:
        found = rng.uniform(99.0, 101.0, (rows, 2))
        found[rng.random(rows) < 0.05] = [np.inf, np.nan]
        found[rng.random(rows) < 0.05] = np.nan
        return found

    def window() -> Any:
        return flow_window(
            rows, trades=some(5, 400), premium=some(4e4, 4e7), call_volume=some(0, 9e3), put_volume=some(0, 9e3),
            bullish_premium=some(0, 100), bearish_premium=some(0, 100), sided_premium=some(0, 4e7),
            big_premium=some(0, 2e7), aggressive_premium=some(0, 2e7), sweeps=some(0, 20),
            bullish_sweeps=some(0, 9), bearish_sweeps=some(0, 9), baseline=some(0.5, 1.5, 0.3), is_short=0.0,
        )  # fmt: skip

    prices = (
        "open", "high", "low", "close", "ema9", "ema20", "ema21", "ema50", "ema200", "prior_high20", "prior_low20",
        "vwap", "day_open", "day_high", "day_low", "prior_close", "first_high", "first_low",
    )  # fmt: skip
    levels = ("max_gamma_strike", "resistance", "support", "call_wall", "put_wall", "pin_strike")
    columns = {
        **{name: some(99.0, 101.0) for name in prices},
        "atr14": some(0.2, 0.6), "atr_day14": some(1.0, 2.0), "rsi14": some(20.0, 80.0), "rvol": some(0.5, 3.0),
        "rvol_bar": some(0.5, 3.0), "first_rvol_bar": some(0.5, 3.0), "close_location": some(0.0, 1.0),
        "vwap_distance": some(-0.02, 0.02), "return_from_close": some(-0.01, 0.01), "macd_hist": some(-0.2, 0.2),
        "atr_percentile": some(0.0, 1.0), "first_direction": rng.choice([-1.0, 1.0], rows),
        "gamma": gamma(
            rows, is_fresh=rng.choice([1.0, 1.0, 1.0, 1.0, 0.0, np.nan], rows), age_minutes=some(1.0, 60.0),
            agree=rng.choice([1.0, 1.0, 0.0], rows), measured=some(0.5, 1.0), settles_today=1.0,
            ratio=some(-0.6, 0.6), positioning=rng.choice(["LONG_GAMMA", "SHORT_GAMMA", "NEUTRAL"], rows),
            naive_roots=roots(), volume_roots=roots(), own_roots=roots(),
            **{name: some(99.0, 101.0) for name in levels},
            pin_oi=some(1_000.0, 60_000.0), pin_share=some(0.0, 1.0),
        ),
        "flow": flow(
            rows, silent_minutes=rng.choice([0.0, 0.0, 0.0, 3.0, np.nan], rows), short=window(), medium=window(),
            long=window(), sweeps=some(4, 12), bullish_sweeps=some(0, 6), bearish_sweeps=some(0, 6),
            bullish_sweep_premium=some(1e5, 3e6), bearish_sweep_premium=some(1e5, 3e6),
            usual_bullish=some(1e5, 1e6, 0.5), usual_bearish=some(1e5, 1e6, 0.5), sweep_coverage=some(0.4, 1.0),
            aggressive_share=some(0.0, 0.6),
        ),
        "iv": iv(
            rows, age_sessions=rng.choice([0.0, 0.0, 0.0, 1.0], rows), data_points=some(10, 300),
            front_iv=some(0.4, 0.7), ex_event_iv=some(0.2, 0.4), front_mean=some(0.3, 0.6),
            percentile=some(0.0, 1.0), iv_regime=rng.choice(["LOW", "NORMAL", ""], rows),
            event_timing=rng.choice(["AFTER_CLOSE", "UNKNOWN", ""], rows), event_expirations=1.0,
        ),
        "regime": regime(
            rows, age_sessions=rng.choice([0.0, 1.0], rows), confidence=some(0, 100),
            market_regime=rng.choice(["STRONG_DOWNTREND", "CHOPPY", ""], rows),
        ),
        "frames": replace(frames(rows), votes=rng.uniform(-2.0, 2.0, (rows, 6))),
    }  # fmt: skip
    return features(rows=rows, first_slot=2, **{**columns, **given})


def two_sessions(rng: np.random.Generator) -> Features:
    """Return two full sessions of random bars."""
    slot = np.arange(52) % 26
    return random_record(
        rng,
        rows=52,
        first_of_session=slot == 0,
        follows=slot > 0,
        session=np.arange(52) // 26,
        minutes_open=(slot + 1) * 15.0,
        minutes_left=(25 - slot) * 15.0,
    )
