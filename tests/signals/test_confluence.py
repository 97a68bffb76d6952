"""Confluence; example 29 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.confluence import confluence, side_of
from signals.context import alignment
from tests.signals.records import features, frames

# Votes with the score 0.55: 0.55 x 16.5 = 9.075.
VOTES = [2.0, 1.5, 0.05, 0.0, 0.0, 0.0]
EXAMPLE = {
    "close": 101.0, "vwap": 100.0, "ema9": 100.9, "ema21": 100.5, "ema50": 100.6, "rsi14": 58.0, "macd_hist": 0.03,
    "atr14": 1.0, "rvol": 1.4, "atr_percentile": 0.62,
}  # fmt: skip


def found(side=1, votes=VOTES, **changed):
    record = features(frames=frames(votes=votes), **{**EXAMPLE, **changed})
    return confluence(record, 1, alignment.read(record, 1), side)


def test_confluence_is_that_of_the_worked_example():
    one = found()
    assert {name: round(value, 9) for name, value in one.values().items()} == {
        "trend": 77.5, "momentum": 62.5, "technical": 75.0, "volume": 60.0, "volatility": 76.0,
    }  # fmt: skip
    assert one.overall == pytest.approx(70.475)
    assert one.colour == "high"


def test_other_side_gets_the_opposite_of_components_with_a_side():
    assert {name: round(value, 9) for name, value in found(side=-1).values().items()} == {
        "trend": 22.5, "momentum": 37.5, "technical": 25.0, "volume": 60.0, "volatility": 76.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("component", "check", "changed", "holds"),
    [
        ("trend", "trendConfirmed", {}, False),  # the hour has no direction
        ("trend", "trendConfirmed", {"votes": [2.0, 1.5, 0.0, 0.5, 0.0, 0.0]}, True),
        ("trend", "trendConfirmed", {"votes": [2.0, 1.5, 0.0, np.nan, 0.0, 0.0]}, None),
        ("momentum", "momentumConfirmed", {}, True),
        ("momentum", "momentumConfirmed", {"macd_hist": -0.01}, False),
        ("technical", "vwapAligned", {}, True),
        ("technical", "emaAligned", {}, False),
        ("technical", "emaAligned", {"ema50": 100.4}, True),
        ("technical", "vwapAligned", {"vwap": np.nan}, None),
        ("volume", "volumeAboveAvg", {}, True),
        ("volume", "volumeAboveAvg", {"rvol": 1.0}, False),
        ("volume", "volumeAboveAvg", {"rvol": 1.01}, True),
        ("volatility", "volatilityNormal", {}, True),
        ("volatility", "volatilityNormal", {"atr_percentile": 0.2}, True),
        ("volatility", "volatilityNormal", {"atr_percentile": 0.8}, True),
        ("volatility", "volatilityNormal", {"atr_percentile": 0.19}, False),
        ("volatility", "volatilityNormal", {"atr_percentile": 0.81}, False),
    ],
)
def test_checks_of_components(component, check, changed, holds):
    checks = {one.name: one.checks for one in found(**changed).components}
    assert checks[component][check] is holds


def test_missing_component_drops_out_of_the_mean():
    one = found(rvol=np.nan, votes=[np.nan] * 6)
    assert (one.values()["volume"], one.values()["trend"]) == (None, None)
    assert one.overall == pytest.approx((25 * 62.5 + 20 * 75 + 10 * 76) / 55)
    assert next(part.colour for part in one.components if part.name == "volume") is None


def test_technical_is_the_share_of_what_has_data():
    assert found(vwap=np.nan).values()["technical"] == pytest.approx(200 / 3)
    daily = found(timeframe="1d")
    assert daily.values()["technical"] == pytest.approx(200 / 3)
    assert [list(one.checks) for one in daily.components if one.name == "technical"] == [["emaAligned"]]


def test_without_any_data_there_is_no_mean():
    empty = features()
    one = confluence(empty, 1, alignment.read(empty, 1), 0)
    assert (one.overall, one.colour) == (None, None)
    assert set(one.values().values()) == {None}


@pytest.mark.parametrize(
    ("votes", "side"), [(VOTES, 1), ([0.1] * 6, 1), ([-1.0] * 6, -1), ([0.0] * 6, 0), ([np.nan] * 6, 0)]
)
def test_side_without_a_signal_is_that_of_the_frames(votes, side):
    record = features(frames=frames(votes=votes))
    assert side_of(alignment.read(record, 1)) == side


@pytest.mark.parametrize(
    ("rvol", "colour"), [(1.0999, "low"), (1.1, "middle"), (1.4, "middle"), (1.401, "high")]
)
def test_colour_changes_below_40_and_above_60(rvol, colour):
    volume = next(one for one in found(rvol=rvol).components if one.name == "volume")
    assert volume.colour == colour
