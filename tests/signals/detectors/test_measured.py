"""Values of the features of conditions, for the rule and for its short twin."""

from __future__ import annotations

from signals.detectors.registry import BY_NAME
from signals.features.mirroring import mirror
from signals.rules.condition_values import measured
from tests.signals.detectors.examples import EXAMPLES


def test_conditions_have_the_values_of_the_bar():
    record = EXAMPLES["breakout_bullish"]()
    found = measured(BY_NAME["breakout_bullish"].rule, record, len(record) - 1, is_mirrored=False)
    assert found == (
        {"text": "close above the high of 20 bars", "values": {"prior_high20": 450.1}},
        {"text": "relative volume at least 1.5", "values": {"rvol": 2.1}},
        {"text": "close above VWAP", "values": {"vwap": 449.9}},
    )


def test_a_short_twin_has_the_values_of_the_record_itself():
    record = mirror(EXAMPLES["breakout_bullish"]())
    found = measured(BY_NAME["breakout_bearish"].rule, record, len(record) - 1, is_mirrored=True)
    assert found[0] == {"text": "close below the low of 20 bars", "values": {"prior_low20": -450.1}}


def test_a_condition_on_the_bar_before_has_the_values_of_that_bar():
    record = EXAMPLES["mean_reversion_long"]()
    before, after = record.rsi14[-2:].tolist()
    found = measured(BY_NAME["mean_reversion_long"].rule, record, len(record) - 1, is_mirrored=False)
    assert [one["values"] for one in found[1:3]] == [{"rsi14": before}, {"rsi14": after}]
    assert before != after
