"""All detectors, in the order of their documented numbers."""

from __future__ import annotations

from signals.detectors import breakout
from signals.detectors.detector import Detector

DETECTORS: tuple[Detector, ...] = (breakout.BULLISH, breakout.BEARISH)
BY_NAME = {detector.name: detector for detector in DETECTORS}
