"""Conditions of patterns: which are refused, with the path of the part at fault, and how they are answered."""

from __future__ import annotations

import pytest

from signals.patterns.conditions import RefusedConditions, parse
from signals.patterns.fields import BY_NAME, FIELDS
from signals.patterns.matching import answer
from signals.patterns.moment import Moment
from signals.patterns.seeds import SEEDS
from tests.signals import records

RSI = {"field": "rsi14", "op": "gt", "value": 50}
ADX = {"field": "adx14", "op": "gt", "value": 20}


def refusal(conditions: object) -> str:
    with pytest.raises(RefusedConditions) as caught:
        parse(conditions)
    return str(caught.value)


def holds(conditions: object, active: int | None = None, **given: object) -> bool | None:
    """The answer on the last bar of a record with these values, all others missing."""
    return answer(parse(conditions), Moment(records.features(**given), 1, active)).holds


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        # Worked example 33.
        (
            {"field": "iv_percentile", "op": "ge", "value": 80},
            "all[0]: iv_percentile is 0 to 1, and 80 is outside.",
        ),
        (
            {"field": "ivpercentile", "op": "ge", "value": 0.8},
            "all[0]: there is no field ivpercentile; the nearest is iv_percentile.",
        ),
        ({"field": "rvol", "op": "ge", "value": -1}, "all[0]: rvol is 0 or more, and -1 is outside."),
        ({"field": "rsi14", "op": "ge", "value": "50"}, "all[0]: rsi14 is a number, and 50 is none."),
        ({"field": "rsi14", "op": "ge", "value": True}, "all[0]: rsi14 is a number, and True is none."),
        ({"field": "rsi14", "op": "ge", "value": float("nan")}, "all[0]: rsi14 is a number, and nan is none."),
        ({"field": "rsi14", "op": "ge"}, "all[0]: rsi14 is a number, and null is none."),
        (
            {"field": "rsi14", "op": "is_true"},
            "all[0]: rsi14 is a number; its op is one of lt, le, gt, ge, eq, ne, in, between.",
        ),
        (
            {"field": "positioning", "op": "eq", "value": "SHORT"},
            "all[0]: positioning is one of LONG_GAMMA, SHORT_GAMMA, NEUTRAL, not SHORT.",
        ),
        (
            {"field": "positioning", "op": "in", "value": "NEUTRAL"},
            "all[0]: in needs a list of values.",
        ),
        (
            {"field": "rsi14", "op": "between", "value": [40]},
            "all[0]: between needs a list of the lower and the upper limit.",
        ),
        (
            {"field": "rsi14", "op": "between", "value": [60, 40]},
            "all[0]: the lower limit of between is above the upper one.",
        ),
        ({"field": "agree", "op": "is_true", "value": 1}, "all[0]: is_true has no value."),
        ({**RSI, "not": True}, "all[0]: a condition has field, op and value, not not."),
        (7, 'all[0]: write {"all": [...]} or {"any": [...]} with a list of conditions.'),
        ({"any": []}, "all[0].any: write a list of at least one condition."),
        ({"all": [RSI], "any": [RSI]}, 'all[0]: write {"all": [...]} or {"any": [...]} with a list of conditions.'),
        ({"any": [RSI, {"all": [{"any": [RSI]}]}]}, "all[0].any[1].all[0]: groups are nested at most 3 deep."),
        ({"any": [RSI, {"all": [ADX, {**ADX, "op": "x"}]}]},
         "all[0].any[1].all[1]: adx14 is a number; its op is one of lt, le, gt, ge, eq, ne, in, between."),
    ],
)  # fmt: skip
def test_a_condition_that_cannot_be_used_is_refused_with_its_path(condition, sentence):
    assert refusal({"all": [condition]}) == sentence


@pytest.mark.parametrize("conditions", [None, [], {}, "all", RSI, {"all": RSI}])
def test_conditions_are_a_group_with_a_list(conditions):
    assert "rite " in refusal(conditions)


