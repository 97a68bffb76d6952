"""Regime engine: blocks, boosts, the contrarian mark and the term structure."""

from __future__ import annotations

import numpy as np
import pytest

from signals.context.regime import block, boost, read
from tests.signals.context.firings import firing
from tests.signals.records import features, regime


def context(**changed):
    given = {
        "age_sessions": 0.0, "as_of_ms": 1_000.0, "known_at_ms": 2_000.0, "market_regime": "STRONG_DOWNTREND",
        "confidence": 90.0, "vix": 31.0, "term_label": "NORMAL",
    }  # fmt: skip
    return read(features(regime=regime(**{**given, **changed})), 1)


@pytest.mark.parametrize(
    ("market", "family", "direction", "age", "name"),
    [
        ("STRONG_DOWNTREND", "reversion", 1, 0.0, "regime STRONG_DOWNTREND"),
        ("STRONG_DOWNTREND", "reversion", -1, 0.0, ""),
        ("STRONG_UPTREND", "reversion", -1, 0.0, "regime STRONG_UPTREND"),
        ("STRONG_UPTREND", "reversion", 1, 0.0, ""),
        ("STRONG_DOWNTREND", "breakout", 1, 0.0, ""),
        ("STRONG_DOWNTREND", "reversion", 1, 1.0, ""),  # stale
        ("", "reversion", 1, 0.0, ""),
    ],
)
def test_reversion_against_a_strong_trend_is_blocked(market, family, direction, age, name):
    found = context(market_regime=market, age_sessions=age)
    assert block(found, firing(family, direction)) == name


@pytest.mark.parametrize(
    ("market", "family", "age", "delta"),
    [
        ("RANGE_BOUND", "breakout", 0.0, -5.0),
        ("CHOPPY", "trend", 0.0, -5.0),
        ("CHOPPY", "trend", 1.0, -2.5),
        ("CHOPPY", "reversion", 0.0, 0.0),
        ("WEAK_UPTREND", "breakout", 0.0, 0.0),
    ],
)
def test_market_without_direction_harms_setups_that_need_one(market, family, age, delta):
    found = context(market_regime=market, age_sessions=age)
    assert boost(found, firing(family)).delta == pytest.approx(delta)


@pytest.mark.parametrize(
    ("market", "mark"), [("CAPITULATION", True), ("EUPHORIA", True), ("CHOPPY", False), ("", False)]
)
def test_extremes_set_the_contrarian_mark_and_no_number(market, mark):
    found = context(market_regime=market)
    assert found.is_contrarian is mark
    assert boost(found, firing("gamma")).delta == 0.0


def test_term_structure_comes_with_the_advice_of_the_documents():
    assert context(term_label="FEAR").term_advice.recommendation == "CONTRARIAN_LONG_SETUP"
    assert context(term_label="COMPLACENCY").term_advice.recommendation == "PREPARE_FOR_VOL_SPIKE"
    assert context().term_advice is None
    assert (context().term_source, context(term_label="").term_source) == ("VIX and VIX3M", None)


def test_missing_row_changes_nothing_and_is_named():
    found = read(features(), 1)
    assert (found.missing, found.market_regime, found.known_at_ms) == (("regime",), None, None)
    assert (boost(found, firing()).reason, block(found, firing("reversion"))) == ("no data: regime", "")


def test_missing_values_of_a_row_are_named():
    assert context(term_label="").missing == ("regime_term",)
    assert (context(confidence=np.nan).missing, context(confidence=np.nan).confidence) == (
        ("regime_confidence",),
        0.0,
    )
