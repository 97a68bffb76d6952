"""Mean reversion of stocks and indices; examples 8, 9 and 13 of the detectors' specification."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from signals.detectors import index_mean_reversion, mean_reversion
from signals.features.mirroring import mirror
from tests.signals.detectors import examples
from tests.signals.records import gamma

SHORT_GAMMA = {"is_fresh": 1.0, "positioning": "SHORT_GAMMA", "agree": 1.0, "ratio": -0.30}


def detect(**changed):
    return mean_reversion.LONG_SIDE.detect(examples.mean_reversion(**changed))


def test_mean_reversion_scores_as_the_worked_example():
    found = detect()
    assert mean_reversion.stretch(examples.mean_reversion())[3] == pytest.approx(2.58333, abs=1e-5)
    assert found.score[3] == pytest.approx(71.4520, abs=5e-5)
    assert found.stop[3] == pytest.approx(97.4 - 1.2)
    assert found.targets[3] == pytest.approx([99.2, 99.8, 101.0])


@pytest.mark.parametrize("rsi14", [[22.0, 25.0, 26.0, 31.0], [26.0, 25.0, 22.0, 31.0]])
def test_lowest_rsi_is_that_of_the_three_bars_before(rsi14):
    assert detect(rsi14=rsi14).score[3] == pytest.approx(71.4520, abs=5e-5)


@pytest.mark.parametrize("rvol_bar", [[9.0, 1.75, 1.0, 1.0], [9.0, 1.0, 1.0, 1.75]])
def test_highest_bar_volume_is_that_of_the_last_three_bars(rvol_bar):
    assert detect(rvol_bar=rvol_bar).score[3] == pytest.approx(71.4520, abs=5e-5)


@pytest.mark.parametrize(
    "changed",
    [
        {"rsi14": [24.0, 22.0, 30.0, 31.0]},  # the bar before is no longer below the level
        {"rsi14": [24.0, 22.0, 25.0, 29.9]},
        {"ema21": [100.5, 100.2, 99.29, 99.8]},  # 1.99 ATR
        {"vwap_distance": [0.0, 0.0, -0.0049, -0.02]},
    ],
)
def test_mean_reversion_does_not_fire_without_a_requirement(changed):
    found = detect(**changed)
    assert not found.fired.any()
    assert found.no_data[3] == ""


def test_mean_reversion_fires_exactly_at_its_limits():
    at_limits = {"rsi14": [24.0, 22.0, 25.0, 30.0], "vwap_distance": [0.0, 0.0, -0.005, 0.0], "atr14": 1.5}
    assert detect(**at_limits, ema21=99.9, close=[98.0, 97.5, 96.9, 97.4]).fired[3]


def test_first_bar_of_a_session_never_reverts():
    first = [False, False, False, True]
    found = detect(first_of_session=first, follows=[False, True, True, False])
    assert (bool(found.fired[3]), found.no_data[3]) == (False, "")


def test_reversion_after_a_missing_bar_has_no_data():
    found = detect(follows=[False, True, True, False])
    assert (bool(found.fired[3]), found.no_data[3]) == (False, "bar before")


def test_warm_up_is_named_as_the_reason():
    reasons = {"rsi14": np.array(["", "", "", "warm-up"])}
    assert detect(rsi14=[24.0, 22.0, 25.0, np.nan], reasons=reasons).no_data[3] == "warm-up"


@pytest.mark.parametrize(
    ("changed", "blocked"),
    [
        ({}, "short gamma amplifies moves"),
        ({"agree": 0.0}, ""),
        ({"agree": np.nan}, ""),
        ({"ratio": -0.25}, "short gamma amplifies moves"),
        ({"ratio": -0.24}, ""),
        ({"is_fresh": 0.0}, ""),
        ({"positioning": "LONG_GAMMA"}, ""),
    ],
)
def test_clearly_short_gamma_blocks_the_firing(changed, blocked):
    found = detect(gamma=gamma(4, **{**SHORT_GAMMA, **changed}))
    assert found.fired[3]
    assert found.blocked[3] == blocked


def test_short_reversion_is_blocked_by_short_gamma_too():
    record = mirror(examples.mean_reversion(gamma=gamma(4, **SHORT_GAMMA)))
    found = mean_reversion.SHORT_SIDE.detect(record)
    assert found.fired[3]
    assert found.blocked[3] == "short gamma amplifies moves"


def test_no_detector_fires_when_no_trade_could_be_entered_before_the_close():
    assert detect(first_slot=21).fired[3]  # 15 minutes before the close
    assert not detect(first_slot=22).fired[3]
    record = examples.mean_reversion(first_slot=21)
    # With delayed data the minute of entry starts 20 seconds after the evaluation: here at the close.
    late = replace(record, at_ms=record.end_ms + 15 * 60_000 - 20_000)
    assert not mean_reversion.LONG_SIDE.detect(late).fired[3]
    earlier = replace(record, at_ms=late.at_ms - 1)
    assert mean_reversion.LONG_SIDE.detect(earlier).fired[3]


def test_daily_reversion_needs_no_vwap():
    found = detect(timeframe="1d", vwap_distance=np.nan, first_of_session=True)
    stretch, rsi, volume, location = 0.30 * 7 / 24, 0.25 * 8 / 15, 0.15 * 0.5, 0.15 * 0.9
    assert found.fired[3]
    assert found.score[3] == pytest.approx(40 + 60 * (stretch + rsi + volume + location) / 0.85)


def test_index_mean_reversion_scores_as_the_worked_example():
    found = index_mean_reversion.LONG_SIDE.detect(examples.index_mean_reversion())
    assert found.fired[3]
    assert found.score[3] == pytest.approx(62.65, abs=1e-9)


@pytest.mark.parametrize(
    "changed",
    [
        {"rsi14": [24.0, 19.0, 25.0, 26.0]},
        {"rsi14": [24.0, 19.0, 21.0, 24.9]},
        {"ema21": 99.39},
        {"vwap_distance": [0.0, 0.0, -0.0039, 0.0]},
    ],
)
def test_index_mean_reversion_does_not_fire_without_a_requirement(changed):
    found = index_mean_reversion.LONG_SIDE.detect(examples.index_mean_reversion(**changed))
    assert not found.fired.any()


def test_index_reversion_has_the_blocks_of_the_stock_rule():
    found = index_mean_reversion.LONG_SIDE.detect(
        examples.index_mean_reversion(gamma=gamma(4, **SHORT_GAMMA))
    )
    assert found.blocked[3] == "short gamma amplifies moves"
