from __future__ import annotations

import math

import numpy as np
import pytest

from quant import thresholds
from quant.thresholds import CutTable, apply

TABLES = [
    pytest.param(table, id=f"{table.name} {index}")
    for index, table in enumerate(
        [value for value in vars(thresholds).values() if isinstance(value, CutTable)]
        + [*thresholds.IV_REGIME.values(), *thresholds.IV_RECOMMENDATION.values()]
    )
]


@pytest.mark.parametrize("table", TABLES)
def test_a_value_equal_to_a_cut_has_the_label_above_it(table):
    for cut, below, above in zip(table.cuts, table.labels, table.labels[1:], strict=False):
        assert table.label(cut) == above
        assert table.label(math.nextafter(cut, -math.inf)) == below


@pytest.mark.parametrize("table", TABLES)
def test_infinities_have_the_outer_labels_and_nan_has_none(table):
    assert (table.label(-math.inf), table.label(math.inf)) == (table.labels[0], table.labels[-1])
    assert table.label(math.nan) is table.label(None) is None


def test_apply_labels_arrays_of_any_shape():
    values = np.array([[11.9, 12.0], [np.nan, 40.0]])
    assert apply(thresholds.VIX_REGIME, values).tolist() == [["EXTREMELY_LOW", "LOW"], [None, "EXTREME"]]
    assert apply(thresholds.VIX_REGIME, []).shape == (0,)


def test_invalid_cut_tables_raise():
    with pytest.raises(ValueError, match="need 3 labels"):
        CutTable("x", ("A", "B"), (1.0, 2.0))
    with pytest.raises(ValueError, match="must ascend"):
        CutTable("x", ("A", "B", "C"), (2.0, 1.0))


@pytest.mark.parametrize(
    ("level", "previous", "expected"),
    [
        (20.49, "NORMAL", "NORMAL"),
        (20.5, "NORMAL", "ELEVATED"),
        (19.5, "ELEVATED", "ELEVATED"),
        (19.49, "ELEVATED", "NORMAL"),
        (35.0, "NORMAL", "HIGH"),
        (20.0, None, "ELEVATED"),
        (20.0, "UNHEARD_OF", "ELEVATED"),
        (40.4, "HIGH", "HIGH"),
        (11.6, "LOW", "LOW"),
        (11.4, "LOW", "EXTREMELY_LOW"),
        (math.nan, "LOW", None),
    ],
)
def test_a_label_changes_only_beyond_the_margin(level, previous, expected):
    assert thresholds.VIX_REGIME.label_from(level, previous, 0.5) == expected


@pytest.mark.parametrize(
    ("table", "value", "label"),
    [
        pytest.param(thresholds.IV_TREND, 0.05, "STABLE", id="more than 5 %"),
        pytest.param(thresholds.IV_TREND, -0.05, "STABLE", id="less than -5 %"),
        pytest.param(thresholds.SKEW_STATE, 0.0, "INVERTED", id="at most 0"),
        pytest.param(thresholds.SKEW_STATE, 10.0, "STEEP", id="more than 10"),
        pytest.param(thresholds.TERM_REGIME, -10.0, "NORMAL", id="less than -10"),
        pytest.param(thresholds.TERM_REGIME, 20.0, "NORMAL", id="more than 20"),
        pytest.param(thresholds.TERM_STRUCTURE, 20.0, "CONTANGO", id="steep contango above 20"),
        pytest.param(thresholds.TERM_STRUCTURE, -10.0, "BACKWARDATION", id="steep backwardation below -10"),
        pytest.param(thresholds.VIX_REGIME, 12.0, "LOW", id="below 12"),
        pytest.param(thresholds.VIX_REGIME, 40.0, "EXTREME", id="40 and more"),
        pytest.param(thresholds.BREADTH_BY_ADVANCERS, 3.0, "BULLISH", id="more than 3"),
        pytest.param(thresholds.BREADTH_BY_ADVANCERS, 0.33, "BEARISH", id="less than 0.33"),
        pytest.param(thresholds.BREADTH_BY_MEAN, 80.0, "BULLISH", id="more than 80"),
        pytest.param(thresholds.BREADTH_BY_MEAN, 20.0, "BEARISH", id="less than 20"),
        pytest.param(thresholds.CORRELATION_REGIME, 0.95, "EXTREMELY_HIGH", id="0.95 and more"),
        pytest.param(thresholds.IV_REGIME["default"], 0.90, "EXTREMELY_HIGH", id="0.90 and more"),
        pytest.param(thresholds.IV_RECOMMENDATION["default"], 0.50, "SELL_PREMIUM", id="0.50 and more"),
        pytest.param(thresholds.IV_RECOMMENDATION["default"], 0.30, "NEUTRAL", id="less than 0.30"),
    ],
)
def test_a_value_equal_to_a_documented_limit_has_the_documented_label(table, value, label):
    assert table.label(value) == label


@pytest.mark.parametrize(
    ("ratio", "bias"),
    [(8250 / 10200, "BULLISH"), (0.899, "BULLISH"), (0.90, "NEUTRAL"), (1.11, "NEUTRAL"), (1.12, "BEARISH")],
)
def test_flow_bias_limits_of_the_put_call_ratio(ratio, bias):
    assert thresholds.FLOW_BIAS.label(ratio) == bias


def test_the_labels_of_an_array_are_empty_where_it_has_no_value():
    values = np.array([0.899, np.nan, 1.12])
    assert thresholds.FLOW_BIAS.texts(values).tolist() == ["BULLISH", "", "BEARISH"]
