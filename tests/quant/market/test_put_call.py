"""A put/call ratio against the earlier ones of its kind."""

from __future__ import annotations

import numpy as np
import pytest

from quant.market.put_call import standing

# 100 sessions with the ratios 1.01, 1.02 ... 2.00, as those of index options.
PAST = 1.0 + np.arange(1, 101) / 100


@pytest.mark.parametrize(
    ("ratio", "percentile", "regime"),
    [
        (0.9, 0.0, "EXTREME_GREED"),
        (1.105, 0.10, "GREED"),
        (1.305, 0.30, "NEUTRAL"),
        (1.505, 0.50, "NEUTRAL"),
        (1.705, 0.70, "FEAR"),
        (1.905, 0.90, "EXTREME_FEAR"),
        (2.5, 1.0, "EXTREME_FEAR"),
    ],
)
def test_the_class_is_that_of_the_share_of_sessions_with_a_lower_ratio(ratio, percentile, regime):
    assert standing(ratio, PAST) == (ratio, percentile, regime, "ok")


def test_an_equal_ratio_is_not_lower():
    assert standing(1.5, PAST).percentile == 0.49


def test_sixty_known_sessions_are_needed():
    few = np.append(PAST[:59], [np.nan] * 40)
    found = standing(1.2, few)
    assert (found.ratio, found.regime, found.status) == (1.2, None, "too_few_sessions")
    assert np.isnan(found.percentile)
    assert standing(1.2, PAST[:60]).status == "ok"


def test_only_the_last_252_sessions_count():
    past = np.append(np.full(100, 0.1), np.full(252, 3.0))
    assert standing(2.0, past).percentile == 0.0


def test_without_calls_nothing_is_known():
    found = standing(np.nan, PAST)
    assert (found.regime, found.status) == (None, "no_volume")
    assert np.isnan([found.ratio, found.percentile]).all()
