"""What the page of a signal says of its score, its contexts and its life."""

from __future__ import annotations

import pytest

from signals.weights import weights_of
from tests.signals.setup_rows import BAR_END, add_signal, add_step
from web.signals.breakdown import breakdown_of
from web.signals.context_rows import context_rows
from web.signals.lifecycle import life_of
from web.signals.states import in_risks, state_of

pytestmark = [pytest.mark.database, pytest.mark.django_db]
MINUTE_MS = 60_000
AT = BAR_END + 45 * MINUTE_MS


def test_the_steps_of_a_score_lead_from_forty_to_the_final_one():
    found = breakdown_of(add_signal())
    assert [(one.name, one.formula, one.points and round(one.points, 4)) for one in found.factors] == [
        ("Start of every setup", "", 40.0),
        ("Relative volume", "0.67 × 48", 19.2),
        ("Order of the means", "0.33 × 88", 17.6),
        ("Close within the bar", "", None),
    ]
    assert [(one.name, one.formula, round(one.points, 2)) for one in found.terms] == [
        ("IV percentile", "", 0.0),
        ("Gamma", "+10.0 × 1.00", 10.0),
        ("Timeframes", "−5.0 × 1.00", -5.0),
        ("Regime", "−5.0 × 0.50", -2.5),
        ("Flow, 4 hours", "× 1.10", 7.93),
    ]
    assert (found.factors[1].left, found.factors[1].width) == ("40.0%", "19.2%")
    assert (found.terms[2].left, found.terms[2].width) == ("81.8%", "5.0%")
    assert (found.base, found.final, found.limit) == (76.8, 87.23, "")
    assert found.styles == (("scalp", 80.0, False), ("day", 82.5, True), ("swing", 78.0, False))


def test_weights_of_an_optimisation_are_steps_of_the_score():
    stored = {"detectors": {"breakout_bullish": 1.5}, "boosts": {"gamma": 0.5, "flow": 2.0}}
    signal = add_signal(detector="breakout_bullish", base_score=40.0)
    found = breakdown_of(signal, weights_of(stored, 7))
    assert [(one.name, one.formula, round(one.points, 2)) for one in found.terms if one.points] == [
        ("Weight of the detector", "× 1.50", 20.0),
        ("Gamma", "+10.0 × 1.00 × 0.50", 5.0),
        ("Timeframes", "−5.0 × 1.00", -5.0),
        ("Regime", "−5.0 × 0.50", -2.5),
        ("Flow, 4 hours", "× 1.20", 11.5),
    ]
    assert found.terms[0].reason == "Weights 7"


def test_a_score_beyond_the_scale_says_that_it_is_limited():
    terms = {"gamma": {"delta": 30.0, "factor": 1.0, "shrink": 1.0, "reason": "r"}}
    assert breakdown_of(add_signal(terms=terms)).limit == "106.8, limited to 0 to 100"


def test_components_have_their_class_and_checks_in_words():
    trend, momentum, technical, volume, volatility = breakdown_of(add_signal()).components
    assert (trend.name, trend.weight, trend.value, trend.colour) == ("Trend", 30.0, 77.5, "high")
    assert (momentum.colour, volatility.colour, volume.value, volume.colour) == ("middle", "low", None, "")
    assert technical.checks == (("right side of VWAP", "yes"), ("means in order", "no data"))


def test_contexts_say_how_recent_they_are_and_what_is_missing():
    iv, gamma, alignment, regime, flow = context_rows(add_signal())
    assert (iv.state, iv.says, iv.as_of, iv.missing) == ("MISSING", "no data", "–", "iv")
    assert (gamma.state, gamma.as_of, gamma.known, gamma.age) == (
        "FRESH",
        "11:00:00",
        "11:00:20",
        "15 min 40 s",
    )
    assert gamma.says == "SHORT GAMMA, net −30 % of gross, TRENDING, conventions agree"
    assert alignment.says == "MOSTLY ALIGNED, score −0.50, 1d −1.5"
    assert (regime.state, regime.age) == ("STALE", "last close")
    assert (flow.state, flow.missing, flow.confidence) == ("PARTIAL", "flow long", 85.0)


def test_an_active_signal_is_ready_from_the_alert_score_on(settings):
    signal = add_signal(final_score=75.0)
    assert state_of(signal, [], AT).word == "SETUP READY"
    settings.ALERT_SCORE = 75.1
    found = state_of(signal, [], AT)
    assert (found.word, found.is_live, found.is_ready) == ("WATCH", True, False)
    assert state_of(add_signal(symbol="QQQ", disposition="BELOW_MINIMUM"), [], AT).word == "BELOW MINIMUM"


