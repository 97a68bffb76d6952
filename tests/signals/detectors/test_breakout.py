"""Breakouts above the high of 20 bars, and below their low; examples 5 to 7 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.detectors.breakout import BEARISH, BULLISH
from signals.features.mirroring import mirror
from tests.signals.records import features

EXAMPLE = {
    "open": 450.0, "close": [449.9, 450.60], "high": 450.80, "low": 449.80, "prior_high20": 450.10,
    "atr14": 1.0, "rvol": 2.10, "vwap": 449.90, "ema9": 450.0, "ema21": 449.5, "ema50": 449.0, "close_location": 0.8,
}  # fmt: skip


def detect(**changed):
    return BULLISH.detect(features(**{**EXAMPLE, **changed}))


def test_breakout_scores_as_the_worked_example():
    found = detect()
    assert found.fired.tolist() == [False, True]
    assert found.score[1] == pytest.approx(84.7, abs=1e-9)
    assert found.stop[1] == pytest.approx(449.60)
    assert found.targets[1] == pytest.approx([452.10, 452.60, 453.60])


def test_far_breakout_scores_less():
    # d = 1.5: half of the second factor is left.
    found = detect(prior_high20=[450.10, 449.10])
    assert found.score[1] == pytest.approx(78.7, abs=1e-9)


@pytest.mark.parametrize(
    "changed",
    [
        {"rvol": 1.49},
        {"first_slot": 0},  # the second bar ends at 10:00
        {"prior_high20": 450.60},
        {"close": [450.55, 450.60]},  # the bar before met all requirements
    ],
)
def test_breakout_does_not_fire(changed):
    found = detect(**changed)
    assert not found.fired[1]
    assert found.no_data[1] == ""


def test_missing_volume_is_named():
    found = detect(rvol=[2.1, np.nan])
    assert not found.fired[1]
    assert found.no_data[1] == "rvol"
    reasons = {"rvol": np.array(["", "warm-up"])}
    assert detect(rvol=[2.1, np.nan], reasons=reasons).no_data[1] == "warm-up"


def test_missing_volume_does_not_hide_that_the_price_did_not_break_out():
    assert detect(close=[449.9, 450.0], rvol=np.nan).no_data[1] == ""


def test_unknown_bar_before_gives_no_data():
    found = detect(rvol=[np.nan, 2.1], close=[450.2, 450.6])
    assert (bool(found.fired[1]), found.no_data[1]) == (False, "bar before")


def test_short_twin_fires_on_the_mirror_image_with_the_same_score():
    record = features(**EXAMPLE)
    long, short = BULLISH.detect(record), BEARISH.detect(mirror(record))
    assert short.fired.tolist() == long.fired.tolist()
    assert short.score == pytest.approx(long.score)
    assert short.stop == pytest.approx(-long.stop)


def test_daily_breakout_needs_less_volume_and_no_vwap():
    found = detect(timeframe="1d", vwap=np.nan, rvol=1.3)
    # (0.30 x 0.1/1.2 + 0.20 x 1 + 0.15 x 0.8 + 0.20 x 1) / 0.85
    assert found.fired[1]
    assert found.score[1] == pytest.approx(40 + 60 * (0.3 / 12 + 0.2 + 0.12 + 0.2) / 0.85)
