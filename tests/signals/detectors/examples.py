"""Records on whose last bar a long setup begins: the worked examples of the detectors' specification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from signals.features.record import Features
from tests.signals.records import features, flow, flow_window, gamma, iv

FRESH = {"is_fresh": 1.0, "age_minutes": 15.0, "agree": 1.0}


def breakout(**changed: Any) -> Features:
    given = {
        "open": 450.0, "close": [449.9, 450.60], "high": 450.80, "low": 449.80, "prior_high20": 450.10,
        "atr14": 1.0, "rvol": 2.10, "vwap": 449.90, "ema9": 450.0, "ema21": 449.5, "ema50": 449.0,
        "close_location": 0.8,
    }  # fmt: skip
    return features(**{**given, **changed})


def mean_reversion(**changed: Any) -> Features:
    given = {
        "close": [98.0, 97.5, 96.9, 97.4], "ema21": [100.5, 100.2, 100.0, 99.8], "atr14": 1.2, "vwap": 98.0,
        "vwap_distance": [0.0, -0.005, (96.9 - 98.0) / 98.0, -0.006], "rsi14": [24.0, 22.0, 25.0, 31.0],
        "rvol_bar": [3.0, 1.0, 1.75, 1.2], "close_location": 0.9,
    }  # fmt: skip
    return features(rows=4, **{**given, **changed})


def trend_continuation(**changed: Any) -> Features:
    ema50 = np.full(12, 451.1)
    ema50[1] = 450.4
    rsi14 = np.full(12, 51.0)
    rsi14[10] = 61.0
    close = np.full(12, 452.3)
    close[11] = 452.6
    given = {
        "close": close, "low": 452.12, "ema21": 452.0, "ema50": ema50, "ema200": 440.0, "atr14": 1.2,
        "rsi14": rsi14, "rvol": 1.2,
    }  # fmt: skip
    return features(rows=12, **{**given, **changed})


def gamma_squeeze(**changed: Any) -> Features:
    given = {
        "first_slot": 19, "close": 5030.0, "return_from_close": 0.006, "prior_close": 5000.0, "atr_day14": 60.0,
        "rvol": [1.2, 1.9], "atr14": 8.0,
        "gamma": squeeze_gamma(),
        "flow": flow(silent_minutes=0.0, short=flow_window(bullish_premium=65.0, bearish_premium=35.0)),
    }  # fmt: skip
    return features(**{**given, **changed})


def squeeze_gamma(**changed: Any) -> Any:
    given = {
        "positioning": "SHORT_GAMMA",
        "ratio": -0.30,
        "resistance": 5100.0,
        "max_gamma_strike": 5030.0 * 1.002,
    }
    return gamma(**{**FRESH, **given, **changed})


def power_hour_reversal(**changed: Any) -> Features:
    given = {
        "first_slot": 21, "open": 4999.0, "close": 5000.0, "day_low": 4995.0, "rsi14": 34.0, "rvol": [1.0, 1.5],
        "close_location": 0.8, "atr14": 6.0, "gamma": power_gamma(),
    }  # fmt: skip
    return features(**{**given, **changed})


def power_gamma(**changed: Any) -> Any:
    return gamma(**{**FRESH, "positioning": "LONG_GAMMA", "ratio": 0.35, **changed})


def index_mean_reversion(**changed: Any) -> Features:
    given = {
        "close": [98.0, 97.5, 97.6, 97.9], "ema21": 100.0, "atr14": 1.0,
        "vwap_distance": [0.0, 0.0, -0.006, -0.002], "rsi14": [24.0, 19.0, 21.0, 26.0],
        "rvol_bar": [3.0, 1.0, 1.3, 1.2], "close_location": 0.6,
    }  # fmt: skip
    return features(rows=4, **{**given, **changed})


def opening_drive(**changed: Any) -> Features:
    given = {
        "first_slot": 0, "close": [5010.0, 5022.5], "day_open": 5000.0, "first_direction": 1.0,
        "first_rvol_bar": 2.2, "first_low": 4998.0, "first_high": 5012.0, "close_location": 0.85,
        "return_from_close": 0.006, "atr_day14": 60.0,
    }  # fmt: skip
    return features(**{**given, **changed})


def gamma_flip(**changed: Any) -> Features:
    given = {
        "rows": 4, "first_slot": 15, "close": [4998.0, 4999.0, 5004.0, 5006.0], "atr14": 10.0, "rvol": 1.4,
        "gamma": flip_gamma(),
    }  # fmt: skip
    return features(**{**given, **changed})


def flip_gamma(naive: Any = (5000.0, 5000.0, 5003.0, 5005.0), volume: Any = 4990.0, **changed: Any) -> Any:
    def column(values: Any) -> Any:
        # A second root far away, which no rule may choose.
        near = np.broadcast_to(np.asarray(values, float), (4,))
        return np.stack([np.full(4, 5400.0), near], axis=1)

    given = {
        "settles_today": 1.0, "naive_roots": column(naive), "volume_roots": column(volume),
        "own_roots": column(5005.0 - 0.004 * 5006.0),
    }  # fmt: skip
    return gamma(4, **{**FRESH, **given, **changed})


def eod_pin_setup(**changed: Any) -> Features:
    return features(**{"first_slot": 22, "close": 5000.0, "gamma": pin_gamma(), **changed})


def pin_gamma(**changed: Any) -> Any:
    given = {
        "positioning": "LONG_GAMMA", "ratio": 0.45, "pin_strike": 5004.5, "pin_share": 0.18, "pin_oi": 18_000.0,
    }  # fmt: skip
    return gamma(**{**FRESH, **given, **changed})


def iv_crush(**changed: Any) -> Features:
    return features(**{"first_slot": 23, "close": 200.0, "iv": event_iv(), **changed})


def event_iv(**changed: Any) -> Any:
    given = {
        "age_sessions": 0.0, "front_iv": 0.60, "ex_event_iv": 0.387298, "percentile": 0.88,
        "front_mean": 0.60 / 1.30, "event_timing": "AFTER_CLOSE", "event_expirations": 1.0,
    }  # fmt: skip
    return iv(**{**given, **changed})


def sweep_confirmation(**changed: Any) -> Features:
    given = {
        "close": 101.0,
        "vwap": [102.0, 100.0],
        "ema9": 100.8,
        "ema21": 100.5,
        "atr14": 0.5,
        "flow": sweeps(),
    }
    return features(**{**given, **changed})


def sweeps(**changed: Any) -> Any:
    given = {
        "silent_minutes": 0.0, "sweeps": 7.0, "bullish_sweeps": 4.0, "bearish_sweeps": 1.0,
        "bullish_sweep_premium": 900_000.0, "bearish_sweep_premium": 10_000.0, "sweep_coverage": 0.80,
        "aggressive_share": 0.45,
    }  # fmt: skip
    return flow(**{**given, **changed})


# By the name of the detector for rising prices, or of the one for both directions.
EXAMPLES: dict[str, Callable[..., Features]] = {
    "breakout_bullish": breakout,
    "mean_reversion_long": mean_reversion,
    "trend_continuation_long": trend_continuation,
    "gamma_squeeze_bullish": gamma_squeeze,
    "power_hour_reversal_bullish": power_hour_reversal,
    "index_mean_reversion_long": index_mean_reversion,
    "opening_drive_bullish": opening_drive,
    "gamma_flip_bullish": gamma_flip,
    "eod_pin_setup": eod_pin_setup,
    "iv_crush": iv_crush,
    "sweep_confirmation": sweep_confirmation,
}