def test_the_risk_is_that_of_the_bar_and_counts_from_the_entry():
    signal = add_signal()
    entered = state_of(signal, [add_step(signal, "ENTERED", MINUTE_MS, price=450.8)], AT)
    assert in_risks(signal, entered, 451.8) == pytest.approx(1.0)
    assert in_risks(signal, state_of(signal, [], AT), 451.6) == pytest.approx(1.0)
    short = add_signal(direction="SHORT", stop=451.6)
    assert in_risks(short, state_of(short, [], AT), 449.6) == pytest.approx(1.0)
    crush = add_signal(symbol="QQQ", stop=None)
    assert in_risks(crush, state_of(crush, [], AT), 449.6) is None


def test_the_life_of_a_signal_ends_with_what_is_expected_or_happened():
    signal = add_signal()
    closes_ms = BAR_END + 285 * MINUTE_MS
    events = [add_step(signal, "ENTERED", MINUTE_MS, price=450.65)]
    expected = life_of(signal, events, state_of(signal, events, AT), closes_ms)
    assert [(one.name, one.at_ms - BAR_END) for one in expected] == [
        ("Bar closed", 0),
        ("ACTIVE", 40_000),
        ("Entered", MINUTE_MS),
        ("Ends", 285 * MINUTE_MS),
    ]
    details = {"r": 1.4, "mfe": 1.5, "mae": -0.25, "ambiguous": False}
    events.append(
        add_step(signal, "TARGET_HIT", 30 * MINUTE_MS, price=452.1, reason="target", details=details)
    )
    last = life_of(signal, events, state_of(signal, events, AT), closes_ms)[-1]
    assert (last.name, last.is_main) == ("TARGET HIT", True)
    assert last.text == "at 452.10; target; +1.40 R; +1.50 R at best; −0.25 R at worst"


def test_refreshes_of_contexts_that_follow_each_other_are_one_step():
    signal = add_signal()
    events = [
        add_step(signal, "CONTEXT", minute * MINUTE_MS, price=450.0 + minute, reason="a sweep was traded")
        for minute in (2, 3, 5)
    ]
    events.insert(2, add_step(signal, "ALERTED", 4 * MINUTE_MS, details={"status": "sent"}))
    found = life_of(signal, events, state_of(signal, events, AT), BAR_END)
    assert [(step.name, step.text) for step in found[2:-1]] == [
        ("Contexts refreshed", "2 times since 11:17:00; the last at 453.00; a sweep was traded"),
        ("Alert sent", ""),
        ("Contexts refreshed", "at 455.00; a sweep was traded"),
    ]
    assert found[2].at_ms == BAR_END + 3 * MINUTE_MS


def test_a_blocked_firing_names_its_rule():
    signal = add_signal(disposition="BLOCKED", blocked_by=["regime STRONG_UPTREND"])
    found = life_of(signal, [], state_of(signal, [], AT), BAR_END)
    assert found[1].text == "Breakout bullish fired with score 87.2 and is blocked: regime STRONG_UPTREND"
    assert len(found) == 2


def test_a_signal_whose_session_is_over_without_an_end_is_not_live():
    close = BAR_END + 285 * MINUTE_MS
    signal, crush = add_signal(), add_signal(symbol="QQQ", outcome_kind="iv_change")
    assert state_of(signal, [], close + 30 * MINUTE_MS).is_live
    found = state_of(signal, [], close + 30 * MINUTE_MS + 1)
    assert (found.word, found.is_live, found.is_ready) == ("NO END STORED", False, False)
    assert state_of(crush, [], close + 24 * 60 * MINUTE_MS).is_live


def test_the_end_of_a_volatility_crush_has_the_measured_change():
    signal = add_signal(outcome_kind="iv_change", prediction=-21.3)
    details = {
        "predicted": -21.3,
        "actual": -18.04,
        "before": 60.0,
        "after": 41.96,
        "contract": "O:SPY261218P00450000",
    }
    events = [add_step(signal, "TARGET_HIT", 24 * 60 * MINUTE_MS, details=details)]
    state = state_of(signal, events, AT)
    assert (state.word, state.change, state.r) == ("TARGET HIT", -18.04, None)
    last = life_of(signal, events, state, BAR_END)[-1]
    assert last.text == "−18.0 points of volatility, −21.3 predicted, O:SPY261218P00450000"
