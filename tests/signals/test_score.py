"""Final score, blocks and disposition; examples 9, 21, 26 and 30 of the detectors' specification."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from signals.context.contexts import read
from signals.detectors import mean_reversion
from signals.score import firing_at, score
from tests.signals.context.firings import firing, window
from tests.signals.detectors import examples
from tests.signals.records import features, flow, frames, gamma, iv, regime

NORMAL_IV = {
    "age_sessions": 0.0,
    "data_points": 250.0,
    "percentile": 0.45,
    "iv_regime": "NORMAL",
    "ramp": "none",
    "known_at_ms": 1.0,
}
SHORT_GAMMA = {
    "is_fresh": 1.0, "age_minutes": 10.0, "measured": 1.0, "agree": 1.0, "positioning": "SHORT_GAMMA",
    "resistance": 690.0, "behavior": "VOLATILE",
}  # fmt: skip
NEUTRAL_FRAMES = [2.0, -0.1, 0.0, 1.0, 1.0, 0.0]
# Institutional score 75 with full confidence: 24 + 25 + 17 + 9.
STRONG_FLOW = {"sweeps": 342 * 0.0425, "baseline": 1.0}


def contexts(**changed: Any) -> Any:
    """Example 30: SPY with normal volatility, short gamma, frames without direction and bullish flow."""
    given: dict[str, Any] = {
        "iv": iv(**NORMAL_IV),
        "gamma": gamma(**SHORT_GAMMA),
        "flow": flow(silent_minutes=0.0, medium=window(**STRONG_FLOW)),
        "frames": frames(votes=NEUTRAL_FRAMES),
    }
    return read(features(**{**given, **changed}), 1)


def test_score_is_that_of_the_third_document():
    found = score(firing(), contexts())
    assert {name: term.delta for name, term in found.terms.items()} == {
        "iv": 0.0, "gamma": 10.0, "alignment": 0.0, "regime": 0.0, "flow": 0.0,
    }  # fmt: skip
    assert found.terms["flow"].factor == pytest.approx(1.20)
    assert found.final == pytest.approx(85.2)
    assert (found.disposition, found.blocks) == ("ACTIVE", ())


def test_every_term_has_a_reason():
    assert {name: term.reason for name, term in score(firing(), contexts()).terms.items()} == {
        "iv": "no effect",
        "gamma": "short gamma amplifies moves",
        "alignment": "no effect",
        "regime": "no data: regime",
        "flow": "flow is BULLISH, institutional score 75",
    }


@pytest.mark.parametrize(
    ("profile", "final"),
    [
        ("default", 85.2),
        ("neutral_gamma", 85.2),
        ("phase1", (61 + 10) * 1.15 * 1.10),
        ("document3", 61 + 10 + 8),
    ],
)
def test_profiles_combine_terms_and_factors(profile, final):
    found = contexts(
        iv=iv(**{**NORMAL_IV, "percentile": 0.25}),
        flow=flow(
            silent_minutes=0.0,
            short=window(bullish_sweeps=6.0, bearish_sweeps=1.0),
            medium=window(**STRONG_FLOW),
        ),
    )
    assert score(firing(), found, profile).final == pytest.approx(final)


def test_score_stays_within_its_range():
    assert score(firing(base=95.0), contexts()).final == 100.0
    against = contexts(frames=frames(votes=[-2.0] * 6), gamma=gamma())
    assert score(firing("reversion", base=10.0), against).final == 0.0


def test_missing_contexts_change_nothing():
    found = score(firing(), read(features(), 1))
    assert found.final == 61.0
    assert {term.reason for term in found.terms.values()} == {
        "no data: iv", "no data: gamma", "no data: flow", "no data: regime", "no data: mtf",
    }  # fmt: skip


def test_scores_below_the_minimum_are_kept_back():
    def disposition(base: float, **minimum: float) -> str:
        return score(firing(base=base), read(features(), 1), **minimum).disposition

    assert (disposition(60.0), disposition(59.9)) == ("ACTIVE", "BELOW_MINIMUM")
    assert (disposition(59.9, minimum=50.0), disposition(60.0, minimum=60.1)) == ("ACTIVE", "BELOW_MINIMUM")


def test_block_comes_before_the_minimum_and_keeps_the_score():
    against = contexts(frames=frames(votes=[-1.0, -0.5, 1.5, 2.0, 2.0, 2.0]))
    found = score(firing(base=41.0), against)
    assert found.disposition == "BLOCKED"
    assert found.blocks == ("weekly and daily trend against the direction",)
    assert found.final == pytest.approx((41.0 + 10.0 - 15.0) * 1.2)


def test_volatility_has_only_the_term_of_volatility():
    found = score(firing("volatility", -1, 80.0), contexts(frames=frames(votes=[2.0] * 6)))
    assert found.final == 80.0
    assert {name for name, term in found.terms.items() if term.reason == "does not apply to this setup"} == {
        "gamma", "alignment", "regime", "flow",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "blocks"),
    [
        (
            {"regime": regime(4, age_sessions=0.0, market_regime="STRONG_DOWNTREND")},
            ("regime STRONG_DOWNTREND",),
        ),
        (
            {"gamma": gamma(4, is_fresh=1.0, positioning="SHORT_GAMMA", agree=1.0, ratio=-0.30)},
            ("short gamma amplifies moves",),
        ),
        ({"gamma": gamma(4, is_fresh=1.0, positioning="SHORT_GAMMA", agree=0.0, ratio=-0.30)}, ()),
        ({}, ()),
    ],
)
def test_reversion_is_blocked_by_a_downtrend_and_by_short_gamma(changed, blocks):
    record = examples.mean_reversion(**changed)
    detections = mean_reversion.LONG_SIDE.detect(record)
    fired = firing_at(mean_reversion.LONG_SIDE, detections, 3)
    found = score(fired, read(record, 3))
    assert (fired.family, fired.direction, fired.reference) == ("reversion", 1, 97.4)
    assert found.blocks == blocks
    assert found.base == pytest.approx(71.4520, abs=5e-5)


def test_every_context_of_an_empty_record_is_missing():
    found = read(features(frames=frames(votes=np.nan)), 1)
    assert [one.missing for one in (found.iv, found.gamma, found.flow, found.regime, found.alignment)] == [
        ("iv",), ("gamma",), ("flow",), ("regime",), ("mtf",),
    ]  # fmt: skip
    assert {one.shrink for one in (found.iv, found.gamma, found.flow, found.regime, found.alignment)} == {0.0}
