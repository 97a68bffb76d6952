"""Index mean reversion: the mean reversion of `mean_reversion` with the levels of an index.

An index moves less than its members, so it needs a lower relative strength index, and smaller distances from its means.
Relative volume is that of the fund that stands for the index.
Evidence: none published for this rule.
Caution: as for `mean_reversion`; an index falls together with its members, so a fall seldom is one stock's news.
"""

from __future__ import annotations

from signals.detectors.mean_reversion import Levels, reversion
from signals.rules.detector import Detector
from signals.rules.rule import SHORT

LEVELS = Levels(rsi=25.0, full_rsi_depth=12.5, stretch=1.8, full_stretch=3.6, vwap=0.004, full_vwap=0.012)
RULE = reversion(LEVELS, "index", ("15m",))

LONG_SIDE = Detector(11, "index_mean_reversion_long", RULE)
SHORT_SIDE = Detector(12, "index_mean_reversion_short", RULE, (SHORT,))
