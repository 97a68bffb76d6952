"""Each estimator agrees with its published formula, computed with Python's statistics module."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import fmean, variance

import numpy as np
import pytest

from quant.volatility.realized_vol import close_to_close, garman_klass, parkinson, rogers_satchell, yang_zhang

OPEN = [100.0, 101.0, 99.5, 102.0, 103.0]
HIGH = [102.0, 103.0, 101.0, 104.5, 104.0]
LOW = [99.0, 99.0, 98.0, 101.0, 100.5]
CLOSE = [101.5, 99.2, 100.7, 104.0, 101.0]
BARS = (OPEN, HIGH, LOW, CLOSE)
log = math.log


def per_bar(formula):
    return [formula(*bar) for bar in zip(*BARS, strict=True)]


def annual(variance_per_day):
    return math.sqrt(252 * variance_per_day)


def rogers_satchell_term(o, h, low, c):
    return log(h / c) * log(h / o) + log(low / c) * log(low / o)


def test_close_to_close_is_the_sample_deviation_of_the_log_returns():
    returns = [log(after / before) for before, after in pairwise(CLOSE)]
    assert close_to_close(CLOSE) == pytest.approx(annual(variance(returns)), rel=1e-13)


def test_parkinson_agrees_with_its_formula():
    expected = fmean(per_bar(lambda o, h, low, c: log(h / low) ** 2)) / (4 * log(2))
    assert parkinson(HIGH, LOW) == pytest.approx(annual(expected), rel=1e-13)


def test_garman_klass_agrees_with_its_formula():
    expected = fmean(
        per_bar(lambda o, h, low, c: 0.5 * log(h / low) ** 2 - (2 * log(2) - 1) * log(c / o) ** 2)
    )
    assert garman_klass(*BARS) == pytest.approx(annual(expected), rel=1e-13)


def test_rogers_satchell_agrees_with_its_formula():
    assert rogers_satchell(*BARS) == pytest.approx(annual(fmean(per_bar(rogers_satchell_term))), rel=1e-13)


def test_yang_zhang_agrees_with_its_formula():
    overnight = [log(o / c) for o, c in zip(OPEN[1:], CLOSE, strict=False)]
    body = per_bar(lambda o, h, low, c: log(c / o))[1:]
    k = 0.34 / (1.34 + 5 / 3)
    expected = variance(overnight) + k * variance(body) + (1 - k) * fmean(per_bar(rogers_satchell_term)[1:])
    assert yang_zhang(*BARS) == pytest.approx(annual(expected), rel=1e-13)


@pytest.mark.parametrize("estimate", [garman_klass, rogers_satchell, yang_zhang])
def test_one_invalid_bar_gives_nan_without_a_warning(estimate):
    for column, value in ((0, np.nan), (1, 50.0), (2, -1.0), (3, np.inf)):
        bars = [list(prices) for prices in BARS]
        bars[column][2] = value
        assert np.isnan(estimate(*bars))


def test_too_few_sessions_give_nan():
    assert np.isnan(close_to_close([100.0, 101.0]))
    assert np.isnan(yang_zhang(*(column[:2] for column in BARS)))
    assert np.isnan(parkinson([], []))


def test_rogers_satchell_of_pure_drift_is_zero():
    close = 100 * 1.01 ** np.arange(1, 11)
    assert rogers_satchell(close / 1.01, close, close / 1.01, close) == pytest.approx(0, abs=1e-8)


def test_stacked_symbols_give_the_same_result_as_single_ones():
    stacked = [np.stack([column, np.asarray(column) * 3]) for column in BARS]
    assert yang_zhang(*stacked) == pytest.approx([float(yang_zhang(*BARS))] * 2)