def test_at_most_thirty_conditions_in_all_groups_are_allowed():
    assert len(list(parse({"all": [{"any": [RSI] * 15}, *[ADX] * 15]}).fields())) == 30
    found = refusal({"all": [{"any": [RSI] * 15}, *[ADX] * 16]})
    assert found == "At most 30 conditions are allowed, and there are 31."


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("lt", 55, False), ("lt", 55.1, True), ("le", 55, True), ("gt", 55, False), ("ge", 55, True),
        ("eq", 55, True), ("ne", 55, False), ("in", [1, 55], True), ("in", [1], False), ("between", [55, 60], True),
        ("between", [50, 55], True), ("between", [56, 60], False),
    ],
)  # fmt: skip
def test_operators_of_numbers(op, value, expected):
    assert holds({"all": [{"field": "rsi14", "op": op, "value": value}]}, rsi14=55.0) is expected


def test_operators_of_texts_and_flags():
    gamma = records.gamma(positioning="SHORT_GAMMA", agree=0.0, is_fresh=1.0)
    for condition, expected in (
        ({"field": "positioning", "op": "eq", "value": "SHORT_GAMMA"}, True),
        ({"field": "positioning", "op": "ne", "value": "SHORT_GAMMA"}, False),
        ({"field": "positioning", "op": "in", "value": ["NEUTRAL"]}, False),
        ({"field": "agree", "op": "is_true"}, False),
        ({"field": "agree", "op": "is_false"}, True),
    ):
        assert holds({"all": [condition]}, gamma=gamma) is expected


@pytest.mark.parametrize(
    ("kind", "adx", "expected"),
    [("all", 30.0, None), ("all", 10.0, False), ("any", 30.0, True), ("any", 10.0, None)],
)
def test_a_missing_value_decides_only_where_the_others_do_not(kind, adx, expected):
    assert holds({kind: [RSI, ADX]}, adx14=adx) is expected
    assert holds({"any": [{kind: [RSI, ADX]}]}, adx14=adx) is expected


def test_without_an_event_calendar_a_pattern_is_unknown():
    """Worked example 32."""
    conditions = {
        "all": [
            {"field": "iv_percentile", "op": "ge", "value": 0.8},
            {"field": "days_to_event", "op": "between", "value": [0, 5]},
        ]
    }
    iv = records.iv(percentile=0.85, age_sessions=0.0)
    assert holds(conditions, iv=iv) is None
    assert holds(conditions, iv=records.iv(percentile=0.85, age_sessions=0.0, days_to_event=3.0)) is True


def test_a_stale_value_is_a_missing_one():
    conditions = {"all": [{"field": "iv_percentile", "op": "ge", "value": 0.8}]}
    assert holds(conditions, iv=records.iv(percentile=0.85, age_sessions=1.0)) is None
    short = {"all": [{"field": "positioning", "op": "eq", "value": "SHORT_GAMMA"}]}
    assert holds(short, gamma=records.gamma(positioning="SHORT_GAMMA", is_fresh=0.0)) is None
    rvol = {"all": [{"field": "rvol", "op": "ge", "value": 1}]}
    assert holds(rvol, rvol=2.0, missing="unexplained jump") is None


def test_every_field_can_be_read_where_nothing_is_known():
    moment = Moment(records.features(), 1)
    known = {field.name: field.read(moment) for field in FIELDS if field.read(moment) is not None}
    assert set(known) == {"minutes_open", "minutes_left", "active_signal", "mtf_confidence"}
    assert len(BY_NAME) == len(FIELDS)


def test_the_seeds_can_be_used_but_the_one_without_a_source():
    assert len(SEEDS) == 6
    for seed in SEEDS:
        if seed.status == "data_unavailable":
            assert (seed.name, seed.conditions) == ("dark_pool_accumulation", {})
        else:
            parse(seed.conditions)
