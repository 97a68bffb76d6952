"""The largest drawdown of the sum of R."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from backtest.report.drawdown import Drawdown, drawdown
from backtest.report.summary import summarise
from tests.backtest.outcome_rows import columns, instant, sessions, traded

DAYS = sessions(10)


def of(*r):
    return drawdown(np.array(r, dtype=float), DAYS[: len(r)], DAYS[-1])


def test_a_drawdown_lasts_from_its_first_loss_until_the_peak_is_reached():
    # Sums: 1, 0, -1, 0.5, 1, 3.
    assert of(1, -1, -1, 1.5, 0.5, 2) == Drawdown(2.0, date(2026, 1, 6), date(2026, 1, 9), False)


def test_losses_before_the_first_profit_are_a_drawdown_from_zero():
    assert of(-1, -0.5, 4) == Drawdown(1.5, date(2026, 1, 5), date(2026, 1, 7), False)


def test_an_open_drawdown_ends_at_the_last_session():
    assert of(2, -1, -1, 0.5) == Drawdown(2.0, date(2026, 1, 6), date(2026, 1, 16), True)


def test_of_two_drawdowns_the_deeper_is_reported():
    assert of(-1, 1, 1, -3, 5, -2, 9) == Drawdown(3.0, date(2026, 1, 8), date(2026, 1, 9), False)


def test_a_sum_that_never_falls_has_none():
    assert of(1, 0, 2) == Drawdown(0.0, None, None, False)


def test_rounding_does_not_leave_a_drawdown_open():
    found = of(0.3, -0.1, -0.1, -0.1, 0.1, 0.1, 0.1)
    assert found.depth == pytest.approx(0.3)
    assert (found.first, found.last, found.is_open) == (date(2026, 1, 6), date(2026, 1, 13), False)


def test_outcomes_are_added_in_the_order_of_their_ends():
    # Fired first, the loss ends last: 2, then 1.
    rows = [
        traded(DAYS[0], -1.0, exited_at=instant(DAYS[2], 19)),
        traded(DAYS[1], 2.0, exited_at=instant(DAYS[1], 19)),
    ]
    found = summarise(columns(rows), DAYS).drawdown_r
    assert found == Drawdown(1.0, date(2026, 1, 7), date(2026, 1, 16), True)
