"""The numbers of a set of outcomes, worked by hand."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import date
from math import sqrt

import numpy as np
import pytest

from backtest.report.summary import summarise
from backtest.statistics import jeffreys, wilson
from tests.backtest.outcome_rows import columns, instant, sessions, traded, untraded

DAYS = sessions(40)
# R by session: +1.5, -1 and -1, nothing, +3, nothing ... -0.5.
WORKED = columns(
    [
        traded(DAYS[0], 1.5, ambiguous=True),
        traded(DAYS[1], -1.0),
        traded(DAYS[1], -1.0, hour=17, bars_held=10, entry_before_signal=True),
        untraded(DAYS[1], "NO_DATA"),
        untraded(DAYS[2], "EXPIRED", reason="gapped"),
        traded(DAYS[3], 3.0, bars_held=2),
        untraded(DAYS[3], "OPEN"),
        traded(DAYS[30], -0.5, end="EXPIRED", reason="session end"),
    ]
)


def test_outcomes_are_counted_by_what_became_of_them():
    found = summarise(WORKED, DAYS)
    assert (found.signals, found.trades, found.winners, found.losers) == (8, 5, 2, 3)
    assert (found.target_hits, found.no_data, found.entry_before_signal, found.sessions) == (2, 1, 1, 40)
    assert found.too_few
    assert found.ambiguous_share == 0.2


def test_both_rates_stand_with_both_intervals():
    found = summarise(WORKED, DAYS)
    assert (found.win_rate.k, found.win_rate.n, found.win_rate.share) == (2, 5, 0.4)
    assert found.win_rate.wilson == wilson(2, 5)
    assert found.win_rate.jeffreys == jeffreys(2, 5)
    assert found.target_hit_rate == found.win_rate


def test_profits_and_losses_are_fractions_of_the_entry():
    found = summarise(WORKED, DAYS)
    assert found.average_win == pytest.approx(0.0225)
    assert found.average_loss == pytest.approx(-0.025 / 3)
    assert (found.largest_win, found.largest_loss) == (0.03, -0.01)
    assert found.profit_factor == pytest.approx(4.5 / 2.5)
    assert found.payoff == pytest.approx(2.25 / (2.5 / 3))
    assert found.expectancy == pytest.approx(0.004)
    assert found.expectancy_r == pytest.approx(0.4)


def test_ratios_count_a_session_without_an_outcome_as_zero():
    found = summarise(WORKED, DAYS)
    returns = np.zeros(40)
    returns[[0, 1, 3, 30]] = 0.015, -0.02, 0.03, -0.005
    assert found.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * sqrt(252))
    below = np.minimum(returns, 0)
    assert found.sortino == pytest.approx(returns.mean() / sqrt((below**2).mean()) * sqrt(252))
    r = np.array([1.5, -1, -1, 3, -0.5])
    assert found.sqn == pytest.approx(sqrt(5) * r.mean() / r.std(ddof=1))
    assert 0.5 < found.probabilistic_sharpe < 1


def test_ratios_need_thirty_sessions():
    early = WORKED.pick(np.arange(7))
    for count, exists in ((29, False), (30, True)):
        found = summarise(early, DAYS[:count])
        known = [found.sharpe, found.sortino, found.probabilistic_sharpe, found.sqn]
        assert [number is not None for number in known] == [exists] * 4


def test_a_trade_counts_in_the_session_in_which_it_ended():
    late = columns([traded(DAYS[0], 1.0, exited_at=instant(DAYS[1], 20)), traded(DAYS[1], -1.0)])
    found = summarise(late, DAYS)
    assert (found.sharpe, found.sortino, found.probabilistic_sharpe) == (None, None, None)
    after_the_end = columns([traded(DAYS[0], -1.0, exited_at=instant(DAYS[1], 20))])
    assert summarise(after_the_end, DAYS[:1]).drawdown_r.first == date(2026, 1, 5)


def test_averages_are_those_of_the_trades():
    found = summarise(WORKED, DAYS, bars_tested=240)
    assert found.average_bars == 24 / 5
    assert found.exposure == 24 / 240
    assert found.mfe == pytest.approx((1.5 + 0.5 + 0.5 + 3 + 0.5) / 5)
    assert found.mae == pytest.approx((-0.25 - 1 - 1 - 0.25 - 0.5) / 5)
    assert summarise(WORKED, DAYS).exposure is None


def test_without_a_loss_there_is_no_profit_factor():
    found = summarise(columns([traded(DAYS[0], 1.5)]), DAYS)
    assert (found.profit_factor, found.payoff, found.average_loss, found.largest_loss) == (None,) * 4
    assert (found.win_rate.share, found.expectancy_r, found.sortino) == (1.0, 1.5, None)


def test_without_a_win_the_profit_factor_is_zero():
    found = summarise(columns([traded(DAYS[0], -1.0)]), DAYS)
    assert (found.profit_factor, found.payoff, found.largest_win) == (0.0, None, None)


def test_a_profit_of_zero_is_neither_a_win_nor_a_loss():
    found = summarise(columns([traded(DAYS[0], 0.0)]), DAYS)
    assert (found.trades, found.winners, found.losers, found.win_rate.share) == (1, 0, 0, 0.0)


def flat(record):
    for value in asdict(record).values():
        yield from flat_value(value)


def flat_value(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from flat_value(inner)
    elif isinstance(value, tuple):
        yield from value
    else:
        yield value


@pytest.mark.parametrize(
    ("rows", "days"),
    [
        ([], DAYS),
        ([], DAYS[:0]),
        ([untraded(DAYS[0], "NO_DATA")], DAYS),
        ([traded(DAYS[0], 1.0)], DAYS[:1]),
        ([traded(DAYS[0], 1.0, mfe=np.nan, mae=np.nan)], DAYS),
        ([traded(day, 1.0) for day in DAYS], DAYS),
    ],
    ids=["no outcome", "no session", "no data", "one session", "no excursions", "no variation"],
)
def test_a_missing_number_is_none_and_never_nan(rows, days):
    found = summarise(columns(rows), days, bars_tested=0)
    assert not any(isinstance(value, float) and not np.isfinite(value) for value in flat(found))
    assert len(fields(found)) == len(asdict(found))


def test_no_outcome_has_counts_of_zero():
    found = summarise(columns([]), DAYS)
    assert (found.signals, found.trades, found.win_rate.share, found.win_rate.wilson) == (0, 0, None, None)
    assert found.drawdown_r is None
    assert found.expectancy is None


def test_a_pin_has_a_hit_rate_without_a_profit():
    rows = [traded(DAYS[0], 1.0), traded(DAYS[1], -1.0)]
    found = summarise(columns([row | {"r": np.nan} for row in rows]), DAYS)
    assert (found.trades, found.win_rate.share, found.target_hit_rate.share) == (0, None, 0.5)
    assert (found.expectancy, found.profit_factor, found.mfe) == (None, None, None)
    assert (found.expectancy_r, found.sqn, found.drawdown_r) == (None, None, None)


def test_a_change_of_volatility_has_a_hit_rate_without_a_profit():
    ended = [untraded(day, "TARGET_HIT") for day in DAYS[:3]] + [untraded(DAYS[4], "EXPIRED")]
    found = summarise(columns(ended), DAYS)
    assert (found.target_hit_rate.k, found.target_hit_rate.n) == (3, 4)
    assert (found.trades, found.win_rate.share, found.expectancy) == (0, None, None)


def test_thirty_outcomes_are_not_too_few():
    assert summarise(columns([traded(DAYS[0], 1.0)] * 29), DAYS).too_few
    assert not summarise(columns([traded(DAYS[0], 1.0)] * 30), DAYS).too_few


def test_a_profit_without_any_session_is_refused():
    with pytest.raises(ValueError, match="at least one session"):
        summarise(WORKED, DAYS[:0])
