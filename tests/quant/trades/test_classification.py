from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quant.thresholds import TradeRules
from quant.trades.classification import classify
from quant.trades.conditions import MLTI_WORD, MNEMONICS, SWEEP_WORD, condition_ids
from tests.quant.trades.examples import make_trades


def trade_type(row, profile="default"):
    return classify(make_trades(row), profile).trade_type[0]


@pytest.mark.parametrize(
    ("size", "average", "expected"),
    [
        (500, 10_000, "BLOCK"),
        (499, 10_000, "REGULAR"),
        (250, 50, "BLOCK"),
        (249, 50, "LARGE"),
        (100, 50, "LARGE"),
        (99, 50, "REGULAR"),
        (200, np.nan, "LARGE"),  # average unknown: 100 is used
        (199, np.nan, "REGULAR"),
        (200, 0, "LARGE"),
    ],
)
def test_trade_type_by_size_and_average_size(size, average, expected):
    for profile in ("default", "documented"):
        assert trade_type({"size": size, "average_size": average}, profile) == expected


@pytest.mark.parametrize("condition", [219, 228, 230, SWEEP_WORD])
def test_intermarket_sweep_orders_are_sweeps(condition):
    result = classify(make_trades({"conditions": condition, "size": 600}))
    assert result.trade_type[0] == "SWEEP"
    assert result.is_sweep[0]
    assert result.is_block[0]


@pytest.mark.parametrize("condition", [232, 239, 246, 237, 245, MLTI_WORD])
def test_multi_leg_trades_are_neutral_splits(condition):
    result = classify(make_trades({"conditions": condition, "price": 2.0}))
    assert (result.trade_type[0], result.sentiment[0]) == ("SPLIT", "NEUTRAL")
    assert result.is_split[0]
    assert not result.is_sweep[0]


def test_a_multi_leg_trade_of_block_size_is_a_block():
    assert trade_type({"conditions": 232, "size": 500}) == "BLOCK"


def test_the_documented_profile_uses_only_the_documented_conditions():
    assert trade_type({"conditions": SWEEP_WORD}, "documented") == "SWEEP"
    assert trade_type({"conditions": MLTI_WORD}, "documented") == "SWEEP"
    assert trade_type({"conditions": 219}, "documented") == "REGULAR"
    assert trade_type({"conditions": 232}, "documented") == "REGULAR"


SAMPLE = {
    "conditions": condition_ids(["ISOI"])[0],
    "size": 250,
    "price": 45.50,
    "bid": 44.0,
    "ask": 45.0,
    "average_size": 50,
}


def test_the_documented_sample_record_in_both_profiles():
    result = classify(make_trades(SAMPLE), "documented")
    assert result.premium[0] == 1_137_500
    assert (result.trade_type[0], result.sentiment[0]) == ("BLOCK", "BULLISH")
    assert result.aggressiveness[0] == "AGGRESSIVE"
    assert (result.is_sweep[0], result.is_block[0], result.is_above_ask[0]) == (False, True, True)
    default = classify(make_trades(SAMPLE))
    assert (default.trade_type[0], default.is_sweep[0], default.is_block[0]) == ("SWEEP", True, True)


@pytest.mark.parametrize(
    ("price", "size", "premium"), [(45.50, 250, 1_137_500), (32.00, 150, 480_000), (2.15, 500, 107_500)]
)
def test_premium_of_the_documented_examples(price, size, premium):
    assert classify(make_trades({"price": price, "size": size})).premium[0] == pytest.approx(
        premium, rel=1e-15
    )


def test_premium_uses_the_multiplier():
    assert classify(make_trades({"price": 2.0, "size": 3, "multiplier": 10})).premium[0] == 60


@pytest.mark.parametrize("condition", [201, 203, 205, 207])
def test_cancels_are_flagged_and_neutral(condition):
    result = classify(make_trades({"conditions": condition, "price": 2.0}))
    assert result.is_cancel[0]
    assert not result.is_late[0]
    assert result.sentiment[0] == "NEUTRAL"


@pytest.mark.parametrize("condition", [202, 204, 206, 208])
def test_late_trades_are_flagged(condition):
    result = classify(make_trades({"conditions": condition}))
    assert result.is_late[0]
    assert not result.is_cancel[0]


def test_all_conditions_of_a_trade_are_used():
    batch = make_trades({}, {})
    batch = replace(batch, conditions=np.array([[209, 219, 0], [204, 232, 0]]))
    result = classify(batch)
    assert result.trade_type.tolist() == ["SWEEP", "SPLIT"]
    assert result.side[1] == "NONE_LATE"


@pytest.mark.parametrize(
    ("row", "unusual"),
    [
        ({"size": 51, "large_size": 50}, True),
        ({"size": 50, "large_size": 50}, False),
        ({"size": 100, "day_volume": 101, "open_interest": 100}, True),
        ({"size": 99, "day_volume": 101, "open_interest": 100}, False),
        ({"size": 100, "day_volume": 100, "open_interest": 100}, False),
        ({"size": 10_000}, False),
    ],
)
def test_unusual_volume_limits(row, unusual):
    assert classify(make_trades(row)).is_unusual_volume[0] == unusual


def test_rules_can_be_passed_as_an_argument():
    result = classify(make_trades({"size": 50}), rules=TradeRules(block_size=50))
    assert result.trade_type[0] == "BLOCK"


def test_an_empty_batch_has_empty_results():
    batch = make_trades({})
    empty = classify(replace(batch, **{name: getattr(batch, name)[:0] for name in batch.__slots__}))
    assert empty.trade_type.shape == empty.side.shape == empty.sweep_first.shape == (0,)


def test_columns_of_different_length_raise():
    with pytest.raises(ValueError, match="equally long"):
        replace(make_trades({}), price=np.ones(2))


def test_conditions_are_found_by_name_and_unknown_names_raise():
    assert condition_ids(["ISOI", "MLET", "SCLI", "SWEEP"]) == [219, 232, 230, SWEEP_WORD]
    assert (MNEMONICS[201], MNEMONICS[245], MNEMONICS[248]) == ("CANC", "TFSL", "EXHT")
    with pytest.raises(ValueError, match="unknown trade conditions: NOPE, WHAT"):
        condition_ids(["ISOI", "NOPE", "WHAT"])


def test_unknown_condition_ids_are_ignored():
    assert (
        classify(make_trades({"conditions": -5}, {"conditions": 4_000})).trade_type.tolist()
        == ["REGULAR"] * 2
    )
