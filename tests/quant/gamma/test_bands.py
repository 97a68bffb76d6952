"""Gamma by price band: band widths, and sums over the strikes in each band."""

from __future__ import annotations

import pytest

from quant.gamma.bands import gamma_bands


def test_bands_have_a_round_width_and_are_sorted_from_high_to_low():
    bands = gamma_bands({4500.0: 3.0, 4510.0: 4.0, 4525.0: -2.0}, spot=4505.0)
    assert (bands[0].low, bands[-1].low) == (4725.0, 4275.0)
    assert {band.low: band.net for band in bands if band.net} == {4500.0: 7.0, 4525.0: -2.0}


def test_the_bands_sum_the_net_gamma_of_all_covered_strikes():
    net = {float(strike): strike % 7 - 3.0 for strike in range(380, 521)}
    bands = gamma_bands(net, spot=450.0)
    covered = [value for strike, value in net.items() if bands[-1].low <= strike < bands[0].high]
    assert sum(band.net for band in bands) == pytest.approx(sum(covered), abs=1e-12)


@pytest.mark.parametrize(("spot", "width"), [(12.0, 0.5), (450.0, 2.5), (6500.0, 50.0), (25_000.0, 250.0)])
def test_the_band_width_depends_on_spot(spot, width):
    bands = gamma_bands({spot: 1.0}, spot)
    assert bands[0].high - bands[0].low == width
    assert len(bands) <= 23


def test_without_strikes_every_band_is_empty():
    assert {band.net for band in gamma_bands({}, 100.0)} == {0.0}
