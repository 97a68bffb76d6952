"""Percentiles of trade sizes from counts in bins."""

from __future__ import annotations

import numpy as np
import pytest

from quant.trades import sizes
from quant.trades.classification import classify
from tests.quant.trades.examples import make_trades


def counts(size: np.ndarray) -> np.ndarray:
    return np.bincount(sizes.bins_of(size), minlength=len(sizes.LARGEST)).astype(float)[None, :]


def test_small_sizes_are_exact():
    assert sizes.percentile(counts(np.arange(1, 21).repeat(10)), 0.95, 200).tolist() == [19.0]


def test_large_sizes_are_at_most_ten_percent_too_high():
    drawn = np.random.default_rng(1).integers(100, 5_000, 10_000)
    exact = np.percentile(drawn, 95)
    (found,) = sizes.percentile(counts(drawn), 0.95, 200)
    assert exact <= found <= 1.1 * exact + 1


def test_too_few_trades_have_no_percentile():
    assert np.isnan(sizes.percentile(counts(np.full(199, 5)), 0.95, 200)).all()


def test_the_last_bin_holds_every_larger_size():
    assert sizes.bins_of(np.array([10**9])).tolist() == [len(sizes.LARGEST) - 1]


@pytest.mark.parametrize(("known", "large", "blocks"), [(199, 0.0, 0.0), (100_000, 0.05, 0.02)])
def test_large_trades_and_blocks_are_rare_among_lognormal_sizes(known, large, blocks):
    """Sizes of mean 5. Below 200 known trades the mean counts as 100."""
    numbers = np.random.default_rng(5)
    drawn = np.maximum(np.rint(numbers.lognormal(np.log(5) - 0.5, 1.0, 20_000)), 1)
    average = drawn.mean() if known >= 200 else np.nan
    (large_size,) = sizes.percentile(counts(drawn.astype(np.int64)), 0.95, 200) if known >= 200 else [np.nan]
    columns = {"average_size": average, "large_size": large_size}
    found = classify(
        make_trades(*({"size": size, "contract": row} | columns for row, size in enumerate(drawn)))
    )
    share = {kind: (found.trade_type == kind).mean() for kind in ("LARGE", "BLOCK")}
    assert share["LARGE"] <= large
    assert share["BLOCK"] <= blocks
