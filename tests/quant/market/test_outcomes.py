"""How signals end: one example per rule, symmetry, and the same rules in plain Python on random paths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.market.outcome_kinds import ENDS, NO_COSTS, REASONS, Costs
from quant.market.outcomes import outcomes
from tests.quant.market.outcome_paths import MINUTES, mirrored, path, plain, setup

FLAT = (100.0, 100.2, 99.8, 100.0)


def one(bars, setups=None, **options):
    found = outcomes(bars, setups or setup(), costs=NO_COSTS, **options)
    return {
        "end": ENDS[found.end[0]],
        "reason": REASONS[found.reason[0]],
        "entry": found.entry[0],
        "exit": found.exit[0],
        "row": int(found.exit_row[0]),
    }, found


def ends(bars, setups=None, **options):
    found, _ = one(bars, setups, **options)
    return found["end"], found["reason"], found["exit"], found["row"]


@pytest.mark.parametrize(
    ("third", "expected"),
    [
        ((100.0, 101.6, 99.9, 101.0), ("TARGET_HIT", "", 101.5, 2)),
        ((100.0, 100.5, 98.9, 99.5), ("STOPPED", "", 99.0, 2)),
        ((98.5, 100.0, 98.0, 99.0), ("STOPPED", "", 98.5, 2)),  # opens below the stop
        ((101.8, 101.9, 98.0, 99.0), ("TARGET_HIT", "", 101.8, 2)),  # opens above the target
        ((100.0, 101.6, 98.9, 100.0), ("STOPPED", "", 99.0, 2)),  # both: the stop
        ((100.0, 100.4, 99.6, 100.3), ("EXPIRED", "session end", 100.0, 5)),
    ],
)
def test_six_bars_end_by_each_rule(third, expected):
    assert ends(path([FLAT, FLAT, third, FLAT, FLAT, FLAT])) == expected


def test_a_bar_with_stop_and_target_is_ambiguous_without_all_its_minutes():
    both = (100.0, 101.6, 98.9, 100.0)
    target_first = [(100.0, 101.6, 99.9)] + [(100.0, 100.1, 98.9)] * 14
    _, bare = one(path([FLAT, FLAT, both]))
    assert bare.ambiguous.tolist() == [True]
    found, walked = one(path([FLAT, FLAT, both], {2: target_first}))
    assert (found["end"], found["exit"], walked.ambiguous[0]) == ("TARGET_HIT", 101.5, False)
    _, incomplete = one(path([FLAT, FLAT, both], {2: target_first[:14]}))
    assert incomplete.ambiguous.tolist() == [True]
    stop_first = target_first[::-1]
    assert ends(path([FLAT, FLAT, both], {2: stop_first})) == ("STOPPED", "", 99.0, 2)


def test_one_minute_with_both_is_a_stop_and_not_ambiguous():
    both = (100.0, 101.6, 98.9, 100.0)
    found, walked = one(path([FLAT, FLAT, both], {2: [both[:3]] + [(100.0, 100.0, 100.0)] * 14}))
    assert (found["end"], walked.ambiguous[0]) == ("STOPPED", False)


def test_minutes_before_the_entry_do_not_count():
    # Example 34 of the detectors' specification.
    minutes = [(450.65, 450.7, 449.50), (450.55, 450.6, 450.5)]
    bars = path([(450.0, 450.8, 449.8, 450.6), (450.65, 450.9, 449.5, 450.6)], {1: minutes})
    found, walked = one(bars, setup(450.60, 449.60, (452.1, 452.6, 453.6)))
    assert (found["end"], found["entry"], walked.entry_minute[0]) == ("EXPIRED", 450.55, 1)
    bare = path([(450.0, 450.8, 449.8, 450.6), (450.65, 450.9, 449.7, 450.6)])
    found, walked = one(bare, setup(450.60, 449.60, (452.1, 452.6, 453.6)))
    assert (found["entry"], walked.entry_minute[0]) == (450.65, -1)


def test_a_setup_that_needs_minutes_has_no_data_where_they_would_decide():
    both, minute = (100.0, 101.6, 98.9, 100.0), (100.0, 100.1, 99.9)
    near = setup(needs_minutes=True)
    assert ends(path([FLAT, FLAT, FLAT]), near)[:2] == ("NO_DATA", "minutes are missing")
    entered = {1: [minute] * MINUTES}
    assert ends(path([FLAT, FLAT, FLAT], entered), near)[0] == "EXPIRED"
    assert ends(path([FLAT, FLAT, both, FLAT], entered), near)[:2] == ("NO_DATA", "minutes are missing")
    decided = entered | {2: [(100.0, 101.6, 99.9)] + [minute] * 14}
    assert ends(path([FLAT, FLAT, both, FLAT], decided), near)[0] == "TARGET_HIT"


def test_a_missing_entry_minute_gives_the_next_stored_one():
    minutes = [(100.1, 100.1, 100.1), None, None, (100.3, 100.4, 100.2)]
    assert one(path([FLAT, FLAT], {1: minutes}))[0]["entry"] == 100.3
    # Data that are 15 minutes late are entered in the next bar.
    late = path([FLAT, FLAT, (100.6, 100.7, 100.5, 100.6)], {1: minutes})
    assert one(late, entry_minute=16)[0]["entry"] == 100.0


@pytest.mark.parametrize("opened", [99.20, 98.9, 101.5])
def test_an_entry_near_the_stop_or_beyond_stop_or_target_is_not_made(opened):
    # Example 35: 0.20 is less than a quarter of the risk.
    found, whole = one(path([FLAT, (opened, 102.0, 98.0, 100.0)]))
    assert (found["end"], found["reason"], found["row"]) == ("EXPIRED", "gapped", -1)
    assert np.isnan([whole.pnl[0], whole.r[0], whole.mfe[0]]).all()


def test_two_missing_bars_in_a_row_end_without_data():
    assert ends(path([FLAT, FLAT, None, FLAT, FLAT])) == ("EXPIRED", "session end", 100.0, 4)
    found = ends(path([FLAT, FLAT, None, None, (100.0, 105.0, 100.0, 104.0)]))
    assert found[:2] == ("NO_DATA", "two bars in a row are missing")
    assert ends(path([FLAT, None]))[:2] == ("NO_DATA", "no bar after the signal")
    assert ends(path([FLAT, None, FLAT]))[0] == "EXPIRED"


def test_the_bar_of_the_end_is_known_without_an_exit():
    def end_row(*bars, **options):
        return int(outcomes(path([FLAT, *bars]), setup(), **options).end_row[0])

    assert end_row(FLAT, (100.0, 101.6, 99.9, 101.0), FLAT) == 2
    assert end_row((99.1, 100.0, 99.1, 100.0), FLAT) == 1  # gapped
    assert end_row(FLAT, None, None, FLAT) == 3
    assert end_row(FLAT, FLAT) == 2
    assert end_row(FLAT, FLAT, until=2) == -1
    assert end_row(None) == 1


def test_an_empty_bar_is_not_missing():
    bars = path([FLAT, FLAT, None, None, FLAT])
    empty = np.isnan(bars.open)
    bars = type(bars)(
        **{name: getattr(bars, name) for name in bars.__slots__} | {"missing": ~empty & False, "empty": empty}
    )
    assert ends(bars) == ("EXPIRED", "session end", 100.0, 4)


def test_a_live_signal_is_open_until_its_bars_end():
    bars = path([FLAT, FLAT, FLAT, (100.0, 101.6, 99.9, 101.0)])
    assert ends(bars, until=3)[0] == "OPEN"
    assert ends(bars, until=4)[0] == "TARGET_HIT"
    assert ends(path([FLAT, FLAT]), until=1)[0] == "OPEN"


def test_daily_signals_end_after_their_bars():
    bars = path([FLAT] * 30, session=list(range(30)))
    assert ends(bars, longest=20) == ("EXPIRED", "bars used up", 100.0, 20)
    assert ends(bars, longest=29)[3] == 29
    assert ends(bars, longest=30)[0] == "OPEN"


def test_measures_are_per_risk_and_costs_are_not_paid_on_targets():
    bars = path([FLAT, FLAT, (100.0, 100.9, 99.4, 100.5), (100.0, 101.6, 99.9, 101.0)])
    found = outcomes(bars, setup(), costs=Costs(0.001, 0.0005))
    paid = 100 * 1.001 + 0.0005 * (100 + 101.5)
    assert found.pnl[0] == pytest.approx(101.5 - paid)
    assert found.r[0] == pytest.approx(101.5 - paid)
    assert (found.mfe[0], found.mae[0]) == (pytest.approx(1.5), pytest.approx(-0.6))
    stopped = outcomes(path([FLAT, FLAT, (100.0, 101.4, 98.9, 99.0)]), setup(), costs=Costs(0.001))
    assert stopped.pnl[0] == pytest.approx(99 * 0.999 - 100 * 1.001)
    # Of the exit's bar only the exit price counts.
    assert (stopped.mfe[0], stopped.mae[0]) == (pytest.approx(0.2), pytest.approx(-1.0))


def test_minutes_before_the_exit_count_in_the_exit_bar():
    minutes = [(100.0, 101.4, 99.9)] + [(100.0, 100.0, 98.9)] * 14
    found = outcomes(path([FLAT, FLAT, (100.0, 101.4, 98.9, 99.0)], {2: minutes}), setup(), costs=NO_COSTS)
    assert found.mfe[0] == pytest.approx(1.4)


def test_further_targets_are_followed_to_the_stop():
    won = (100.0, 101.6, 99.9, 101.0)
    found = outcomes(path([FLAT, FLAT, won, (101.0, 102.1, 100.0, 102.0), (102, 102, 98, 99)]), setup())
    assert (found.reached_2[0], found.reached_3[0]) == (1.0, 0.0)
    both = outcomes(path([FLAT, FLAT, won, (101.0, 102.1, 98.0, 102.0)]), setup())
    assert (both.reached_2[0], both.reached_3[0]) == (0.0, 0.0)
    live = outcomes(path([FLAT, FLAT, won, FLAT]), setup(), until=3)
    assert np.isnan([live.reached_2[0], live.reached_3[0]]).all()
    lost = outcomes(path([FLAT, FLAT, won, None, None, FLAT]), setup())
    assert np.isnan(lost.reached_2[0])


def test_a_wall_ahead_brings_the_target_nearer_or_leaves_no_room():
    bars = path([FLAT, FLAT, (100.0, 101.0, 99.9, 101.0), FLAT])
    assert ends(bars, setup(wall=101.0)) == ("TARGET_HIT", "", pytest.approx(100.9), 2)
    assert ends(bars, setup(wall=100.5))[:2] == ("EXPIRED", "no room before the wall")
    assert ends(bars, setup(wall=99.0))[:2] == ("EXPIRED", "session end")


PRICES = st.floats(98.0, 103.0).map(lambda value: round(value, 2))


@st.composite
def paths(draw):
    bars, minutes = [FLAT], {}
    for row in range(1, draw(st.integers(2, 8))):
        if draw(st.integers(0, 7)) == 0:
            bars.append(None)
            continue
        inside = draw(st.lists(st.tuples(PRICES, PRICES, PRICES), min_size=MINUTES, max_size=MINUTES))
        listed = [(first, max(first, a, b), min(first, a, b)) for first, a, b in inside]
        high, low = max(minute[1] for minute in listed), min(minute[2] for minute in listed)
        bars.append((listed[0][0], high, low, listed[-1][0]))
        kind = draw(st.integers(0, 2))
        if kind:
            minutes[row] = listed if kind == 1 else [m if draw(st.booleans()) else None for m in listed]
    return path(bars, minutes)


@settings(max_examples=300, deadline=None)
@given(paths())
def test_random_paths_end_as_in_plain_python(bars):
    expected, (found, whole) = plain(bars, setup()), one(bars)
    assert (found["end"], found["reason"], bool(whole.ambiguous[0])) == (
        expected.end,
        expected.reason,
        expected.ambiguous,
    )
    np.testing.assert_allclose(
        [found["entry"], found["exit"], whole.mfe[0], whole.mae[0]],
        [expected.entry, expected.exit, expected.mfe, expected.mae],
        rtol=1e-12,
    )
    assert found["row"] == expected.exit_row


@settings(max_examples=100, deadline=None)
@given(paths())
def test_short_signals_on_the_mirrored_path_end_alike(bars):
    long, short = (
        outcomes(bars, setup()),
        outcomes(mirrored(bars), setup(-100.0, -99.0, (-101.5, -102.0, -103.0), -1)),
    )
    for name in ("end", "reason", "entry_minute", "exit_row", "ambiguous", "reached_2", "reached_3"):
        np.testing.assert_array_equal(getattr(long, name), getattr(short, name))
    for name in ("pnl", "r", "mfe", "mae", "entry_drag"):
        np.testing.assert_allclose(getattr(long, name), getattr(short, name), atol=1e-9)


def test_many_signals_end_as_each_alone():
    bars = path([FLAT, FLAT, (100.0, 101.6, 99.9, 101.0), FLAT, (100.0, 100.5, 98.9, 99.5), FLAT])
    alone = [one(bars, setup(bar=bar))[0] for bar in range(5)]
    both = setup()
    many = type(both)(
        bar=np.arange(5),
        side=np.ones(5),
        reference=np.full(5, 100.0),
        stop=np.full(5, 99.0),
        targets=np.tile(both.targets, (5, 1)),
        wall=np.full(5, np.nan),
        needs_minutes=np.zeros(5, dtype=bool),
    )
    found = outcomes(bars, many, costs=NO_COSTS)
    assert [ENDS[end] for end in found.end] == [each["end"] for each in alone]
    np.testing.assert_array_equal(found.exit, [each["exit"] for each in alone])
