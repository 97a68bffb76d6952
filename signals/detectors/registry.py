"""All detectors, in the order of their documented numbers."""

from __future__ import annotations

from signals.detectors import (
    breakout,
    eod_pin_setup,
    gamma_flip,
    gamma_squeeze,
    index_mean_reversion,
    iv_crush,
    mean_reversion,
    opening_drive,
    power_hour_reversal,
    sweep_confirmation,
    trend_continuation,
)
from signals.rules.detector import Detector

DETECTORS: tuple[Detector, ...] = (
    breakout.BULLISH,
    breakout.BEARISH,
    mean_reversion.LONG_SIDE,
    mean_reversion.SHORT_SIDE,
    trend_continuation.LONG_SIDE,
    trend_continuation.SHORT_SIDE,
    gamma_squeeze.BULLISH,
    gamma_squeeze.BEARISH,
    power_hour_reversal.BULLISH,
    power_hour_reversal.BEARISH,
    index_mean_reversion.LONG_SIDE,
    index_mean_reversion.SHORT_SIDE,
    opening_drive.BULLISH,
    opening_drive.BEARISH,
    gamma_flip.BULLISH,
    gamma_flip.BEARISH,
    eod_pin_setup.DETECTOR,
    iv_crush.DETECTOR,
    sweep_confirmation.DETECTOR,
)
BY_NAME = {detector.name: detector for detector in DETECTORS}
# Other names under which the documents mention detectors.
ALIASES = {"momentum_breakout": (breakout.BULLISH, breakout.BEARISH)}


def named(name: str) -> tuple[Detector, ...]:
    """Return the detectors of a name or an alias; raise KeyError for another name."""
    return ALIASES[name] if name in ALIASES else (BY_NAME[name],)
