"""What holds for every detector: twins, reasons for missing inputs, weights, the list of names."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from signals.detectors.registry import ALIASES, BY_NAME, DETECTORS, named
from signals.features.mirroring import mirror
from signals.scan.explain import answers
from tests.signals.detectors.examples import EXAMPLES
from tests.signals.random_records import random_record

TWINS = [(one, other) for one, other in pairwise(DETECTORS) if one.rule is other.rule]
# Inputs without which the example still fires: an optional factor, and the wall, since the strike is near.
NOT_REQUIRED = {
    ("gamma_squeeze_bullish", "flow.short.bullish_premium"),
    ("gamma_squeeze_bullish", "gamma.resistance"),
}


def test_registry_lists_the_documented_names_in_order():
    assert [one.number for one in DETECTORS] == list(range(1, 20))
    assert [one.name for one in DETECTORS] == [
        "breakout_bullish", "breakout_bearish", "mean_reversion_long", "mean_reversion_short",
        "trend_continuation_long", "trend_continuation_short", "gamma_squeeze_bullish", "gamma_squeeze_bearish",
        "power_hour_reversal_bullish", "power_hour_reversal_bearish", "index_mean_reversion_long",
        "index_mean_reversion_short", "opening_drive_bullish", "opening_drive_bearish", "gamma_flip_bullish",
        "gamma_flip_bearish", "eod_pin_setup", "iv_crush", "sweep_confirmation",
    ]  # fmt: skip
    assert [one.name for one in DETECTORS if one.rule.timeframes == ("15m", "1d")] == [
        one.name for one in DETECTORS[:6]
    ]


def test_alias_names_both_breakouts():
    assert [one.name for one in named("momentum_breakout")] == ["breakout_bullish", "breakout_bearish"]
    assert named("iv_crush") == (BY_NAME["iv_crush"],)
    assert not set(ALIASES) & set(BY_NAME)
    with pytest.raises(KeyError):
        named("nothing")


def test_families_instruments_and_endings_are_those_of_the_specification():
    families = ["breakout"] * 2 + ["reversion"] * 2 + ["trend"] * 2 + ["gamma"] * 2 + ["reversion"] * 4
    families += ["opening"] * 2 + ["gamma"] * 2 + ["pin", "volatility", "flow"]
    assert [one.family for one in DETECTORS] == families
    assert [one.rule.symbols for one in DETECTORS] == ["stock"] * 6 + ["index"] * 11 + ["options"] * 2
    assert [one.name for one in DETECTORS if one.instrument == "volatility"] == ["iv_crush"]
    assert [one.rule.ending for one in DETECTORS[16:]] == ["pin", "iv_change", "session"]
    assert {one.family for one in DETECTORS if one.rule.needs_minutes} == {"opening"}


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.name)
@pytest.mark.parametrize("bars", ["15m", "1d"])
def test_weights_sum_to_one_or_are_renormalised(detector, bars):
    if bars not in detector.rule.timeframes:
        return
    weights = sum(one.weight for one in detector.rule.factors if one.only in (None, bars))
    assert weights == pytest.approx(1.0 if bars == "15m" else 0.85 if weights < 1 else 1.0)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_fires_on_its_last_bar_only(name):
    found = BY_NAME[name].detect(EXAMPLES[name]())
    assert found.fired.tolist() == [False] * (len(found.fired) - 1) + [True]
    assert (found.no_data[-1], found.blocked[-1]) == ("", "")


@pytest.mark.parametrize(
    ("name", "need"),
    [
        (name, need)
        for name in EXAMPLES
        for need in BY_NAME[name].needs
        if (name, need) not in NOT_REQUIRED and need != "gamma.is_fresh"
    ],
)
def test_missing_input_is_named_and_does_not_fire(name, need):
    record = without(EXAMPLES[name](), need)
    found = BY_NAME[name].detect(record)
    assert not found.fired.any()
    if need == "gamma.pin_strike":
        return  # a fresh snapshot without a pin answers no, tested with the detector
    assert found.no_data[-1] == need.split(".")[0]


@pytest.mark.parametrize(("name", "need"), sorted(NOT_REQUIRED))
def test_example_fires_without_an_input_that_is_not_required(name, need):
    assert BY_NAME[name].detect(without(EXAMPLES[name](), need)).fired[-1]


@pytest.mark.parametrize(
    "name", [name for name in EXAMPLES if any("gamma." in n for n in BY_NAME[name].needs)]
)
@pytest.mark.parametrize("is_fresh", [0.0, np.nan])
def test_stale_or_absent_gamma_gives_no_data(name, is_fresh):
    record = EXAMPLES[name]()
    fresh = np.ones(len(record))
    fresh[-1] = is_fresh
    found = BY_NAME[name].detect(replace(record, gamma=replace(record.gamma, is_fresh=fresh)))
    assert (bool(found.fired[-1]), found.no_data[-1]) == (False, "gamma")


@pytest.mark.parametrize(("long", "short"), TWINS, ids=lambda one: one.name)
def test_twins_agree_on_mirrored_examples(long, short):
    record = EXAMPLES[long.name]()
    one, other = long.detect(record), short.detect(mirror(record))
    assert other.fired.tolist() == one.fired.tolist()
    assert other.score[-1] == pytest.approx(one.score[-1])
    assert other.stop[-1] == pytest.approx(-one.stop[-1])
    assert other.targets[-1] == pytest.approx(-one.targets[-1])
    assert other.direction[-1] == -1.0
    assert not long.detect(mirror(record)).fired.any()


@pytest.mark.parametrize("seed", range(20))
def test_scores_of_mirrored_random_records_are_equal(seed):
    record = random_record(np.random.default_rng(seed))
    image = mirror(record)
    known = 0
    sweeps = BY_NAME["sweep_confirmation"]
    sides = (replace(sweeps, directions=(1,)), replace(sweeps, directions=(-1,)))
    for one, other in [*TWINS, sides, *[(each, each) for each in DETECTORS[16:18]]]:
        left, right = one.detect(record), other.detect(image)
        assert right.score == pytest.approx(left.score, nan_ok=True), one.name
        assert right.no_data.tolist() == left.no_data.tolist(), one.name
        known += int(np.isfinite(left.score).sum())
    assert known > 100


def without(record: Any, name: str) -> Any:
    """Return the record with a feature missing in all rows."""
    first, _, rest = name.partition(".")
    if rest:
        return replace(record, **{first: without(getattr(record, first), rest)})
    values = getattr(record, name)
    return replace(record, **{name: np.full_like(values, "" if values.dtype.kind == "U" else np.nan)})


def test_every_price_of_a_record_is_mirrored_back_by_a_second_mirror():
    record = random_record(np.random.default_rng(7))
    again = mirror(mirror(record))

    def compare(left: Any, right: Any) -> None:
        for one in fields(left):
            value, other = getattr(left, one.name), getattr(right, one.name)
            if is_dataclass(value):
                compare(value, other)
            elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
                np.testing.assert_allclose(other, value, rtol=1e-12, atol=1e-12)

    compare(record, again)
    assert mirror(record).gamma.resistance == pytest.approx(-record.gamma.support, nan_ok=True)


ONE_WAY = re.compile(r"\b(above|below|bullish|bearish|rise|fall|high|low|lowest)\b")


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.name)
def test_factors_of_twins_are_named_for_both_directions(detector):
    if detector.rule.direction is None:
        assert [one.text for one in detector.rule.factors if ONE_WAY.search(one.text)] == []


MIRRORED = re.compile(r"\b(above|below|bullish|bearish|high|low|RSI)\b")


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.name)
def test_conditions_with_a_direction_have_words_for_the_short_twin(detector):
    rule = detector.rule
    one_way = [one.text for one in rule.conditions if MIRRORED.search(one.text) and not one.mirrored]
    assert rule.direction is not None or one_way == []


def test_limits_of_a_short_twin_are_those_of_the_mirror_image():
    words = {
        name: [one.words(is_mirrored=True) for one in BY_NAME[name].rule.conditions]
        for name in ("mean_reversion_short", "index_mean_reversion_short", "trend_continuation_short")
    }
    assert words["mean_reversion_short"][1:] == [
        "RSI of the bar before above 70",
        "RSI at most 70",
        "bar before at least 2 ATR above ema21",
        "bar before at least 0.5 % above VWAP",
    ]
    assert words["index_mean_reversion_short"][1] == "RSI of the bar before above 75"
    assert words["trend_continuation_short"][2] == "RSI from 40 to 55"
    assert BY_NAME["mean_reversion_long"].rule.conditions[1].words(is_mirrored=False) == (
        "RSI of the bar before below 30"
    )


def test_conditions_of_a_short_twin_are_read_in_its_direction():
    record = EXAMPLES["breakout_bullish"](prior_low20=440.0)
    long, short = answers(record, len(record) - 1, named("momentum_breakout"))
    assert long.state == "fired"
    assert ("close above VWAP", True) in long.conditions
    assert short.reason.startswith("not: close below the low of 20 bars")
    assert ("close below VWAP", False) in short.conditions
    assert short.conditions[0][0] == "time of the session"
